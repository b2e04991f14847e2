//! L1: l1 sum |w|, L2: l2 sum w^2, L1L2: both.

use serde::Deserialize;

use super::regularizer::Regularizer;
use crate::autograd::Value;
use crate::error::Result;
use crate::ops;

/// factor * sum over all entries
fn scaled_sum(factor: f64, entries: &Value) -> Result<Value> {
    ops::multiply(&entries.like(factor)?, &ops::sum(entries, ops::Axes::All, false)?)
}

#[derive(Debug, Deserialize)]
pub struct L1 {
    l1: f64,
}

impl Regularizer for L1 {
    fn penalty(&self, weight: &Value) -> Result<Value> {
        scaled_sum(self.l1, &ops::abs(weight)?)
    }
}

#[derive(Debug, Deserialize)]
pub struct L2 {
    l2: f64,
}

impl Regularizer for L2 {
    fn penalty(&self, weight: &Value) -> Result<Value> {
        scaled_sum(self.l2, &ops::square(weight)?)
    }
}

#[derive(Debug, Deserialize)]
pub struct L1L2 {
    l1: f64,
    l2: f64,
}

impl Regularizer for L1L2 {
    fn penalty(&self, weight: &Value) -> Result<Value> {
        match (self.l1, self.l2) {
            (l1, 0.0) => scaled_sum(l1, &ops::abs(weight)?),
            (0.0, l2) => scaled_sum(l2, &ops::square(weight)?),
            (l1, l2) => {
                let (sizes, squares) = (ops::abs(weight)?, ops::square(weight)?);
                ops::add(&scaled_sum(l1, &sizes)?, &scaled_sum(l2, &squares)?)
            }
        }
    }
}

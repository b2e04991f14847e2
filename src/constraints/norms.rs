//! Constraints on the length |w| = sqrt(sum w^2) of each unit's weights, and on their sign.

use serde::Deserialize;

use super::constraint::Constraint;
use crate::autograd::Value;
use crate::config::Axes;
use crate::error::Result;
use crate::ops;

/// Added to lengths that are divided by.
const EPSILON: f64 = 1e-7;

fn lengths(w: &Value, axes: &Axes) -> Result<Value> {
    ops::sqrt(&ops::sum(&ops::square(w)?, ops::Axes::Some(axes.to_vec()), true)?)
}

/// w * wanted / (|w| + epsilon)
fn rescale(w: &Value, wanted: &Value, lengths: &Value) -> Result<Value> {
    ops::multiply(w, &ops::divide(wanted, &ops::add(lengths, &w.like(EPSILON)?)?)?)
}

fn clip(x: &Value, low: f64, high: f64) -> Result<Value> {
    ops::minimum(&ops::maximum(x, &x.like(low)?)?, &x.like(high)?)
}

/// w clip(|w|, 0, max_value) / |w|
#[derive(Debug, Deserialize)]
pub struct MaxNorm {
    max_value: f64,
    axis: Axes,
}

impl Constraint for MaxNorm {
    fn project(&self, w: &Value) -> Result<Value> {
        let lengths = lengths(w, &self.axis)?;
        rescale(w, &clip(&lengths, 0.0, self.max_value)?, &lengths)
    }
}

/// w (rate clip(|w|, min_value, max_value) + (1 - rate) |w|) / |w|
#[derive(Debug, Deserialize)]
pub struct MinMaxNorm {
    min_value: f64,
    max_value: f64,
    rate: f64,
    axis: Axes,
}

impl Constraint for MinMaxNorm {
    fn project(&self, w: &Value) -> Result<Value> {
        let lengths = lengths(w, &self.axis)?;
        let inside = clip(&lengths, self.min_value, self.max_value)?;
        let wanted = ops::add(
            &ops::multiply(&inside, &w.like(self.rate)?)?,
            &ops::multiply(&lengths, &w.like(1.0 - self.rate)?)?,
        )?;
        rescale(w, &wanted, &lengths)
    }
}

/// max(w, 0)
#[derive(Debug, Deserialize)]
pub struct NonNeg {}

impl Constraint for NonNeg {
    fn project(&self, w: &Value) -> Result<Value> {
        ops::maximum(w, &w.like(0.0)?)
    }
}

/// w / (|w| + epsilon)
#[derive(Debug, Deserialize)]
pub struct UnitNorm {
    axis: Axes,
}

impl Constraint for UnitNorm {
    fn project(&self, w: &Value) -> Result<Value> {
        let lengths = lengths(w, &self.axis)?;
        ops::divide(w, &ops::add(&lengths, &w.like(EPSILON)?)?)
    }
}

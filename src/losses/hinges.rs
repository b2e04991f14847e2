//! Losses for margins.

use super::common::{LossFn, Options, mean_last, pair};
use crate::autograd::Value;
use crate::error::Result;
use crate::ops::{Axes, add, all, equal, logical_or, max, maximum, multiply, square, subtract, sum, where_};

// Targets that are all 0 or 1 become -1 and 1: 2 t - 1.
fn signs(t: &Value) -> Result<Value> {
    let (zero, one) = (t.like(0.0)?, t.like(1.0)?);
    let binary = all(
        &logical_or(&equal(t, &zero)?, &equal(t, &one)?)?,
        Axes::All,
        false,
    )?;
    where_(&binary, &subtract(&multiply(t, &t.like(2.0)?)?, &one)?, t)
}

// max(1 - t p, 0)
fn shortfall(who: &str, y_true: &Value, y_pred: &Value) -> Result<Value> {
    let (t, p) = pair(who, y_true, y_pred)?;
    let gap = subtract(&p.like(1.0)?, &multiply(&signs(&t)?, &p)?)?;
    maximum(&gap, &gap.like(0.0)?)
}

// mean max(1 - t p, 0)
fn hinge(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    mean_last(&shortfall("hinge", y_true, y_pred)?)
}

// mean max(1 - t p, 0)^2
fn squared_hinge(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    mean_last(&square(&shortfall("squared_hinge", y_true, y_pred)?)?)
}

// max(1 + max((1 - t) p) - sum t p, 0)
fn categorical_hinge(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    let (t, p) = pair("categorical_hinge", y_true, y_pred)?;
    let one = p.like(1.0)?;
    let right = sum(&multiply(&t, &p)?, Axes::One(-1), false)?;
    let wrong = max(&multiply(&subtract(&one, &t)?, &p)?, Axes::One(-1), false)?;
    let gap = add(&subtract(&wrong, &right)?, &one)?;
    maximum(&gap, &gap.like(0.0)?)
}

pub const LOSSES: &[(&str, LossFn)] = &[
    ("hinge", hinge),
    ("squared_hinge", squared_hinge),
    ("categorical_hinge", categorical_hinge),
];

//! Losses for probabilities.
//!
//! Probabilities that a softmax or sigmoid of the same trace computed are taken back to its logits, from which the
//! crossentropy loses nothing. Others are kept `epsilon` away from 0 and 1.

use super::common::{LossFn, Options, floating, pair, same};
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::ops::{
    Axes, add, clip, divide, log, logsumexp, mean, multiply, negative, not_equal, sigmoid_crossentropy,
    softmax_crossentropy, sparse_softmax_crossentropy, squeeze, subtract, sum, transpose, where_,
};
use crate::shape::{axis_index, show};

/// The logits behind probabilities that op `activation` computed.
fn logits_behind(probabilities: &Value, activation: &str) -> Option<Value> {
    match probabilities.producer() {
        Some((name, inputs)) if name == activation => inputs.into_iter().next(),
        _ => None,
    }
}

/// Logits, if these are some or come from some. A softmax over another axis than the last has another name.
fn logits(y_pred: &Value, options: &Options, activation: &str) -> Option<Value> {
    if options.from_logits {
        return Some(y_pred.clone());
    }
    logits_behind(y_pred, activation)
}

// p kept in [epsilon, 1 - epsilon]
fn inside(p: &Value, epsilon: f64) -> Result<Value> {
    clip(p, &p.like(epsilon)?, &p.like(1.0 - epsilon)?)
}

// t (1 - s) + s / n
fn smooth(t: &Value, smoothing: f64, n: f64) -> Result<Value> {
    if smoothing == 0.0 {
        return Ok(t.clone());
    }
    add(&multiply(t, &t.like(1.0 - smoothing)?)?, &t.like(smoothing / n)?)
}

fn check_smoothing(who: &str, options: &Options) -> Result<()> {
    if (0.0..=1.0).contains(&options.label_smoothing) {
        return Ok(());
    }
    Err(Error::value(who)
        .expected("label_smoothing in [0, 1]")
        .got(options.label_smoothing.to_string()))
}

// mean of -t ln p - (1 - t) ln(1 - p);  of logits x: softplus(x) - x t
fn binary_crossentropy(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let who = "binary_crossentropy";
    check_smoothing(who, options)?;
    let (t, p) = pair(who, y_true, y_pred)?;
    axis_index(who, options.axis, p.rank())?;
    let t = smooth(&t, options.label_smoothing, 2.0)?;
    let values = if let Some(x) = logits(&p, options, "sigmoid") {
        sigmoid_crossentropy(&t, &x)?
    } else {
        let p = inside(&p, options.epsilon)?;
        let one = p.like(1.0)?;
        let yes = multiply(&t, &log(&p)?)?;
        let no = multiply(&subtract(&one, &t)?, &log(&subtract(&one, &p)?)?)?;
        negative(&add(&yes, &no)?)?
    };
    mean(&values, Axes::One(options.axis), false)
}

// p / sum p, kept in [epsilon, 1 - epsilon]
fn normalised(p: &Value, options: &Options) -> Result<Value> {
    inside(
        &divide(p, &sum(p, Axes::One(options.axis), true)?)?,
        options.epsilon,
    )
}

// - sum t ln p
fn categorical_crossentropy(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let who = "categorical_crossentropy";
    check_smoothing(who, options)?;
    let (t, p) = pair(who, y_true, y_pred)?;
    let axis = axis_index(who, options.axis, p.rank())?;
    let t = match p.dims()[axis] {
        Some(classes) => smooth(&t, options.label_smoothing, classes as f64)?,
        None if options.label_smoothing == 0.0 => t,
        None => {
            return Err(Error::value(who)
                .expected("a known number of classes for label_smoothing")
                .got(format!("y_pred {}", show(&p.dims()))));
        }
    };
    let last = axis + 1 == p.rank();
    if let Some(x) = logits(&p, options, if last { "softmax" } else { "" }) {
        softmax_crossentropy(&t, &x, options.axis)
    } else {
        let logarithm = log(&normalised(&p, options)?)?;
        negative(&sum(&multiply(&t, &logarithm)?, Axes::One(options.axis), false)?)
    }
}

// - ln p[label]
fn sparse_categorical_crossentropy(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let who = "sparse_categorical_crossentropy";
    let p = floating(y_pred)?;
    let axis = axis_index(who, options.axis, p.rank())?;
    let mut labels = y_true.clone();
    if labels.rank() == p.rank() && labels.dims()[axis] == Some(1) {
        labels = squeeze(&labels, Axes::One(axis as i64))?;
    }
    let mut rows = p.dims();
    rows.remove(axis);
    if !same(&labels.dims(), &rows) {
        let hint = if labels.rank() == p.rank() {
            "One-hot targets belong to categorical_crossentropy"
        } else {
            "Give one class number for each row of predictions"
        };
        return Err(Error::value(who)
            .expected(format!(
                "y_true of shape {} for y_pred {}",
                show(&rows),
                show(&p.dims())
            ))
            .got(show(&y_true.dims()))
            .hint(hint));
    }
    // Classes last.
    let last = axis + 1 == p.rank();
    let moved = |x: &Value| {
        if last {
            return Ok(x.clone());
        }
        let order: Vec<i64> = (0..p.rank())
            .filter(|&i| i != axis)
            .chain([axis])
            .map(|i| i as i64)
            .collect();
        transpose(x, Some(&order))
    };
    let valid = match options.ignore_class {
        Some(ignored) => {
            let valid = not_equal(&labels, &labels.like(ignored as f64)?)?;
            labels = where_(&valid, &labels, &labels.like(0.0)?)?;
            Some(valid)
        }
        None => None,
    };
    let values = if let Some(x) = logits(&p, options, if last { "softmax" } else { "" }) {
        sparse_softmax_crossentropy(&labels, &moved(&x)?)?
    } else {
        // With q = ln p: -q[label] = (lse(q) - q[label]) - lse(q).
        let q = moved(&log(&normalised(&p, options)?)?)?;
        subtract(
            &sparse_softmax_crossentropy(&labels, &q)?,
            &logsumexp(&q, Axes::One(-1), false)?,
        )?
    };
    match valid {
        Some(valid) => where_(&valid, &values, &values.like(0.0)?),
        None => Ok(values),
    }
}

// sum t ln(t / p), both kept in [epsilon, 1]
fn kl_divergence(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let (t, p) = pair("kl_divergence", y_true, y_pred)?;
    let bounded = |x: &Value| clip(x, &x.like(options.epsilon)?, &x.like(1.0)?);
    let (t, p) = (bounded(&t)?, bounded(&p)?);
    sum(&multiply(&t, &log(&divide(&t, &p)?)?)?, Axes::One(-1), false)
}

pub const LOSSES: &[(&str, LossFn)] = &[
    ("binary_crossentropy", binary_crossentropy),
    ("categorical_crossentropy", categorical_crossentropy),
    ("sparse_categorical_crossentropy", sparse_categorical_crossentropy),
    ("kl_divergence", kl_divergence),
];

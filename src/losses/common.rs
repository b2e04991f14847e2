//! What losses share: their arguments, and targets brought to the form of the predictions.

use serde::Deserialize;

use crate::autograd::Value;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops::{Axes, cast, expand_dims, mean, squeeze};
use crate::shape::{Dim, show};

pub type LossFn = fn(&Value, &Value, &Options) -> Result<Value>;

/// The arguments of all losses; each looks at its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    pub axis: i64,
    pub from_logits: bool,
    pub label_smoothing: f64,
    pub ignore_class: Option<i64>,
    pub delta: f64,
    /// Keeps logarithms and quotients finite.
    pub epsilon: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            axis: -1,
            from_logits: false,
            label_smoothing: 0.0,
            ignore_class: None,
            delta: 1.0,
            epsilon: 1e-7,
        }
    }
}

/// Predictions in a float type.
pub fn floating(x: &Value) -> Result<Value> {
    if x.dtype().is_float() {
        Ok(x.clone())
    } else {
        cast(x, DType::F32)
    }
}

/// Whether two shapes can be the same; unknown sizes match all.
pub fn same(a: &[Dim], b: &[Dim]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// Targets and predictions of one dtype and one shape. `(N,)` and `(N, 1)` match each other, and so do two shapes of
/// which one has another axis of size 1 at the end; nothing else is broadcast.
pub fn pair(who: &str, y_true: &Value, y_pred: &Value) -> Result<(Value, Value)> {
    let y_pred = floating(y_pred)?;
    let y_true = cast(y_true, y_pred.dtype())?;
    let (y_true, y_pred) = same_rank(&y_true, &y_pred)?;
    let (t, p) = (y_true.dims(), y_pred.dims());
    if p.is_empty() {
        return Err(Error::value(who)
            .expected("predictions with at least one axis")
            .got("a scalar"));
    }
    if !same(&t, &p) {
        return Err(mismatch(who, &t, &p));
    }
    Ok((y_true, y_pred))
}

fn mismatch(who: &str, t: &[Dim], p: &[Dim]) -> Error {
    let classes = p.last().copied().flatten();
    let hint = if who.starts_with("categorical") && (t.len() + 1 == p.len() || t.last() == Some(&Some(1))) {
        "If y_true holds class numbers, use sparse_categorical_crossentropy, or make it one-hot with \
         keras.utils.to_categorical"
            .to_string()
    } else if t.len() == p.len() && t[..t.len() - 1] == p[..p.len() - 1] {
        match (t.last().copied().flatten(), classes) {
            (Some(columns), Some(units)) => format!(
                "Give the model's last layer {columns} units (it has {units}), or y_true {units} columns"
            ),
            _ => "Give the model's last layer as many units as y_true has columns".to_string(),
        }
    } else {
        "Reshape y_true, or change the model's last layer, so that they agree; nothing is broadcast"
            .to_string()
    };
    Error::value(who)
        .expected("y_true and y_pred, which must have the same shape")
        .got(format!("y_true {} and y_pred {}", show(t), show(p)))
        .hint(hint)
}

/// Equal ranks where they differ by an axis of size 1 at the end.
fn same_rank(a: &Value, b: &Value) -> Result<(Value, Value)> {
    let (x, y) = (a.dims(), b.dims());
    let one = Some(&Some(1));
    if x.len() == y.len() + 1 && x.last() == one {
        return if y.len() == 1 {
            Ok((a.clone(), expand_dims(b, -1)?))
        } else {
            Ok((squeeze(a, Axes::One(-1))?, b.clone()))
        };
    }
    if y.len() == x.len() + 1 && y.last() == one {
        return if x.len() == 1 {
            Ok((expand_dims(a, -1)?, b.clone()))
        } else {
            Ok((a.clone(), squeeze(b, Axes::One(-1))?))
        };
    }
    Ok((a.clone(), b.clone()))
}

/// The mean over the last axis.
pub fn mean_last(x: &Value) -> Result<Value> {
    mean(x, Axes::One(-1), false)
}

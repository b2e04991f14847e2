//! Losses for numbers.

use super::common::{LossFn, Options, mean_last, pair};
use crate::activations::softplus;
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::ops::{
    Axes, abs, add, divide, log, maximum, mean, minimum, multiply, negative, rsqrt, square, subtract, sum,
};

// mean (t - p)^2
fn mean_squared_error(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    let (t, p) = pair("mean_squared_error", y_true, y_pred)?;
    mean_last(&square(&subtract(&p, &t)?)?)
}

// mean |t - p|
fn mean_absolute_error(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    let (t, p) = pair("mean_absolute_error", y_true, y_pred)?;
    mean_last(&abs(&subtract(&p, &t)?)?)
}

// 100 mean |t - p| / max(|t|, epsilon)
fn mean_absolute_percentage_error(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let (t, p) = pair("mean_absolute_percentage_error", y_true, y_pred)?;
    let size = maximum(&abs(&t)?, &t.like(options.epsilon)?)?;
    let percent = mean_last(&divide(&abs(&subtract(&p, &t)?)?, &size)?)?;
    multiply(&percent, &percent.like(100.0)?)
}

// mean (ln(1 + max(t, epsilon)) - ln(1 + max(p, epsilon)))^2
fn mean_squared_logarithmic_error(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let (t, p) = pair("mean_squared_logarithmic_error", y_true, y_pred)?;
    let logarithm = |x: &Value| log(&add(&maximum(x, &x.like(options.epsilon)?)?, &x.like(1.0)?)?);
    mean_last(&square(&subtract(&logarithm(&p)?, &logarithm(&t)?)?)?)
}

// e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2;
// both are a (|e| - a / 2) with a = min(|e|, delta)
fn huber(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let delta = options.delta;
    if !(delta.is_finite() && delta > 0.0) {
        return Err(Error::value("huber")
            .expected("delta to be a finite number > 0")
            .got(format!("delta={delta}")));
    }
    let (t, p) = pair("huber", y_true, y_pred)?;
    let size = abs(&subtract(&p, &t)?)?;
    let a = minimum(&size, &size.like(delta)?)?;
    mean_last(&multiply(&a, &subtract(&size, &multiply(&a, &a.like(0.5)?)?)?)?)
}

// ln cosh e = |e| + softplus(-2 |e|) - ln 2
fn log_cosh(y_true: &Value, y_pred: &Value, _: &Options) -> Result<Value> {
    let (t, p) = pair("log_cosh", y_true, y_pred)?;
    let size = abs(&subtract(&p, &t)?)?;
    let bent = softplus(&multiply(&size, &size.like(-2.0)?)?)?;
    mean_last(&subtract(
        &add(&size, &bent)?,
        &size.like(std::f64::consts::LN_2)?,
    )?)
}

// - sum t p / (|t| |p|), lengths at least epsilon
fn cosine_similarity(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let (t, p) = pair("cosine_similarity", y_true, y_pred)?;
    let along = || Axes::One(options.axis);
    // The root is taken above epsilon^2, so that a vector of zeros has a gradient of zeros.
    let inverse_length = |x: &Value| {
        let squares = sum(&square(x)?, along(), false)?;
        rsqrt(&maximum(
            &squares,
            &squares.like(options.epsilon * options.epsilon)?,
        )?)
    };
    let product = sum(&multiply(&t, &p)?, along(), false)?;
    negative(&multiply(
        &product,
        &multiply(&inverse_length(&t)?, &inverse_length(&p)?)?,
    )?)
}

// mean (p - t ln(p + epsilon))
fn poisson(y_true: &Value, y_pred: &Value, options: &Options) -> Result<Value> {
    let (t, p) = pair("poisson", y_true, y_pred)?;
    let logarithm = log(&add(&p, &p.like(options.epsilon)?)?)?;
    mean(&subtract(&p, &multiply(&t, &logarithm)?)?, Axes::One(-1), false)
}

pub const LOSSES: &[(&str, LossFn)] = &[
    ("mean_squared_error", mean_squared_error),
    ("mean_absolute_error", mean_absolute_error),
    ("mean_absolute_percentage_error", mean_absolute_percentage_error),
    ("mean_squared_logarithmic_error", mean_squared_logarithmic_error),
    ("huber", huber),
    ("log_cosh", log_cosh),
    ("cosine_similarity", cosine_similarity),
    ("poisson", poisson),
];

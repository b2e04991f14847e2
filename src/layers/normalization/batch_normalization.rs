//! y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics over all axes but one
//!
//! While training, mean and (biased) variance are those of the batch, and
//! moving = momentum moving + (1 - momentum) batch; otherwise they are the moving ones.

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, one, single};
use crate::ops::{self, Axes};
use crate::shape::{Spec, axis_index, show};

/// Added to counts of masked entries, so that a batch without any gives no division by zero.
const EPSILON: f64 = 1e-7;

#[derive(Debug, Deserialize)]
pub struct BatchNormalization {
    #[serde(default = "last")]
    axis: i64,
    #[serde(default = "momentum")]
    momentum: f64,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default = "yes")]
    center: bool,
    #[serde(default = "yes")]
    scale: bool,
}

fn last() -> i64 {
    -1
}

fn momentum() -> f64 {
    0.99
}

fn epsilon() -> f64 {
    1e-3
}

/// The layer's weights by name.
struct Weights<'a> {
    gamma: Option<&'a Variable>,
    beta: Option<&'a Variable>,
    moving_mean: &'a Variable,
    moving_variance: &'a Variable,
}

impl BatchNormalization {
    fn named<'a>(&self, weights: &'a [Variable]) -> Result<Weights<'a>> {
        let mut next = weights.iter();
        let gamma = if self.scale { next.next() } else { None };
        let beta = if self.center { next.next() } else { None };
        match (next.next(), next.next(), next.next()) {
            (Some(moving_mean), Some(moving_variance), None) => Ok(Weights {
                gamma,
                beta,
                moving_mean,
                moving_variance,
            }),
            _ => Err(Error::runtime("weights")
                .expected(format!(
                    "{}",
                    2 + usize::from(self.scale) + usize::from(self.center)
                ))
                .got(weights.len().to_string())
                .hint("Build the layer first")),
        }
    }

    /// Mean and variance over all axes but `axis`, over the entries that the mask lets count.
    fn masked_moments(x: &Value, axis: usize, mask: &Value) -> Result<(Value, Value)> {
        let others = Axes::Some((0..x.rank()).filter(|k| *k != axis).map(|k| k as i64).collect());
        let dims = mask.dims();
        if dims.len() + 1 != x.rank() {
            return Err(Error::value("mask")
                .expected(format!(
                    "one axis less than the input of shape {}",
                    show(&x.dims())
                ))
                .got(format!("shape {}", show(&dims)))
                .hint("Leave out the axis of the features"));
        }
        let mask = ops::broadcast_like(&ops::expand_dims(&ops::cast(mask, DType::Bool)?, -1)?, x)?;
        let zero = x.like(0.0)?;
        let count = ops::sum(&ops::cast(&mask, x.dtype())?, others.clone(), true)?;
        let count = ops::add(&count, &x.like(EPSILON)?)?;
        let mean = ops::divide(
            &ops::sum(&ops::where_(&mask, x, &zero)?, others.clone(), true)?,
            &count,
        )?;
        let difference = ops::where_(&mask, &ops::subtract(x, &mean)?, &zero)?;
        let variance = ops::divide(
            &ops::sum(&ops::square(&difference)?, others.clone(), true)?,
            &count,
        )?;
        Ok((
            ops::squeeze(&mean, others.clone())?,
            ops::squeeze(&variance, others)?,
        ))
    }

    /// moving <- momentum moving + (1 - momentum) batch
    fn record(&self, moving: &Variable, batch: &Value) -> Result<()> {
        let old = ops::multiply(&moving.value(), &batch.like(self.momentum)?)?;
        let new = ops::multiply(&ops::stop_gradient(batch)?, &batch.like(1.0 - self.momentum)?)?;
        moving.assign(&ops::add(&old, &new)?)
    }
}

impl Layer for BatchNormalization {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        let features = [known(&x.dims, axis_index("axis", self.axis, x.rank())?)?];
        let mut weights = Vec::with_capacity(4);
        if self.scale {
            weights.push(WeightSpec::trained("gamma", "gamma_initializer", &features));
        }
        if self.center {
            weights.push(WeightSpec::trained("beta", "beta_initializer", &features));
        }
        weights.push(WeightSpec::kept(
            "moving_mean",
            "moving_mean_initializer",
            &features,
        ));
        weights.push(WeightSpec::kept(
            "moving_variance",
            "moving_variance_initializer",
            &features,
        ));
        Ok(weights)
    }

    fn call(&self, call: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let w = self.named(weights)?;
        let x = &floats(single(inputs)?, w.moving_mean)?;
        let axis = axis_index("axis", self.axis, x.rank())?;
        let gamma = w.gamma.map(Variable::value);
        let beta = w.beta.map(Variable::value);
        let (gamma, beta) = (gamma.as_ref(), beta.as_ref());
        let (along, epsilon) = (axis as i64, self.epsilon);
        if !call.training {
            let (mean, variance) = (w.moving_mean.value(), w.moving_variance.value());
            return one(ops::batch_normalization(
                x, &mean, &variance, along, beta, gamma, epsilon,
            )?);
        }
        let (y, mean, variance) = if let Some(mask) = call.mask(0) {
            let (mean, variance) = Self::masked_moments(x, axis, mask)?;
            let y = ops::batch_normalization(x, &mean, &variance, along, beta, gamma, epsilon)?;
            (y, mean, variance)
        } else {
            ops::batch_normalization_training(x, gamma, beta, along, epsilon)?.into()
        };
        self.record(w.moving_mean, &mean)?;
        self.record(w.moving_variance, &variance)?;
        one(y)
    }
}

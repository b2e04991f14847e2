//! y = gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics of each sample over some axes

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::{self, yes};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, known, one, single};
use crate::ops::{self, Axes};
use crate::shape::{Shape, Spec, axis_index, show};

#[derive(Debug, Deserialize)]
pub struct LayerNormalization {
    #[serde(default = "config::Axes::last")]
    axis: config::Axes,
    #[serde(default = "epsilon")]
    epsilon: f64,
    #[serde(default = "yes")]
    center: bool,
    #[serde(default = "yes")]
    scale: bool,
}

fn epsilon() -> f64 {
    1e-3
}

impl LayerNormalization {
    /// The axes as indices, in order.
    fn axes(&self, rank: usize) -> Result<Vec<usize>> {
        let mut axes: Vec<usize> = self
            .axis
            .to_vec()
            .iter()
            .map(|&a| axis_index("axis", a, rank))
            .collect::<Result<_>>()?;
        axes.sort_unstable();
        if axes.is_empty() || axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::value("axis")
                .expected("at least one axis, and each once")
                .got(format!("{:?} for an input of {rank} axes", self.axis.to_vec()))
                .hint("Pass an axis such as axis=-1"));
        }
        Ok(axes)
    }
}

impl Layer for LayerNormalization {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        let shape: Shape = self
            .axes(x.rank())?
            .into_iter()
            .map(|axis| known(&x.dims, axis))
            .collect::<Result<_>>()?;
        let mut weights = Vec::with_capacity(2);
        if self.scale {
            weights.push(WeightSpec::trained("gamma", "gamma_initializer", &shape));
        }
        if self.center {
            weights.push(WeightSpec::trained("beta", "beta_initializer", &shape));
        }
        Ok(weights)
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let x = &ops::to_float(single(inputs)?)?;
        let axes = self.axes(x.rank())?;
        let mut next = weights.iter();
        let gamma = if self.scale { next.next() } else { None };
        let beta = if self.center { next.next() } else { None };
        if axes == [x.rank() - 1] {
            let (gamma, beta) = (gamma.map(Variable::value), beta.map(Variable::value));
            return one(ops::layer_normalization(
                x,
                gamma.as_ref(),
                beta.as_ref(),
                self.epsilon,
            )?);
        }
        // Weights have the normalised axes alone: size 1 is put in for the others after the first of them.
        let align = |weight: &Variable| -> Result<Value> {
            let w = weight.value();
            if w.rank() != axes.len() {
                return Err(Error::value("weights")
                    .expected(format!("{} axes", axes.len()))
                    .got(format!("shape {}", show(&w.dims()))));
            }
            (axes[0]..x.rank())
                .enumerate()
                .filter(|(_, axis)| !axes.contains(axis))
                .try_fold(w, |w, (at, _)| ops::expand_dims(&w, at as i64))
        };
        let over = Axes::Some(axes.iter().map(|a| *a as i64).collect());
        let difference = ops::subtract(x, &ops::mean(x, over.clone(), true)?)?;
        let variance = ops::mean(&ops::square(&difference)?, over, true)?;
        let factor = ops::rsqrt(&ops::add(&variance, &variance.like(self.epsilon)?)?)?;
        let mut y = ops::multiply(&difference, &factor)?;
        if let Some(gamma) = gamma {
            y = ops::multiply(&y, &align(gamma)?)?;
        }
        if let Some(beta) = beta {
            y = ops::add(&y, &align(beta)?)?;
        }
        one(y)
    }
}

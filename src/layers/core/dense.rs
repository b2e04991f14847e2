//! y = activation(x kernel + bias)

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, one, single};
use crate::layers::settings::Activation;
use crate::ops;
use crate::shape::{Spec, show};

#[derive(Debug, Deserialize)]
pub struct Dense {
    units: NonZeroUsize,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default)]
    activation: Activation,
}

impl Layer for Dense {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        if x.rank() < 2 {
            return Err(Error::value("input")
                .expected("at least 2 axes, (batch, ..., inputs)")
                .got(format!("shape {}", show(&x.dims)))
                .hint("Add an axis, for example with x[:, None] or Input(shape=(1,))"));
        }
        let units = self.units.get();
        let mut weights = vec![WeightSpec::trained(
            "kernel",
            "kernel_initializer",
            &[known(&x.dims, x.rank() - 1)?, units],
        )];
        if self.use_bias {
            weights.push(WeightSpec::trained("bias", "bias_initializer", &[units]));
        }
        Ok(weights)
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let [kernel, bias @ ..] = weights else {
            return Err(Error::runtime("weights")
                .expected("a kernel")
                .got("none")
                .hint("Build the layer first"));
        };
        let x = floats(single(inputs)?, kernel)?;
        let bias = bias.first().map(Variable::value);
        one(self
            .activation
            .apply(&ops::dense(&x, &kernel.value(), bias.as_ref())?)?)
    }
}

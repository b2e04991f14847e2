//! y = x keep / (1 - rate), keep ~ Bernoulli(1 - rate), while training; y = x otherwise

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct Dropout {
    rate: f64,
    #[serde(default)]
    noise_shape: Option<Vec<Option<usize>>>,
}

impl Layer for Dropout {
    fn call(&self, call: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        if !(0.0..=1.0).contains(&self.rate) {
            return Err(Error::value("rate")
                .expected("a number in [0, 1]")
                .got(self.rate.to_string())
                .hint("Pass a part such as 0.5"));
        }
        if !call.training || self.rate == 0.0 {
            return one(x.clone());
        }
        let key = call.key.as_ref().ok_or_else(|| {
            Error::runtime("key")
                .expected("a stream of random numbers while training")
                .got("none")
                .hint("Give the layer a seed generator")
        })?;
        one(ops::dropout(key, x, self.rate, self.noise_shape.as_deref())?)
    }
}

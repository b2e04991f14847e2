//! y_i = exp(x_i - max x) / sum_j exp(x_j - max x)

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::Axes;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};

use crate::ops;
use crate::shape::{broadcast, show};

/// Added to the scores of entries that do not count: exp of it is 0 in any float type.
const VERY_NEGATIVE: f64 = -1e9;

#[derive(Debug, Deserialize)]
pub struct Softmax {
    #[serde(default = "Axes::last")]
    axis: Axes,
}

impl Softmax {
    fn normalize(&self, x: &Value) -> Result<Value> {
        match self.axis.to_vec()[..] {
            [axis] => ops::softmax(x, axis),
            ref axes => {
                let total = ops::logsumexp(x, ops::Axes::Some(axes.to_vec()), true)?;
                ops::exp(&ops::subtract(x, &total)?)
            }
        }
    }
}

impl Layer for Softmax {
    fn call(&self, call: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        let Some(mask) = call.mask(0) else {
            return one(self.normalize(x)?);
        };
        let (dims, m) = (x.dims(), mask.dims());
        if broadcast("mask", &dims, &m)?.len() != dims.len() || m.iter().rev().zip(dims.iter().rev()).any(|(m, d)| m.is_some_and(|m| m != 1) && d == &Some(1) && m != d) {
            return Err(Error::value("mask")
                .expected(format!("a shape that broadcasts to that of the input, {}", show(&dims)))
                .got(show(&m))
                .hint("Each size is 1 or that of the input"));
        }
        let mask = if mask.dtype() == DType::Bool { mask.clone() } else { ops::cast(mask, DType::Bool)? };
        let scores = ops::where_(&mask, x, &x.like(VERY_NEGATIVE)?)?;
        one(ops::where_(&mask, &self.normalize(&scores)?, &x.like(0.0)?)?)
    }
}

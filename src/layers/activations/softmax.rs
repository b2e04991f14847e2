//! y_i = exp(x_i - max x) / sum_j exp(x_j - max x)

use serde::Deserialize;

use crate::activations::softmax_over;
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

impl Layer for Softmax {
    fn call(&self, call: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = &ops::to_float(single(inputs)?)?;
        let axes = self.axis.to_vec();
        let Some(mask) = call.mask(0) else {
            return one(softmax_over(x, &axes)?);
        };
        let (dims, m) = (x.dims(), mask.dims());
        if broadcast("mask", &dims, &m)?.len() != dims.len()
            || m.iter()
                .rev()
                .zip(dims.iter().rev())
                .any(|(m, d)| m.is_some_and(|m| m != 1) && d == &Some(1) && m != d)
        {
            return Err(Error::value("mask")
                .expected(format!(
                    "a shape that broadcasts to that of the input, {}",
                    show(&dims)
                ))
                .got(show(&m))
                .hint("Each size is 1 or that of the input"));
        }
        let mask = if mask.dtype() == DType::Bool {
            mask.clone()
        } else {
            ops::cast(mask, DType::Bool)?
        };
        let scores = ops::where_(&mask, x, &x.like(VERY_NEGATIVE)?)?;
        one(ops::where_(&mask, &softmax_over(&scores, &axes)?, &x.like(0.0)?)?)
    }
}

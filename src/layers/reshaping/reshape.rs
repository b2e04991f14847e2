//! y = reshape(x, (batch, *target_shape))

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct Reshape {
    target_shape: Vec<i64>,
}

impl Layer for Reshape {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(reshape_samples(single(inputs)?, &self.target_shape)?)
    }
}

/// Gives every sample the target shape, in which one size may be -1: what is left over.
pub fn reshape_samples(x: &Value, target: &[i64]) -> Result<Value> {
    if x.rank() == 0 {
        return Err(Error::value("input")
            .expected("at least 1 axis, the batch")
            .got("a scalar")
            .hint("Add an axis, for example with x[None]"));
    }
    ops::reshape_tail(x, 1, target)
}

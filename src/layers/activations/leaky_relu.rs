//! y = x for x >= 0, negative_slope x below

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct LeakyRelu {
    negative_slope: f64,
}

impl Layer for LeakyRelu {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(ops::leaky_relu(single(inputs)?, self.negative_slope)?)
    }
}

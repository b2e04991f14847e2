//! y = min(x, max_value) for x >= threshold, negative_slope (x - threshold) below

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct Relu {
    #[serde(default)]
    max_value: Option<f64>,
    #[serde(default)]
    negative_slope: f64,
    #[serde(default)]
    threshold: f64,
}

impl Layer for Relu {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(ops::relu_general(single(inputs)?, self.negative_slope, self.max_value, self.threshold)?)
    }
}

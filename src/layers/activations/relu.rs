//! y = min(x, max_value) for x >= threshold, negative_slope (x - threshold) below

use serde::Deserialize;
use serde_json::json;

use crate::activations::activation;
use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::attrs;

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
        one(activation(
            "relu",
            single(inputs)?,
            &attrs([
                ("max_value", json!(self.max_value)),
                ("negative_slope", json!(self.negative_slope)),
                ("threshold", json!(self.threshold)),
            ]),
        )?)
    }
}

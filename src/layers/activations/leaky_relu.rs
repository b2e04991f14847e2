//! y = x for x >= 0, negative_slope x below

use serde::Deserialize;
use serde_json::json;

use crate::activations::activation;
use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::attrs;

#[derive(Debug, Deserialize)]
pub struct LeakyRelu {
    negative_slope: f64,
}

impl Layer for LeakyRelu {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(activation(
            "leaky_relu",
            single(inputs)?,
            &attrs([("negative_slope", json!(self.negative_slope))]),
        )?)
    }
}

//! y = x for x > 0, alpha (exp(x) - 1) otherwise

use serde::Deserialize;
use serde_json::json;

use crate::activations::activation;
use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::attrs;

#[derive(Debug, Deserialize)]
pub struct Elu {
    alpha: f64,
}

impl Layer for Elu {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(activation(
            "elu",
            single(inputs)?,
            &attrs([("alpha", json!(self.alpha))]),
        )?)
    }
}

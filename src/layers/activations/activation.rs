//! y = activation(x)

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::Activation as End;

#[derive(Debug, Deserialize)]
pub struct Activation {
    activation: End,
}

impl Layer for Activation {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(self.activation.apply(single(inputs)?)?)
    }
}

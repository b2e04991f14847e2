//! y = x for x > 0, alpha (exp(x) - 1) otherwise

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct Elu {
    alpha: f64,
}

impl Layer for Elu {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(ops::elu(single(inputs)?, self.alpha)?)
    }
}

//! y[b, i] = x[b, ...], the i-th number of the sample

use serde::Deserialize;

use super::reshape::reshape_samples;
use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops::DataFormat;

#[derive(Debug, Deserialize)]
pub struct Flatten {
    #[serde(default)]
    data_format: DataFormat,
}

impl Layer for Flatten {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(reshape_samples(
            &self.data_format.to_last(single(inputs)?)?,
            &[-1],
        )?)
    }
}

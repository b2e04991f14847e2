//! y[b, i] = x[b, ...], the i-th number of the sample

use serde::Deserialize;

use super::reshape::reshape_samples;
use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::DataFormat;
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct Flatten {
    #[serde(default)]
    data_format: DataFormat,
}

impl Layer for Flatten {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        let rank = x.rank();
        if self.data_format == DataFormat::ChannelsFirst && rank > 2 {
            let (order, _) = DataFormat::to_last(rank);
            return one(reshape_samples(&ops::transpose(x, Some(&order))?, &[-1])?);
        }
        one(reshape_samples(x, &[-1])?)
    }
}

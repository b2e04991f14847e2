//! y[b, t] = x[b, t - left] inside, 0 outside

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, check_rank, one, single};
use crate::ops::{self, DataFormat, PadMode};

#[derive(Debug, Deserialize)]
pub struct ZeroPadding1D {
    padding: (usize, usize),
    #[serde(default)]
    data_format: DataFormat,
}

impl Layer for ZeroPadding1D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        check_rank(&x.dims(), 3, "(batch, steps, features)")?;
        let mut widths = [(0, 0); 3];
        widths[self.data_format.spatial_axes(3).start] = self.padding;
        one(ops::pad(x, &widths, PadMode::Constant, 0.0)?)
    }
}

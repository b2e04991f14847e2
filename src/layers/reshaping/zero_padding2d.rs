//! y[b, i, j] = x[b, i - top, j - left] inside, 0 outside

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, check_rank, one, single};
use crate::ops::{self, DataFormat, PadMode};

#[derive(Debug, Deserialize)]
pub struct ZeroPadding2D {
    /// ((top, bottom), (left, right))
    padding: [(usize, usize); 2],
    #[serde(default)]
    data_format: DataFormat,
}

impl Layer for ZeroPadding2D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        check_rank(&x.dims(), 4, "(batch, rows, columns, channels)")?;
        let mut widths = [(0, 0); 4];
        widths[self.data_format.spatial_axes(4)].copy_from_slice(&self.padding);
        one(ops::pad(x, &widths, PadMode::Constant, 0.0)?)
    }
}

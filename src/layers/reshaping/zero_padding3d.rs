//! y[b, i, j, k] = x[b, i - front, j - top, k - left] inside, 0 outside

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::check_space;
use crate::ops::{self, DataFormat, PadMode};

#[derive(Debug, Deserialize)]
pub struct ZeroPadding3D {
    /// ((front, back), (top, bottom), (left, right))
    padding: [(usize, usize); 3],
    #[serde(default)]
    data_format: DataFormat,
}

impl Layer for ZeroPadding3D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        check_space::<3>(&x.dims())?;
        let mut widths = [(0, 0); 5];
        widths[self.data_format.spatial_axes(5)].copy_from_slice(&self.padding);
        one(ops::pad(x, &widths, PadMode::Constant, 0.0)?)
    }
}

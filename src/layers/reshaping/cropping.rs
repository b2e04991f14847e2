//! y[b, i, ..] = x[b, i + before, ..] without `before` and `behind` entries at the ends of each axis of space

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::check_space;
use crate::ops::{self, DataFormat};
use crate::shape::show;

/// Steps cut off a sequence.
#[derive(Debug, Deserialize)]
pub struct Cropping1D {
    /// (before, behind)
    cropping: (usize, usize),
}

/// Rows and columns cut off an image.
#[derive(Debug, Deserialize)]
pub struct Cropping2D {
    cropping: [(usize, usize); 2],
    #[serde(default)]
    data_format: DataFormat,
}

/// Planes cut off a volume.
#[derive(Debug, Deserialize)]
pub struct Cropping3D {
    cropping: [(usize, usize); 3],
    #[serde(default)]
    data_format: DataFormat,
}

fn cropped<const N: usize>(
    inputs: &[Value],
    cropping: &[(usize, usize); N],
    format: DataFormat,
) -> Result<Vec<Value>> {
    let x = single(inputs)?;
    check_space::<N>(&x.dims())?;
    let mut y = x.clone();
    for (axis, &(before, behind)) in format.spatial_axes(N + 2).zip(cropping) {
        let off = before.saturating_add(behind);
        if x.dims()[axis].is_some_and(|n| off >= n) {
            return Err(Error::value("cropping")
                .expected(
                    "less cut off than there is: `cropping` should be smaller than the size of its axis",
                )
                .got(format!(
                    "({before}, {behind}) on axis {axis} of an input {}",
                    show(&x.dims())
                ))
                .hint("Crop less, or give a larger input"));
        }
        if off > 0 {
            let end = (behind > 0).then_some(-(behind as i64));
            y = ops::slice_axis(&y, axis, before as i64, end)?;
        }
    }
    one(y)
}

impl Layer for Cropping1D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        cropped(inputs, &[self.cropping], DataFormat::ChannelsLast)
    }
}

impl Layer for Cropping2D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        cropped(inputs, &self.cropping, self.data_format)
    }
}

impl Layer for Cropping3D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        cropped(inputs, &self.cropping, self.data_format)
    }
}

//! y[b, i, ..] = x[b, floor(i / size), ..] on each axis of space; images also with smoother interpolations

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::{check_space, window};
use crate::ops::{self, DataFormat, Method, Sizes};

/// Every step several times.
#[derive(Debug, Deserialize)]
pub struct UpSampling1D {
    size: usize,
}

/// Every pixel several times, or what lies between.
#[derive(Debug, Deserialize)]
pub struct UpSampling2D {
    size: Sizes,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default = "nearest")]
    interpolation: Method,
}

/// Every cell of a volume several times.
#[derive(Debug, Deserialize)]
pub struct UpSampling3D {
    size: Sizes,
    #[serde(default)]
    data_format: DataFormat,
}

fn nearest() -> Method {
    Method::Nearest
}

fn enlarged<const N: usize>(
    inputs: &[Value],
    size: &Sizes,
    format: DataFormat,
    method: Method,
) -> Result<Vec<Value>> {
    let x = single(inputs)?;
    check_space::<N>(&x.dims())?;
    let mut y = x.clone();
    for (axis, times) in format.spatial_axes(N + 2).zip(window::<N>(size)?) {
        if times != 1 {
            y = ops::upsample(&y, axis as i64, times, method)?;
        }
    }
    one(y)
}

impl Layer for UpSampling1D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let size = Sizes::all(self.size);
        enlarged::<1>(inputs, &size, DataFormat::ChannelsLast, Method::Nearest)
    }
}

impl Layer for UpSampling2D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        enlarged::<2>(inputs, &self.size, self.data_format, self.interpolation)
    }
}

impl Layer for UpSampling3D {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        enlarged::<3>(inputs, &self.size, self.data_format, Method::Nearest)
    }
}

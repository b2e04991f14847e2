//! y[b, o, c] = max or mean of x[b, i, c] from floor(o n / size) to ceil((o + 1) n / size), on every axis of space

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::{check_space, window};
use crate::ops::{self, DataFormat, Method, Sizes};

pub type AdaptiveMaxPooling1D = AdaptiveMaxPooling<1>;
pub type AdaptiveMaxPooling2D = AdaptiveMaxPooling<2>;
pub type AdaptiveMaxPooling3D = AdaptiveMaxPooling<3>;
pub type AdaptiveAveragePooling1D = AdaptiveAveragePooling<1>;
pub type AdaptiveAveragePooling2D = AdaptiveAveragePooling<2>;
pub type AdaptiveAveragePooling3D = AdaptiveAveragePooling<3>;

/// The largest of each window over `N` spatial axes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct AdaptiveMaxPooling<const N: usize>(Settings);

/// The mean of each window over `N` spatial axes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct AdaptiveAveragePooling<const N: usize>(Settings);

#[derive(Debug, Deserialize)]
struct Settings {
    output_size: Sizes,
    #[serde(default)]
    data_format: DataFormat,
}

impl Settings {
    /// `pool(x, axis, size)` on one axis of space after the other.
    fn each<const N: usize>(
        &self,
        inputs: &[Value],
        pool: impl Fn(&Value, i64, usize) -> Result<Value>,
    ) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        check_space::<N>(&x.dims())?;
        let mut y = x.clone();
        let axes = self.data_format.spatial_axes(N + 2);
        for (axis, size) in axes.zip(window::<N>(&self.output_size)?) {
            y = pool(&y, axis as i64, size)?;
        }
        one(y)
    }
}

impl<const N: usize> Layer for AdaptiveMaxPooling<N> {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        self.0.each::<N>(inputs, ops::adaptive_max)
    }
}

impl<const N: usize> Layer for AdaptiveAveragePooling<N> {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        self.0.each::<N>(inputs, |x, axis, size| {
            ops::resample(x, axis, size, Method::Area, false)
        })
    }
}

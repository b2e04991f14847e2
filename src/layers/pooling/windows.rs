//! y[b, o, c] = max or mean of x[b, o stride + k, c] over the window of k

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::check_space;
use crate::ops::{self, PoolOptions};

pub type MaxPooling1D = MaxPooling<1>;
pub type MaxPooling2D = MaxPooling<2>;
pub type MaxPooling3D = MaxPooling<3>;
pub type AveragePooling1D = AveragePooling<1>;
pub type AveragePooling2D = AveragePooling<2>;
pub type AveragePooling3D = AveragePooling<3>;

/// The largest of each window over `N` spatial axes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct MaxPooling<const N: usize>(Settings);

/// The mean of each window over `N` spatial axes, padding left out.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct AveragePooling<const N: usize>(Settings);

/// The op's own options among the keys of a layer's config.
#[derive(Debug, Deserialize)]
struct Settings {
    pool_size: ops::Sizes,
    #[serde(default)]
    strides: Option<ops::Sizes>,
    #[serde(default)]
    padding: ops::Padding,
    #[serde(default)]
    data_format: ops::DataFormat,
}

impl Settings {
    fn options(&self) -> PoolOptions {
        PoolOptions {
            pool_size: self.pool_size.clone(),
            strides: self.strides.clone(),
            padding: self.padding.clone(),
            data_format: self.data_format,
        }
    }
}

fn checked<const N: usize>(inputs: &[Value]) -> Result<&Value> {
    let x = single(inputs)?;
    check_space::<N>(&x.dims())?;
    Ok(x)
}

impl<const N: usize> Layer for MaxPooling<N> {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(ops::max_pool(checked::<N>(inputs)?, &self.0.options())?)
    }
}

impl<const N: usize> Layer for AveragePooling<N> {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(ops::average_pool(checked::<N>(inputs)?, &self.0.options())?)
    }
}

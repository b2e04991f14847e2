//! y[b, c] = mean or max of x[b, ..., c] over all of the space

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::layers::settings::check_space;
use crate::ops::{self, Axes, DataFormat};
use crate::shape::show;

#[derive(Debug, Clone, Copy, Deserialize)]
struct Settings {
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default)]
    keepdims: bool,
}

impl Settings {
    fn axes(self, x: &Value, rank: usize) -> Result<Axes> {
        match rank {
            3 => check_space::<1>(&x.dims())?,
            4 => check_space::<2>(&x.dims())?,
            _ => check_space::<3>(&x.dims())?,
        }
        if self
            .data_format
            .spatial_axes(rank)
            .any(|axis| x.dims()[axis] == Some(0))
        {
            return Err(Error::value("input")
                .expected("at least one entry to pool over")
                .got(format!("shape {}", show(&x.dims())))
                .hint("Leave out empty samples"));
        }
        Ok(Axes::Some(
            self.data_format.spatial_axes(rank).map(|a| a as i64).collect(),
        ))
    }
}

macro_rules! global {
    ($($(#[$doc:meta])* $name:ident = $op:ident over $rank:literal),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Settings);

        impl Layer for $name {
            fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
                let x = single(inputs)?;
                one(ops::$op(x, self.0.axes(x, $rank)?, self.0.keepdims)?)
            }
        }
    )* };
}

global! {
    /// y[b, c] = max_t x[b, t, c]
    GlobalMaxPooling1D = max over 3,
    /// y[b, c] = max_{i, j} x[b, i, j, c]
    GlobalMaxPooling2D = max over 4,
    /// y[b, c] = mean_{i, j} x[b, i, j, c]
    GlobalAveragePooling2D = mean over 4,
    /// y[b, c] = max_{i, j, k} x[b, i, j, k, c]
    GlobalMaxPooling3D = max over 5,
    /// y[b, c] = mean_{i, j, k} x[b, i, j, k, c]
    GlobalAveragePooling3D = mean over 5,
}

/// y[b, c] = mean_t x[b, t, c] over the steps that the mask lets count
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct GlobalAveragePooling1D(Settings);

impl Layer for GlobalAveragePooling1D {
    fn call(&self, call: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        let axes = self.0.axes(x, 3)?;
        let Some(mask) = call.mask(0) else {
            return one(ops::mean(x, axes, self.0.keepdims)?);
        };
        if mask.rank() != 2 {
            return Err(Error::value("mask")
                .expected("shape (batch, steps)")
                .got(show(&mask.dims()))
                .hint("Give one boolean for each step"));
        }
        let channels = self.0.data_format.channel_axis(3) as i64;
        let mask = ops::expand_dims(&ops::cast(mask, DType::Bool)?, channels)?;
        let total = ops::sum(
            &ops::where_(&mask, x, &x.like(0.0)?)?,
            axes.clone(),
            self.0.keepdims,
        )?;
        let count = ops::sum(&ops::cast(&mask, x.dtype())?, axes, self.0.keepdims)?;
        one(ops::divide(&total, &count)?)
    }
}

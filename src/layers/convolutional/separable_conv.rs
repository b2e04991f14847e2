//! y = activation(conv(depthwise_conv(x, depthwise_kernel), pointwise_kernel) + bias): every channel by itself, then a
//! mix of the channels of each pixel

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::depthwise_conv::{depthwise, finished, multiplied, single_copy};
use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::error::Result;
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, single};
use crate::layers::settings::{Activation, check_space, window};
use crate::ops::{self, ConvOptions, DataFormat, Padding, Sizes};
use crate::shape::{Shape, Spec};

pub type SeparableConv1D = SeparableConv<1>;
pub type SeparableConv2D = SeparableConv<2>;

/// A depthwise convolution over `N` spatial axes, and a pointwise one.
#[derive(Debug, Deserialize)]
pub struct SeparableConv<const N: usize> {
    filters: NonZeroUsize,
    kernel_size: Sizes,
    #[serde(default)]
    strides: Sizes,
    #[serde(default)]
    padding: Padding,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default)]
    dilation_rate: Sizes,
    #[serde(default = "single_copy")]
    depth_multiplier: NonZeroUsize,
    #[serde(default)]
    activation: Activation,
    #[serde(default = "yes")]
    use_bias: bool,
}

impl<const N: usize> Layer for SeparableConv<N> {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        check_space::<N>(&x.dims)?;
        let channels = known(&x.dims, self.data_format.channel_axis(N + 2))?;
        let filters = self.filters.get();
        let mut depthwise = window::<N>(&self.kernel_size)?;
        depthwise.extend([channels, self.depth_multiplier.get()]);
        let mut pointwise = Shape::from_elem(1, N);
        pointwise.extend([multiplied(channels, self.depth_multiplier)?, filters]);
        let mut weights = vec![
            WeightSpec::trained("depthwise_kernel", "depthwise_initializer", &depthwise),
            WeightSpec::trained("pointwise_kernel", "pointwise_initializer", &pointwise),
        ];
        if self.use_bias {
            weights.push(WeightSpec::trained("bias", "bias_initializer", &[filters]));
        }
        Ok(weights)
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        finished::<N>(
            single(inputs)?,
            weights,
            2,
            self.data_format,
            &self.activation,
            |x, weights| {
                let options = ConvOptions {
                    strides: self.strides.clone(),
                    padding: self.padding.clone(),
                    dilation_rate: self.dilation_rate.clone(),
                    ..ConvOptions::default()
                };
                let mixed = depthwise(&floats(x, &weights[0])?, &weights[0], options)?;
                ops::conv(&mixed, &weights[1].value(), None, &ConvOptions::default())
            },
        )
    }
}

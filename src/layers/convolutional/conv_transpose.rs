//! y[b, i, f] = activation(sum over o, k, c with o stride + k dilation - before = i of x[b, o, c] kernel[k, f, c] +
//! bias[f]), i, o and k running over the spatial axes

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::depthwise_conv::finished;
use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::error::Result;
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, single};
use crate::layers::settings::{Activation, check_space, window};
use crate::ops::{self, ConvTransposeOptions, DataFormat, Padding, Sizes};
use crate::shape::Spec;

pub type Conv1DTranspose = ConvTranspose<1>;
pub type Conv2DTranspose = ConvTranspose<2>;
pub type Conv3DTranspose = ConvTranspose<3>;

/// A transposed convolution over `N` spatial axes.
#[derive(Debug, Deserialize)]
pub struct ConvTranspose<const N: usize> {
    filters: NonZeroUsize,
    kernel_size: Sizes,
    #[serde(default)]
    strides: Sizes,
    #[serde(default)]
    padding: Padding,
    #[serde(default)]
    output_padding: Option<Sizes>,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default)]
    dilation_rate: Sizes,
    #[serde(default)]
    activation: Activation,
    #[serde(default = "yes")]
    use_bias: bool,
}

impl<const N: usize> Layer for ConvTranspose<N> {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        check_space::<N>(&x.dims)?;
        let channels = known(&x.dims, self.data_format.channel_axis(N + 2))?;
        let filters = self.filters.get();
        let mut shape = window::<N>(&self.kernel_size)?;
        shape.extend([filters, channels]);
        let mut weights = vec![WeightSpec::trained("kernel", "kernel_initializer", &shape)];
        if self.use_bias {
            weights.push(WeightSpec::trained("bias", "bias_initializer", &[filters]));
        }
        Ok(weights)
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        finished::<N>(
            single(inputs)?,
            weights,
            1,
            self.data_format,
            &self.activation,
            |x, weights| {
                let options = ConvTransposeOptions {
                    strides: self.strides.clone(),
                    padding: self.padding.clone(),
                    output_padding: self.output_padding.clone(),
                    dilation_rate: self.dilation_rate.clone(),
                    data_format: DataFormat::ChannelsLast,
                };
                ops::conv_transpose(&floats(x, &weights[0])?, &weights[0].value(), &options)
            },
        )
    }
}

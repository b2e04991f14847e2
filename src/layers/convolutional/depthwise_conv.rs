//! y[b, o, c m + j] = activation(sum over k of x[b, o stride + k dilation, c] kernel[k, c, j] + bias[c m + j]),
//! o and k running over the spatial axes, m the depth multiplier

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, one, single};
use crate::layers::settings::{Activation, check_space, window};
use crate::ops::{self, ConvOptions, DataFormat, Padding, Sizes};
use crate::shape::Spec;

pub type DepthwiseConv1D = DepthwiseConv<1>;
pub type DepthwiseConv2D = DepthwiseConv<2>;

/// A convolution of every channel by itself over `N` spatial axes.
#[derive(Debug, Deserialize)]
pub struct DepthwiseConv<const N: usize> {
    kernel_size: Sizes,
    #[serde(default)]
    strides: Sizes,
    #[serde(default)]
    padding: Padding,
    #[serde(default = "single_copy")]
    depth_multiplier: NonZeroUsize,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default)]
    dilation_rate: Sizes,
    #[serde(default)]
    activation: Activation,
    #[serde(default = "yes")]
    use_bias: bool,
}

pub(super) fn single_copy() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// How many filters `channels` channels get with `multiplier` each.
pub(super) fn multiplied(channels: usize, multiplier: NonZeroUsize) -> Result<usize> {
    channels.checked_mul(multiplier.get()).ok_or_else(|| {
        Error::value("depth_multiplier")
            .expected("a number of filters that can be counted")
            .got(format!("{multiplier} for each of {channels} channels"))
    })
}

/// The convolution of every channel by itself, channels last, with a kernel (spatial.., channels, multiplier).
pub(super) fn depthwise(x: &Value, kernel: &Variable, mut options: ConvOptions) -> Result<Value> {
    let kernel = kernel.value();
    let mut shape: Vec<i64> = kernel.dims().iter().map(|d| d.unwrap_or(0) as i64).collect();
    let rank = shape.len();
    options.groups = Some(shape[rank - 2] as usize);
    shape[rank - 1] *= shape[rank - 2];
    shape[rank - 2] = 1;
    ops::conv(x, &ops::reshape(&kernel, &shape)?, None, &options)
}

/// What follows every convolution: the bias, which comes after `kernels` kernels, and the activation. `convolve` works
/// with channels last.
pub(super) fn finished<const N: usize>(
    x: &Value,
    weights: &[Variable],
    kernels: usize,
    format: DataFormat,
    activation: &Activation,
    convolve: impl Fn(&Value, &[Variable]) -> Result<Value>,
) -> Result<Vec<Value>> {
    if weights.len() < kernels {
        return Err(Error::runtime("weights")
            .expected("a kernel")
            .got("none")
            .hint("Build the layer first"));
    }
    check_space::<N>(&x.dims())?;
    let mut y = convolve(&format.to_last(x)?, weights)?;
    if let Some(bias) = weights.get(kernels) {
        y = ops::add(&y, &bias.value())?;
    }
    one(activation.apply(&format.restore(&y)?)?)
}

impl<const N: usize> Layer for DepthwiseConv<N> {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        check_space::<N>(&x.dims)?;
        let channels = known(&x.dims, self.data_format.channel_axis(N + 2))?;
        let mut shape = window::<N>(&self.kernel_size)?;
        shape.extend([channels, self.depth_multiplier.get()]);
        let mut weights = vec![WeightSpec::trained("kernel", "depthwise_initializer", &shape)];
        if self.use_bias {
            let filters = multiplied(channels, self.depth_multiplier)?;
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
                let options = ConvOptions {
                    strides: self.strides.clone(),
                    padding: self.padding.clone(),
                    dilation_rate: self.dilation_rate.clone(),
                    ..ConvOptions::default()
                };
                depthwise(&floats(x, &weights[0])?, &weights[0], options)
            },
        )
    }
}

//! y[b, o, f] = activation(sum over k, c of x[b, o stride + k dilation, c] kernel[k, c, f] + bias[f]),
//! o and k running over the spatial axes

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::yes;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, floats, known, one, single};
use crate::layers::settings::{Activation, check_space, window};
use crate::ops::{self, ConvOptions, DataFormat, Padding, Sizes};
use crate::shape::{Spec, show};

pub type Conv1D = Conv<1>;
pub type Conv2D = Conv<2>;
pub type Conv3D = Conv<3>;

/// A convolution over `N` spatial axes.
#[derive(Debug, Deserialize)]
pub struct Conv<const N: usize> {
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
    #[serde(default = "single_group")]
    groups: NonZeroUsize,
    #[serde(default)]
    activation: Activation,
    #[serde(default = "yes")]
    use_bias: bool,
}

fn single_group() -> NonZeroUsize {
    NonZeroUsize::MIN
}

impl<const N: usize> Layer for Conv<N> {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let x = single(inputs)?;
        check_space::<N>(&x.dims)?;
        let channels = known(&x.dims, self.data_format.channel_axis(N + 2))?;
        let (groups, filters) = (self.groups.get(), self.filters.get());
        if !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
            return Err(Error::value("groups")
                .expected("a number that divides the channels of the input and `filters`")
                .got(format!(
                    "groups={groups} for {channels} channels and {filters} filters, input {}",
                    show(&x.dims)
                ))
                .hint("Change `groups`, or the number of channels"));
        }
        let mut shape = window::<N>(&self.kernel_size)?;
        shape.extend([channels / groups, filters]);
        let mut weights = vec![WeightSpec::trained("kernel", "kernel_initializer", &shape)];
        if self.use_bias {
            weights.push(WeightSpec::trained("bias", "bias_initializer", &[filters]));
        }
        Ok(weights)
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let [kernel, bias @ ..] = weights else {
            return Err(Error::runtime("weights")
                .expected("a kernel")
                .got("none")
                .hint("Build the layer first"));
        };
        let x = floats(single(inputs)?, kernel)?;
        check_space::<N>(&x.dims())?;
        let options = ConvOptions {
            strides: self.strides.clone(),
            padding: self.padding.clone(),
            dilation_rate: self.dilation_rate.clone(),
            data_format: self.data_format,
            groups: Some(self.groups.get()),
        };
        let bias = bias.first().map(Variable::value);
        let y = ops::conv(&x, &kernel.value(), bias.as_ref(), &options)?;
        one(self.activation.apply(&y)?)
    }
}

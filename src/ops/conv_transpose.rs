//! Transposed convolution: the adjoint of a convolution, as a layer of its own.
//!
//! Y[n, i, f] = sum over o, k, c with o * stride + k * dilation - before = i of X[n, o, c] K[k, f, c]

use serde::{Deserialize, Serialize};

use super::after::After;
use super::conv::{Conv, ConvKernelGradient, Sliding};
use super::matmul::{agree, float_only, multiply_adds, same_float};
use super::op::{Attrs, Op, OpFn, Pass, Run, parse_attrs};
use super::pad::{PadMode, pad};
use super::window::{DataFormat, Padding, Sizes};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::conv::input_gradient;
use crate::shape::{Dim, Dims, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

const WHO: &str = "conv_transpose";

/// How a transposed convolution slides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvTransposeOptions {
    pub strides: Sizes,
    pub padding: Padding,
    /// How much longer the output is than the shortest that gives this input; none takes the natural length.
    pub output_padding: Option<Sizes>,
    pub dilation_rate: Sizes,
    pub data_format: DataFormat,
}

/// Zeros of the convolution whose adjoint this is, on one axis: (before, behind); behind may be negative, which means
/// places at the end of the output that no window meets. `span` counts the pixels under the kernel.
///
/// valid: the output is (n - 1) stride + max(span, stride); same: n stride.
fn crop(span: i64, stride: i64, padding: &Padding, extra: Option<i64>) -> Result<(i64, i64)> {
    match padding {
        Padding::Valid => Ok((0, -extra.unwrap_or((stride - span).max(0)))),
        Padding::Same => {
            let around = match extra {
                Some(extra) => span + span % 2 - 2 + extra,
                None => stride + span - 2,
            };
            let left = (around - around / 2).min(span - 1);
            Ok((span - 1 - left, span - 1 - (around - left)))
        }
        other => Err(Error::value(WHO)
            .expected("padding \"valid\" or \"same\"")
            .got(format!("{other:?}"))
            .hint("Crop or pad the output instead")),
    }
}

#[derive(Debug, Clone, Serialize)]
struct ConvTranspose(Sliding);

impl ConvTranspose {
    fn pads(&self) -> &[(usize, usize)] {
        match &self.0.padding {
            Padding::Explicit(pads) => pads,
            _ => &[],
        }
    }

    fn sizes(sizes: &Sizes, rank: usize) -> impl Iterator<Item = usize> {
        (0..rank).map(|i| sizes.0[if sizes.0.len() == 1 { 0 } else { i }])
    }

    /// (n - 1) stride + span - before - behind on each spatial axis.
    fn output(&self, x: &Spec, kernel: &[usize]) -> Result<Dims> {
        let rank = kernel.len() - 2;
        let mut dims: Dims = smallvec::smallvec![x.dims[0]];
        let strides = Self::sizes(&self.0.strides, rank);
        let dilations = Self::sizes(&self.0.dilation, rank);
        for (axis, (stride, dilation)) in strides.zip(dilations).enumerate() {
            let (before, behind) = self.pads()[axis];
            let along = |n: usize| {
                let whole = n
                    .checked_sub(1)?
                    .checked_mul(stride)?
                    .checked_add((kernel[axis] - 1).checked_mul(dilation)?)?
                    .checked_add(1)?;
                whole.checked_sub(before + behind).filter(|n| *n > 0)
            };
            dims.push(match x.dims[axis + 1] {
                None => None,
                Some(n) => Some(along(n).ok_or_else(|| {
                    Error::value(WHO)
                        .expected("an input, strides and padding that leave an output of at least one pixel")
                        .got(format!(
                            "axis {} of size {n}, kernel size {}, stride {stride}, dilation {dilation}, input {}",
                            axis + 1,
                            kernel[axis],
                            show(&x.dims)
                        ))
                })?),
            });
        }
        dims.push(Some(kernel[rank]));
        Ok(dims)
    }
}

impl Op for ConvTranspose {
    fn name(&self) -> &'static str {
        WHO
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(WHO, x)?;
        let kernel = x[1].shape().ok_or_else(|| unknown_kernel(&x[1].dims))?;
        x[0].with_dims(self.output(&x[0], &kernel)?).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = self.0.geometry(WHO, y[0].shape(), x[1].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            input_gradient(&g, x[0].slice::<T>(), x[1].slice(), y[0].slice_mut(), run.scratch(g.scratch()));
            Ok(())
        }, else => Err(float_only(WHO, x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, k, g) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let dx = if pass.needs[0] {
            Some(apply(Conv(self.0.clone(), After::default()), &[g, k])?)
        } else {
            None
        };
        let dk = if pass.needs[1] {
            Some(apply(ConvKernelGradient(self.0.clone()), &[g, x, k])?)
        } else {
            None
        };
        Ok(vec![dx, dk])
    }

    fn cost(&self, inputs: &[Spec], outputs: &[Spec]) -> usize {
        let (Some(y), Some(k)) = (outputs[0].shape(), inputs[1].shape()) else {
            return 0;
        };
        self.0
            .geometry(WHO, &y, &k)
            .map_or(0, |g| multiply_adds(Some(g.multiply_adds()), 1))
    }
}

fn unknown_kernel(dims: &[Dim]) -> Error {
    Error::value(WHO)
        .expected("a kernel whose sizes are all known")
        .got(show(dims))
}

/// One positive number for each spatial axis.
fn settled(sizes: &Sizes, what: &str, rank: usize, low: usize) -> Result<Vec<i64>> {
    let fits = (sizes.0.len() == 1 || sizes.0.len() == rank)
        && sizes.0.iter().all(|n| (low..=i32::MAX as usize).contains(n));
    if !fits {
        return Err(Error::value(WHO)
            .expected(format!(
                "{what} of {low} or more, one number or one for each of the {rank} spatial axes"
            ))
            .got(format!("{:?}", sizes.0.as_slice())));
    }
    Ok(ConvTranspose::sizes(sizes, rank).map(|n| n as i64).collect())
}

/// Transposed convolution of x (batch, spatial.., channels) with a kernel (spatial.., filters, channels), one to three
/// spatial axes; with channels first, x is (batch, channels, spatial..), and so is the result.
pub fn conv_transpose(x: &Value, kernel: &Value, options: &ConvTransposeOptions) -> Result<Value> {
    let shape = Spec::new(kernel.dtype(), kernel.dims())
        .shape()
        .ok_or_else(|| unknown_kernel(&kernel.dims()))?;
    if !(3..=5).contains(&shape.len()) || x.rank() != shape.len() || shape.contains(&0) {
        return Err(Error::value(WHO)
            .expected("an input (batch, spatial.., channels) and a kernel (spatial.., filters, channels) of one rank, 3 to 5")
            .got(format!("input {} and kernel {}", show(&x.dims()), show(&kernel.dims()))));
    }
    let rank = shape.len() - 2;
    let x = options.data_format.to_last(x)?;
    if !agree(x.dims()[rank + 1], Some(shape[rank + 1])) {
        return Err(Error::value(WHO)
            .expected(format!(
                "an input that fits: the number of input channels must match the kernel's channels (axis {} of a kernel (spatial.., filters, channels))",
                rank + 1
            ))
            .got(format!("input {} and kernel {}, channels last", show(&x.dims()), show(&kernel.dims())))
            .hint("Give inputs with as many channels as the kernel was built for"));
    }
    let strides = settled(&options.strides, "strides", rank, 1)?;
    let dilations = settled(&options.dilation_rate, "a dilation rate", rank, 1)?;
    let extra = match &options.output_padding {
        Some(extra) => Some(settled(extra, "output padding", rank, 0)?),
        None => None,
    };
    let (mut pads, mut missing) = (Vec::new(), vec![(0, 0)]);
    for axis in 0..rank {
        let span = (shape[axis] as i64 - 1) * dilations[axis] + 1;
        let (before, behind) = crop(
            span,
            strides[axis],
            &options.padding,
            extra.as_ref().map(|e| e[axis]),
        )?;
        pads.push((before as usize, behind.max(0) as usize));
        missing.push((0, (-behind).max(0) as usize));
    }
    missing.push((0, 0));
    let sliding = Sliding {
        strides: options.strides.clone(),
        padding: Padding::Explicit(pads),
        dilation: options.dilation_rate.clone(),
        groups: Some(1),
    };
    let mut y = apply(ConvTranspose(sliding), &[&x, kernel])?;
    if missing.iter().any(|&(_, behind)| behind > 0) {
        y = pad(&y, &missing, PadMode::Constant, 0.0)?;
    }
    options.data_format.restore(&y)
}

pub const OPS: &[(&str, OpFn)] = &[("conv_transpose", |x, attrs: &Attrs| {
    let [x, kernel] = super::op::arity(WHO, x)?;
    Ok(vec![conv_transpose(&x, &kernel, &parse_attrs(WHO, attrs)?)?])
})];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, check_twice, numbers};
    use super::*;

    #[test]
    fn gradients_agree_with_central_differences() {
        // (input, kernel, stride, padding, output padding)
        type Case = (&'static [usize], &'static [usize], usize, Padding, Option<usize>);
        let cases: [Case; 5] = [
            (&[2, 4, 2], &[3, 3, 2], 2, Padding::Same, None),
            (&[1, 3, 2], &[2, 1, 2], 3, Padding::Valid, None),
            (&[1, 2, 3, 2], &[3, 2, 2, 2], 1, Padding::Valid, None),
            (&[1, 3, 2, 1], &[3, 3, 2, 1], 2, Padding::Same, Some(1)),
            (&[1, 2, 2, 2, 1], &[2, 2, 2, 2, 1], 2, Padding::Same, None),
        ];
        for (x, k, stride, padding, extra) in cases {
            let options = ConvTransposeOptions {
                strides: Sizes::all(stride),
                padding,
                output_padding: extra.map(Sizes::all),
                ..ConvTransposeOptions::default()
            };
            let inputs = [numbers(x, 1), numbers(k, 2)];
            check(&inputs, |x| conv_transpose(&x[0], &x[1], &options));
            check_twice(&inputs, |x| conv_transpose(&x[0], &x[1], &options));
        }
    }

    #[test]
    fn errors_say_what_does_not_fit() {
        let bad = |x: &[usize], k: &[usize], options: ConvTransposeOptions| {
            conv_transpose(&numbers(x, 1).into(), &numbers(k, 2).into(), &options)
                .unwrap_err()
                .to_string()
        };
        let e = bad(&[1, 4, 3], &[3, 2, 5], ConvTransposeOptions::default());
        assert!(
            e.contains("input channels must match the kernel")
                && e.contains("(1, 4, 3) and kernel (3, 2, 5)"),
            "{e}"
        );
        let zero = ConvTransposeOptions {
            strides: Sizes::all(0),
            ..ConvTransposeOptions::default()
        };
        let e = bad(&[1, 4, 5], &[3, 2, 5], zero);
        assert!(e.contains("strides of 1 or more") && e.contains("[0]"), "{e}");
        let causal = ConvTransposeOptions {
            padding: Padding::Causal,
            ..ConvTransposeOptions::default()
        };
        assert!(bad(&[1, 4, 5], &[3, 2, 5], causal).contains("\"valid\" or \"same\""));
    }
}

//! Convolution (cross-correlation, as everywhere in deep learning) and its two gradients, which are ops themselves: each
//! is linear in both of its arguments, and the three are each other's derivatives.
//!
//! Y[n, o, f] = sum over k, c of X[n, o * stride + k * dilation - before, c] K[k, c, f] + b[f]

use serde::{Deserialize, Serialize};

use super::after::After;
use super::matmul::{agree, float_only, multiply_adds, same_float};
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, parse_attrs};
use super::window::{DataFormat, Padding, Sizes, Window};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::conv::{Geometry, forward, input_gradient, kernel_gradient};
use crate::shape::{Dims, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// How a convolution slides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvOptions {
    pub strides: Sizes,
    pub padding: Padding,
    pub dilation_rate: Sizes,
    pub data_format: DataFormat,
    /// Checked against the channels of input and kernel; none means that those decide.
    pub groups: Option<usize>,
}

/// The part of a convolution that all three ops share, channels last.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sliding {
    pub strides: Sizes,
    pub padding: Padding,
    pub dilation: Sizes,
    pub groups: Option<usize>,
}

impl Sliding {
    fn window(&self, who: &'static str, kernel: &[usize]) -> Result<Window> {
        let rank = kernel.len().saturating_sub(2);
        let size = Sizes::of(kernel.get(..rank).unwrap_or(&[]));
        Window::new(
            who,
            "kernel",
            rank,
            &size,
            &self.strides,
            &self.dilation,
            &self.padding,
        )
    }

    /// The output of shape rule `who` for an input and a kernel.
    fn output(&self, who: &'static str, x: &Spec, k: &Spec) -> Result<Dims> {
        let shape = k.shape().ok_or_else(|| {
            Error::value(who)
                .expected("a kernel whose sizes are all known")
                .got(show(&k.dims))
        })?;
        if !(3..=5).contains(&shape.len()) || x.rank() != shape.len() {
            return Err(Error::value(who)
                .expected("an input (batch, spatial.., channels) and a kernel (spatial.., channels, filters) of one rank, 3 to 5")
                .got(format!("input {} and kernel {}", show(&x.dims), show(&k.dims))));
        }
        let rank = shape.len() - 2;
        let (own, filters) = (shape[rank], shape[rank + 1]);
        let got = || format!("input {} and kernel {}", show(&x.dims), show(&k.dims));
        if own == 0 || filters == 0 {
            return Err(Error::value(who)
                .expected("a kernel with channels and filters")
                .got(got()));
        }
        if let Some(channels) = x.dims[rank + 1] {
            let groups = self.groups.unwrap_or(channels / own);
            if groups == 0 || channels == 0 || !agree(own.checked_mul(groups), Some(channels)) {
                return Err(Error::value(who)
                    .expected(format!(
                        "an input that fits: the number of input channels must match the kernel's channels times groups (axes {} and {rank})",
                        rank + 1
                    ))
                    .got(format!("{}, groups {groups}", got()))
                    .hint("Give inputs with as many channels as the kernel was built for"));
            }
            if filters % groups != 0 {
                return Err(Error::value(who)
                    .expected("a number of filters that groups divide")
                    .got(format!("{filters} filters, groups {groups}")));
            }
        }
        let mut dims: Dims = smallvec::smallvec![x.dims[0]];
        dims.extend(self.window(who, &shape)?.outputs(&x.dims)?);
        dims.push(Some(filters));
        Ok(dims)
    }

    pub fn geometry(&self, who: &'static str, x: &[usize], k: &[usize]) -> Result<Geometry> {
        let window = self.window(who, k)?;
        let at = window.settle(x)?;
        let (in_channels, own) = (x[x.len() - 1], k[k.len() - 2]);
        Ok(Geometry {
            batch: x[0],
            input: at.input,
            output: at.output,
            kernel: window.size,
            stride: at.stride,
            dilation: window.dilation,
            before: at.before,
            in_channels,
            out_channels: k[k.len() - 1],
            groups: in_channels / own,
        })
    }

    fn cost(&self, x: &Spec, k: &Spec) -> usize {
        let (Some(x), Some(k)) = (x.shape(), k.shape()) else {
            return 0;
        };
        self.geometry("conv", &x, &k)
            .map_or(0, |g| multiply_adds(Some(g.multiply_adds()), 1))
    }
}

/// y = conv(x, k) + b, with what may follow in the same pass.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Conv(pub Sliding, #[serde(skip)] pub After);

impl Op for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("conv", x)?;
        let dims = self.0.output("conv", &x[0], &x[1])?;
        if let Some(bias) = x.get(2)
            && self.1.bias(x.len())
            && (bias.rank() != 1 || !agree(bias.dims[0], dims[dims.len() - 1]))
        {
            return Err(Error::value("conv")
                .expected(format!(
                    "a bias with one number for each filter, kernel {}",
                    show(&x[1].dims)
                ))
                .got(show(&bias.dims)));
        }
        x[0].with_dims(dims).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = self.0.geometry("conv", x[0].shape(), x[1].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            let (to, filters) = (y[0].slice_mut::<T>(), g.out_channels);
            let (memory, scratch) = run.scratch::<T>(2 * filters + g.scratch()).split_at_mut(2 * filters);
            self.1.with(x, memory, |epilogue| forward(&g, x[0].slice(), x[1].slice(), to, epilogue, scratch));
            Ok(())
        }, else => Err(float_only("conv", x[0].dtype())))
    }

    // db = sum of dy over all but the filters (the engine sums, as for any broadcast input)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, k, dy) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let dx = if pass.needs[0] {
            Some(apply(ConvInputGradient(self.0.clone()), &[dy, k, x])?)
        } else {
            None
        };
        let dk = if pass.needs[1] {
            Some(apply(ConvKernelGradient(self.0.clone()), &[x, dy, k])?)
        } else {
            None
        };
        Ok([dx, dk, Some(dy.clone())]
            .into_iter()
            .take(pass.inputs.len())
            .collect())
    }

    fn absorbs(&self) -> bool {
        self.1.absorbs()
    }

    fn then(&self, next: &Role, _: usize, own: &[Spec]) -> Option<Fused> {
        let (after, others) = self.1.then(next, own)?;
        Some(Fused::after(Self(self.0.clone(), after), own.len(), &others))
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        self.0.cost(&inputs[0], &inputs[1])
    }
}

/// dx = the x-derivative of sum(dy * conv(x, k)); inputs dy, k, and x for its shape.
#[derive(Debug, Clone, Serialize)]
struct ConvInputGradient(Sliding);

impl Op for ConvInputGradient {
    fn name(&self) -> &'static str {
        "conv_input_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("conv_input_gradient", x)?;
        same_dims(
            "conv_input_gradient",
            &x[0],
            &self.0.output("conv_input_gradient", &x[2], &x[1])?,
        )?;
        x[2].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = self
            .0
            .geometry("conv_input_gradient", x[2].shape(), x[1].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            input_gradient(&g, x[0].slice::<T>(), x[1].slice(), y[0].slice_mut(), run.scratch(g.scratch()));
            Ok(())
        }, else => Err(float_only("conv_input_gradient", x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (dy, k, g) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let ddy = if pass.needs[0] {
            Some(apply(Conv(self.0.clone(), After::default()), &[g, k])?)
        } else {
            None
        };
        let dk = if pass.needs[1] {
            Some(apply(ConvKernelGradient(self.0.clone()), &[g, dy, k])?)
        } else {
            None
        };
        Ok(vec![ddy, dk, None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        self.0.cost(&inputs[2], &inputs[1])
    }
}

/// dk = the k-derivative of sum(dy * conv(x, k)); inputs x, dy, and k for its shape.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ConvKernelGradient(pub Sliding);

impl Op for ConvKernelGradient {
    fn name(&self) -> &'static str {
        "conv_kernel_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float("conv_kernel_gradient", x)?;
        same_dims(
            "conv_kernel_gradient",
            &x[1],
            &self.0.output("conv_kernel_gradient", &x[0], &x[2])?,
        )?;
        x[2].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = self
            .0
            .geometry("conv_kernel_gradient", x[0].shape(), x[2].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            kernel_gradient(&g, x[0].slice::<T>(), x[1].slice(), y[0].slice_mut(), run.scratch(g.kernel_scratch()));
            Ok(())
        }, else => Err(float_only("conv_kernel_gradient", x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, dy, g) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let dx = if pass.needs[0] {
            Some(apply(ConvInputGradient(self.0.clone()), &[dy, g, x])?)
        } else {
            None
        };
        let ddy = if pass.needs[1] {
            Some(apply(Conv(self.0.clone(), After::default()), &[x, g])?)
        } else {
            None
        };
        Ok(vec![dx, ddy, None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        self.0.cost(&inputs[0], &inputs[2])
    }
}

fn same_dims(who: &str, got: &Spec, want: &Dims) -> Result<()> {
    if got.rank() == want.len() && got.dims.iter().zip(want).all(|(&a, &b)| agree(a, b)) {
        return Ok(());
    }
    Err(Error::value(who)
        .expected(format!("an output gradient of shape {}", show(want)))
        .got(show(&got.dims)))
}

/// Convolution of x (batch, spatial.., channels) with a kernel (spatial.., channels / groups, filters), one to three
/// spatial axes; with channels first, x is (batch, channels, spatial..), and so is the result.
pub fn conv(x: &Value, kernel: &Value, bias: Option<&Value>, options: &ConvOptions) -> Result<Value> {
    let sliding = Sliding {
        strides: options.strides.clone(),
        padding: options.padding.clone(),
        dilation: options.dilation_rate.clone(),
        groups: options.groups,
    };
    let x = options.data_format.to_last(x)?;
    let y = match bias {
        Some(bias) => apply(Conv(sliding, After::default()), &[&x, kernel, bias])?,
        None => apply(Conv(sliding, After::default()), &[&x, kernel])?,
    };
    options.data_format.restore(&y)
}

pub const OPS: &[(&str, OpFn)] = &[("conv", |x, attrs: &Attrs| {
    let options: ConvOptions = parse_attrs("conv", attrs)?;
    match x {
        [x, k] => Ok(vec![conv(x, k, None, &options)?]),
        [x, k, b] => Ok(vec![conv(x, k, Some(b), &options)?]),
        _ => Err(Error::type_error("conv")
            .expected("2 or 3 inputs: x, kernel, bias")
            .got(x.len().to_string())),
    }
})];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, check_twice, numbers};
    use super::*;
    use crate::dtype::DType;
    use crate::shape::Dim;

    fn options(strides: &[usize], padding: Padding, dilation: usize) -> ConvOptions {
        ConvOptions {
            strides: Sizes::of(strides),
            padding,
            dilation_rate: Sizes::all(dilation),
            ..ConvOptions::default()
        }
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let cases: [(&[usize], &[usize], ConvOptions); 8] = [
            (&[2, 5, 2], &[3, 2, 2], options(&[1], Padding::Causal, 1)),
            (&[1, 4, 4, 2], &[3, 3, 2, 2], options(&[1], Padding::Same, 1)),
            (&[1, 4, 5, 1], &[2, 3, 1, 2], options(&[2, 1], Padding::Valid, 1)),
            (&[1, 5, 5, 1], &[2, 2, 1, 2], options(&[1], Padding::Same, 2)),
            (&[1, 3, 3, 4], &[2, 2, 2, 2], options(&[1], Padding::Valid, 1)),
            (
                &[1, 3, 4, 1],
                &[2, 2, 1, 1],
                options(&[1], Padding::Explicit(vec![(1, 0), (2, 1)]), 1),
            ),
            // Strides that lead beyond the input: one window.
            (
                &[1, 4, 5, 2],
                &[2, 3, 2, 2],
                options(&[usize::MAX, 9], Padding::Same, 1),
            ),
            (
                &[1, 3, 3, 3, 1],
                &[2, 2, 2, 1, 2],
                options(&[1], Padding::Valid, 1),
            ),
        ];
        for (x, k, options) in cases {
            let filters = k[k.len() - 1];
            let inputs = [numbers(x, 1), numbers(k, 2), numbers(&[filters], 3)];
            check(&inputs, |x| conv(&x[0], &x[1], Some(&x[2]), &options));
            check_twice(&inputs[..2], |x| conv(&x[0], &x[1], None, &options));
        }
    }

    #[test]
    fn channels_first_is_the_same_seen_otherwise() {
        let options = ConvOptions {
            data_format: DataFormat::ChannelsFirst,
            ..ConvOptions::default()
        };
        check(&[numbers(&[1, 2, 3, 4], 1), numbers(&[2, 2, 2, 3], 2)], |x| {
            conv(&x[0], &x[1], None, &options)
        });
        let y = conv(
            &numbers(&[1, 2, 3, 4], 1).into(),
            &numbers(&[2, 2, 2, 5], 2).into(),
            None,
            &options,
        )
        .unwrap();
        assert_eq!(y.shape().unwrap().as_slice(), &[1, 5, 2, 3]);
    }

    fn spec(dims: &[Dim]) -> Spec {
        Spec::new(DType::F32, dims.iter().copied())
    }

    fn infer(x: &[Dim], k: &[usize], options: &ConvOptions) -> Result<Dims> {
        let sliding = Sliding {
            strides: options.strides.clone(),
            padding: options.padding.clone(),
            dilation: options.dilation_rate.clone(),
            groups: options.groups,
        };
        Ok(Conv(sliding, After::default())
            .infer(&[spec(x), Spec::known(DType::F32, k)])?
            .remove(0)
            .dims)
    }

    #[test]
    fn shapes_with_unknown_sizes() {
        let valid = ConvOptions::default();
        let dims = infer(&[None, Some(28), None, Some(1)], &[3, 3, 1, 8], &valid).unwrap();
        assert_eq!(dims.as_slice(), &[None, Some(26), None, Some(8)]);
        let dims = infer(
            &[None, Some(28), Some(5), Some(1)],
            &[3, 3, 1, 8],
            &options(&[2], Padding::Same, 1),
        )
        .unwrap();
        assert_eq!(dims.as_slice(), &[None, Some(14), Some(3), Some(8)]);
    }

    #[test]
    fn errors_say_what_does_not_fit() {
        let bad = |x: &[usize], k: &[usize], o: ConvOptions| {
            let x: Vec<Dim> = x.iter().copied().map(Some).collect();
            infer(&x, k, &o).unwrap_err().to_string()
        };
        let e = bad(&[1, 2, 9, 1], &[3, 3, 1, 8], ConvOptions::default());
        assert!(
            e.contains("kernel size 3") && e.contains("axis 1 of size 2") && e.contains("(1, 2, 9, 1)"),
            "{e}"
        );
        let e = bad(&[1, 9, 9, 3], &[3, 3, 2, 8], ConvOptions::default());
        assert!(e.contains("(1, 9, 9, 3) and kernel (3, 3, 2, 8)"), "{e}");
        let e = bad(&[1, 9, 9, 4], &[3, 3, 2, 7], ConvOptions::default());
        assert!(e.contains("7 filters, groups 2"), "{e}");
        let e = bad(&[1, 9, 9, 1], &[3, 3, 1, 8], options(&[0], Padding::Valid, 1));
        assert!(e.contains("strides of 1 or more; got [0]"), "{e}");
        let e = bad(
            &[1, 9, 9, 1],
            &[3, 3, 1, 8],
            options(&[1], Padding::Valid, usize::MAX),
        );
        assert!(e.contains("spanning too many"), "{e}");
        let zeros = Padding::Explicit(vec![(0, 1 << 40), (0, 0)]);
        let e = bad(&[1, 9, 9, 1], &[3, 3, 1, 8], options(&[1], zeros, 1));
        assert!(e.contains("paddings of at most 1048576"), "{e}");
        let e = bad(&[1, 9, 9, 1], &[3, 3, 1, 8], options(&[1], Padding::Causal, 1));
        assert!(e.contains("causal"), "{e}");
        let e = bad(&[1, 9, 1], &[3, 3, 1, 8], ConvOptions::default());
        assert!(e.contains("of one rank"), "{e}");
    }
}

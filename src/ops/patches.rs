//! Windows cut out of images and the sum of windows back into images: each other's derivatives.
//!
//! P[n, o, (k, c)] = X[n, o * stride + k * dilation - before, c], 0 outside of X

use serde::{Deserialize, Serialize};

use super::matmul::{agree, float_only};
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::window::{Padding, Sizes, Window};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::patches::{self as kernel, Patches as Geometry};
use crate::shape::{Dims, Spec, Specs, show, times};
use crate::tensor::{View, ViewMut};
use crate::{float_dispatch, sized};

/// How windows lie.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchOptions {
    pub size: Sizes,
    #[serde(default)]
    pub strides: Sizes,
    #[serde(default)]
    pub padding: Padding,
    #[serde(default)]
    pub dilation_rate: Sizes,
}

fn settle(window: &Window, x: &[usize]) -> Result<Geometry> {
    let at = window.settle(x)?;
    Ok(Geometry {
        batch: x[0],
        input: at.input,
        output: at.output,
        kernel: window.size,
        stride: at.stride,
        dilation: window.dilation,
        before: at.before,
        channels: x[x.len() - 1],
    })
}

fn taps(window: &Window) -> usize {
    window.size.iter().product()
}

/// x (batch, spatial.., channels) -> (batch, windows.., kernel * channels)
#[derive(Debug, Clone, Serialize)]
struct Patches(Window);

impl Patches {
    fn output(&self, x: &Spec) -> Result<Dims> {
        let outputs = self.0.outputs(&x.dims)?;
        let mut dims: Dims = smallvec::smallvec![x.dims[0]];
        dims.extend(outputs);
        dims.push(times(self.0.who, x.dims[x.rank() - 1], taps(&self.0))?);
        Ok(dims)
    }
}

impl Op for Patches {
    fn name(&self) -> &'static str {
        "patches"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dims(self.output(&x[0])?).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = settle(&self.0, x[0].shape())?;
        let (from, to) = (x[0].len(), y[0].len());
        sized!(x[0].dtype().size(), T => {
            // SAFETY: T has the size of an element, every bit pattern, and zero bits are the number 0.
            let (x, y) = unsafe {
                (
                    std::slice::from_raw_parts(x[0].as_ptr().cast::<T>(), from),
                    std::slice::from_raw_parts_mut(y[0].as_mut_ptr().cast::<T>(), to),
                )
            };
            kernel::cut(&g, x, 0, y);
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let fold = Fold {
            window: self.0.clone(),
            size: None,
        };
        Ok(vec![Some(apply(fold, &[pass.grad()?, &pass.inputs[0]])?)])
    }
}

/// The sum of windows, in the given size or in the shape of the second input.
#[derive(Debug, Clone, Serialize)]
struct Fold {
    window: Window,
    size: Option<Vec<usize>>,
}

impl Op for Fold {
    fn name(&self) -> &'static str {
        "fold_patches"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let p = &x[0];
        if p.rank() != self.window.rank + 2 {
            return Err(Error::value(self.name())
                .expected(format!(
                    "windows of rank {}: batch, {} spatial, kernel * channels",
                    self.window.rank + 2,
                    self.window.rank
                ))
                .got(show(&p.dims)));
        }
        let dims: Dims = if let Some(size) = &self.size {
            let last = p.dims[p.rank() - 1];
            if last.is_some_and(|n| n % taps(&self.window) != 0) {
                return Err(Error::value(self.name())
                    .expected(format!(
                        "a number of entries for each window that is divisible by the kernel's {} places",
                        taps(&self.window)
                    ))
                    .got(show(&p.dims)));
            }
            [p.dims[0]]
                .into_iter()
                .chain(size.iter().copied().map(Some))
                .chain([last.map(|n| n / taps(&self.window))])
                .collect()
        } else {
            x[1].dims.clone()
        };
        let whole = p.with_dims(dims);
        let want = Patches(self.window.clone()).output(&whole)?;
        if !want.iter().zip(&p.dims).all(|(&a, &b)| agree(a, b)) {
            return Err(Error::value(self.name())
                .expected(format!(
                    "windows of shape {} for an output {}",
                    show(&want),
                    show(&whole.dims)
                ))
                .got(show(&p.dims)));
        }
        whole.one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let g = settle(&self.window, y[0].shape())?;
        float_dispatch!(x[0].dtype(), T => {
            kernel::fold(&g, x[0].slice::<T>(), y[0].slice_mut());
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = apply(Patches(self.window.clone()), &[pass.grad()?])?;
        Ok([Some(g), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

fn window(who: &'static str, rank: usize, options: &PatchOptions) -> Result<Window> {
    Window::new(
        who,
        "patch",
        rank,
        &options.size,
        &options.strides,
        &options.dilation_rate,
        &options.padding,
    )
}

/// The windows of x (batch, spatial.., channels), each as one row of kernel * channels entries.
pub fn patches(x: &Value, options: &PatchOptions) -> Result<Value> {
    let window = window("patches", x.rank().saturating_sub(2), options)?;
    apply(Patches(window), &[x])
}

/// The sum of windows (batch, windows.., kernel * channels) where they lie in images of spatial size `size`.
pub fn fold_patches(p: &Value, size: &[usize], options: &PatchOptions) -> Result<Value> {
    let window = window("fold_patches", size.len(), options)?;
    let size = Some(size.to_vec());
    apply(Fold { window, size }, &[p])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoldAttrs {
    output_size: Vec<usize>,
    options: PatchOptions,
}

pub const OPS: &[(&str, OpFn)] = &[
    ("patches", |x, attrs: &Attrs| {
        let [x] = arity("patches", x)?;
        Ok(vec![patches(&x, &parse_attrs("patches", attrs)?)?])
    }),
    ("fold_patches", |x, attrs| {
        let [x] = arity("fold_patches", x)?;
        let a: FoldAttrs = parse_attrs("fold_patches", attrs)?;
        Ok(vec![fold_patches(&x, &a.output_size, &a.options)?])
    }),
];

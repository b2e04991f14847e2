//! Resampling along one axis to another size: the way images are resized, and averages over windows that adapt.
//!
//! y[o] = sum over i of w(o, i) x[i], with w(o, i) = f(|s(o) - i| / width) / (their sum over i),
//! s(o) = (o + 1/2) n / size - 1/2 the place of output o among the n inputs (pixels are squares, not points), and
//! width = max(n / size, 1) where antialiased, else 1.

use serde::{Deserialize, Serialize};

use super::matmul::{agree, float_only};
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::resample::{Taps, forward, nearest, transposed};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};
use crate::{float_dispatch, sized};

/// Which neighbours count, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The input under the middle of the output.
    Nearest,
    /// f(t) = max(1 - t, 0)
    Bilinear,
    /// The cubic of Keys with a = -1/2, which reproduces parabolas.
    Bicubic,
    /// f(t) = sinc(t) sinc(t / 3), for t < 3
    Lanczos3,
    /// f(t) = sinc(t) sinc(t / 5), for t < 5
    Lanczos5,
    /// The mean of the inputs from floor(o n / size) to ceil((o + 1) n / size).
    Area,
}

impl Method {
    /// f is 0 from here on.
    fn radius(self) -> f64 {
        match self {
            Self::Nearest | Self::Area | Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos3 => 3.0,
            Self::Lanczos5 => 5.0,
        }
    }

    fn weight(self, t: f64) -> f64 {
        match self {
            Self::Lanczos3 | Self::Lanczos5 if t >= self.radius() => 0.0,
            Self::Lanczos3 | Self::Lanczos5 if t > 1e-3 => {
                let (r, p) = (self.radius(), std::f64::consts::PI * t);
                r * libm::sin(p) * libm::sin(p / r) / (p * p)
            }
            Self::Lanczos3 | Self::Lanczos5 => 1.0,
            Self::Bicubic if t < 1.0 => (1.5 * t - 2.5) * t * t + 1.0,
            Self::Bicubic if t < 2.0 => ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0,
            Self::Bicubic => 0.0,
            _ => (1.0 - t).max(0.0),
        }
    }

    /// The neighbours of every output, for `n` inputs.
    fn taps(self, n: usize, size: usize, antialias: bool) -> Taps {
        match self {
            // floor((o + 1/2) n / size) in whole numbers
            Self::Nearest => Taps {
                count: 1,
                first: (0..size).map(|o| (2 * o + 1) * n / (2 * size)).collect(),
                weights: vec![1.0; size],
            },
            Self::Area => {
                let count = (n.div_ceil(size) + 1).min(n);
                let first: Vec<usize> = (0..size).map(|o| o * n / size).collect();
                let mut weights = vec![0.0; size * count];
                for (o, &start) in first.iter().enumerate() {
                    let len = ((o + 1) * n).div_ceil(size) - start;
                    weights[o * count..][..len].fill(1.0 / len as f64);
                }
                Taps {
                    count,
                    first,
                    weights,
                }
            }
            _ => self.smooth(n, size, antialias),
        }
    }

    fn smooth(self, n: usize, size: usize, antialias: bool) -> Taps {
        let step = n as f64 / size as f64;
        let width = if antialias { step.max(1.0) } else { 1.0 };
        let reach = self.radius() * width;
        let count = ((2.0 * reach) as usize + 2).min(n);
        let (mut first, mut weights) = (Vec::with_capacity(size), Vec::with_capacity(size * count));
        for o in 0..size {
            let place = (o as f64 + 0.5) * step - 0.5;
            let start = (place - reach).ceil().clamp(0.0, (n - count) as f64) as usize;
            let at = weights.len();
            weights.extend((start..start + count).map(|i| self.weight((place - i as f64).abs() / width)));
            let sum: f64 = weights[at..].iter().sum();
            weights[at..].iter_mut().for_each(|w| *w /= sum);
            first.push(start);
        }
        Taps {
            count,
            first,
            weights,
        }
    }
}

/// How many places an axis of n gets.
#[derive(Debug, Clone, Copy, Serialize)]
enum Size {
    Exactly(usize),
    /// n times this.
    Times(usize),
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Resample {
    axis: usize,
    size: Size,
    method: Method,
    antialias: bool,
}

impl Resample {
    /// The size of the result for an axis of n; none if that is 0 or beyond counting.
    fn outputs(&self, n: usize) -> Option<usize> {
        let size = match self.size {
            Size::Exactly(size) => Some(size),
            Size::Times(times) => n.checked_mul(times),
        };
        size.filter(|size| (1..=i32::MAX as usize).contains(size))
    }

    fn taps(&self, n: usize) -> Taps {
        self.method.taps(n, self.outputs(n).unwrap_or(1), self.antialias)
    }
}

impl Op for Resample {
    fn name(&self) -> &'static str {
        "resample"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.method != Method::Nearest && !x[0].dtype.is_float() {
            return Err(float_only(self.name(), x[0].dtype));
        }
        let known = match (x[0].dims[self.axis], self.size) {
            (Some(n), _) => Some(n),
            (None, Size::Exactly(_)) => Some(1),
            (None, Size::Times(_)) => None,
        };
        let size = match known {
            Some(n) => Some(
                self.outputs(n)
                    .filter(|_| (1..=i32::MAX as usize).contains(&n))
                    .ok_or_else(|| {
                        Error::value(self.name())
                            .expected("sizes from 1 to 2147483647")
                            .got(format!(
                                "axis {} of {} to be resampled to {:?}",
                                self.axis,
                                show(&x[0].dims),
                                self.size
                            ))
                    })?,
            ),
            None => None,
        };
        let mut dims = x[0].dims.clone();
        dims[self.axis] = size;
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        if y[0].is_empty() {
            // The taps of an axis are made whatever the others hold.
            return Ok(());
        }
        let layout: [usize; 3] = split_at_axis(x[0].shape(), self.axis).into();
        let taps = self.taps(layout[1]);
        if self.method == Method::Nearest {
            let (from, to) = (x[0].len(), y[0].len());
            sized!(x[0].dtype().size(), T => {
                // SAFETY: T has the size of an element and every bit pattern.
                let (x, y) = unsafe {
                    (
                        std::slice::from_raw_parts(x[0].as_ptr().cast::<T>(), from),
                        std::slice::from_raw_parts_mut(y[0].as_mut_ptr().cast::<T>(), to),
                    )
                };
                nearest(&taps.first, x, layout, y);
            });
            return Ok(());
        }
        float_dispatch!(x[0].dtype(), T => {
            forward(&taps, x[0].slice::<T>(), layout, y[0].slice_mut());
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(
            ResampleGradient(*self),
            &[pass.grad()?, &pass.inputs[0]],
        )?)])
    }
}

/// dx[i] = sum over o of w(o, i) dy[o]; inputs dy, and x for its shape.
#[derive(Debug, Clone, Copy, Serialize)]
struct ResampleGradient(Resample);

impl Op for ResampleGradient {
    fn name(&self) -> &'static str {
        "resample_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let want = self.0.infer(&x[1..])?.remove(0);
        let fits = want.rank() == x[0].rank() && want.dims.iter().zip(&x[0].dims).all(|(&a, &b)| agree(a, b));
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!("an output gradient of shape {}", show(&want.dims)))
                .got(show(&x[0].dims)));
        }
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout: [usize; 3] = split_at_axis(y[0].shape(), self.0.axis).into();
        let taps = self.0.taps(layout[1]);
        float_dispatch!(x[0].dtype(), T => {
            transposed(&taps, x[0].slice::<T>(), layout, y[0].slice_mut());
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(self.0, &[pass.grad()?])?), None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// x with `size` places along an axis.
pub fn resample(x: &Value, axis: i64, size: usize, method: Method, antialias: bool) -> Result<Value> {
    resampled(x, axis, Size::Exactly(size), method, antialias)
}

/// x with `times` as many places along an axis.
pub fn upsample(x: &Value, axis: i64, times: usize, method: Method) -> Result<Value> {
    resampled(x, axis, Size::Times(times), method, false)
}

fn resampled(x: &Value, axis: i64, size: Size, method: Method, antialias: bool) -> Result<Value> {
    let axis = axis_index("resample", axis, x.rank())?;
    apply(
        Resample {
            axis,
            size,
            method,
            antialias,
        },
        &[x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResampleAttrs {
    axis: i64,
    size: usize,
    method: Method,
    #[serde(default)]
    antialias: bool,
}

pub const OPS: &[(&str, OpFn)] = &[("resample", |x, attrs: &Attrs| {
    let [x] = arity("resample", x)?;
    let a: ResampleAttrs = parse_attrs("resample", attrs)?;
    Ok(vec![resample(&x, a.axis, a.size, a.method, a.antialias)?])
})];

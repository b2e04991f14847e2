//! Discrete Fourier transforms along the last axis, of pairs (re, im) of tensors: there are no complex ones.
//!
//! All are linear, so each backward rule is the transform by the transposed matrix:
//!
//! `fft`: X_k = sum over t of x_t exp(-2 pi i k t / n). Transposed: the same sum with exp(+...).
//! `rfft`: the first n / 2 + 1 values of a real x. Transposed: `irfft` without its 1 / n, on halved inner values.
//! `irfft`: the real x that has these values. Transposed: `rfft` with doubled inner values, over n.

use realfft::FftNum;
use serde::{Deserialize, Serialize};

use super::linalg::outputs;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{to_float, zeros_like};
use crate::autograd::{Value, apply};
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::fourier::{self, Half};
use crate::kernels::real::Real;
use crate::shape::{Dim, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// The last size, which must not be 0.
fn last(who: &str, x: &Spec) -> Result<Dim> {
    match x.dims.last() {
        Some(&n) if n != Some(0) && x.dtype.is_float() => Ok(n),
        _ => Err(Error::value(who)
            .expected("float32 or float64, with at least one number along the last axis")
            .got(x.describe())),
    }
}

/// A real and an imaginary part of one shape and dtype.
fn pair(who: &str, x: &[Spec]) -> Result<Dim> {
    let n = last(who, &x[0])?;
    let agree = |(a, b): (&Dim, &Dim)| a.is_none() || b.is_none() || a == b;
    let same = x[0].rank() == x[1].rank() && x[0].dims.iter().zip(&x[1].dims).all(agree);
    if same && x[0].dtype == x[1].dtype {
        return Ok(n);
    }
    Err(Error::value(who)
        .expected("a real and an imaginary part of one shape and dtype")
        .got(format!("{} and {}", x[0].describe(), x[1].describe())))
}

fn resized(x: &Spec, size: Dim) -> Spec {
    let mut dims = x.dims.clone();
    if let Some(n) = dims.last_mut() {
        *n = size;
    }
    x.with_dims(dims)
}

fn size(x: &View<'_>) -> usize {
    x.shape().last().copied().unwrap_or(1)
}

fn both<'a, 'b>(who: &str, y: &'a mut [ViewMut<'b>]) -> Result<(&'a mut ViewMut<'b>, &'a mut ViewMut<'b>)> {
    match y {
        [re, im] => Ok((re, im)),
        _ => Err(Error::runtime(who)
            .expected("two outputs")
            .got(y.len().to_string())),
    }
}

/// The gradients of a pair of outputs, zeros for one that has none.
fn gradients(pass: &Pass<'_>) -> Result<[Value; 2]> {
    let of = |i: usize| match &pass.grads[i] {
        Some(g) => Ok(g.clone()),
        None => zeros_like(&pass.outputs[i]),
    };
    Ok([of(0)?, of(1)?])
}

/// log2(n) operations a number, as the executor counts work.
fn transform_cost(x: &[Spec], y: &[Spec]) -> usize {
    let numbers = |s: &[Spec]| s.iter().map(|s| s.len().unwrap_or(0)).max().unwrap_or(0);
    numbers(x).max(numbers(y)).saturating_mul(8)
}

/// The transform of a pair, divided by n if `scaled`.
#[derive(Debug, Clone, Copy, Serialize)]
struct Fourier {
    inverse: bool,
    scaled: bool,
}

impl Op for Fourier {
    fn name(&self) -> &'static str {
        if self.inverse { "ifft" } else { "fft" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        pair(self.name(), x)?;
        Ok(smallvec::smallvec![x[0].clone(), x[0].clone()])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        fn run<T: Real + Element + FftNum>(op: Fourier, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
            let n = size(&x[0]);
            let scale = if op.scaled {
                T::ONE / <T as Real>::from_usize(n)
            } else {
                T::ONE
            };
            let (re, im) = both(op.name(), y)?;
            fourier::complex::<T>(
                (x[0].slice(), x[1].slice()),
                (re.slice_mut(), im.slice_mut()),
                n,
                op.inverse,
                scale,
            );
            Ok(())
        }
        float_dispatch!(x[0].dtype(), T => run::<T>(*self, x, y), else => Ok(()))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let [re, im] = gradients(pass)?;
        let transposed = Fourier {
            inverse: !self.inverse,
            ..*self
        };
        let [re, im] = outputs(transposed, &[&re, &im])?;
        Ok(vec![Some(re), Some(im)])
    }

    fn cost(&self, x: &[Spec], y: &[Spec]) -> usize {
        transform_cost(x, y)
    }
}

/// How a real transform is done: over `length` numbers (by default what the input suggests), inner values times
/// `weight`, all over n if `scaled`.
#[derive(Debug, Clone, Copy, Serialize)]
struct Settings {
    length: Option<usize>,
    weight: f64,
    scaled: bool,
}

impl Settings {
    fn half<T: Real>(&self, n: usize) -> Half<T> {
        let n = self.length.unwrap_or(n);
        Half {
            n,
            weight: T::from_f64(self.weight),
            scale: if self.scaled {
                T::ONE / <T as Real>::from_usize(n)
            } else {
                T::ONE
            },
        }
    }
}

/// x to (re, im), of n / 2 + 1 values or as many as the second input has.
#[derive(Debug, Clone, Copy, Serialize)]
struct RealFourier(Settings);

impl Op for RealFourier {
    fn name(&self) -> &'static str {
        "rfft"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let n = last(self.name(), &x[0])?;
        let bins = match x.get(1) {
            Some(like) => last(self.name(), like)?,
            None => self.0.length.or(n).map(|n| n / 2 + 1),
        };
        let y = resized(&x[0], bins);
        Ok(smallvec::smallvec![y.clone(), y])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        fn run<T: Real + Element + FftNum>(
            op: RealFourier,
            x: &[View<'_>],
            y: &mut [ViewMut<'_>],
        ) -> Result<()> {
            let n = size(&x[0]);
            let bins = size(&y[0].as_view());
            let (re, im) = both(op.name(), y)?;
            let to = (re.slice_mut(), im.slice_mut());
            fourier::real::<T>(x[0].slice(), n, to, bins, op.0.half(n));
            Ok(())
        }
        float_dispatch!(x[0].dtype(), T => run::<T>(*self, x, y), else => Ok(()))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let [re, im] = gradients(pass)?;
        let transposed = InverseRealFourier(Settings {
            weight: self.0.weight / 2.0,
            ..self.0
        });
        let dx = apply(transposed, &[&re, &im, &pass.inputs[0]])?;
        Ok([Some(dx), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }

    fn cost(&self, x: &[Spec], y: &[Spec]) -> usize {
        transform_cost(x, y)
    }
}

/// (re, im) to x, of 2 (values - 1) numbers or as many as the third input has.
#[derive(Debug, Clone, Copy, Serialize)]
struct InverseRealFourier(Settings);

impl Op for InverseRealFourier {
    fn name(&self) -> &'static str {
        "irfft"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let bins = pair(self.name(), x)?;
        let n = match x.get(2) {
            Some(like) => last(self.name(), like)?,
            None => self.0.length.or(bins.map(|b| 2 * (b - 1))),
        };
        if n == Some(0) {
            return Err(Error::value(self.name())
                .expected("two values or more along the last axis, or a length")
                .got(show(&x[0].dims))
                .hint("Give `fft_length`"));
        }
        resized(&x[0], n).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        fn run<T: Real + Element + FftNum>(settings: Settings, x: &[View<'_>], y: &mut ViewMut<'_>) {
            let columns = size(&y.as_view());
            fourier::real_inverse::<T>(
                (x[0].slice(), x[1].slice()),
                size(&x[0]),
                y.slice_mut(),
                columns,
                settings.half(columns),
            );
        }
        float_dispatch!(x[0].dtype(), T => run::<T>(self.0, x, &mut y[0]), else => ());
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let transposed = RealFourier(Settings {
            weight: self.0.weight * 2.0,
            ..self.0
        });
        let [re, im] = outputs(transposed, &[pass.grad()?, &pass.inputs[0]])?;
        Ok([Some(re), Some(im), None]
            .into_iter()
            .take(pass.inputs.len())
            .collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }

    fn cost(&self, x: &[Spec], y: &[Spec]) -> usize {
        transform_cost(x, y)
    }
}

/// The transform of (re, im) along the last axis.
pub fn fft(re: &Value, im: &Value) -> Result<[Value; 2]> {
    let op = Fourier {
        inverse: false,
        scaled: false,
    };
    outputs(op, &[re, im])
}

/// The inverse transform, with its 1 / n.
pub fn ifft(re: &Value, im: &Value) -> Result<[Value; 2]> {
    let op = Fourier {
        inverse: true,
        scaled: true,
    };
    outputs(op, &[re, im])
}

/// The first half of the transform of x, cut or padded with zeros to `length`.
pub fn rfft(x: &Value, length: Option<usize>) -> Result<[Value; 2]> {
    let op = RealFourier(Settings {
        length,
        weight: 1.0,
        scaled: false,
    });
    outputs(op, &[&to_float(x)?])
}

/// The real signal of `length` numbers (2 (values - 1) by default) whose transform starts with (re, im).
pub fn irfft(re: &Value, im: &Value, length: Option<usize>) -> Result<Value> {
    let op = InverseRealFourier(Settings {
        length,
        weight: 1.0,
        scaled: true,
    });
    apply(op, &[re, im])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attrs {
    #[serde(default)]
    fft_length: Option<i64>,
}

fn length(who: &str, attrs: &super::op::Attrs) -> Result<Option<usize>> {
    match parse_attrs::<Attrs>(who, attrs)?.fft_length {
        None => Ok(None),
        Some(n @ 1..=0x4000_0000) => Ok(Some(n as usize)),
        Some(n) => Err(Error::value(who)
            .expected("`fft_length` from 1 to 2^30")
            .got(n.to_string())),
    }
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("fft", |x, attrs| {
        super::table::no_attrs("fft", attrs)?;
        let [re, im] = arity("fft", x)?;
        Ok(fft(&re, &im)?.to_vec())
    }),
    ("ifft", |x, attrs| {
        super::table::no_attrs("ifft", attrs)?;
        let [re, im] = arity("ifft", x)?;
        Ok(ifft(&re, &im)?.to_vec())
    }),
    ("rfft", |x, attrs| {
        let [x] = arity("rfft", x)?;
        Ok(rfft(&x, length("rfft", attrs)?)?.to_vec())
    }),
    ("irfft", |x, attrs| {
        let [re, im] = arity("irfft", x)?;
        Ok(vec![irfft(&re, &im, length("irfft", attrs)?)?])
    }),
];

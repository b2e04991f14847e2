//! Padding: a constant, or elements from inside.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::slices::{Cut, slice};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::error::{Error, Result};
use crate::kernels::memory::{fill, row_major, strided};
use crate::shape::{Dim, Dims, Spec, Specs, show};
use crate::sized;
use crate::tensor::{Tensor, View, ViewMut};

/// Elements beyond the border: a constant, or elements from inside.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PadMode {
    Constant,
    Reflect,
    Symmetric,
    Edge,
}

#[derive(Debug, Clone, Serialize)]
struct Pad {
    /// (before, after) for each axis.
    width: Vec<(usize, usize)>,
    mode: PadMode,
    #[serde(serialize_with = "crate::config::any_float")]
    value: f64,
}

impl Pad {
    /// The index inside that stands at index i (counted from the first padded one) of an axis of size n.
    fn source(&self, i: usize, before: usize, n: usize) -> usize {
        let (i, n) = (i as i64 - before as i64, n as i64);
        (match self.mode {
            PadMode::Edge => i.clamp(0, n - 1),
            PadMode::Reflect if n == 1 => 0,
            PadMode::Reflect => {
                let k = i.rem_euclid(2 * (n - 1));
                if k < n { k } else { 2 * (n - 1) - k }
            }
            _ => {
                let k = i.rem_euclid(2 * n);
                if k < n { k } else { 2 * n - 1 - k }
            }
        }) as usize
    }

    /// Calls f(index in y, index in x) for all of y.
    fn each(&self, from: &[usize], to: &[usize], mut f: impl FnMut(usize, usize)) {
        let steps = row_major(from);
        let maps: Vec<Vec<usize>> = (0..to.len())
            .map(|a| {
                (0..to[a])
                    .map(|i| self.source(i, self.width[a].0, from[a]) * steps[a] as usize)
                    .collect()
            })
            .collect();
        for flat in 0..to.iter().product() {
            let (mut rest, mut at) = (flat, 0);
            for a in (0..to.len()).rev() {
                at += maps[a][rest % to[a]];
                rest /= to[a];
            }
            f(flat, at);
        }
    }
}

impl Op for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.width.len() != x[0].rank() {
            return Err(Error::value("pad")
                .expected(format!(
                    "(before, after) for each of the {} axes of {}",
                    x[0].rank(),
                    show(&x[0].dims)
                ))
                .got(format!("{} pairs", self.width.len())));
        }
        let from_nothing = |(d, (b, a)): (&Dim, &(usize, usize))| *d == Some(0) && (*b > 0 || *a > 0);
        if self.mode != PadMode::Constant && x[0].dims.iter().zip(&self.width).any(from_nothing) {
            return Err(Error::value("pad")
                .expected("at least one element to pad from")
                .got(show(&x[0].dims)));
        }
        let dims: Dims = x[0]
            .dims
            .iter()
            .zip(&self.width)
            .map(|(d, &(b, a))| {
                // The border alone must be countable too: a size that is not known yet is added to it later.
                let padded = b.checked_add(a).and_then(|w| w.checked_add(d.unwrap_or(0)));
                match padded.filter(|n| isize::try_from(*n).is_ok()) {
                    Some(n) => Ok(d.map(|_| n)),
                    None => Err(Error::value("pad")
                        .expected("a padded size below 2^63")
                        .got(format!("({b}, {a}) around an axis of {}", show(&x[0].dims)))
                        .hint("Pad by less")),
                }
            })
            .collect::<Result<_>>()?;
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (from, to) = (x[0].shape(), y[0].shape());
        if self.mode == PadMode::Constant {
            let one = Tensor::scalar_of(x[0].dtype(), self.value)?;
            let steps = row_major(to);
            let start: isize = steps
                .iter()
                .zip(&self.width)
                .map(|(s, (b, _))| s * *b as isize)
                .sum();
            let n = y[0].len();
            sized!(x[0].dtype().size(), T => {
                // SAFETY: n elements; then x laid inside the border.
                unsafe {
                    fill::<T>(y[0].as_mut_ptr().cast(), n, *one.view().as_ptr().cast::<T>());
                    if !x[0].is_empty() {
                        strided::<T>(from, x[0].as_ptr().cast(), &row_major(from), y[0].as_mut_ptr().cast::<T>().offset(start), &steps);
                    }
                }
            });
        } else {
            dispatch!(x[0].dtype(), T => {
                let (x, y) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
                self.each(from, to, |i, k| y[i] = x[k]);
            });
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = pass.grad()?;
        if self.mode != PadMode::Constant {
            return Ok(vec![Some(apply(
                PadGradient(self.clone()),
                &[g, &pass.inputs[0]],
            )?)]);
        }
        let cut = |&(before, after): &(usize, usize)| Cut {
            begin: (before > 0).then_some(before as i64),
            end: (after > 0).then_some(-(after as i64)),
            stride: 1,
        };
        Ok(vec![Some(slice(g, self.width.iter().map(cut).collect())?)])
    }
}

/// The adjoint of a pad that repeats elements: each adds up what its copies receive.
#[derive(Debug, Clone, Serialize)]
struct PadGradient(Pad);

impl Op for PadGradient {
    fn name(&self) -> &'static str {
        "pad_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (from, to) = (y[0].shape(), x[0].shape());
        crate::float_dispatch!(x[0].dtype(), T => {
            let (g, dx) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            dx.fill(0.0);
            self.0.each(from, to, |i, k| dx[k] += g[i]);
            Ok(())
        }, else => Err(Error::type_error("pad").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(self.0.clone(), &[pass.grad()?])?), None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn pad(x: &Value, width: &[(usize, usize)], mode: PadMode, value: f64) -> Result<Value> {
    apply(
        Pad {
            width: width.to_vec(),
            mode,
            value,
        },
        &[x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PadAttrs {
    pad_width: Vec<(usize, usize)>,
    #[serde(default = "constant")]
    mode: PadMode,
    #[serde(default, deserialize_with = "crate::config::read_any_float")]
    constant_values: f64,
}

fn constant() -> PadMode {
    PadMode::Constant
}

pub(super) const OPS: &[(&str, OpFn)] = &[("pad", |x, attrs: &Attrs| {
    let [x] = arity("pad", x)?;
    let p: PadAttrs = parse_attrs("pad", attrs)?;
    Ok(vec![pad(&x, &p.pad_width, p.mode, p.constant_values)?])
})];

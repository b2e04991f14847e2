//! Gradients of reductions: what comes for a result, spread over all that it was made of.

use serde::Serialize;
use smallvec::SmallVec;

use super::op::{Op, Pass, Role, Run};
use super::recurrence::others_gradient;
use super::reduce::{Kind, Reduce};
use super::{reshape_like, reshape_tail, transpose};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::math::Math;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Spread(g, x): g repeated along the axes that were reduced in x, divided by their count for a mean. Looks at the
/// shape of x alone. The adjoint of sum and mean, as they are of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Spread {
    pub(super) of: Reduce,
    pub(super) mean: bool,
}

impl Op for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = y[0].shape();
        let flags = self.of.axes.flags("spread", shape.len())?;
        let count: usize = shape
            .iter()
            .zip(&flags)
            .filter(|(_, f)| **f)
            .map(|(n, _)| n)
            .product();
        float_dispatch!(x[0].dtype(), T => {
            let scale = if self.mean { 1.0 / count.max(1) as T } else { 1.0 };
            repeat(x[0].slice::<T>(), shape, &flags, scale, y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(Error::type_error("spread").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let kind = if self.mean { Kind::Mean } else { Kind::Sum };
        Ok(vec![
            Some(apply(
                Reduce {
                    kind,
                    ..self.of.clone()
                },
                &[pass.grad()?],
            )?),
            None,
        ])
    }

    fn role(&self) -> Role {
        if self.of.over_sequence() {
            Role::Repeat { mean: self.mean }
        } else {
            Role::Other
        }
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// out[.., r, ..] = x[..] * scale for every index r along the flagged axes.
fn repeat<T: Math>(x: &[T], shape: &[usize], flags: &[bool], scale: T, out: &mut [T]) {
    if out.is_empty() {
        return;
    }
    // The trailing stretch, kept or repeated, goes in one piece.
    let tail_gone = flags.last().copied().unwrap_or(false);
    let mut cut = shape.len();
    while cut > 0 && flags[cut - 1] == tail_gone {
        cut -= 1;
    }
    let piece: usize = shape[cut..].iter().product();
    let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, cut);
    let mut strides: SmallVec<[usize; 6]> = SmallVec::from_elem(0, cut);
    let mut stride = if tail_gone { 1 } else { piece };
    for a in (0..cut).rev() {
        if !flags[a] {
            strides[a] = stride;
            stride *= shape[a];
        }
    }
    let mut from = 0;
    for piece_out in out.chunks_exact_mut(piece) {
        if tail_gone {
            piece_out.fill(x[from] * scale);
        } else {
            piece_out
                .iter_mut()
                .zip(&x[from..from + piece])
                .for_each(|(o, v)| *o = *v * scale);
        }
        for a in (0..cut).rev() {
            index[a] += 1;
            from += strides[a];
            if index[a] < shape[a] {
                break;
            }
            from -= strides[a] * shape[a];
            index[a] = 0;
        }
    }
}

/// The product of all other elements along the reduced axes: d prod / dx, right also where elements are 0.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Others(pub(super) Reduce);

impl Op for Others {
    fn name(&self) -> &'static str {
        "prod_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = x[0].shape();
        let flags = self.0.axes.flags("prod", shape.len())?;
        float_dispatch!(x[0].dtype(), T => {
            let (x, n) = (x[0].slice::<T>(), x[0].len());
            // The group of an element: its index along the kept axes.
            let group = |i: usize| {
                let (mut rest, mut at, mut stride) = (i, 0, 1);
                for a in (0..shape.len()).rev() {
                    let k = rest % shape[a];
                    rest /= shape[a];
                    if !flags[a] {
                        at += k * stride;
                        stride *= shape[a];
                    }
                }
                at
            };
            let groups: usize = shape.iter().zip(&flags).filter(|(_, f)| !**f).map(|(n, _)| n).product();
            // (product of the elements that are not 0, how many are)
            let mut products: Vec<(T, usize)> = vec![(1.0, 0); groups];
            for i in 0..n {
                let p = &mut products[group(i)];
                if x[i] == 0.0 { p.1 += 1 } else { p.0 *= x[i] }
            }
            for (i, out) in y[0].slice_mut::<T>().iter_mut().enumerate() {
                let (product, zeros) = products[group(i)];
                *out = match (zeros, x[i] == 0.0) {
                    (0, _) => product / x[i],
                    (1, true) => product,
                    _ => 0.0,
                };
            }
            Ok(())
        }, else => Err(Error::type_error("prod").expected("floats").got(x[0].dtype().name())))
    }

    // The same numbers as products of running products, whose derivatives are right to any order, also at zeros.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, h) = (&pass.inputs[0], pass.grad()?);
        let flags = self.0.axes.flags("prod", x.rank())?;
        let kept = (0..x.rank()).filter(|&a| !flags[a]);
        let order: Vec<i64> = kept
            .chain((0..x.rank()).filter(|&a| flags[a]))
            .map(|a| a as i64)
            .collect();
        let keep = flags.iter().filter(|f| !**f).count();
        let flat = |v: &Value| reshape_tail(&transpose(v, Some(&order))?, keep, &[-1]);
        let g = others_gradient(&flat(x)?, &flat(h)?)?;
        let mut back: Vec<i64> = vec![0; order.len()];
        for (to, &from) in order.iter().enumerate() {
            back[from as usize] = to as i64;
        }
        let moved = transpose(x, Some(&order))?;
        Ok(vec![Some(transpose(&reshape_like(&g, &moved)?, Some(&back))?)])
    }
}

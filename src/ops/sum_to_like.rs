//! The adjoint of broadcasting.

use serde::Serialize;
use smallvec::SmallVec;

use super::op::{Op, Pass, Run};
use super::reduce::{fold_axes, passes};
use super::{add, zeros_like};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::reduce::Fold;
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// Sums a gradient over the axes along which `like` was broadcast to its shape. Looks at the shape of `like` alone.
#[derive(Debug, Serialize)]
struct SumToLike;

/// The axes of `shape` that `to`, aligned right, does not have or has as 1.
fn broadcast_flags(shape: &[usize], to: &[usize]) -> SmallVec<[bool; 6]> {
    let lead = shape.len() - to.len();
    (0..shape.len())
        .map(|a| a < lead || (to[a - lead] == 1 && shape[a] != 1))
        .collect()
}

impl Op for SumToLike {
    fn name(&self) -> &'static str {
        "sum_to_like"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (from, to) = (&x[0].dims, &x[1].dims);
        let fits = from.len() >= to.len()
            && to
                .iter()
                .zip(&from[from.len() - to.len()..])
                .all(|(t, f)| *t == Some(1) || t.is_none() || f.is_none() || t == f);
        if !fits {
            return Err(Error::value("sum_to_like")
                .expected("a second shape that broadcasts to the first")
                .got(format!("{} and {}", show(from), show(to))));
        }
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let passes = passes(x[0].shape(), &broadcast_flags(x[0].shape(), y[0].shape()));
        float_dispatch!(x[0].dtype(), T => {
            fold_axes(Fold::Sum, run, &passes, x[0].slice::<T>(), y[0].slice_mut::<T>());
            Ok(())
        }, else => Err(Error::type_error("sum_to_like").expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        // x + 0 g of x's shape: broadcasting is addition's own.
        Ok(vec![
            Some(add(pass.grad()?, &zeros_like(&pass.inputs[0])?)?),
            None,
        ])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn sum_to_like(x: &Value, like: &Value) -> Result<Value> {
    apply(SumToLike, &[x, like])
}

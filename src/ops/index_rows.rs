//! Rows read at indices of each sample's own.
//!
//! y[n, j, :] = x[n, index[n, j], :]; dx[n, i, :] = sum of g[n, j, :] over index[n, j] = i

use serde::Serialize;

use super::index::{as_bits, as_bits_mut, check_integers, places};
use super::matmul::{agree, float_only};
use super::op::{Op, OpFn, Pass, Run, arity};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::index::{add_at, take};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};
use crate::{dispatch, float_dispatch, sized};

#[derive(Debug, Clone, Copy, Serialize)]
struct TakeRows;

impl Op for TakeRows {
    fn name(&self) -> &'static str {
        "take_rows"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_integers(self.name(), &x[1])?;
        if x[0].rank() != 3 || x[1].rank() != 2 || !agree(x[0].dims[0], x[1].dims[0]) {
            return Err(Error::value(self.name())
                .expected("rows (batch, rows, width) and indices (batch, count)")
                .got(format!(
                    "rows {} and indices {}",
                    show(&x[0].dims),
                    show(&x[1].dims)
                )));
        }
        let batch = x[0].dims[0].or(x[1].dims[0]);
        x[0].with_dims([batch, x[1].dims[1], x[0].dims[2]]).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (rows, width, count) = (x[0].shape()[1], x[0].shape()[2], x[1].shape()[1]);
        let index = places(self.name(), run, &x[1], rows)?;
        if y[0].is_empty() {
            return Ok(());
        }
        dispatch!(x[0].dtype(), T => {
            let (from, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            sized!(size_of::<T>(), U => {
                // SAFETY: U has the size of T, its alignment or less, and every bit pattern.
                let (from, to) = unsafe { (as_bits::<T, U>(from), as_bits_mut::<T, U>(to)) };
                for ((from, to), index) in from
                    .chunks_exact(rows * width)
                    .zip(to.chunks_exact_mut(count * width))
                    .zip(index.chunks_exact(count))
                {
                    take(from, [1, rows, width], index, to);
                }
            });
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, index) = (&pass.inputs[0], &pass.inputs[1]);
        Ok(vec![Some(apply(AddRows, &[pass.grad()?, index, x])?), None])
    }
}

/// The adjoint of `TakeRows`, in the shape of the third input.
#[derive(Debug, Clone, Copy, Serialize)]
struct AddRows;

impl Op for AddRows {
    fn name(&self) -> &'static str {
        "add_rows"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[2].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (rows, width, count) = (y[0].shape()[1], y[0].shape()[2], x[1].shape()[1]);
        let index = places(self.name(), run, &x[1], rows)?;
        if y[0].is_empty() {
            return Ok(());
        }
        float_dispatch!(x[0].dtype(), T => {
            let (g, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            for (n, to) in to.chunks_exact_mut(rows * width).enumerate() {
                let g = &g[n * count * width..][..count * width];
                add_at(g, [1, rows, width], &index[n * count..][..count], to);
            }
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = apply(TakeRows, &[pass.grad()?, &pass.inputs[1]])?;
        Ok(vec![Some(g), None, None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }
}

/// Rows of x (batch, rows, width) at the indices (batch, count) of each sample.
pub fn take_rows(x: &Value, index: &Value) -> Result<Value> {
    apply(TakeRows, &[x, index])
}

pub const OPS: &[(&str, OpFn)] = &[("take_rows", |x, _| {
    let [x, index] = arity("take_rows", x)?;
    Ok(vec![take_rows(&x, &index)?])
})];

//! The mean of rows of a table that an index names, and its gradient: what an embedding and the average over its
//! sequence become when they are computed together. Made when a trace is frozen, after gradients were taken.
//!
//! y[b, :] = mean over j of table[index[b, j], :];   dtable[i, :] = sum of g[b, :] / n over index[b, j] = i

use serde::Serialize;

use super::index::check_places;
use super::matmul::float_only;
use super::op::{Op, Run};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::embedding_bag as kernel;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Calls the body with the indices as a slice of their own type.
macro_rules! indices {
    ($index:expr, $who:expr, $i:ident => $body:expr) => {
        match $index.dtype() {
            DType::I32 => {
                let $i = $index.slice::<i32>();
                $body
            }
            DType::I64 => {
                let $i = $index.slice::<i64>();
                $body
            }
            DType::U8 => {
                let $i = $index.slice::<u8>();
                $body
            }
            other => Err(Error::type_error($who)
                .expected("integer indices")
                .got(other.name())),
        }
    };
}

/// Inputs table (rows, width), index (batch, n); output (batch, width).
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct MeanOfRows;

impl Op for MeanOfRows {
    fn name(&self) -> &'static str {
        "embedding_mean"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dims([x[1].dims[0], x[0].dims[1]]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (rows, width, count) = (x[0].shape()[0], x[0].shape()[1], x[1].shape()[1]);
        float_dispatch!(x[0].dtype(), T => indices!(x[1], self.name(), index => {
            check_places("embedding", index, rows)?;
            kernel::mean(x[0].slice::<T>(), width, index, count, y[0].slice_mut());
            Ok(())
        }), else => Err(float_only(self.name(), x[0].dtype())))
    }
}

/// Inputs g (batch, width), index (batch, n), and the table for its shape; output like the table.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct AddRepeatedAt {
    /// Whether g is divided by n.
    pub mean: bool,
}

impl Op for AddRepeatedAt {
    fn name(&self) -> &'static str {
        "embedding_mean_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[2].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let count = x[1].shape()[1];
        float_dispatch!(x[0].dtype(), T => {
            let scale = if self.mean { 1.0 / count.max(1) as T } else { 1.0 };
            add_at::<T>(run, x[0].slice(), count, scale, &x[1], &mut y[0])
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }
}

/// y = sums of rows of g by index; each row of g serves `repeat` indices.
pub(super) fn add_at<T: crate::kernels::math::Math + crate::dtype::Element>(
    run: &mut Run,
    g: &[T],
    repeat: usize,
    scale: T,
    index: &View<'_>,
    y: &mut ViewMut<'_>,
) -> Result<()> {
    let (rows, width) = (y.shape()[0], y.shape()[1]);
    let tables = kernel::tables(index.len() * width, rows * width);
    let scratch = run.scratch::<T>((tables - 1) * rows * width);
    indices!(index, "embedding", index => {
        check_places("embedding", index, rows)?;
        kernel::add_at(g, repeat, scale, width, index, y.slice_mut(), scratch);
        Ok(())
    })
}

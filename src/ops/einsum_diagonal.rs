//! The diagonal of two axes, which an operand of einsum with a repeated label is read along.

use serde::Serialize;

use super::op::{Op, Pass, Run};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::memory::{Steps, fill, row_major, strided};
use crate::shape::{Spec, Specs, show_shape};
use crate::sized;
use crate::tensor::{View, ViewMut};

/// y[.., i, ..] = x[.., i, .., i, ..]: axis `second` goes, axis `first` is the diagonal of both; dx = g on the diagonal.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Diagonal {
    pub(super) first: usize,
    pub(super) second: usize,
}

impl Diagonal {
    /// Steps through an array of this shape along its diagonal.
    fn steps(self, shape: &[usize]) -> Steps {
        let mut steps = row_major(shape);
        let step = steps.remove(self.second);
        steps[self.first] += step;
        steps
    }
}

impl Op for Diagonal {
    fn name(&self) -> &'static str {
        "diagonal_of_axes"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        let (a, b) = (dims[self.first], dims.remove(self.second));
        dims[self.first] = a.or(b);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (shape, from) = (y[0].shape(), self.steps(x[0].shape()));
        // Here and not in the shape rule: of symbolic operands only the labels are looked at, as in Keras.
        if x[0].shape()[self.first] != x[0].shape()[self.second] {
            return Err(Error::value("einsum")
                .expected("axes of one label to have one size")
                .got(show_shape(x[0].shape())));
        }
        sized!(x[0].dtype().size(), T => {
            // SAFETY: both steps of the diagonal stay inside x; y is covered once.
            unsafe { strided::<T>(shape, x[0].as_ptr().cast(), &from, y[0].as_mut_ptr().cast(), &row_major(shape)) }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(
            OnDiagonal(*self),
            &[pass.grad()?, &pass.inputs[0]],
        )?)])
    }
}

/// Zeros in the shape of the second input, with the first laid on the diagonal: the adjoint of `Diagonal`.
#[derive(Debug, Clone, Copy, Serialize)]
struct OnDiagonal(Diagonal);

impl Op for OnDiagonal {
    fn name(&self) -> &'static str {
        "on_diagonal_of_axes"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (to, n) = (self.0.steps(y[0].shape()), y[0].len());
        sized!(x[0].dtype().size(), T => {
            // SAFETY: n elements; then places on the diagonal of y, each once.
            unsafe {
                fill::<T>(y[0].as_mut_ptr().cast(), n, 0);
                strided::<T>(x[0].shape(), x[0].as_ptr().cast(), &row_major(x[0].shape()), y[0].as_mut_ptr().cast(), &to);
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(self.0, &[pass.grad()?])?), None])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

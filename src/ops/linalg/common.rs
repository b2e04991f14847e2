//! What all linear algebra shares: shape rules for batches of matrices, the way to and from double precision, and the
//! loop over the batch.

use crate::autograd::{Value, apply_many};
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::parallel::{Disjoint, fold_ranges};
use crate::kernels::real::Real;
use crate::ops::{Op, matmul_of, swapaxes, to_float};
use crate::shape::{Dim, Dims, Spec, show, show_shape};
use crate::tensor::{View, ViewMut};

/// (batch, rows, columns) of a matrix or a batch of them.
pub fn matrices(who: &str, x: &Spec) -> Result<(Dims, Dim, Dim)> {
    if !x.dtype.is_float() {
        return Err(Error::type_error(who)
            .expected("float32 or float64")
            .got(x.dtype.name())
            .hint("Cast the input"));
    }
    match x.dims.as_slice() {
        [batch @ .., m, n] => Ok((batch.into(), *m, *n)),
        _ => Err(Error::value(who)
            .expected("matrices, shape (..., M, N), so a rank of at least 2")
            .got(format!("shape {}", show(&x.dims)))),
    }
}

/// (batch, size) of square matrices.
pub fn square(who: &str, x: &Spec) -> Result<(Dims, Dim)> {
    let (batch, m, n) = matrices(who, x)?;
    if m == n {
        return Ok((batch, m));
    }
    Err(Error::value(who)
        .expected("square matrices, shape (..., M, M)")
        .got(format!("shape {}", show(&x.dims))))
}

/// Dimensions of a batch and of what follows it.
pub fn dims(batch: &[Dim], rest: &[Dim]) -> Dims {
    batch.iter().chain(rest).copied().collect()
}

/// The last two sizes of a concrete shape.
pub fn sizes(x: &View<'_>) -> (usize, usize) {
    let shape = x.shape();
    (shape[shape.len() - 2], shape[shape.len() - 1])
}

/// The number of matrices in a batch.
pub fn batch(x: &View<'_>) -> usize {
    let shape = x.shape();
    shape[..shape.len() - 2].iter().product()
}

/// The elements in double precision.
pub fn widen(x: &View<'_>) -> Vec<f64> {
    fn all<T: Real + Element>(x: &[T]) -> Vec<f64> {
        x.iter().map(|v| v.to_f64()).collect()
    }
    float_dispatch!(x.dtype(), T => all(x.slice::<T>()), else => Vec::new())
}

/// Writes numbers in double precision as what the tensor holds.
pub fn narrow(from: &[f64], y: &mut ViewMut<'_>) {
    fn all<T: Real + Element>(from: &[f64], y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(from) {
            *y = T::from_f64(x);
        }
    }
    float_dispatch!(y.dtype(), T => all(from, y.slice_mut::<T>()), else => ());
}

/// Results in the making: a part of `size` numbers for each matrix.
pub struct Parts<'a> {
    data: Disjoint<'a, f64>,
    size: usize,
}

impl<'a> Parts<'a> {
    pub fn new(data: &'a mut [f64], size: usize) -> Self {
        Self {
            data: Disjoint::new(data),
            size,
        }
    }

    /// Writes the part of matrix `i`, from inside [`each`]'s call for that matrix.
    pub fn write(&self, i: usize, from: &[f64]) {
        // SAFETY: `each` handles a matrix once, and this borrow ends here.
        unsafe { self.data.slice(i * self.size..(i + 1) * self.size) }.copy_from_slice(from);
    }
}

/// Calls `f` for the matrices 0..count, in parallel where `work` (multiply-adds for one) makes that worth it. Of several
/// errors the one of the first matrix is returned.
pub fn each(count: usize, work: usize, f: impl Fn(usize) -> Result<()> + Sync) -> Result<()> {
    let grain = (1 << 15) / work.clamp(1, 1 << 15);
    fold_ranges(count, grain, |mut range| range.try_for_each(&f), Result::and).unwrap_or(Ok(()))
}

/// " (matrix 3 of the batch)", or nothing where there is one matrix only.
pub fn which(x: &View<'_>, i: usize) -> String {
    if x.shape().len() == 2 {
        String::new()
    } else {
        format!(" (matrix {i} of a batch of shape {})", show_shape(x.shape()))
    }
}

/// An error for a matrix that has no inverse; `pivot` is where elimination met a zero.
pub fn singular(who: &str, x: &View<'_>, i: usize, pivot: usize) -> Error {
    Error::value(who)
        .expected("matrices that have an inverse")
        .got(format!("a singular one: pivot {pivot} is 0{}", which(x, i)))
        .hint("pinv and lstsq work for any matrix")
}

/// Multiply-adds of the usual cubic algorithms, as the executor counts work.
pub fn cubic(x: &Spec) -> usize {
    let size = |back: usize| x.rank().checked_sub(back).and_then(|a| x.dims[a]).unwrap_or(1);
    x.len().unwrap_or(0).saturating_mul(size(1).min(size(2))) / 4
}

/// An op's outputs, as many as expected.
pub fn outputs<const N: usize>(op: impl Op + 'static, inputs: &[&Value]) -> Result<[Value; N]> {
    let name = op.name();
    let y = apply_many(std::sync::Arc::new(op), inputs)?;
    <[Value; N]>::try_from(y.to_vec()).map_err(|y| {
        Error::runtime(name)
            .expected(format!("{N} outputs"))
            .got(y.len().to_string())
    })
}

/// Inputs as floats of one dtype: float64 if one of them is.
pub fn floats<const N: usize>(x: [&Value; N]) -> Result<[Value; N]> {
    let mut y = x.map(Clone::clone);
    for v in &mut y {
        *v = to_float(v)?;
    }
    if let Some(wide) = y.iter().map(Value::dtype).find(|d| d.size() == 8) {
        for v in &mut y {
            if v.dtype() != wide {
                *v = crate::ops::cast(v, wide)?;
            }
        }
    }
    Ok(y)
}

/// X^T of the last two axes.
pub fn t(x: &Value) -> Result<Value> {
    swapaxes(x, -1, -2)
}

/// A B, A^T B and A B^T.
pub fn ab(a: &Value, b: &Value) -> Result<Value> {
    matmul_of(a, b, false, false)
}

pub fn atb(a: &Value, b: &Value) -> Result<Value> {
    matmul_of(a, b, true, false)
}

pub fn abt(a: &Value, b: &Value) -> Result<Value> {
    matmul_of(a, b, false, true)
}

/// A diag(w) and diag(w) A
pub fn columns_times(a: &Value, w: &Value) -> Result<Value> {
    crate::ops::multiply(a, &crate::ops::expand_dims(w, -2)?)
}

pub fn rows_times(w: &Value, a: &Value) -> Result<Value> {
    crate::ops::multiply(&crate::ops::expand_dims(w, -1)?, a)
}

/// (X + X^T) / 2
pub fn symmetric_part(x: &Value) -> Result<Value> {
    crate::ops::multiply(&crate::ops::add(x, &t(x)?)?, &x.like(0.5)?)
}

/// The sum of those that are there.
pub fn total(terms: [Option<Value>; 4]) -> Result<Option<Value>> {
    terms
        .into_iter()
        .flatten()
        .try_fold(None, |sum: Option<Value>, v| {
            Ok(Some(match sum {
                Some(sum) => crate::ops::add(&sum, &v)?,
                None => v,
            }))
        })
}

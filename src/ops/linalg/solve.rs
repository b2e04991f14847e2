//! solve: op(A) X = B, and inv: A^-1, by elimination with row exchanges. A singular matrix is an error.

use serde::Serialize;

use super::common::{
    Parts, abt, batch, cubic, dims, each, floats, matrices, narrow, singular, sizes, square, t, widen,
};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::linalg::Lu;
use crate::ops::op::{Op, OpFn, Pass, Run, arity};
use crate::ops::table::no_attrs;
use crate::ops::{Axes, expand_dims, matmul::source, negative, squeeze, to_float};
use crate::shape::{Shape, Spec, Specs, broadcast, show};
use crate::tensor::{View, ViewMut};

/// The shape rule of A X = B with matrices B: batches are broadcast.
pub fn system(who: &str, a: &Spec, b: &Spec) -> Result<Specs> {
    let (batch_a, n) = square(who, a)?;
    let (batch_b, m, columns) = matrices(who, b)?;
    if n != m {
        return Err(Error::value(who)
            .expected("as many rows in `b` as in `a`")
            .got(format!("shapes {} and {}", show(&a.dims), show(&b.dims))));
    }
    a.with_dims(dims(&broadcast(who, &batch_a, &batch_b)?, &[m, columns]))
        .one()
}

/// B as a batch of matrices: if it has one axis less than A, it holds a vector for each matrix.
pub fn as_matrix(who: &str, a: &Value, b: &Value) -> Result<Value> {
    if b.rank() == 0 {
        return Err(Error::value(who)
            .expected("vectors, shape (..., M), or matrices, shape (..., M, N), in `b`")
            .got("a scalar"));
    }
    if b.rank() + 1 == a.rank() {
        expand_dims(b, -1)
    } else {
        Ok(b.clone())
    }
}

/// The solution in the form in which B was given.
pub fn from_matrix(a: &Value, b: &Value, y: Value) -> Result<Value> {
    if b.rank() + 1 == a.rank() {
        squeeze(&y, Axes::One(-1))
    } else {
        Ok(y)
    }
}

/// Which matrices of A and B belong to a matrix of the result.
#[derive(Debug)]
pub struct Batches {
    a: Shape,
    b: Shape,
    y: Shape,
}

impl Batches {
    pub fn new(a: &View<'_>, b: &View<'_>, y: &[usize]) -> Self {
        let lead = |shape: &[usize]| Shape::from(&shape[..shape.len() - 2]);
        Self {
            a: lead(a.shape()),
            b: lead(b.shape()),
            y: lead(y),
        }
    }

    pub fn at(&self, i: usize) -> (usize, usize) {
        (source(i, &self.y, &self.a), source(i, &self.y, &self.b))
    }
}

/// op(A) X = B.
#[derive(Debug, Clone, Copy, Serialize)]
struct Solve {
    transposed: bool,
}

impl Op for Solve {
    fn name(&self) -> &'static str {
        "solve"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        system(self.name(), &x[0], &x[1])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, columns) = sizes(&x[1]);
        let (a, b) = (widen(&x[0]), widen(&x[1]));
        let batches = Batches::new(&x[0], &x[1], y[0].shape());
        let mut all = vec![0.0; y[0].len()];
        let parts = Parts::new(&mut all, n * columns);
        each(batch(&y[0].as_view()), n * n * (n / 3 + columns), |i| {
            let (at_a, at_b) = batches.at(i);
            let mut own = b[at_b * n * columns..(at_b + 1) * n * columns].to_vec();
            Lu::new(a[at_a * n * n..(at_a + 1) * n * n].to_vec(), n, n)
                .solve(&mut own, columns, self.transposed)
                .map_err(|pivot| singular(self.name(), &x[0], at_a, pivot))?;
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dB solves op(A)^T dB = dX; d op(A) = -dB X^T
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, x) = (&pass.inputs[0], &pass.outputs[0]);
        let db = apply(
            Solve {
                transposed: !self.transposed,
            },
            &[a, pass.grad()?],
        )?;
        let da = match (pass.needs[0], self.transposed) {
            (false, _) => None,
            (true, false) => Some(negative(&abt(&db, x)?)?),
            (true, true) => Some(negative(&abt(x, &db)?)?),
        };
        Ok(vec![da, Some(db)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]) + cubic(&x[1])
    }
}

/// X with A X = B; B holds matrices, or vectors if it has one axis less than A.
pub fn solve(a: &Value, b: &Value) -> Result<Value> {
    let [a, b] = floats([a, b])?;
    let y = apply(Solve { transposed: false }, &[&a, &as_matrix("solve", &a, &b)?])?;
    from_matrix(&a, &b, y)
}

/// Y = A^-1
#[derive(Debug, Clone, Copy, Serialize)]
struct Inverse;

impl Op for Inverse {
    fn name(&self) -> &'static str {
        "inv"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        square(self.name(), &x[0])?;
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let mut all = vec![0.0; a.len()];
        let parts = Parts::new(&mut all, n * n);
        each(batch(&x[0]), n * n * n, |i| {
            let own = Lu::new(a[i * n * n..(i + 1) * n * n].to_vec(), n, n)
                .inverse()
                .map_err(|pivot| singular(self.name(), &x[0], i, pivot))?;
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dA = -Y^T dY Y^T
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let y = t(&pass.outputs[0])?;
        let product = super::common::ab(&super::common::ab(&y, pass.grad()?)?, &y)?;
        Ok(vec![Some(negative(&product)?)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0])
    }
}

/// A^-1
pub fn inv(x: &Value) -> Result<Value> {
    apply(Inverse, &[&to_float(x)?])
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("solve", |x, attrs| {
        no_attrs("solve", attrs)?;
        let [a, b] = arity("solve", x)?;
        Ok(vec![solve(&a, &b)?])
    }),
    ("inv", |x, attrs| {
        no_attrs("inv", attrs)?;
        let [x] = arity("inv", x)?;
        Ok(vec![inv(&x)?])
    }),
];

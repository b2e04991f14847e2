//! det A, and slogdet: its sign and the logarithm of its magnitude, by elimination.

use serde::Serialize;

use super::common::{Parts, ab, abt, batch, cubic, each, narrow, outputs, sizes, square, t, widen};
use super::solve::inv;
use crate::autograd::{Value, apply};
use crate::error::Result;
use crate::kernels::linalg::{Lu, svd};
use crate::ops::op::{Op, OpFn, Pass, Run, arity};
use crate::ops::table::no_attrs;
use crate::ops::{Axes, expand_dims, multiply, subtract, sum, to_float};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct Det;

impl Op for Det {
    fn name(&self) -> &'static str {
        "det"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, _) = square(self.name(), &x[0])?;
        x[0].with_dims(batch).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let mut all = vec![0.0; y[0].len()];
        let parts = Parts::new(&mut all, 1);
        each(batch(&x[0]), n * n * n / 3, |i| {
            let lu = Lu::new(a[i * n * n..(i + 1) * n * n].to_vec(), n, n);
            parts.write(i, &[lu.determinant()]);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dA = dy cof(A)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = expand_dims(&expand_dims(pass.grad()?, -1)?, -1)?;
        Ok(vec![Some(multiply(&g, &apply(Cofactors, &[&pass.inputs[0]])?)?)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0])
    }
}

/// C = det(A) A^-T, which exists for singular A too: with A = U diag(s) V^T it is
/// det(U) det(V) U diag(c) V^T, where c_i is the product of all s but s_i.
#[derive(Debug, Clone, Copy, Serialize)]
struct Cofactors;

impl Op for Cofactors {
    fn name(&self) -> &'static str {
        "cofactors"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        square(self.name(), &x[0])?;
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let mut all = vec![0.0; a.len()];
        let parts = Parts::new(&mut all, n * n);
        each(batch(&x[0]), 20 * n * n * n, |i| {
            let s = svd(&a[i * n * n..(i + 1) * n * n], n, n, true);
            let sign = |q: &[f64]| Lu::new(q.to_vec(), n, n).sign_and_log().0;
            let sign = sign(&s.u) * sign(&s.v_transposed);
            let mut own = vec![0.0; n * n];
            for k in 0..n {
                let others: f64 = (0..n).filter(|&j| j != k).map(|j| s.values[j]).product();
                for (p, own) in own.iter_mut().enumerate() {
                    *own += sign * others * s.u[p / n * n + k] * s.v_transposed[k * n + p % n];
                }
            }
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dA = (dC . C) B - C dC^T B with B = A^-T: the second derivative needs an A that has an inverse.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (c, g) = (&pass.outputs[0], pass.grad()?);
        let b = t(&inv(&pass.inputs[0])?)?;
        let along = sum(&multiply(g, c)?, Axes::Some(vec![-2, -1]), true)?;
        let da = subtract(&multiply(&along, &b)?, &ab(&abt(c, g)?, &b)?)?;
        Ok(vec![Some(da)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(20)
    }
}

/// det A
pub fn det(x: &Value) -> Result<Value> {
    apply(Det, &[&to_float(x)?])
}

#[derive(Debug, Clone, Copy, Serialize)]
struct SignAndLog;

impl Op for SignAndLog {
    fn name(&self) -> &'static str {
        "slogdet"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, _) = square(self.name(), &x[0])?;
        let y = x[0].with_dims(batch);
        Ok(smallvec::smallvec![y.clone(), y])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let (mut signs, mut logs) = (vec![0.0; y[0].len()], vec![0.0; y[0].len()]);
        let parts = (Parts::new(&mut signs, 1), Parts::new(&mut logs, 1));
        each(batch(&x[0]), n * n * n / 3, |i| {
            let (sign, log) = Lu::new(a[i * n * n..(i + 1) * n * n].to_vec(), n, n).sign_and_log();
            parts.0.write(i, &[sign]);
            parts.1.write(i, &[log]);
            Ok(())
        })?;
        narrow(&signs, &mut y[0]);
        narrow(&logs, &mut y[1]);
        Ok(())
    }

    /// d ln |det A| / dA = A^-T; the sign is flat.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let Some(g) = &pass.grads[1] else {
            return Ok(vec![None]);
        };
        let g = expand_dims(&expand_dims(g, -1)?, -1)?;
        Ok(vec![Some(multiply(&g, &t(&inv(&pass.inputs[0])?)?)?)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0])
    }
}

/// The sign of det A (0 if A is singular) and ln |det A|.
pub fn slogdet(x: &Value) -> Result<[Value; 2]> {
    outputs(SignAndLog, &[&to_float(x)?])
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("det", |x, attrs| {
        no_attrs("det", attrs)?;
        let [x] = arity("det", x)?;
        Ok(vec![det(&x)?])
    }),
    ("slogdet", |x, attrs| {
        no_attrs("slogdet", attrs)?;
        let [x] = arity("slogdet", x)?;
        Ok(slogdet(&x)?.to_vec())
    }),
];

//! eigh: A = V diag(w) V^T of symmetric matrices, and eig: A V = V diag(w) of general ones whose eigenvalues are real.
//! Eigenvalues rise; eigenvectors are the columns of V, of length 1, their largest element positive.

use serde::Serialize;

use super::common::{
    Parts, ab, abt, atb, batch, columns_times, cubic, dims, each, narrow, outputs, sizes, square,
    symmetric_part, t, total, which, widen,
};
use super::solve::solve;
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::linalg::{NoSchur, eigen, symmetric_eigen};
use crate::ops::op::{Op, OpFn, Pass, Run, arity};
use crate::ops::table::no_attrs;
use crate::ops::{Axes, expand_dims, multiply, subtract, sum, to_float};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct Eigen {
    symmetric: bool,
}

impl Op for Eigen {
    fn name(&self) -> &'static str {
        if self.symmetric { "eigh" } else { "eig" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, n) = square(self.name(), &x[0])?;
        Ok(smallvec::smallvec![
            x[0].with_dims(dims(&batch, &[n])),
            x[0].clone(),
        ])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let (mut w, mut v) = (vec![0.0; y[0].len()], vec![0.0; y[1].len()]);
        let parts = (Parts::new(&mut w, n), Parts::new(&mut v, n * n));
        each(batch(&x[0]), 10 * n * n * n, |i| {
            let own = &a[i * n * n..(i + 1) * n * n];
            let found = if self.symmetric {
                symmetric_eigen(own, n)
            } else {
                eigen(own, n)
            };
            let (w, v) = found.map_err(|e| self.refusal(e, &x[0], i))?;
            parts.0.write(i, &w);
            parts.1.write(i, &v);
            Ok(())
        })?;
        narrow(&w, &mut y[0]);
        narrow(&v, &mut y[1]);
        Ok(())
    }

    /// Symmetric: dA = the symmetric part of V (diag(dw) + F . (V^T dV)) V^T, F_ij = 1 / (w_j - w_i).
    /// General, W = V^-T: dA = W (diag(dw) + F . (V^T dV - V^T V diag(V^T dV))) V^T, because columns keep their length.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (w, v) = (&pass.outputs[0], &pass.outputs[1]);
        let mut inner = None;
        if let Some(dv) = &pass.grads[1] {
            let mut p = atb(v, dv)?;
            if !self.symmetric {
                let along = sum(&multiply(v, dv)?, Axes::One(-2), false)?;
                p = subtract(&p, &columns_times(&atb(v, v)?, &along)?)?;
            }
            inner = Some(multiply(&reciprocal_gaps(w)?, &p)?);
        }
        if self.symmetric {
            let diagonal = match &pass.grads[0] {
                Some(dw) => Some(abt(&columns_times(v, dw)?, v)?),
                None => None,
            };
            let vectors = match inner {
                Some(inner) => Some(abt(&ab(v, &inner)?, v)?),
                None => None,
            };
            return Ok(vec![match total([diagonal, vectors, None, None])? {
                Some(da) => Some(symmetric_part(&da)?),
                None => None,
            }]);
        }
        // V^T dA^T = (...)^T V^T, so dA^T comes from two products and one system.
        let diagonal = match &pass.grads[0] {
            Some(dw) => Some(multiply(&expand_dims(dw, -1)?, &t(v)?)?),
            None => None,
        };
        let vectors = match inner {
            Some(inner) => Some(abt(&inner, v)?),
            None => None,
        };
        Ok(vec![match total([diagonal, vectors, None, None])? {
            Some(right) => Some(solve(&t(v)?, &right)?),
            None => None,
        }])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(8)
    }
}

impl Eigen {
    fn refusal(self, e: NoSchur, x: &View<'_>, i: usize) -> Error {
        let error = Error::value(self.name());
        match e {
            NoSchur::Complex { re, im } => error
                .expected("matrices whose eigenvalues are real, as there are no complex tensors")
                .got(format!("the eigenvalues {re:.6} +- {im:.6}i{}", which(x, i)))
                .hint("Symmetric matrices always have real ones; see eigh"),
            NoSchur::Steps => error
                .expected("the QR steps to converge")
                .got(format!("no convergence{}", which(x, i))),
        }
    }
}

/// F_ij = 1 / (w_j - w_i) off the diagonal, 0 on it.
#[derive(Debug, Clone, Copy, Serialize)]
struct ReciprocalGaps;

impl Op for ReciprocalGaps {
    fn name(&self) -> &'static str {
        "reciprocal_gaps"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        dims.extend(x[0].dims.last().copied());
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let w = widen(&x[0]);
        let n = x[0].shape().last().copied().unwrap_or(1).max(1);
        let mut all = Vec::with_capacity(y[0].len());
        for row in w.chunks_exact(n) {
            for i in 0..n {
                all.extend((0..n).map(|j| if i == j { 0.0 } else { 1.0 / (row[j] - row[i]) }));
            }
        }
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dw_k = sum over j of F_kj^2 dF_kj - sum over i of F_ik^2 dF_ik
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let f = &pass.outputs[0];
        let p = multiply(&multiply(f, f)?, pass.grad()?)?;
        let (rows, columns) = (sum(&p, Axes::One(-1), false)?, sum(&p, Axes::One(-2), false)?);
        Ok(vec![Some(subtract(&rows, &columns)?)])
    }
}

pub fn reciprocal_gaps(w: &Value) -> Result<Value> {
    apply(ReciprocalGaps, &[w])
}

/// (w, V) of symmetric matrices, of which (A + A^T) / 2 is read.
pub fn eigh(x: &Value) -> Result<[Value; 2]> {
    outputs(Eigen { symmetric: true }, &[&to_float(x)?])
}

/// (w, V) of general matrices; complex eigenvalues are an error.
pub fn eig(x: &Value) -> Result<[Value; 2]> {
    outputs(Eigen { symmetric: false }, &[&to_float(x)?])
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("eigh", |x, attrs| {
        no_attrs("eigh", attrs)?;
        let [x] = arity("eigh", x)?;
        Ok(eigh(&x)?.to_vec())
    }),
    ("eig", |x, attrs| {
        no_attrs("eig", attrs)?;
        let [x] = arity("eig", x)?;
        Ok(eig(&x)?.to_vec())
    }),
];

//! cholesky: A = L L^T for symmetric positive definite A, of which (A + A^T) / 2 is read.

use serde::{Deserialize, Serialize};

use super::common::{Parts, atb, batch, cubic, each, narrow, sizes, square, symmetric_part, t, which, widen};
use super::triangular::{Triangular, solve_triangular};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::linalg;
use crate::ops::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::ops::{add, multiply, to_float, tril};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct Cholesky;

impl Op for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        square(self.name(), &x[0])?;
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, a) = (sizes(&x[0]).0, widen(&x[0]));
        let mut l = vec![0.0; a.len()];
        let parts = Parts::new(&mut l, n * n);
        each(batch(&x[0]), n * n * n / 3, |i| {
            let mut own = a[i * n * n..(i + 1) * n * n].to_vec();
            linalg::cholesky(&mut own, n).map_err(|pivot| {
                Error::value(self.name())
                    .expected("symmetric positive definite matrices")
                    .got(format!(
                        "one whose leading block of size {} is not{}",
                        pivot + 1,
                        which(&x[0], i)
                    ))
                    .hint("Add a small multiple of the identity if rounding is to blame")
            })?;
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&l, &mut y[0]);
        Ok(())
    }

    /// dA = the symmetric part of L^-T P L^-1, where P = tril(L^T dL) with its diagonal halved.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let l = &pass.outputs[0];
        let product = atb(l, &tril(pass.grad()?, 0)?)?;
        let p = add(&tril(&product, 0)?, &tril(&product, -1)?)?;
        let p = multiply(&p, &p.like(0.5)?)?;
        let left = |b: &Value| solve_triangular(l, b, Triangular::LOWER.transposed());
        // L^-T P L^-1 = (L^-T (L^-T P)^T)^T
        let da = left(&t(&left(&p)?)?)?;
        Ok(vec![Some(symmetric_part(&da)?)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0])
    }
}

/// L with A = L L^T, or its transpose.
pub fn cholesky(x: &Value, upper: bool) -> Result<Value> {
    let l = apply(Cholesky, &[&to_float(x)?])?;
    if upper { t(&l) } else { Ok(l) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attrs {
    #[serde(default)]
    upper: bool,
}

pub(super) const OPS: &[(&str, OpFn)] = &[("cholesky", |x, attrs| {
    let [x] = arity("cholesky", x)?;
    Ok(vec![cholesky(
        &x,
        parse_attrs::<Attrs>("cholesky", attrs)?.upper,
    )?])
})];

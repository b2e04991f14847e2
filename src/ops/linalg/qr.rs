//! qr: A = Q R with orthonormal columns in Q and an upper triangular R.

use serde::{Deserialize, Serialize};

use super::common::{
    Parts, ab, abt, atb, batch, cubic, dims, each, matrices, narrow, outputs, sizes, t, total, widen,
};
use super::triangular::{Triangular, solve_triangular};
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::kernels::linalg;
use crate::ops::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::ops::{add, concatenate, slice_axis, subtract, to_float, tril, zeros_like};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// Which Q is wanted: m x min(m, n), or m x m.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Qr {
    pub complete: bool,
}

impl Op for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, m, n) = matrices(self.name(), &x[0])?;
        let width = if self.complete {
            m
        } else {
            m.zip(n).map(|(m, n)| m.min(n))
        };
        Ok(smallvec::smallvec![
            x[0].with_dims(dims(&batch, &[m, width])),
            x[0].with_dims(dims(&batch, &[width, n])),
        ])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), a) = (sizes(&x[0]), widen(&x[0]));
        let width = if self.complete { m } else { m.min(n) };
        let (mut q, mut r) = (vec![0.0; y[0].len()], vec![0.0; y[1].len()]);
        let parts = (Parts::new(&mut q, m * width), Parts::new(&mut r, width * n));
        each(batch(&x[0]), 4 * m * n * width, |i| {
            let qr = linalg::Qr::new(a[i * m * n..(i + 1) * m * n].to_vec(), m, n);
            parts.0.write(i, &qr.q(width));
            parts.1.write(i, qr.r(width));
            Ok(())
        })?;
        narrow(&q, &mut y[0]);
        narrow(&r, &mut y[1]);
        Ok(())
    }

    /// Tall or square A: dA = (dQ + Q S) R^-T, S = M's lower half mirrored, M = R dR^T - dQ^T Q.
    /// Wide A = [X Y] with R = [U V], so X = Q U and V = Q^T Y: dQ gains Y dV^T, dX follows from it and dU, dY = Q dV.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, q, r) = (&pass.inputs[0], &pass.outputs[0], &pass.outputs[1]);
        let shape = a.dims();
        let (Some(m), Some(n)) = (shape[shape.len() - 2], shape[shape.len() - 1]) else {
            return Err(Error::value("qr")
                .expected("matrices of known sizes, where a gradient is wanted")
                .got(show(&shape)));
        };
        if self.complete && m > n {
            return Err(Error::not_implemented("qr")
                .expected("at most as many rows as columns, where a gradient of mode 'complete' is wanted")
                .got(show(&shape))
                .hint(
                    "The columns of Q beyond the n-th are not determined by the input; use mode='reduced'",
                ));
        }
        let (dq, dr) = (pass.grads[0].as_ref(), pass.grads[1].as_ref());
        if m >= n {
            return Ok(vec![tall(q, r, dq, dr)?]);
        }
        let last = a.rank() - 1;
        let cut = |x: &Value, from: usize, to: usize| slice_axis(x, last, from as i64, Some(to as i64));
        let Some(dr) = dr else {
            let dx = tall(q, &cut(r, 0, m)?, dq, None)?;
            let rest = zeros_like(&cut(a, m, n)?)?;
            return Ok(vec![match dx {
                Some(dx) => Some(concatenate(&[dx, rest], -1)?),
                None => None,
            }]);
        };
        let dv = cut(dr, m, n)?;
        let through = abt(&cut(a, m, n)?, &dv)?;
        let dq = match dq {
            Some(dq) => add(dq, &through)?,
            None => through,
        };
        let dx = tall(q, &cut(r, 0, m)?, Some(&dq), Some(&cut(dr, 0, m)?))?;
        Ok(vec![match dx {
            Some(dx) => Some(concatenate(&[dx, ab(q, &dv)?], -1)?),
            None => None,
        }])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(4)
    }
}

fn tall(q: &Value, r: &Value, dq: Option<&Value>, dr: Option<&Value>) -> Result<Option<Value>> {
    let m = match (dq, dr) {
        (None, None) => return Ok(None),
        (None, Some(dr)) => abt(r, dr)?,
        (Some(dq), None) => crate::ops::negative(&atb(dq, q)?)?,
        (Some(dq), Some(dr)) => subtract(&abt(r, dr)?, &atb(dq, q)?)?,
    };
    let mirrored = add(&tril(&m, 0)?, &t(&tril(&m, -1)?)?)?;
    let Some(y) = total([dq.cloned(), Some(ab(q, &mirrored)?), None, None])? else {
        return Ok(None);
    };
    // Y R^-T = (R^-1 Y^T)^T
    Ok(Some(t(&solve_triangular(r, &t(&y)?, Triangular::UPPER)?)?))
}

/// (Q, R); `complete` makes Q square.
pub fn qr(x: &Value, complete: bool) -> Result<[Value; 2]> {
    outputs(Qr { complete }, &[&to_float(x)?])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attrs {
    #[serde(default)]
    complete: bool,
}

pub(super) const OPS: &[(&str, OpFn)] = &[("qr", |x, attrs| {
    let [x] = arity("qr", x)?;
    Ok(qr(&x, parse_attrs::<Attrs>("qr", attrs)?.complete)?.to_vec())
})];

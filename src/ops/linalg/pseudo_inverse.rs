//! pinv: the Moore-Penrose inverse V diag(1 / s) U^T, and matrix_rank: the number of singular values that count.

use serde::{Deserialize, Serialize};

use super::common::{
    Parts, ab, abt, atb, batch, cubic, dims, each, matrices, narrow, sizes, t, total, widen,
};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::linalg::svd;
use crate::ops::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::ops::{negative, subtract, to_float};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// The distance from 1 to the next number of the dtype.
fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F32 {
        f64::from(f32::EPSILON)
    } else {
        f64::EPSILON
    }
}

/// Singular values up to `rcond` times the largest count as 0; by default 10 max(m, n) eps.
#[derive(Debug, Clone, Copy, Serialize)]
struct Pinv {
    rcond: Option<f64>,
}

impl Op for Pinv {
    fn name(&self) -> &'static str {
        "pinv"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, m, n) = matrices(self.name(), &x[0])?;
        x[0].with_dims(dims(&batch, &[n, m])).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), a) = (sizes(&x[0]), widen(&x[0]));
        let k = m.min(n);
        let rcond = self
            .rcond
            .unwrap_or_else(|| 10.0 * m.max(n) as f64 * epsilon(x[0].dtype()));
        let mut all = vec![0.0; a.len()];
        let parts = Parts::new(&mut all, m * n);
        each(batch(&x[0]), 40 * m * n * k, |i| {
            let s = svd(&a[i * m * n..(i + 1) * m * n], m, n, false);
            let mut own = vec![0.0; n * m];
            for c in 0..k {
                if s.values[c] <= rcond * s.values[0] {
                    continue;
                }
                for (p, own) in own.iter_mut().enumerate() {
                    *own += s.v_transposed[c * n + p / m] * s.u[p % m * k + c] / s.values[c];
                }
            }
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dA = -Y^T G Y^T + (I - A Y) G^T Y Y^T + Y^T Y G^T (I - Y A), G = dY, where the rank does not change.
    /// (Golub and Pereyra 1973.)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, y, g) = (&pass.inputs[0], &pass.outputs[0], &t(pass.grad()?)?);
        let inner = negative(&ab(&abt(&t(y)?, g)?, &t(y)?)?)?;
        let left = abt(&ab(g, y)?, y)?;
        let left = subtract(&left, &ab(a, &ab(y, &left)?)?)?;
        let right = ab(&atb(y, y)?, g)?;
        let right = subtract(&right, &ab(&ab(&right, y)?, a)?)?;
        Ok(vec![total([Some(inner), Some(left), Some(right), None])?])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(20)
    }
}

/// The Moore-Penrose inverse.
pub fn pinv(x: &Value, rcond: Option<f64>) -> Result<Value> {
    apply(Pinv { rcond }, &[&to_float(x)?])
}

/// The number (int32) of singular values above `tol`; by default the largest times max(m, n) eps.
#[derive(Debug, Clone, Copy, Serialize)]
struct MatrixRank {
    tol: Option<f64>,
}

impl Op for MatrixRank {
    fn name(&self) -> &'static str {
        "matrix_rank"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, _, _) = matrices(self.name(), &x[0])?;
        Spec::new(DType::I32, batch).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), a) = (sizes(&x[0]), widen(&x[0]));
        let mut all = vec![0.0; y[0].len()];
        let parts = Parts::new(&mut all, 1);
        each(batch(&x[0]), 40 * m * n * m.min(n), |i| {
            let s = svd(&a[i * m * n..(i + 1) * m * n], m, n, false).values;
            let largest = s.first().copied().unwrap_or(0.0);
            let tol = self
                .tol
                .unwrap_or_else(|| largest * m.max(n) as f64 * epsilon(x[0].dtype()));
            parts.write(i, &[s.iter().filter(|&&s| s > tol).count() as f64]);
            Ok(())
        })?;
        for (y, n) in y[0].slice_mut::<i32>().iter_mut().zip(all) {
            *y = n as i32;
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(20)
    }
}

/// The rank of each matrix.
pub fn matrix_rank(x: &Value, tol: Option<f64>) -> Result<Value> {
    apply(MatrixRank { tol }, &[&to_float(x)?])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinvAttrs {
    #[serde(default)]
    rcond: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RankAttrs {
    #[serde(default)]
    tol: Option<f64>,
}

fn not_negative(who: &str, name: &str, value: Option<f64>) -> Result<Option<f64>> {
    match value {
        Some(v) if v.is_nan() || v < 0.0 => Err(Error::value(who)
            .expected(format!("`{name}` of 0 or more"))
            .got(v.to_string())),
        _ => Ok(value),
    }
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("pinv", |x, attrs| {
        let [x] = arity("pinv", x)?;
        let rcond = parse_attrs::<PinvAttrs>("pinv", attrs)?.rcond;
        Ok(vec![pinv(&x, not_negative("pinv", "rcond", rcond)?)?])
    }),
    ("matrix_rank", |x, attrs| {
        let [x] = arity("matrix_rank", x)?;
        let tol = parse_attrs::<RankAttrs>("matrix_rank", attrs)?.tol;
        Ok(vec![matrix_rank(&x, not_negative("matrix_rank", "tol", tol)?)?])
    }),
];

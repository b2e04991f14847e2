//! svd: A = U diag(s) V^T with falling singular values.

use serde::{Deserialize, Serialize};

use super::common::{
    Parts, ab, abt, atb, batch, columns_times, cubic, dims, each, matrices, narrow, outputs, rows_times,
    sizes, t, total, widen,
};
use super::eigen::reciprocal_gaps;
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::kernels::linalg;
use crate::ops::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::ops::{divide, expand_dims, multiply, square, subtract, to_float};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// U is m x m and V^T n x n if `full`; else only the first min(m, n) columns and rows are there.
#[derive(Debug, Clone, Copy, Serialize)]
struct Svd {
    full: bool,
}

impl Op for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, m, n) = matrices(self.name(), &x[0])?;
        let k = m.zip(n).map(|(m, n)| m.min(n));
        let (width, height) = if self.full { (m, n) } else { (k, k) };
        Ok(smallvec::smallvec![
            x[0].with_dims(dims(&batch, &[m, width])),
            x[0].with_dims(dims(&batch, &[k])),
            x[0].with_dims(dims(&batch, &[height, n])),
        ])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), a) = (sizes(&x[0]), widen(&x[0]));
        let k = m.min(n);
        let (width, height) = if self.full { (m, n) } else { (k, k) };
        let mut all = [0, 1, 2].map(|o| vec![0.0; y[o].len()]);
        let [u, s, v] = &mut all;
        let parts = (
            Parts::new(u, m * width),
            Parts::new(s, k),
            Parts::new(v, height * n),
        );
        each(batch(&x[0]), 40 * m * n * k, |i| {
            let own = linalg::svd(&a[i * m * n..(i + 1) * m * n], m, n, self.full);
            parts.0.write(i, &own.u);
            parts.1.write(i, &own.values);
            parts.2.write(i, &own.v_transposed);
            Ok(())
        })?;
        for (all, y) in all.iter().zip(y) {
            narrow(all, y);
        }
        Ok(())
    }

    /// dA = U [diag(ds) + (F . (P - P^T)) S + S (F . (Q - Q^T))] V^T
    ///      + (dU - U P) S^-1 V^T + U S^-1 (dV - V Q)^T,
    /// P = U^T dU, Q = V^T dV, F_ij = 1 / (s_j^2 - s_i^2); the last two terms vanish for square factors.
    /// (Townsend, Differentiating the Singular Value Decomposition, 2016.)
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (u, s, vt) = (&pass.outputs[0], &pass.outputs[1], &pass.outputs[2]);
        let (du, ds, dvt) = (&pass.grads[0], &pass.grads[1], &pass.grads[2]);
        let shape = pass.inputs[0].dims();
        let (Some(m), Some(n)) = (shape[shape.len() - 2], shape[shape.len() - 1]) else {
            return Err(Error::value("svd")
                .expected("matrices of known sizes, where a gradient is wanted")
                .got(show(&shape)));
        };
        let (mut u, mut vt) = (u.clone(), vt.clone());
        if self.full && m != n {
            if du.is_some() || dvt.is_some() {
                return Err(Error::not_implemented("svd")
                    .expected("square matrices, where a gradient through full matrices is wanted")
                    .got(show(&shape))
                    .hint("The vectors without a singular value are not determined by the input; use full_matrices=False"));
            }
            let k = m.min(n) as i64;
            let rank = shape.len();
            u = crate::ops::slice_axis(&u, rank - 1, 0, Some(k))?;
            vt = crate::ops::slice_axis(&vt, rank - 2, 0, Some(k))?;
        }
        let gaps = if du.is_some() || dvt.is_some() {
            Some(reciprocal_gaps(&square(s)?)?)
        } else {
            None
        };
        let skew = |p: &Value| -> Result<Value> {
            let gaps = gaps.as_ref().unwrap_or(p);
            multiply(gaps, &subtract(p, &t(p)?)?)
        };
        let diagonal = match ds {
            Some(ds) => Some(ab(&columns_times(&u, ds)?, &vt)?),
            None => None,
        };
        let (mut from_u, mut from_v, mut outside) = (None, None, None);
        if let Some(du) = du {
            let p = atb(&u, du)?;
            from_u = Some(ab(&ab(&u, &columns_times(&skew(&p)?, s)?)?, &vt)?);
            if m > n {
                let rest = subtract(du, &ab(&u, &p)?)?;
                outside = Some(ab(&divide(&rest, &expand_dims(s, -2)?)?, &vt)?);
            }
        }
        if let Some(dvt) = dvt {
            let q = abt(&vt, dvt)?;
            from_v = Some(ab(&ab(&u, &rows_times(s, &skew(&q)?)?)?, &vt)?);
            if n > m {
                let rest = subtract(dvt, &ab(&t(&q)?, &vt)?)?;
                outside = Some(ab(&u, &divide(&rest, &expand_dims(s, -1)?)?)?);
            }
        }
        Ok(vec![total([diagonal, from_u, from_v, outside])?])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0]).saturating_mul(20)
    }
}

/// (U, s, V^T)
pub fn svd(x: &Value, full: bool) -> Result<[Value; 3]> {
    outputs(Svd { full }, &[&to_float(x)?])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attrs {
    #[serde(default = "yes")]
    full_matrices: bool,
}

fn yes() -> bool {
    true
}

pub(super) const OPS: &[(&str, OpFn)] = &[("svd", |x, attrs| {
    let [x] = arity("svd", x)?;
    Ok(svd(&x, parse_attrs::<Attrs>("svd", attrs)?.full_matrices)?.to_vec())
})];

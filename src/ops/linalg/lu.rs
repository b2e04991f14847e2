//! lu_factor: P A = L U, both factors packed into one matrix, with the row exchanges (int32).

use serde::Serialize;

use super::common::{Parts, abt, atb, batch, cubic, dims, each, matrices, narrow, outputs, sizes, t, widen};
use super::triangular::{Triangular, solve_triangular};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::linalg::{Lu, swap_rows};
use crate::kernels::parallel::Disjoint;
use crate::ops::op::{Op, OpFn, Pass, Run, arity};
use crate::ops::table::no_attrs;
use crate::ops::{add, to_float, tril, triu};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct LuFactor;

impl Op for LuFactor {
    fn name(&self) -> &'static str {
        "lu_factor"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (batch, m, n) = matrices(self.name(), &x[0])?;
        let steps = m.zip(n).map(|(m, n)| m.min(n));
        let pivots = Spec::new(DType::I32, dims(&batch, &[steps]));
        Ok(smallvec::smallvec![x[0].clone(), pivots])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), a) = (sizes(&x[0]), widen(&x[0]));
        let steps = m.min(n);
        let mut all = vec![0.0; a.len()];
        {
            let parts = Parts::new(&mut all, m * n);
            let pivots = Disjoint::new(y[1].slice_mut::<i32>());
            each(batch(&x[0]), m * n * steps / 3, |i| {
                let lu = Lu::new(a[i * m * n..(i + 1) * m * n].to_vec(), m, n);
                parts.write(i, &lu.factors);
                // SAFETY: each matrix has pivots of its own.
                let own = unsafe { pivots.slice(i * steps..(i + 1) * steps) };
                for (to, &p) in own.iter_mut().zip(&lu.pivots) {
                    *to = p as i32;
                }
                Ok(())
            })?;
        }
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dA = P^T L^-T [tril(L^T dL, -1) + triu(dU U^T)] U^-T, for square A.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let Some(g) = &pass.grads[0] else {
            return Ok(vec![None]);
        };
        let shape = pass.inputs[0].dims();
        if shape[shape.len() - 1] != shape[shape.len() - 2] {
            return Err(Error::not_implemented("lu_factor")
                .expected("square matrices, where a gradient is wanted")
                .got(show(&shape)));
        }
        let (lu, pivots) = (&pass.outputs[0], &pass.outputs[1]);
        let (dl, u) = (tril(g, -1)?, triu(lu, 0)?);
        // L = I + tril(lu, -1)
        let left = add(&dl, &atb(&tril(lu, -1)?, &dl)?)?;
        let middle = add(&tril(&left, -1)?, &triu(&abt(&triu(g, 0)?, &u)?, 0)?)?;
        let y = solve_triangular(lu, &middle, Triangular::UNIT_LOWER.transposed())?;
        // Y U^-T = (U^-1 Y^T)^T
        let y = t(&solve_triangular(lu, &t(&y)?, Triangular::UPPER)?)?;
        Ok(vec![Some(apply(SwapRows { backwards: true }, &[&y, pivots])?)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        cubic(&x[0])
    }
}

/// Rows exchanged as the pivots say, one after the other or backwards.
#[derive(Debug, Clone, Copy, Serialize)]
struct SwapRows {
    backwards: bool,
}

impl Op for SwapRows {
    fn name(&self) -> &'static str {
        "swap_rows"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let ((m, n), mut all) = (sizes(&x[0]), widen(&x[0]));
        let steps = m.min(n);
        for i in 0..batch(&x[0]) {
            let own: Vec<usize> = x[1].slice::<i32>()[i * steps..(i + 1) * steps]
                .iter()
                .map(|&p| p as usize)
                .collect();
            swap_rows(&mut all[i * m * n..(i + 1) * m * n], n, &own, self.backwards);
        }
        narrow(&all, &mut y[0]);
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let back = SwapRows {
            backwards: !self.backwards,
        };
        Ok(vec![Some(apply(back, &[pass.grad()?, &pass.inputs[1]])?), None])
    }
}

/// L (below the diagonal) and U in one matrix, and the pivots: row k was exchanged with row `pivots[k]`.
pub fn lu_factor(x: &Value) -> Result<[Value; 2]> {
    outputs(LuFactor, &[&to_float(x)?])
}

pub(super) const OPS: &[(&str, OpFn)] = &[("lu_factor", |x, attrs| {
    no_attrs("lu_factor", attrs)?;
    let [x] = arity("lu_factor", x)?;
    Ok(lu_factor(&x)?.to_vec())
})];

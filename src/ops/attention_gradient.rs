//! The gradient of attention: one fused kernel, and its formula written with ops for the gradient of the gradient.
//!
//! With P the shares, M the dropout's factors and g the gradient of the result: dV = (P M)^T g, dP = (g V^T) M,
//! dS = P (dP - sum over keys of dP P), dQ = scale dS K, dK = scale dS^T Q, dbias = dS.

use serde::Serialize;

use super::attention::{Settings, sizes, work};
use super::matmul::{float_only, matmul_of, same_float};
use super::op::{Op, Pass, Run};
use super::reduce::Axes;
use crate::autograd::{Value, differentiate};
use crate::error::Result;
use crate::float_dispatch;
use crate::kernels::attention::{self as kernel, Gradients, Saved};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Inputs query, key, value, result, logarithms, g, then bias, mask and key where there are such; outputs dQ, dK, dV,
/// and dS if the bias's gradient is wanted.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct AttentionGradient {
    pub settings: Settings,
    pub of_bias: bool,
}

/// Where bias, mask and key begin among the inputs.
const EXTRAS: usize = 6;

impl Op for AttentionGradient {
    fn name(&self) -> &'static str {
        "dot_product_attention_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), &x[..EXTRAS])?;
        let mut made: Specs = x[..3].iter().cloned().collect();
        if self.of_bias {
            let (q, k) = (&x[0].dims, &x[1].dims);
            made.push(x[0].with_dims([q[0], q[2], q[1], k[1]]));
        }
        Ok(made)
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let sizes = sizes(&x[0], &x[1], &x[2]);
        let [dq, dk, dv, ds @ ..] = y else { return Ok(()) };
        float_dispatch!(x[0].dtype(), T => {
            let rules = self.settings.rules::<T>(x, EXTRAS);
            let saved = Saved {
                query: x[0].slice::<T>(),
                key: x[1].slice(),
                value: x[2].slice(),
                out: x[3].slice(),
                logs: x[4].slice(),
                g: x[5].slice(),
            };
            let to = Gradients {
                query: dq.slice_mut(),
                key: dk.slice_mut(),
                value: dv.slice_mut(),
                scores: ds.first_mut().map(ViewMut::slice_mut),
            };
            kernel::gradient(sizes, &rules, &saved, to);
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    /// dQ, dK, dV and dS as compositions of ops, in query, key, value, g and bias; the result and the logarithms are
    /// functions of these.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let [bias, mask, key] = self
            .settings
            .places(EXTRAS)
            .map(|at| at.map(|at| &pass.inputs[at]));
        let mut inputs = vec![&pass.inputs[0], &pass.inputs[1], &pass.inputs[2], &pass.inputs[5]];
        inputs.extend(bias);
        let made = differentiate(&inputs, pass.grads, |v| {
            self.formula(&v[0], &v[1], &v[2], &v[3], v.get(4), mask, key)
        })?;
        let mut grads = vec![None; pass.inputs.len()];
        for (at, grad) in [0, 1, 2, 5, EXTRAS].into_iter().zip(made) {
            grads[at] = grad;
        }
        Ok(grads)
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        work(x).saturating_mul(5) / 2
    }
}

impl AttentionGradient {
    fn formula(
        &self,
        query: &Value,
        key: &Value,
        value: &Value,
        g: &Value,
        bias: Option<&Value>,
        mask: Option<&Value>,
        drops: Option<&Value>,
    ) -> Result<Vec<Value>> {
        let heads_first = |x: &Value| super::transpose(x, Some(&[0, 2, 1, 3]));
        let heads = |x: &Value| x.dims()[2].unwrap_or(1);
        let group = heads(query) / heads(key).max(1);
        let spread = |x: &Value| super::repeat(&heads_first(x)?, group, 1);
        let (q, g, k, v) = (heads_first(query)?, heads_first(g)?, spread(key)?, spread(value)?);
        let scale = q.like(self.settings.scale)?;
        let mut scores = super::multiply(&matmul_of(&q, &k, false, true)?, &scale)?;
        if let Some(bias) = bias {
            scores = super::add(&scores, bias)?;
        }
        let mut seen = mask.cloned();
        if self.settings.causal {
            let ones = super::ones_like(&scores)?;
            let number = |axis| super::cumsum(&ones, Some(axis));
            let causal = super::less_equal(&number(3)?, &number(2)?)?;
            seen = Some(match &seen {
                Some(mask) => super::logical_and(mask, &causal)?,
                None => causal,
            });
        }
        let zero = scores.like(0.0)?;
        let visible = |x: &Value| match &seen {
            Some(seen) => super::where_(seen, x, &zero),
            None => Ok(x.clone()),
        };
        if let Some(seen) = &seen {
            // Finite, so that a query that sees nothing has equal shares.
            let lowest = scores.like(-1e30)?;
            scores = super::where_(seen, &scores, &lowest)?;
        }
        let mut p = super::softmax(&scores, -1)?;
        if self.settings.empty_is_zero {
            p = visible(&p)?;
        }
        let dropped = |x: &Value| match (drops, self.settings.rate) {
            (Some(key), Some(rate)) => super::dropout(key, x, rate, None),
            _ => Ok(x.clone()),
        };
        let dv = matmul_of(&dropped(&p)?, &g, true, false)?;
        let dp = dropped(&matmul_of(&g, &v, false, true)?)?;
        let along = super::sum(&super::multiply(&dp, &p)?, Axes::One(-1), true)?;
        let ds = visible(&super::multiply(&p, &super::subtract(&dp, &along)?)?)?;
        let scaled = super::multiply(&ds, &scale)?;
        let dq = matmul_of(&scaled, &k, false, false)?;
        let dk = matmul_of(&scaled, &q, true, false)?;
        let collect = |x: &Value, width: usize| {
            let x = if group == 1 {
                x.clone()
            } else {
                let parts = [heads(key) as i64, group as i64, -1, width as i64];
                super::sum(&super::reshape_tail(x, 1, &parts)?, Axes::One(2), false)?
            };
            heads_first(&x)
        };
        let width = |x: &Value| x.dims()[3].unwrap_or(1);
        let mut made = vec![
            heads_first(&dq)?,
            collect(&dk, width(key))?,
            collect(&dv, width(value))?,
        ];
        made.extend(self.of_bias.then_some(ds));
        Ok(made)
    }
}

//! Scaled dot-product attention as one op.
//!
//! Y[b, t, n] = sum over s of M P V[b, s, n], P = softmax over s of (scale Q[b, t, n] . K[b, s, n] + bias[b, n, t, s]),
//! over the keys that mask and causality let a query see, M the factors of a dropout. Fewer heads of keys than of
//! queries serve a group of queries each.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::attention_gradient::AttentionGradient;
use super::matmul::{agree, float_only, same_float};
use super::op::{Attrs, Op, OpFn, Pass, Run, parse_attrs};
use super::random::{check_key, key_of};
use crate::autograd::{Value, apply_many};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::attention::{self as kernel, Drops, Rules, Sizes, Table};
use crate::kernels::math::Math;
use crate::shape::{Dim, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

const WHO: &str = "dot_product_attention";

/// The attributes, and which of bias, mask and key follow query, key and value among the inputs.
#[derive(Debug, Clone, Copy, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is an input or an option of its own
pub(super) struct Settings {
    pub scale: f64,
    pub causal: bool,
    /// A query that sees nothing gets 0, otherwise the mean of the values.
    pub empty_is_zero: bool,
    pub bias: bool,
    pub mask: bool,
    /// The part of the shares that is dropped, by a key among the inputs.
    pub rate: Option<f64>,
}

impl Settings {
    /// Places of bias, mask and key among the inputs, of which the first comes at `first`.
    pub fn places(&self, first: usize) -> [Option<usize>; 3] {
        let mut at = first;
        [self.bias, self.mask, self.rate.is_some()].map(|there| {
            there.then(|| {
                at += 1;
                at - 1
            })
        })
    }

    /// What the kernel needs to know besides query, key and value.
    pub fn rules<'a, T: Math + Element>(&self, x: &[View<'a>], first: usize) -> Rules<'a, T> {
        let [bias, mask, key] = self.places(first).map(|at| at.map(|at| &x[at]));
        Rules {
            scale: <T as crate::kernels::real::Real>::from_f64(self.scale),
            bias: bias.map(|b| Table {
                data: b.slice(),
                steps: steps(b.shape()),
            }),
            mask: mask.map(|m| Table {
                data: m.bytes(),
                steps: steps(m.shape()),
            }),
            causal: self.causal,
            empty_is_zero: self.empty_is_zero,
            drops: key.zip(self.rate).map(|(key, rate)| Drops {
                key: key_of(key),
                rate,
            }),
        }
    }
}

/// Steps of a row-major table of four axes; an axis of size 1 is repeated.
fn steps(shape: &[usize]) -> [usize; 4] {
    let (mut steps, mut step) = ([0; 4], 1);
    for axis in (0..4).rev() {
        steps[axis] = if shape[axis] == 1 { 0 } else { step };
        step *= shape[axis];
    }
    steps
}

pub(super) fn sizes(query: &View<'_>, key: &View<'_>, value: &View<'_>) -> Sizes {
    let (q, k) = (query.shape(), key.shape());
    Sizes {
        batch: q[0],
        queries: q[1],
        keys: k[1],
        heads: q[2],
        key_heads: k[2],
        size: q[3],
        value_size: value.shape()[3],
    }
}

/// Inputs query, key, value, then bias, mask and key where there are such; outputs Y and the logarithms of the sums of
/// the rows' exponentials, (batch, heads, queries).
#[derive(Debug, Clone, Copy, Serialize)]
struct Attention(Settings);

impl Attention {
    fn check(&self, x: &[Spec]) -> Result<()> {
        let [q, k, v] = [&x[0].dims, &x[1].dims, &x[2].dims];
        let got = || format!("query {}, key {} and value {}", show(q), show(k), show(v));
        if [q, k, v].iter().any(|d| d.len() != 4) {
            return Err(Error::value(WHO)
                .expected("inputs of rank 4: (batch, steps, heads, features)")
                .got(got()));
        }
        let fits = agree(q[0], k[0])
            && agree(q[0], v[0])
            && agree(k[1], v[1])
            && agree(k[2], v[2])
            && agree(q[3], k[3])
            && match (q[2], k[2].or(v[2])) {
                (Some(heads), Some(of_keys)) => of_keys > 0 && heads.is_multiple_of(of_keys),
                _ => true,
            };
        if !fits {
            return Err(Error::value(WHO)
                .expected(
                    "query, key and value of one batch, key and value with the same steps and heads, a number of \
                     heads that divides the query's, and as many features in key as in query",
                )
                .got(got()));
        }
        let table: [Dim; 4] = [q[0].or(k[0]), q[2], q[1], k[1].or(v[1])];
        let [bias, mask, key] = self.0.places(3).map(|at| at.map(|at| &x[at]));
        for (name, one) in [("bias", bias), ("mask", mask)] {
            let Some(one) = one else { continue };
            let broadcasts = one.rank() == 4
                && one
                    .dims
                    .iter()
                    .zip(&table)
                    .all(|(&d, &t)| d == Some(1) || agree(d, t));
            if !broadcasts {
                return Err(Error::value(WHO)
                    .expected(format!(
                        "a {name} that broadcasts to (batch, heads, queries, keys), here {}",
                        show(&table)
                    ))
                    .got(show(&one.dims)));
            }
        }
        if let Some(mask) = mask
            && mask.dtype != DType::Bool
        {
            return Err(Error::type_error(WHO)
                .expected("a mask of booleans")
                .got(mask.dtype.name())
                .hint("Cast it to bool"));
        }
        key.map_or(Ok(()), |key| check_key(WHO, key))
    }
}

impl Op for Attention {
    fn name(&self) -> &'static str {
        WHO
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(WHO, &x[..3 + usize::from(self.0.bias)])?;
        self.check(x)?;
        let (q, k, v) = (&x[0].dims, &x[1].dims, &x[2].dims);
        let batch = q[0].or(k[0]).or(v[0]);
        let out = x[0].with_dims([batch, q[1], q[2], v[3]]);
        Ok(smallvec::smallvec![out, x[0].with_dims([batch, q[2], q[1]])])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let sizes = sizes(&x[0], &x[1], &x[2]);
        let [out, logs] = y else { return Ok(()) };
        float_dispatch!(x[0].dtype(), T => {
            let rules = self.0.rules::<T>(x, 3);
            let (q, k, v) = (x[0].slice::<T>(), x[1].slice::<T>(), x[2].slice::<T>());
            kernel::forward(sizes, &rules, q, k, v, out.slice_mut(), logs.slice_mut());
            Ok(())
        }, else => Err(float_only(WHO, x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        if pass.grads[1].is_some() {
            return Err(Error::not_implemented(WHO)
                .hint("Its second output has no gradient; use logsumexp of the scores"));
        }
        let [bias, ..] = self.0.places(3);
        let wanted = bias.is_some_and(|at| pass.needs[at]);
        let mut inputs = vec![
            &pass.inputs[0],
            &pass.inputs[1],
            &pass.inputs[2],
            &pass.outputs[0],
            &pass.outputs[1],
            pass.grad()?,
        ];
        inputs.extend(&pass.inputs[3..]);
        let op = AttentionGradient {
            settings: self.0,
            of_bias: wanted,
        };
        let made = apply_many(Arc::new(op), &inputs)?;
        let mut grads: Vec<Option<Value>> = made.iter().take(3).cloned().map(Some).collect();
        grads.resize(pass.inputs.len(), None);
        if let (true, Some(at)) = (wanted, bias) {
            grads[at] = made.get(3).cloned();
        }
        Ok(grads)
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        work(x)
    }
}

/// Multiply-adds of scores and results, as `Op::cost` counts them.
pub(super) fn work(x: &[Spec]) -> usize {
    let features = x[1].dims[3].unwrap_or(1) + x[2].dims[3].unwrap_or(1);
    let rows = x[0].len().unwrap_or(0) / x[0].dims[3].unwrap_or(1).max(1);
    let keys = x[1].dims[1].unwrap_or(1);
    rows.saturating_mul(keys).saturating_mul(features + 32) / 16
}

/// What is not query, key or value.
#[derive(Debug, Default)]
pub struct AttentionExtras<'a> {
    /// Broadcasts to (batch, heads, queries, keys).
    pub bias: Option<&'a Value>,
    /// Booleans that broadcast likewise.
    pub mask: Option<&'a Value>,
    /// A random key and the part of the shares that it drops.
    pub dropout: Option<(&'a Value, f64)>,
    pub causal: bool,
    pub empty_is_zero: bool,
}

/// dropout(softmax(scale Q K^T + bias)) V, head by head.
pub fn dot_product_attention(
    query: &Value,
    key: &Value,
    value: &Value,
    scale: f64,
    extras: &AttentionExtras<'_>,
) -> Result<Value> {
    if !scale.is_finite() {
        return Err(Error::value(WHO)
            .expected("a finite scale")
            .got(scale.to_string()));
    }
    if let Some((_, rate)) = extras.dropout
        && !(0.0..=1.0).contains(&rate)
    {
        return Err(Error::value(WHO)
            .expected("a rate in [0, 1]")
            .got(rate.to_string()));
    }
    let op = Attention(Settings {
        scale,
        causal: extras.causal,
        empty_is_zero: extras.empty_is_zero,
        bias: extras.bias.is_some(),
        mask: extras.mask.is_some(),
        rate: extras.dropout.map(|(_, rate)| rate),
    });
    let mut inputs = vec![query, key, value];
    inputs.extend(extras.bias);
    inputs.extend(extras.mask);
    inputs.extend(extras.dropout.map(|(key, _)| key));
    let made = apply_many(Arc::new(op), &inputs)?;
    made.into_iter()
        .next()
        .ok_or_else(|| Error::runtime(WHO).expected("a result").got("nothing"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // as above
struct AttentionAttrs {
    scale: f64,
    #[serde(default)]
    causal: bool,
    #[serde(default)]
    empty_is_zero: bool,
    #[serde(default)]
    bias: bool,
    #[serde(default)]
    mask: bool,
    #[serde(default)]
    rate: Option<f64>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[(WHO, |x, attrs: &Attrs| {
    let a: AttentionAttrs = parse_attrs(WHO, attrs)?;
    let expected = 3 + usize::from(a.bias) + usize::from(a.mask) + usize::from(a.rate.is_some());
    if x.len() != expected {
        return Err(Error::type_error(WHO)
            .expected(format!(
                "{expected} inputs: query, key, value, then bias, mask and a random key where the attributes say so"
            ))
            .got(x.len().to_string()));
    }
    let mut more = x[3..].iter();
    let bias = if a.bias { more.next() } else { None };
    let mask = if a.mask { more.next() } else { None };
    let extras = AttentionExtras {
        bias,
        mask,
        dropout: a.rate.and_then(|rate| more.next().map(|key| (key, rate))),
        causal: a.causal,
        empty_is_zero: a.empty_is_zero,
    };
    Ok(vec![dot_product_attention(
        &x[0], &x[1], &x[2], a.scale, &extras,
    )?])
})];

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;

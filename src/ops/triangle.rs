//! Triangles of matrices.

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// The lower (or upper) triangle of the last two axes: y = x where column - row <= k (or >= k), else 0.
#[derive(Debug, Clone, Copy, Serialize)]
struct Triangle {
    lower: bool,
    k: i64,
}

impl Op for Triangle {
    fn name(&self) -> &'static str {
        if self.lower { "tril" } else { "triu" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if x[0].rank() < 2 {
            return Err(Error::value(self.name())
                .expected("a value of rank 2 or more")
                .got(show(&x[0].dims)));
        }
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = x[0].shape();
        let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let keep = |at: usize| {
            let offset = (at % columns) as i64 - (at / columns % rows) as i64;
            if self.lower {
                offset <= self.k
            } else {
                offset >= self.k
            }
        };
        dispatch!(x[0].dtype(), T => {
            for (at, (y, x)) in y[0].slice_mut::<T>().iter_mut().zip(x[0].slice::<T>()).enumerate() {
                *y = if keep(at) { *x } else { T::default() };
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(*self, &[pass.grad()?])?)])
    }
}

/// The lower triangle of the last two axes, up to the k-th diagonal.
pub fn tril(x: &Value, k: i64) -> Result<Value> {
    apply(Triangle { lower: true, k }, &[x])
}

/// The upper triangle of the last two axes, from the k-th diagonal on.
pub fn triu(x: &Value, k: i64) -> Result<Value> {
    apply(Triangle { lower: false, k }, &[x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diagonal {
    #[serde(default)]
    k: i64,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("tril", |x, attrs| {
        let [x] = arity("tril", x)?;
        Ok(vec![tril(&x, parse_attrs::<Diagonal>("tril", attrs)?.k)?])
    }),
    ("triu", |x, attrs| {
        let [x] = arity("triu", x)?;
        Ok(vec![triu(&x, parse_attrs::<Diagonal>("triu", attrs)?.k)?])
    }),
];

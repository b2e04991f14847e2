//! Ops that take the shape of another value: fills, broadcasts; and the gradient's stop.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::sum_to_like;
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::memory::{Steps, fill, row_major, strided};
use crate::shape::{Spec, Specs, broadcast, show};
use crate::sized;
use crate::tensor::{Tensor, View, ViewMut};

/// y = value everywhere, in the shape of x.
#[derive(Debug, Clone, Copy, Serialize)]
struct FillLike {
    #[serde(serialize_with = "crate::config::any_float")]
    value: f64,
    dtype: DType,
}

impl Op for FillLike {
    fn name(&self) -> &'static str {
        "full_like"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(self.dtype).one()
    }

    fn forward(&self, _: &mut Run, _: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let one = Tensor::scalar_of(self.dtype, self.value)?;
        let n = y[0].len();
        sized!(self.dtype.size(), T => {
            // SAFETY: both hold elements of this size; one of them, and n.
            unsafe { fill::<T>(y[0].as_mut_ptr().cast(), n, *one.view().as_ptr().cast::<T>()) }
        });
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }

    fn shape_only(&self, _: usize) -> bool {
        true
    }
}

pub fn full_like(x: &Value, value: f64, dtype: DType) -> Result<Value> {
    apply(FillLike { value, dtype }, &[x])
}

pub fn zeros_like(x: &Value) -> Result<Value> {
    full_like(x, 0.0, x.dtype())
}

pub fn ones_like(x: &Value) -> Result<Value> {
    full_like(x, 1.0, x.dtype())
}

/// y = x, with no gradient through it (`stop`) or with the whole of it.
#[derive(Debug, Clone, Copy, Serialize)]
struct Identity {
    stop: bool,
}

impl Op for Identity {
    fn name(&self) -> &'static str {
        if self.stop { "stop_gradient" } else { "identity" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        y[0].bytes_mut().copy_from_slice(x[0].bytes());
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![if self.stop {
            None
        } else {
            Some(pass.grad()?.clone())
        }])
    }

    fn is_view(&self) -> bool {
        true
    }
}

pub fn stop_gradient(x: &Value) -> Result<Value> {
    apply(Identity { stop: true }, &[x])
}

pub fn identity(x: &Value) -> Result<Value> {
    apply(Identity { stop: false }, &[x])
}

/// y = x repeated along the axes that it lacks or has as 1, up to the shape of the second input (of which only the
/// shape is looked at), or to a given shape.
#[derive(Debug, Clone, Serialize)]
struct BroadcastTo {
    /// Target; `None` takes the second input's.
    shape: Option<Vec<usize>>,
}

impl Op for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let target = match &self.shape {
            Some(shape) => Spec::known(x[0].dtype, shape),
            None => x[1].with_dtype(x[0].dtype),
        };
        let joined = broadcast(self.name(), &x[0].dims, &target.dims)?;
        let fits = joined.len() == target.rank()
            && joined
                .iter()
                .zip(&target.dims)
                .all(|(a, b)| a.is_none() || b.is_none() || a == b);
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!("a shape that broadcasts to {}", show(&target.dims)))
                .got(show(&x[0].dims)));
        }
        target.one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = y[0].shape();
        let lead = shape.len() - x[0].shape().len();
        let own = row_major(x[0].shape());
        let from: Steps = (0..shape.len())
            .map(|a| {
                if a < lead || x[0].shape()[a - lead] == 1 {
                    0
                } else {
                    own[a - lead]
                }
            })
            .collect();
        sized!(x[0].dtype().size(), T => {
            // SAFETY: the steps stay inside x (0 where it has one element), and cover y once.
            unsafe { strided::<T>(shape, x[0].as_ptr().cast(), &from, y[0].as_mut_ptr().cast(), &row_major(shape)) }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let dx = sum_to_like(pass.grad()?, &pass.inputs[0])?;
        Ok([Some(dx), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn broadcast_to(x: &Value, shape: &[usize]) -> Result<Value> {
    apply(
        BroadcastTo {
            shape: Some(shape.to_vec()),
        },
        &[x],
    )
}

pub fn broadcast_like(x: &Value, like: &Value) -> Result<Value> {
    apply(BroadcastTo { shape: None }, &[x, like])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fill {
    #[serde(deserialize_with = "crate::config::read_any_float")]
    value: f64,
    #[serde(default)]
    dtype: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    #[serde(default)]
    dtype: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Target {
    shape: Vec<usize>,
}

fn typed(name: Option<&str>, x: &Value) -> Result<DType> {
    name.map_or(Ok(x.dtype()), DType::parse)
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("zeros_like", |x, attrs: &Attrs| {
        let [x] = arity("zeros_like", x)?;
        let t: Typed = parse_attrs("zeros_like", attrs)?;
        Ok(vec![full_like(&x, 0.0, typed(t.dtype.as_deref(), &x)?)?])
    }),
    ("ones_like", |x, attrs| {
        let [x] = arity("ones_like", x)?;
        let t: Typed = parse_attrs("ones_like", attrs)?;
        Ok(vec![full_like(&x, 1.0, typed(t.dtype.as_deref(), &x)?)?])
    }),
    ("full_like", |x, attrs| {
        let [x] = arity("full_like", x)?;
        let f: Fill = parse_attrs("full_like", attrs)?;
        Ok(vec![full_like(&x, f.value, typed(f.dtype.as_deref(), &x)?)?])
    }),
    ("stop_gradient", |x, _| {
        let [x] = arity("stop_gradient", x)?;
        Ok(vec![stop_gradient(&x)?])
    }),
    ("identity", |x, _| {
        let [x] = arity("identity", x)?;
        Ok(vec![identity(&x)?])
    }),
    ("broadcast_to", |x, attrs| {
        let [x] = arity("broadcast_to", x)?;
        Ok(vec![broadcast_to(
            &x,
            &parse_attrs::<Target>("broadcast_to", attrs)?.shape,
        )?])
    }),
    ("broadcast_like", |x, _| {
        let [x, like] = arity("broadcast_like", x)?;
        Ok(vec![broadcast_like(&x, &like)?])
    }),
    ("sum_to_like", |x, _| {
        let [x, like] = arity("sum_to_like", x)?;
        Ok(vec![sum_to_like(&x, &like)?])
    }),
];

//! Class indices as rows of zeros with a one.

use serde::{Deserialize, Serialize};

use super::cast;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, axis_index};
use crate::tensor::{View, ViewMut};

/// y[.., c, ..] = 1 where index = c, else 0; an index outside of [0, classes) gives zeros.
#[derive(Debug, Clone, Copy, Serialize)]
struct OneHot {
    classes: usize,
    axis: usize,
    dtype: DType,
}

impl Op for OneHot {
    fn name(&self) -> &'static str {
        "one_hot"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        dims.insert(self.axis, Some(self.classes));
        Spec {
            dtype: self.dtype,
            dims,
        }
        .one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let inner: usize = x[0].shape()[self.axis..].iter().product();
        let index = x[0].slice::<i64>();
        y[0].bytes_mut().fill(0);
        let place = |(k, &c): (usize, &i64)| {
            let inside = c >= 0 && (c as usize) < self.classes;
            inside.then(|| (k / inner * self.classes + c as usize) * inner + k % inner)
        };
        let one = crate::tensor::Tensor::scalar_of(self.dtype, 1.0)?;
        dispatch!(self.dtype, T => {
            let (one, out) = (one.slice::<T>()[0], y[0].slice_mut::<T>());
            index.iter().enumerate().filter_map(place).for_each(|at| out[at] = one);
        });
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// One-hot rows of class indices, along a new axis.
pub fn one_hot(x: &Value, classes: usize, axis: i64, dtype: DType) -> Result<Value> {
    if classes == 0 {
        return Err(Error::value("one_hot").expected("at least one class").got("0"));
    }
    let axis = axis_index("one_hot", axis, x.rank() + 1)?;
    apply(OneHot { classes, axis, dtype }, &[&cast(x, DType::I64)?])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneHotAttrs {
    num_classes: usize,
    #[serde(default = "last")]
    axis: i64,
    #[serde(default)]
    dtype: Option<String>,
}

fn last() -> i64 {
    -1
}

pub(super) const OPS: &[(&str, OpFn)] = &[("one_hot", |x, attrs| {
    let [x] = arity("one_hot", x)?;
    let a: OneHotAttrs = parse_attrs("one_hot", attrs)?;
    let dtype = a.dtype.as_deref().map_or(Ok(DType::F32), DType::parse)?;
    Ok(vec![one_hot(&x, a.num_classes, a.axis, dtype)?])
})];

//! Sizes as values, for computations whose shapes are open while they are traced.
//!
//! size_along(x) = n; arange_along(x) = 0, 1, .., n - 1 for an axis of size n

use serde::Deserialize;

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Dims, Spec, Specs, axis_index};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy)]
struct Along {
    axis: usize,
    /// All places, or their number alone.
    all: bool,
}

impl Op for Along {
    fn name(&self) -> &'static str {
        if self.all { "arange_along" } else { "size_along" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let dims: Dims = if self.all {
            [x[0].dims[self.axis]].into_iter().collect()
        } else {
            Dims::new()
        };
        Spec {
            dtype: DType::I32,
            dims,
        }
        .one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = i32::try_from(x[0].shape()[self.axis]).map_err(|_| {
            Error::value(self.name())
                .expected("an axis of at most 2147483647 places")
                .got(format!("axis {} of {:?}", self.axis, x[0].shape()))
        })?;
        let to = y[0].slice_mut::<i32>();
        if self.all {
            to.iter_mut().zip(0..n).for_each(|(to, i)| *to = i);
        } else {
            to[0] = n;
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }

    fn shape_only(&self, _: usize) -> bool {
        true
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisAttrs {
    axis: i64,
}

fn along(who: &str, x: &[Value], attrs: &Attrs, all: bool) -> Result<Vec<Value>> {
    let [x] = arity(who, x)?;
    let axis = axis_index(who, parse_attrs::<AxisAttrs>(who, attrs)?.axis, x.rank())?;
    Ok(vec![apply(Along { axis, all }, &[&x])?])
}

pub const OPS: &[(&str, OpFn)] = &[
    ("arange_along", |x, attrs: &Attrs| {
        along("arange_along", x, attrs, true)
    }),
    ("size_along", |x, attrs| along("size_along", x, attrs, false)),
];

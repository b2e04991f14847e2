//! The places along an axis as a value, for computations whose shapes are open while they are traced.
//!
//! arange_along(x) = 0, 1, .., n - 1 for an axis of size n

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, axis_index};
use crate::tensor::{View, ViewMut};

const WHO: &str = "arange_along";

#[derive(Debug, Clone, Copy, Serialize)]
struct ArangeAlong {
    axis: usize,
}

impl Op for ArangeAlong {
    fn name(&self) -> &'static str {
        WHO
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        Spec::new(DType::I32, [x[0].dims[self.axis]]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = i32::try_from(x[0].shape()[self.axis]).map_err(|_| {
            Error::value(WHO)
                .expected("an axis of at most 2147483647 places")
                .got(format!("axis {} of {:?}", self.axis, x[0].shape()))
        })?;
        y[0].slice_mut::<i32>()
            .iter_mut()
            .zip(0..n)
            .for_each(|(to, i)| *to = i);
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

pub const OPS: &[(&str, OpFn)] = &[(WHO, |x, attrs: &Attrs| {
    let [x] = arity(WHO, x)?;
    let axis = axis_index(WHO, parse_attrs::<AxisAttrs>(WHO, attrs)?.axis, x.rank())?;
    Ok(vec![apply(ArangeAlong { axis }, &[&x])?])
})];

//! y = the inputs one after the other along an axis

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, one};
use crate::ops;
use crate::shape::{Spec, axis_index, show};

#[derive(Debug, Deserialize)]
pub struct Concatenate {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

impl Concatenate {
    fn check(&self, inputs: &[Spec]) -> Result<()> {
        let shapes = || {
            inputs
                .iter()
                .map(|s| show(&s.dims))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let Some((first, rest)) = inputs.split_first() else {
            return Err(Error::value("inputs")
                .expected("a list of at least 1 tensor")
                .got("an empty list"));
        };
        let axis = axis_index("axis", self.axis, first.rank())?;
        let fits = |other: &Spec| {
            other.rank() == first.rank()
                && (0..first.rank()).all(|k| {
                    k == axis
                        || first.dims[k].is_none()
                        || other.dims[k].is_none()
                        || first.dims[k] == other.dims[k]
                })
        };
        if rest.iter().all(fits) {
            return Ok(());
        }
        Err(Error::value("inputs")
            .expected(format!("shapes that agree but for axis {axis}"))
            .got(shapes())
            .hint("Reshape the inputs, or concatenate along another axis"))
    }
}

impl Layer for Concatenate {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        self.check(inputs)?;
        Ok(Vec::new())
    }

    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        self.check(&inputs.iter().map(Value::spec).collect::<Vec<_>>())?;
        one(ops::concatenate(inputs, self.axis)?)
    }
}

//! copy(x) = x, in memory of its own.

use serde::Serialize;

use super::op::{Op, Pass, Run};
use crate::autograd::Value;
use crate::error::Result;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Serialize)]
pub struct Copy;

impl Op for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn infer(&self, inputs: &[Spec]) -> Result<Specs> {
        inputs[0].clone().one()
    }

    fn forward(&self, _: &mut Run, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<()> {
        outputs[0].bytes_mut().copy_from_slice(inputs[0].bytes());
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(pass.grad()?.clone())])
    }
}

//! y.shape[k] = x.shape[dims[k - 1]]

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;
use crate::shape::show;

#[derive(Debug, Deserialize)]
pub struct Permute {
    dims: Vec<usize>,
}

impl Layer for Permute {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        if x.rank() != self.dims.len() + 1 {
            return Err(Error::value("input")
                .expected(format!(
                    "{} axes, the batch and those that `dims` {:?} names",
                    self.dims.len() + 1,
                    self.dims
                ))
                .got(format!("shape {}", show(&x.dims())))
                .hint("Give `dims` one entry for each axis but the batch"));
        }
        let order: Vec<i64> = [0]
            .into_iter()
            .chain(self.dims.iter().map(|d| *d as i64))
            .collect();
        one(ops::transpose(x, Some(&order))?)
    }
}

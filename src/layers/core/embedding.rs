//! y[b, ...] = embeddings[x[b, ...]]

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::dtype::DType;
use crate::error::Result;
use crate::layers::layer::{Call, Layer, WeightSpec, exactly, one, single};
use crate::ops;
use crate::shape::Spec;

#[derive(Debug, Deserialize)]
pub struct Embedding {
    input_dim: NonZeroUsize,
    output_dim: NonZeroUsize,
}

impl Layer for Embedding {
    fn weights(&self, _: &[Spec]) -> Result<Vec<WeightSpec>> {
        let shape = [self.input_dim.get(), self.output_dim.get()];
        Ok(vec![WeightSpec::trained(
            "embeddings",
            "embeddings_initializer",
            &shape,
        )])
    }

    fn call(&self, _: &Call, inputs: &[Value], weights: &[Variable]) -> Result<Vec<Value>> {
        let [table] = exactly(weights)?;
        let x = single(inputs)?;
        // Whole numbers often arrive as floats, from a table of mixed columns.
        let x = match x.dtype() {
            DType::I32 | DType::I64 => x.clone(),
            _ => ops::to_indices(x)?,
        };
        one(ops::embedding(&table.value(), &x)?)
    }
}

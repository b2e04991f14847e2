//! y[b, t] = x[b] for t = 0, ..., n - 1

use std::num::NonZeroUsize;

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::Result;
use crate::layers::layer::{Call, Layer, check_rank, one, single};
use crate::ops;

#[derive(Debug, Deserialize)]
pub struct RepeatVector {
    n: NonZeroUsize,
}

impl Layer for RepeatVector {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        check_rank(&x.dims(), 2, "(batch, features)")?;
        one(ops::repeat(&ops::expand_dims(x, 1)?, self.n.get(), 1)?)
    }
}

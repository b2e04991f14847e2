//! y = reshape(x, (batch, *target_shape))

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;
use crate::shape::show;

#[derive(Debug, Deserialize)]
pub struct Reshape {
    target_shape: Vec<i64>,
}

impl Layer for Reshape {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        one(reshape_samples(single(inputs)?, &self.target_shape)?)
    }
}

/// Gives every sample the target shape, in which one size may be -1: what is left over.
pub fn reshape_samples(x: &Value, target: &[i64]) -> Result<Value> {
    let dims = x.dims();
    let error = || {
        Error::value("input")
            .expected(format!("samples of as many numbers as a shape {target:?} holds"))
            .got(format!("shape {}", show(&dims)))
            .hint("Change the target shape; one of its sizes may be -1, which is worked out from the others")
    };
    let Some((batch, sample)) = dims.split_first() else {
        return Err(error());
    };
    let open = target.iter().filter(|d| **d < 0).count();
    let fixed = target.iter().filter(|d| **d >= 0).try_fold(1usize, |n, d| n.checked_mul(*d as usize)).ok_or_else(error)?;
    if open > 1 || target.iter().any(|d| *d < -1) {
        return Err(error());
    }
    let size = sample.iter().try_fold(1usize, |n, d| n.checked_mul((*d)?));
    // With the size of a sample known, only the batch may be unknown.
    let mut sizes: Vec<i64> = Vec::with_capacity(target.len() + 1);
    if let Some(size) = size {
        let fits = if open == 1 { fixed != 0 && size.is_multiple_of(fixed) || size == 0 && fixed == 0 } else { size == fixed };
        if !fits {
            return Err(error());
        }
        let rest = size.checked_div(fixed).unwrap_or(0);
        sizes.push(batch.map_or(-1, |n| n as i64));
        sizes.extend(target.iter().map(|d| if *d < 0 { rest as i64 } else { *d }));
        if batch.is_none() && size == 0 {
            return Err(error());
        }
        return ops::reshape(x, &sizes);
    }
    if let Some(batch) = batch {
        sizes.push(*batch as i64);
        sizes.extend(target);
        return ops::reshape(x, &sizes);
    }
    ops::reshape_samples(x, target)
}

//! Add, Subtract, Multiply, Average, Maximum, Minimum: entry by entry over inputs that broadcast.

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, one};
use crate::ops;
use crate::shape::{Dim, Spec, show};

/// Refuses lists that are empty, or whose batches differ.
fn check<'a>(dims: impl Iterator<Item = &'a [Dim]> + Clone, least: usize) -> Result<()> {
    let count = dims.clone().count();
    if count < least {
        return Err(Error::value("inputs")
            .expected(format!("a list of at least {least} tensors"))
            .got(format!("{count}"))
            .hint("Call the layer on a list, layer([a, b])"));
    }
    let mut batches = dims.clone().filter_map(|d| d.first().copied().flatten());
    let first = batches.next();
    // A batch of one broadcasts like any other axis.
    if let Some(n) = batches.find(|n| Some(*n) != first && *n != 1 && first != Some(1)) {
        return Err(Error::value("inputs")
            .expected("the same batch size in all inputs")
            .got(format!("{} and {n}, shapes {}", first.unwrap_or(0), all(dims)))
            .hint("Give as many samples in each input"));
    }
    Ok(())
}

fn all<'a>(dims: impl Iterator<Item = &'a [Dim]>) -> String {
    dims.map(show).collect::<Vec<_>>().join(", ")
}

/// The inputs with axes of size 1 after the batch where one has fewer than the others.
fn same_rank(inputs: &[Value], least: usize) -> Result<Vec<Value>> {
    let dims: Vec<_> = inputs.iter().map(Value::dims).collect();
    check(dims.iter().map(|d| &d[..]), least)?;
    let rank = inputs.iter().map(Value::rank).max().unwrap_or(0);
    inputs
        .iter()
        .map(|x| (x.rank()..rank).try_fold(x.clone(), |x, _| ops::expand_dims(&x, 1.min(x.rank() as i64))))
        .collect()
}

fn fold(inputs: &[Value], op: fn(&Value, &Value) -> Result<Value>) -> Result<Value> {
    let inputs = same_rank(inputs, 1)?;
    let (first, rest) = inputs
        .split_first()
        .ok_or_else(|| Error::value("inputs").expected("a list of tensors").got("none"))?;
    rest.iter().try_fold(first.clone(), |sum, x| op(&sum, x))
}

fn check_specs(inputs: &[Spec], least: usize) -> Result<Vec<WeightSpec>> {
    check(inputs.iter().map(|s| &s.dims[..]), least)?;
    Ok(Vec::new())
}

macro_rules! merge {
    ($($(#[$doc:meta])* $name:ident => $op:expr),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        pub struct $name {}

        impl Layer for $name {
            fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
                check_specs(inputs, 1)
            }

            fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
                one(fold(inputs, $op)?)
            }
        }
    )* };
}

merge! {
    /// y = x_1 + x_2 + ...
    Add => ops::add,
    /// y = x_1 x_2 ...
    Multiply => ops::multiply,
    /// y = max(x_1, x_2, ...)
    Maximum => ops::maximum,
    /// y = min(x_1, x_2, ...)
    Minimum => ops::minimum,
}

/// y = (x_1 + ... + x_n) / n
#[derive(Debug, Deserialize)]
pub struct Average {}

impl Layer for Average {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        check_specs(inputs, 1)
    }

    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let sum = fold(inputs, ops::add)?;
        one(ops::divide(&sum, &sum.like(inputs.len() as f64)?)?)
    }
}

/// y = x_1 - x_2
#[derive(Debug, Deserialize)]
pub struct Subtract {}

impl Subtract {
    fn two(count: usize) -> Result<()> {
        if count == 2 {
            return Ok(());
        }
        Err(Error::value("inputs")
            .expected("a list of exactly 2 tensors")
            .got(count.to_string())
            .hint("Call the layer on a list, layer([a, b])"))
    }
}

impl Layer for Subtract {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        Self::two(inputs.len())?;
        check_specs(inputs, 2)
    }

    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        Self::two(inputs.len())?;
        one(fold(inputs, ops::subtract)?)
    }
}

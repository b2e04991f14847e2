//! Zeros, Ones, Constant, Identity.

use serde::Deserialize;

use super::initializer::{Initializer, shape_error};
use crate::config::parse;
use crate::dispatch;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::Tensor;

/// w = value
#[derive(Debug, Deserialize)]
struct Constant {
    #[serde(default)]
    value: f64,
}

impl Initializer for Constant {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let one = Tensor::scalar_of(dtype, self.value)?;
        dispatch!(dtype, T => Tensor::full::<T>(shape, one.slice::<T>()[0]))
    }
}

pub fn constant(config: &str) -> Result<Box<dyn Initializer>> {
    Ok(Box::new(parse::<Constant>("Constant", config)?))
}

/// A config without arguments.
#[derive(Debug, Deserialize)]
struct Nothing {}

pub fn zeros(config: &str) -> Result<Box<dyn Initializer>> {
    let Nothing {} = parse("Zeros", config)?;
    Ok(Box::new(Constant { value: 0.0 }))
}

pub fn ones(config: &str) -> Result<Box<dyn Initializer>> {
    let Nothing {} = parse("Ones", config)?;
    Ok(Box::new(Constant { value: 1.0 }))
}

/// w[i, j] = gain if i == j else 0
#[derive(Debug, Deserialize)]
struct Identity {
    #[serde(default = "one")]
    gain: f64,
}

fn one() -> f64 {
    1.0
}

impl Initializer for Identity {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        let &[rows, columns] = shape else {
            return Err(shape_error("Identity", "a matrix, a shape of two sizes", shape));
        };
        let mut w = Tensor::zeros(dtype, shape)?;
        let gain = Tensor::scalar_of(dtype, self.gain)?;
        dispatch!(dtype, T => {
            let (to, gain) = (&mut w.view_mut(), gain.slice::<T>()[0]);
            let to = to.slice_mut::<T>();
            for i in 0..rows.min(columns) {
                to[i * columns + i] = gain;
            }
        });
        Ok(w)
    }
}

pub fn identity(config: &str) -> Result<Box<dyn Initializer>> {
    Ok(Box::new(parse::<Identity>("Identity", config)?))
}

//! RandomNormal, RandomUniform, TruncatedNormal.

use serde::Deserialize;

use super::initializer::{Initializer, Seed, floats_only};
use crate::config::parse;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::rng;
use crate::tensor::Tensor;

/// Which distribution, with its parameters.
#[derive(Debug, Clone, Copy)]
pub enum Draw {
    /// N(mean, stddev^2)
    Normal { mean: f64, stddev: f64 },
    /// N(mean, stddev^2), cut off at two standard deviations
    TruncatedNormal { mean: f64, stddev: f64 },
    /// U[minval, maxval)
    Uniform { minval: f64, maxval: f64 },
}

/// Independent draws from one distribution.
#[derive(Debug)]
pub struct Random {
    pub who: &'static str,
    pub seed: Seed,
    pub draw: Draw,
}

impl Initializer for Random {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        floats_only(self.who, dtype)?;
        let mut w = Tensor::uninit(dtype, shape)?;
        let key = self.seed.key();
        float_dispatch!(dtype, T => {
            let mut view = w.view_mut();
            let out = view.slice_mut::<T>();
            match self.draw {
                Draw::Normal { mean, stddev } => rng::normal(key, 0, mean, stddev, out),
                Draw::TruncatedNormal { mean, stddev } => rng::truncated_normal(key, 0, mean, stddev, out),
                Draw::Uniform { minval, maxval } => rng::uniform(key, 0, minval as T, maxval as T, out),
            }
        }, else => floats_only(self.who, dtype)?);
        Ok(w)
    }
}

#[derive(Debug, Deserialize)]
struct Normal {
    #[serde(default)]
    mean: f64,
    #[serde(default = "small")]
    stddev: f64,
    seed: Seed,
}

fn small() -> f64 {
    0.05
}

pub fn random_normal(config: &str) -> Result<Box<dyn Initializer>> {
    let c: Normal = parse("RandomNormal", config)?;
    Ok(Box::new(Random {
        who: "RandomNormal",
        seed: c.seed,
        draw: Draw::Normal {
            mean: c.mean,
            stddev: c.stddev,
        },
    }))
}

pub fn truncated_normal(config: &str) -> Result<Box<dyn Initializer>> {
    let c: Normal = parse("TruncatedNormal", config)?;
    Ok(Box::new(Random {
        who: "TruncatedNormal",
        seed: c.seed,
        draw: Draw::TruncatedNormal {
            mean: c.mean,
            stddev: c.stddev,
        },
    }))
}

#[derive(Debug, Deserialize)]
struct Uniform {
    #[serde(default = "minus_small")]
    minval: f64,
    #[serde(default = "small")]
    maxval: f64,
    seed: Seed,
}

fn minus_small() -> f64 {
    -small()
}

pub fn random_uniform(config: &str) -> Result<Box<dyn Initializer>> {
    let c: Uniform = parse("RandomUniform", config)?;
    if c.maxval < c.minval {
        return Err(Error::value("RandomUniform")
            .expected("`minval` <= `maxval`")
            .got(format!("minval={}, maxval={}", c.minval, c.maxval))
            .hint("Swap them"));
    }
    Ok(Box::new(Random {
        who: "RandomUniform",
        seed: c.seed,
        draw: Draw::Uniform {
            minval: c.minval,
            maxval: c.maxval,
        },
    }))
}

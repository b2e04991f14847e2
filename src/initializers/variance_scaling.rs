//! Weights whose variance is scale / fan: VarianceScaling, Glorot, He, LeCun.

use serde::Deserialize;

use super::initializer::{Initializer, Seed};
use super::random::{Draw, Random};
use crate::config::parse;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::axis_index;
use crate::tensor::Tensor;

#[derive(Debug, Clone, Copy, Deserialize)]
enum Mode {
    #[serde(rename = "fan_in")]
    Inputs,
    #[serde(rename = "fan_out")]
    Outputs,
    #[serde(rename = "fan_avg")]
    Average,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Distribution {
    #[serde(alias = "normal")]
    TruncatedNormal,
    UntruncatedNormal,
    Uniform,
}

#[derive(Debug, Deserialize)]
struct VarianceScaling {
    #[serde(skip)]
    who: &'static str,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default = "fan_in")]
    mode: Mode,
    #[serde(default = "truncated")]
    distribution: Distribution,
    seed: Seed,
    #[serde(default)]
    input_axes: Option<Vec<i64>>,
    #[serde(default)]
    output_axes: Option<Vec<i64>>,
}

fn one() -> f64 {
    1.0
}

fn fan_in() -> Mode {
    Mode::Inputs
}

fn truncated() -> Distribution {
    Distribution::TruncatedNormal
}

impl VarianceScaling {
    /// Units that feed into one output, and units that one input feeds: `(inputs, outputs)` of a dense kernel; those of
    /// a convolution's last two axes times the size of its window.
    fn fans(&self, shape: &[usize]) -> Result<(f64, f64)> {
        if let (Some(inputs), Some(outputs)) = (&self.input_axes, &self.output_axes) {
            let product = |axes: &[i64]| -> Result<f64> {
                axes.iter().try_fold(1.0, |n, &axis| {
                    Ok(n * shape[axis_index(self.who, axis, shape.len())?] as f64)
                })
            };
            return Ok((product(inputs)?, product(outputs)?));
        }
        Ok(match *shape {
            [] => (1.0, 1.0),
            [n] => (n as f64, n as f64),
            [ref window @ .., inputs, outputs] => {
                let field: f64 = window.iter().map(|n| *n as f64).product();
                (inputs as f64 * field, outputs as f64 * field)
            }
        })
    }
}

impl Initializer for VarianceScaling {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        /// Standard deviation of a standard normal number cut off at two standard deviations.
        const CUT: f64 = 0.879_625_661_034_239_8;
        let (inputs, outputs) = self.fans(shape)?;
        let fan = match self.mode {
            Mode::Inputs => inputs,
            Mode::Outputs => outputs,
            Mode::Average => f64::midpoint(inputs, outputs),
        };
        let variance = self.scale / fan.max(1.0);
        let draw = match self.distribution {
            Distribution::TruncatedNormal => Draw::TruncatedNormal {
                mean: 0.0,
                stddev: variance.sqrt() / CUT,
            },
            Distribution::UntruncatedNormal => Draw::Normal {
                mean: 0.0,
                stddev: variance.sqrt(),
            },
            Distribution::Uniform => {
                let limit = (3.0 * variance).sqrt();
                Draw::Uniform {
                    minval: -limit,
                    maxval: limit,
                }
            }
        };
        Random {
            who: self.who,
            seed: self.seed,
            draw,
        }
        .values(shape, dtype)
    }
}

pub fn variance_scaling(config: &str) -> Result<Box<dyn Initializer>> {
    let mut c: VarianceScaling = parse("VarianceScaling", config)?;
    c.who = "VarianceScaling";
    if !(c.scale > 0.0 && c.scale.is_finite()) {
        return Err(Error::value(c.who)
            .expected("`scale` to be a positive number")
            .got(format!("scale={}", c.scale)));
    }
    Ok(Box::new(c))
}

/// What the presets leave open.
#[derive(Debug, Deserialize)]
struct Preset {
    seed: Seed,
    #[serde(default)]
    input_axes: Option<Vec<i64>>,
    #[serde(default)]
    output_axes: Option<Vec<i64>>,
}

fn preset(
    who: &'static str,
    config: &str,
    scale: f64,
    mode: Mode,
    distribution: Distribution,
) -> Result<Box<dyn Initializer>> {
    let Preset {
        seed,
        input_axes,
        output_axes,
    } = parse(who, config)?;
    Ok(Box::new(VarianceScaling {
        who,
        scale,
        mode,
        distribution,
        seed,
        input_axes,
        output_axes,
    }))
}

/// w ~ N(0, 2 / (fan_in + fan_out)), cut off
pub fn glorot_normal(config: &str) -> Result<Box<dyn Initializer>> {
    preset(
        "GlorotNormal",
        config,
        1.0,
        Mode::Average,
        Distribution::TruncatedNormal,
    )
}

/// w ~ U[-l, l), l = sqrt(6 / (fan_in + fan_out))
pub fn glorot_uniform(config: &str) -> Result<Box<dyn Initializer>> {
    preset("GlorotUniform", config, 1.0, Mode::Average, Distribution::Uniform)
}

/// w ~ N(0, 2 / fan_in), cut off
pub fn he_normal(config: &str) -> Result<Box<dyn Initializer>> {
    preset(
        "HeNormal",
        config,
        2.0,
        Mode::Inputs,
        Distribution::TruncatedNormal,
    )
}

/// w ~ U[-l, l), l = sqrt(6 / fan_in)
pub fn he_uniform(config: &str) -> Result<Box<dyn Initializer>> {
    preset("HeUniform", config, 2.0, Mode::Inputs, Distribution::Uniform)
}

/// w ~ N(0, 1 / fan_in), cut off
pub fn lecun_normal(config: &str) -> Result<Box<dyn Initializer>> {
    preset(
        "LecunNormal",
        config,
        1.0,
        Mode::Inputs,
        Distribution::TruncatedNormal,
    )
}

/// w ~ U[-l, l), l = sqrt(3 / fan_in)
pub fn lecun_uniform(config: &str) -> Result<Box<dyn Initializer>> {
    preset("LecunUniform", config, 1.0, Mode::Inputs, Distribution::Uniform)
}

//! The part of the configuration that every optimizer has.

use serde::Deserialize;

use super::rule::check_range;
use crate::error::{Error, Result};

#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Common {
    pub weight_decay: Option<f64>,
    pub clipnorm: Option<f64>,
    pub clipvalue: Option<f64>,
    pub global_clipnorm: Option<f64>,
    pub use_ema: bool,
    pub ema_momentum: f64,
    pub ema_overwrite_frequency: Option<u64>,
    pub loss_scale_factor: Option<f64>,
    pub gradient_accumulation_steps: Option<u64>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            weight_decay: None,
            clipnorm: None,
            clipvalue: None,
            global_clipnorm: None,
            use_ema: false,
            ema_momentum: 0.99,
            ema_overwrite_frequency: None,
            loss_scale_factor: None,
            gradient_accumulation_steps: None,
        }
    }
}

/// At most one way to clip is in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Clip {
    None,
    /// Each gradient's Euclidean norm.
    Norm(f64),
    /// The norm of all gradients taken together.
    GlobalNorm(f64),
    /// Each element.
    Value(f64),
}

impl Common {
    pub fn check(&self, who: &str) -> Result<()> {
        let clips = [
            ("clipnorm", self.clipnorm),
            ("clipvalue", self.clipvalue),
            ("global_clipnorm", self.global_clipnorm),
        ];
        if clips.iter().filter(|(_, v)| v.is_some()).count() > 1 {
            let got: Vec<String> = clips
                .iter()
                .filter_map(|(n, v)| v.map(|v| format!("{n}={v}")))
                .collect();
            return Err(Error::value(who)
                .expected("at most one of clipnorm, clipvalue and global_clipnorm")
                .got(got.join(", ")));
        }
        for (name, value) in clips.into_iter().chain([("weight_decay", self.weight_decay)]) {
            if let Some(value) = value {
                check_range(who, name, value, 0.0, f64::INFINITY)?;
            }
        }
        check_range(who, "ema_momentum", self.ema_momentum, 0.0, 1.0)?;
        if self.ema_overwrite_frequency == Some(0) {
            return Err(Error::value(who)
                .expected("ema_overwrite_frequency to be an integer >= 1")
                .got("0"));
        }
        if let Some(scale) = self.loss_scale_factor
            && !(scale.is_finite() && scale > 0.0)
        {
            return Err(Error::value(who)
                .expected("loss_scale_factor to be a finite number > 0")
                .got(scale.to_string()));
        }
        if let Some(steps) = self.gradient_accumulation_steps
            && steps == 1
        {
            return Err(Error::value(who)
                .expected("gradient_accumulation_steps to be an integer >= 2")
                .got(steps.to_string()));
        }
        Ok(())
    }

    /// A limit of 0 switches clipping off, as in Keras.
    pub fn clip(&self) -> Clip {
        let on = |limit: Option<f64>| limit.filter(|&v| v > 0.0);
        if let Some(limit) = on(self.clipnorm) {
            Clip::Norm(limit)
        } else if let Some(limit) = on(self.global_clipnorm) {
            Clip::GlobalNorm(limit)
        } else if let Some(limit) = on(self.clipvalue) {
            Clip::Value(limit)
        } else {
            Clip::None
        }
    }

    /// Gradients collected for one update.
    pub fn accumulation(&self) -> u64 {
        self.gradient_accumulation_steps.unwrap_or(0).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_to_clip_are_refused() {
        let both = Common {
            clipnorm: Some(1.0),
            clipvalue: Some(2.0),
            ..Common::default()
        };
        let text = both.check("SGD").unwrap_err().to_string();
        assert!(
            text.contains("at most one") && text.contains("clipnorm=1, clipvalue=2"),
            "{text}"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        let bad = [
            Common {
                weight_decay: Some(f64::NAN),
                ..Common::default()
            },
            Common {
                clipnorm: Some(-1.0),
                ..Common::default()
            },
            Common {
                ema_momentum: 1.5,
                ..Common::default()
            },
            Common {
                ema_overwrite_frequency: Some(0),
                ..Common::default()
            },
            Common {
                loss_scale_factor: Some(0.0),
                ..Common::default()
            },
            Common {
                gradient_accumulation_steps: Some(1),
                ..Common::default()
            },
        ];
        assert!(bad.iter().all(|c| c.check("SGD").is_err()));
        assert!(Common::default().check("SGD").is_ok());
    }
}

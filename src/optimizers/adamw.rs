//! AdamW: Adam with decoupled weight decay.

use serde::Deserialize;

use super::adam::Adam;
use super::rule::{Slot, Step, UpdateRule};
use crate::error::Result;
use crate::kernels::real::Real;

// w <- w - lr weight_decay w        in step.rs, as for every optimizer with `weight_decay`
// then Adam's update
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct AdamW(Adam);

impl UpdateRule for AdamW {
    const NAME: &'static str = "AdamW";

    fn slots(&self) -> Vec<Vec<Slot>> {
        UpdateRule::slots(&self.0)
    }

    fn check(&self) -> Result<()> {
        self.0.check_named(Self::NAME)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        self.0.update(step, weights, gradient, slots);
    }
}

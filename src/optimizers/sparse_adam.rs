//! SparseAdam: Adam for tables of which a batch uses few rows.

use serde::Deserialize;

use super::adam::Adam;
use super::rule::{Slot, Step, UpdateRule};
use crate::error::Result;
use crate::kernels::real::Real;

// Adam's update in the rows that the batch used; the others keep their weights and their moments, which are not decayed
// either. `step.rs` leaves out the rows whose gradient is 0 throughout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct SparseAdam(Adam);

impl UpdateRule for SparseAdam {
    const NAME: &'static str = "SparseAdam";
    const LAZY_ROWS: bool = true;

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

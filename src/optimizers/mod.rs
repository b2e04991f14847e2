//! Optimizers: one file each for the update of one tensor; `step.rs` has what they share.

mod adagrad;
mod adam;
mod adamw;
mod config;
mod optimizer;
mod rmsprop;
mod rule;
mod sgd;
mod step;

pub use config::Common;
pub use optimizer::{Optimizer, SlotGroup};
pub use rule::{Rule, Slot, Step, UpdateRule};

/// Every optimizer by its class name.
const OPTIMIZERS: &[(&str, rule::Make)] = &[
    rule::entry::<adagrad::Adagrad>(),
    rule::entry::<adam::Adam>(),
    rule::entry::<adamw::AdamW>(),
    rule::entry::<rmsprop::RmsProp>(),
    rule::entry::<sgd::Sgd>(),
];

/// The class names, sorted.
pub fn names() -> Vec<&'static str> {
    OPTIMIZERS.iter().map(|(name, _)| *name).collect()
}

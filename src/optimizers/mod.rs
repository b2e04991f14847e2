//! Optimizers: one file each for the update of one tensor; `step.rs` has what they share.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod asgd;
mod config;
mod ftrl;
mod lion;
mod nadam;
mod optimizer;
mod rmsprop;
mod rprop;
mod rule;
mod schedule_free_adamw;
mod sgd;
mod sparse_adam;
mod step;

pub use config::Common;
pub use optimizer::{Optimizer, SlotGroup};
pub use rule::{Rule, Slot, Step, UpdateRule};

/// Every optimizer by its class name.
const OPTIMIZERS: &[(&str, rule::Make)] = &[
    rule::entry::<adadelta::Adadelta>(),
    rule::entry::<adagrad::Adagrad>(),
    rule::entry::<adam::Adam>(),
    rule::entry::<adamax::Adamax>(),
    rule::entry::<adamw::AdamW>(),
    rule::entry::<asgd::Asgd>(),
    rule::entry::<ftrl::Ftrl>(),
    rule::entry::<lion::Lion>(),
    rule::entry::<nadam::Nadam>(),
    rule::entry::<rmsprop::RmsProp>(),
    rule::entry::<rprop::Rprop>(),
    rule::entry::<schedule_free_adamw::ScheduleFreeAdamW>(),
    rule::entry::<sgd::Sgd>(),
    rule::entry::<sparse_adam::SparseAdam>(),
];

/// The class names, sorted.
pub fn names() -> Vec<&'static str> {
    OPTIMIZERS.iter().map(|(name, _)| *name).collect()
}

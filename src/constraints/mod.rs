//! Constraints: what weights are brought back to after each update.

mod constraint;
mod norms;

pub use constraint::{Constraint, Make, constrain, names};

use constraint::make;

/// Class name and constructor.
static CONSTRAINTS: &[(&str, Make)] = &[
    ("MaxNorm", make::<norms::MaxNorm>),
    ("MinMaxNorm", make::<norms::MinMaxNorm>),
    ("NonNeg", make::<norms::NonNeg>),
    ("UnitNorm", make::<norms::UnitNorm>),
];

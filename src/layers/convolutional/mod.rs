//! Convolutions.

mod conv;

pub use conv::{Conv1D, Conv2D};

//! Training: batches by index, and the loop of steps.

mod batches;
mod loops;

pub use batches::{Batches, Stage};
pub use loops::{Budget, Rate, Report, Update, evaluate, train};

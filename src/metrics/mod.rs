//! Metrics: the heavy part of each as one op. Their state lives in variables.

mod confusion;
mod top_k;

use crate::ops::OpFn;

pub const OPS: &[(&str, OpFn)] = &[confusion::OP, top_k::OP];

/// The names of the metrics' ops.
pub fn names() -> Vec<&'static str> {
    OPS.iter().map(|(name, _)| *name).collect()
}

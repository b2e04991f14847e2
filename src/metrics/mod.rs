//! Metrics: the heavy part of each as one op. Their state lives in variables.

mod confusion;

use crate::ops::OpFn;

pub const OPS: &[(&str, OpFn)] = &[confusion::OP];

/// Metrics whose mathematics is here; the others are means of losses, or of comparisons by general ops.
const METRICS: &[&str] = &[
    "AUC",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
];

pub fn names() -> Vec<&'static str> {
    METRICS.to_vec()
}

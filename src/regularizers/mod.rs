//! Regularizers: penalties on weights, from a class name and Keras's config.

mod norms;
mod orthogonal;
mod regularizer;

pub use regularizer::{Make, Regularizer, names, penalty};

use regularizer::make;

/// Class name and constructor.
static REGULARIZERS: &[(&str, Make)] = &[
    ("L1", make::<norms::L1>),
    ("L1L2", make::<norms::L1L2>),
    ("L2", make::<norms::L2>),
    ("OrthogonalRegularizer", make::<orthogonal::OrthogonalRegularizer>),
];

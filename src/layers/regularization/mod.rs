//! Layers that act while training only.

mod dropout;

pub use dropout::Dropout;

//! Activation functions as layers.

mod activation;

pub use activation::Activation;

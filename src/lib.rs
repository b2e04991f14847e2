//! Oxhorn: a deep-learning core for the CPU.
//!
//! Dependencies point one way: `kernels <- ops <- autograd <- layers <- train <- py`.

pub mod activations;
pub mod autograd;
pub mod buffer;
pub mod config;
pub mod constraints;
pub mod distributions;
pub mod dtype;
pub mod error;
pub mod files;
pub mod initializers;
pub mod kernels;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod ops;
pub mod optimizers;
mod philox;
pub mod regularizers;
pub mod rng;
pub mod shape;
pub mod tensor;
pub mod train;

#[cfg(feature = "python")]
mod py;

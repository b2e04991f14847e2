//! Oxhorn: a deep-learning core for the CPU.
//!
//! Dependencies point one way: `kernels <- ops <- autograd <- layers <- train <- py`.

pub mod autograd;
pub mod dtype;
pub mod error;
pub mod kernels;
pub mod ops;
pub mod rng;
pub mod optimizers;
pub mod shape;
pub mod tensor;

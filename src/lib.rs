//! Oxhorn: a deep-learning core for the CPU.
//!
//! Dependencies point one way: `kernels <- ops <- autograd <- layers <- train <- py`.

pub mod kernels;

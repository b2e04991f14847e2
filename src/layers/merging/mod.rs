//! Layers that make one value of several.

mod concatenate;
mod dot;
mod elementwise;

pub use concatenate::Concatenate;
pub use dot::Dot;
pub use elementwise::{Add, Average, Maximum, Minimum, Multiply, Subtract};

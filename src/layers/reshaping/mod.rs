//! Layers that move numbers without changing them.

mod flatten;
mod permute;
mod repeat_vector;
mod reshape;
mod zero_padding1d;
mod zero_padding2d;

pub use flatten::Flatten;
pub use permute::Permute;
pub use repeat_vector::RepeatVector;
pub use reshape::{Reshape, reshape_samples};
pub use zero_padding1d::ZeroPadding1D;
pub use zero_padding2d::ZeroPadding2D;

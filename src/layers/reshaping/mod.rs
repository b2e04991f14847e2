//! Layers that move numbers without changing them.

mod cropping;
mod flatten;
mod permute;
mod repeat_vector;
mod reshape;
mod up_sampling;
mod zero_padding1d;
mod zero_padding2d;
mod zero_padding3d;

pub use cropping::{Cropping1D, Cropping2D, Cropping3D};
pub use flatten::Flatten;
pub use permute::Permute;
pub use repeat_vector::RepeatVector;
pub use reshape::{Reshape, reshape_samples};
pub use up_sampling::{UpSampling1D, UpSampling2D, UpSampling3D};
pub use zero_padding1d::ZeroPadding1D;
pub use zero_padding2d::ZeroPadding2D;
pub use zero_padding3d::ZeroPadding3D;

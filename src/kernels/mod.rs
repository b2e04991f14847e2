//! Kernels: slices and sizes in, slices out. They know nothing of tensors, ops or gradients.

pub mod activate;
pub mod adaptive;
pub mod conv;
pub mod ctc;
pub mod ctc_beam;
pub mod elementwise;
pub mod fourier;
pub mod functions;
pub mod gemm;
pub mod index;
pub mod linalg;
pub mod math;
pub mod memory;
pub mod norm;
pub mod parallel;
pub mod patches;
pub mod peak;
pub mod pool;
pub mod real;
pub mod reduce;
pub mod resample;
pub mod rows;
pub mod scatter;
pub mod segments;
pub mod simd;
pub mod tile;

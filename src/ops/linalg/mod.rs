//! Linear algebra on the last two axes; the axes before them are a batch.
//!
//! Forward passes compute in double precision. Backward rules are written with ops, mostly these very ones.

mod cholesky;
mod common;
mod determinant;
mod eigen;
mod lu;
mod pseudo_inverse;
mod qr;
mod solve;
mod svd;
mod triangular;

pub use cholesky::cholesky;
pub(super) use common::outputs;
pub use determinant::{det, slogdet};
pub use eigen::{eig, eigh};
pub use lu::lu_factor;
pub use pseudo_inverse::{matrix_rank, pinv};
pub use qr::qr;
pub use solve::{inv, solve};
pub use svd::svd;
pub use triangular::solve_triangular;

use super::op::OpFn;

pub(super) const OPS: &[&[(&str, OpFn)]] = &[
    cholesky::OPS,
    determinant::OPS,
    eigen::OPS,
    lu::OPS,
    pseudo_inverse::OPS,
    qr::OPS,
    solve::OPS,
    svd::OPS,
    triangular::OPS,
];

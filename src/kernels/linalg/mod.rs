//! Dense linear algebra on one matrix at a time, row by row, in double precision whatever the tensors hold.

mod cholesky;
mod eigen;
mod lu;
mod qr;
mod schur;
mod svd;
mod symmetric;
#[cfg(test)]
mod tests;
mod triangular;
mod vector;

pub use cholesky::cholesky;
pub use eigen::eigen;
pub use lu::{Lu, swap_rows};
pub use qr::Qr;
pub use schur::NoSchur;
pub use svd::{Svd, svd};
pub use symmetric::symmetric_eigen;
pub use triangular::{Triangle, solve_triangular};

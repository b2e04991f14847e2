//! A = L L^T for a symmetric positive definite A.

use super::vector::dot;

/// A <- L, reading (A + A^T) / 2; the place of a pivot that is not positive is an error.
///
/// l_ij = (a_ij - sum over k < j of l_ik l_jk) / l_jj, and l_jj is the root of what is left of a_jj.
pub fn cholesky(a: &mut [f64], n: usize) -> Result<(), usize> {
    for i in 0..n {
        for j in 0..=i {
            let left = 0.5 * (a[i * n + j] + a[j * n + i]) - dot(&a[i * n..i * n + j], &a[j * n..j * n + j]);
            a[i * n + j] = if j < i {
                left / a[j * n + j]
            } else if left > 0.0 {
                left.sqrt()
            } else {
                return Err(i);
            };
        }
    }
    for i in 0..n {
        a[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    Ok(())
}

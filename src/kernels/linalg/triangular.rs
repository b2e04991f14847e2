//! op(A) X = B for a triangular A, where op transposes or not: substitution, row by row.

use serde::Serialize;

use super::vector::add_scaled;

/// Which half of a square matrix is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Triangle {
    pub lower: bool,
    /// The diagonal counts as ones.
    pub unit: bool,
    pub transposed: bool,
}

/// B <- X, where A is n x n and B is n x `columns`; the place of a zero on the diagonal is an error.
///
/// x_i = (b_i - sum over solved k of op(A)_ik x_k) / a_ii
pub fn solve_triangular(
    a: &[f64],
    n: usize,
    b: &mut [f64],
    columns: usize,
    triangle: Triangle,
) -> Result<(), usize> {
    if columns == 0 {
        return Ok(());
    }
    let forward = triangle.lower != triangle.transposed;
    for step in 0..n {
        let i = if forward { step } else { n - 1 - step };
        let (above, rest) = b.split_at_mut(i * columns);
        let (row, below) = rest.split_at_mut(columns);
        let solved = if forward { 0..i } else { i + 1..n };
        for k in solved {
            let factor = if triangle.transposed {
                a[k * n + i]
            } else {
                a[i * n + k]
            };
            let known = if forward {
                &above[k * columns..(k + 1) * columns]
            } else {
                &below[(k - i - 1) * columns..(k - i) * columns]
            };
            add_scaled(row, -factor, known);
        }
        if !triangle.unit {
            let pivot = a[i * n + i];
            if pivot == 0.0 {
                return Err(i);
            }
            row.iter_mut().for_each(|v| *v /= pivot);
        }
    }
    Ok(())
}

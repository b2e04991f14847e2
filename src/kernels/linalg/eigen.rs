//! A V = V diag(w) for a square A with real eigenvalues, from A = Z T Z^T: an eigenvector of the triangle T is found by
//! substitution, and Z takes it to one of A.

use super::schur::{NoSchur, schur};
use super::symmetric::symmetric_eigen;
use super::vector::{add_scaled, dot, largest, points_down};

/// Rising eigenvalues, and eigenvectors of length 1 as the columns of a matrix. Where an element is not finite, all
/// results are NaN.
pub fn eigen(a: &[f64], n: usize) -> Result<(Vec<f64>, Vec<f64>), NoSchur> {
    let symmetric = (0..n).all(|i| (0..i).all(|j| a[i * n + j] == a[j * n + i]));
    let scale = largest(a);
    if symmetric || !scale.is_finite() || scale == 0.0 {
        return symmetric_eigen(a, n);
    }
    let (t, z) = schur(a.iter().map(|v| v / scale).collect(), n).map_err(|e| match e {
        NoSchur::Complex { re, im } => NoSchur::Complex {
            re: re * scale,
            im: im * scale,
        },
        NoSchur::Steps => e,
    })?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| t[i * n + i].total_cmp(&t[j * n + j]));
    let smallest = f64::EPSILON * largest(&t);
    let mut vectors = vec![0.0; n * n];
    for (column, &k) in order.iter().enumerate() {
        let v = vector_of_triangle(&t, n, k, smallest);
        let mut y = vec![0.0; n];
        for (i, &x) in v.iter().enumerate() {
            add_scaled(&mut y, x, &z[i * n..(i + 1) * n]);
        }
        let norm = dot(&y, &y).sqrt();
        let norm = if points_down(y.iter().copied()) {
            -norm
        } else {
            norm
        };
        for (i, y) in y.iter().enumerate() {
            vectors[i * n + column] = y / norm;
        }
    }
    Ok((order.iter().map(|&i| t[i * n + i] * scale).collect(), vectors))
}

/// x with (T - t_kk) x = 0: x_k = 1, and upwards x_i = -(sum over j > i of t_ij x_j) / (t_ii - t_kk).
/// Equal eigenvalues are taken apart by `smallest`.
fn vector_of_triangle(t: &[f64], n: usize, k: usize, smallest: f64) -> Vec<f64> {
    let mut x = vec![0.0; k + 1];
    x[k] = 1.0;
    for i in (0..k).rev() {
        let gap = t[i * n + i] - t[k * n + k];
        let gap = if gap.abs() < smallest { smallest } else { gap };
        x[i] = -dot(&t[i * n + i + 1..=i * n + k], &x[i + 1..]) / gap;
        if x[i].abs() > 1e100 {
            x.iter_mut().for_each(|v| *v *= 1e-100);
        }
    }
    x
}

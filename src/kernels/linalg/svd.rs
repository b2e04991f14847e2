//! A = U diag(s) V^T by one-sided Jacobi rotations, which find small singular values to full relative accuracy.
//!
//! First A = Q R. Rotating pairs of rows of R until all are orthogonal gives J R = diag(s) V^T, so A = (Q J^T) diag(s) V^T.
//! (Hestenes 1958; on R by Drmac and Veselic 2008.)

use super::qr::Qr;
use super::vector::{add_scaled, dot, identity, largest, points_down, rotate, transpose, two_rows};

/// `u` is m x m or m x k, `v_transposed` n x n or k x n, with k = min(m, n); `values` are falling.
#[derive(Debug)]
pub struct Svd {
    pub u: Vec<f64>,
    pub values: Vec<f64>,
    pub v_transposed: Vec<f64>,
}

/// Rows converge quadratically after a few sweeps; six to ten are usual.
const SWEEPS: usize = 60;

/// The decomposition of an m x n matrix. Where an element is not finite, all of it is NaN.
pub fn svd(a: &[f64], m: usize, n: usize, full: bool) -> Svd {
    let k = m.min(n);
    let (width, height) = if full { (m, n) } else { (k, k) };
    let scale = largest(a);
    if !scale.is_finite() {
        return Svd {
            u: vec![f64::NAN; m * width],
            values: vec![f64::NAN; k],
            v_transposed: vec![f64::NAN; height * n],
        };
    }
    if m < n {
        // A^T = V diag(s) U^T
        let Svd {
            u,
            values,
            v_transposed,
        } = svd(&transpose(a, m, n), n, m, full);
        let mut y = Svd {
            u: transpose(&v_transposed, m, m),
            values,
            v_transposed: transpose(&u, n, height),
        };
        y.fix_signs(m, n);
        return y;
    }
    let scale = if scale == 0.0 { 1.0 } else { scale };
    let qr = Qr::new(a.iter().map(|v| v / scale).collect(), m, n);
    let mut r = qr.r(n).to_vec();
    let mut j = identity(n);
    orthogonalize_rows(&mut r, &mut j, n);

    let norms: Vec<f64> = r.chunks(n.max(1)).map(|row| dot(row, row).sqrt()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| norms[b].total_cmp(&norms[a]));
    let values = order.iter().map(|&i| norms[i] * scale).collect();
    let mut v_transposed = Vec::with_capacity(n * n);
    for &i in &order {
        // Rows too short to have been rotated count as zero: their direction is found below.
        let inverse = if norms[i] > 1e-145 { norms[i].recip() } else { 0.0 };
        v_transposed.extend(r[i * n..(i + 1) * n].iter().map(|v| v * inverse));
    }
    complete_basis(&mut v_transposed, n);
    // U = Q diag(J^T, I), column c of J^T being row order[c] of J
    let q = qr.q(width);
    let mut u = q.clone();
    let columns: Vec<f64> = (0..n)
        .flat_map(|i| order.iter().map(move |&c| (c, i)))
        .map(|(c, i)| j[c * n + i])
        .collect();
    for i in 0..m {
        let row = &mut u[i * width..i * width + n];
        row.fill(0.0);
        for p in 0..n {
            add_scaled(row, q[i * width + p], &columns[p * n..(p + 1) * n]);
        }
    }
    let mut y = Svd {
        u,
        values,
        v_transposed,
    };
    y.fix_signs(m, n);
    y
}

/// Rotates rows of R, and of J with them, until |r_p . r_q| <= eps |r_p| |r_q| for all pairs.
fn orthogonalize_rows(r: &mut [f64], j: &mut [f64], n: usize) {
    for _ in 0..SWEEPS {
        let mut done = true;
        for p in 0..n {
            for q in p + 1..n {
                let (x, y) = two_rows(r, n, p, q);
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy.abs() <= f64::EPSILON * (xx * yy).sqrt() {
                    continue;
                }
                done = false;
                // tan of the angle that makes both rows orthogonal, the smaller of two solutions
                let zeta = (yy - xx) / (2.0 * xy);
                let t = 1.0_f64.copysign(zeta) / (zeta.abs() + libm::hypot(zeta, 1.0));
                let c = 1.0 / libm::hypot(t, 1.0);
                rotate(x, y, c, -c * t);
                let (x, y) = two_rows(j, n, p, q);
                rotate(x, y, c, -c * t);
            }
        }
        if done {
            return;
        }
    }
}

/// Gives the zero rows of a matrix whose other rows are orthonormal directions that complete the basis: the axis that
/// is farthest from the span of the rows so far, made orthogonal to them (twice, for the rounding).
fn complete_basis(v: &mut [f64], n: usize) {
    for row in 0..n {
        if v[row * n..(row + 1) * n].iter().any(|&x| x != 0.0) {
            continue;
        }
        let covered = |k: usize| (0..n).map(|i| v[i * n + k] * v[i * n + k]).sum::<f64>();
        let axis = (0..n)
            .min_by(|&a, &b| covered(a).total_cmp(&covered(b)))
            .unwrap_or(0);
        let mut x = vec![0.0; n];
        x[axis] = 1.0;
        for _ in 0..2 {
            for i in (0..n).filter(|&i| i != row) {
                let other = &v[i * n..(i + 1) * n];
                let along = dot(other, &x);
                add_scaled(&mut x, -along, other);
            }
        }
        let norm = dot(&x, &x).sqrt();
        for (to, x) in v[row * n..(row + 1) * n].iter_mut().zip(x) {
            *to = x / norm;
        }
    }
}

impl Svd {
    /// Makes the largest element of every column of U that has a singular value positive.
    fn fix_signs(&mut self, m: usize, n: usize) {
        let width = self.u.len().checked_div(m).unwrap_or(0);
        for c in 0..m.min(n) {
            if points_down((0..m).map(|i| self.u[i * width + c])) {
                (0..m).for_each(|i| self.u[i * width + c] *= -1.0);
                self.v_transposed[c * n..(c + 1) * n]
                    .iter_mut()
                    .for_each(|v| *v = -*v);
            }
        }
    }
}

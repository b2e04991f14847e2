//! A = Z T Z^T with T upper triangular, for a square A whose eigenvalues are real: reflections make A upper Hessenberg,
//! then Francis's double steps make it triangular (Golub and Van Loan, Matrix Computations, 7.4 and 7.5).

use super::qr::reflector;
use super::vector::{identity, largest, rotate, two_rows};

/// Double steps for one eigenvalue; two or three are usual.
const STEPS: usize = 60;

/// Why there is no triangular form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoSchur {
    /// A pair of complex eigenvalues, re +- i im.
    Complex { re: f64, im: f64 },
    /// The steps did not converge.
    Steps,
}

/// (T, Z^T) of a finite n x n matrix.
pub fn schur(mut h: Vec<f64>, n: usize) -> Result<(Vec<f64>, Vec<f64>), NoSchur> {
    let mut z = identity(n);
    for k in 0..n.saturating_sub(2) {
        let house = reflector((k + 1..n).map(|i| h[i * n + k]).collect());
        house.times_rows(&mut h, n, k + 1, k);
        house.columns_times(&mut h, n, k + 1, n);
        house.times_rows(&mut z, n, k + 1, 0);
        for i in k + 2..n {
            h[i * n + k] = 0.0;
        }
    }
    let norm = largest(&h);
    // `end` counts the rows that are not yet triangular.
    let (mut end, mut steps) = (n, 0);
    while end > 1 {
        let mut low = end - 1;
        while low > 0 {
            let near = h[(low - 1) * n + low - 1].abs() + h[low * n + low].abs();
            let near = if near == 0.0 { norm } else { near };
            if h[low * n + low - 1].abs() <= f64::EPSILON * near {
                h[low * n + low - 1] = 0.0;
                break;
            }
            low -= 1;
        }
        match end - low {
            1 => (end, steps) = (end - 1, 0),
            2 => {
                split_block(&mut h, &mut z, n, low, norm)?;
                (end, steps) = (end - 2, 0);
            }
            _ if steps == STEPS => return Err(NoSchur::Steps),
            _ => {
                steps += 1;
                double_step(&mut h, &mut z, n, low, end - 1, steps % 10 == 0);
            }
        }
    }
    Ok((h, z))
}

/// Rotates the block of rows and columns k, k + 1 to a triangle.
///
/// Its eigenvalues are (a + d) / 2 +- sqrt(q), q = ((a - d) / 2)^2 + b c. A change of b or c within the rounding errors
/// of a matrix of this norm moves q by eps norm max(|b|, |c|), and so makes a complex pair of a double eigenvalue:
/// such a pair counts as real.
fn split_block(h: &mut [f64], z: &mut [f64], n: usize, k: usize, norm: f64) -> Result<(), NoSchur> {
    let at = |i: usize, j: usize| (k + i) * n + k + j;
    let (a, b, c, d) = (h[at(0, 0)], h[at(0, 1)], h[at(1, 0)], h[at(1, 1)]);
    let (half, mean) = (0.5 * (a - d), 0.5 * (a + d));
    let q = half * half + b * c;
    if q < -64.0 * f64::EPSILON * norm * b.abs().max(c.abs()) {
        return Err(NoSchur::Complex {
            re: mean,
            im: (-q).sqrt(),
        });
    }
    let root = q.max(0.0).sqrt().copysign(half);
    // (B - lambda) x = 0 with lambda = mean + root: x = (lambda - d, c), of which lambda - d = half + root does not cancel.
    let (x, y) = (half + root, c);
    let r = libm::hypot(x, y);
    let (cos, sin) = if r == 0.0 { (1.0, 0.0) } else { (x / r, y / r) };
    for matrix in [&mut *h, z] {
        let (first, second) = two_rows(matrix, n, k, k + 1);
        rotate(first, second, cos, sin);
    }
    for i in 0..k + 2 {
        let (x, y) = (h[i * n + k], h[i * n + k + 1]);
        h[i * n + k] = cos * x + sin * y;
        h[i * n + k + 1] = cos * y - sin * x;
    }
    h[at(1, 0)] = 0.0;
    Ok(())
}

/// Two QR steps at once, with both eigenvalues of the last 2 x 2 block as shifts, on rows and columns low..=high.
/// An exceptional step takes other shifts, which breaks the rare cycles.
fn double_step(h: &mut [f64], z: &mut [f64], n: usize, low: usize, high: usize, exceptional: bool) {
    let at = |i: usize, j: usize| i * n + j;
    let (mut sum, mut product) = (
        h[at(high - 1, high - 1)] + h[at(high, high)],
        h[at(high - 1, high - 1)] * h[at(high, high)] - h[at(high - 1, high)] * h[at(high, high - 1)],
    );
    if exceptional {
        let s = h[at(high, high - 1)].abs() + h[at(high - 1, high - 2)].abs();
        (sum, product) = (1.5 * s, s * s);
    }
    let (a, b, c) = (h[at(low, low)], h[at(low, low + 1)], h[at(low + 1, low)]);
    let mut column = vec![
        a * a + b * c - sum * a + product,
        c * (a + h[at(low + 1, low + 1)] - sum),
        c * h[at(low + 2, low + 1)],
    ];
    for k in low..high {
        let house = reflector(column);
        let size = house.v.len();
        let left = k.saturating_sub(1).max(low);
        house.times_rows(h, n, k, left);
        house.columns_times(h, n, k, (k + size + 1).min(high + 1));
        house.times_rows(z, n, k, 0);
        if k > low {
            for i in k + 1..k + size {
                h[at(i, k - 1)] = 0.0;
            }
        }
        column = (k + 1..(k + 4).min(high + 1)).map(|i| h[at(i, k)]).collect();
    }
}

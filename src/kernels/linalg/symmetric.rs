//! A = V diag(w) V^T for a symmetric A: reflections make A tridiagonal, then implicit QR steps with Wilkinson's shift
//! make it diagonal (Golub and Van Loan, Matrix Computations, 8.3).

use super::qr::reflector;
use super::schur::NoSchur;
use super::vector::{add_scaled, dot, identity, largest, points_down, rotate, two_rows};

/// QR steps for one eigenvalue; two or three are usual.
const STEPS: usize = 60;

/// Rising eigenvalues, and the eigenvectors as the columns of a matrix. Only (A + A^T) / 2 counts.
/// Where an element is not finite, all results are NaN.
pub fn symmetric_eigen(a: &[f64], n: usize) -> Result<(Vec<f64>, Vec<f64>), NoSchur> {
    let scale = largest(a);
    if !scale.is_finite() {
        return Ok((vec![f64::NAN; n], vec![f64::NAN; n * n]));
    }
    let scale = if scale == 0.0 { 1.0 } else { scale };
    let mut t: Vec<f64> = (0..n * n)
        .map(|p| 0.5 * (a[p] / scale + a[p % n * n + p / n] / scale))
        .collect();
    let mut rows = identity(n);
    let (mut d, mut e) = tridiagonalize(&mut t, &mut rows, n);
    diagonalize(&mut d, &mut e, &mut rows, n)?;

    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| d[i].total_cmp(&d[j]));
    let mut vectors = vec![0.0; n * n];
    for (column, &i) in order.iter().enumerate() {
        let row = &rows[i * n..(i + 1) * n];
        let sign = if points_down(row.iter().copied()) {
            -1.0
        } else {
            1.0
        };
        for (k, v) in row.iter().enumerate() {
            vectors[k * n + column] = sign * v;
        }
    }
    Ok((order.iter().map(|&i| d[i] * scale).collect(), vectors))
}

/// The diagonal and the off-diagonal of T = Q^T A Q; `rows` <- Q^T rows.
///
/// One reflection H = I - tau v v^T on both sides: A <- A - v w^T - w v^T,
/// p = tau A v, w = p - (tau / 2) (p . v) v.
fn tridiagonalize(a: &mut [f64], rows: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut e = Vec::with_capacity(n.saturating_sub(1));
    for k in 0..n.saturating_sub(1) {
        let h = reflector((k + 1..n).map(|i| a[i * n + k]).collect());
        e.push(h.beta);
        if h.tau == 0.0 {
            continue;
        }
        let row = |i: usize| i * n + k + 1..(i + 1) * n;
        let mut w: Vec<f64> = (k + 1..n).map(|i| h.tau * dot(&a[row(i)], &h.v)).collect();
        let along = dot(&w, &h.v);
        add_scaled(&mut w, -0.5 * h.tau * along, &h.v);
        for i in k + 1..n {
            add_scaled(&mut a[row(i)], -h.v[i - k - 1], &w);
            add_scaled(&mut a[row(i)], -w[i - k - 1], &h.v);
        }
        h.times_rows(rows, n, k + 1, 0);
    }
    ((0..n).map(|i| a[i * n + i]).collect(), e)
}

/// Makes e vanish; the rotations go into `rows` too.
fn diagonalize(d: &mut [f64], e: &mut [f64], rows: &mut [f64], n: usize) -> Result<(), NoSchur> {
    let small = |d: &[f64], e: &[f64], k: usize| {
        e[k].abs() <= f64::EPSILON * (d[k].abs() + d[k + 1].abs()) || e[k].abs() < f64::MIN_POSITIVE
    };
    let (mut high, mut steps) = (n.saturating_sub(1), 0);
    while high > 0 {
        let mut low = high;
        while low > 0 && !small(d, e, low - 1) {
            low -= 1;
        }
        if low == high {
            (high, steps) = (high - 1, 0);
            continue;
        }
        steps += 1;
        if steps > STEPS {
            return Err(NoSchur::Steps);
        }
        // Wilkinson's shift: the eigenvalue of the last 2 x 2 block that is nearer to its corner
        let (half, off) = (0.5 * (d[high - 1] - d[high]), e[high - 1]);
        let shift = d[high] - off * off / (half + libm::hypot(half, off).copysign(half));
        let (mut x, mut z) = (d[low] - shift, e[low]);
        for k in low..high {
            let r = libm::hypot(x, z);
            let (c, s) = if r == 0.0 { (1.0, 0.0) } else { (x / r, z / r) };
            if k > low {
                e[k - 1] = r;
            }
            let (dk, ek, dn) = (d[k], e[k], d[k + 1]);
            d[k] = c * c * dk + 2.0 * c * s * ek + s * s * dn;
            d[k + 1] = s * s * dk - 2.0 * c * s * ek + c * c * dn;
            e[k] = (c * c - s * s) * ek + c * s * (dn - dk);
            if k + 1 < high {
                (x, z) = (e[k], s * e[k + 1]);
                e[k + 1] *= c;
            }
            let (first, second) = two_rows(rows, n, k, k + 1);
            rotate(first, second, c, s);
        }
    }
    Ok(())
}

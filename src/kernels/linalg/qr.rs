//! A = Q R by Householder reflections H = I - tau v v^T.

use super::vector::{add_scaled, largest};

/// The reflection that takes a vector x to (beta, 0, 0, ...).
#[derive(Debug, Clone)]
pub struct Reflector {
    /// v, whose first element is 1.
    pub v: Vec<f64>,
    pub tau: f64,
    pub beta: f64,
}

/// beta = -sign(x_1) |x|, tau = (beta - x_1) / beta, v = x / (x_1 - beta) behind its first element.
/// A vector that has its zeros already is left alone (tau = 0).
pub fn reflector(mut x: Vec<f64>) -> Reflector {
    let scale = largest(&x[1..]);
    if scale == 0.0 {
        return Reflector {
            beta: x[0],
            v: x,
            tau: 0.0,
        };
    }
    let scale = scale.max(x[0].abs());
    let norm = scale * x.iter().map(|v| (v / scale) * (v / scale)).sum::<f64>().sqrt();
    let alpha = x[0];
    let beta = -norm.copysign(alpha);
    x[0] = 1.0;
    x[1..].iter_mut().for_each(|v| *v /= alpha - beta);
    Reflector {
        v: x,
        tau: (beta - alpha) / beta,
        beta,
    }
}

impl Reflector {
    /// H times the rows from `first` on of a matrix, columns from `left` on: row_i <- row_i - tau v_i (v^T rows).
    pub fn times_rows(&self, a: &mut [f64], columns: usize, first: usize, left: usize) {
        if self.tau == 0.0 {
            return;
        }
        let mut w = vec![0.0; columns - left];
        for (i, &v) in self.v.iter().enumerate() {
            add_scaled(
                &mut w,
                v,
                &a[(first + i) * columns + left..(first + i + 1) * columns],
            );
        }
        for (i, &v) in self.v.iter().enumerate() {
            let row = &mut a[(first + i) * columns + left..(first + i + 1) * columns];
            add_scaled(row, -self.tau * v, &w);
        }
    }

    /// The first `rows` rows of a matrix times H, where H acts on the columns from `first` on.
    pub fn columns_times(&self, a: &mut [f64], columns: usize, first: usize, rows: usize) {
        for i in 0..rows {
            let row = &mut a[i * columns + first..][..self.v.len()];
            let w: f64 = row.iter().zip(&self.v).map(|(a, v)| a * v).sum();
            add_scaled(row, -self.tau * w, &self.v);
        }
    }
}

/// R in place of an m x n matrix, and the reflections.
#[derive(Debug)]
pub struct Qr {
    r: Vec<f64>,
    reflectors: Vec<Reflector>,
    rows: usize,
    columns: usize,
}

impl Qr {
    pub fn new(mut a: Vec<f64>, rows: usize, columns: usize) -> Self {
        let mut reflectors = Vec::new();
        for k in 0..rows.min(columns) {
            let h = reflector((k..rows).map(|i| a[i * columns + k]).collect());
            h.times_rows(&mut a, columns, k, k);
            a[k * columns + k] = h.beta;
            for i in k + 1..rows {
                a[i * columns + k] = 0.0;
            }
            reflectors.push(h);
        }
        Self {
            r: a,
            reflectors,
            rows,
            columns,
        }
    }

    /// The first `height` rows of R.
    pub fn r(&self, height: usize) -> &[f64] {
        &self.r[..height * self.columns]
    }

    /// The first `width` columns of Q = H_1 H_2 ...
    pub fn q(&self, width: usize) -> Vec<f64> {
        let mut q = vec![0.0; self.rows * width];
        for i in 0..self.rows.min(width) {
            q[i * width + i] = 1.0;
        }
        for (k, h) in self.reflectors.iter().enumerate().rev() {
            h.times_rows(&mut q, width, k, 0);
        }
        q
    }
}

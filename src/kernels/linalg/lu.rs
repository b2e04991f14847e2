//! P A = L U by elimination with row exchanges, and what follows from it.

use super::triangular::{Triangle, solve_triangular};
use super::vector::{add_scaled, identity, two_rows};

/// The factors of an m x n matrix: U on and above the diagonal, L (whose diagonal is 1) below it.
#[derive(Debug, Clone)]
pub struct Lu {
    pub factors: Vec<f64>,
    /// Row k was exchanged with row `pivots[k]`, in this order.
    pub pivots: Vec<usize>,
    rows: usize,
    columns: usize,
}

const L: Triangle = Triangle {
    lower: true,
    unit: true,
    transposed: false,
};
const U: Triangle = Triangle {
    lower: false,
    unit: false,
    transposed: false,
};

impl Lu {
    pub fn new(mut a: Vec<f64>, rows: usize, columns: usize) -> Self {
        let steps = rows.min(columns);
        let mut pivots = Vec::with_capacity(steps);
        for k in 0..steps {
            let size = |i: usize, a: &[f64]| a[i * columns + k].abs();
            let best = (k + 1..rows).fold(k, |p, i| if size(i, &a) > size(p, &a) { i } else { p });
            pivots.push(best);
            if best != k {
                let (x, y) = two_rows(&mut a, columns, k, best);
                x.swap_with_slice(y);
            }
            let pivot = a[k * columns + k];
            if pivot == 0.0 {
                continue;
            }
            for i in k + 1..rows {
                let (x, y) = two_rows(&mut a, columns, k, i);
                let factor = y[k] / pivot;
                y[k] = factor;
                add_scaled(&mut y[k + 1..], -factor, &x[k + 1..]);
            }
        }
        Self {
            factors: a,
            pivots,
            rows,
            columns,
        }
    }

    fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.rows).map(|i| self.factors[i * self.columns + i])
    }

    /// -1 for an odd number of exchanges, else 1.
    fn parity(&self) -> f64 {
        let odd = self.pivots.iter().enumerate().filter(|(k, p)| *k != **p).count() % 2 == 1;
        if odd { -1.0 } else { 1.0 }
    }

    /// det A = (-1)^exchanges u_11 u_22 ...
    pub fn determinant(&self) -> f64 {
        self.diagonal().fold(self.parity(), |d, u| d * u)
    }

    /// The sign of det A (0 if singular) and ln |det A|.
    pub fn sign_and_log(&self) -> (f64, f64) {
        self.diagonal().fold((self.parity(), 0.0), |(sign, log), u| {
            let own = if u == 0.0 || u.is_nan() { u } else { u.signum() };
            (sign * own, log + libm::log(u.abs()))
        })
    }

    /// B <- X with op(A) X = B, of a square A; the place of a zero pivot is an error.
    ///
    /// A X = B: L U X = P B. A^T X = B: U^T L^T (P X) = B.
    pub fn solve(&self, b: &mut [f64], columns: usize, transposed: bool) -> Result<(), usize> {
        let (a, n) = (&self.factors, self.rows);
        if transposed {
            let t = |t: Triangle| Triangle {
                transposed: true,
                ..t
            };
            solve_triangular(a, n, b, columns, t(U))?;
            solve_triangular(a, n, b, columns, t(L))?;
            swap_rows(b, columns, &self.pivots, true);
        } else {
            swap_rows(b, columns, &self.pivots, false);
            solve_triangular(a, n, b, columns, L)?;
            solve_triangular(a, n, b, columns, U)?;
        }
        Ok(())
    }

    /// A^-1; the place of a zero pivot is an error.
    pub fn inverse(&self) -> Result<Vec<f64>, usize> {
        let mut y = identity(self.rows);
        self.solve(&mut y, self.rows, false)?;
        Ok(y)
    }
}

/// Exchanges rows k and `pivots[k]` of B, one after the other, or backwards.
pub fn swap_rows(b: &mut [f64], columns: usize, pivots: &[usize], backwards: bool) {
    let mut swap = |k: usize| {
        let p = pivots[k];
        if p != k {
            let (x, y) = two_rows(b, columns, k.min(p), k.max(p));
            x.swap_with_slice(y);
        }
    };
    if backwards {
        (0..pivots.len()).rev().for_each(&mut swap);
    } else {
        (0..pivots.len()).for_each(&mut swap);
    }
}

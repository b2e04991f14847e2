//! The three inner loops of everything here, over lanes: x . y, y + a x, and the rotation of two rows.

use crate::kernels::simd::{Kernel, Lanes, dispatch};

struct Dot<'a>(&'a [f64], &'a [f64]);

impl Kernel<f64> for Dot<'_> {
    type Output = f64;
    #[inline(always)]
    fn run<L: Lanes<f64>>(self) -> f64 {
        let n = self.0.len().min(self.1.len());
        let (x, y) = (self.0.as_ptr(), self.1.as_ptr());
        let mut sums = [L::splat(0.0); 4];
        let mut i = 0;
        // SAFETY: all places read are below n.
        unsafe {
            while i + 4 * L::N <= n {
                for (k, sum) in sums.iter_mut().enumerate() {
                    let at = i + k * L::N;
                    *sum = L::load(x.add(at)).mul_add(L::load(y.add(at)), *sum);
                }
                i += 4 * L::N;
            }
            while i < n {
                let left = (n - i).min(L::N);
                sums[0] = L::load_part(x.add(i), left).mul_add(L::load_part(y.add(i), left), sums[0]);
                i += L::N;
            }
        }
        sums[0].add(sums[1]).add(sums[2].add(sums[3])).reduce_sum()
    }
}

/// x . y
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    dispatch(Dot(x, y))
}

struct AddScaled<'a>(&'a mut [f64], f64, &'a [f64]);

impl Kernel<f64> for AddScaled<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<f64>>(self) {
        let n = self.0.len().min(self.2.len());
        let (y, a, x) = (self.0.as_mut_ptr(), L::splat(self.1), self.2.as_ptr());
        let mut i = 0;
        // SAFETY: all places are below n.
        unsafe {
            while i < n {
                let left = (n - i).min(L::N);
                let sum = a.mul_add(L::load_part(x.add(i), left), L::load_part(y.add(i), left));
                sum.store_part(y.add(i), left);
                i += L::N;
            }
        }
    }
}

/// y <- y + a x
pub fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    dispatch(AddScaled(y, a, x));
}

struct Rotate<'a>(&'a mut [f64], &'a mut [f64], f64, f64);

impl Kernel<f64> for Rotate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<f64>>(self) {
        let n = self.0.len().min(self.1.len());
        let (x, y) = (self.0.as_mut_ptr(), self.1.as_mut_ptr());
        let (c, s) = (L::splat(self.2), L::splat(self.3));
        let mut i = 0;
        // SAFETY: all places are below n.
        unsafe {
            while i < n {
                let left = (n - i).min(L::N);
                let (a, b) = (L::load_part(x.add(i), left), L::load_part(y.add(i), left));
                c.mul_add(a, s.mul(b)).store_part(x.add(i), left);
                s.neg_mul_add(a, c.mul(b)).store_part(y.add(i), left);
                i += L::N;
            }
        }
    }
}

/// (x, y) <- (c x + s y, c y - s x)
pub fn rotate(x: &mut [f64], y: &mut [f64], c: f64, s: f64) {
    dispatch(Rotate(x, y, c, s));
}

/// Rows i < j of a matrix, both to be written.
pub fn two_rows(a: &mut [f64], columns: usize, i: usize, j: usize) -> (&mut [f64], &mut [f64]) {
    let (upper, lower) = a.split_at_mut(j * columns);
    (&mut upper[i * columns..(i + 1) * columns], &mut lower[..columns])
}

/// The n x n identity.
pub fn identity(n: usize) -> Vec<f64> {
    let mut y = vec![0.0; n * n];
    for i in 0..n {
        y[i * n + i] = 1.0;
    }
    y
}

/// The transpose of a `rows` x `columns` matrix.
pub fn transpose(a: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns)
        .flat_map(|j| (0..rows).map(move |i| a[i * columns + j]))
        .collect()
}

/// The largest |x|, by which a matrix is scaled so that squares neither overflow nor vanish. NaN if there is one.
pub fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m: f64, v| {
        if v.is_nan() || m.is_nan() {
            f64::NAN
        } else {
            m.max(v.abs())
        }
    })
}

/// Whether the element of largest magnitude (the first of several) is negative. Singular vectors and eigenvectors have
/// no sign of their own; they are given the one that makes this element positive.
pub fn points_down(x: impl Iterator<Item = f64>) -> bool {
    x.fold(0.0, |m: f64, v| if v.abs() > m.abs() { v } else { m }) < 0.0
}

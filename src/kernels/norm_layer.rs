//! Layer normalisation: every row by its own mean and variance.

use core::ops::Range;

use crate::kernels::parallel::{self, Disjoint, GRAIN};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Layer normalisation of the rows `rows` of `n` numbers.
struct LayerRows<'a, T> {
    x: &'a [T],
    gamma: Option<&'a [T]>,
    beta: Option<&'a [T]>,
    epsilon: T,
    y: &'a mut [T],
    n: usize,
}

/// (mean, 1 / sqrt(variance + epsilon)) of a row.
#[inline(always)]
fn row_moments<T: Real, L: Lanes<T>>(x: &[T], epsilon: T) -> (T, T) {
    let count = T::from_usize(x.len());
    let mut sum = L::splat(T::ZERO);
    for part in x.chunks(L::N) {
        sum = sum.add(L::from_part(part));
    }
    let mean = sum.reduce_sum() / count;
    let (mut squares, center) = (L::splat(T::ZERO), L::splat(mean));
    let whole = x.len() / L::N * L::N;
    for part in x[..whole].chunks_exact(L::N) {
        let d = L::from_slice(part).sub(center);
        squares = d.mul_add(d, squares);
    }
    let mut rest = T::ZERO;
    for &x in &x[whole..] {
        rest += (x - mean) * (x - mean);
    }
    let variance = (squares.reduce_sum() + rest) / count;
    (mean, T::ONE / (variance + epsilon).sqrt())
}

impl<T: Real> Kernel<T> for LayerRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for (x, y) in self.x.chunks_exact(self.n).zip(self.y.chunks_exact_mut(self.n)) {
            let (mean, inverse) = row_moments::<T, L>(x, self.epsilon);
            let (mean, inverse) = (L::splat(mean), L::splat(inverse));
            for v in (0..self.n).step_by(L::N) {
                let part = v..self.n.min(v + L::N);
                let mut h = L::from_part(&x[part.clone()]).sub(mean).mul(inverse);
                if let Some(gamma) = self.gamma {
                    h = h.mul(L::from_part(&gamma[part.clone()]));
                }
                if let Some(beta) = self.beta {
                    h = h.add(L::from_part(&beta[part.clone()]));
                }
                h.to_part(&mut y[part]);
            }
        }
    }
}

fn row_grain(n: usize) -> usize {
    (GRAIN / n.max(1)).max(1)
}

/// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance over each row of `n` numbers.
pub fn layer<T: Real>(n: usize, x: &[T], gamma: Option<&[T]>, beta: Option<&[T]>, epsilon: T, y: &mut [T]) {
    if n == 0 {
        return;
    }
    parallel::for_chunks_mut(y, row_grain(n) * n, |first, y| {
        dispatch(LayerRows {
            x: &x[first..first + y.len()],
            gamma,
            beta,
            epsilon,
            y,
            n,
        });
    });
}

struct LayerGradient<'a, T> {
    x: &'a [T],
    gamma: Option<&'a [T]>,
    dy: &'a [T],
    epsilon: T,
    dx: &'a mut [T],
    dgamma: &'a mut [T],
    dbeta: &'a mut [T],
    n: usize,
}

impl<T: Real> Kernel<T> for LayerGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let n = self.n;
        self.dgamma.fill(T::ZERO);
        self.dbeta.fill(T::ZERO);
        let scale = T::ONE / T::from_usize(n);
        for (r, x) in self.x.chunks_exact(n).enumerate() {
            let (dy, dx) = (&self.dy[r * n..][..n], &mut self.dx[r * n..][..n]);
            let (mean, inverse) = row_moments::<T, L>(x, self.epsilon);
            let (mean, inverse) = (L::splat(mean), L::splat(inverse));
            let (mut sum, mut product) = (L::splat(T::ZERO), L::splat(T::ZERO));
            for v in (0..n).step_by(L::N) {
                let part = v..n.min(v + L::N);
                let g = L::from_part(&dy[part.clone()]);
                let h = L::from_part(&x[part.clone()]).sub(mean).mul(inverse);
                let to = &mut self.dgamma[part.clone()];
                h.mul_add(g, L::from_part(to)).to_part(to);
                let to = &mut self.dbeta[part.clone()];
                g.add(L::from_part(to)).to_part(to);
                // Beyond the end g is 0, so what h holds there does not matter.
                let mut g = g;
                if let Some(gamma) = self.gamma {
                    g = g.mul(L::from_part(&gamma[part.clone()]));
                }
                sum = sum.add(g);
                product = h.mul_add(g, product);
            }
            let (sum, product) = (
                L::splat(sum.reduce_sum() * scale),
                L::splat(product.reduce_sum() * scale),
            );
            for v in (0..n).step_by(L::N) {
                let part = v..n.min(v + L::N);
                let h = L::from_part(&x[part.clone()]).sub(mean).mul(inverse);
                let mut g = L::from_part(&dy[part.clone()]);
                if let Some(gamma) = self.gamma {
                    g = g.mul(L::from_part(&gamma[part.clone()]));
                }
                h.neg_mul_add(product, g.sub(sum))
                    .mul(inverse)
                    .to_part(&mut dx[part]);
            }
        }
    }
}

/// Scratch numbers that `layer_gradient` needs for `rows` rows of `n` numbers.
pub fn layer_scratch(rows: usize, n: usize) -> usize {
    rows.div_ceil(row_grain(n)) * 2 * n
}

/// With h = (x - mean) * inverse, g = dy * gamma and means over the row:
/// dx = inverse * (g - mean(g) - h mean(g h));  dgamma = sum over rows of dy h;  dbeta = sum over rows of dy.
pub fn layer_gradient<T: Real>(
    n: usize,
    x: &[T],
    gamma: Option<&[T]>,
    dy: &[T],
    epsilon: T,
    dx: &mut [T],
    dgamma: &mut [T],
    dbeta: &mut [T],
    scratch: &mut [T],
) {
    dgamma.fill(T::ZERO);
    dbeta.fill(T::ZERO);
    if n == 0 {
        return;
    }
    let grain = row_grain(n);
    let (rows, shared, parts) = (x.len() / n, Disjoint::new(dx), Disjoint::new(&mut *scratch));
    parallel::for_ranges(rows, grain, |r: Range<usize>| {
        let at = r.start / grain * 2 * n;
        let part = r.start * n..r.end * n;
        // SAFETY: each chunk of rows has its own part of dx and of the scratch memory.
        let (dx, sums) = unsafe { (shared.slice(part.clone()), parts.slice(at..at + 2 * n)) };
        let (dgamma, dbeta) = sums.split_at_mut(n);
        dispatch(LayerGradient {
            x: &x[part.clone()],
            gamma,
            dy: &dy[part],
            epsilon,
            dx,
            dgamma,
            dbeta,
            n,
        });
    });
    for chunk in scratch.chunks_exact(2 * n).take(rows.div_ceil(grain)) {
        for i in 0..n {
            dgamma[i] += chunk[i];
            dbeta[i] += chunk[n + i];
        }
    }
}

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

/// Numbers v..v + L::N of a row of n, zero beyond its end.
#[inline(always)]
fn part<T: Real, L: Lanes<T>>(x: &[T], v: usize) -> L {
    if v + L::N <= x.len() {
        L::from_slice(&x[v..])
    } else {
        L::from_part(&x[v..])
    }
}

#[inline(always)]
fn put<T: Real, L: Lanes<T>>(value: L, x: &mut [T], v: usize) {
    if v + L::N <= x.len() {
        value.to_slice(&mut x[v..]);
    } else {
        value.to_part(&mut x[v..]);
    }
}

/// The mean of a row.
#[inline(always)]
fn row_mean<T: Real, L: Lanes<T>>(x: &[T]) -> T {
    let mut sums = [L::splat(T::ZERO); 2];
    for (i, v) in (0..x.len()).step_by(L::N).enumerate() {
        sums[i % 2] = sums[i % 2].add(part::<T, L>(x, v));
    }
    sums[0].add(sums[1]).reduce_sum() / T::from_usize(x.len())
}

/// Lanes of x - center, 0 beyond the end of the row.
#[inline(always)]
fn centered<T: Real, L: Lanes<T>>(x: &[T], v: usize, center: L) -> L {
    if v + L::N <= x.len() {
        return L::from_slice(&x[v..]).sub(center);
    }
    // By way of memory, since what lies beyond the end would become -center.
    let mut lanes = [T::ZERO; WIDEST];
    let count = x.len() - v;
    L::from_part(&x[v..]).sub(center).to_part(&mut lanes[..count]);
    L::from_slice(&lanes)
}

/// Lanes of the widest register.
const WIDEST: usize = 16;
/// Rows that are worked on together, first row by row, then column by column: they stay in the nearest cache.
const BAND: usize = 8;

impl<T: Real> Kernel<T> for LayerRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let n = self.n;
        let scale = T::ONE / T::from_usize(n);
        for (x, y) in self.x.chunks(n * BAND).zip(self.y.chunks_mut(n * BAND)) {
            let mut rows = [[T::ZERO; 2]; BAND];
            for (x, row) in x.chunks_exact(n).zip(&mut rows) {
                let mean = row_mean::<T, L>(x);
                let (center, mut squares) = (L::splat(mean), [L::splat(T::ZERO); 2]);
                for (i, v) in (0..n).step_by(L::N).enumerate() {
                    let d = centered::<T, L>(x, v, center);
                    squares[i % 2] = d.mul_add(d, squares[i % 2]);
                }
                let variance = squares[0].add(squares[1]).reduce_sum() * scale;
                *row = [mean, T::ONE / (variance + self.epsilon).sqrt()];
            }
            for v in (0..n).step_by(L::N) {
                let gamma = self.gamma.map(|gamma| part::<T, L>(gamma, v));
                let beta = self.beta.map(|beta| part::<T, L>(beta, v));
                let each = x.chunks_exact(n).zip(y.chunks_exact_mut(n));
                for ((x, y), &[mean, inverse]) in each.zip(&rows) {
                    let mut h = part::<T, L>(x, v).sub(L::splat(mean)).mul(L::splat(inverse));
                    if let Some(gamma) = gamma {
                        h = h.mul(gamma);
                    }
                    if let Some(beta) = beta {
                        h = h.add(beta);
                    }
                    put(h, y, v);
                }
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
        let rows = self.x.chunks(n * BAND).zip(self.dy.chunks(n * BAND));
        for ((x, dy), dx) in rows.zip(self.dx.chunks_mut(n * BAND)) {
            // Row by row: mean, inverse deviation, mean(g) and inverse * mean(g h).
            let mut rows = [[T::ZERO; 4]; BAND];
            for ((x, dy), row) in x.chunks_exact(n).zip(dy.chunks_exact(n)).zip(&mut rows) {
                let mean = row_mean::<T, L>(x);
                let center = L::splat(mean);
                let zero = L::splat(T::ZERO);
                let (mut squares, mut sum, mut product) = (zero, zero, zero);
                for v in (0..n).step_by(L::N) {
                    let d = centered::<T, L>(x, v, center);
                    let mut g = part::<T, L>(dy, v);
                    if let Some(gamma) = self.gamma {
                        g = g.mul(part(gamma, v));
                    }
                    squares = d.mul_add(d, squares);
                    sum = sum.add(g);
                    product = d.mul_add(g, product);
                }
                let inverse = T::ONE / (squares.reduce_sum() * scale + self.epsilon).sqrt();
                let along = product.reduce_sum() * scale * inverse;
                *row = [mean, inverse, sum.reduce_sum() * scale, along];
            }
            // Column by column, so that the sums over rows stay in registers.
            for v in (0..n).step_by(L::N) {
                let (mut dgamma, mut dbeta) = (part::<T, L>(self.dgamma, v), part::<T, L>(self.dbeta, v));
                let gamma = self.gamma.map(|gamma| part::<T, L>(gamma, v));
                let each = x
                    .chunks_exact(n)
                    .zip(dy.chunks_exact(n))
                    .zip(dx.chunks_exact_mut(n));
                for (((x, dy), dx), &[mean, inverse, sum, along]) in each.zip(&rows) {
                    let inverse = L::splat(inverse);
                    let h = part::<T, L>(x, v).sub(L::splat(mean)).mul(inverse);
                    let dy = part::<T, L>(dy, v);
                    dgamma = h.mul_add(dy, dgamma);
                    dbeta = dbeta.add(dy);
                    let g = gamma.map_or(dy, |gamma| dy.mul(gamma));
                    let d = h.neg_mul_add(L::splat(along), g.sub(L::splat(sum)));
                    put(d.mul(inverse), dx, v);
                }
                put(dgamma, self.dgamma, v);
                put(dbeta, self.dbeta, v);
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

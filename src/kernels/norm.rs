//! Batch and layer normalisation.
//!
//! Sums over many rows are made chunk by chunk, each chunk's mean and squared deviations while it is in the cache, and
//! chunks are joined in their order by the formula of Chan, Golub and LeVeque (1983): one pass over memory, no
//! cancellation, and the same bits for any number of threads.

use core::ops::Range;

use super::parallel::{self, Disjoint, GRAIN};
use super::real::Real;
use super::simd::{Kernel, Lanes, dispatch};

/// An array seen as (outer, channels, inner); channels last means inner = 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub outer: usize,
    pub channels: usize,
    pub inner: usize,
}

impl Layout {
    pub fn len(&self) -> usize {
        self.outer * self.channels * self.inner
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Numbers of each channel.
    pub fn count(&self) -> usize {
        self.outer * self.inner
    }
    /// Outer indices of a chunk.
    fn grain(&self) -> usize {
        (GRAIN / (self.channels * self.inner).max(1)).max(1)
    }
    fn chunks(&self) -> usize {
        self.outer.div_ceil(self.grain())
    }
    /// Scratch numbers that `statistics` and `gradient` need.
    pub fn scratch(&self) -> usize {
        2 * self.channels * self.chunks()
    }
}

/// mean[c] and squares[c] = sum of (x - mean)^2 of one chunk. As in all kernels here, with inner = 1 a lane is a channel,
/// else a lane is a position of one channel.
struct Moments<'a, T> {
    layout: Layout,
    x: &'a [T],
    mean: &'a mut [T],
    squares: &'a mut [T],
}

impl<T: Real> Kernel<T> for Moments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let rows = self.x.len() / (channels * inner);
        let scale = T::ONE / T::from_usize(rows * inner);
        if inner == 1 {
            for c in (0..channels).step_by(2 * L::N) {
                let len = [
                    L::N.min(channels - c),
                    L::N.min((channels - c).saturating_sub(L::N)),
                ];
                // Sums of distances to the first row: a large common part costs no digits.
                let first = [
                    L::from_part(&self.x[c..][..len[0]]),
                    L::from_part(&self.x[c + len[0]..][..len[1]]),
                ];
                let mut means = [L::splat(T::ZERO); 2];
                for row in self.x.chunks_exact(channels) {
                    means[0] = means[0].add(L::from_part(&row[c..][..len[0]]).sub(first[0]));
                    means[1] = means[1].add(L::from_part(&row[c + len[0]..][..len[1]]).sub(first[1]));
                }
                let scale = L::splat(scale);
                means = [
                    means[0].mul_add(scale, first[0]),
                    means[1].mul_add(scale, first[1]),
                ];
                let mut squares = [L::splat(T::ZERO); 2];
                for row in self.x.chunks_exact(channels) {
                    let a = L::from_part(&row[c..][..len[0]]).sub(means[0]);
                    let b = L::from_part(&row[c + len[0]..][..len[1]]).sub(means[1]);
                    squares = [a.mul_add(a, squares[0]), b.mul_add(b, squares[1])];
                }
                means[0].to_part(&mut self.mean[c..][..len[0]]);
                means[1].to_part(&mut self.mean[c + len[0]..][..len[1]]);
                squares[0].to_part(&mut self.squares[c..][..len[0]]);
                squares[1].to_part(&mut self.squares[c + len[0]..][..len[1]]);
            }
            return;
        }
        for c in 0..channels {
            let first = self.x[c * inner];
            let (mut sum, mut rest) = (L::splat(T::ZERO), T::ZERO);
            for row in self.x.chunks_exact(channels * inner) {
                let parts = row[c * inner..][..inner].chunks_exact(L::N);
                for &x in parts.remainder() {
                    rest += x - first;
                }
                for part in parts {
                    sum = sum.add(L::from_slice(part).sub(L::splat(first)));
                }
            }
            let mean = first + (sum.reduce_sum() + rest) * scale;
            let (mut squares, mut rest) = (L::splat(T::ZERO), T::ZERO);
            for row in self.x.chunks_exact(channels * inner) {
                let parts = row[c * inner..][..inner].chunks_exact(L::N);
                for &x in parts.remainder() {
                    rest += (x - mean) * (x - mean);
                }
                for part in parts {
                    let d = L::from_slice(part).sub(L::splat(mean));
                    squares = d.mul_add(d, squares);
                }
            }
            self.mean[c] = mean;
            self.squares[c] = squares.reduce_sum() + rest;
        }
    }
}

/// mean[c] = mean of x over all but the channels; variance[c] = mean of (x - mean)^2.
pub fn statistics<T: Real>(l: Layout, x: &[T], mean: &mut [T], variance: &mut [T], scratch: &mut [T]) {
    let c = l.channels;
    if l.is_empty() {
        mean.fill(T::NAN);
        variance.fill(T::NAN);
        return;
    }
    let (row, grain) = (c * l.inner, l.grain());
    {
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(l.outer, grain, |r| {
            let at = r.start / grain * 2 * c;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (mean, squares) = unsafe { shared.slice(at..at + 2 * c) }.split_at_mut(c);
            dispatch(Moments {
                layout: l,
                x: &x[r.start * row..r.end * row],
                mean,
                squares,
            });
        });
    }
    mean.copy_from_slice(&scratch[..c]);
    variance.copy_from_slice(&scratch[c..2 * c]);
    // With n numbers so far and m new ones: mean += delta m / (n + m), squares += squares' + delta^2 n m / (n + m).
    for chunk in 1..l.chunks() {
        let n = T::from_usize(chunk * grain * l.inner);
        let m = T::from_usize(grain.min(l.outer - chunk * grain) * l.inner);
        let (means, squares) = scratch[chunk * 2 * c..][..2 * c].split_at(c);
        for i in 0..c {
            let delta = means[i] - mean[i];
            mean[i] += delta * (m / (n + m));
            variance[i] += squares[i] + delta * delta * (n * m / (n + m));
        }
    }
    let scale = T::ONE / T::from_usize(l.count());
    variance.iter_mut().for_each(|v| *v *= scale);
}

/// y = (x - center[c]) * scale[c] + shift[c] (+ second * factor[c])
struct Affine<'a, T> {
    layout: Layout,
    x: &'a [T],
    second: Option<(&'a [T], &'a [T])>,
    center: &'a [T],
    scale: &'a [T],
    shift: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel<T> for Affine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let row = channels * inner;
        for (r, y) in self.y.chunks_exact_mut(row).enumerate() {
            let x = &self.x[r * row..][..row];
            let second = self.second.map(|(z, f)| (&z[r * row..][..row], f));
            if inner == 1 {
                for v in (0..channels).step_by(L::N) {
                    let len = L::N.min(channels - v);
                    let (scale, shift) = (
                        L::from_part(&self.scale[v..][..len]),
                        L::from_part(&self.shift[v..][..len]),
                    );
                    let centered = L::from_part(&x[v..][..len]).sub(L::from_part(&self.center[v..][..len]));
                    let mut sum = centered.mul_add(scale, shift);
                    if let Some((z, factor)) = second {
                        sum = L::from_part(&z[v..][..len]).mul_add(L::from_part(&factor[v..][..len]), sum);
                    }
                    sum.to_part(&mut y[v..][..len]);
                }
            } else {
                for c in 0..channels {
                    let (center, scale, shift) = (
                        L::splat(self.center[c]),
                        L::splat(self.scale[c]),
                        L::splat(self.shift[c]),
                    );
                    for v in (c * inner..(c + 1) * inner).step_by(L::N) {
                        let part = v..((c + 1) * inner).min(v + L::N);
                        let mut sum = L::from_part(&x[part.clone()]).sub(center).mul_add(scale, shift);
                        if let Some((z, factor)) = second {
                            sum = L::from_part(&z[part.clone()]).mul_add(L::splat(factor[c]), sum);
                        }
                        sum.to_part(&mut y[part]);
                    }
                }
            }
        }
    }
}

/// y = (x - mean) * scale + shift, channel by channel; `scale` is gamma / sqrt(variance + epsilon).
pub fn normalize<T: Real>(l: Layout, x: &[T], mean: &[T], scale: &[T], shift: &[T], y: &mut [T]) {
    affine(l, x, None, mean, scale, shift, y);
}

fn affine<T: Real>(
    l: Layout,
    x: &[T],
    second: Option<(&[T], &[T])>,
    center: &[T],
    scale: &[T],
    shift: &[T],
    y: &mut [T],
) {
    let row = l.channels * l.inner;
    if l.is_empty() {
        return;
    }
    parallel::for_chunks_mut(y, l.grain() * row, |first, y| {
        let part = first..first + y.len();
        let second = second.map(|(z, f)| (&z[part.clone()], f));
        dispatch(Affine {
            layout: l,
            x: &x[part.clone()],
            second,
            center,
            scale,
            shift,
            y,
        });
    });
}

/// Per channel and chunk: sum of dy, sum of dy (x - mean).
struct GradientSums<'a, T> {
    layout: Layout,
    x: &'a [T],
    dy: &'a [T],
    mean: &'a [T],
    sums: &'a mut [T],
    products: &'a mut [T],
}

impl<T: Real> Kernel<T> for GradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let row = channels * inner;
        let rows = self.x.len() / row;
        if inner == 1 {
            for c in (0..channels).step_by(L::N) {
                let len = L::N.min(channels - c);
                let mean = L::from_part(&self.mean[c..][..len]);
                let (mut sum, mut products) = (L::splat(T::ZERO), L::splat(T::ZERO));
                for r in 0..rows {
                    let dy = L::from_part(&self.dy[r * row + c..][..len]);
                    sum = sum.add(dy);
                    products = L::from_part(&self.x[r * row + c..][..len])
                        .sub(mean)
                        .mul_add(dy, products);
                }
                sum.to_part(&mut self.sums[c..][..len]);
                products.to_part(&mut self.products[c..][..len]);
            }
            return;
        }
        for c in 0..channels {
            let mean = L::splat(self.mean[c]);
            let (mut sum, mut products) = (L::splat(T::ZERO), L::splat(T::ZERO));
            for r in 0..rows {
                let (x, dy) = (
                    &self.x[r * row + c * inner..][..inner],
                    &self.dy[r * row + c * inner..][..inner],
                );
                for (x, dy) in x.chunks(L::N).zip(dy.chunks(L::N)) {
                    // Lanes beyond the end hold dy = 0, whatever x - mean is there.
                    let dy = L::from_part(dy);
                    sum = sum.add(dy);
                    products = L::from_part(x).sub(mean).mul_add(dy, products);
                }
            }
            self.sums[c] = sum.reduce_sum();
            self.products[c] = products.reduce_sum();
        }
    }
}

/// What the gradient of batch normalisation starts from.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T> {
    pub x: &'a [T],
    pub mean: &'a [T],
    /// 1 / sqrt(variance + epsilon)
    pub inverse: &'a [T],
    /// None means ones.
    pub gamma: Option<&'a [T]>,
}

/// With h = (x - mean) * inverse and means over all but the channels:
/// dbeta = sum of dy;  dgamma = sum of dy h;  dx = gamma * inverse * (dy - mean(dy) - h mean(dy h)).
///
/// `factors` is memory for three numbers a channel.
pub fn gradient<T: Real>(
    l: Layout,
    saved: Saved<'_, T>,
    dy: &[T],
    dx: Option<&mut [T]>,
    dgamma: &mut [T],
    dbeta: &mut [T],
    factors: &mut [T],
    scratch: &mut [T],
) {
    let c = l.channels;
    let (row, grain) = (c * l.inner, l.grain());
    dgamma.fill(T::ZERO);
    dbeta.fill(T::ZERO);
    if l.is_empty() {
        return;
    }
    {
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(l.outer, grain, |r| {
            let at = r.start / grain * 2 * c;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (sums, products) = unsafe { shared.slice(at..at + 2 * c) }.split_at_mut(c);
            let part = r.start * row..r.end * row;
            let (x, dy) = (&saved.x[part.clone()], &dy[part]);
            dispatch(GradientSums {
                layout: l,
                x,
                dy,
                mean: saved.mean,
                sums,
                products,
            });
        });
    }
    for chunk in scratch.chunks_exact(2 * c).take(l.chunks()) {
        for i in 0..c {
            dbeta[i] += chunk[i];
            dgamma[i] += chunk[c + i];
        }
    }
    for i in 0..c {
        dgamma[i] *= saved.inverse[i];
    }
    let Some(dx) = dx else { return };
    // dx = (x - mean) * scale + shift + dy * factor
    let (factor, rest) = factors.split_at_mut(c);
    let (scale, shift) = rest.split_at_mut(c);
    let count = T::from_usize(l.count());
    for i in 0..c {
        factor[i] = saved.inverse[i] * saved.gamma.map_or(T::ONE, |g| g[i]);
        scale[i] = -factor[i] * saved.inverse[i] * (dgamma[i] / count);
        shift[i] = -factor[i] * (dbeta[i] / count);
    }
    affine(l, saved.x, Some((dy, factor)), saved.mean, scale, &shift[..c], dx);
}

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

#[cfg(test)]
#[path = "norm_tests.rs"]
mod tests;

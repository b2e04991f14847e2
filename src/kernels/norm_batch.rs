//! Statistics of batch normalisation.

use super::Layout;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// mean[c] and squares[c] = sum of (x - mean)^2 of one chunk. As in all kernels here, with inner = 1 a lane is a channel,
/// else a lane is a position of one channel.
struct Moments<'a, T> {
    layout: Layout,
    x: &'a [T],
    mean: &'a mut [T],
    squares: &'a mut [T],
}

/// Register v of a block of V registers of columns, the last of which holds `last` columns.
///
/// # Safety
/// The block must be valid for reading from `p`.
#[inline(always)]
pub(super) unsafe fn get<T: Real, L: Lanes<T>, const V: usize>(p: *const T, v: usize, last: usize) -> L {
    // SAFETY: by the caller's promise, V - 1 whole registers and `last` numbers are readable.
    unsafe {
        if V > 1 {
            L::load(p.add(v * L::N))
        } else {
            L::load_part(p, last)
        }
    }
}

/// Moments of a block of columns of the rows at `x`, `row` apart: V whole registers, or `last` columns if V is 1.
///
/// # Safety
/// `x` must hold `rows` rows, `row` apart, of V registers or of `last` numbers.
#[inline(always)]
unsafe fn moments<T: Real, L: Lanes<T>, const V: usize>(
    x: *const T,
    rows: usize,
    row: usize,
    last: usize,
    mean: &mut [T],
    squares: &mut [T],
) -> usize {
    let (mut first, mut sums, mut deviations) = (
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
    );
    // SAFETY: by the caller's promise.
    unsafe {
        // Sums of distances to the first row: a large common part costs no digits.
        for v in 0..V {
            first[v] = get::<T, L, V>(x, v, last);
        }
        for r in 0..rows {
            for v in 0..V {
                sums[v] = sums[v].add(get::<T, L, V>(x.add(r * row), v, last).sub(first[v]));
            }
        }
        let scale = L::splat(T::ONE / T::from_usize(rows));
        for v in 0..V {
            sums[v] = sums[v].mul_add(scale, first[v]);
        }
        for r in 0..rows {
            for v in 0..V {
                let d = get::<T, L, V>(x.add(r * row), v, last).sub(sums[v]);
                deviations[v] = d.mul_add(d, deviations[v]);
            }
        }
    }
    for v in 0..V {
        let part = v * L::N..v * L::N + if V > 1 { L::N } else { last };
        sums[v].to_part(&mut mean[part.clone()]);
        deviations[v].to_part(&mut squares[part]);
    }
    if V > 1 { V * L::N } else { last }
}

impl<T: Real> Kernel<T> for Moments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let rows = self.x.len() / (channels * inner);
        let scale = T::ONE / T::from_usize(rows * inner);
        if inner == 1 {
            let mut c = 0;
            while c < channels {
                let (x, mean, squares) = (&self.x[c..], &mut self.mean[c..], &mut self.squares[c..]);
                // SAFETY: `rows` rows of `channels` numbers, of which each column block begins at c and ends before
                // the row does; mean and squares hold as many numbers.
                c += unsafe {
                    if c + 4 * L::N <= channels {
                        moments::<T, L, 4>(x.as_ptr(), rows, channels, L::N, mean, squares)
                    } else {
                        moments::<T, L, 1>(x.as_ptr(), rows, channels, L::N.min(channels - c), mean, squares)
                    }
                };
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
    let (channels, scale) = (l.channels, T::ONE / T::from_usize(l.count()));
    if l.is_empty() {
        mean.fill(T::NAN);
        variance.fill(T::NAN);
        return;
    }
    let l = l.folded();
    let (c, row, grain) = (l.channels, l.channels * l.inner, l.grain());
    {
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(l.outer, grain, |r| {
            let at = r.start / grain * 2 * c;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (mean, squares) = unsafe { shared.slice(at..at + 2 * c) }.split_at_mut(c);
            let x = &x[r.start * row..r.end * row];
            dispatch(Moments {
                layout: l,
                x,
                mean,
                squares,
            });
        });
    }
    let (total, chunks) = scratch.split_at_mut(2 * c);
    let (means, squares) = total.split_at_mut(c);
    for (i, chunk) in chunks.chunks_exact(2 * c).take(l.chunks() - 1).enumerate() {
        let before = (i + 1) * grain;
        let counts = (before * l.inner, grain.min(l.outer - before) * l.inner);
        join(counts, means, squares, chunk.split_at(c));
    }
    // Columns that stand for the same channel.
    let (first, others) = means.split_at_mut(channels);
    let (first_squares, other_squares) = squares.split_at_mut(channels);
    let parts = others
        .chunks_exact(channels)
        .zip(other_squares.chunks_exact(channels));
    for (i, part) in parts.enumerate() {
        join(((i + 1) * l.count(), l.count()), first, first_squares, part);
    }
    mean.copy_from_slice(first);
    for (v, &s) in variance.iter_mut().zip(&*first_squares) {
        *v = s * scale;
    }
}

/// Joins the moments of m more numbers to those of n numbers, channel by channel:
/// mean += delta m / (n + m), squares += squares' + delta^2 n m / (n + m), with delta = mean' - mean.
fn join<T: Real>((n, m): (usize, usize), mean: &mut [T], squares: &mut [T], other: (&[T], &[T])) {
    let (n, m) = (T::from_usize(n), T::from_usize(m));
    let (part, weight) = (m / (n + m), n * m / (n + m));
    for i in 0..mean.len() {
        let delta = other.0[i] - mean[i];
        mean[i] += delta * part;
        squares[i] += other.1[i] + delta * delta * weight;
    }
}

//! The gradient of batch normalisation.

use core::ops::Range;

use super::affine::{BLOCK, Columns, Second, Weights, blocks, where_above_0};
use super::batch::get;
use super::{Layout, Repeated};
use crate::kernels::activate::{self, Activate};
use crate::kernels::math::Math;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Adds, per channel: the sum of dy, the sum of dy (x - mean).
struct GradientSums<'a, T> {
    layout: Layout,
    x: &'a [T],
    dy: &'a [T],
    /// Where the normalised numbers are not above 0, dy counts as 0.
    rectified: Option<Weights<'a, T>>,
    mean: &'a [T],
    sums: &'a mut [T],
    products: &'a mut [T],
}

/// The two sums for a block of columns, as `moments`.
///
/// # Safety
/// `x` and `dy` must hold `rows` rows, `row` apart, of V registers or of `last` numbers; `mean` and what `weights`
/// points to one such row.
#[inline(always)]
unsafe fn gradient_sums<T: Real, L: Lanes<T>, const V: usize, const RECTIFIED: bool>(
    x: *const T,
    dy: *const T,
    weights: [*const T; 2],
    mean: *const T,
    rows: usize,
    row: usize,
    last: usize,
    to_sums: &mut [T],
    to_products: &mut [T],
) -> usize {
    let (mut means, mut sums, mut products) = (
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
    );
    // SAFETY: by the caller's promise.
    unsafe {
        let (mut scale, mut shift) = (means, means);
        for v in 0..V {
            means[v] = get::<T, L, V>(mean, v, last);
            if RECTIFIED {
                (scale[v], shift[v]) = (
                    get::<T, L, V>(weights[0], v, last),
                    get::<T, L, V>(weights[1], v, last),
                );
            }
        }
        for r in 0..rows {
            for v in 0..V {
                let centered = get::<T, L, V>(x.add(r * row), v, last).sub(means[v]);
                let mut dy = get::<T, L, V>(dy.add(r * row), v, last);
                if RECTIFIED {
                    dy = where_above_0(centered.mul_add(scale[v], shift[v]), dy);
                }
                sums[v] = sums[v].add(dy);
                products[v] = centered.mul_add(dy, products[v]);
            }
        }
    }
    for v in 0..V {
        let part = v * L::N..v * L::N + if V > 1 { L::N } else { last };
        let (to_sums, to_products) = (&mut to_sums[part.clone()], &mut to_products[part]);
        L::from_part(to_sums).add(sums[v]).to_part(to_sums);
        L::from_part(to_products).add(products[v]).to_part(to_products);
    }
    if V > 1 { V * L::N } else { last }
}

impl<T: Real> Kernel<T> for GradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let row = channels * inner;
        let rows = self.x.len() / row;
        if inner == 1 {
            let mut c = 0;
            while c < channels {
                let (x, dy, mean) = (
                    self.x[c..].as_ptr(),
                    self.dy[c..].as_ptr(),
                    self.mean[c..].as_ptr(),
                );
                let weights = self
                    .rectified
                    .map(|w| [w.scale[c..].as_ptr(), w.shift[c..].as_ptr()]);
                let (s, p) = (&mut self.sums[c..], &mut self.products[c..]);
                macro_rules! columns {
                    ($V:literal, $last:expr) => {
                        // SAFETY: as in `Moments`.
                        unsafe {
                            match weights {
                                None => gradient_sums::<T, L, $V, false>(
                                    x, dy, [x; 2], mean, rows, row, $last, s, p,
                                ),
                                Some(w) => {
                                    gradient_sums::<T, L, $V, true>(x, dy, w, mean, rows, row, $last, s, p)
                                }
                            }
                        }
                    };
                }
                c += if c + 4 * L::N <= channels {
                    columns!(4, L::N)
                } else {
                    columns!(1, L::N.min(channels - c))
                };
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
                    let centered = L::from_part(x).sub(mean);
                    // Lanes beyond the end hold dy = 0, whatever x - mean is there.
                    let mut dy = L::from_part(dy);
                    if let Some(w) = self.rectified {
                        let before = centered.mul_add(L::splat(w.scale[c]), L::splat(w.shift[c]));
                        dy = where_above_0(before, dy);
                    }
                    sum = sum.add(dy);
                    products = centered.mul_add(dy, products);
                }
            }
            self.sums[c] += sum.reduce_sum();
            self.products[c] += products.reduce_sum();
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

/// The gradient that arrives, through what followed the normalisation (see [`Then`]).
#[derive(Debug, Clone, Copy)]
pub struct Arriving<'a, T> {
    pub dy: &'a [T],
    pub through: Through<'a, T>,
}

/// What followed.
#[derive(Debug, Clone, Copy)]
pub enum Through<'a, T> {
    Nothing,
    /// A function f: f'(a) dy arrives, with a its output or input, as `Activate::from_output` says.
    Function(Activate, &'a [T]),
    /// max(y, 0) of the normalised numbers, which are cheaper to compute again than to read.
    Relu(Weights<'a, T>),
}

impl<T: Math> Arriving<'_, T> {
    /// The gradient at these places, in `memory` if it has to be computed; relu is left to the kernels.
    fn at<'b>(&'b self, part: Range<usize>, memory: &'b mut Scratch) -> &'b [T] {
        let dy = &self.dy[part.clone()];
        let Through::Function(f, a) = self.through else {
            return dy;
        };
        let out = memory.get::<T>(dy.len());
        // SAFETY: three arrays of one length; the last is apart from the others.
        unsafe { activate::gradient(f, a[part].as_ptr(), dy.as_ptr(), out.as_mut_ptr(), out.len()) };
        out
    }
}

/// With h = (x - mean) * inverse and means over all but the channels:
/// dbeta = sum of dy;  dgamma = sum of dy h;  dx = gamma * inverse * (dy - mean(dy) - h mean(dy h)).
///
/// `factors` is memory for three numbers a channel.
pub fn gradient<T: Math>(
    l: Layout,
    saved: Saved<'_, T>,
    arriving: Arriving<'_, T>,
    dx: Option<&mut [T]>,
    dgamma: &mut [T],
    dbeta: &mut [T],
    factors: &mut [T],
    scratch: &mut [T],
) {
    let c = l.channels;
    dgamma.fill(T::ZERO);
    dbeta.fill(T::ZERO);
    if l.is_empty() {
        return;
    }
    let wide = l.folded();
    let columns = wide.channels;
    let relu = match arriving.through {
        Through::Relu(w) => Some([w.scale, w.shift].map(|n| Repeated::new(l, n))),
        _ => None,
    };
    let rectified = relu.as_ref().map(|[scale, shift]| Weights {
        scale: scale.get(),
        shift: shift.get(),
    });
    {
        let (row, grain) = (columns * wide.inner, wide.grain());
        let block = (BLOCK / row).max(1) * row;
        let mean = Repeated::new(l, saved.mean);
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(wide.outer, grain, |r| {
            let at = r.start / grain * 2 * columns;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (sums, products) = unsafe { shared.slice(at..at + 2 * columns) }.split_at_mut(columns);
            sums.fill(T::ZERO);
            products.fill(T::ZERO);
            let mut memory = Scratch::take();
            let (first, end) = (r.start * row, r.end * row);
            // In one piece where nothing has to be computed first.
            let step = if matches!(arriving.through, Through::Function(..)) {
                block
            } else {
                end - first
            };
            for at in (first..end).step_by(step) {
                let part = at..end.min(at + step);
                dispatch(GradientSums {
                    layout: wide,
                    x: &saved.x[part.clone()],
                    rectified,
                    dy: arriving.at(part, &mut memory),
                    mean: mean.get(),
                    sums: &mut *sums,
                    products: &mut *products,
                });
            }
        });
    }
    for chunk in scratch.chunks_exact(2 * columns).take(wide.chunks()) {
        let (sums, products) = chunk.split_at(columns);
        for (sums, products) in sums.chunks_exact(c).zip(products.chunks_exact(c)) {
            for i in 0..c {
                dbeta[i] += sums[i];
                dgamma[i] += products[i];
            }
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
    let (columns, factor) = (
        Columns::new(l, [saved.mean, scale, &shift[..c]]),
        Repeated::new(l, factor),
    );
    blocks(l, dx, |part, dx| {
        let mut memory = Scratch::take();
        let dy = arriving.at(part.clone(), &mut memory);
        let second = match rectified {
            Some(to) => Second::Rectified(dy, factor.get(), to),
            None => Second::Scaled(dy, factor.get()),
        };
        columns.affine(&saved.x[part], second, dx);
    });
}

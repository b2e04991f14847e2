//! The pass that writes: what normalisation and its gradient do to every number, and what may follow at once.

use core::ops::Range;

use super::{Layout, Repeated};
use crate::kernels::activate::{self, Activate};
use crate::kernels::math::Math;
use crate::kernels::parallel;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Numbers of a block: what passes over it one after the other, three or four arrays of it, stays in the second-level
/// cache; smaller ones do not pay for being begun.
pub(super) const BLOCK: usize = 8192;

/// y = (x - center[c]) * scale[c] + shift[c] (+ second * factor[c], or + second)
struct Affine<'a, T> {
    layout: Layout,
    x: &'a [T],
    second: Second<'a, T>,
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
            let second = self.second.part(r * row..(r + 1) * row);
            if inner == 1 {
                let whole = channels / L::N * L::N;
                for v in (0..whole).step_by(L::N) {
                    let (scale, shift) = (L::from_slice(&self.scale[v..]), L::from_slice(&self.shift[v..]));
                    let mut sum = L::from_slice(&x[v..])
                        .sub(L::from_slice(&self.center[v..]))
                        .mul_add(scale, shift);
                    sum = match second {
                        Second::None => sum,
                        Second::Plain(z) => L::from_slice(&z[v..]).add(sum),
                        Second::Scaled(z, f) => L::from_slice(&z[v..]).mul_add(L::from_slice(&f[v..]), sum),
                        Second::Rectified(z, f, to) => {
                            let before = L::from_slice(&x[v..])
                                .sub(L::from_slice(&self.center[v..]))
                                .mul_add(L::from_slice(&to.scale[v..]), L::from_slice(&to.shift[v..]));
                            let z = where_above_0(before, L::from_slice(&z[v..]));
                            z.mul_add(L::from_slice(&f[v..]), sum)
                        }
                    };
                    sum.to_slice(&mut y[v..]);
                }
                if whole < channels {
                    let rest = whole..channels;
                    let (scale, shift) = (
                        L::from_part(&self.scale[rest.clone()]),
                        L::from_part(&self.shift[rest.clone()]),
                    );
                    let centered =
                        L::from_part(&x[rest.clone()]).sub(L::from_part(&self.center[rest.clone()]));
                    let mut sum = centered.mul_add(scale, shift);
                    sum = match second {
                        Second::None => sum,
                        Second::Plain(z) => L::from_part(&z[rest.clone()]).add(sum),
                        Second::Scaled(z, f) => {
                            L::from_part(&z[rest.clone()]).mul_add(L::from_part(&f[rest.clone()]), sum)
                        }
                        Second::Rectified(z, f, to) => {
                            let before = centered.mul_add(
                                L::from_part(&to.scale[rest.clone()]),
                                L::from_part(&to.shift[rest.clone()]),
                            );
                            let z = where_above_0(before, L::from_part(&z[rest.clone()]));
                            z.mul_add(L::from_part(&f[rest.clone()]), sum)
                        }
                    };
                    sum.to_part(&mut y[rest]);
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
                        sum = match second {
                            Second::None => sum,
                            Second::Plain(z) => L::from_part(&z[part.clone()]).add(sum),
                            Second::Scaled(z, f) => {
                                L::from_part(&z[part.clone()]).mul_add(L::splat(f[c]), sum)
                            }
                            Second::Rectified(z, f, to) => {
                                let before = L::from_part(&x[part.clone()])
                                    .sub(center)
                                    .mul_add(L::splat(to.scale[c]), L::splat(to.shift[c]));
                                let z = where_above_0(before, L::from_part(&z[part.clone()]));
                                z.mul_add(L::splat(f[c]), sum)
                            }
                        };
                        sum.to_part(&mut y[part]);
                    }
                }
            }
        }
    }
}

/// What numbers are normalised to: (x - mean) * scale + shift, channel by channel.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a, T> {
    pub scale: &'a [T],
    pub shift: &'a [T],
}

/// The slope of relu.
#[inline(always)]
pub(super) fn where_above_0<T: Real, L: Lanes<T>>(a: L, dy: L) -> L {
    let zero = L::splat(T::ZERO);
    L::select(a.gt(zero), dy, zero)
}

/// Another array that goes into the sum: as it is, or times a factor for each channel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Second<'a, T> {
    None,
    Plain(&'a [T]),
    Scaled(&'a [T], &'a [T]),
    /// As scaled, but only where the normalised numbers are above 0.
    Rectified(&'a [T], &'a [T], Weights<'a, T>),
}

impl<T> Second<'_, T> {
    fn part(self, range: Range<usize>) -> Self {
        match self {
            Second::None => Second::None,
            Second::Plain(z) => Second::Plain(&z[range]),
            Second::Scaled(z, factor) => Second::Scaled(&z[range], factor),
            Second::Rectified(z, factor, to) => Second::Rectified(&z[range], factor, to),
        }
    }
}

/// What follows the normalisation, done to each block while it is in the cache: first the sum, then the function.
#[derive(Debug, Clone, Copy)]
pub struct Then<'a, T> {
    pub add: Option<&'a [T]>,
    pub activation: Option<Activate>,
}

impl<T> Then<'_, T> {
    pub const NOTHING: Self = Self {
        add: None,
        activation: None,
    };
}

/// y = (x - mean) * scale + shift, channel by channel, and what follows; `scale` is gamma / sqrt(variance + epsilon).
pub fn normalize<T: Math>(
    l: Layout,
    x: &[T],
    mean: &[T],
    scale: &[T],
    shift: &[T],
    then: Then<'_, T>,
    y: &mut [T],
) {
    let columns = Columns::new(l, [mean, scale, shift]);
    let second = then.add.map_or(Second::None, Second::Plain);
    blocks(l, y, |part, y| {
        columns.affine(&x[part.clone()], second.part(part), y);
        if let Some(f) = then.activation {
            // SAFETY: the same memory twice, of as many elements.
            unsafe { activate::forward(f, y.as_ptr(), y.as_mut_ptr(), y.len()) };
        }
    });
}

/// Calls `work` with blocks of whole rows that stay in the first-level cache, and where they lie.
pub(super) fn blocks<T: Real>(l: Layout, y: &mut [T], work: impl Fn(Range<usize>, &mut [T]) + Sync) {
    if l.is_empty() {
        return;
    }
    let wide = l.folded();
    let row = wide.channels * wide.inner;
    let block = (BLOCK / row).max(1) * row;
    parallel::for_chunks_mut(y, wide.grain() * row, |first, y| {
        for (i, y) in y.chunks_mut(block).enumerate() {
            let at = first + i * block;
            work(at..at + y.len(), y);
        }
    });
}

/// Center, scale and shift of the columns of a folded layout.
pub(super) struct Columns<'a, T> {
    layout: Layout,
    numbers: [Repeated<'a, T>; 3],
}

impl<'a, T: Real> Columns<'a, T> {
    pub fn new(l: Layout, numbers: [&'a [T]; 3]) -> Self {
        Self {
            layout: l.folded(),
            numbers: numbers.map(|n| Repeated::new(l, n)),
        }
    }

    pub fn affine(&self, x: &[T], second: Second<'_, T>, y: &mut [T]) {
        let [center, scale, shift] = &self.numbers;
        dispatch(Affine {
            layout: self.layout,
            x,
            second,
            center: center.get(),
            scale: scale.get(),
            shift: shift.get(),
            y,
        });
    }
}

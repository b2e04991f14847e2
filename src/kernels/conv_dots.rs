//! Convolution with few output channels: the lanes are input channels, and each output is a sum of lanes.
//!
//! This is what the end of a decoder looks like, a convolution or a transposed one that makes an image of one or three
//! channels; tiles by output channels would leave most of their lanes empty.

use core::ops::Range;

use super::depthwise::{Sorted, load};
use super::direct::Plan;
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Output channels, at most.
const COLUMNS: usize = 3;
/// Multiply-adds in a chunk of work, at least.
const CHUNK: usize = 1 << 17;

/// Whether there are few output channels, and input channels to fill lanes.
pub fn suits(plan: &Plan) -> bool {
    plan.channels <= COLUMNS && plan.parts.iter().all(|d| d.groups == 1 && d.in_channels >= 8)
}

/// y = epilogue(the convolution that `plan` describes); `scratch` holds the kernel, input channels last.
pub fn run<T: Real>(
    plan: &Plan,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    let parts: smallvec::SmallVec<[Sorted<'_>; 1]> = plan.parts.iter().map(Sorted::new).collect();
    let f = plan.channels;
    let Some(c) = plan.parts.first().map(|d| d.in_channels) else {
        return y.fill(T::ZERO);
    };
    // Taps of the whole kernel, wherever a part begins: [tap][f][c] from [tap][c][f], or from [tap][f][c].
    for (tap, to) in scratch[..k.len()].chunks_exact_mut(c * f).enumerate() {
        let from = &k[tap * c * f..][..c * f];
        let (row, column) = (
            plan.parts[0].taps.channel as usize,
            plan.parts[0].taps.column as usize,
        );
        for (i, to) in to.iter_mut().enumerate() {
            *to = from[i % c * row + i / c * column];
        }
    }
    let k = &scratch[..k.len()];
    let [depth, height, width] = plan.image;
    let work: usize = plan.parts.iter().map(|d| d.output[2] * d.terms() * f).sum();
    let row = width * f;
    let shared = Disjoint::new(y);
    parallel::for_ranges(plan.batch * depth * height, CHUNK.div_ceil(work.max(1)), |rows| {
        // SAFETY: rows of the result, which no other chunk writes.
        let own = unsafe { shared.slice(rows.start * row..rows.end * row) };
        if !plan.covered {
            own.fill(T::ZERO);
        }
        dispatch(Rows {
            plan,
            parts: &parts,
            x,
            k,
            y: own,
            rows,
        });
        finish(own, f, epilogue);
    });
}

/// Some rows of the result, counted through the batch.
struct Rows<'a, T> {
    plan: &'a Plan,
    parts: &'a [Sorted<'a>],
    x: &'a [T],
    k: &'a [T],
    y: &'a mut [T],
    rows: Range<usize>,
}

impl<T: Real> Kernel<T> for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let [depth, height, width] = self.plan.image;
        let f = self.plan.channels;
        for at in self.rows.clone() {
            let (n, z, y) = (at / height / depth, at / height % depth, at % height);
            let to = &mut self.y[(at - self.rows.start) * width * f..][..width * f];
            for part in self.parts {
                let d = part.direct;
                let (Some(oz), Some(oy)) = (d.output_at(0, z), d.output_at(1, y)) else {
                    continue;
                };
                for (segment, taps, from) in part.row(n, oz, oy) {
                    for o in segment.outputs.clone() {
                        let skip = (o - segment.outputs.start) * d.stride[2] * d.in_channels;
                        let x = self.x.as_ptr().wrapping_offset(from).wrapping_add(skip);
                        let to = &mut to[(d.start[2] + o * d.step[2]) * f..][..f];
                        for (column, to) in to.iter_mut().enumerate() {
                            let k = self.k.as_ptr().wrapping_add(column * d.in_channels);
                            // SAFETY: the taps of a segment meet the input for all its outputs.
                            *to = unsafe { dot::<T, L>(taps, x, k, d.in_channels) };
                        }
                    }
                }
            }
        }
    }
}

/// The sum over taps and channels.
#[inline(always)]
unsafe fn dot<T: Real, L: Lanes<T>>(taps: &[(usize, usize)], x: *const T, k: *const T, channels: usize) -> T {
    let mut sums = [L::splat(T::ZERO); 2];
    for &(a, b) in taps {
        let (x, k) = (x.wrapping_add(a), k.wrapping_add(b));
        let mut c = 0;
        // SAFETY: `channels` numbers at each place, by the caller's promise.
        unsafe {
            while c + 2 * L::N <= channels {
                let (x, k) = (
                    load::<T, L, 2, false>(x.add(c), 0),
                    load::<T, L, 2, false>(k.add(c), 0),
                );
                sums = [x[0].mul_add(k[0], sums[0]), x[1].mul_add(k[1], sums[1])];
                c += 2 * L::N;
            }
            while c < channels {
                let rest = channels - c;
                let (x, k) = if rest >= L::N {
                    (L::load(x.add(c)), L::load(k.add(c)))
                } else {
                    (L::load_part(x.add(c), rest), L::load_part(k.add(c), rest))
                };
                sums[0] = x.mul_add(k, sums[0]);
                c += L::N;
            }
        }
    }
    sums[0].add(sums[1]).reduce_sum()
}

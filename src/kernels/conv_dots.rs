//! Convolution with few output channels: the lanes are input channels, and each output is a sum of lanes.
//!
//! This is what the end of a decoder looks like, a convolution or a transposed one that makes an image of one or three
//! channels; tiles by output channels would leave most of their lanes empty.

use core::ops::Range;

use super::depthwise::Sorted;
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
        let mut waiting = Waiting {
            sums: [T::ZERO; 256],
            places: [0; 16],
            count: 0,
        };
        for at in self.rows.clone() {
            let (n, z, y) = (at / height / depth, at / height % depth, at % height);
            let row = (at - self.rows.start) * width;
            for part in self.parts {
                let d = part.direct;
                let (Some(oz), Some(oy)) = (d.output_at(0, z), d.output_at(1, y)) else {
                    continue;
                };
                let step = d.stride[2] * d.in_channels;
                for (segment, taps, from) in part.row(n, oz, oy) {
                    let x = self.x.as_ptr().wrapping_offset(from);
                    let first = (row + d.start[2] + segment.outputs.start * d.step[2]) * f;
                    for column in 0..f {
                        let k = self.k.as_ptr().wrapping_add(column * d.in_channels);
                        let (mut i, end) = (0, segment.outputs.len());
                        while i < end {
                            if waiting.count == L::N {
                                waiting.finish::<L>(self.y);
                            }
                            let (x, room) = (x.wrapping_add(i * step), L::N - waiting.count);
                            let to = &mut waiting.sums[waiting.count * L::N..];
                            // SAFETY: the taps of a segment meet the input for all its outputs.
                            let count = unsafe {
                                match room.min(end - i) {
                                    8.. => dots::<T, L, 8>(taps, x, step, k, d.in_channels, to),
                                    4.. => dots::<T, L, 4>(taps, x, step, k, d.in_channels, to),
                                    2.. => dots::<T, L, 2>(taps, x, step, k, d.in_channels, to),
                                    _ => dots::<T, L, 1>(taps, x, step, k, d.in_channels, to),
                                }
                            };
                            for o in i..i + count {
                                waiting.places[waiting.count] = first + o * d.step[2] * f + column;
                                waiting.count += 1;
                            }
                            i += count;
                        }
                    }
                }
            }
        }
        waiting.finish::<L>(self.y);
    }
}

/// Sums spread over the lanes of a register, side by side, and where their totals go.
struct Waiting<T> {
    sums: [T; 256],
    places: [usize; 16],
    count: usize,
}

impl<T: Real> Waiting<T> {
    /// Transposed, the sums are added register by register.
    #[inline(always)]
    fn finish<L: Lanes<T>>(&mut self, y: &mut [T]) {
        let mut turned = [T::ZERO; 256];
        // SAFETY: both hold N x N numbers, N being at most 16.
        unsafe { L::transpose(self.sums.as_ptr(), L::N, turned.as_mut_ptr(), L::N) };
        let mut total = L::from_slice(&turned);
        for i in 1..L::N {
            total = total.add(L::from_slice(&turned[i * L::N..]));
        }
        total.to_slice(&mut turned);
        for (place, total) in self.places[..self.count].iter().zip(turned) {
            y[*place] = total;
        }
        self.count = 0;
    }
}

/// The sums over taps and channels of R pixels that are `step` apart, each spread over the lanes of a register; returns R.
///
/// # Safety
/// R pixels, `step` apart, must lie at `x`, with `channels` numbers at each tap; `k` must have as many for each tap.
#[inline(always)]
unsafe fn dots<T: Real, L: Lanes<T>, const R: usize>(
    taps: &[(usize, usize)],
    x: *const T,
    step: usize,
    k: *const T,
    channels: usize,
    to: &mut [T],
) -> usize {
    let mut sums = [L::splat(T::ZERO); R];
    for c in (0..channels).step_by(L::N) {
        let count = channels - c;
        for &(a, b) in taps {
            let (x, k) = (x.wrapping_add(a + c), k.wrapping_add(b + c));
            // SAFETY: `channels` numbers at each place, by the caller's promise.
            unsafe {
                if count >= L::N {
                    let k = L::load(k);
                    for r in 0..R {
                        sums[r] = L::load(x.add(r * step)).mul_add(k, sums[r]);
                    }
                } else {
                    let k = L::load_part(k, count);
                    for r in 0..R {
                        sums[r] = L::load_part(x.add(r * step), count).mul_add(k, sums[r]);
                    }
                }
            }
        }
    }
    for r in 0..R {
        sums[r].to_slice(&mut to[r * L::N..]);
    }
    R
}

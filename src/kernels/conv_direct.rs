//! Direct convolution: tiles of output pixels of one row by output channels.

use core::ops::Range;

use smallvec::SmallVec;

use super::rows::{Rows, Span, buffer_len, prefetch, rows};
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::segments::Axis;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Where kernel elements lie: `first + k . steps + c * channel + f * column + g * group`.
#[derive(Debug, Clone, Copy)]
pub struct Taps {
    pub first: isize,
    pub steps: [isize; 3],
    pub channel: isize,
    pub column: isize,
    pub group: isize,
}

/// A convolution with its arrays described by strides, so that it serves the input gradient too.
#[derive(Debug, Clone, Copy)]
pub struct Direct {
    pub input: [usize; 3],
    pub in_channels: usize,
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    /// Zeros in front of the input; negative where the input begins before it is first read.
    pub before: [isize; 3],
    pub output: [usize; 3],
    /// Output o lies at `start + o * step` of an image of the result.
    pub start: [usize; 3],
    pub step: [usize; 3],
    pub image: [usize; 3],
    pub groups: usize,
    /// Output channels of a group.
    pub columns: usize,
    pub taps: Taps,
}

/// Convolutions that fill a result together: one for Y, one for each phase of the strides for dX.
#[derive(Debug)]
pub struct Plan {
    pub parts: SmallVec<[Direct; 4]>,
    pub batch: usize,
    pub image: [usize; 3],
    pub channels: usize,
    /// Whether the parts write every place of the result.
    pub covered: bool,
}

/// Multiply-adds in a chunk of work, at least.
const CHUNK: usize = 1 << 20;
/// Registers of columns in a tile.
pub const V: usize = 2;
/// Pixels of a tile whose taps share broadcasts: enough chains of multiply-adds to hide their latency.
const SHARED: usize = 12;

impl Direct {
    pub fn channels(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Terms of the sum for one output.
    pub fn terms(&self) -> usize {
        self.kernel.iter().product::<usize>() * self.channels()
    }

    pub fn axis(&self, a: usize) -> Axis {
        Axis {
            input: self.input[a],
            output: self.output[a],
            taps: self.kernel[a],
            stride: self.stride[a],
            dilation: self.dilation[a],
            before: self.before[a],
        }
    }

    /// Index of a tap's first number in the kernel.
    pub fn tap(&self, tap: [usize; 3]) -> usize {
        let steps: isize = (0..3).map(|a| tap[a] as isize * self.taps.steps[a]).sum();
        (self.taps.first + steps) as usize
    }

    /// The output that lies at place `i` of the result along an axis.
    #[inline(always)]
    pub fn output_at(&self, axis: usize, i: usize) -> Option<usize> {
        let i = i.checked_sub(self.start[axis])?;
        (i % self.step[axis] == 0 && i / self.step[axis] < self.output[axis]).then_some(i / self.step[axis])
    }

    /// The outputs that lie at places `from..to`.
    fn outputs_in(&self, axis: usize, places: Range<usize>) -> Range<usize> {
        let at = |i: usize| {
            let o = i.saturating_sub(self.start[axis]).div_ceil(self.step[axis]);
            o.min(self.output[axis])
        };
        at(places.start)..at(places.end)
    }

    /// Distances in the result: between rows, and between pixels.
    fn steps(&self) -> (usize, usize) {
        let f = self.columns * self.groups;
        (self.image[2] * f * self.step[1], f * self.step[2])
    }
}

impl Plan {
    pub fn run<T: Real>(&self, x: &[T], k: &[T], y: &mut [T], epilogue: Epilogue<'_, T>, scratch: &mut [T]) {
        let mut rest = scratch;
        let mut panels: SmallVec<[&[T]; 4]> = SmallVec::new();
        for direct in &self.parts {
            let own = direct.terms() * direct.groups * direct.columns.next_multiple_of(16);
            let (to, others) = core::mem::take(&mut rest).split_at_mut(own);
            rest = others;
            direct.pack(k, to);
            panels.push(to);
        }
        let [depth, height, width] = self.image;
        let work: usize = self.parts.iter().map(|d| d.output[2] * d.terms()).sum();
        let per_row = (work * self.channels / self.parts.len().max(1)).max(1);
        let block = CHUNK.div_ceil(per_row).clamp(1, height.max(1));
        let blocks = height.div_ceil(block);
        let grain = CHUNK.div_ceil(per_row * block);
        let row = width * self.channels;
        let shared = Disjoint::new(y);
        parallel::for_ranges(self.batch * depth * blocks, grain, |range| {
            for i in range {
                let (n, z, first) = (i / blocks / depth, i / blocks % depth, i % blocks * block);
                let rows = first..(first + block).min(height);
                let at = ((n * depth + z) * height + first) * row;
                // SAFETY: the rows of this block, which no other block touches.
                let y = unsafe { shared.slice(at..at + rows.len() * row) };
                if !self.covered {
                    y.fill(T::ZERO);
                }
                for (direct, panels) in self.parts.iter().zip(&panels) {
                    let (outputs, z) = (direct.outputs_in(1, rows.clone()), direct.output_at(0, z));
                    if let (Some(z), false) = (z, outputs.is_empty()) {
                        dispatch(Task {
                            direct,
                            x,
                            panels,
                            y: y.as_mut_ptr().wrapping_sub(first * row),
                            n,
                            z,
                            rows: outputs,
                        });
                    }
                }
                finish(y, self.channels, epilogue);
            }
        });
    }
}

/// Some output rows of one plane of one image.
struct Task<'a, T> {
    direct: &'a Direct,
    x: &'a [T],
    panels: &'a [T],
    /// Row 0 of the plane of the result, of which this task writes its rows alone.
    y: *mut T,
    n: usize,
    z: usize,
    rows: Range<usize>,
}

/// A stretch of input that lies in one piece, and the rows of the panel that meet it.
#[derive(Clone, Copy)]
struct Piece<T> {
    a: *const T,
    b: usize,
    length: usize,
}

/// The part of `0..size` that `first + i * step` for i in `0..count` touches.
fn reach(first: isize, last: isize, size: usize) -> Range<usize> {
    let start = first.clamp(0, size as isize) as usize;
    start..((last + 1).clamp(start as isize, size as isize) as usize)
}

impl<T: Real> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let d = self.direct;
        let [kd, kh, _] = d.kernel;
        let span = Span::new(
            d.input,
            d.in_channels,
            d.output[2],
            d.kernel[2],
            d.stride[2],
            d.dilation[2],
            d.before[2],
        );
        let y_at = |o: usize, k: usize| (o * d.stride[1] + k * d.dilation[1]) as isize - d.before[1];
        let needed = reach(
            y_at(self.rows.start, 0),
            y_at(self.rows.end - 1, kh - 1),
            d.input[1],
        );
        let plane = d.input[1] * d.input[2] * d.in_channels;
        let each = buffer_len(&span, needed.len());
        let mut buffer = Scratch::take();
        let mut rest = buffer.get(each * kd);
        let mut planes: SmallVec<[Option<Rows<'_, T>>; 4]> = SmallVec::new();
        for k in 0..kd {
            let z = (self.z * d.stride[0] + k * d.dilation[0]) as isize - d.before[0];
            let (own, others) = rest.split_at_mut(each);
            rest = others;
            planes.push((0..d.input[0] as isize).contains(&z).then(|| {
                let x = &self.x[(self.n * d.input[0] + z as usize) * plane..][..plane];
                rows(&span, x, needed.clone(), own)
            }));
        }
        let mut pieces: SmallVec<[Piece<T>; 32]> = SmallVec::new();
        for group in 0..d.groups {
            for o in self.rows.clone() {
                // The next rows, while this one is computed: arithmetic hides the way from memory.
                let line = d.input[2] * d.in_channels;
                let ahead =
                    (self.n * d.input[0] * plane) + (needed.end + (o - self.rows.start) * d.stride[1]) * line;
                if group == 0 && d.input[0] == 1 && d.in_channels >= 8 {
                    prefetch(self.x, ahead, line * d.stride[1]);
                }
                pieces.clear();
                for (tap, rows) in planes
                    .iter()
                    .enumerate()
                    .flat_map(|(z, rows)| (0..kh).map(move |y| (z * kh + y, rows)))
                {
                    let y = y_at(o, tap % kh);
                    if let Some(rows) = rows
                        && (0..d.input[1] as isize).contains(&y)
                    {
                        d.pieces(rows.at(y as usize), tap, group, &mut pieces);
                    }
                }
                self.row::<L>(group, o, &pieces);
            }
        }
    }
}

impl Direct {
    /// The pieces of one kernel row: the whole row if it is contiguous in the input, else tap by tap.
    #[inline(always)]
    fn pieces<T>(&self, a: *const T, tap_row: usize, group: usize, to: &mut SmallVec<[Piece<T>; 32]>) {
        let (kw, channels) = (self.kernel[2], self.channels());
        if self.dilation[2] == 1 && self.groups == 1 || kw == 1 {
            let a = a.wrapping_add(group * channels);
            to.push(Piece {
                a,
                b: tap_row * kw * channels,
                length: kw * channels,
            });
        } else {
            for k in 0..kw {
                let a = a.wrapping_add(k * self.dilation[2] * self.in_channels + group * channels);
                to.push(Piece {
                    a,
                    b: (tap_row * kw + k) * channels,
                    length: channels,
                });
            }
        }
    }
}

impl<T: Real> Task<'_, T> {
    /// All columns of a group in one output row.
    #[inline(always)]
    fn row<L: Lanes<T>>(&self, group: usize, o: usize, pieces: &[Piece<T>]) {
        let d = self.direct;
        let panels = Panels::new(d.columns, L::N, V);
        let (row, pixel) = d.steps();
        let out = d.start[1] * row / d.step[1] + o * row + d.start[2] * pixel / d.step[2];
        let width = d.output[2];
        let terms = d.terms();
        let mut panel = group * terms * d.columns.next_multiple_of(L::N);
        for (first, columns) in (0..panels.count).map(|i| panels.get(i)) {
            let registers = columns.div_ceil(L::N);
            // A single register of columns asks for more broadcasts than the cache gives: taps that meet the same
            // pixel share one.
            let shared = const { L::REGISTERS >= 32 }
                && (registers, d.kernel[2], d.stride[2], d.dilation[2], d.groups) == (1, 3, 1, 1, 1);
            let most = if shared {
                SHARED
            } else {
                most_rows(L::REGISTERS, V)
            };
            let tiles = width.div_ceil(most);
            let b = self.panels[panel..][..terms * registers * L::N].as_ptr();
            for t in 0..tiles {
                let from = t * width / tiles;
                let count = (t + 1) * width / tiles - from;
                let tile = Tile {
                    pieces,
                    skip: from * d.stride[2] * d.in_channels,
                    a_row: d.stride[2] * d.in_channels,
                    b,
                    columns,
                };
                let y = self
                    .y
                    .wrapping_add(out + from * pixel + group * d.columns + first);
                // No two tasks, and no two phases of a gradient, write the same pixels.
                // SAFETY: the pieces hold all that `count` pixels read; b holds `terms` rows of `registers`.
                unsafe {
                    if shared {
                        with_rows!(count, SHARED, R => tile.run_shared::<L, R>(y, pixel));
                    } else if registers == 1 && (d.in_channels, d.stride[2]) == (1, 2) {
                        let tile = Tile { a_row: 2, ..tile };
                        with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 1>(y, pixel));
                    } else if registers == 1 {
                        with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 1>(y, pixel));
                    } else if (d.in_channels, d.stride[2]) == (1, 1) {
                        let tile = Tile { a_row: 1, ..tile };
                        with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 2>(y, pixel));
                    } else {
                        with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 2>(y, pixel));
                    }
                }
            }
            panel += terms * registers * L::N;
        }
    }
}

struct Tile<'a, T> {
    pieces: &'a [Piece<T>],
    skip: usize,
    a_row: usize,
    b: *const T,
    columns: usize,
}

impl<T: Real> Tile<'_, T> {
    /// # Safety
    /// Each piece of `self` must hold R pixels of its length, the packed kernel as many rows, and `y` R pixels of
    /// `self.columns`, `pixel` apart.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const R: usize, const W: usize>(&self, y: *mut T, pixel: usize) {
        let mut sums = [[L::splat(T::ZERO); W]; R];
        for piece in self.pieces {
            let run = Run {
                a_row: self.a_row,
                a_step: 1,
                b_step: W * L::N,
                length: piece.length,
            };
            let a = piece.a.wrapping_add(self.skip);
            // SAFETY: by the caller's promise.
            unsafe { accumulate::<T, L, R, W, false>(&mut sums, a, self.b.add(piece.b * W * L::N), run, 0) };
        }
        let last = self.columns - (W - 1) * L::N;
        for r in 0..R {
            for v in 0..W {
                // SAFETY: R pixels of `columns` numbers, by the caller's promise.
                unsafe {
                    let to = y.add(r * pixel + v * L::N);
                    if v < W - 1 {
                        sums[r][v].store(to);
                    } else {
                        sums[r][v].store_part(to, last);
                    }
                }
            }
        }
    }

    /// As `run` for one register of columns and kernel rows of three taps with stride 1: every pixel of the input is
    /// broadcast once for all three.
    ///
    /// # Safety
    /// As for `run`, with R + 2 pixels of input in each piece.
    #[inline(always)]
    unsafe fn run_shared<L: Lanes<T>, const R: usize>(&self, y: *mut T, pixel: usize) {
        let mut sums = [L::splat(T::ZERO); R];
        for piece in self.pieces {
            let channels = piece.length / 3;
            let a = piece.a.wrapping_add(self.skip);
            let b = self.b.wrapping_add(piece.b * L::N);
            // SAFETY: R + 2 pixels of `channels` numbers, and three taps of as many rows, by the caller's promise.
            unsafe {
                let mut c = 0;
                while c + 4 <= channels {
                    for i in c..c + 4 {
                        step_shared::<T, L, R>(&mut sums, a.add(i), b.add(i * L::N), channels);
                    }
                    c += 4;
                }
                while c < channels {
                    step_shared::<T, L, R>(&mut sums, a.add(c), b.add(c * L::N), channels);
                    c += 1;
                }
            }
        }
        for r in 0..R {
            // SAFETY: R pixels of `columns` numbers, by the caller's promise.
            unsafe { sums[r].store_part(y.add(r * pixel), self.columns) };
        }
    }
}

/// One channel of R + 2 pixels against three taps.
///
/// # Safety
/// `a` must hold R + 2 pixels of `channels` numbers, `b` three rows of a register, `channels` rows apart.
#[inline(always)]
unsafe fn step_shared<T: Real, L: Lanes<T>, const R: usize>(
    sums: &mut [L; R],
    a: *const T,
    b: *const T,
    channels: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        let taps = [0, 1, 2].map(|k| L::load(b.add(k * channels * L::N)));
        for p in 0..R + 2 {
            let x = L::splat(*a.add(p * channels));
            for k in 0..3 {
                if p >= k && p - k < R {
                    sums[p - k] = x.mul_add(taps[k], sums[p - k]);
                }
            }
        }
    }
}

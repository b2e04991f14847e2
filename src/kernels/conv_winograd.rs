//! Convolution by kernels of 3 x 3 with stride 1, in fewer multiplications: Winograd's F(2 x 2, 3 x 3).
//!
//! A tile of 2 x 2 outputs y meets 4 x 4 pixels x of the input. With the 3 x 3 taps k of each channel,
//!
//! y = A^T [sum over channels of (G k G^T) * (B^T x B)] A      (* number by number)
//!
//! ```text
//!        1  0 -1  0          1    0    0
//! B^T =  0  1  1  0    G =  1/2  1/2  1/2    A^T =  1  1  1  0
//!        0 -1  1  0         1/2 -1/2  1/2           0  1 -1  1
//!        0 -1  0  1          0    0    1
//! ```
//!
//! which takes 16 multiplications for each channel instead of 36. The sums over channels are 16 matrix products, one for each
//! place in the transformed tile: tiles by output channels. A task transforms some tiles, which stay in its L2, and
//! multiplies a few of them at once; the products are transformed back from L1. Every tile is calculated alike, whichever
//! others are beside it, so that an image's result does not depend on the batch.
//!
//! Errors in `f32`: between 0.6 and 1.6 times those of the direct way (root of the mean square, random numbers, 16 to 256
//! channels: see the tests), since fewer numbers are added in a row. Where an output sees an infinite number, it may be NaN
//! instead of infinite, and sums may overflow where a single one just would not. `f64` goes the direct way.
//!
//! Source: A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016.

use core::ops::Range;

use super::Geometry;
use super::direct::{Direct, Plan, V};
use super::pack::{Count, pack_tap};
use super::winograd_tiles::{Line, PLACES, Pixels, Stretch, Tiling, pair, step, transform};
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::segments::Axis;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Channels on both sides, at least: they fill registers, and pay for the transformations.
pub const CHANNELS: usize = 16;
/// Multiply-adds of the direct way to those of this one, times 100, at least.
const WORTH: usize = 130;
/// Tiles that are multiplied at once, at most.
const GROUP: usize = 14;
/// Numbers of transformed input that a task holds at a time.
const HELD: usize = 1 << 14;
/// Multiplications of a task, at least, where there are as many.
const CHUNK: usize = 1 << 19;

/// Whether this pays: for sizes of one image and channels alone, so that a batch does not change the result of its images.
pub fn suits<T: Real>(plan: &Plan) -> bool {
    size_of::<T>() == 4 && plan.covered && plan.parts.len() == 1 && fits(&plan.parts[0])
}

fn fits(d: &Direct) -> bool {
    let plain = (d.kernel, d.stride, d.dilation, d.step, d.groups) == ([1, 3, 3], [1; 3], [1; 3], [1; 3], 1)
        && d.input[0] == d.output[0]
        && d.before[0] == 0;
    plain && d.in_channels >= CHANNELS && d.columns >= CHANNELS && worth(d.axis(1), d.axis(2))
}

/// Whether the direct way, which leaves out the padding, has enough more multiplications.
pub fn worth(y: Axis, x: Axis) -> bool {
    let met = |axis: Axis| (0..axis.output).map(|o| axis.taps(o).len()).sum::<usize>();
    let tiles = Tiling::new([1, y.output, x.output]).count();
    100 * met(y) * met(x) >= WORTH * PLACES * tiles
}

/// Numbers that the transformed kernel takes.
fn transformed(channels: usize, columns: usize) -> usize {
    PLACES * channels * columns.next_multiple_of(16)
}

/// Numbers that forward product or input gradient may need.
pub fn scratch(g: &Geometry) -> usize {
    if g.groups == 1 && (g.kernel, g.stride, g.dilation) == ([1, 3, 3], [1; 3], [1; 3]) {
        transformed(g.in_channels, g.out_channels).max(transformed(g.out_channels, g.in_channels))
    } else {
        0
    }
}

/// y = epilogue(the convolution that `plan` describes); `scratch` holds the transformed kernel.
pub fn run<T: Real>(
    plan: &Plan,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    let direct = &plan.parts[0];
    for each in [epilogue.scale, epilogue.bias].into_iter().flatten() {
        assert_eq!(each.len(), direct.columns, "a number for each output channel");
    }
    let kernel = &mut scratch[..transformed(direct.in_channels, direct.columns)];
    let panels = dispatch::<T, _>(Count(direct.columns));
    let shared = Disjoint::new(kernel);
    let own = PLACES * direct.in_channels * 32;
    parallel::for_ranges(panels, parallel::GRAIN / own.max(1), |range| {
        for panel in range {
            let to = &shared;
            dispatch(Taps { direct, k, panel, to });
        }
    });
    let kernel = &*kernel;
    let tiling = Tiling::new(direct.output);
    let y = Disjoint::new(y);
    let tiles = plan.batch * direct.output[0] * tiling.count();
    parallel::for_ranges(tiles, grain(direct, tiles), |range| {
        dispatch(Task {
            direct,
            tiling,
            x,
            kernel,
            y: &y,
            tiles: range,
            epilogue,
        });
    });
}

/// Tiles of a block, in whole groups of `most`: few enough that their transforms stay in the cache.
fn block(d: &Direct, most: usize) -> usize {
    let held = HELD / (PLACES * d.in_channels.next_multiple_of(16));
    (held / most).max(1) * most
}

/// Tiles of a task, in whole groups where there are many.
fn grain(d: &Direct, tiles: usize) -> usize {
    let own = PLACES * d.in_channels * d.columns;
    let tasks = (tiles.saturating_mul(own) / CHUNK).clamp(1, tiles.div_ceil(GROUP));
    let grain = tiles.div_ceil(tasks);
    if tasks < 16 {
        grain
    } else {
        grain.next_multiple_of(2 * GROUP)
    }
}

/// Transforms one panel of the kernel: place by place, channel by channel, whole registers of columns.
struct Taps<'a, T> {
    direct: &'a Direct,
    k: &'a [T],
    panel: usize,
    to: &'a Disjoint<'a, T>,
}

impl<T: Real> Kernel<T> for Taps<'_, T> {
    type Output = ();

    /// G k G^T
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (d, c) = (self.direct, self.direct.in_channels);
        let (first, columns) = Panels::new(d.columns, L::N, V).get(self.panel);
        let len = c * columns.next_multiple_of(L::N);
        let at = PLACES * c * first;
        // SAFETY: each panel has its own part.
        let to = unsafe { self.to.slice(at..at + PLACES * len) };
        let mut buffer = Scratch::take();
        let taps = buffer.get::<T>(9 * len);
        for (tap, to) in taps.chunks_exact_mut(len).enumerate() {
            let from = d.tap([0, tap / 3, tap % 3]) as isize + first as isize * d.taps.column;
            pack_tap::<T, L>(d, self.k, from as usize, columns, to);
        }
        for i in (0..len).step_by(L::N) {
            let mut rows = [[L::splat(T::ZERO); 4]; 3];
            for (x, row) in rows.iter_mut().enumerate() {
                let tap = |y: usize| (3 * y + x) * len + i;
                *row = spread(
                    L::from_slice(&taps[tap(0)..]),
                    L::from_slice(&taps[tap(1)..]),
                    L::from_slice(&taps[tap(2)..]),
                );
            }
            for y in 0..4 {
                let all = spread(rows[0][y], rows[1][y], rows[2][y]);
                for x in 0..4 {
                    all[x].to_slice(&mut to[(4 * y + x) * len + i..]);
                }
            }
        }
    }
}

/// G (a, b, c)
#[inline(always)]
fn spread<T: Real, L: Lanes<T>>(a: L, b: L, c: L) -> [L; 4] {
    let half = L::splat(T::ONE / (T::ONE + T::ONE));
    let sum = a.add(c);
    [a, sum.add(b).mul(half), sum.sub(b).mul(half), c]
}

/// Some tiles, counted through the batch.
struct Task<'a, T> {
    direct: &'a Direct,
    tiling: Tiling,
    x: &'a [T],
    kernel: &'a [T],
    y: &'a Disjoint<'a, T>,
    tiles: Range<usize>,
    epilogue: Epilogue<'a, T>,
}

impl<T: Real> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (d, f) = (self.direct, self.direct.columns);
        let row = d.in_channels.next_multiple_of(L::N);
        let most = most_rows(L::REGISTERS, V);
        let count = block(d, most).min(self.tiles.len());
        let (place, sums_place) = (step(count * row), step(most * V * L::N));
        let mut buffer = Scratch::take();
        let (x, rest) = buffer
            .get::<T>(PLACES * (place + sums_place) + row)
            .split_at_mut(PLACES * place);
        let (zeros, products) = rest.split_at_mut(row);
        zeros.fill(T::ZERO);
        let pixels = Pixels {
            data: self.x,
            height: d.input[1],
            width: d.input[2],
            channels: d.in_channels,
            before: [d.before[1], d.before[2]],
            zeros: zeros.as_ptr(),
        };
        let sums = Sums {
            to: products.as_mut_ptr(),
            place: sums_place,
        };
        let panels = Panels::new(f, L::N, V);
        for first in self.tiles.clone().step_by(count) {
            let tiles = first..(first + count).min(self.tiles.end);
            for stretch in self.tiling.stretches(tiles.clone()) {
                let to = x[stretch.skip * row..].as_mut_ptr();
                // SAFETY: `count` rows at each place.
                unsafe { transform::<T, L>(&pixels, &stretch, to, place, row) };
            }
            let groups = tiles.len().div_ceil(most);
            for group in 0..groups {
                let from = group * tiles.len() / groups;
                let rows = (group + 1) * tiles.len() / groups - from;
                let group = Group {
                    x: x[from * row..].as_ptr(),
                    place,
                    row,
                    channels: d.in_channels,
                    sums,
                };
                let tiles = tiles.start + from..tiles.start + from + rows;
                for (first, columns) in (0..panels.count).map(|i| panels.get(i)) {
                    let kernel = self.kernel[PLACES * d.in_channels * first..].as_ptr();
                    let tiles = tiles.clone();
                    // SAFETY: `rows` tiles of x at every place, a panel of the kernel, and room for the products.
                    unsafe {
                        if columns <= L::N {
                            with_rows!(rows, most_rows(L::REGISTERS, V), R => group.multiply::<L, R, 1>(kernel));
                            self.back::<L, 1>(tiles, first, columns, sums);
                        } else {
                            with_rows!(rows, most_rows(L::REGISTERS, V), R => group.multiply::<L, R, 2>(kernel));
                            self.back::<L, 2>(tiles, first, columns, sums);
                        }
                    }
                }
            }
        }
        if let Some(activation) = self.epilogue.activation {
            let only = Epilogue {
                activation: Some(activation),
                ..Epilogue::NONE
            };
            for stretch in self.tiling.stretches(self.tiles.clone()) {
                self.each_row(&stretch, |y| finish(y, f, only));
            }
        }
    }
}

/// Where the products of a few tiles lie: at each place tile by tile, registers of a panel side by side.
#[derive(Clone, Copy)]
struct Sums<T> {
    to: *mut T,
    place: usize,
}

/// Transformed tiles of input.
struct Group<T> {
    x: *const T,
    place: usize,
    row: usize,
    channels: usize,
    sums: Sums<T>,
}

impl<T: Real> Group<T> {
    /// The sums over channels of R tiles at every place.
    ///
    /// # Safety
    /// The transforms of R tiles, `kernel`'s panel of W registers and the sums must have the sizes that `self` says.
    #[inline(always)]
    unsafe fn multiply<L: Lanes<T>, const R: usize, const W: usize>(&self, kernel: *const T) {
        let run = Run {
            a_row: self.row,
            a_step: 1,
            b_step: W * L::N,
            length: self.channels,
        };
        for place in 0..PLACES {
            let mut sums = [[L::splat(T::ZERO); W]; R];
            let x = self.x.wrapping_add(place * self.place);
            let k = kernel.wrapping_add(place * self.channels * W * L::N);
            // SAFETY: by the caller's promise.
            unsafe {
                accumulate::<T, L, R, W, false>(&mut sums, x, k, run, 0);
                let to = self.sums.to.add(place * self.sums.place);
                for r in 0..R {
                    for v in 0..W {
                        sums[r][v].store(to.add((r * W + v) * L::N));
                    }
                }
            }
        }
    }
}

impl<T: Real> Task<'_, T> {
    /// The parts of output rows that a stretch of tiles makes.
    fn each_row(&self, s: &Stretch, mut f: impl FnMut(&mut [T])) {
        let (t, n) = (self.tiling, self.direct.columns);
        let columns = 2 * s.column..(2 * (s.column + s.count)).min(t.width);
        for row in 2 * s.row..(2 * s.row + 2).min(t.height) {
            let at = (s.plane * t.height + row) * t.width + columns.start;
            // SAFETY: outputs of this task's tiles, one part at a time.
            f(unsafe { self.y.slice(at * n..(at + columns.len()) * n) });
        }
    }

    /// A^T m A with scale and bias, for the products m of some tiles and a panel of columns.
    ///
    /// # Safety
    /// The products of the tiles must lie in the sums of `self`, W registers for each place.
    #[inline(always)]
    unsafe fn back<L: Lanes<T>, const W: usize>(
        &self,
        tiles: Range<usize>,
        first: usize,
        columns: usize,
        sums: Sums<T>,
    ) {
        let (t, f) = (self.tiling, self.direct.columns);
        for s in t.stretches(tiles) {
            for i in 0..s.count {
                let (y, x) = (2 * s.row, 2 * (s.column + i));
                let at = ((s.plane * t.height + y) * t.width + x) * f + first;
                let line = Line {
                    below: (y + 1 < t.height).then_some(t.width * f),
                    right: (x + 1 < t.width).then_some(f),
                };
                let to = self.y.pointer(at..at + columns);
                for v in 0..W {
                    let own = (columns - v * L::N).min(L::N);
                    // SAFETY: products of this tile; outputs of this tile, as far as there are any.
                    unsafe {
                        let m = sums.to.add(((s.skip + i) * W + v) * L::N);
                        let mut y = inverse::<T, L>(m, sums.place);
                        let column = first + v * L::N;
                        if let Some(scale) = self.epilogue.scale {
                            let scale = L::load_part(scale.as_ptr().add(column), own);
                            y = each(y, |y| y.mul(scale));
                        }
                        if let Some(bias) = self.epilogue.bias {
                            let bias = L::load_part(bias.as_ptr().add(column), own);
                            y = each(y, |y| y.add(bias));
                        }
                        line.store::<T, L>(y, to.add(v * L::N), own);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn each<L: Copy>(y: [[L; 2]; 2], f: impl Fn(L) -> L) -> [[L; 2]; 2] {
    [[f(y[0][0]), f(y[0][1])], [f(y[1][0]), f(y[1][1])]]
}

/// A^T m A, of numbers `place` apart.
///
/// # Safety
/// `m` must hold a register at each of the 16 places.
#[inline(always)]
unsafe fn inverse<T: Real, L: Lanes<T>>(m: *const T, place: usize) -> [[L; 2]; 2] {
    let mut half = [[L::splat(T::ZERO); 4]; 2];
    for i in 0..4 {
        // SAFETY: by the caller's promise.
        let m = unsafe {
            let m = m.add(4 * i * place);
            [
                L::load(m),
                L::load(m.add(place)),
                L::load(m.add(2 * place)),
                L::load(m.add(3 * place)),
            ]
        };
        [half[0][i], half[1][i]] = pair(m);
    }
    let (left, right) = (pair(half[0]), pair(half[1]));
    [[left[0], right[0]], [left[1], right[1]]]
}

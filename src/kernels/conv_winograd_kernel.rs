//! The gradient of a 3 x 3 convolution by its kernel, in the fewer multiplications of `conv_winograd`.
//!
//! dK = G^T [sum over tiles of (B^T x B) * (A dy A^T)] G
//!
//! for the 4 x 4 pixels x and the 2 x 2 gradients dy of each tile: the same transformation, differentiated. The sums over
//! tiles are 16 matrix products, channels by output channels, one for each place in the transformed tile. A task transforms
//! some tiles of X and dY, which stay in L2 (with their sums, up to some 256 channels), and adds their products to its 16
//! sums; at its end these become its share of dK.

use core::ops::Range;

use super::Geometry;
use super::direct::V;
use super::winograd::{CHANNELS, worth};
use super::winograd_tiles::{PLACES, Pixels, Tiling, step, transform, transform_gradient};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Numbers of both transforms that a task holds.
const HELD: usize = 1 << 17;
/// Numbers of a task's sums, about.
const SUMS: usize = 1 << 17;
/// Tiles of a part of the sum, at least: its sums must be cleared, transformed and added.
const PART: usize = 128;
/// Parts of the sum, at most.
const PARTS: usize = 16;

/// Whether this pays.
pub fn suits<T: Real>(g: &Geometry) -> bool {
    size_of::<T>() == 4 && fits(g) && tiles(g) >= PART / 2
}

fn fits(g: &Geometry) -> bool {
    let plain = (g.kernel, g.stride, g.dilation, g.groups) == ([1, 3, 3], [1; 3], [1; 3], 1)
        && g.input[0] == g.output[0]
        && g.before[0] == 0;
    plain && g.in_channels >= CHANNELS && g.out_channels >= CHANNELS && worth(g.axis(1), g.axis(2))
}

/// Tiles of the whole batch.
fn tiles(g: &Geometry) -> usize {
    g.batch * g.output[0] * Tiling::new(g.output).count()
}

/// How many parts the sum over tiles has.
fn parts(g: &Geometry) -> usize {
    let fit = ((1 << 24) / g.kernel_len().max(1)).max(1);
    (tiles(g) / PART).clamp(1, PARTS.min(fit))
}

/// Numbers that the parts' shares take.
pub fn scratch(g: &Geometry) -> usize {
    if fits(g) { parts(g) * g.kernel_len() } else { 0 }
}

pub fn run<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T], scratch: &mut [T]) {
    let (tiles, parts, len) = (tiles(g), parts(g), dk.len());
    // Tasks share out the output channels too, so that their sums stay in L2: whole panels of two registers.
    let most = (SUMS / (PLACES * g.in_channels)).max(32);
    let shares = g.out_channels.div_ceil(most.next_multiple_of(32));
    let columns = g.out_channels.div_ceil(shares).next_multiple_of(32);
    let memory = if parts == 1 {
        &mut *dk
    } else {
        &mut scratch[..parts * len]
    };
    let shared = Disjoint::new(memory);
    parallel::for_ranges(parts * shares, 1, |range| {
        for task in range {
            let (part, share) = (task / shares, task % shares);
            dispatch(Task {
                g,
                x,
                dy,
                tiles: part * tiles / parts..(part + 1) * tiles / parts,
                columns: (share * columns).min(g.out_channels)..((share + 1) * columns).min(g.out_channels),
                to: shared.pointer(part * len..(part + 1) * len),
            });
        }
    });
    if parts > 1 {
        let shares = &scratch[..parts * len];
        parallel::for_chunks_mut(dk, parallel::GRAIN, |first, to| {
            to.copy_from_slice(&shares[first..first + to.len()]);
            for part in 1..parts {
                for (sum, &x) in to.iter_mut().zip(&shares[part * len + first..]) {
                    *sum += x;
                }
            }
        });
    }
}

/// The share of some tiles in some columns of dK.
struct Task<'a, T> {
    g: &'a Geometry,
    x: &'a [T],
    dy: &'a [T],
    tiles: Range<usize>,
    columns: Range<usize>,
    /// All of dK, of which this task writes its columns.
    to: *mut T,
}

impl<T: Real> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (g, c) = (self.g, self.g.in_channels);
        let tiling = Tiling::new(g.output);
        let (x_row, y_row) = (
            c.next_multiple_of(L::N),
            self.columns.len().next_multiple_of(L::N),
        );
        let held = (HELD / (PLACES * (x_row + y_row)))
            .max(16)
            .min(self.tiles.len().max(1));
        let (x_place, y_place, place) = (step(held * x_row), step(held * y_row), step(c * y_row));
        let mut buffer = Scratch::take();
        let (x, rest) = buffer
            .get::<T>(PLACES * (x_place + y_place + place) + x_row.max(g.out_channels.next_multiple_of(L::N)))
            .split_at_mut(PLACES * x_place);
        let (y, rest) = rest.split_at_mut(PLACES * y_place);
        let (sums, zeros) = rest.split_at_mut(PLACES * place);
        sums.fill(T::ZERO);
        zeros.fill(T::ZERO);
        let images = Pixels {
            data: self.x,
            height: g.input[1],
            width: g.input[2],
            channels: c,
            before: [g.before[1] as isize, g.before[2] as isize],
            zeros: zeros.as_ptr(),
        };
        let gradients = Pixels {
            data: self.dy,
            height: g.output[1],
            width: g.output[2],
            channels: g.out_channels,
            before: [0; 2],
            zeros: zeros.as_ptr(),
        };
        let blocks = self.tiles.len().div_ceil(held);
        let at = |i: usize| self.tiles.start + i * self.tiles.len() / blocks;
        for i in 0..blocks {
            let tiles = at(i)..at(i + 1);
            for s in tiling.stretches(tiles.clone()) {
                let (x, y) = (x[s.skip * x_row..].as_mut_ptr(), y[s.skip * y_row..].as_mut_ptr());
                // SAFETY: room for the block's tiles at each place.
                unsafe {
                    transform::<T, L>(&images, &s, x, x_place, x_row);
                    transform_gradient::<T, L>(&gradients, &s, self.columns.clone(), y, y_place, y_row);
                }
            }
            for i in 0..PLACES {
                let product = Product {
                    x: x[i * x_place..].as_ptr(),
                    x_row,
                    y: y[i * y_place..].as_ptr(),
                    y_row,
                    tiles: tiles.len(),
                    channels: c,
                    to: sums[i * place..].as_mut_ptr(),
                };
                // SAFETY: rows of both transforms; the sums of this place.
                unsafe { product.run::<L>() };
            }
        }
        // SAFETY: columns of dK that belong to this task.
        unsafe { self.finish::<L>(sums.as_ptr(), place, y_row) };
    }
}

/// sums[c, f] += sum over tiles of x[t, c] y[t, f], at one place.
struct Product<T> {
    x: *const T,
    x_row: usize,
    y: *const T,
    y_row: usize,
    tiles: usize,
    channels: usize,
    to: *mut T,
}

/// Rows of a tile of sums, at most: two fewer than there is room for, as they are loaded first.
const fn rows(registers: usize) -> usize {
    let most = most_rows(registers, V);
    if most > 12 { 12 } else { most }
}

impl<T: Real> Product<T> {
    /// # Safety
    /// The arrays of `self` must have the sizes that it says.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>>(&self) {
        let panels = Panels::new(self.y_row, L::N, V);
        let count = self.channels.div_ceil(rows(L::REGISTERS));
        for (first, columns) in (0..panels.count).map(|i| panels.get(i)) {
            if const { L::REGISTERS >= 32 } && columns <= L::N && self.channels.is_multiple_of(16) {
                // A single register of columns asks for as many broadcasts as the cache gives: more rows share it.
                for row in (0..self.channels).step_by(16) {
                    // SAFETY: by the caller's promise.
                    unsafe { self.tile::<L, 16, 1>(row, first) };
                }
                continue;
            }
            for i in 0..count {
                let from = i * self.channels / count;
                let many = (i + 1) * self.channels / count - from;
                // SAFETY: by the caller's promise.
                unsafe {
                    if columns <= L::N {
                        with_rows!(many, rows(L::REGISTERS), R => self.tile::<L, R, 1>(from, first));
                    } else {
                        with_rows!(many, rows(L::REGISTERS), R => self.tile::<L, R, 2>(from, first));
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for `run`; R rows from `row` on and W registers from `column` on must be inside.
    #[inline(always)]
    unsafe fn tile<L: Lanes<T>, const R: usize, const W: usize>(&self, row: usize, column: usize) {
        let run = Run {
            a_row: 1,
            a_step: self.x_row,
            b_step: self.y_row,
            length: self.tiles,
        };
        let to = self.to.wrapping_add(row * self.y_row + column);
        let mut sums = [[L::splat(T::ZERO); W]; R];
        // SAFETY: by the caller's promise.
        unsafe {
            for r in 0..R {
                for v in 0..W {
                    sums[r][v] = L::load(to.add(r * self.y_row + v * L::N));
                }
            }
            let (x, y) = (self.x.add(row), self.y.add(column));
            accumulate::<T, L, R, W, false>(&mut sums, x, y, run, 0);
            for r in 0..R {
                for v in 0..W {
                    sums[r][v].store(to.add(r * self.y_row + v * L::N));
                }
            }
        }
    }
}

impl<T: Real> Task<'_, T> {
    /// G^T s G for the sums s, which are `place` apart, in rows of `row`.
    ///
    /// # Safety
    /// `sums` must hold 16 places of all rows of the task, each `row` long.
    #[inline(always)]
    unsafe fn finish<L: Lanes<T>>(&self, sums: *const T, place: usize, row: usize) {
        let (c, f) = (self.g.in_channels, self.g.out_channels);
        for i in 0..c {
            for j in (0..self.columns.len()).step_by(L::N) {
                let count = (self.columns.len() - j).min(L::N);
                // SAFETY: by the caller's promise.
                unsafe {
                    let s = sums.add(i * row + j);
                    let mut rows = [[L::splat(T::ZERO); 4]; 3];
                    for x in 0..4 {
                        let s = |y: usize| L::load(s.add((4 * y + x) * place));
                        let taps = gather(s(0), s(1), s(2), s(3));
                        for y in 0..3 {
                            rows[y][x] = taps[y];
                        }
                    }
                    for y in 0..3 {
                        let [a, b, c_, d] = rows[y];
                        let taps = gather(a, b, c_, d);
                        for x in 0..3 {
                            let at = ((3 * y + x) * c + i) * f + self.columns.start + j;
                            taps[x].store_part(self.to.add(at), count);
                        }
                    }
                }
            }
        }
    }
}

/// G^T (a, b, c, d)
#[inline(always)]
fn gather<T: Real, L: Lanes<T>>(a: L, b: L, c: L, d: L) -> [L; 3] {
    let half = L::splat(T::ONE / (T::ONE + T::ONE));
    let sum = b.add(c).mul(half);
    [a.add(sum), b.sub(c).mul(half), d.add(sum)]
}

//! The gradient of a convolution by its kernel: tiles of taps by output channels, sweeping the pixels.

use core::ops::Range;

use super::rows::{Span, buffer_len, rows};
use super::{Geometry, depthwise_kernel};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Registers of columns in a tile.
const V: usize = 2;
/// Channels of a tile whose taps share broadcasts.
const SHARED: usize = 8;
/// Numbers of input and output gradient that a unit of rows holds: 128 KiB in `f32`, so that L2 keeps them while all
/// tiles sweep them.
const UNIT: usize = 32 * 1024;

/// How the sum over all pixels is split, by shape alone.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Partial sums that need memory of their own; 0 if one part writes the result.
    pub copies: usize,
    /// Units of output rows, and rows of a unit.
    units: usize,
    rows: usize,
    /// Units of a part.
    grain: usize,
}

pub fn parts(g: &Geometry) -> Parts {
    let per_row = g.input[2] * g.in_channels * g.stride[1] + g.output[2] * g.out_channels;
    let rows = (UNIT / per_row.max(1)).clamp(1, g.output[1].max(1));
    let units = g.batch * g.output[0] * g.output[1].div_ceil(rows);
    // No more parts than 16, than pay for their start (each clears and adds a kernel), or than fit in 64 MiB (f32).
    let pixels = g.batch * g.output.iter().product::<usize>();
    // A multiply-add of one of these takes about eight times as long.
    let worth = if g.is_depthwise() || g.has_one_filter() {
        (g.multiply_adds() >> 17).min(pixels / 64).max(1)
    } else {
        (g.multiply_adds() >> 21).min(pixels / 512).max(1)
    };
    let fit = ((1 << 24) / g.kernel_len().max(1)).max(1);
    let wanted = units.min(16).min(worth).min(fit).max(1);
    let grain = units.div_ceil(wanted).max(1);
    let parts = units.div_ceil(grain);
    Parts {
        copies: if parts > 1 { parts } else { 0 },
        units,
        rows,
        grain,
    }
}

pub fn run<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T], scratch: &mut [T]) {
    let split = parts(g);
    let [kd, kh, _] = g.kernel;
    let length = dk.len();
    let slab = length / (kd * kh);
    let (memory, count) = if split.copies == 0 {
        (&mut *dk, 1)
    } else {
        (&mut scratch[..split.copies * length], split.copies)
    };
    {
        // With few parts, kernel rows are spread over threads too.
        let tap_rows = if count < 8 && !g.is_depthwise() && !g.has_one_filter() {
            1
        } else {
            kd * kh
        };
        let groups = (kd * kh) / tap_rows;
        let shared = Disjoint::new(memory);
        let grain = if g.multiply_adds() < 1 << 20 {
            count * groups
        } else {
            1
        };
        parallel::for_ranges(count * groups, grain, |range| {
            for i in range {
                let (part, first) = (i / groups, i % groups * tap_rows);
                let at = part * length + first * slab;
                // SAFETY: each part has its own copy of the kernel, each group of kernel rows its own slab of it.
                let to = unsafe { shared.slice(at..at + tap_rows * slab) };
                to.fill(T::ZERO);
                for unit in part * split.grain..((part + 1) * split.grain).min(split.units) {
                    let part = Part::new(g, unit, split.rows);
                    if g.is_depthwise() {
                        dispatch(depthwise_kernel::Unit::<_, false> { g, x, dy, to, part });
                    } else if g.has_one_filter() {
                        dispatch(depthwise_kernel::Unit::<_, true> { g, x, dy, to, part });
                    } else {
                        let taps = (first, tap_rows);
                        dispatch(Unit {
                            g,
                            x,
                            dy,
                            to,
                            taps,
                            part,
                        });
                    }
                }
            }
        });
    }
    if split.copies > 0 {
        let parts = &scratch[..split.copies * length];
        parallel::for_chunks_mut(dk, parallel::GRAIN, |first, to| {
            to.copy_from_slice(&parts[first..first + to.len()]);
            for part in 1..split.copies {
                for (sum, &x) in to.iter_mut().zip(&parts[part * length + first..]) {
                    *sum += x;
                }
            }
        });
    }
}

/// Some output rows of one plane of one image.
#[derive(Debug, Clone)]
pub struct Part {
    pub n: usize,
    pub z: usize,
    pub rows: Range<usize>,
}

impl Part {
    fn new(g: &Geometry, index: usize, rows: usize) -> Self {
        let (blocks, depth) = (g.output[1].div_ceil(rows), g.output[0]);
        let first = index % blocks * rows;
        Self {
            n: index / blocks / depth,
            z: index / blocks % depth,
            rows: first..(first + rows).min(g.output[1]),
        }
    }
}

/// Some output rows of one plane, for some kernel rows: `to` += their part of the gradient.
struct Unit<'a, T> {
    g: &'a Geometry,
    x: &'a [T],
    dy: &'a [T],
    to: &'a mut [T],
    /// The first kernel row (depth and height together) and their number.
    taps: (usize, usize),
    part: Part,
}

impl<T: Real> Kernel<T> for Unit<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let g = self.g;
        let (n, z, first) = (self.part.n, self.part.z, self.part.rows.start);
        let (depth, count) = (g.output[0], self.part.rows.len());
        let span = Span::new(
            g.input,
            g.in_channels,
            g.output[2],
            g.kernel[2],
            g.stride[2],
            g.dilation[2],
            g.before[2] as isize,
        );
        let plane = g.input[1] * g.input[2] * g.in_channels;
        let dy_row = g.output[2] * g.out_channels;
        let dy = &self.dy[((n * depth + z) * g.output[1] + first) * dy_row..][..count * dy_row];
        let slab = self.to.len() / self.taps.1;
        for i in 0..self.taps.1 {
            let (kz, ky) = ((self.taps.0 + i) / g.kernel[1], (self.taps.0 + i) % g.kernel[1]);
            let iz = (z * g.stride[0] + kz * g.dilation[0]) as isize - g.before[0] as isize;
            if !(0..g.input[0] as isize).contains(&iz) {
                continue;
            }
            // The output rows whose input row lies inside: o * stride + offset in 0..height.
            let offset = (ky * g.dilation[1]) as isize - g.before[1] as isize;
            let stride = g.stride[1] as isize;
            let low = (-offset + stride - 1).div_euclid(stride).max(first as isize);
            let high = (g.input[1] as isize - 1 - offset)
                .div_euclid(stride)
                .min((first + count) as isize - 1);
            if low > high {
                continue;
            }
            let y_of = |o: isize| (o * stride + offset) as usize;
            let needed = y_of(low)..y_of(high) + 1;
            let x = &self.x[(n * g.input[0] + iz as usize) * plane..][..plane];
            let to = &mut self.to[i * slab..][..slab];
            let mut buffer = Scratch::take();
            let rows = rows(
                &span,
                x,
                needed.clone(),
                buffer.get(buffer_len(&span, needed.len())),
            );
            let dy = &dy[(low as usize - first) * dy_row..];
            let distance = if high > low {
                rows.at(y_of(low + 1)).addr() - rows.at(y_of(low)).addr()
            } else {
                0
            };
            let sweep = Sweep {
                a: rows.at(y_of(low)),
                a_line: distance / size_of::<T>(),
                b: dy.as_ptr(),
                b_line: dy_row,
                lines: (high - low + 1) as usize,
            };
            sweep_all::<T, L>(g, &sweep, to);
        }
    }
}

/// Lines of pixels: of the input (with padding) and of the output's gradient.
struct Sweep<T> {
    a: *const T,
    a_line: usize,
    b: *const T,
    b_line: usize,
    lines: usize,
}

/// All taps of one kernel row, all channels.
#[inline(always)]
fn sweep_all<T: Real, L: Lanes<T>>(g: &Geometry, sweep: &Sweep<T>, to: &mut [T]) {
    let (kw, c, f) = (g.kernel[2], g.in_channels / g.groups, g.out_channels / g.groups);
    let whole = g.groups == 1 && g.dilation[2] == 1;
    let (runs, length) = if whole { (1, kw * c) } else { (kw, c) };
    let panels = Panels::new(f, L::N, V);
    let most = most_rows(L::REGISTERS, V);
    let tiles = length.div_ceil(most);
    for group in 0..g.groups {
        for run in 0..runs {
            let a = sweep
                .a
                .wrapping_add(run * g.dilation[2] * g.in_channels + group * c);
            for (first, columns) in (0..panels.count).map(|i| panels.get(i)) {
                let b = sweep.b.wrapping_add(group * f + first);
                if const { L::REGISTERS >= 32 } && whole && columns <= L::N && (kw, g.stride[2]) == (3, 1) {
                    for from in (0..c).step_by(SHARED) {
                        let tile = Tile {
                            g,
                            sweep,
                            a: a.wrapping_add(from),
                            b,
                            columns,
                        };
                        let count = SHARED.min(c - from);
                        let to = to[from * f + first..][..(2 * c + count - 1) * f + columns].as_mut_ptr();
                        // SAFETY: as below, for `count` channels of all three taps.
                        unsafe { with_rows!(count, SHARED, R => tile.run_shared::<L, R>(to)) };
                    }
                    continue;
                }
                for t in 0..tiles {
                    let row = t * length / tiles;
                    let count = (t + 1) * length / tiles - row;
                    let at = (run * c + row) * g.out_channels + group * f + first;
                    let to = to[at..][..(count - 1) * g.out_channels + columns].as_mut_ptr();
                    let tile = Tile {
                        g,
                        sweep,
                        a: a.wrapping_add(row),
                        b,
                        columns,
                    };
                    // SAFETY: `count` taps of every pixel of the sweep lie in its rows, `columns` channels in dY.
                    unsafe {
                        match (columns.div_ceil(L::N), columns % L::N == 0) {
                            (1, _) => {
                                with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 1, true>(to));
                            }
                            (_, false) => {
                                with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 2, true>(to));
                            }
                            (_, true) => {
                                with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 2, false>(to));
                            }
                        }
                    }
                }
            }
        }
    }
}

struct Tile<'a, T> {
    g: &'a Geometry,
    sweep: &'a Sweep<T>,
    a: *const T,
    b: *const T,
    columns: usize,
}

impl<T: Real> Tile<'_, T> {
    /// # Safety
    /// The lines of the sweep must lie inside both arrays; `to` must hold R rows of W registers, the last with what
    /// `self.columns` leaves.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const R: usize, const W: usize, const RAGGED: bool>(&self, to: *mut T) {
        let g = self.g;
        let last = self.columns - (W - 1) * L::N;
        let mut sums = [[L::splat(T::ZERO); W]; R];
        let run = Run {
            a_row: 1,
            a_step: g.stride[2] * g.in_channels,
            b_step: g.out_channels,
            length: g.output[2],
        };
        for line in 0..self.sweep.lines {
            let a = self.a.wrapping_add(line * self.sweep.a_line);
            let b = self.b.wrapping_add(line * self.sweep.b_line);
            // SAFETY: by the caller's promise.
            unsafe { accumulate::<T, L, R, W, RAGGED>(&mut sums, a, b, run, last) };
        }
        for r in 0..R {
            for v in 0..W {
                let count = if v == W - 1 { last } else { L::N };
                // SAFETY: R rows of `columns` numbers, by the caller's promise.
                unsafe {
                    let to = to.add(r * g.out_channels + v * L::N);
                    L::load_part(to, count).add(sums[r][v]).store_part(to, count);
                }
            }
        }
    }

    /// Three taps of R channels at once, for one register of columns and stride 1: every number of the input is
    /// broadcast once for all three.
    ///
    /// # Safety
    /// As for `run`, with two more pixels of input in each line; `to` must hold three taps of R rows.
    #[inline(always)]
    unsafe fn run_shared<L: Lanes<T>, const R: usize>(&self, to: *mut T) {
        let (g, zero) = (self.g, L::splat(T::ZERO));
        let (c, f, width) = (g.in_channels, g.out_channels, g.output[2]);
        let mut sums = [[zero; 3]; R];
        for line in 0..self.sweep.lines {
            let a = self.a.wrapping_add(line * self.sweep.a_line);
            let b = self.b.wrapping_add(line * self.sweep.b_line);
            // The gradients of the outputs that meet this column with the first, second and third tap.
            let mut dy = [zero; 3];
            for p in 0..width + 2 {
                // SAFETY: `width` pixels of the gradient, two more of the input, by the caller's promise.
                unsafe {
                    let next = if p < width {
                        L::load_part(b.add(p * f), self.columns)
                    } else {
                        zero
                    };
                    dy = [next, dy[0], dy[1]];
                    for r in 0..R {
                        let x = L::splat(*a.add(p * c + r));
                        for k in 0..3 {
                            sums[r][k] = x.mul_add(dy[k], sums[r][k]);
                        }
                    }
                }
            }
        }
        for k in 0..3 {
            for r in 0..R {
                // SAFETY: three taps of R rows of `columns` numbers, by the caller's promise.
                unsafe {
                    let to = to.add((k * c + r) * f);
                    L::load_part(to, self.columns)
                        .add(sums[r][k])
                        .store_part(to, self.columns);
                }
            }
        }
    }
}

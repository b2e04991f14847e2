//! The gradient of a depthwise convolution by its kernel: sums for several taps and a few registers of channels, over
//! the pixels of some rows.
//!
//! dK[k, c] = sum over n, o of X[n, o * stride + k * dilation - before, c] dY[n, o, c]
//!
//! A convolution with a single output channel is nearly the same: dY[n, o] stands for all channels.

use super::Geometry;
use super::depthwise::load;
use super::kernel::Part;
use crate::kernels::real::Real;
use crate::kernels::segments::{Axis, Segment};
use crate::kernels::simd::{Kernel, Lanes};

/// Taps of a kernel row whose sums stay in registers together.
const TAPS: usize = 3;
/// Registers of channels in a tile of the kernel's gradient.
const V: usize = 4;

/// Adds a part's share of the kernel's gradient, with one number of dY for all channels if `ALIKE`: dK[k, c] += sum over its pixels of X[o * stride + k.., c] dY[o, c].
pub struct Unit<'a, T, const ALIKE: bool> {
    pub g: &'a Geometry,
    pub x: &'a [T],
    pub dy: &'a [T],
    pub to: &'a mut [T],
    pub part: Part,
}

impl<T: Real, const ALIKE: bool> Kernel<T> for Unit<'_, T, ALIKE> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self) {
        let (g, c, to) = (self.g, self.g.in_channels, core::mem::take(&mut self.to));
        let axes: [Axis; 3] = core::array::from_fn(|a| g.axis(a));
        let [kd, kh, kw] = g.kernel;
        if kw == 3 && kh <= 3 && kd == 1 && g.dilation == [1; 3] && L::REGISTERS >= 32 && g.input[0] == 1 {
            return self.windows::<L>(&axes, to.as_mut_ptr());
        }
        for kx in (0..kw).step_by(TAPS) {
            let count = TAPS.min(kw - kx);
            let along = Axis {
                taps: count,
                before: axes[2].before - (kx * axes[2].dilation) as isize,
                ..axes[2]
            };
            let sweep = Sweep {
                unit: &self,
                axes: [axes[0], axes[1], along],
                segments: &along.segments(),
            };
            for row in 0..kd * kh {
                let to = to[(row * kw + kx) * c..][..count * c].as_mut_ptr();
                // SAFETY: `count` taps of all channels.
                unsafe {
                    match count {
                        3 => sweep.channels::<L, 3>(row, to),
                        2 => sweep.channels::<L, 2>(row, to),
                        _ => sweep.channels::<L, 1>(row, to),
                    }
                }
            }
        }
    }
}

struct Sweep<'a, 'b, T, const ALIKE: bool> {
    unit: &'a Unit<'b, T, ALIKE>,
    axes: [Axis; 3],
    segments: &'a [Segment],
}

impl<T: Real, const ALIKE: bool> Sweep<'_, '_, T, ALIKE> {
    /// # Safety
    /// `to` must hold K taps of all channels, for kernel row `row`; the unit's arrays must be as its geometry says.
    #[inline(always)]
    unsafe fn channels<L: Lanes<T>, const K: usize>(&self, row: usize, to: *mut T) {
        let channels = self.unit.g.in_channels;
        let mut c = 0;
        // SAFETY: all channels below `channels`.
        unsafe {
            while c + V * L::N <= channels {
                self.block::<L, K, V, false>(row, to, c, 0);
                c += V * L::N;
            }
            if c + 2 * L::N <= channels {
                self.block::<L, K, 2, false>(row, to, c, 0);
                c += 2 * L::N;
            }
            while c < channels {
                if c + L::N <= channels {
                    self.block::<L, K, 1, false>(row, to, c, 0);
                } else {
                    self.block::<L, K, 1, true>(row, to, c, channels - c);
                }
                c += L::N;
            }
        }
    }

    /// K taps of one kernel row, V registers of channels, over all pixels of the unit.
    ///
    /// # Safety
    /// As for `channels`, for V registers of channels from `c` on; if `RAGGED` the last of them has `last` channels.
    #[inline(always)]
    unsafe fn block<L: Lanes<T>, const K: usize, const V: usize, const RAGGED: bool>(
        &self,
        row: usize,
        to: *mut T,
        c: usize,
        last: usize,
    ) {
        let (unit, g, [az, ay, ax]) = (self.unit, self.unit.g, &self.axes);
        let (kz, ky) = (row / g.kernel[1], row % g.kernel[1]);
        let (n, z) = (unit.part.n, unit.part.z);
        let channels = g.in_channels;
        let iz = az.place(z, kz);
        if !(0..az.input as isize).contains(&iz) {
            return;
        }
        let zeros = [T::ZERO; 64];
        let mut sums = [[L::splat(T::ZERO); V]; K];
        for o in unit.part.rows.clone() {
            let iy = ay.place(o, ky);
            if !(0..ay.input as isize).contains(&iy) {
                continue;
            }
            let line = ((n * az.input + iz as usize) * ay.input + iy as usize) * ax.input;
            let x = &unit.x[line * channels..][..ax.input * channels];
            let dy = ((n * az.output + z) * ay.output + o) * ax.output;
            let pixel = if ALIKE { 1 } else { channels };
            let dy = &unit.dy[dy * pixel..][..ax.output * pixel];
            for segment in self.segments {
                let whole = segment.taps == (0..K);
                let count = if whole { segment.outputs.len() } else { 1 };
                for first in segment.outputs.clone().step_by(count) {
                    // Where a tap meets no input, zeros stand for it.
                    let mut xs = [zeros.as_ptr(); K];
                    for k in segment.taps.clone() {
                        xs[k % K] = x[ax.place(first, k) as usize * channels + c..].as_ptr();
                    }
                    let dy = dy[first * pixel + if ALIKE { 0 } else { c }..].as_ptr();
                    for i in 0..count {
                        // SAFETY: pixels of the segment, V registers of channels, by the caller's promise.
                        unsafe {
                            let dy = gradient::<T, L, V, RAGGED, ALIKE>(dy.add(i * pixel), last);
                            for k in 0..K {
                                let x = load::<T, L, V, RAGGED>(xs[k].add(i * ax.stride * channels), last);
                                for v in 0..V {
                                    sums[k][v] = x[v].mul_add(dy[v], sums[k][v]);
                                }
                            }
                        }
                    }
                }
            }
        }
        for k in 0..K {
            for v in 0..V {
                // SAFETY: K taps of V registers of channels, by the caller's promise.
                unsafe {
                    let to = to.add(k * channels + c + v * L::N);
                    let n = if RAGGED { last } else { L::N };
                    L::load_part(to, n).add(sums[k][v]).store_part(to, n);
                }
            }
        }
    }
}

/// # Safety
/// `dy` must hold V registers of channels, the last of them `last` if `RAGGED`; or one number if `ALIKE`.
#[inline(always)]
unsafe fn gradient<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool, const ALIKE: bool>(
    dy: *const T,
    last: usize,
) -> [L; V] {
    // SAFETY: by the caller's promise.
    unsafe {
        if ALIKE {
            [L::splat(*dy); V]
        } else {
            load::<T, L, V, RAGGED>(dy, last)
        }
    }
}

/// Rows of a window whose sums stay in registers together.
const ROWS: usize = 3;

impl<T: Real, const ALIKE: bool> Unit<'_, T, ALIKE> {
    /// All taps of a window of up to 3 x 3 at once, one register of channels after the other: what lies under two windows
    /// that follow each other is loaded once.
    #[inline(always)]
    fn windows<L: Lanes<T>>(&self, axes: &[Axis; 3], to: *mut T) {
        let (g, channels) = (self.g, self.g.in_channels);
        for c in (0..channels).step_by(L::N) {
            // SAFETY: `to` holds the gradient of the whole kernel; the channels from c on are there.
            unsafe {
                match (channels - c >= L::N, g.stride[2]) {
                    (true, 1) => self.window::<L, 1, false>(axes, to.add(c), c, L::N),
                    (true, 2) => self.window::<L, 2, false>(axes, to.add(c), c, L::N),
                    (true, _) => self.window::<L, 3, false>(axes, to.add(c), c, L::N),
                    (false, 1) => self.window::<L, 1, true>(axes, to.add(c), c, channels - c),
                    (false, 2) => self.window::<L, 2, true>(axes, to.add(c), c, channels - c),
                    (false, _) => self.window::<L, 3, true>(axes, to.add(c), c, channels - c),
                }
            }
        }
    }

    /// One register of channels; S is the stride, or 3 if windows have nothing in common.
    ///
    /// # Safety
    /// `to` must hold all taps of the channels from `c` on: a register of them, or `last` if `RAGGED`.
    #[inline(always)]
    unsafe fn window<L: Lanes<T>, const S: usize, const RAGGED: bool>(
        &self,
        axes: &[Axis; 3],
        to: *mut T,
        c: usize,
        last: usize,
    ) {
        let (channels, [_, ay, ax]) = (self.g.in_channels, axes);
        let zeros = [T::ZERO; 64];
        let mut sums = [[L::splat(T::ZERO); 3]; ROWS];
        for o in self.part.rows.clone() {
            // A row outside of the input is a register of zeros that is read again and again.
            let (mut rows, mut steps) = ([zeros.as_ptr(); ROWS], [0; ROWS]);
            for ky in ay.taps(o) {
                let line = self.part.n * ay.input + ay.place(o, ky) as usize;
                rows[ky % ROWS] = self.x[line * ax.input * channels..][c..].as_ptr();
                steps[ky % ROWS] = channels;
            }
            let dy = (self.part.n * ay.output + o) * ax.output;
            let (pixel, c) = if ALIKE { (1, 0) } else { (channels, c) };
            let dy = self.dy[dy * pixel..][c..ax.output * pixel].as_ptr();
            let mut x = [[L::splat(T::ZERO); 3]; ROWS];
            for k in 0..3 - S.min(3) {
                let j = ax.place(0, k + S) - S as isize;
                if (0..ax.input as isize).contains(&j) {
                    for r in 0..ROWS {
                        // SAFETY: column j lies inside of the row.
                        x[r][k + S] =
                            unsafe { load::<T, L, 1, RAGGED>(rows[r].add(j as usize * steps[r]), last)[0] };
                    }
                }
            }
            for i in 0..ax.output {
                // SAFETY: columns that are read lie inside of the row.
                unsafe {
                    let dy = gradient::<T, L, 1, RAGGED, ALIKE>(dy.add(i * pixel), last)[0];
                    for r in 0..ROWS {
                        for k in 0..3 - S {
                            x[r][k] = x[r][k + S];
                        }
                    }
                    for k in 3 - S..3 {
                        let j = ax.place(i, k);
                        let inside = (0..ax.input as isize).contains(&j);
                        for r in 0..ROWS {
                            x[r][k] = if inside {
                                load::<T, L, 1, RAGGED>(rows[r].add(j as usize * steps[r]), last)[0]
                            } else {
                                L::splat(T::ZERO)
                            };
                        }
                    }
                    for r in 0..ROWS {
                        for k in 0..3 {
                            sums[r][k] = x[r][k].mul_add(dy, sums[r][k]);
                        }
                    }
                }
            }
        }
        for r in 0..self.g.kernel[1] {
            for k in 0..3 {
                // SAFETY: taps of the kernel, `last` channels.
                unsafe {
                    let to = to.add((r * 3 + k) * channels);
                    L::load_part(to, last).add(sums[r % ROWS][k]).store_part(to, last);
                }
            }
        }
    }
}

//! Pooling, channels last, over up to three spatial axes. Windows are clipped to the input: padding is never read, and
//! averages divide by the number of real pixels.
//!
//! The lanes are channels. A row of outputs falls into stretches that meet the input with the same taps; within one, a
//! pixel is a walk over the places of its window.

use core::ops::Range;

use smallvec::SmallVec;

use super::parallel;
use super::real::Real;
use super::segments::{Axis, Segment};
use super::simd::{Kernel, Lanes, dispatch};

/// Axes are depth, height, width; a lower rank has axes of size 1 in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    pub batch: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub window: [usize; 3],
    pub stride: [usize; 3],
    pub before: [usize; 3],
    pub channels: usize,
}

impl Pool {
    fn pixels(sizes: [usize; 3]) -> usize {
        sizes.iter().product()
    }
    fn input_len(&self) -> usize {
        self.batch * Self::pixels(self.input) * self.channels
    }
    fn output_len(&self) -> usize {
        self.batch * Self::pixels(self.output) * self.channels
    }
    fn axis(&self, a: usize) -> Axis {
        Axis {
            input: self.input[a],
            output: self.output[a],
            taps: self.window[a],
            stride: self.stride[a],
            dilation: 1,
            before: self.before[a] as isize,
        }
    }
    /// No pixel of the input is in two windows.
    fn is_exclusive(&self) -> bool {
        (0..3).all(|a| self.stride[a] >= self.window[a])
    }
    /// The places of an axis that are in no window, for exclusive windows.
    fn left_out(&self, a: usize) -> SmallVec<[bool; 64]> {
        let axis = self.axis(a);
        let mut out = SmallVec::from_elem(true, self.input[a]);
        for o in 0..self.output[a] {
            for tap in axis.taps(o) {
                out[axis.place(o, tap) as usize] = false;
            }
        }
        out
    }
    /// Rows of outputs in the batch.
    fn rows(&self) -> usize {
        self.batch * self.output[0] * self.output[1]
    }
    /// Runs a job for all rows of outputs, rows being independent of each other.
    fn each_row<T: Real>(&self, job: Job<T>) {
        let segments = self.axis(2).segments();
        let per_row = self.output[2] * self.channels * Self::pixels(self.window);
        parallel::for_ranges(self.rows(), 2 * parallel::GRAIN / per_row.max(1), |rows| {
            dispatch(Sweep {
                pool: self,
                segments: &segments,
                rows,
                job: &job,
            });
        });
    }
    /// Runs a job that adds to `dx`, image by image. With exclusive windows, pixels are read and written once, window by
    /// window; those in no window are cleared.
    ///
    /// # Safety
    /// What the job reads and writes must have the sizes of input and output.
    unsafe fn each_image<T: Real>(&self, job: Job<T>) {
        let segments = self.axis(2).segments();
        let len = Self::pixels(self.input) * self.channels;
        let per_image = self.output[0] * self.output[1];
        let exclusive = self.is_exclusive();
        let left_out = [0, 1, 2].map(|a| {
            if exclusive {
                self.left_out(a)
            } else {
                SmallVec::from_elem(true, self.input[a])
            }
        });
        let Some(images) = parallel::GRAIN.checked_div(len) else {
            return;
        };
        parallel::for_ranges(self.batch, images.max(1), |images| {
            for n in images {
                if let Some(dx) = job.sums() {
                    // SAFETY: pixels of this image, which one thread works on.
                    unsafe { self.clear(&left_out, dx.add(n * len)) };
                }
                dispatch(Sweep {
                    pool: self,
                    segments: &segments,
                    rows: n * per_image..(n + 1) * per_image,
                    job: &job,
                });
            }
        });
    }

    /// Zeros in the pixels of an image that are left out along some axis.
    unsafe fn clear<T: Real>(&self, left_out: &[SmallVec<[bool; 64]>; 3], dx: *mut T) {
        let (width, c) = (self.input[2], self.channels);
        let mut row = dx;
        for &z in &left_out[0] {
            for &y in &left_out[1] {
                let pixels = if z || y { &[][..] } else { &left_out[2][..] };
                // SAFETY: rows of the image, and pixels of the row.
                unsafe {
                    if z || y {
                        row.write_bytes(0, width * c);
                    }
                    for (x, _) in pixels.iter().enumerate().filter(|(_, out)| **out) {
                        row.add(x * c).write_bytes(0, c);
                    }
                    row = row.add(width * c);
                }
            }
        }
    }
}

/// What a sweep over the outputs computes, on arrays of the whole batch.
enum Job<T> {
    /// y = max of x over the window; NaN if there is one.
    Max { x: *const T, y: *mut T },
    /// y = mean of x over the window.
    Mean { x: *const T, y: *mut T },
    /// dx at the first place of the window where x = y gets dy.
    Scatter {
        x: *const T,
        y: *const T,
        dy: *const T,
        dx: *mut T,
        exclusive: bool,
    },
    /// out = g at the first place of the window where x = y.
    Gather {
        x: *const T,
        y: *const T,
        g: *const T,
        out: *mut T,
    },
    /// Every place of the window gets dy / count.
    Spread {
        dy: *const T,
        dx: *mut T,
        exclusive: bool,
    },
}

impl<T> Job<T> {
    /// The gradient that the job adds up.
    fn sums(&self) -> Option<*mut T> {
        match *self {
            Job::Scatter { dx, .. } | Job::Spread { dx, .. } => Some(dx),
            _ => None,
        }
    }
}

// SAFETY: the pointers come from slices that the call holds; rows (or images) of what is written belong to one thread.
unsafe impl<T: Sync> Sync for Job<T> {}

struct Sweep<'a, T> {
    pool: &'a Pool,
    segments: &'a [Segment],
    rows: Range<usize>,
    job: &'a Job<T>,
}

impl<T: Real> Kernel<T> for Sweep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let p = self.pool;
        let (c, [depth, height, width]) = (p.channels, p.output);
        let axes = [p.axis(0), p.axis(1), p.axis(2)];
        let mut lines: SmallVec<[usize; 16]> = SmallVec::new();
        let mut places: SmallVec<[usize; 32]> = SmallVec::new();
        for row in self.rows.clone() {
            let (n, z, y) = (row / height / depth, row / height % depth, row % height);
            lines.clear();
            for kz in axes[0].taps(z) {
                let plane = n * p.input[0] + axes[0].place(z, kz) as usize;
                for ky in axes[1].taps(y) {
                    lines.push((plane * p.input[1] + axes[1].place(y, ky) as usize) * p.input[2] * c);
                }
            }
            for segment in self.segments {
                let first = segment.outputs.start;
                places.clear();
                for line in &lines {
                    for kx in segment.taps.clone() {
                        places.push(line + axes[2].place(first, kx) as usize * c);
                    }
                }
                for o in segment.outputs.clone() {
                    let window = Window {
                        places: &places,
                        skip: (o - first) * p.stride[2] * c,
                        output: (row * width + o) * c,
                    };
                    // SAFETY: all places of the window are inside of the input, by the taps; `each_row` and
                    // `each_image` have checked the arrays.
                    unsafe { window.channels::<T, L>(self.job, c) };
                }
            }
        }
    }
}

/// The places of one output's window, as indices of their first channel: `places` plus `skip`.
struct Window<'a> {
    places: &'a [usize],
    skip: usize,
    output: usize,
}

impl Window<'_> {
    /// # Safety
    /// Every place of the window must hold `channels` numbers in the arrays of the job.
    #[inline(always)]
    unsafe fn channels<T: Real, L: Lanes<T>>(&self, job: &Job<T>, channels: usize) {
        let mut c = 0;
        // SAFETY: c + V * L::N (or `last` for the ragged end) are at most `channels`.
        unsafe {
            while c + 4 * L::N <= channels {
                self.block::<T, L, 4, false>(job, c, 0);
                c += 4 * L::N;
            }
            if c + 2 * L::N <= channels {
                self.block::<T, L, 2, false>(job, c, 0);
                c += 2 * L::N;
            }
            while c < channels {
                if c + L::N <= channels {
                    self.block::<T, L, 1, false>(job, c, 0);
                } else {
                    self.block::<T, L, 1, true>(job, c, channels - c);
                }
                c += L::N;
            }
        }
    }

    /// V registers of channels, the last with `last` numbers if `RAGGED`.
    ///
    /// # Safety
    /// As for `channels`, for V registers from `c` on; if `RAGGED` the last of them has `last` numbers.
    #[inline(always)]
    unsafe fn block<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool>(
        &self,
        job: &Job<T>,
        c: usize,
        last: usize,
    ) {
        let zero = L::splat(T::ZERO);
        let (skip, output) = (self.skip + c, self.output + c);
        // SAFETY: by the caller's promise.
        unsafe {
            match *job {
                Job::Max { x, y } => {
                    let mut max = [L::splat(T::NEG_INFINITY); V];
                    for &place in self.places {
                        let x = load::<T, L, V, RAGGED>(x.add(place + skip), last);
                        for v in 0..V {
                            // The larger, or the old one if either is NaN.
                            max[v] = L::select(x[v].is_nan(), x[v], x[v].max(max[v]));
                        }
                    }
                    store::<T, L, V, RAGGED>(max, y.add(output), last);
                }
                Job::Mean { x, y } => {
                    let mut sum = [zero; V];
                    for &place in self.places {
                        let x = load::<T, L, V, RAGGED>(x.add(place + skip), last);
                        for v in 0..V {
                            sum[v] = sum[v].add(x[v]);
                        }
                    }
                    let count = L::splat(T::from_usize(self.places.len()));
                    store::<T, L, V, RAGGED>(sum.map(|s| s.div(count)), y.add(output), last);
                }
                Job::Scatter {
                    x,
                    y,
                    dy,
                    dx,
                    exclusive,
                } => {
                    let max = load::<T, L, V, RAGGED>(y.add(output), last);
                    // What is still to be given away; zero once it was.
                    let mut rest = load::<T, L, V, RAGGED>(dy.add(output), last);
                    for &place in self.places {
                        let x = load::<T, L, V, RAGGED>(x.add(place + skip), last);
                        let to = dx.add(place + skip);
                        let mut given = [zero; V];
                        for v in 0..V {
                            let here = x[v].eq(max[v]);
                            given[v] = L::select(here, rest[v], zero);
                            rest[v] = L::select(here, zero, rest[v]);
                        }
                        give::<T, L, V, RAGGED>(given, to, last, exclusive);
                    }
                }
                Job::Gather { x, y, g, out } => {
                    let max = load::<T, L, V, RAGGED>(y.add(output), last);
                    let mut found = [zero; V];
                    let mut open = [zero.eq(zero); V];
                    for &place in self.places {
                        let x = load::<T, L, V, RAGGED>(x.add(place + skip), last);
                        let g = load::<T, L, V, RAGGED>(g.add(place + skip), last);
                        for v in 0..V {
                            let here = L::and(open[v], x[v].eq(max[v]));
                            found[v] = L::select(here, g[v], found[v]);
                            open[v] = L::and(open[v], L::not(here));
                        }
                    }
                    store::<T, L, V, RAGGED>(found, out.add(output), last);
                }
                Job::Spread { dy, dx, exclusive } => {
                    let count = L::splat(T::from_usize(self.places.len()));
                    let part = load::<T, L, V, RAGGED>(dy.add(output), last).map(|x| x.div(count));
                    for &place in self.places {
                        give::<T, L, V, RAGGED>(part, dx.add(place + skip), last, exclusive);
                    }
                }
            }
        }
    }
}

/// # Safety
/// `p` must hold V registers, the last of them `last` numbers if `RAGGED`.
#[inline(always)]
unsafe fn load<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool>(p: *const T, last: usize) -> [L; V] {
    let mut x = [L::splat(T::ZERO); V];
    for v in 0..V {
        // SAFETY: by the caller's promise.
        x[v] = unsafe {
            if RAGGED && v == V - 1 {
                L::load_part(p.add(v * L::N), last)
            } else {
                L::load(p.add(v * L::N))
            }
        };
    }
    x
}

/// # Safety
/// As for `load`, for writing.
#[inline(always)]
unsafe fn store<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool>(x: [L; V], p: *mut T, last: usize) {
    for v in 0..V {
        // SAFETY: by the caller's promise.
        unsafe {
            if RAGGED && v == V - 1 {
                x[v].store_part(p.add(v * L::N), last);
            } else {
                x[v].store(p.add(v * L::N));
            }
        }
    }
}

/// Adds to what is there, or puts it where nothing is to be kept.
///
/// # Safety
/// As for `store`.
#[inline(always)]
unsafe fn give<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool>(
    x: [L; V],
    to: *mut T,
    last: usize,
    exclusive: bool,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        if exclusive {
            return store::<T, L, V, RAGGED>(x, to, last);
        }
        let mut sum = load::<T, L, V, RAGGED>(to, last);
        for v in 0..V {
            sum[v] = sum[v].add(x[v]);
        }
        store::<T, L, V, RAGGED>(sum, to, last);
    }
}

fn check<T>(p: &Pool, inputs: &[&[T]], outputs: &[&[T]]) {
    assert!(
        inputs.iter().all(|x| x.len() == p.input_len()) && outputs.iter().all(|y| y.len() == p.output_len()),
        "pool: an array has another size"
    );
}

/// y[o] = max of x over the window of o.
pub fn max<T: Real>(p: &Pool, x: &[T], y: &mut [T]) {
    check(p, &[x], &[y]);
    p.each_row(Job::Max {
        x: x.as_ptr(),
        y: y.as_mut_ptr(),
    });
}

/// y[o] = mean of x over the window of o.
pub fn mean<T: Real>(p: &Pool, x: &[T], y: &mut [T]) {
    check(p, &[x], &[y]);
    p.each_row(Job::Mean {
        x: x.as_ptr(),
        y: y.as_mut_ptr(),
    });
}

/// dx[i] = sum of dy[o] over the windows whose first maximum is i, with y = max(x).
///
/// # Safety
/// `x` and `dx` must be valid for as many numbers as the input has; they may be the same memory if windows are exclusive.
pub unsafe fn max_gradient<T: Real>(p: &Pool, x: *const T, y: &[T], dy: &[T], dx: *mut T) {
    check(p, &[], &[y, dy]);
    let (y, dy, exclusive) = (y.as_ptr(), dy.as_ptr(), p.is_exclusive());
    // SAFETY: by the caller's promise.
    unsafe {
        p.each_image(Job::Scatter {
            x,
            y,
            dy,
            dx,
            exclusive,
        });
    }
}

/// out[o] = g at the first maximum of the window of o, with y = max(x): the transpose of `max_gradient`.
pub fn at_max<T: Real>(p: &Pool, x: &[T], y: &[T], g: &[T], out: &mut [T]) {
    check(p, &[x, g], &[y, out]);
    p.each_row(Job::Gather {
        x: x.as_ptr(),
        y: y.as_ptr(),
        g: g.as_ptr(),
        out: out.as_mut_ptr(),
    });
}

/// dx[i] = sum of dy[o] / count(o) over the windows that hold i: the transpose of `mean`.
pub fn mean_gradient<T: Real>(p: &Pool, dy: &[T], dx: &mut [T]) {
    check(p, &[dx], &[dy]);
    let (dy, dx, exclusive) = (dy.as_ptr(), dx.as_mut_ptr(), p.is_exclusive());
    // SAFETY: checked just above.
    unsafe { p.each_image(Job::Spread { dy, dx, exclusive }) };
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;

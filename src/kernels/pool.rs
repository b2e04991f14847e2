//! Pooling, channels last, over up to three spatial axes. Windows are clipped to the input: padding is never read, and
//! averages divide by the number of real pixels.

use core::ops::Range;

use super::parallel;
use super::real::Real;
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
    /// The input range of output index `o` on an axis.
    #[inline(always)]
    fn range(&self, axis: usize, o: usize) -> Range<usize> {
        let start = o * self.stride[axis];
        let end = (start + self.window[axis])
            .saturating_sub(self.before[axis])
            .min(self.input[axis]);
        start.saturating_sub(self.before[axis]).min(end)..end
    }
    /// Image and window of an output pixel.
    #[inline(always)]
    fn window_of(&self, o: usize) -> (usize, [Range<usize>; 3]) {
        let [d, h, w] = self.output;
        let at = [o / (h * w) % d, o / w % h, o % w];
        (
            o / (d * h * w),
            [self.range(0, at[0]), self.range(1, at[1]), self.range(2, at[2])],
        )
    }
    /// Chunks of output pixels for the forward products.
    fn grain(&self) -> usize {
        (parallel::GRAIN / (self.channels * Self::pixels(self.window)).max(1)).max(1)
    }
    fn each_output(&self, f: impl Fn(Range<usize>) + Sync) {
        parallel::for_ranges(self.batch * Self::pixels(self.output), self.grain(), f);
    }
    /// Calls `f(output pixels of the image, dx of the image)`, in parallel over images: windows overlap within one.
    fn each_image<T: Real>(&self, dx: &mut [T], f: impl Fn(Range<usize>, &mut [T]) + Sync) {
        let len = Self::pixels(self.input) * self.channels;
        let outputs = Self::pixels(self.output);
        if let Some(images) = parallel::GRAIN.checked_div(len) {
            let images = images.max(1);
            parallel::for_chunks_mut(dx, images * len, |first, dx| {
                for (i, dx) in dx.chunks_exact_mut(len).enumerate() {
                    let n = first / len + i;
                    dx.fill(T::ZERO);
                    f(n * outputs..(n + 1) * outputs, dx);
                }
            });
        }
    }
}

/// Walks the pixels of a window in order, giving the index of each one's first channel.
macro_rules! each_pixel {
    ($pool:expr, $n:expr, $ranges:expr, $at:ident => $body:block) => {
        for z in $ranges[0].clone() {
            for y in $ranges[1].clone() {
                for x in $ranges[2].clone() {
                    let $at = ((($n * $pool.input[0] + z) * $pool.input[1] + y) * $pool.input[2] + x)
                        * $pool.channels;
                    $body
                }
            }
        }
    };
}

/// What a sweep over output pixels computes.
enum Job<'a, T> {
    /// y = max of x over the window; NaN if there is one.
    Max { x: &'a [T], y: &'a mut [T] },
    /// y = mean of x over the window.
    Mean { x: &'a [T], y: &'a mut [T] },
    /// dx at the first place of the window where x = y gets dy.
    Scatter {
        x: &'a [T],
        y: &'a [T],
        dy: &'a [T],
        dx: &'a mut [T],
    },
    /// out = g at the first place of the window where x = y.
    Gather {
        x: &'a [T],
        y: &'a [T],
        g: &'a [T],
        out: &'a mut [T],
    },
    /// Every place of the window gets dy / count.
    Spread { dy: &'a [T], dx: &'a mut [T] },
}

/// `outputs` are pixels of the whole batch; slices that are written hold these pixels (or their image) alone.
struct Sweep<'a, T> {
    pool: &'a Pool,
    outputs: Range<usize>,
    job: Job<'a, T>,
}

impl<T: Real> Kernel<T> for Sweep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(mut self) {
        let (p, c) = (self.pool, self.pool.channels);
        for o in self.outputs.clone() {
            let (n, ranges) = p.window_of(o);
            let own = (o - self.outputs.start) * c;
            let count = T::from_usize(ranges.iter().map(ExactSizeIterator::len).product());
            for v in (0..c).step_by(L::N) {
                let len = L::N.min(c - v);
                match &mut self.job {
                    Job::Max { x, y } => {
                        let mut max = L::splat(T::NEG_INFINITY);
                        each_pixel!(p, n, ranges, at => {
                            let x = L::from_part(&x[at + v..][..len]);
                            max = L::select(L::or(x.gt(max), x.is_nan()), x, max);
                        });
                        max.to_part(&mut y[own + v..][..len]);
                    }
                    Job::Mean { x, y } => {
                        let mut sum = L::splat(T::ZERO);
                        each_pixel!(p, n, ranges, at => { sum = sum.add(L::from_part(&x[at + v..][..len])); });
                        sum.div(L::splat(count)).to_part(&mut y[own + v..][..len]);
                    }
                    Job::Scatter { x, y, dy, dx } => {
                        let (zero, max) = (L::splat(T::ZERO), L::from_part(&y[o * c + v..][..len]));
                        let mut rest = L::from_part(&dy[o * c + v..][..len]);
                        let mut open = zero.eq(zero);
                        each_pixel!(p, 0, ranges, at => {
                            let whole = n * Pool::pixels(p.input) * c + at + v;
                            let here = L::and(open, L::from_part(&x[whole..][..len]).eq(max));
                            let to = &mut dx[at + v..][..len];
                            L::from_part(to).add(L::select(here, rest, zero)).to_part(to);
                            rest = L::select(here, zero, rest);
                            open = L::and(open, L::not(here));
                        });
                    }
                    Job::Gather { x, y, g, out } => {
                        let (zero, max) = (L::splat(T::ZERO), L::from_part(&y[o * c + v..][..len]));
                        let mut found = zero;
                        let mut open = zero.eq(zero);
                        each_pixel!(p, n, ranges, at => {
                            let here = L::and(open, L::from_part(&x[at + v..][..len]).eq(max));
                            found = L::select(here, L::from_part(&g[at + v..][..len]), found);
                            open = L::and(open, L::not(here));
                        });
                        found.to_part(&mut out[own + v..][..len]);
                    }
                    Job::Spread { dy, dx } => {
                        let part = L::from_part(&dy[o * c + v..][..len]).div(L::splat(count));
                        each_pixel!(p, 0, ranges, at => {
                            let to = &mut dx[at + v..][..len];
                            L::from_part(to).add(part).to_part(to);
                        });
                    }
                }
            }
        }
    }
}

/// y[o] = max of x over the window of o.
pub fn max<T: Real>(p: &Pool, x: &[T], y: &mut [T]) {
    let shared = parallel::Disjoint::new(y);
    p.each_output(|outputs| {
        // SAFETY: chunks of output pixels do not overlap.
        let y = unsafe { shared.slice(outputs.start * p.channels..outputs.end * p.channels) };
        dispatch(Sweep {
            pool: p,
            outputs,
            job: Job::Max { x, y },
        });
    });
}

/// y[o] = mean of x over the window of o.
pub fn mean<T: Real>(p: &Pool, x: &[T], y: &mut [T]) {
    let shared = parallel::Disjoint::new(y);
    p.each_output(|outputs| {
        // SAFETY: chunks of output pixels do not overlap.
        let y = unsafe { shared.slice(outputs.start * p.channels..outputs.end * p.channels) };
        dispatch(Sweep {
            pool: p,
            outputs,
            job: Job::Mean { x, y },
        });
    });
}

/// dx[i] = sum of dy[o] over the windows whose first maximum is i, with y = max(x).
pub fn max_gradient<T: Real>(p: &Pool, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
    p.each_image(dx, |outputs, dx| {
        dispatch(Sweep {
            pool: p,
            outputs,
            job: Job::Scatter { x, y, dy, dx },
        });
    });
}

/// out[o] = g at the first maximum of the window of o, with y = max(x): the transpose of `max_gradient`.
pub fn at_max<T: Real>(p: &Pool, x: &[T], y: &[T], g: &[T], out: &mut [T]) {
    let shared = parallel::Disjoint::new(out);
    p.each_output(|outputs| {
        // SAFETY: chunks of output pixels do not overlap.
        let out = unsafe { shared.slice(outputs.start * p.channels..outputs.end * p.channels) };
        dispatch(Sweep {
            pool: p,
            outputs,
            job: Job::Gather { x, y, g, out },
        });
    });
}

/// dx[i] = sum of dy[o] / count(o) over the windows that hold i: the transpose of `mean`.
pub fn mean_gradient<T: Real>(p: &Pool, dy: &[T], dx: &mut [T]) {
    p.each_image(dx, |outputs, dx| {
        dispatch(Sweep {
            pool: p,
            outputs,
            job: Job::Spread { dy, dx },
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::{levels, with_level};

    /// Indices into x of the window of each output, channel by channel, from the definition.
    fn windows(p: &Pool) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        for o in 0..p.batch * Pool::pixels(p.output) * p.channels {
            let (c, o) = (o % p.channels, o / p.channels);
            let [d, h, w] = p.output;
            let (n, at) = (o / (d * h * w), [o / (h * w) % d, o / w % h, o % w]);
            let mut window = Vec::new();
            for k in 0..Pool::pixels(p.window) {
                let k = [
                    k / (p.window[1] * p.window[2]),
                    k / p.window[2] % p.window[1],
                    k % p.window[2],
                ];
                let i: [usize; 3] =
                    core::array::from_fn(|a| (at[a] * p.stride[a] + k[a]).wrapping_sub(p.before[a]));
                if (0..3).all(|a| i[a] < p.input[a]) {
                    let flat = ((n * p.input[0] + i[0]) * p.input[1] + i[1]) * p.input[2] + i[2];
                    window.push(flat * p.channels + c);
                }
            }
            all.push(window);
        }
        all
    }

    fn check<T: Real>(p: &Pool) {
        let len = p.batch * Pool::pixels(p.input) * p.channels;
        // Few distinct values, so that maxima are often tied.
        let x: Vec<T> = (0..len).map(|i| T::from_usize(i * 7919 % 11)).collect();
        let windows = windows(p);
        let dy: Vec<T> = (0..windows.len()).map(|i| T::from_usize(i % 13 + 1)).collect();
        let first = |w: &Vec<usize>| {
            *w.iter()
                .rev()
                .max_by(|a, b| x[**a].partial_cmp(&x[**b]).unwrap())
                .unwrap()
        };
        let mut y = vec![T::NAN; dy.len()];
        let mut dx = vec![T::NAN; len];
        max(p, &x, &mut y);
        max_gradient(p, &x, &y, &dy, &mut dx);
        let mut want = vec![T::ZERO; len];
        for (o, w) in windows.iter().enumerate() {
            assert_eq!(y[o], x[first(w)], "{p:?}");
            want[first(w)] += dy[o];
        }
        assert_eq!(dx, want, "{p:?}");
        let mut picked = y.clone();
        at_max(p, &x, &y, &dx, &mut picked);
        assert!(windows.iter().zip(&picked).all(|(w, &g)| g == dx[first(w)]));
        mean(p, &x, &mut y);
        mean_gradient(p, &dy, &mut dx);
        let mut want = vec![0.0; len];
        for (o, w) in windows.iter().enumerate() {
            let mean = w.iter().map(|&i| x[i].to_f64()).sum::<f64>() / w.len() as f64;
            assert!((y[o].to_f64() - mean).abs() < 1e-5);
            for &i in w {
                want[i] += dy[o].to_f64() / w.len() as f64;
            }
        }
        assert!(
            dx.iter().zip(&want).all(|(a, b)| (a.to_f64() - b).abs() < 1e-4),
            "{p:?}"
        );
    }

    #[test]
    fn windows_of_all_kinds_at_every_level() {
        let p = |input, output, window, stride, before, channels| Pool {
            batch: 2,
            input,
            output,
            window,
            stride,
            before,
            channels,
        };
        let cases = [
            p([1, 1, 7], [1, 1, 3], [1, 1, 2], [1, 1, 2], [0, 0, 0], 3),
            p([1, 6, 8], [1, 3, 4], [1, 2, 2], [1, 2, 2], [0, 0, 0], 19),
            p([1, 5, 7], [1, 5, 7], [1, 3, 3], [1, 1, 1], [0, 1, 1], 4),
            p([1, 5, 6], [1, 3, 3], [1, 3, 2], [1, 2, 2], [0, 1, 0], 33),
            p([3, 4, 5], [2, 2, 2], [2, 3, 3], [1, 1, 2], [0, 0, 0], 2),
        ];
        for level in levels() {
            with_level(level, || {
                for case in &cases {
                    check::<f32>(case);
                    check::<f64>(case);
                }
            });
        }
    }
}

//! Depthwise convolution: one kernel for each channel, so the lanes are channels and there is nothing to contract.

use super::Geometry;
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel;
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// y[c] += a[c] * b[c], or y[c] += sum over several such pairs in their order.
struct Accumulate<'a, T> {
    y: &'a mut [T],
    pairs: &'a [(&'a [T], &'a [T])],
}

impl<T: Real> Kernel<T> for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let channels = self.y.len();
        for (i, y) in self.y.chunks_mut(L::N).enumerate() {
            let at = i * L::N..((i + 1) * L::N).min(channels);
            let mut sum = L::from_part(y);
            for (a, b) in self.pairs {
                sum = L::from_part(&a[at.clone()]).mul_add(L::from_part(&b[at.clone()]), sum);
            }
            sum.to_part(y);
        }
    }
}

impl Geometry {
    fn taps(&self) -> impl Iterator<Item = [usize; 3]> {
        let [kd, kh, kw] = self.kernel;
        (0..kd * kh * kw).map(move |t| [t / (kh * kw), t / kw % kh, t % kw])
    }
    /// The input pixel that output pixel `o` meets with tap `k`, none in the padding.
    fn meets(&self, n: usize, o: [usize; 3], k: [usize; 3]) -> Option<usize> {
        let mut at = n;
        for a in 0..3 {
            let i = (o[a] * self.stride[a] + k[a] * self.dilation[a]).checked_sub(self.before[a])?;
            if i >= self.input[a] {
                return None;
            }
            at = at * self.input[a] + i;
        }
        Some(at)
    }
    /// The output pixel that meets input pixel `i` with tap `k`.
    fn met_by(&self, n: usize, i: [usize; 3], k: [usize; 3]) -> Option<usize> {
        let mut at = n;
        for a in 0..3 {
            let o = (i[a] + self.before[a]).checked_sub(k[a] * self.dilation[a])?;
            if o % self.stride[a] != 0 || o / self.stride[a] >= self.output[a] {
                return None;
            }
            at = at * self.output[a] + o / self.stride[a];
        }
        Some(at)
    }
}

fn pixel(i: usize, sizes: [usize; 3]) -> (usize, [usize; 3]) {
    let [d, h, w] = sizes;
    (i / (d * h * w), [i / (h * w) % d, i / w % h, i % w])
}

/// For each pixel of `y`: y[c] = sum over taps of x[partner(pixel, tap)][c] k[tap][c].
fn gather<T: Real>(
    g: &Geometry,
    sizes: [usize; 3],
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    partner: impl Fn(usize, [usize; 3], [usize; 3]) -> Option<usize> + Sync,
) {
    let c = g.in_channels;
    let grain = ((1 << 16) / (c * k.len() / c.max(1)).max(1)).max(1) * c;
    parallel::for_chunks_mut(y, grain, |first, y| {
        let mut pairs = Vec::with_capacity(k.len() / c);
        for (i, y) in y.chunks_exact_mut(c).enumerate() {
            let (n, at) = pixel(first / c + i, sizes);
            pairs.clear();
            for (tap, k) in g.taps().zip(k.chunks_exact(c)) {
                if let Some(p) = partner(n, at, tap) {
                    pairs.push((&x[p * c..][..c], k));
                }
            }
            y.fill(T::ZERO);
            dispatch(Accumulate { y, pairs: &pairs });
        }
        finish(y, c, epilogue);
    });
}

pub fn forward<T: Real>(g: &Geometry, x: &[T], k: &[T], y: &mut [T], epilogue: Epilogue<'_, T>) {
    gather(g, g.output, x, k, y, epilogue, |n, o, tap| g.meets(n, o, tap));
}

pub fn input_gradient<T: Real>(g: &Geometry, dy: &[T], k: &[T], dx: &mut [T]) {
    gather(g, g.input, dy, k, dx, Epilogue::NONE, |n, i, tap| {
        g.met_by(n, i, tap)
    });
}

pub fn kernel_gradient<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T]) {
    let c = g.in_channels;
    parallel::for_chunks_mut(dk, c, |first, dk| {
        dk.fill(T::ZERO);
        let Some(tap) = g.taps().nth(first / c) else {
            return;
        };
        for (o, dy) in dy.chunks_exact(c).enumerate() {
            let (n, at) = pixel(o, g.output);
            if let Some(p) = g.meets(n, at, tap) {
                dispatch(Accumulate {
                    y: dk,
                    pairs: &[(&x[p * c..][..c], dy)],
                });
            }
        }
    });
}

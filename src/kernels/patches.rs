//! Windows cut out of images, channels last, and the sum of windows back into images: each other's transposes.
//!
//! P[n, o, k, c] = X[n, o * stride + k * dilation - before, c], 0 outside of X

use super::memory::Bits;
use super::parallel::{Disjoint, GRAIN, for_chunks_mut, for_ranges};
use super::real::Real;

/// Axes are depth, height, width; a lower rank has axes of size 1 in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patches {
    pub batch: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    pub before: [usize; 3],
    pub channels: usize,
}

impl Patches {
    fn pixels(sizes: [usize; 3]) -> usize {
        sizes.iter().product()
    }

    /// Calls f(tap, first channel of the pixel under it within its image, if inside) for every tap of output `o`.
    #[inline(always)]
    fn each_tap(&self, o: usize, mut f: impl FnMut(usize, Option<usize>)) {
        let ([_, h, w], [kd, kh, kw]) = (self.output, self.kernel);
        let at = [o / (h * w) % self.output[0], o / w % h, o % w];
        let along = |axis: usize, k: usize| {
            (at[axis] * self.stride[axis] + k * self.dilation[axis])
                .checked_sub(self.before[axis])
                .filter(|i| *i < self.input[axis])
        };
        let mut tap = 0;
        for z in (0..kd).map(|k| along(0, k)) {
            for y in (0..kh).map(|k| along(1, k)) {
                for x in (0..kw).map(|k| along(2, k)) {
                    let place = z
                        .zip(y)
                        .zip(x)
                        .map(|((z, y), x)| ((z * self.input[1] + y) * self.input[2] + x) * self.channels);
                    f(tap, place);
                    tap += 1;
                }
            }
        }
    }

    fn check(&self, x: usize, p: usize) {
        assert!(
            x == self.batch * Self::pixels(self.input) * self.channels
                && p == self.batch * Self::pixels(self.output) * Self::pixels(self.kernel) * self.channels,
            "sizes of patches"
        );
    }
}

/// p = the windows of x; `zero` stands for what lies outside.
pub fn cut<T: Bits>(g: &Patches, x: &[T], zero: T, p: &mut [T]) {
    g.check(x.len(), p.len());
    let (c, outputs) = (g.channels, Patches::pixels(g.output));
    let row = Patches::pixels(g.kernel) * c;
    let image = Patches::pixels(g.input) * c;
    let target = Disjoint::new(p);
    for_ranges(g.batch * outputs, (GRAIN / row.max(1)).max(1), |range| {
        for o in range {
            // SAFETY: each row of the result belongs to one output.
            let to = unsafe { target.slice(o * row..(o + 1) * row) };
            let from = &x[o / outputs * image..][..image];
            g.each_tap(o, |tap, place| {
                let to = &mut to[tap * c..][..c];
                match place {
                    Some(at) => to.copy_from_slice(&from[at..at + c]),
                    None => to.fill(zero),
                }
            });
        }
    });
}

/// x = the sum of the windows p where they lie.
pub fn fold<T: Real>(g: &Patches, p: &[T], x: &mut [T]) {
    g.check(x.len(), p.len());
    let (c, outputs) = (g.channels, Patches::pixels(g.output));
    let row = Patches::pixels(g.kernel) * c;
    let image = Patches::pixels(g.input) * c;
    if x.is_empty() {
        return;
    }
    for_chunks_mut(x, image, |first, x| {
        let n = first / image;
        x.fill(T::ZERO);
        for o in n * outputs..(n + 1) * outputs {
            let from = &p[o * row..(o + 1) * row];
            g.each_tap(o, |tap, place| {
                if let Some(at) = place {
                    for (sum, &v) in x[at..at + c].iter_mut().zip(&from[tap * c..][..c]) {
                        *sum += v;
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_holds_the_pixels_under_the_window_and_fold_adds_them_up() {
        let g = Patches {
            batch: 1,
            input: [1, 1, 3],
            output: [1, 1, 2],
            kernel: [1, 1, 2],
            stride: [1, 1, 2],
            dilation: [1, 1, 1],
            before: [0; 3],
            channels: 1,
        };
        let mut p = [9_u32; 4];
        cut(&g, &[1, 2, 3], 0, &mut p);
        assert_eq!(p, [1, 2, 3, 0]);
        let overlapping = Patches { stride: [1; 3], ..g };
        let mut x = [9_f32; 3];
        fold(&overlapping, &[1.0, 2.0, 4.0, 8.0], &mut x);
        assert_eq!(x, [1.0, 6.0, 8.0]);
    }
}

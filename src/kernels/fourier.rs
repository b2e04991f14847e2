//! Discrete Fourier transforms of rows, X_k = sum over t of x_t exp(-2 pi i k t / n), by the rustfft and realfft crates.

use realfft::{FftNum, RealFftPlanner};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use super::parallel::{Disjoint, for_ranges};

/// Rows of about this many numbers are one piece of work for a thread.
const GRAIN: usize = 4096;

fn rows_at_a_time(n: usize) -> usize {
    (GRAIN / n.max(1)).max(1)
}

/// (re, im) <- scale times the transform (with exp(+...) if `inverse`) of rows of n complex numbers.
pub fn complex<T: FftNum>(
    input: (&[T], &[T]),
    output: (&mut [T], &mut [T]),
    n: usize,
    inverse: bool,
    scale: T,
) {
    let mut planner = FftPlanner::new();
    let plan = if inverse {
        planner.plan_fft_inverse(n)
    } else {
        planner.plan_fft_forward(n)
    };
    let (re, im) = (Disjoint::new(output.0), Disjoint::new(output.1));
    for_ranges(input.0.len() / n, rows_at_a_time(n), |rows| {
        let mut row = vec![Complex::new(T::zero(), T::zero()); n];
        let mut scratch = vec![row[0]; plan.get_inplace_scratch_len()];
        for i in rows {
            let range = i * n..(i + 1) * n;
            for (to, (&a, &b)) in row
                .iter_mut()
                .zip(input.0[range.clone()].iter().zip(&input.1[range.clone()]))
            {
                *to = Complex::new(a, b);
            }
            plan.process_with_scratch(&mut row, &mut scratch);
            // SAFETY: each row is written once.
            let (re, im) = unsafe { (re.slice(range.clone()), im.slice(range)) };
            for (k, v) in row.iter().enumerate() {
                (re[k], im[k]) = (v.re * scale, v.im * scale);
            }
        }
    });
}

/// How the transform of n real numbers is read or written: as the first n / 2 + 1 of its values, of which all but the
/// first (and the last, for an even n), those that have a mirror image, are weighted.
#[derive(Debug, Clone, Copy)]
pub struct Half<T> {
    pub n: usize,
    pub weight: T,
    pub scale: T,
}

impl<T: FftNum> Half<T> {
    fn factor(&self, k: usize) -> T {
        if k == 0 || 2 * k == self.n {
            self.scale
        } else {
            self.scale * self.weight
        }
    }
}

/// (re, im) <- the transform of rows of real numbers. Rows are cut to n numbers or padded with zeros; `bins` values of
/// each are written, zeros beyond the n / 2 + 1 that there are.
pub fn real<T: FftNum>(
    input: &[T],
    columns: usize,
    output: (&mut [T], &mut [T]),
    bins: usize,
    half: Half<T>,
) {
    let plan = RealFftPlanner::new().plan_fft_forward(half.n);
    let rows = output.0.len() / bins.max(1);
    let (re, im) = (Disjoint::new(output.0), Disjoint::new(output.1));
    for_ranges(rows, rows_at_a_time(half.n), |rows| {
        let mut row = plan.make_input_vec();
        let mut spectrum = plan.make_output_vec();
        let mut scratch = plan.make_scratch_vec();
        let kept = columns.min(half.n);
        for i in rows {
            row[..kept].copy_from_slice(&input[i * columns..i * columns + kept]);
            row[kept..].fill(T::zero());
            plan.process_with_scratch(&mut row, &mut spectrum, &mut scratch)
                .expect("buffers made by the plan");
            // SAFETY: each row is written once.
            let (re, im) = unsafe {
                (
                    re.slice(i * bins..(i + 1) * bins),
                    im.slice(i * bins..(i + 1) * bins),
                )
            };
            re.fill(T::zero());
            im.fill(T::zero());
            for (k, v) in spectrum.iter().enumerate().take(bins) {
                let f = half.factor(k);
                (re[k], im[k]) = (v.re * f, v.im * f);
            }
        }
    });
}

/// x <- the sum over all k of X_k exp(+2 pi i k t / n), where the rows of (re, im) are the first `bins` of the X_k
/// (n / 2 + 1 count; missing ones are zero) and the others their mirror images. Rows of x have `columns` numbers, cut or
/// padded with zeros.
pub fn real_inverse<T: FftNum>(
    input: (&[T], &[T]),
    bins: usize,
    output: &mut [T],
    columns: usize,
    half: Half<T>,
) {
    let plan = RealFftPlanner::new().plan_fft_inverse(half.n);
    let rows = output.len() / columns.max(1);
    let x = Disjoint::new(output);
    for_ranges(rows, rows_at_a_time(half.n), |rows| {
        let mut spectrum = plan.make_input_vec();
        let mut row = plan.make_output_vec();
        let mut scratch = plan.make_scratch_vec();
        for i in rows {
            spectrum.fill(Complex::new(T::zero(), T::zero()));
            for (k, to) in spectrum.iter_mut().enumerate().take(bins) {
                let f = half.factor(k);
                // Values without a mirror image are real.
                let im = if k == 0 || 2 * k == half.n {
                    T::zero()
                } else {
                    input.1[i * bins + k] * f
                };
                *to = Complex::new(input.0[i * bins + k] * f, im);
            }
            plan.process_with_scratch(&mut spectrum, &mut row, &mut scratch)
                .expect("buffers made by the plan, and real ends");
            // SAFETY: each row is written once.
            let to = unsafe { x.slice(i * columns..(i + 1) * columns) };
            let kept = columns.min(half.n);
            to[..kept].copy_from_slice(&row[..kept]);
            to[kept..].fill(T::zero());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum that defines the transform, of row 0.
    fn naive(re: &[f64], im: &[f64], n: usize, sign: f64) -> (Vec<f64>, Vec<f64>) {
        (0..n)
            .map(|k| {
                (0..n).fold((0.0, 0.0), |(a, b), t| {
                    let angle = sign * std::f64::consts::TAU * (k * t) as f64 / n as f64;
                    let (c, s) = (angle.cos(), angle.sin());
                    (a + re[t] * c - im[t] * s, b + re[t] * s + im[t] * c)
                })
            })
            .unzip()
    }

    fn near(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12), "{a:?} {b:?}");
    }

    #[test]
    fn transforms_equal_their_sums() {
        for n in [1, 2, 3, 4, 7, 8, 15, 16] {
            let re: Vec<f64> = (0..n).map(|i| ((i * 7) % 5) as f64 - 1.5).collect();
            let im: Vec<f64> = (0..n).map(|i| ((i * 3) % 4) as f64 - 1.0).collect();
            let zeros = vec![0.0; n];
            for inverse in [false, true] {
                let (mut a, mut b) = (zeros.clone(), zeros.clone());
                complex((&re, &im), (&mut a, &mut b), n, inverse, 0.5);
                let (x, y) = naive(&re, &im, n, if inverse { 1.0 } else { -1.0 });
                near(&a, &x.iter().map(|v| v / 2.0).collect::<Vec<_>>());
                near(&b, &y.iter().map(|v| v / 2.0).collect::<Vec<_>>());
            }
            let bins = n / 2 + 1;
            let half = Half {
                n,
                weight: 1.0,
                scale: 1.0,
            };
            let (mut a, mut b) = (vec![9.0; bins + 1], vec![9.0; bins + 1]);
            real(&re, n, (&mut a, &mut b), bins + 1, half);
            let (x, y) = naive(&re, &zeros, n, -1.0);
            near(&a[..bins], &x[..bins]);
            near(&b[..bins], &y[..bins]);
            assert_eq!((a[bins], b[bins]), (0.0, 0.0));
            let mut back = vec![9.0; n + 2];
            let half = Half {
                scale: 1.0 / n as f64,
                ..half
            };
            real_inverse((&a, &b), bins + 1, &mut back, n + 2, half);
            near(&back, &[re.as_slice(), &[0.0, 0.0]].concat());
        }
    }
}

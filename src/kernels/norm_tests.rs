use super::*;
use crate::kernels::activate::{self, Activate};
use crate::kernels::math::Math;
use crate::kernels::real::Real;
use crate::kernels::simd::{levels, with_level};

fn numbers<T: Real>(n: usize, seed: usize, offset: f64) -> Vec<T> {
    (0..n)
        .map(|i| T::from_f64(((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0 + offset))
        .collect()
}

fn near<T: Real>(what: &str, got: &[T], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (x, y)) in got.iter().zip(want).enumerate() {
        assert!(
            (x.to_f64() - y).abs() <= tolerance * (1.0 + y.abs()),
            "{what} at {i}: {x}, expected {y}"
        );
    }
}

fn batch<T: Math>(l: Layout, tolerance: f64) {
    let (x, dy) = (numbers::<T>(l.len(), 1, 3.0), numbers::<T>(l.len(), 2, 0.0));
    let gamma = numbers::<T>(l.channels, 3, 1.5);
    let channel = |i: usize| i / l.inner % l.channels;
    let mean_of = |f: &dyn Fn(usize) -> f64| {
        let mut sums = vec![0.0; l.channels];
        (0..l.len()).for_each(|i| sums[channel(i)] += f(i) / l.count() as f64);
        sums
    };
    let mean_want = mean_of(&|i| x[i].to_f64());
    let variance_want = mean_of(&|i| (x[i].to_f64() - mean_want[channel(i)]).powi(2));
    let (mut mean, mut variance) = (vec![T::NAN; l.channels], vec![T::NAN; l.channels]);
    let mut scratch = vec![T::NAN; l.scratch()];
    statistics(l, &x, &mut mean, &mut variance, &mut scratch);
    near("mean", &mean, &mean_want, tolerance);
    near("variance", &variance, &variance_want, tolerance);
    let inverse: Vec<T> = variance
        .iter()
        .map(|&v| T::ONE / (v + T::from_f64(1e-3)).sqrt())
        .collect();
    let h = |i: usize| (x[i].to_f64() - mean_want[channel(i)]) / (variance_want[channel(i)] + 1e-3).sqrt();
    let scale: Vec<T> = inverse.iter().zip(&gamma).map(|(&a, &b)| a * b).collect();
    let mut y = vec![T::NAN; x.len()];
    normalize(l, &x, &mean, &scale, &gamma, Then::NOTHING, &mut y);
    let want: Vec<f64> = (0..x.len())
        .map(|i| (h(i) + 1.0) * gamma[channel(i)].to_f64())
        .collect();
    near("normalize", &y, &want, tolerance);
    let (mut dx, mut dgamma, mut dbeta) = (y.clone(), mean.clone(), mean.clone());
    let saved = Saved {
        x: &x,
        mean: &mean,
        inverse: &inverse,
        gamma: Some(&gamma),
    };
    let mut factors = vec![T::NAN; 3 * l.channels];
    gradient(
        l,
        saved,
        Arriving {
            dy: &dy,
            through: Through::Nothing,
        },
        Some(&mut dx),
        &mut dgamma,
        &mut dbeta,
        &mut factors,
        &mut scratch,
    );
    let (m1, m2) = (mean_of(&|i| dy[i].to_f64()), mean_of(&|i| dy[i].to_f64() * h(i)));
    let times = |m: &[f64]| m.iter().map(|m| m * l.count() as f64).collect::<Vec<f64>>();
    near("dbeta", &dbeta, &times(&m1), tolerance * 10.0);
    near("dgamma", &dgamma, &times(&m2), tolerance * 10.0);
    let want: Vec<f64> = (0..x.len())
        .map(|i| {
            let c = channel(i);
            gamma[c].to_f64() / (variance_want[c] + 1e-3).sqrt() * (dy[i].to_f64() - m1[c] - h(i) * m2[c])
        })
        .collect();
    near("dx", &dx, &want, tolerance * 10.0);
    followed(l, &x, &dy, saved, &scale, &gamma);
}

/// A sum and a function that follow give the same numbers in the same pass as one after the other, and so do gradients.
fn followed<T: Math>(l: Layout, x: &[T], dy: &[T], saved: Saved<'_, T>, scale: &[T], shift: &[T]) {
    let f = Activate::Elu {
        alpha: 1.5,
        scale: 1.0,
    };
    let skip = numbers::<T>(l.len(), 7, 0.0);
    let n = l.len();
    let (mut apart, mut together) = (vec![T::NAN; n], vec![T::NAN; n]);
    normalize(l, x, saved.mean, scale, shift, Then::NOTHING, &mut apart);
    apart.iter_mut().zip(&skip).for_each(|(y, &s)| *y += s);
    // SAFETY: the same memory twice.
    unsafe { activate::forward(f, apart.as_ptr(), apart.as_mut_ptr(), n) };
    let then = Then {
        add: Some(&skip),
        activation: Some(f),
    };
    normalize(l, x, saved.mean, scale, shift, then, &mut together);
    assert_eq!(apart, together);
    let mut slope = vec![T::NAN; n];
    // SAFETY: arrays of one length, apart.
    unsafe { activate::gradient(f, apart.as_ptr(), dy.as_ptr(), slope.as_mut_ptr(), n) };
    let run = |arriving: Arriving<'_, T>| {
        let (mut dx, mut dgamma, mut dbeta) = (vec![T::NAN; n], scale.to_vec(), scale.to_vec());
        let (mut factors, mut scratch) = (vec![T::NAN; 3 * l.channels], vec![T::NAN; l.scratch()]);
        gradient(
            l,
            saved,
            arriving,
            Some(&mut dx),
            &mut dgamma,
            &mut dbeta,
            &mut factors,
            &mut scratch,
        );
        dx.into_iter()
            .chain(dgamma)
            .chain(dbeta)
            .map(T::to_f64)
            .collect::<Vec<f64>>()
    };
    let want = run(Arriving {
        dy: &slope,
        through: Through::Nothing,
    });
    let tolerance = if size_of::<T>() == 4 { 1e-4 } else { 1e-11 };
    let near = |got: Vec<f64>, want: &[f64]| {
        for (a, b) in got.iter().zip(want) {
            assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{a} {b}");
        }
    };
    let through = Through::Function(f, &together);
    near(run(Arriving { dy, through }), &want);
    // Relu without a sum: its slope from the normalised numbers, computed again.
    let mut y = vec![T::NAN; n];
    normalize(l, x, saved.mean, scale, shift, Then::NOTHING, &mut y);
    let slope: Vec<T> = y
        .iter()
        .zip(dy)
        .map(|(&y, &g)| if y > T::ZERO { g } else { T::ZERO })
        .collect();
    let want = run(Arriving {
        dy: &slope,
        through: Through::Nothing,
    });
    let through = Through::Relu(Weights { scale, shift });
    near(run(Arriving { dy, through }), &want);
}

fn rows<T: Real>(rows: usize, n: usize, tolerance: f64) {
    let (x, dy) = (numbers::<T>(rows * n, 1, 2.0), numbers::<T>(rows * n, 2, 0.0));
    let (gamma, beta) = (numbers::<T>(n, 3, 1.5), numbers::<T>(n, 4, 0.0));
    let (mut y, mut dx) = (x.clone(), x.clone());
    let (mut dgamma, mut dbeta) = (gamma.clone(), gamma.clone());
    let epsilon = T::from_f64(1e-3);
    layer(n, &x, Some(&gamma), Some(&beta), epsilon, &mut y);
    let mut scratch = vec![T::NAN; layer_scratch(rows, n)];
    layer_gradient(
        n,
        &x,
        Some(&gamma),
        &dy,
        epsilon,
        &mut dx,
        &mut dgamma,
        &mut dbeta,
        &mut scratch,
    );
    let (mut want_dgamma, mut want_dbeta) = (vec![0.0; n], vec![0.0; n]);
    for r in 0..rows {
        let part = r * n..(r + 1) * n;
        let f = |v: &[T]| v[part.clone()].iter().map(|v| v.to_f64()).collect::<Vec<f64>>();
        let average = |v: &[f64]| v.iter().sum::<f64>() / n as f64;
        let (x, dy) = (f(&x), f(&dy));
        let mean = average(&x);
        let variance = average(&x.iter().map(|x| (x - mean).powi(2)).collect::<Vec<_>>());
        let h: Vec<f64> = x.iter().map(|x| (x - mean) / (variance + 1e-3).sqrt()).collect();
        let g: Vec<f64> = (0..n).map(|i| dy[i] * gamma[i].to_f64()).collect();
        let product = average(&(0..n).map(|i| g[i] * h[i]).collect::<Vec<_>>());
        let want: Vec<f64> = (0..n)
            .map(|i| h[i] * gamma[i].to_f64() + beta[i].to_f64())
            .collect();
        near("y", &y[part.clone()], &want, tolerance);
        let want: Vec<f64> = (0..n)
            .map(|i| (g[i] - average(&g) - h[i] * product) / (variance + 1e-3).sqrt())
            .collect();
        near("dx", &dx[part.clone()], &want, tolerance * 10.0);
        (0..n).for_each(|i| {
            want_dgamma[i] += dy[i] * h[i];
            want_dbeta[i] += dy[i];
        });
    }
    near("dgamma", &dgamma, &want_dgamma, tolerance * 10.0);
    near("dbeta", &dbeta, &want_dbeta, tolerance * 10.0);
}

#[test]
fn all_layouts_at_every_level() {
    for level in levels() {
        with_level(level, || {
            for (outer, channels, inner) in [
                (7, 1, 1),
                (33, 5, 1),
                (19, 40, 1),
                (3, 4, 21),
                (2, 3, 16),
                (3000, 19, 1),
                (4096, 10, 1),
                (64, 200, 1),
            ] {
                batch::<f32>(
                    Layout {
                        outer,
                        channels,
                        inner,
                    },
                    2e-5,
                );
                batch::<f64>(
                    Layout {
                        outer,
                        channels,
                        inner,
                    },
                    1e-12,
                );
            }
            for (r, n) in [(1, 1), (5, 7), (3, 64), (40, 33), (2000, 17)] {
                rows::<f32>(r, n, 5e-5);
                rows::<f64>(r, n, 1e-12);
            }
        });
    }
}

#[test]
fn a_large_mean_does_not_cancel() {
    let l = Layout {
        outer: 50_000,
        channels: 1,
        inner: 1,
    };
    let x: Vec<f32> = (0..l.len()).map(|i| 10_000.0 + (i % 2) as f32).collect();
    let (mut mean, mut variance, mut scratch) = ([0.0], [0.0], vec![0.0; l.scratch()]);
    statistics(l, &x, &mut mean, &mut variance, &mut scratch);
    assert!(
        (mean[0] - 10_000.5).abs() < 0.01 && (variance[0] - 0.25).abs() < 1e-3,
        "{mean:?} {variance:?}"
    );
}

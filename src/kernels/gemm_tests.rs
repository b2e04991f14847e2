use super::*;
use crate::kernels::parallel::tests::with_threads;
use crate::kernels::simd::{levels, with_level};

/// Numbers without a pattern, in [-1, 1).
fn numbers<T: Real>(n: usize, seed: usize) -> Vec<T> {
    (0..n)
        .map(|i| T::from_f64(((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0))
        .collect()
}

/// The definition.
fn naive<T: Real>(size: Size, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>, beta: T, c: &mut [T]) {
    for i in 0..size.m {
        for j in 0..size.n {
            let mut sum = 0.0;
            for p in 0..size.k {
                sum +=
                    a.data[i * a.rows + p * a.columns].to_f64() * b.data[p * b.rows + j * b.columns].to_f64();
            }
            let old = if beta == T::ZERO {
                0.0
            } else {
                beta.to_f64() * c[i * size.n + j].to_f64()
            };
            c[i * size.n + j] = T::from_f64(alpha.to_f64() * sum + old);
        }
    }
}

fn check<T: Real>(size: Size, tolerance: f64) {
    let Size { m, n, k } = size;
    let (a, b) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
    let bias = numbers::<T>(n, 3);
    for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
        let a = if ta {
            Mat::transposed(&a, m)
        } else {
            Mat::row_major(&a, k)
        };
        let b = if tb {
            Mat::transposed(&b, k)
        } else {
            Mat::row_major(&b, n)
        };
        for (alpha, beta) in [(T::ONE, T::ZERO), (T::from_f64(0.5), T::from_f64(-2.0))] {
            let start = if beta == T::ZERO {
                vec![T::NAN; m * n]
            } else {
                numbers(m * n, 4)
            };
            let (mut got, mut want) = (start.clone(), start);
            let double = |x: &mut [T]| x.iter_mut().for_each(|x| *x += *x);
            let epilogue = Epilogue {
                scale: None,
                bias: Some(&bias),
                activation: Some(&double),
            };
            gemm(size, alpha, a, b, beta, &mut got, epilogue);
            naive(size, alpha, a, b, beta, &mut want);
            for (i, (&x, &y)) in got.iter().zip(&want).enumerate() {
                let y = 2.0 * (y.to_f64() + bias[i % n].to_f64());
                let near = (x.to_f64() - y).abs() <= tolerance * (k as f64).sqrt().max(1.0);
                assert!(near, "{size:?} {ta} {tb} at {i}: {x}, expected {y}");
            }
        }
    }
}

#[test]
fn products_of_odd_sizes_at_every_level() {
    let sizes = [
        (1, 1, 1),
        (1, 64, 9),
        (2, 3, 0),
        (5, 7, 3),
        (9, 1, 33),
        (1, 5, 300),
        (3, 50, 40),
        (17, 33, 19),
        (31, 10, 70),
        (24, 49, 300),
        (13, 100, 257),
        (50, 16, 130),
        (7, 4, 65),
        // A transposed left-hand side that is packed, and contractions in parts.
        (301, 97, 70),
        (20, 9, 1100),
        (131, 50, 1030),
    ];
    for level in levels() {
        with_level(level, || {
            for &(m, n, k) in &sizes {
                check::<f32>(Size { m, n, k }, 2e-5);
                check::<f64>(Size { m, n, k }, 1e-13);
            }
        });
    }
}

#[test]
fn large_products_split_into_the_same_bits() {
    for (m, n, k) in [(200, 150, 130), (8, 700, 513), (300, 10, 700), (60, 50, 2100)] {
        check::<f32>(Size { m, n, k }, 2e-5);
        let (a, b) = (numbers::<f32>(m * k, 1), numbers::<f32>(k * n, 2));
        let product = || {
            let mut c = vec![0.0; m * n];
            let (a, b) = (Mat::row_major(&a, k), Mat::row_major(&b, n));
            gemm(Size { m, n, k }, 1.0, a, b, 0.0, &mut c, Epilogue::NONE);
            let (a, mut gathered) = (Mat::transposed(a.data, m), vec![0.0; m * n]);
            gemm(Size { m, n, k }, 1.0, a, b, 0.0, &mut gathered, Epilogue::NONE);
            c.append(&mut gathered);
            c
        };
        assert_eq!(product(), with_threads(3, product));
    }
}

#[test]
#[should_panic(expected = "b is shorter than its size")]
fn sizes_beyond_the_slices_are_caught() {
    let x = [0.0_f32; 6];
    let (a, b) = (Mat::row_major(&x, 3), Mat::row_major(&x, 3));
    gemm(
        Size { m: 2, n: 3, k: 3 },
        1.0,
        a,
        b,
        0.0,
        &mut [0.0; 6],
        Epilogue::NONE,
    );
}

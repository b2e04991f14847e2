//! Every decomposition multiplied out again, on random, rank-deficient, huge, tiny and special matrices.

use super::vector::{dot, identity, transpose};
use super::*;

struct Random(u64);

impl Random {
    fn number(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    }

    fn matrix(&mut self, m: usize, n: usize) -> Vec<f64> {
        (0..m * n).map(|_| self.number()).collect()
    }

    /// m x n of this rank.
    fn of_rank(&mut self, m: usize, n: usize, rank: usize, scale: f64) -> Vec<f64> {
        let mut y = product(&self.matrix(m, rank), &self.matrix(rank, n), m, rank, n);
        y.iter_mut().for_each(|v| *v *= scale);
        y
    }
}

fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            y[i * n + j] = (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum();
        }
    }
    y
}

/// A diag(w)
fn scaled_columns(a: &[f64], w: &[f64]) -> Vec<f64> {
    a.iter().enumerate().map(|(i, v)| v * w[i % w.len()]).collect()
}

fn near(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let size = b.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= tolerance * size, "{what}: {x} {y} of {size}");
    }
}

const SCALES: [f64; 5] = [1.0, 1e-8, 1e8, 1e-160, 1e150];

#[test]
fn the_lanes_agree_with_loops() {
    let mut r = Random(7);
    for n in [0, 1, 3, 8, 17, 40, 101] {
        let (x, y) = (r.matrix(1, n), r.matrix(1, n));
        let naive: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
        assert!((dot(&x, &y) - naive).abs() < 1e-13);
        let (mut a, mut b) = (x.clone(), y.clone());
        vector::rotate(&mut a, &mut b, 0.6, 0.8);
        for i in 0..n {
            assert!((a[i] - (0.6 * x[i] + 0.8 * y[i])).abs() < 1e-15);
            assert!((b[i] - (0.6 * y[i] - 0.8 * x[i])).abs() < 1e-15);
        }
        vector::add_scaled(&mut a, -0.5, &y);
        assert!((0..n).all(|i| (a[i] - (0.6 * x[i] + 0.3 * y[i])).abs() < 1e-15));
    }
}

#[test]
fn factors_multiply_to_the_matrix() {
    let mut r = Random(1);
    for n in 0..8 {
        let a = r.matrix(n, n);
        let positive = product(&a, &transpose(&a, n, n), n, n, n);
        let mut l = positive.clone();
        cholesky(&mut l, n).unwrap();
        near(
            &product(&l, &transpose(&l, n, n), n, n, n),
            &positive,
            1e-14,
            "L L^T",
        );
        let lu = Lu::new(a.clone(), n, n);
        near(
            &product(&a, &lu.inverse().unwrap(), n, n, n),
            &identity(n),
            1e-11,
            "A A^-1",
        );
        let b = r.matrix(n, 3);
        let mut x = b.clone();
        lu.solve(&mut x, 3, true).unwrap();
        near(&product(&transpose(&a, n, n), &x, n, n, 3), &b, 1e-11, "A^T X");
        let (sign, log) = lu.sign_and_log();
        assert!((sign * log.exp() - lu.determinant()).abs() < 1e-12);
        for m in 0..6 {
            let a = r.matrix(m, n);
            for width in [m.min(n), m] {
                let qr = Qr::new(a.clone(), m, n);
                let q = qr.q(width);
                near(&product(&q, qr.r(width), m, width, n), &a, 1e-14, "Q R");
                near(
                    &product(&transpose(&q, m, width), &q, width, m, width),
                    &identity(width),
                    1e-14,
                    "Q^T Q",
                );
            }
        }
    }
    assert_eq!(Lu::new(vec![1.0, 2.0, 2.0, 4.0], 2, 2).inverse(), Err(1));
    assert_eq!(cholesky(&mut [1.0, 2.0, 2.0, 1.0], 2), Err(1));
    assert_eq!(cholesky(&mut [f64::NAN], 1), Err(0));
}

#[test]
fn singular_values_of_any_rank_and_scale() {
    let mut r = Random(2);
    for case in 0..600 {
        let (m, n, rank) = (case % 8, case / 8 % 8, 1 + case / 64 % 7);
        let a = r.of_rank(m, n, rank, SCALES[case % 5]);
        for full in [false, true] {
            let k = m.min(n);
            let (width, height) = if full { (m, n) } else { (k, k) };
            let y = svd(&a, m, n, full);
            assert!(y.values.windows(2).all(|w| w[0] >= w[1]) && y.values.iter().all(|&s| s >= 0.0));
            let u: Vec<f64> = (0..m)
                .flat_map(|i| y.u[i * width..i * width + k].to_vec())
                .collect();
            let us = scaled_columns(&u, &y.values);
            near(
                &product(&us, &y.v_transposed[..k * n], m, k, n),
                &a,
                1e-13,
                "U S V^T",
            );
            near(
                &product(&transpose(&y.u, m, width), &y.u, width, m, width),
                &identity(width),
                1e-13,
                "U^T U",
            );
            let v = transpose(&y.v_transposed, height, n);
            near(
                &product(&y.v_transposed, &v, height, n, height),
                &identity(height),
                1e-13,
                "V^T V",
            );
        }
    }
}

#[test]
fn symmetric_matrices_become_diagonal() {
    let mut r = Random(3);
    for case in 0..400 {
        let (n, rank) = (case % 9, 1 + case / 9 % 7);
        let half = r.of_rank(n, n, rank, SCALES[case % 5]);
        let a: Vec<f64> = (0..n * n).map(|p| half[p] + half[p % n * n + p / n]).collect();
        let (w, v) = symmetric_eigen(&a, n).unwrap();
        assert!(w.windows(2).all(|w| w[0] <= w[1]));
        let vt = transpose(&v, n, n);
        near(&product(&vt, &v, n, n, n), &identity(n), 1e-13, "V^T V");
        near(
            &product(&scaled_columns(&v, &w), &vt, n, n, n),
            &a,
            1e-13,
            "V W V^T",
        );
    }
}

#[test]
fn real_eigenvalues_of_general_matrices() {
    let mut r = Random(4);
    for case in 0..300 {
        let n = 1 + case % 9;
        let mut p = r.matrix(n, n);
        (0..n).for_each(|i| p[i * n + i] += 2.0);
        let w: Vec<f64> = (0..n).map(|i| i as f64 - 2.5 + r.number() * 0.3).collect();
        let scale = SCALES[case % 5];
        let inverse = Lu::new(p.clone(), n, n).inverse().unwrap();
        let mut a = product(&scaled_columns(&p, &w), &inverse, n, n, n);
        a.iter_mut().for_each(|v| *v *= scale);
        let (values, vectors) = eigen(&a, n).unwrap();
        let expected: Vec<f64> = w.iter().map(|v| v * scale).collect();
        near(&values, &expected, 1e-10, "eigenvalues");
        near(
            &product(&a, &vectors, n, n, n),
            &scaled_columns(&vectors, &values),
            1e-12,
            "A V",
        );
    }
}

#[test]
fn special_matrices() {
    // A rotation by a right angle has the eigenvalues +-i, also if it turns a little only.
    assert_eq!(
        eigen(&[0.0, -2.0, 2.0, 0.0], 2),
        Err(NoSchur::Complex { re: 0.0, im: 2.0 })
    );
    assert!(matches!(
        eigen(&[1.0, -1e-8, 1e-8, 1.0], 2),
        Err(NoSchur::Complex { .. })
    ));
    // Cyclic shifts need an exceptional step; from three on they have complex eigenvalues.
    assert!(eigen(&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3).is_err());
    // A defective matrix, and one similar to it
    assert_eq!(eigen(&[3.0, 1.0, 0.0, 3.0], 2).unwrap().0, [3.0, 3.0]);
    let (w, _) = eigen(&[4.0, 1.0, -1.0, 2.0], 2).unwrap();
    near(&w, &[3.0, 3.0], 1e-7, "a double eigenvalue");
    for bad in [f64::NAN, f64::INFINITY] {
        let a = [1.0, bad, 3.0, 4.0];
        assert!(svd(&a, 2, 2, true).values.iter().all(|s| s.is_nan()));
        assert!(symmetric_eigen(&a, 2).unwrap().0.iter().all(|w| w.is_nan()));
        assert!(eigen(&a, 2).unwrap().1.iter().all(|w| w.is_nan()));
        let _ = Lu::new(a.to_vec(), 2, 2).inverse();
    }
    let zero = svd(&[0.0; 6], 3, 2, true);
    assert_eq!(zero.values, [0.0, 0.0]);
    near(&zero.u, &identity(3), 0.0, "U of zero");
}

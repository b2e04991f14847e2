//! Resampling along one axis: every output is a weighted sum of a few neighbours. Layout (outer, axis, inner).

use super::memory::Bits;
use super::parallel::{Disjoint, GRAIN, for_ranges};
use super::real::Real;

/// For each output the first input it reads, and the weights of that one and those behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taps {
    /// Weights of each output; fewer inputs are read at the end of the axis.
    pub count: usize,
    pub first: Vec<usize>,
    pub weights: Vec<f64>,
}

impl Taps {
    fn of(&self, o: usize, axis: usize) -> (usize, &[f64]) {
        let first = self.first[o];
        let count = self.count.min(axis - first);
        (first, &self.weights[o * self.count..][..count])
    }
}

/// y[n, o, i] = sum over k of weights[o, k] x[n, first[o] + k, i]
pub fn forward<T: Real>(taps: &Taps, x: &[T], [outer, axis, inner]: [usize; 3], y: &mut [T]) {
    let outputs = taps.first.len();
    assert!(x.len() == outer * axis * inner && y.len() == outer * outputs * inner);
    let grain = (GRAIN / (inner * taps.count).max(1)).max(1);
    let target = Disjoint::new(y);
    for_ranges(outer * outputs, grain, |range| {
        for row in range {
            let (n, o) = (row / outputs, row % outputs);
            // SAFETY: each row is written once.
            let to = unsafe { target.slice(row * inner..(row + 1) * inner) };
            to.fill(T::ZERO);
            let (first, weights) = taps.of(o, axis);
            for (k, &weight) in weights.iter().enumerate() {
                let weight = T::from_f64(weight);
                let from = &x[(n * axis + first + k) * inner..][..inner];
                for (sum, &v) in to.iter_mut().zip(from) {
                    *sum += weight * v;
                }
            }
        }
    });
}

/// x[n, i, j] = sum over o, k with first[o] + k = i of weights[o, k] y[n, o, j]
pub fn transposed<T: Real>(taps: &Taps, y: &[T], [outer, axis, inner]: [usize; 3], x: &mut [T]) {
    let outputs = taps.first.len();
    assert!(x.len() == outer * axis * inner && y.len() == outer * outputs * inner);
    let grain = (GRAIN / (outputs * inner * taps.count).max(1)).max(1);
    let target = Disjoint::new(x);
    for_ranges(outer, grain, |range| {
        for n in range {
            // SAFETY: each plane is written once.
            let to = unsafe { target.slice(n * axis * inner..(n + 1) * axis * inner) };
            to.fill(T::ZERO);
            for o in 0..outputs {
                let from = &y[(n * outputs + o) * inner..][..inner];
                let (first, weights) = taps.of(o, axis);
                for (k, &weight) in weights.iter().enumerate() {
                    let weight = T::from_f64(weight);
                    for (sum, &v) in to[(first + k) * inner..][..inner].iter_mut().zip(from) {
                        *sum += weight * v;
                    }
                }
            }
        }
    });
}

/// y[n, o, i] = x[n, first[o], i]
pub fn nearest<T: Bits>(first: &[usize], x: &[T], [outer, axis, inner]: [usize; 3], y: &mut [T]) {
    assert!(x.len() == outer * axis * inner && y.len() == outer * first.len() * inner);
    let target = Disjoint::new(y);
    for_ranges(outer * first.len(), (GRAIN / inner.max(1)).max(1), |range| {
        for row in range {
            let (n, o) = (row / first.len(), row % first.len());
            // SAFETY: each row is written once.
            let to = unsafe { target.slice(row * inner..(row + 1) * inner) };
            to.copy_from_slice(&x[(n * axis + first[o]) * inner..][..inner]);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_neighbours_and_its_transpose() {
        let taps = Taps {
            count: 2,
            first: vec![0, 2],
            weights: vec![0.5, 0.25, 1.0, 9.0],
        };
        let mut y = [0_f32; 4];
        forward(&taps, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 3, 2], &mut y);
        assert_eq!(y, [1.25, 2.0, 5.0, 6.0]);
        let mut x = [9_f32; 6];
        transposed(&taps, &[4.0, 8.0, 1.0, 2.0], [1, 3, 2], &mut x);
        assert_eq!(x, [2.0, 4.0, 1.0, 2.0, 1.0, 2.0]);
        let mut z = [0_u8; 2];
        nearest(&taps.first, &[1, 2, 3], [1, 3, 1], &mut z);
        assert_eq!(z, [1, 3]);
    }
}

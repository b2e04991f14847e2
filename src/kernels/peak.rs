//! What the processor can do at most: the measure that kernels are held against.

use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Independent sums: enough to hide the latency of a multiply-add, few enough for the registers.
const CHAINS: usize = 16;

struct Chains(usize);

impl<T: Real> Kernel<T> for Chains {
    type Output = T;

    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> T {
        // Nothing overflows or becomes subnormal: the sums run towards b / (1 - a) = 1.
        let a = L::splat(std::hint::black_box(T::from_f64(0.75)));
        let b = L::splat(std::hint::black_box(T::from_f64(0.25)));
        let mut sums = [L::splat(T::from_f64(0.5)); CHAINS];
        for _ in 0..self.0 / (2 * CHAINS * L::N) {
            for sum in &mut sums {
                *sum = sum.mul_add(a, b);
            }
        }
        sums.into_iter()
            .fold(L::splat(T::from_f64(0.0)), L::add)
            .reduce_sum()
    }
}

/// About this many floating-point operations on one thread: s <- s a + b, in registers alone.
pub fn multiply_adds<T: Real>(operations: usize) -> T {
    dispatch(Chains(operations))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_run_towards_their_limit() {
        let doubled = multiply_adds::<f32>(1 << 20) / multiply_adds::<f32>(0);
        assert!((doubled - 2.0).abs() < 1e-5, "{doubled}");
        let doubled = multiply_adds::<f64>(1 << 20) / multiply_adds::<f64>(0);
        assert!((doubled - 2.0).abs() < 1e-13, "{doubled}");
    }
}

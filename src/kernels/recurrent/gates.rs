//! The functions of the gates, for numbers of every size, in about half the instructions of those in `kernels::math`.
//!
//! Both saturate a little earlier: sigmoid below at exp(-87) in `f32`, instead of at zero. Errors are a few units in the last
//! place of the result, or of 0.01 where the result is smaller.

use crate::kernels::math::Math;
use crate::kernels::math::number;
use crate::kernels::simd::Lanes;

const INVERSE_FACTORIALS: [f64; 14] = {
    let mut c = [1.0; 14];
    let mut k = 1;
    while k < 14 {
        c[k] = c[k - 1] / k as f64;
        k += 1;
    }
    c
};

/// (n, r) with x = n ln 2 + r, |r| <= ln(2)/2. One product with ln 2 is enough: the rounded ln 2 is off by a thirtieth of its
/// last place or less, and where products are rounded too, an error matters only while n is small.
#[inline(always)]
fn split<T: Math, L: Lanes<T>>(x: L) -> (L, L) {
    let n = x.mul(number(std::f64::consts::LOG2_E)).round();
    (n, n.neg_mul_add(number(std::f64::consts::LN_2), x))
}

/// The largest number whose exp is a finite power of two times a fraction.
#[inline(always)]
fn limit<T: Math>() -> T {
    T::from_f64(if size_of::<T>() == 4 { 87.0 } else { 708.0 })
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub fn sigmoid<T: Math, L: Lanes<T>>(x: L) -> L {
    // In this order a NaN stays one.
    let x = L::splat(-limit::<T>()).max(L::splat(limit::<T>()).min(x.neg()));
    let (n, r) = split::<T, L>(x);
    let degree = T::EXP_DEGREE - 1;
    let mut e: L = number(INVERSE_FACTORIALS[degree]);
    for k in (0..degree).rev() {
        e = e.mul_add(r, number(INVERSE_FACTORIALS[k]));
    }
    let one = L::splat(T::ONE);
    one.div(e.mul_add(n.exp2_int(), one))
}

/// tanh(|x|) = -t / (2 + t), t = exp(-2 |x|) - 1 = 2^n (exp(r) - 1) + (2^n - 1)
#[inline(always)]
pub fn tanh<T: Math, L: Lanes<T>>(x: L) -> L {
    let low: L = L::splat(T::EXPM1_MIN);
    let (n, r) = split::<T, L>(low.max(x.abs().mul(number(-2.0))));
    let mut p: L = number(INVERSE_FACTORIALS[T::EXP_DEGREE]);
    for k in (2..T::EXP_DEGREE).rev() {
        p = p.mul_add(r, number(INVERSE_FACTORIALS[k]));
    }
    let p = p.mul(r).mul_add(r, r);
    let power = n.exp2_int();
    let t = p.mul_add(power, power.sub(L::splat(T::ONE)));
    t.div(t.add(number(2.0))).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::real::Real;
    use crate::kernels::simd::{Kernel, dispatch, levels, with_level};

    struct Probe<'a, T>(bool, &'a mut [T]);

    impl<T: Math> Kernel<T> for Probe<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes<T>>(self) {
            for part in self.1.chunks_mut(L::N) {
                let x = L::from_part(part);
                let y = if self.0 { tanh(x) } else { sigmoid(x) };
                y.to_part(part);
            }
        }
    }

    fn check<T: Math>(is_tanh: bool) {
        let mut xs: Vec<T> = (0..20_011)
            .map(|i| T::from_f64(-50.0 + 100.0 * f64::from(i) / 20_010.0))
            .collect();
        xs.extend((0..200).map(|i| T::from_f64(libm::exp2(-f64::from(i) / 4.0))));
        let mut ys = xs.clone();
        dispatch(Probe(is_tanh, &mut ys));
        for (x, y) in xs.iter().zip(&ys) {
            let x = x.to_f64();
            let want = if is_tanh {
                x.tanh()
            } else {
                1.0 / (1.0 + (-x).exp())
            };
            // The relative error counts where tanh is small, too.
            let size = if is_tanh {
                want.abs().max(1e-300)
            } else {
                want.max(0.01)
            };
            let error = (y.to_f64() - want).abs() / (size * T::EPSILON.to_f64());
            assert!(error <= 4.0, "{is_tanh} {x}: {y} {want}, {error}");
        }
        let mut edges = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1e30, 1e30].map(T::from_f64);
        dispatch(Probe(is_tanh, &mut edges));
        let got = edges.map(Real::to_f64);
        assert!(got[0].is_nan(), "{got:?}");
        let want = if is_tanh {
            [1.0, -1.0, 0.0, -1.0, 1.0]
        } else {
            [1.0, 0.0, 0.5, 0.0, 1.0]
        };
        for (a, b) in got[1..].iter().zip(want) {
            assert!((a - b).abs() < 1e-30, "{got:?}");
        }
    }

    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        for at in levels() {
            with_level(at, || {
                for is_tanh in [false, true] {
                    check::<f32>(is_tanh);
                    check::<f64>(is_tanh);
                }
            });
        }
    }
}

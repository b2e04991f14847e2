//! `Real`: the floating-point types that kernels and ops are generic over.

use core::fmt::{Debug, Display};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, Sub, SubAssign};

use super::simd::Vectors;

/// A floating-point number: `f32` or `f64`.
///
/// The transcendental functions come from `libm`, not from the system's C library, so that they give the
/// same bits on every platform.
#[allow(clippy::return_self_not_must_use)] // arithmetic
pub trait Real:
    Vectors
    + Copy
    + Send
    + Sync
    + 'static
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
{
    /// The name as users write it: `"float32"` or `"float64"`.
    const NAME: &'static str;
    const ZERO: Self;
    const ONE: Self;
    /// Distance from 1 to the next larger number.
    const EPSILON: Self;
    /// Smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Largest finite number.
    const MAX: Self;
    /// Most negative finite number.
    const LOWEST: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;
    const NAN: Self;

    /// Rounds to the nearest representable number.
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    /// Counts become numbers in means; exact up to 2^24 (`f32`) or 2^53 (`f64`).
    fn from_usize(n: usize) -> Self;

    /// self * a + b with one rounding. Fast only inside code compiled for a machine with FMA.
    fn mul_add(self, a: Self, b: Self) -> Self;
    fn abs(self) -> Self;
    fn sqrt(self) -> Self;
    fn recip(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    /// Nearest integer, halves to even (NumPy's rule).
    fn round_ties_even(self) -> Self;
    /// The magnitude of `self` with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    fn is_nan(self) -> bool;
    fn is_finite(self) -> bool;
    fn is_infinite(self) -> bool;
    /// The smaller one; NaN if either is NaN.
    fn minimum(self, other: Self) -> Self;
    /// The larger one; NaN if either is NaN.
    fn maximum(self, other: Self) -> Self;

    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    fn powf(self, exponent: Self) -> Self;
    fn powi(self, exponent: i32) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tan(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn atan2(self, x: Self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    /// erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x
    fn erf(self) -> Self;
    /// ln |Gamma(x)|
    fn lgamma(self) -> Self;
}

macro_rules! real {
    ($t:ident, $name:literal, $($method:ident = $function:ident),* ; $atan2:ident, $pow:ident) => {
        impl Real for $t {
            const NAME: &'static str = $name;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const EPSILON: Self = $t::EPSILON;
            const MIN_POSITIVE: Self = $t::MIN_POSITIVE;
            const MAX: Self = $t::MAX;
            const LOWEST: Self = $t::MIN;
            const INFINITY: Self = $t::INFINITY;
            const NEG_INFINITY: Self = $t::NEG_INFINITY;
            const NAN: Self = $t::NAN;

            #[inline(always)]
            fn from_f64(x: f64) -> Self { x as $t }
            #[inline(always)]
            fn to_f64(self) -> f64 { self as f64 }
            #[inline(always)]
            fn from_usize(n: usize) -> Self { n as $t }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self { $t::mul_add(self, a, b) }
            #[inline(always)]
            fn abs(self) -> Self { $t::abs(self) }
            #[inline(always)]
            fn sqrt(self) -> Self { $t::sqrt(self) }
            #[inline(always)]
            fn recip(self) -> Self { 1.0 / self }
            #[inline(always)]
            fn floor(self) -> Self { $t::floor(self) }
            #[inline(always)]
            fn ceil(self) -> Self { $t::ceil(self) }
            #[inline(always)]
            fn trunc(self) -> Self { $t::trunc(self) }
            #[inline(always)]
            fn round_ties_even(self) -> Self { $t::round_ties_even(self) }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self { $t::copysign(self, sign) }
            #[inline(always)]
            fn is_nan(self) -> bool { $t::is_nan(self) }
            #[inline(always)]
            fn is_finite(self) -> bool { $t::is_finite(self) }
            #[inline(always)]
            fn is_infinite(self) -> bool { $t::is_infinite(self) }
            #[inline(always)]
            fn minimum(self, other: Self) -> Self {
                if self < other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn maximum(self, other: Self) -> Self {
                if self > other || self.is_nan() { self } else { other }
            }
            #[inline]
            fn powf(self, exponent: Self) -> Self { libm::$pow(self, exponent) }
            #[inline]
            fn powi(self, exponent: i32) -> Self {
                let (mut power, mut factor, mut n) = (1.0, self, exponent.unsigned_abs());
                while n > 0 {
                    if n & 1 == 1 {
                        power *= factor;
                    }
                    factor *= factor;
                    n >>= 1;
                }
                if exponent < 0 { 1.0 / power } else { power }
            }
            #[inline]
            fn atan2(self, x: Self) -> Self { libm::$atan2(self, x) }
            $(
                #[inline]
                fn $method(self) -> Self { libm::$function(self) }
            )*
        }
    };
}

#[rustfmt::skip]
real!(f32, "float32", exp = expf, exp_m1 = expm1f, ln = logf, ln_1p = log1pf, log2 = log2f, log10 = log10f,
    sin = sinf, cos = cosf, tan = tanf, asin = asinf, acos = acosf, atan = atanf, sinh = sinhf, cosh = coshf,
    tanh = tanhf, asinh = asinhf, acosh = acoshf, atanh = atanhf, erf = erff, lgamma = lgammaf; atan2f, powf);
#[rustfmt::skip]
real!(f64, "float64", exp = exp, exp_m1 = expm1, ln = log, ln_1p = log1p, log2 = log2, log10 = log10,
    sin = sin, cos = cos, tan = tan, asin = asin, acos = acos, atan = atan, sinh = sinh, cosh = cosh,
    tanh = tanh, asinh = asinh, acosh = acosh, atanh = atanh, erf = erf, lgamma = lgamma; atan2, pow);

#[cfg(test)]
mod tests {
    use super::Real;

    fn identities<T: Real>(tolerance: f64) {
        for i in 1..40 {
            let x = T::from_f64(f64::from(i) * 0.17);
            let near =
                |a: T, b: f64| assert!((a.to_f64() - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
            near(x.exp().ln(), x.to_f64());
            near(x.powi(3), x.to_f64().powi(3));
            near(x.powf(T::from_f64(1.5)), x.to_f64().powf(1.5));
            near(x.powi(-2), x.to_f64().powi(-2));
            near(x.tanh(), x.to_f64().tanh());
            near(x.sqrt() * x.sqrt(), x.to_f64());
        }
        assert!(T::NAN.maximum(T::ONE).is_nan() && T::ONE.maximum(T::NAN).is_nan());
        assert!(T::NAN.minimum(T::ONE).is_nan() && T::ONE.minimum(T::NAN).is_nan());
        assert_eq!(T::from_f64(2.5).round_ties_even().to_f64(), 2.0);
    }

    #[test]
    fn functions_agree_with_their_definitions() {
        identities::<f32>(1e-5);
        identities::<f64>(1e-13);
    }
}

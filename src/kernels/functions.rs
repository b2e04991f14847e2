//! The elementwise functions of the op set: each a formula over lanes and a member of [`Function`] or [`Arithmetic`].

use super::elementwise::{Broadcast, Map, Zip, map, zip, zip_scalar};
use super::math::{self, Math, by_lane, by_lanes, number};
use super::real::Real;
use super::simd::Lanes;

macro_rules! functions {
    ($($name:ident = |$x:ident| $body:expr;)*) => {
        /// A function of one floating-point number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($name),* }

        mod maps {
            $(#[derive(Clone, Copy)] pub struct $name;)*
        }
        $(impl<T: Math> Map<T> for maps::$name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $x: L) -> L { $body }
        })*

        impl Function {
            /// out[i] = f(x[i])
            ///
            /// # Safety
            /// As for [`map`].
            pub unsafe fn run<T: Math>(self, x: *const T, out: *mut T, n: usize) {
                match self {
                    // SAFETY: by the caller's promise.
                    $(Function::$name => unsafe { map(maps::$name, x, out, n) },)*
                }
            }
        }
    };
}

functions! {
    Negative = |x| x.neg();
    Abs = |x| x.abs();
    // -1, 0 or 1; NaN stays
    Sign = |x| L::select(x.eq(L::splat(T::ZERO)), x, L::select(x.is_nan(), x, L::splat(T::ONE).copysign(x)));
    Square = |x| x.mul(x);
    Sqrt = |x| x.sqrt();
    Rsqrt = |x| L::splat(T::ONE).div(x.sqrt());
    Reciprocal = |x| L::splat(T::ONE).div(x);
    Exp = |x| math::exp(x);
    // 2^x = exp(x ln 2)
    Exp2 = |x| by_lane(x, |v: T| T::from_f64(2.0).powf(v));
    Expm1 = |x| math::expm1(x);
    Log = |x| math::log(x);
    Log1p = |x| math::log1p(x);
    Log2 = |x| by_lane(x, T::log2);
    Log10 = |x| by_lane(x, T::log10);
    Sin = |x| by_lane(x, T::sin);
    Cos = |x| by_lane(x, T::cos);
    Tan = |x| by_lane(x, T::tan);
    Arcsin = |x| by_lane(x, T::asin);
    Arccos = |x| by_lane(x, T::acos);
    Arctan = |x| by_lane(x, T::atan);
    Sinh = |x| by_lane(x, T::sinh);
    Cosh = |x| by_lane(x, T::cosh);
    Tanh = |x| math::tanh(x);
    Arcsinh = |x| by_lane(x, T::asinh);
    Arccosh = |x| by_lane(x, T::acosh);
    Arctanh = |x| by_lane(x, T::atanh);
    Erf = |x| math::erf(x);
    // 1 - erf(x), exact where erf is nearly 1
    Erfc = |x| by_lane(x, |v: T| T::from_f64(libm::erfc(v.to_f64())));
    // Phi^-1((1 + x) / 2) / sqrt(2), the inverse of erf
    Erfinv = |x| by_lane(x, |v: T| T::from_f64(crate::kernels::functions::erfinv(v.to_f64())));
    Sigmoid = |x| math::sigmoid(x);
    Softplus = |x| math::softplus(x);
    Floor = |x| x.floor();
    Ceil = |x| x.ceil();
    Round = |x| x.round();
    Trunc = |x| math::trunc(x);
}

/// The inverse of erf on [-1, 1]: Newton's steps on a starting value by S. Winitzki (2008),
/// `erf(x)^2 ~ 1 - exp(-x^2 (4/pi + a x^2) / (1 + a x^2))`, a = 0.147.
pub fn erfinv(y: f64) -> f64 {
    let size = y.abs();
    if size.is_nan() || size > 1.0 {
        return f64::NAN;
    }
    if size == 1.0 {
        return f64::INFINITY.copysign(y);
    }
    let a = 0.147;
    let l = libm::log1p(-size * size);
    let half = 2.0 / (std::f64::consts::PI * a) + 0.5 * l;
    let mut x = libm::sqrt(libm::sqrt(half * half - l / a) - half);
    for _ in 0..3 {
        // Near 1 the complement keeps the digits that erf loses.
        let error = if size > 0.5 {
            (1.0 - size) - libm::erfc(x)
        } else {
            libm::erf(x) - size
        };
        let slope = std::f64::consts::FRAC_2_SQRT_PI * libm::exp(-x * x);
        let step = error / slope;
        // Halley's correction: f''/f' = -2 x.
        x -= step / (1.0 + x * step);
    }
    x.copysign(y)
}

macro_rules! arithmetic {
    ($($name:ident = |$a:ident, $b:ident| $body:expr;)*) => {
        /// A function of two floating-point numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Arithmetic { $($name),* }

        mod zips {
            $(#[derive(Clone, Copy)] pub struct $name;)*
        }
        $(impl<T: Math> Zip<T> for zips::$name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $a: L, $b: L) -> L { $body }
        })*

        impl Arithmetic {
            /// out = f(a, b), broadcast
            ///
            /// # Safety
            /// As for [`zip`].
            pub unsafe fn run<T: Math>(self, plan: &Broadcast<2>, a: *const T, b: *const T, out: *mut T) {
                match self {
                    // SAFETY: by the caller's promise.
                    $(Arithmetic::$name => unsafe { zip(zips::$name, plan, a, b, out) },)*
                }
            }
        }
    };
}

arithmetic! {
    Add = |a, b| a.add(b);
    Subtract = |a, b| a.sub(b);
    Multiply = |a, b| a.mul(b);
    Divide = |a, b| a.div(b);
    // a / b, and 0 where b = 0
    DivideNoNan = |a, b| L::select(b.eq(L::splat(T::ZERO)), L::splat(T::ZERO), a.div(b));
    // floor(a / b) and a - b floor(a / b), as Python defines them
    FloorDivide = |a, b| by_lanes(a, b, floor_divide);
    Mod = |a, b| by_lanes(a, b, remainder);
    Power = |a, b| by_lanes(a, b, T::powf);
    Maximum = |a, b| math::maximum(a, b);
    Minimum = |a, b| math::minimum(a, b);
    SquaredDifference = |a, b| { let d = a.sub(b); d.mul(d) };
    Arctan2 = |a, b| by_lanes(a, b, T::atan2);
    // log(exp(a) + exp(b)) = max + log1p(exp(-|a - b|))
    Logaddexp = |a, b| {
        let gap = a.sub(b).abs();
        // Two equal infinities differ by NaN: their gap is 0.
        let gap = L::select(a.eq(b), L::splat(T::ZERO), gap);
        math::maximum(a, b).add(math::log1p(math::exp(gap.neg())))
    };
    // a where b >= 0, else 0: the masked gradient of ramps
    KeepWherePositive = |a, b| L::select(b.gt(number(0.0)), a, number(0.0));
}

fn remainder<T: Real>(a: T, b: T) -> T {
    let r = a % b;
    if r != T::ZERO && (r < T::ZERO) != (b < T::ZERO) {
        r + b
    } else {
        r.copysign(if r == T::ZERO { b } else { r })
    }
}

fn floor_divide<T: Real>(a: T, b: T) -> T {
    if b == T::ZERO || !a.is_finite() {
        return (a / b).floor();
    }
    ((a - remainder(a, b)) / b).round_ties_even()
}

/// The integer types that arithmetic is offered for. Overflow wraps, as in NumPy.
pub trait Integer: Copy + Send + Sync + PartialOrd + 'static {
    fn apply(f: Arithmetic, a: Self, b: Self) -> Self;
    fn map(f: Function, x: Self) -> Self;
    fn to_i64(self) -> i64;
    fn from_i64(x: i64) -> Self;
}

macro_rules! integer {
    ($($t:ident),*) => {$(
        impl Integer for $t {
            /// Division by zero gives 0, as NumPy's does. Functions without an integer form are never asked for:
            /// the ops cast to a float first.
            #[inline(always)]
            #[allow(unused_comparisons, clippy::absurd_extreme_comparisons)]
            fn apply(f: Arithmetic, a: Self, b: Self) -> Self {
                match f {
                    Arithmetic::Add => a.wrapping_add(b),
                    Arithmetic::Subtract => a.wrapping_sub(b),
                    Arithmetic::Multiply => a.wrapping_mul(b),
                    Arithmetic::Maximum => a.max(b),
                    Arithmetic::Minimum => a.min(b),
                    Arithmetic::SquaredDifference => {
                        let d = a.wrapping_sub(b);
                        d.wrapping_mul(d)
                    }
                    Arithmetic::FloorDivide if b == 0 => 0,
                    Arithmetic::FloorDivide => {
                        let q = a.wrapping_div(b);
                        if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q.wrapping_sub(1) } else { q }
                    }
                    Arithmetic::Mod if b == 0 => 0,
                    Arithmetic::Mod => {
                        let r = a.wrapping_rem(b);
                        if r != 0 && (r < 0) != (b < 0) { r.wrapping_add(b) } else { r }
                    }
                    Arithmetic::Power if b < 0 => match a {
                        1 => 1,
                        _ if a.wrapping_add(1) == 0 => if b % 2 == 0 { 1 } else { a },
                        _ => 0,
                    },
                    Arithmetic::Power => a.wrapping_pow(b as u32),
                    Arithmetic::KeepWherePositive => if b > 0 { a } else { 0 },
                    Arithmetic::Divide
                    | Arithmetic::DivideNoNan
                    | Arithmetic::Arctan2
                    | Arithmetic::Logaddexp => 0,
                }
            }
            #[inline(always)]
            #[allow(unused_comparisons, clippy::absurd_extreme_comparisons)]
            fn map(f: Function, x: Self) -> Self {
                match f {
                    Function::Negative => (0 as $t).wrapping_sub(x),
                    Function::Abs => if x < 0 { (0 as $t).wrapping_sub(x) } else { x },
                    Function::Sign => (x > 0) as $t - (x < 0) as $t,
                    Function::Square => x.wrapping_mul(x),
                    _ => x, // rounding leaves integers alone; the others are computed on floats
                }
            }
            #[inline(always)]
            fn to_i64(self) -> i64 { self as i64 }
            #[inline(always)]
            fn from_i64(x: i64) -> Self { x as $t }
        }
    )*};
}
integer!(i32, i64, u8);

impl Arithmetic {
    /// out = f(a, b) on integers, broadcast
    ///
    /// # Safety
    /// As for [`zip`].
    pub unsafe fn run_integer<T: Integer>(self, plan: &Broadcast<2>, a: *const T, b: *const T, out: *mut T) {
        macro_rules! each {
            ($($f:ident),*) => {
                match self {
                    // SAFETY: by the caller's promise. Each arm is its own loop, so that the compiler sees one operation.
                    $(Arithmetic::$f => unsafe { zip_scalar(|x, y| T::apply(Arithmetic::$f, x, y), plan, a, b, out) },)*
                    // SAFETY: as above.
                    f => unsafe { zip_scalar(|x, y| T::apply(f, x, y), plan, a, b, out) },
                }
            };
        }
        each!(Add, Subtract, Multiply, Maximum, Minimum);
    }
}

/// A comparison of two numbers; false where either is NaN, except for `NotEqual`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    /// out = a ? b as bytes 0 and 1, broadcast
    ///
    /// # Safety
    /// As for [`zip`].
    pub unsafe fn run<T: Copy + Send + PartialOrd>(
        self,
        plan: &Broadcast<2>,
        a: *const T,
        b: *const T,
        out: *mut u8,
    ) {
        macro_rules! each {
            ($($f:ident $op:tt),*) => {
                match self {
                    // SAFETY: by the caller's promise.
                    $(Comparison::$f => unsafe { zip_scalar(|x: T, y: T| u8::from(x $op y), plan, a, b, out) },)*
                }
            };
        }
        each!(Equal ==, NotEqual !=, Less <, LessEqual <=, Greater >, GreaterEqual >=);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(f: Arithmetic, a: f64, b: f64) -> f64 {
        let plan = Broadcast::new(&[1], [&[1], &[1]]);
        let mut out = [0.0];
        // SAFETY: one element each.
        unsafe { f.run(&plan, &raw const a, &raw const b, out.as_mut_ptr()) };
        out[0]
    }

    #[test]
    fn division_follows_python() {
        for (a, b) in [
            (7.0, 3.0),
            (-7.0, 3.0),
            (7.0, -3.0),
            (-7.0, -3.0),
            (6.0, 3.0),
            (0.3, 0.1),
            (-6.0, 3.0),
        ] {
            let (q, r) = (both(Arithmetic::FloorDivide, a, b), both(Arithmetic::Mod, a, b));
            assert_eq!(q, f64::floor((a - r) / b + 0.25), "{a} // {b}");
            assert!(
                (q * b + r - a).abs() < 1e-12 && (r == 0.0 || (r < 0.0) == (b < 0.0)),
                "{a} % {b} = {r}"
            );
            let (i, j) = ((a * 10.0) as i32, (b * 10.0) as i32);
            let (q, r) = (
                i32::apply(Arithmetic::FloorDivide, i, j),
                i32::apply(Arithmetic::Mod, i, j),
            );
            assert_eq!(q * j + r, i);
            assert!(r == 0 || (r < 0) == (j < 0));
        }
        assert_eq!(i32::apply(Arithmetic::FloorDivide, i32::MIN, -1), i32::MIN);
        assert_eq!(i64::apply(Arithmetic::Mod, 5, 0), 0);
        assert_eq!(i32::apply(Arithmetic::Power, -1, -3), -1);
        assert_eq!(u8::apply(Arithmetic::Subtract, 1, 2), 255);
    }

    #[test]
    fn logaddexp_survives_infinities() {
        let inf = f64::INFINITY;
        assert_eq!(both(Arithmetic::Logaddexp, -inf, -inf), -inf);
        assert_eq!(both(Arithmetic::Logaddexp, inf, inf), inf);
        assert_eq!(both(Arithmetic::Logaddexp, -inf, 2.0), 2.0);
        assert!((both(Arithmetic::Logaddexp, 1000.0, 1000.0) - 1000.0 - 2.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn erfinv_inverts_erf() {
        for i in -999..1000 {
            let y = f64::from(i) / 1000.0;
            assert!((libm::erf(erfinv(y)) - y).abs() < 4e-16, "{y}");
        }
        for x in [2.5, 3.5, 4.5] {
            assert!((erfinv(libm::erf(x)) / x - 1.0).abs() < 1e-6, "{x}");
        }
        assert_eq!(erfinv(1.0), f64::INFINITY);
        assert!(erfinv(1.5).is_nan());
    }

    #[test]
    fn ordering_functions_keep_nan() {
        assert!(
            both(Arithmetic::Maximum, f64::NAN, 1.0).is_nan()
                && both(Arithmetic::Maximum, 1.0, f64::NAN).is_nan()
        );
        assert!(
            both(Arithmetic::Minimum, f64::NAN, 1.0).is_nan()
                && both(Arithmetic::Minimum, 1.0, f64::NAN).is_nan()
        );
    }
}

//! Elementary functions over lanes: written once for both precisions and every instruction set.
//!
//! Polynomials are cut where the next term is below half a unit in the last place. Where no short formula
//! exists, [`by_lane`] calls the scalar function of `libm`.

use super::real::Real;
use super::simd::Lanes;

/// What the formulas below need to know about a number format.
pub trait Math: Real {
    /// ln 2 in two parts; the first has so few bits that its product with an exponent is exact.
    const LN2_HIGH: Self;
    const LN2_LOW: Self;
    /// Beyond these, exp overflows to infinity or underflows to zero.
    const EXP_MIN: Self;
    const EXP_MAX: Self;
    /// From here on exp is a normal number.
    const EXP_NORMAL: Self;
    /// Below this, exp(x) - 1 rounds to -1.
    const EXPM1_MIN: Self;
    /// Degree of the Taylor polynomial of exp on [-ln(2)/2, ln(2)/2].
    const EXP_DEGREE: usize;
    /// Terms of 2 artanh(s) = 2 s + 2 s^3/3 + ... after the first, for |s| <= 3 - 2 sqrt(2).
    const LOG_TERMS: usize;
    /// 2^k that lifts denormal numbers into the normal range, and k.
    const LIFT: (Self, Self);

    fn erf_lanes<L: Lanes<Self>>(x: L) -> L;
}

impl Math for f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    const EXP_MIN: f32 = -104.0;
    const EXP_MAX: f32 = 89.0;
    const EXP_NORMAL: f32 = -87.0;
    const EXPM1_MIN: f32 = -18.0;
    const EXP_DEGREE: usize = 7;
    const LOG_TERMS: usize = 4;
    const LIFT: (f32, f32) = (16_777_216.0, 24.0);

    // |x| < 1: erf(x) = x + x P(x^2);  |x| >= 1: erf(x) = sign(x) (1 - exp(Q(|x|))).
    // P and Q interpolate at Chebyshev's points of [0, 1] and [0.95, 4]; beyond 4 erf rounds to 1.
    #[inline(always)]
    fn erf_lanes<L: Lanes<f32>>(x: L) -> L {
        const P: [f32; 7] = [
            0.128_379_17,
            -0.376_126_26,
            0.112_835_97,
            -0.026_854_329,
            0.005_189_312,
            -0.000_801_885_5,
            7.882_497_4e-5,
        ];
        const Q: [f32; 9] = [
            0.000_304_176_76,
            -1.130_170_3,
            -0.631_931_36,
            -0.109_983_3,
            0.026_367_415,
            -0.004_741_118,
            0.000_592_950_56,
            -4.561_102e-5,
            1.615_045e-6,
        ];
        let size = x.abs();
        let inner = horner(x.mul(x), &P).mul_add(x, x);
        let outer = L::splat(1.0)
            .sub(exp(horner(L::splat(4.0).min(size), &Q)))
            .copysign(x);
        L::select(size.ge(L::splat(1.0)), outer, inner)
    }
}

impl Math for f64 {
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const EXP_MIN: f64 = -746.0;
    const EXP_MAX: f64 = 710.0;
    const EXP_NORMAL: f64 = -708.0;
    const EXPM1_MIN: f64 = -38.0;
    const EXP_DEGREE: usize = 13;
    const LOG_TERMS: usize = 10;
    const LIFT: (f64, f64) = (18_014_398_509_481_984.0, 54.0);

    #[inline(always)]
    fn erf_lanes<L: Lanes<f64>>(x: L) -> L {
        by_lane(x, Real::erf)
    }
}

const WIDEST: usize = 16;

/// f applied to each lane by itself.
#[inline(always)]
pub fn by_lane<T: Real, L: Lanes<T>>(x: L, f: impl Fn(T) -> T) -> L {
    let mut lanes = [T::ZERO; WIDEST];
    x.to_slice(&mut lanes);
    for lane in &mut lanes[..L::N] {
        *lane = f(*lane);
    }
    L::from_slice(&lanes)
}

/// f applied to each pair of lanes by itself.
#[inline(always)]
pub fn by_lanes<T: Real, L: Lanes<T>>(x: L, y: L, f: impl Fn(T, T) -> T) -> L {
    let (mut a, mut b) = ([T::ZERO; WIDEST], [T::ZERO; WIDEST]);
    x.to_slice(&mut a);
    y.to_slice(&mut b);
    for i in 0..L::N {
        a[i] = f(a[i], b[i]);
    }
    L::from_slice(&a)
}

/// c[0] + c[1] x + c[2] x^2 + ...
#[inline(always)]
fn horner<T: Real, L: Lanes<T>>(x: L, c: &[T]) -> L {
    let mut sum = L::splat(c[c.len() - 1]);
    for &a in c[..c.len() - 1].iter().rev() {
        sum = sum.mul_add(x, L::splat(a));
    }
    sum
}

#[inline(always)]
pub fn number<T: Real, L: Lanes<T>>(x: f64) -> L {
    L::splat(T::from_f64(x))
}

/// The smaller one; NaN if either is NaN.
#[inline(always)]
pub fn minimum<T: Real, L: Lanes<T>>(a: L, b: L) -> L {
    L::select(a.is_nan(), a, a.min(b))
}

/// The larger one; NaN if either is NaN.
#[inline(always)]
pub fn maximum<T: Real, L: Lanes<T>>(a: L, b: L) -> L {
    L::select(a.is_nan(), a, a.max(b))
}

/// x without its fraction.
#[inline(always)]
pub fn trunc<T: Real, L: Lanes<T>>(x: L) -> L {
    x.abs().floor().copysign(x)
}

/// x = n ln 2 + r with |r| <= ln(2)/2.
#[inline(always)]
fn reduce<T: Math, L: Lanes<T>>(x: L) -> (L, L) {
    let n = x.mul(number(std::f64::consts::LOG2_E)).round();
    let r = n.neg_mul_add(L::splat(T::LN2_HIGH), x);
    (n, n.neg_mul_add(L::splat(T::LN2_LOW), r))
}

/// exp(r) - 1 = r + r^2 (1/2! + r/3! + ...), for small r.
#[inline(always)]
fn expm1_small<T: Math, L: Lanes<T>>(r: L) -> L {
    const INVERSE_FACTORIALS: [f64; 14] = {
        let mut c = [1.0; 14];
        let mut k = 1;
        while k < 14 {
            c[k] = c[k - 1] / k as f64;
            k += 1;
        }
        c
    };
    let mut sum: L = number(INVERSE_FACTORIALS[T::EXP_DEGREE]);
    for k in (2..T::EXP_DEGREE).rev() {
        sum = sum.mul_add(r, number(INVERSE_FACTORIALS[k]));
    }
    r.mul(r).mul_add(sum, r)
}

/// 2^n as a product of two powers, so that the ends of the range, infinity and denormals come out right.
#[inline(always)]
fn power_pair<T: Math, L: Lanes<T>>(n: L) -> (L, L) {
    let half = n.mul(number(0.5)).floor();
    (half.exp2_int(), n.sub(half).exp2_int())
}

/// Keeps x in [low, high], and NaN as it is.
#[inline(always)]
fn clamp<T: Real, L: Lanes<T>>(x: L, low: T, high: T) -> L {
    L::splat(low).max(L::splat(high).min(x))
}

/// exp(x) = 2^n exp(r)
#[inline(always)]
pub fn exp<T: Math, L: Lanes<T>>(x: L) -> L {
    let (n, r) = reduce::<T, L>(clamp(x, T::EXP_MIN, T::EXP_MAX));
    let (a, b) = power_pair::<T, L>(n);
    expm1_small::<T, L>(r).add(number(1.0)).mul(a).mul(b)
}

/// exp(x) for x <= 0, which cannot overflow: one power of two is enough, and what is below normal numbers is 0.
#[inline(always)]
pub fn exp_below<T: Math, L: Lanes<T>>(x: L) -> L {
    let low = L::splat(T::EXP_NORMAL);
    let (n, r) = reduce::<T, L>(low.max(x));
    let y = expm1_small::<T, L>(r).add(number(1.0)).mul(n.exp2_int());
    L::select(x.lt(low), L::splat(T::ZERO), y)
}

/// exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1)
#[inline(always)]
pub fn expm1<T: Math, L: Lanes<T>>(x: L) -> L {
    let (n, r) = reduce::<T, L>(clamp(x, T::EXPM1_MIN, T::EXP_MAX));
    let half = n.mul(number(0.5)).floor();
    let rest = n.sub(half);
    // (a p + (a - 1/b)) b with 2^n = a b: no factor overflows before the result does.
    let (a, b, inverse) = (half.exp2_int(), rest.exp2_int(), rest.neg().exp2_int());
    let y = expm1_small::<T, L>(r).mul_add(a, a.sub(inverse)).mul(b);
    // r is x itself near 0, also for the two zeros.
    L::select(x.abs().lt(number(1e-30)), x, y)
}

/// x 2^-e in [sqrt(1/2), sqrt(2)), and e; for positive finite x.
#[inline(always)]
fn centre<T: Math, L: Lanes<T>>(x: L) -> (L, L) {
    let tiny = x.lt(L::splat(T::MIN_POSITIVE));
    let (e, m) = L::select(tiny, x.mul(L::splat(T::LIFT.0)), x).split_exponent();
    let e = L::select(tiny, e.sub(L::splat(T::LIFT.1)), e);
    let high = m.ge(number(std::f64::consts::SQRT_2));
    (
        L::select(high, m.mul(number(0.5)), m),
        L::select(high, e.add(number(1.0)), e),
    )
}

/// ln(1 + f) + e ln 2 + c for |f| small. With s = f / (2 + f), ln(1 + f) = 2 artanh(s) = f - (f^2/2 - s (f^2/2 + R)),
/// R = 2 s^2 (1/3 + s^2/5 + ...); c is a small correction.
#[inline(always)]
fn log_centred<T: Math, L: Lanes<T>>(f: L, e: L, c: L) -> L {
    let s = f.div(f.add(number(2.0)));
    let z = s.mul(s);
    let mut sum: L = number(2.0 / (2 * T::LOG_TERMS + 1) as f64);
    for k in (1..T::LOG_TERMS).rev() {
        sum = sum.mul_add(z, number(2.0 / (2 * k + 1) as f64));
    }
    let half_square = f.mul(f).mul(number(0.5));
    let tail = s
        .mul(sum.mul_add(z, half_square))
        .add(e.mul_add(L::splat(T::LN2_LOW), c));
    e.mul_add(L::splat(T::LN2_HIGH), f.sub(half_square.sub(tail)))
}

/// log(0) = -inf, log(x < 0) = NaN, log(inf) = inf
#[inline(always)]
fn log_edges<T: Math, L: Lanes<T>>(x: L, y: L) -> L {
    let zero = L::splat(T::ZERO);
    let y = L::select(x.eq(zero), L::splat(T::NEG_INFINITY), y);
    let y = L::select(L::or(x.lt(zero), x.is_nan()), L::splat(T::NAN), y);
    L::select(x.eq(L::splat(T::INFINITY)), x, y)
}

#[inline(always)]
pub fn log<T: Math, L: Lanes<T>>(x: L) -> L {
    let (m, e) = centre::<T, L>(x);
    log_edges(x, log_centred(m.sub(number(1.0)), e, L::splat(T::ZERO)))
}

/// ln(1 + x) with the rounding error of 1 + x put back.
#[inline(always)]
pub fn log1p<T: Math, L: Lanes<T>>(x: L) -> L {
    let one: L = number(1.0);
    let u = x.add(one);
    let (m, e) = centre::<T, L>(u);
    // lost = (1 + x) - u, computed from the larger of the two.
    let lost = L::select(x.gt(one), one.sub(u.sub(x)), x.sub(u.sub(one)));
    let whole = e.eq(L::splat(T::ZERO));
    let f = L::select(whole, x, m.sub(one));
    let c = L::select(whole, L::splat(T::ZERO), lost.div(u));
    let y = log_edges(u, log_centred(f, e, c));
    L::select(x.abs().lt(number(1e-30)), x, y)
}

/// log2(x) and log10(x) scale ln(x).
#[inline(always)]
pub fn log_base<T: Math, L: Lanes<T>>(x: L, inverse_ln_base: f64) -> L {
    log(x).mul(number(inverse_ln_base))
}

/// tanh(|x|) = -t / (2 + t), t = exp(-2 |x|) - 1
#[inline(always)]
pub fn tanh<T: Math, L: Lanes<T>>(x: L) -> L {
    let t = expm1(x.abs().mul(number(-2.0)));
    t.neg().div(t.add(number(2.0))).copysign(x)
}

/// 1 / (1 + exp(-x))
#[inline(always)]
pub fn sigmoid<T: Math, L: Lanes<T>>(x: L) -> L {
    let one: L = number(1.0);
    one.div(one.add(exp(x.neg())))
}

/// ln(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))
#[inline(always)]
pub fn softplus<T: Math, L: Lanes<T>>(x: L) -> L {
    maximum(x, L::splat(T::ZERO)).add(log1p(exp(x.abs().neg())))
}

/// 2/sqrt(pi) integral of exp(-t^2) from 0 to x
#[inline(always)]
pub fn erf<T: Math, L: Lanes<T>>(x: L) -> L {
    T::erf_lanes(x)
}

/// Phi(x) = (1 + erf(x / sqrt(2))) / 2
#[inline(always)]
pub fn normal_cdf<T: Math, L: Lanes<T>>(x: L) -> L {
    erf(x.mul(number(std::f64::consts::FRAC_1_SQRT_2))).mul_add(number(0.5), number(0.5))
}

/// phi(x) = exp(-x^2/2) / sqrt(2 pi)
#[inline(always)]
pub fn normal_pdf<T: Math, L: Lanes<T>>(x: L) -> L {
    exp(x.mul(x).mul(number(-0.5))).mul(number(0.398_942_280_401_432_7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::{Kernel, dispatch, levels, with_level};

    #[derive(Clone, Copy, Debug)]
    enum Fun {
        Exp,
        ExpBelow,
        Expm1,
        Log,
        Log1p,
        Tanh,
        Sigmoid,
        Softplus,
        Erf,
        Trunc,
    }

    struct Probe<'a, T>(Fun, &'a mut [T]);

    impl<T: Math> Kernel<T> for Probe<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes<T>>(self) {
            for part in self.1.chunks_mut(L::N) {
                let x = L::from_part(part);
                let y = match self.0 {
                    Fun::Exp => exp(x),
                    Fun::ExpBelow => exp_below(x),
                    Fun::Expm1 => expm1(x),
                    Fun::Log => log(x),
                    Fun::Log1p => log1p(x),
                    Fun::Tanh => tanh(x),
                    Fun::Sigmoid => sigmoid(x),
                    Fun::Softplus => softplus(x),
                    Fun::Erf => erf(x),
                    Fun::Trunc => trunc(x),
                };
                y.to_part(part);
            }
        }
    }

    fn reference(f: Fun, x: f64) -> f64 {
        match f {
            Fun::Exp | Fun::ExpBelow => libm::exp(x),
            Fun::Expm1 => libm::expm1(x),
            Fun::Log => libm::log(x),
            Fun::Log1p => libm::log1p(x),
            Fun::Tanh => libm::tanh(x),
            Fun::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
            Fun::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
            Fun::Erf => libm::erf(x),
            Fun::Trunc => x.trunc(),
        }
    }

    /// The largest error in units of the last place, away from denormal results.
    fn worst<T: Math>(f: Fun, low: f64, high: f64) -> (f64, f64) {
        let mut xs: Vec<T> = (0..20_011)
            .map(|i| T::from_f64(low + (high - low) * f64::from(i) / 20_010.0))
            .collect();
        xs.extend((0..400).map(|i| T::from_f64(libm::exp2(-f64::from(i) / 4.0) * high.signum().min(1.0))));
        let mut ys = xs.clone();
        dispatch(Probe(f, &mut ys));
        let mut worst = (0.0, 0.0);
        for (x, y) in xs.iter().zip(&ys) {
            let want = reference(f, x.to_f64());
            let ulp = (want.abs() * T::EPSILON.to_f64()).max(T::MIN_POSITIVE.to_f64());
            let error = if T::from_f64(want) == *y {
                0.0
            } else {
                (y.to_f64() - want).abs() / ulp
            };
            if error > worst.0 || error.is_nan() {
                worst = (error, x.to_f64());
            }
        }
        worst
    }

    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        let rows = [
            (Fun::Exp, -87.0, 88.7, 2.0),
            (Fun::Exp, -103.0, -80.0, 2.0),
            (Fun::ExpBelow, -86.9, 0.0, 2.0),
            (Fun::Expm1, -20.0, 88.7, 2.5),
            (Fun::Expm1, -1.0, 1.0, 2.5),
            (Fun::Log, 1e-30, 10.0, 2.0),
            (Fun::Log, 0.4, 2.5, 2.0),
            (Fun::Log, 1.0, 3e38, 2.0),
            (Fun::Log1p, -0.999, 3.0, 2.5),
            (Fun::Log1p, 0.0, 1e30, 2.0),
            (Fun::Tanh, -12.0, 12.0, 3.0),
            (Fun::Sigmoid, -80.0, 40.0, 3.0),
            (Fun::Softplus, -80.0, 40.0, 3.0),
            (Fun::Erf, -5.0, 5.0, 2.0),
            (Fun::Trunc, -5.0, 5.0, 0.0),
        ];
        for at in levels() {
            with_level(at, || {
                for (f, low, high, limit) in rows {
                    let (single, double) = (worst::<f32>(f, low, high), worst::<f64>(f, low, high));
                    assert!(single.0 <= limit, "{f:?} {at:?} f32: {single:?}");
                    assert!(double.0 <= limit + 1.0, "{f:?} {at:?} f64: {double:?}");
                }
            });
        }
    }

    #[test]
    fn edges() {
        fn check<T: Math>() {
            let call = |f, x: f64| {
                let mut y = [T::from_f64(x)];
                dispatch(Probe(f, &mut y));
                y[0].to_f64()
            };
            let inf = f64::INFINITY;
            let rows = [
                (Fun::Exp, inf, inf),
                (Fun::Exp, -inf, 0.0),
                (Fun::Exp, 0.0, 1.0),
                (Fun::Exp, 1e4, inf),
                (Fun::Exp, -1e4, 0.0),
                (Fun::ExpBelow, -inf, 0.0),
                (Fun::ExpBelow, -1e4, 0.0),
                (Fun::ExpBelow, 0.0, 1.0),
                (Fun::Expm1, inf, inf),
                (Fun::Expm1, -inf, -1.0),
                (Fun::Log, 0.0, -inf),
                (Fun::Log, inf, inf),
                (Fun::Log, 1.0, 0.0),
                (Fun::Log1p, -1.0, -inf),
                (Fun::Log1p, inf, inf),
                (Fun::Tanh, inf, 1.0),
                (Fun::Tanh, -inf, -1.0),
                (Fun::Sigmoid, inf, 1.0),
                (Fun::Sigmoid, -inf, 0.0),
                (Fun::Softplus, inf, inf),
                (Fun::Softplus, -inf, 0.0),
                (Fun::Erf, inf, 1.0),
                (Fun::Erf, -inf, -1.0),
            ];
            for (f, x, want) in rows {
                assert_eq!(call(f, x), want, "{f:?}({x})");
            }
            for f in [
                Fun::Exp,
                Fun::ExpBelow,
                Fun::Expm1,
                Fun::Log,
                Fun::Log1p,
                Fun::Tanh,
                Fun::Sigmoid,
                Fun::Softplus,
                Fun::Erf,
            ] {
                assert!(call(f, f64::NAN).is_nan(), "{f:?}(NaN)");
            }
            assert!(call(Fun::Log, -1.0).is_nan() && call(Fun::Log1p, -2.0).is_nan());
            // Denormal arguments of log.
            let tiny = T::MIN_POSITIVE.to_f64() / 8.0;
            assert!((call(Fun::Log, tiny) / libm::log(tiny) - 1.0).abs() < 1e-6);
            assert_eq!(call(Fun::Tanh, -0.0).to_bits(), (-0.0_f64).to_bits());
        }
        for at in levels() {
            with_level(at, || {
                check::<f32>();
                check::<f64>();
            });
        }
    }
}

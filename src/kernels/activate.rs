//! Activations and their derivatives over lanes, one pass each.

use serde::Serialize;

use super::elementwise::{Broadcast, Map, Zip, map, zip};
use super::math::{self, Math, number};
use super::simd::Lanes;

/// Activations with a kernel of their own. Derivatives of those above the line are taken from the output, so that the
/// input's memory may be written over; the others need the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Activate {
    /// max(slope x, x) for slope <= 1, cut off at `top`; f' = 1, slope, or 0 from `top` on.
    Relu {
        slope: f64,
        #[serde(serialize_with = "crate::config::any_float")]
        top: f64,
    },
    /// x, or alpha (exp x - 1) below 0, times `scale`; f' = scale, or y + scale alpha
    Elu { alpha: f64, scale: f64 },
    /// 1 / (1 + exp(-x)); f' = y (1 - y)
    Sigmoid,
    /// tanh x; f' = 1 - y^2
    Tanh,
    /// ln(1 + exp x); f' = 1 - exp(-y)
    Softplus,
    // ---
    /// x sigmoid(x); f' = s (1 + x (1 - s))
    Silu,
    /// x Phi(x), Phi the normal distribution; f' = Phi + x phi
    Gelu,
    /// x / (1 + |x|); f' = 1 / (1 + |x|)^2
    Softsign,
}

impl Activate {
    /// Whether the derivative is a function of the output.
    pub fn from_output(self) -> bool {
        !matches!(self, Activate::Silu | Activate::Gelu | Activate::Softsign)
    }
}

macro_rules! each {
    ($self:expr, $job:ident) => {
        match $self {
            Activate::Relu { slope, top } => $job!(Relu { slope, top }),
            Activate::Elu { alpha, scale } => $job!(Elu { alpha, scale }),
            Activate::Sigmoid => $job!(Sigmoid),
            Activate::Tanh => $job!(Tanh),
            Activate::Softplus => $job!(Softplus),
            Activate::Silu => $job!(Silu),
            Activate::Gelu => $job!(Gelu),
            Activate::Softsign => $job!(Softsign),
        }
    };
}

/// out = f(x)
///
/// # Safety
/// As for [`map`].
pub unsafe fn forward<T: Math>(f: Activate, x: *const T, out: *mut T, n: usize) {
    macro_rules! job {
        ($f:expr) => {
            // SAFETY: by the caller's promise.
            unsafe { map($f, x, out, n) }
        };
    }
    each!(f, job);
}

/// out = f'(a) g, where a is the output or the input of f, as `from_output` says.
///
/// # Safety
/// All three hold `n` elements; `out` is one of the inputs or overlaps neither.
pub unsafe fn gradient<T: Math>(f: Activate, a: *const T, g: *const T, out: *mut T, n: usize) {
    let plan = Broadcast::new(&[n], [&[n], &[n]]);
    macro_rules! job {
        ($f:expr) => {
            // SAFETY: by the caller's promise.
            unsafe { zip($f, &plan, a, g, out) }
        };
    }
    each!(f, job);
}

macro_rules! activation {
    ($name:ident { $($field:ident),* }, |$x:ident| $f:expr, |$a:ident, $g:ident| $df:expr) => {
        #[derive(Clone, Copy)]
        struct $name { $($field: f64),* }
        impl<T: Math> Map<T> for $name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $x: L) -> L {
                let Self { $($field),* } = self;
                $f
            }
        }
        impl<T: Math> Zip<T> for $name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $a: L, $g: L) -> L {
                #[allow(unused_variables)]
                let Self { $($field),* } = self;
                $df
            }
        }
    };
    ($name:ident, |$x:ident| $f:expr, |$a:ident, $g:ident| $df:expr) => {
        #[derive(Clone, Copy)]
        struct $name;
        impl<T: Math> Map<T> for $name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $x: L) -> L { $f }
        }
        impl<T: Math> Zip<T> for $name {
            #[inline(always)]
            fn at<L: Lanes<T>>(self, $a: L, $g: L) -> L { $df }
        }
    };
}

activation!(
    Relu { slope, top },
    |x| {
        let zero = L::splat(T::ZERO);
        let y = if slope == 0.0 {
            // max gives its second operand for NaN: a NaN stays a NaN.
            zero.max(x)
        } else {
            L::select(x.lt(zero), x.mul(number(slope)), x)
        };
        if top == f64::INFINITY {
            y
        } else {
            number::<T, L>(top).min(y)
        }
    },
    |y, g| {
        let zero = L::splat(T::ZERO);
        let low = if slope == 0.0 { zero } else { g.mul(number(slope)) };
        let d = L::select(y.gt(zero), g, low);
        if top == f64::INFINITY {
            d
        } else {
            L::select(y.ge(number(top)), zero, d)
        }
    }
);

activation!(
    Elu { alpha, scale },
    |x| {
        let zero = L::splat(T::ZERO);
        let low = math::expm1(x).mul(number(alpha * scale));
        let high = if scale == 1.0 { x } else { x.mul(number(scale)) };
        L::select(x.gt(zero), high, low)
    },
    |y, g| {
        let zero = L::splat(T::ZERO);
        let high = if scale == 1.0 { g } else { g.mul(number(scale)) };
        L::select(y.gt(zero), high, y.add(number(alpha * scale)).mul(g))
    }
);

activation!(Sigmoid, |x| math::sigmoid(x), |y, g| y.neg_mul_add(y, y).mul(g));

activation!(Tanh, |x| math::tanh(x), |y, g| y
    .neg_mul_add(y, L::splat(T::ONE))
    .mul(g));

// 1 - exp(-y) = sigmoid(x)
activation!(Softplus, |x| math::softplus(x), |y, g| math::expm1(y.neg())
    .neg()
    .mul(g));

activation!(Silu, |x| math::sigmoid(x).mul(x), |x, g| {
    let s = math::sigmoid(x);
    let one = L::splat(T::ONE);
    one.sub(s).mul_add(x, one).mul(s).mul(g)
});

activation!(Gelu, |x| math::normal_cdf(x).mul(x), |x, g| {
    math::normal_pdf(x).mul_add(x, math::normal_cdf(x)).mul(g)
});

activation!(Softsign, |x| x.div(x.abs().add(L::splat(T::ONE))), |x, g| {
    let d = x.abs().add(L::splat(T::ONE));
    g.div(d.mul(d))
});

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(f: Activate, x: f64) -> f64 {
        match f {
            Activate::Relu { slope, top } => (if x < 0.0 { slope * x } else { x }).min(top),
            Activate::Elu { alpha, scale } => scale * if x > 0.0 { x } else { alpha * x.exp_m1() },
            Activate::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activate::Tanh => x.tanh(),
            Activate::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Activate::Silu => x / (1.0 + (-x).exp()),
            Activate::Gelu => x * 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
            Activate::Softsign => x / (1.0 + x.abs()),
        }
    }

    const ALL: [Activate; 10] = [
        Activate::Relu {
            slope: 0.0,
            top: f64::INFINITY,
        },
        Activate::Relu {
            slope: 0.3,
            top: f64::INFINITY,
        },
        Activate::Relu { slope: 0.0, top: 6.0 },
        Activate::Elu {
            alpha: 1.3,
            scale: 1.0,
        },
        Activate::Elu {
            alpha: 1.673_263_242_354_377_2,
            scale: 1.050_700_987_355_480_5,
        },
        Activate::Sigmoid,
        Activate::Tanh,
        Activate::Softplus,
        Activate::Silu,
        Activate::Gelu,
    ];

    #[test]
    fn values_and_slopes_agree_with_their_formulas() {
        let x: Vec<f64> = (0..77).map(|i| (f64::from(i) - 38.0) / 4.3 + 0.01).collect();
        for f in ALL.into_iter().chain([Activate::Softsign]) {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            let g = vec![2.0; x.len()];
            // SAFETY: arrays of one length.
            unsafe {
                forward(f, x.as_ptr(), y.as_mut_ptr(), x.len());
                let a = if f.from_output() { &y } else { &x };
                gradient(f, a.as_ptr(), g.as_ptr(), dx.as_mut_ptr(), x.len());
            }
            for i in 0..x.len() {
                assert!(
                    (y[i] - scalar(f, x[i])).abs() < 1e-12,
                    "{f:?} at {}: {}",
                    x[i],
                    y[i]
                );
                let want = (scalar(f, x[i] + 1e-6) - scalar(f, x[i] - 1e-6)) / 1e-6;
                assert!(
                    (dx[i] - want).abs() < 1e-6,
                    "{f:?}' at {}: {} {want}",
                    x[i],
                    dx[i]
                );
            }
        }
    }

    #[test]
    fn kinks_and_nan() {
        let x = [0.0f32, -0.0, f32::NAN, 6.0];
        let f = Activate::Relu { slope: 0.0, top: 6.0 };
        let (mut y, mut dx) = ([9.0; 4], [9.0; 4]);
        // SAFETY: arrays of one length.
        unsafe {
            forward(f, x.as_ptr(), y.as_mut_ptr(), 4);
            gradient(f, y.as_ptr(), [1.0f32; 4].as_ptr(), dx.as_mut_ptr(), 4);
        }
        assert!(y[2].is_nan(), "{y:?}");
        assert_eq!([dx[0], dx[1], dx[3]], [0.0, 0.0, 0.0]);
    }
}

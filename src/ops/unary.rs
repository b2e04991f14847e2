//! Elementwise functions of one value: y = f(x), dx = dy f'(x).
//!
//! Integers become float32 where f leaves the integers.

use serde::Serialize;

use super::op::{Op, OpFn, Pass, Run};
use super::table::rows;
use super::{add, cast, divide, equal, multiply, power, subtract, to_float};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::elementwise::map_scalar;
use crate::kernels::functions::{Function, Integer};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// dx from x, y = f(x) and dy; `None` where f is flat.
type Rule = fn(&Value, &Value, &Value) -> Result<Option<Value>>;

#[derive(Clone, Copy, Serialize)]
struct Unary {
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    f: Function,
    #[serde(skip)]
    rule: Rule,
}

impl std::fmt::Debug for Unary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The input's elements and the output's, which may be the same memory.
pub(super) fn pointers<A: Element, O: Element>(
    x: &View<'_>,
    y: &mut ViewMut<'_>,
) -> (*const A, *mut O, usize) {
    assert!(
        x.dtype() == A::DTYPE && y.dtype() == O::DTYPE,
        "element types of a map"
    );
    (x.as_ptr().cast(), y.as_mut_ptr().cast(), y.len())
}

fn run_integer<T: Element + Integer>(f: Function, x: &View<'_>, y: &mut ViewMut<'_>) {
    let (x, y, n) = pointers::<T, T>(x, y);
    // SAFETY: both hold n elements.
    unsafe { map_scalar(|v| T::map(f, v), x, y, n) }
}

impl Op for Unary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            let (a, b, n) = pointers::<T, T>(&x[0], &mut y[0]);
            // SAFETY: both hold n elements.
            unsafe { self.f.run(a, b, n) }
        }, else => match x[0].dtype() {
            DType::I32 => run_integer::<i32>(self.f, &x[0], &mut y[0]),
            DType::I64 => run_integer::<i64>(self.f, &x[0], &mut y[0]),
            DType::U8 => run_integer::<u8>(self.f, &x[0], &mut y[0]),
            other => return Err(Error::type_error(self.name).expected("numbers").got(other.name())),
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![(self.rule)(
            &pass.inputs[0],
            &pass.outputs[0],
            pass.grad()?,
        )?])
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }
}

/// Booleans as int32, numbers as they are.
pub(crate) fn to_number(x: &Value) -> Result<Value> {
    if x.dtype() == DType::Bool {
        cast(x, DType::I32)
    } else {
        Ok(x.clone())
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $f:ident on $domain:ident, |$x:ident, $y:ident, $g:ident| $rule:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(x: &Value) -> Result<Value> {
                #[allow(clippy::unnecessary_wraps)] // flat functions have the type of the others
                fn rule($x: &Value, $y: &Value, $g: &Value) -> Result<Option<Value>> { $rule }
                apply(Unary { name: stringify!($name), f: Function::$f, rule }, &[&$domain(x)?])
            }
        )*
    };
}

/// g / d, and g where only a number divides.
fn over(g: &Value, d: &Value) -> Result<Option<Value>> {
    divide(g, d).map(Some)
}

fn times(g: &Value, d: &Value) -> Result<Option<Value>> {
    multiply(g, d).map(Some)
}

/// 1 - v, 1 + v
fn one_minus(v: &Value) -> Result<Value> {
    subtract(&v.like(1.0)?, v)
}
fn one_plus(v: &Value) -> Result<Value> {
    add(&v.like(1.0)?, v)
}

unary! {
    /// -x; f' = -1
    negative = Negative on to_number, |_x, _y, g| negative(g).map(Some);
    /// |x|; f' = sign(x), 0 at 0
    absolute = Abs on to_number, |x, _y, g| times(g, &sign(x)?);
    /// -1, 0 or 1; f' = 0
    sign = Sign on to_number, |_x, _y, _g| Ok(None);
    /// x^2; f' = 2x
    square = Square on to_number, |x, _y, g| times(g, &multiply(&x.like(2.0)?, x)?);
    /// sqrt(x); f' = 1 / (2 y)
    sqrt = Sqrt on to_float, |_x, y, g| over(g, &multiply(&y.like(2.0)?, y)?);
    /// 1 / sqrt(x); f' = -y^3 / 2
    rsqrt = Rsqrt on to_float, |_x, y, g| times(g, &multiply(&multiply(&y.like(-0.5)?, y)?, &square(y)?)?);
    /// 1 / x; f' = -y^2
    reciprocal = Reciprocal on to_float, |_x, y, g| times(g, &negative(&square(y)?)?);
    /// exp(x); f' = y
    exp = Exp on to_float, |_x, y, g| times(g, y);
    /// 2^x; f' = y ln 2
    exp2 = Exp2 on to_float, |_x, y, g| times(g, &multiply(&y.like(std::f64::consts::LN_2)?, y)?);
    /// exp(x) - 1; f' = y + 1
    expm1 = Expm1 on to_float, |_x, y, g| times(g, &one_plus(y)?);
    /// ln x; f' = 1/x
    log = Log on to_float, |x, _y, g| over(g, x);
    /// ln(1 + x); f' = 1 / (1 + x)
    log1p = Log1p on to_float, |x, _y, g| over(g, &one_plus(x)?);
    /// log2(x); f' = 1 / (x ln 2)
    log2 = Log2 on to_float, |x, _y, g| over(g, &multiply(&x.like(std::f64::consts::LN_2)?, x)?);
    /// log10(x); f' = 1 / (x ln 10)
    log10 = Log10 on to_float, |x, _y, g| over(g, &multiply(&x.like(std::f64::consts::LN_10)?, x)?);
    /// sin x; f' = cos x
    sin = Sin on to_float, |x, _y, g| times(g, &cos(x)?);
    /// cos x; f' = -sin x
    cos = Cos on to_float, |x, _y, g| times(g, &negative(&sin(x)?)?);
    /// tan x; f' = 1 + y^2
    tan = Tan on to_float, |_x, y, g| times(g, &one_plus(&square(y)?)?);
    /// arcsin x; f' = 1 / sqrt(1 - x^2)
    arcsin = Arcsin on to_float, |x, _y, g| times(g, &rsqrt(&one_minus(&square(x)?)?)?);
    /// arccos x; f' = -1 / sqrt(1 - x^2)
    arccos = Arccos on to_float, |x, _y, g| times(g, &negative(&rsqrt(&one_minus(&square(x)?)?)?)?);
    /// arctan x; f' = 1 / (1 + x^2)
    arctan = Arctan on to_float, |x, _y, g| over(g, &one_plus(&square(x)?)?);
    /// sinh x; f' = cosh x
    sinh = Sinh on to_float, |x, _y, g| times(g, &cosh(x)?);
    /// cosh x; f' = sinh x
    cosh = Cosh on to_float, |x, _y, g| times(g, &sinh(x)?);
    /// tanh x; f' = 1 - y^2
    tanh = Tanh on to_float, |_x, y, g| times(g, &one_minus(&square(y)?)?);
    /// arsinh x; f' = 1 / sqrt(x^2 + 1)
    arcsinh = Arcsinh on to_float, |x, _y, g| times(g, &rsqrt(&one_plus(&square(x)?)?)?);
    /// arcosh x; f' = 1 / sqrt(x^2 - 1)
    arccosh = Arccosh on to_float, |x, _y, g| times(g, &rsqrt(&subtract(&square(x)?, &x.like(1.0)?)?)?);
    /// artanh x; f' = 1 / (1 - x^2)
    arctanh = Arctanh on to_float, |x, _y, g| over(g, &one_minus(&square(x)?)?);
    /// erf x; f' = 2/sqrt(pi) exp(-x^2)
    erf = Erf on to_float, |x, _y, g| {
        times(g, &multiply(&x.like(std::f64::consts::FRAC_2_SQRT_PI)?, &exp(&negative(&square(x)?)?)?)?)
    };
    /// 1 - erf x, exact where erf is nearly 1; f' = -2/sqrt(pi) exp(-x^2)
    erfc = Erfc on to_float, |x, _y, g| {
        times(g, &multiply(&x.like(-std::f64::consts::FRAC_2_SQRT_PI)?, &exp(&negative(&square(x)?)?)?)?)
    };
    /// The inverse of erf; f' = sqrt(pi)/2 exp(y^2)
    erfinv = Erfinv on to_float, |_x, y, g| {
        times(g, &multiply(&y.like(1.0 / std::f64::consts::FRAC_2_SQRT_PI)?, &exp(&square(y)?)?)?)
    };
    /// floor x; f' = 0
    floor = Floor on to_float, |_x, _y, _g| Ok(None);
    /// ceil x; f' = 0
    ceil = Ceil on to_float, |_x, _y, _g| Ok(None);
    /// The nearest integer, halves to even; f' = 0
    round_whole = Round on to_number, |_x, _y, _g| Ok(None);
    /// x without its fraction; f' = 0
    trunc = Trunc on to_number, |_x, _y, _g| Ok(None);
}

/// |x|
pub fn abs(x: &Value) -> Result<Value> {
    absolute(x)
}

/// x rounded to this many decimals, halves to even: round(x 10^d) / 10^d.
pub fn round(x: &Value, decimals: i32) -> Result<Value> {
    if decimals == 0 || !x.dtype().is_float() {
        return round_whole(x);
    }
    let scale = x.like(libm::exp10(f64::from(decimals)))?;
    divide(&round_whole(&multiply(x, &scale)?)?, &scale)
}

/// The cube root: sign(x) |x|^(1/3)
pub fn cbrt(x: &Value) -> Result<Value> {
    let x = to_float(x)?;
    multiply(&sign(&x)?, &power(&abs(&x)?, &x.like(1.0 / 3.0)?)?)
}

/// not x: true where x is zero.
pub fn logical_not(x: &Value) -> Result<Value> {
    equal(x, &x.like(0.0)?)
}

#[derive(Debug, Clone, Copy, Serialize)]
enum Class {
    Nan,
    Infinite,
    Finite,
}

/// Which kind of number each element is; integers are finite.
#[derive(Debug, Serialize)]
struct Classify(Class);

impl Op for Classify {
    fn name(&self) -> &'static str {
        match self.0 {
            Class::Nan => "isnan",
            Class::Infinite => "isinf",
            Class::Finite => "isfinite",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(DType::Bool).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            let (a, b, n) = pointers::<T, Bool>(&x[0], &mut y[0]);
            // SAFETY: both hold n elements.
            unsafe {
                match self.0 {
                    Class::Nan => map_scalar(|v: T| Bool::from(v.is_nan()), a, b, n),
                    Class::Infinite => map_scalar(|v: T| Bool::from(v.is_infinite()), a, b, n),
                    Class::Finite => map_scalar(|v: T| Bool::from(v.is_finite()), a, b, n),
                }
            }
        }, else => y[0].slice_mut::<Bool>().fill(matches!(self.0, Class::Finite).into()));
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// x is NaN
pub fn isnan(x: &Value) -> Result<Value> {
    apply(Classify(Class::Nan), &[x])
}

/// x is infinite
pub fn isinf(x: &Value) -> Result<Value> {
    apply(Classify(Class::Infinite), &[x])
}

/// x is neither infinite nor NaN
pub fn isfinite(x: &Value) -> Result<Value> {
    apply(Classify(Class::Finite), &[x])
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundAttrs {
    #[serde(default)]
    decimals: i32,
}

pub(super) const OPS: &[&[(&str, OpFn)]] = &[
    rows!(1: negative, absolute, abs, sign, square, sqrt, rsqrt, reciprocal, exp, exp2, expm1, log, log1p, log2, log10,
        sin, cos, tan, arcsin, arccos, arctan, sinh, cosh, tanh, arcsinh, arccosh, arctanh, erf, erfinv, erfc, cbrt,
        floor, ceil, trunc, logical_not, isnan, isinf, isfinite; 2:),
    &[("round", |x, attrs| {
        let [a] = super::arity("round", x)?;
        let attrs: RoundAttrs = super::parse_attrs("round", attrs)?;
        Ok(vec![round(&a, attrs.decimals)?])
    })],
];

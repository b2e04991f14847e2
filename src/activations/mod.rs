//! Activations by name, as `keras.activations` has them: one row each. Those with a kernel of their own (see
//! `kernels::activate`) take one pass; the others are put together from ops.

use serde::{Deserialize, Serialize};

use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::activate::{self, Activate};
use crate::ops::{
    self, Attrs, Axes, Op, Pass, Role, Run, absolute, add, cast, divide, exp, greater, less, log_softmax,
    maximum, minimum, multiply, negative, parse_attrs, softmax, sqrt, square, stop_gradient, subtract, tanh,
    to_float, where_, zeros_like,
};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// SELU's constants (Klambauer et al. 2017): the fixed point is mean 0, variance 1.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

#[derive(Debug, Clone, Copy, Serialize)]
struct Activation {
    name: &'static str,
    f: Activate,
}

impl Op for Activation {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].len();
        float_dispatch!(x[0].dtype(), T => {
            // SAFETY: n elements each; the same memory, or apart.
            unsafe { activate::forward::<T>(self.f, x[0].as_ptr().cast(), y[0].as_mut_ptr().cast(), n) };
            Ok(())
        }, else => Err(Error::type_error(self.name).expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let a = if self.f.from_output() {
            &pass.outputs[0]
        } else {
            &pass.inputs[0]
        };
        Ok(vec![Some(apply(Slope(*self), &[a, pass.grad()?])?)])
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Activation(self.f)
    }
}

/// f'(a) g, with a the output or input of f.
#[derive(Debug, Clone, Copy, Serialize)]
struct Slope(Activation);

impl Op for Slope {
    fn name(&self) -> &'static str {
        "activation_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].len();
        float_dispatch!(x[0].dtype(), T => {
            // SAFETY: n elements each; the same memory, or apart.
            unsafe {
                activate::gradient::<T>(self.0.f, x[0].as_ptr().cast(), x[1].as_ptr().cast(), y[0].as_mut_ptr().cast(), n);
            }
            Ok(())
        }, else => Err(Error::type_error(self.0.name).expected("floats").got(x[0].dtype().name())))
    }

    // dg = f'(a) h;  da = h g d(f')/da
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, g, h) = (&pass.inputs[0], &pass.inputs[1], pass.grad()?);
        let bend = if pass.needs[0] { self.bend(a)? } else { None };
        let da = bend.map(|b| multiply(&multiply(h, g)?, &b)).transpose()?;
        Ok(vec![da, Some(apply(*self, &[a, h])?)])
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }

    fn role(&self) -> Role {
        Role::Slope(self.0.f)
    }
}

impl Slope {
    /// d f' / da, as ops: of the output or of the input, whichever f' is a function of.
    fn bend(&self, a: &Value) -> Result<Option<Value>> {
        let number = |v: f64| a.like(v);
        Ok(match self.0.f {
            // f' = 1, slope or 0: flat.
            Activate::Relu { .. } => None,
            // f' = y + scale alpha below 0
            Activate::Elu { .. } => Some(cast(&less(a, &number(0.0)?)?, a.dtype())?),
            // f' = y - y^2
            Activate::Sigmoid => Some(subtract(&number(1.0)?, &multiply(&number(2.0)?, a)?)?),
            // f' = 1 - y^2
            Activate::Tanh => Some(multiply(&number(-2.0)?, a)?),
            // f' = 1 - exp(-y)
            Activate::Softplus => Some(exp(&negative(a)?)?),
            // f' = s (1 + x (1 - s));  f'' = s (1 - s) (2 + x (1 - 2 s))
            Activate::Silu => {
                let s = sigmoid(a)?;
                let slope = multiply(&s, &subtract(&number(1.0)?, &s)?)?;
                let inner = multiply(a, &subtract(&number(1.0)?, &multiply(&number(2.0)?, &s)?)?)?;
                Some(multiply(&slope, &add(&number(2.0)?, &inner)?)?)
            }
            // f' = Phi + x phi;  f'' = phi (2 - x^2)
            Activate::Gelu => {
                let pdf = multiply(
                    &number(0.398_942_280_401_432_7)?,
                    &exp(&multiply(&number(-0.5)?, &square(a)?)?)?,
                )?;
                Some(multiply(&pdf, &subtract(&number(2.0)?, &square(a)?)?)?)
            }
            // f' = (1 + |x|)^-2;  f'' = -2 sign(x) (1 + |x|)^-3
            Activate::Softsign => {
                let d = add(&number(1.0)?, &absolute(a)?)?;
                let cube = multiply(&d, &square(&d)?)?;
                Some(divide(&multiply(&number(-2.0)?, &ops::sign(a)?)?, &cube)?)
            }
        })
    }
}

fn fused(name: &'static str, f: Activate, x: &Value) -> Result<Value> {
    apply(Activation { name, f }, &[&to_float(x)?])
}

/// What `keras.activations` functions take besides x.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    negative_slope: Option<f64>,
    max_value: Option<f64>,
    threshold: Option<f64>,
    default_value: Option<f64>,
    alpha: Option<f64>,
    approximate: Option<bool>,
    axis: Option<crate::config::Axes>,
    b: Option<f64>,
}

impl Settings {
    /// All the axes, the last if none is given.
    fn axes(&self) -> Vec<i64> {
        self.axis
            .as_ref()
            .map_or_else(|| vec![-1], crate::config::Axes::to_vec)
    }

    /// The axis, of functions that take one.
    fn axis(&self) -> Result<i64> {
        match self.axes()[..] {
            [axis] => Ok(axis),
            ref axes => Err(Error::value("activation")
                .expected("one axis")
                .got(format!("{axes:?}"))
                .hint("Pass axis=-1")),
        }
    }
}

// max_value if x >= max_value;  x if x > threshold;  negative_slope (x - threshold) otherwise
fn relu_general(x: &Value, s: &Settings) -> Result<Value> {
    let (slope, top, threshold) = (
        s.negative_slope.unwrap_or(0.0),
        s.max_value.unwrap_or(f64::INFINITY),
        s.threshold.unwrap_or(0.0),
    );
    if threshold == 0.0 && slope >= 0.0 && top > 0.0 {
        return fused("relu", Activate::Relu { slope, top }, x);
    }
    let x = to_float(x)?;
    let low = multiply(&x.like(slope)?, &subtract(&x, &x.like(threshold)?)?)?;
    let y = where_(&ops::greater(&x, &x.like(threshold)?)?, &x, &low)?;
    if top == f64::INFINITY {
        Ok(y)
    } else {
        minimum(&y, &x.like(top)?)
    }
}

/// max(x, 0)
pub fn relu(x: &Value) -> Result<Value> {
    fused(
        "relu",
        Activate::Relu {
            slope: 0.0,
            top: f64::INFINITY,
        },
        x,
    )
}

/// 1 / (1 + exp(-x))
pub fn sigmoid(x: &Value) -> Result<Value> {
    fused("sigmoid", Activate::Sigmoid, x)
}

/// ln(1 + exp x)
pub fn softplus(x: &Value) -> Result<Value> {
    fused("softplus", Activate::Softplus, x)
}

// clip(x/6 + 1/2, 0, 1)
fn hard_sigmoid(x: &Value) -> Result<Value> {
    let x = to_float(x)?;
    let line = add(&multiply(&x, &x.like(1.0 / 6.0)?)?, &x.like(0.5)?)?;
    fused("hard_sigmoid", Activate::Relu { slope: 0.0, top: 1.0 }, &line)
}

// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
fn gelu_tanh(x: &Value) -> Result<Value> {
    let x = to_float(x)?;
    let cubic = multiply(&multiply(&x.like(0.044_715)?, &x)?, &square(&x)?)?;
    let t = tanh(&multiply(
        &x.like((2.0 / std::f64::consts::PI).sqrt())?,
        &add(&x, &cubic)?,
    )?)?;
    multiply(&multiply(&x.like(0.5)?, &x)?, &add(&x.like(1.0)?, &t)?)
}

// x where |x| > threshold, else 0
fn hard_shrink(x: &Value, threshold: f64) -> Result<Value> {
    let x = to_float(x)?;
    where_(
        &greater(&absolute(&x)?, &x.like(threshold)?)?,
        &x,
        &zeros_like(&x)?,
    )
}

// sign(x) max(|x| - threshold, 0);  the slope at both kinks is that of the flat piece
fn soft_shrink(x: &Value, threshold: f64) -> Result<Value> {
    let x = to_float(x)?;
    let t = x.like(threshold)?;
    subtract(&relu(&subtract(&x, &t)?)?, &relu(&negative(&add(&x, &t)?)?)?)
}

// min(max(x, -1), 1);  the slope at both kinks is that of the steep piece
fn hard_tanh(x: &Value) -> Result<Value> {
    let x = to_float(x)?;
    let one = x.like(1.0)?;
    let clipped = maximum(&x.like(-1.0)?, &minimum(&one, &x)?)?;
    where_(&ops::less_equal(&absolute(&x)?, &one)?, &x, &clipped)
}

// max(x, 0) + min(alpha (exp(x / alpha) - 1), 0)
fn celu(x: &Value, alpha: f64) -> Result<Value> {
    let x = to_float(x)?;
    let zero = x.like(0.0)?;
    let low = minimum(&x, &zero)?;
    let low = multiply(&x.like(alpha)?, &ops::expm1(&divide(&low, &x.like(alpha)?)?)?)?;
    add(&maximum(&x, &zero)?, &low)
}

// 0 for x <= -1;  (x + 1)^2 / 4;  x for x >= 1
fn sparse_plus(x: &Value) -> Result<Value> {
    let x = to_float(x)?;
    let one = x.like(1.0)?;
    let middle = multiply(&x.like(0.25)?, &square(&add(&x, &one)?)?)?;
    let low = where_(&ops::less_equal(&x, &x.like(-1.0)?)?, &zeros_like(&x)?, &middle)?;
    where_(&ops::greater_equal(&x, &one)?, &x, &low)
}

// (x + sqrt(x^2 + b)) / 2
fn squareplus(x: &Value, b: f64) -> Result<Value> {
    let x = to_float(x)?;
    multiply(&x.like(0.5)?, &add(&x, &sqrt(&add(&square(&x)?, &x.like(b)?)?)?)?)
}

// max(x - tau, 0) with tau such that the results add up to 1 (Martins and Astudillo 2016). The support, the largest k
// entries with 1 + k x_(k) > x_(1) + ... + x_(k), is found without gradients; tau is differentiable given the support.
fn sparsemax(x: &Value, axis: i64) -> Result<Value> {
    let x = to_float(x)?;
    let along = || Axes::One(axis);
    let sorted = ops::flip(&ops::sort(&stop_gradient(&x)?, axis)?, &along())?;
    let rank = ops::cumsum(&ops::ones_like(&sorted)?, Some(axis))?;
    let total = ops::cumsum(&sorted, Some(axis))?;
    let inside = greater(&add(&x.like(1.0)?, &multiply(&rank, &sorted)?)?, &total)?;
    let smallest = ops::min(
        &where_(
            &inside,
            &sorted,
            &ops::full_like(&sorted, f64::INFINITY, x.dtype())?,
        )?,
        along(),
        true,
    )?;
    let support = cast(&ops::greater_equal(&x, &smallest)?, x.dtype())?;
    let sum = ops::sum(&multiply(&x, &support)?, along(), true)?;
    let tau = divide(
        &subtract(&sum, &x.like(1.0)?)?,
        &ops::sum(&support, along(), true)?,
    )?;
    // Outside the support a negative number times 0 is -0: adding 0 makes it 0.
    add(&multiply(&subtract(&x, &tau)?, &support)?, &x.like(0.0)?)
}

// a sigmoid(b), x = [a, b] cut in two along the axis
fn glu(x: &Value, axis: i64) -> Result<Value> {
    let x = to_float(x)?;
    let at = crate::shape::axis_index("glu", axis, x.rank())?;
    match x.dims()[at] {
        Some(n) if n % 2 == 0 => {
            let half = (n / 2) as i64;
            multiply(
                &ops::slice_axis(&x, at, 0, Some(half))?,
                &sigmoid(&ops::slice_axis(&x, at, half, None)?)?,
            )
        }
        _ => Err(Error::value("glu")
            .expected(format!("an even size at axis {axis}"))
            .got(x.spec().describe())),
    }
}

type Rule = fn(&Value, &Settings) -> Result<Value>;

/// Every activation by its Keras name.
const ACTIVATIONS: &[(&str, Rule)] = &[
    ("celu", |x, s| celu(x, s.alpha.unwrap_or(1.0))),
    ("elu", |x, s| {
        fused(
            "elu",
            Activate::Elu {
                alpha: s.alpha.unwrap_or(1.0),
                scale: 1.0,
            },
            x,
        )
    }),
    ("exponential", |x, _| exp(x)),
    ("gelu", |x, s| {
        if s.approximate.unwrap_or(false) {
            gelu_tanh(x)
        } else {
            fused("gelu", Activate::Gelu, x)
        }
    }),
    ("glu", |x, s| glu(x, s.axis()?)),
    ("hard_shrink", |x, s| hard_shrink(x, s.threshold.unwrap_or(0.5))),
    ("hard_sigmoid", |x, _| hard_sigmoid(x)),
    ("hard_silu", |x, _| multiply(&to_float(x)?, &hard_sigmoid(x)?)),
    ("hard_tanh", |x, _| hard_tanh(x)),
    ("leaky_relu", |x, s| {
        relu_general(
            x,
            &Settings {
                negative_slope: Some(s.negative_slope.unwrap_or(0.2)),
                ..Settings::default()
            },
        )
    }),
    ("linear", |x, _| Ok(x.clone())),
    ("log_sigmoid", |x, _| {
        negative(&softplus(&negative(&to_float(x)?)?)?)
    }),
    ("log_softmax", |x, s| log_softmax(&to_float(x)?, s.axis()?)),
    ("mish", |x, _| multiply(&to_float(x)?, &tanh(&softplus(x)?)?)),
    ("relu", relu_general),
    ("relu6", |x, _| {
        fused("relu6", Activate::Relu { slope: 0.0, top: 6.0 }, x)
    }),
    ("selu", |x, _| {
        fused(
            "selu",
            Activate::Elu {
                alpha: SELU_ALPHA,
                scale: SELU_SCALE,
            },
            x,
        )
    }),
    ("sigmoid", |x, _| sigmoid(x)),
    ("silu", |x, _| fused("silu", Activate::Silu, x)),
    ("soft_shrink", |x, s| soft_shrink(x, s.threshold.unwrap_or(0.5))),
    ("softmax", |x, s| softmax_over(&to_float(x)?, &s.axes())),
    ("softplus", |x, _| softplus(x)),
    ("softsign", |x, _| fused("softsign", Activate::Softsign, x)),
    ("sparse_plus", |x, _| sparse_plus(x)),
    ("sparse_sigmoid", |x, _| {
        let x = to_float(x)?;
        let line = multiply(&x.like(0.5)?, &add(&x, &x.like(1.0)?)?)?;
        fused("sparse_sigmoid", Activate::Relu { slope: 0.0, top: 1.0 }, &line)
    }),
    ("sparsemax", |x, s| sparsemax(x, s.axis()?)),
    ("squareplus", |x, s| squareplus(x, s.b.unwrap_or(4.0))),
    ("tanh", |x, _| fused("tanh", Activate::Tanh, x)),
    ("tanh_shrink", |x, _| {
        let x = to_float(x)?;
        subtract(&x, &tanh(&x)?)
    }),
    ("threshold", |x, s| {
        let x = to_float(x)?;
        let default = ops::full_like(&x, s.default_value.unwrap_or(0.0), x.dtype())?;
        where_(&greater(&x, &x.like(s.threshold.unwrap_or(0.0))?)?, &x, &default)
    }),
];

/// The names, sorted.
pub fn names() -> Vec<&'static str> {
    ACTIVATIONS.iter().map(|(name, _)| *name).collect()
}

/// Applies the activation called `name` with its settings (`{"alpha": 1.0}`).
pub fn activation(name: &str, x: &Value, attrs: &Attrs) -> Result<Value> {
    let rule = ACTIVATIONS
        .iter()
        .find(|(n, _)| *n == name)
        .ok_or_else(|| Error::unknown("activation", "an activation", name, &names()))?
        .1;
    rule(x, &parse_attrs::<Settings>(name, attrs)?)
}

/// softmax over one axis or several together
pub fn softmax_over(x: &Value, axes: &[i64]) -> Result<Value> {
    match axes {
        [one] => softmax(x, *one),
        several => {
            // exp(x - logsumexp) over all of the axes
            let total = ops::logsumexp(x, Axes::Some(several.to_vec()), true)?;
            exp(&subtract(x, &total)?)
        }
    }
}

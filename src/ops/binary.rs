//! Elementwise arithmetic of two values under NumPy's broadcasting: y = f(a, b).
//!
//! Dtypes are promoted along bool < uint8 < int32 < int64 < float32 < float64; two booleans count as int32.
//! The engine sums gradients back over broadcast axes.

use serde::Serialize;

use super::op::{Op, OpFn, Pass, Role, Run};
use super::table::rows;
use super::{cast, equal, greater, log, logical_or, negative, to_float, where_, zeros_like};
use crate::activations::sigmoid;
use crate::autograd::{Value, apply};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::elementwise::Broadcast;
use crate::kernels::functions::{Arithmetic, Function, Integer};
use crate::shape::{Spec, Specs, broadcast};
use crate::tensor::{View, ViewMut};

/// da and db from a, b, y = f(a, b), dy, and which of them are wanted.
type Rule = fn(&Pair<'_>) -> Result<[Option<Value>; 2]>;

struct Pair<'a> {
    a: &'a Value,
    b: &'a Value,
    y: &'a Value,
    g: &'a Value,
    needs: [bool; 2],
}

impl Pair<'_> {
    /// Each gradient is built only if somebody wants it.
    fn grads(
        &self,
        da: impl FnOnce() -> Result<Value>,
        db: impl FnOnce() -> Result<Value>,
    ) -> Result<[Option<Value>; 2]> {
        Ok([
            self.needs[0].then(da).transpose()?,
            self.needs[1].then(db).transpose()?,
        ])
    }
}

#[derive(Clone, Copy, Serialize)]
struct Binary {
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    f: Arithmetic,
    #[serde(skip)]
    rule: Rule,
}

impl std::fmt::Debug for Binary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The shape and dtype rule of two values of one dtype.
pub(super) fn infer_pair(name: &str, x: &[Spec]) -> Result<Spec> {
    if x[0].dtype != x[1].dtype {
        return Err(Error::type_error(name)
            .expected("two values of one dtype")
            .got(format!("{} and {}", x[0].dtype, x[1].dtype))
            .hint("Cast one of them."));
    }
    Ok(Spec::new(x[0].dtype, broadcast(name, &x[0].dims, &x[1].dims)?))
}

fn run_integer<T: Element + Integer>(
    f: Arithmetic,
    plan: &Broadcast<2>,
    x: &[View<'_>],
    y: &mut ViewMut<'_>,
) {
    // SAFETY: the plan was made from the shapes of these views.
    unsafe {
        f.run_integer::<T>(
            plan,
            x[0].as_ptr().cast(),
            x[1].as_ptr().cast(),
            y.as_mut_ptr().cast(),
        )
    }
}

/// f(a, b) with one number for b that has a quicker formula: a^2, a^0.5, a^-1, a^-0.5.
fn shortcut(f: Arithmetic, b: &View<'_>, a: &View<'_>) -> Option<Function> {
    if f != Arithmetic::Power || b.len() != 1 || a.len() == 1 {
        return None;
    }
    let exponent = b.item();
    [
        (2.0, Function::Square),
        (0.5, Function::Sqrt),
        (-1.0, Function::Reciprocal),
        (-0.5, Function::Rsqrt),
    ]
    .into_iter()
    .find(|(e, _)| *e == exponent)
    .map(|(_, function)| function)
}

impl Op for Binary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        infer_pair(self.name, x)?.one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let y = &mut y[0];
        let plan = Broadcast::new(y.shape(), [x[0].shape(), x[1].shape()]);
        float_dispatch!(x[0].dtype(), T => {
            let (a, b, out) = (x[0].as_ptr().cast::<T>(), x[1].as_ptr().cast::<T>(), y.as_mut_ptr().cast::<T>());
            // SAFETY: the plan was made from the shapes of these views; a shortcut's input is as large as its output.
            unsafe {
                match shortcut(self.f, &x[1], &x[0]) {
                    Some(function) => function.run(a, out, plan.len()),
                    None => self.f.run(&plan, a, b, out),
                }
            }
        }, else => match x[0].dtype() {
            DType::I32 => run_integer::<i32>(self.f, &plan, x, y),
            DType::I64 => run_integer::<i64>(self.f, &plan, x, y),
            DType::U8 => run_integer::<u8>(self.f, &plan, x, y),
            other => return Err(Error::type_error(self.name).expected("numbers").got(other.name())),
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let pair = Pair {
            a: &pass.inputs[0],
            b: &pass.inputs[1],
            y: &pass.outputs[0],
            g: pass.grad()?,
            needs: [pass.needs[0], pass.needs[1]],
        };
        Ok((self.rule)(&pair)?.into())
    }

    fn role(&self) -> Role {
        if self.name == "add" {
            Role::Add
        } else {
            Role::Other
        }
    }

    fn inplace(&self, _: usize) -> bool {
        true
    }
}

/// The dtype that two dtypes meet in.
pub fn promote(a: DType, b: DType) -> DType {
    const ORDER: [DType; 6] = [
        DType::Bool,
        DType::U8,
        DType::I32,
        DType::I64,
        DType::F32,
        DType::F64,
    ];
    let rank = |d: DType| ORDER.iter().position(|&o| o == d).unwrap_or(0);
    ORDER[rank(a).max(rank(b))]
}

/// Both values in the dtype they meet in.
pub fn promoted(a: &Value, b: &Value) -> Result<(Value, Value)> {
    let dtype = promote(a.dtype(), b.dtype());
    Ok((cast(a, dtype)?, cast(b, dtype)?))
}

/// As `promoted`, two booleans as int32.
fn numbers(a: &Value, b: &Value) -> Result<(Value, Value)> {
    let dtype = match promote(a.dtype(), b.dtype()) {
        DType::Bool => DType::I32,
        other => other,
    };
    Ok((cast(a, dtype)?, cast(b, dtype)?))
}

/// As `promoted`, integers as float32.
fn floats(a: &Value, b: &Value) -> Result<(Value, Value)> {
    let (a, b) = promoted(a, b)?;
    Ok((to_float(&a)?, to_float(&b)?))
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $f:ident on $domain:ident, |$p:ident| $rule:expr;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(a: &Value, b: &Value) -> Result<Value> {
                #[allow(clippy::unnecessary_wraps)] // flat functions have the type of the others
                fn rule($p: &Pair<'_>) -> Result<[Option<Value>; 2]> { $rule }
                let (a, b) = $domain(a, b)?;
                apply(Binary { name: stringify!($name), f: Arithmetic::$f, rule }, &[&a, &b])
            }
        )*
    };
}

/// g where the choice fell on this side, half of it where both are equal.
fn share(g: &Value, chosen: &Value, tie: &Value) -> Result<Value> {
    let half = multiply(g, &g.like(0.5)?)?;
    where_(tie, &half, &where_(chosen, g, &g.like(0.0)?)?)
}

binary! {
    /// a + b; da = g, db = g
    add = Add on numbers, |p| p.grads(|| Ok(p.g.clone()), || Ok(p.g.clone()));
    /// a - b; da = g, db = -g
    subtract = Subtract on numbers, |p| p.grads(|| Ok(p.g.clone()), || negative(p.g));
    /// a b; da = g b, db = g a
    multiply = Multiply on numbers, |p| p.grads(|| multiply(p.g, p.b), || multiply(p.g, p.a));
    /// a / b; da = g / b, db = -g y / b
    divide = Divide on floats, |p| p.grads(
        || divide(p.g, p.b),
        || negative(&multiply(p.g, &divide(p.y, p.b)?)?),
    );
    /// a / b, and 0 where b = 0; the gradients are 0 there too
    divide_no_nan = DivideNoNan on floats, |p| p.grads(
        || divide_no_nan(p.g, p.b),
        || negative(&multiply(p.g, &divide_no_nan(p.y, p.b)?)?),
    );
    /// floor(a / b); flat
    floor_divide = FloorDivide on numbers, |_p| Ok([None, None]);
    /// a - b floor(a / b); da = g, db = -g floor(a / b)
    mod_ = Mod on numbers, |p| p.grads(
        || Ok(p.g.clone()),
        || negative(&multiply(p.g, &floor_divide(p.a, p.b)?)?),
    );
    /// a^b; da = g b a^(b-1), db = g y ln a (0 where a <= 0)
    power = Power on numbers, |p| p.grads(
        || {
            // At b = 0 the slope is 0, also for a = 0 where a^(b-1) is infinite.
            let zero = equal(p.b, &p.b.like(0.0)?)?;
            let exponent = where_(&zero, &p.b.like(1.0)?, &subtract(p.b, &p.b.like(1.0)?)?)?;
            multiply(p.g, &multiply(p.b, &power(p.a, &exponent)?)?)
        },
        || {
            let positive = greater(p.a, &p.a.like(0.0)?)?;
            let safe = where_(&positive, p.a, &p.a.like(1.0)?)?;
            multiply(p.g, &multiply(p.y, &log(&safe)?)?)
        },
    );
    /// The larger one; its gradient goes to the larger, half and half where equal
    maximum = Maximum on promoted, |p| {
        let tie = equal(p.a, p.b)?;
        p.grads(|| share(p.g, &greater(p.a, p.b)?, &tie), || share(p.g, &greater(p.b, p.a)?, &tie))
    };
    /// The smaller one; its gradient goes to the smaller, half and half where equal
    minimum = Minimum on promoted, |p| {
        let tie = equal(p.a, p.b)?;
        p.grads(|| share(p.g, &greater(p.b, p.a)?, &tie), || share(p.g, &greater(p.a, p.b)?, &tie))
    };
    /// (a - b)^2; da = 2 g (a - b), db = -da
    squared_difference = SquaredDifference on numbers, |p| {
        let da = multiply(&multiply(p.g, &p.g.like(2.0)?)?, &subtract(p.a, p.b)?)?;
        p.grads(|| Ok(da.clone()), || negative(&da))
    };
    /// The angle of (b, a); da = g b / (a^2 + b^2), db = -g a / (a^2 + b^2)
    arctan2 = Arctan2 on floats, |p| {
        let scaled = divide(p.g, &add(&multiply(p.a, p.a)?, &multiply(p.b, p.b)?)?)?;
        p.grads(|| multiply(&scaled, p.b), || negative(&multiply(&scaled, p.a)?))
    };
    /// ln(exp(a) + exp(b)); da = g sigmoid(a - b), db = g sigmoid(b - a)
    logaddexp = Logaddexp on floats, |p| p.grads(
        || multiply(p.g, &sigmoid(&subtract(p.a, p.b)?)?),
        || multiply(p.g, &sigmoid(&subtract(p.b, p.a)?)?),
    );
}

/// x between two bounds: min(max(x, low), high), with slope 1 on the bounds.
pub fn clip(x: &Value, low: &Value, high: &Value) -> Result<Value> {
    let outside = logical_or(&super::less(x, low)?, &greater(x, high)?)?;
    let bounded = minimum(&maximum(x, low)?, high)?;
    // Inside, the value itself: the tie rule of maximum would halve the slope on a bound.
    where_(&outside, &bounded, x)
}

/// 1 where a > 0, b where a = 0, 0 where a < 0; flat
pub fn heaviside(a: &Value, b: &Value) -> Result<Value> {
    let (a, b) = floats(a, b)?;
    let zero = zeros_like(&a)?;
    let step = cast(&greater(&a, &zero)?, a.dtype())?;
    where_(&equal(&a, &zero)?, &b, &step)
}

pub(super) const OPS: &[&[(&str, OpFn)]] = &[
    rows!(1: ; 2: add, subtract, multiply, divide, divide_no_nan, floor_divide, power, maximum, minimum,
        squared_difference, arctan2, logaddexp, heaviside),
    &[
        ("true_divide", |x, _| {
            let [a, b] = super::arity("true_divide", x)?;
            Ok(vec![divide(&a, &b)?])
        }),
        ("mod", |x, attrs| {
            super::table::no_attrs("mod", attrs)?;
            let [a, b] = super::arity("mod", x)?;
            Ok(vec![mod_(&a, &b)?])
        }),
        ("clip", |x, attrs| {
            super::table::no_attrs("clip", attrs)?;
            let [a, low, high] = super::arity("clip", x)?;
            Ok(vec![clip(&a, &low, &high)?])
        }),
    ],
];

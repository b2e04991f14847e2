//! Comparisons and logic: booleans out, no gradients. And `where`, the choice between two values.

use serde::Serialize;

use super::op::{Op, OpFn, Pass, Run};
use super::table::rows;
use super::{binary::infer_pair, cast, promoted};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::{Bool, DType, Element};
use crate::error::Result;
use crate::kernels::elementwise::{Broadcast, choose};
use crate::kernels::functions::Comparison;
use crate::shape::{Spec, Specs, broadcast};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Serialize)]
struct Compare {
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    f: Comparison,
}

impl Op for Compare {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        infer_pair(self.name, x)?.with_dtype(DType::Bool).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let plan = Broadcast::new(y[0].shape(), [x[0].shape(), x[1].shape()]);
        let out = y[0].as_mut_ptr();
        // SAFETY: the plan was made from the shapes of these views.
        unsafe {
            match x[0].dtype() {
                DType::F32 => self
                    .f
                    .run::<f32>(&plan, x[0].as_ptr().cast(), x[1].as_ptr().cast(), out),
                DType::F64 => self
                    .f
                    .run::<f64>(&plan, x[0].as_ptr().cast(), x[1].as_ptr().cast(), out),
                DType::I32 => self
                    .f
                    .run::<i32>(&plan, x[0].as_ptr().cast(), x[1].as_ptr().cast(), out),
                DType::I64 => self
                    .f
                    .run::<i64>(&plan, x[0].as_ptr().cast(), x[1].as_ptr().cast(), out),
                DType::U8 | DType::Bool => self.f.run::<u8>(&plan, x[0].as_ptr(), x[1].as_ptr(), out),
            }
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None, None])
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $f:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: &Value, b: &Value) -> Result<Value> {
            let (a, b) = match (a.dtype(), b.dtype()) {
                // Bytes other than 0 and 1 are true too, so booleans are compared after a cast.
                (DType::Bool, DType::Bool) => (cast(a, DType::I32)?, cast(b, DType::I32)?),
                _ => promoted(a, b)?,
            };
            apply(Compare { name: stringify!($name), f: Comparison::$f }, &[&a, &b])
        }
    )*};
}

comparisons! {
    /// a = b
    equal = Equal;
    /// a != b
    not_equal = NotEqual;
    /// a < b
    less = Less;
    /// a <= b
    less_equal = LessEqual;
    /// a > b
    greater = Greater;
    /// a >= b
    greater_equal = GreaterEqual;
}

/// a and b, as true values
pub fn logical_and(a: &Value, b: &Value) -> Result<Value> {
    let (a, b) = (cast(a, DType::Bool)?, cast(b, DType::Bool)?);
    where_(&a, &b, &b.like(0.0)?)
}

/// a or b, as true values
pub fn logical_or(a: &Value, b: &Value) -> Result<Value> {
    let (a, b) = (cast(a, DType::Bool)?, cast(b, DType::Bool)?);
    where_(&a, &b.like(1.0)?, &b)
}

/// Exactly one of a and b, as true values
pub fn logical_xor(a: &Value, b: &Value) -> Result<Value> {
    not_equal(&cast(a, DType::Bool)?, &cast(b, DType::Bool)?)
}

/// y = condition ? a : b; da = condition ? g : 0, db = condition ? 0 : g
#[derive(Debug, Serialize)]
struct Where;

fn run_where<T: Element>(plan: &Broadcast<3>, x: &[View<'_>], y: &mut ViewMut<'_>) {
    // SAFETY: the plan was made from the shapes of these views.
    unsafe {
        choose::<T>(
            plan,
            x[0].as_ptr(),
            x[1].as_ptr().cast(),
            x[2].as_ptr().cast(),
            y.as_mut_ptr().cast(),
        )
    }
}

impl Op for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let pair = infer_pair("where", &x[1..])?;
        Spec::new(pair.dtype, broadcast("where", &x[0].dims, &pair.dims)?).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let plan = Broadcast::new(y[0].shape(), [x[0].shape(), x[1].shape(), x[2].shape()]);
        dispatch!(x[1].dtype(), T => run_where::<T>(&plan, x, &mut y[0]));
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (condition, g) = (&pass.inputs[0], pass.grad()?);
        let zero = g.like(0.0)?;
        Ok(vec![
            None,
            pass.needs[1].then(|| where_(condition, g, &zero)).transpose()?,
            pass.needs[2].then(|| where_(condition, &zero, g)).transpose()?,
        ])
    }

    fn inplace(&self, input: usize) -> bool {
        input > 0
    }
}

/// a where the condition is true, else b; broadcast.
pub fn where_(condition: &Value, a: &Value, b: &Value) -> Result<Value> {
    let (a, b) = promoted(a, b)?;
    apply(Where, &[&cast(condition, DType::Bool)?, &a, &b])
}

const _: () = assert!(size_of::<Bool>() == 1);

pub(super) const OPS: &[&[(&str, OpFn)]] = &[
    rows!(1: ; 2: equal, not_equal, less, less_equal, greater, greater_equal, logical_and, logical_or, logical_xor),
    &[("where", |x, attrs| {
        super::table::no_attrs("where", attrs)?;
        let [c, a, b] = super::arity("where", x)?;
        Ok(vec![where_(&c, &a, &b)?])
    })],
];

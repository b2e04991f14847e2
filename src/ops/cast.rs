//! cast(x, dtype): floats to integers are cut towards 0, anything but 0 is true, true is 1.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::kernels::parallel::{GRAIN, for_chunks_mut};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Conversion between element types.
trait To<D> {
    fn to(self) -> D;
}

macro_rules! conversions {
    ($($s:ty => $($d:ty),*);*) => { $($(
        impl To<$d> for $s {
            #[inline(always)]
            fn to(self) -> $d { self as $d }
        }
    )*)* };
}
conversions!(
    f32 => f32, f64, i32, i64, u8;
    f64 => f32, f64, i32, i64, u8;
    i32 => f32, f64, i32, i64, u8;
    i64 => f32, f64, i32, i64, u8;
    u8 => f32, f64, i32, i64, u8
);

macro_rules! with_bool {
    ($($t:ty),*) => { $(
        impl To<Bool> for $t {
            #[inline(always)]
            fn to(self) -> Bool { (self != 0 as $t).into() }
        }
        impl To<$t> for Bool {
            #[inline(always)]
            fn to(self) -> $t { u8::from(self.get()) as $t }
        }
    )* };
}
with_bool!(f32, f64, i32, i64, u8);

impl To<Bool> for Bool {
    #[inline(always)]
    fn to(self) -> Bool {
        self.get().into()
    }
}

fn convert<S: Element + To<D>, D: Element>(x: &View<'_>, y: &mut ViewMut<'_>) {
    let x = x.slice::<S>();
    for_chunks_mut(y.slice_mut::<D>(), GRAIN, |at, part| {
        part.iter_mut().zip(&x[at..]).for_each(|(y, x)| *y = x.to());
    });
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Cast(DType);

impl Op for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(self.0).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), S => dispatch!(self.0, D => convert::<S, D>(&x[0], &mut y[0])));
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(cast(pass.grad()?, pass.inputs[0].dtype())?)])
    }
}

pub fn cast(x: &Value, dtype: DType) -> Result<Value> {
    if x.dtype() == dtype {
        Ok(x.clone())
    } else {
        apply(Cast(dtype), &[x])
    }
}

/// Integers and booleans as float32, floats as they are.
pub fn to_float(x: &Value) -> Result<Value> {
    if x.dtype().is_float() {
        Ok(x.clone())
    } else {
        cast(x, DType::F32)
    }
}

/// Whole numbers of any dtype as int32; a fraction, a NaN or an infinity is an error, never cut to an index.
#[derive(Debug, Clone, Copy, Serialize)]
struct ToIndices;

fn first_bad<T: Element + Into<f64>>(x: &[T]) -> Option<(usize, f64)> {
    let values = x.iter().map(|&v| v.into());
    values
        .enumerate()
        .find(|(_, v)| *v != v.trunc() || v.abs() > f64::from(i32::MAX))
}

impl Op for ToIndices {
    fn name(&self) -> &'static str {
        "to_indices"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(DType::I32).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let bad = match x[0].dtype() {
            DType::F32 => first_bad(x[0].slice::<f32>()),
            DType::F64 => first_bad(x[0].slice::<f64>()),
            _ => None,
        };
        match bad {
            None => Cast(DType::I32).forward(run, x, y),
            Some((place, value)) => Err(Error::value("indices")
                .expected("whole numbers")
                .got(format!("{value} at place {place}"))
                .hint("Check the column that holds the indices")),
        }
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

pub fn to_indices(x: &Value) -> Result<Value> {
    apply(ToIndices, &[x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CastAttrs {
    dtype: String,
}

pub(super) const OPS: &[(&str, OpFn)] = &[("cast", |x, attrs: &Attrs| {
    let [x] = arity("cast", x)?;
    Ok(vec![cast(
        &x,
        DType::parse(&parse_attrs::<CastAttrs>("cast", attrs)?.dtype)?,
    )?])
})];

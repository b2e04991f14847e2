//! add, sum_to_like, ones_like, cast: what the engine calls. Plain loops; the families take these names over.

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, broadcast};
use crate::tensor::{View, ViewMut};
use crate::{dispatch, float_dispatch};

#[derive(Debug)]
struct Add;

/// Index into `shape` (aligned right, size-1 axes repeated) of flat index `i` in `out`.
fn source(out: &[usize], shape: &[usize], mut i: usize) -> usize {
    let (mut at, mut stride) = (0, 1);
    for k in 0..out.len() {
        let axis = out.len() - 1 - k;
        let x = i % out[axis];
        i /= out[axis];
        if k < shape.len() {
            let n = shape[shape.len() - 1 - k];
            at += stride * if n == 1 { 0 } else { x };
            stride *= n;
        }
    }
    at
}

impl Op for Add {
    fn name(&self) -> &'static str {
        "add"
    }
    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if x[0].dtype != x[1].dtype {
            return Err(Error::type_error("add")
                .expected("one dtype")
                .got(format!("{} and {}", x[0].dtype, x[1].dtype)));
        }
        Spec::new(x[0].dtype, broadcast("add", &x[0].dims, &x[1].dims)?).one()
    }
    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let out = y[0].shape();
        float_dispatch!(x[0].dtype(), T => {
            let (a, b) = (x[0].slice::<T>(), x[1].slice::<T>());
            for (i, o) in y[0].slice_mut::<T>().iter_mut().enumerate() {
                *o = a[source(out, x[0].shape(), i)] + b[source(out, x[1].shape(), i)];
            }
            Ok(())
        }, else => Err(Error::type_error("add").expected("floats").got(x[0].dtype().name())))
    }
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(pass.grad()?.clone()), Some(pass.grad()?.clone())])
    }
}

pub fn add(a: &Value, b: &Value) -> Result<Value> {
    apply(Add, &[a, b])
}

/// Sums a gradient down to the shape of `like`.
#[derive(Debug)]
struct SumToLike;

impl Op for SumToLike {
    fn name(&self) -> &'static str {
        "sum_to_like"
    }
    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[1].with_dtype(x[0].dtype).one()
    }
    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let to = y[0].shape();
        float_dispatch!(x[0].dtype(), T => {
            let o = y[0].slice_mut::<T>();
            o.fill(0.0);
            for (i, v) in x[0].slice::<T>().iter().enumerate() {
                o[source(x[0].shape(), to, i)] += v;
            }
            Ok(())
        }, else => Err(Error::type_error("sum_to_like").expected("floats").got(x[0].dtype().name())))
    }
    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

pub fn sum_to_like(x: &Value, like: &Value) -> Result<Value> {
    apply(SumToLike, &[x, like])
}

#[derive(Debug)]
struct OnesLike;

impl Op for OnesLike {
    fn name(&self) -> &'static str {
        "ones_like"
    }
    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }
    fn forward(&self, _: &mut Run, _: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(y[0].dtype(), T => { y[0].slice_mut::<T>().fill(1.0); Ok(()) },
            else => Err(Error::type_error("ones_like").expected("floats").got(y[0].dtype().name())))
    }
    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
    fn shape_only(&self, _: usize) -> bool {
        true
    }
}

pub fn ones_like(x: &Value) -> Result<Value> {
    apply(OnesLike, &[x])
}

#[derive(Debug)]
struct Cast(DType);

fn to_f64<T: Element>(x: &View<'_>, i: usize) -> f64 {
    let one = [1usize; 0];
    // SAFETY: element i lies inside the view.
    unsafe { View::from_raw(x.dtype(), &one, x.as_ptr().add(i * size_of::<T>())) }.item()
}

impl Op for Cast {
    fn name(&self) -> &'static str {
        "cast"
    }
    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(self.0).one()
    }
    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), S => for i in 0..x[0].len() {
            let v = to_f64::<S>(&x[0], i);
            match self.0 {
                DType::F32 => y[0].slice_mut::<f32>()[i] = v as f32,
                DType::F64 => y[0].slice_mut::<f64>()[i] = v,
                DType::I32 => y[0].slice_mut::<i32>()[i] = v as i32,
                DType::I64 => y[0].slice_mut::<i64>()[i] = v as i64,
                DType::U8 => y[0].slice_mut::<u8>()[i] = v as u8,
                DType::Bool => y[0].slice_mut::<crate::dtype::Bool>()[i] = (v != 0.0).into(),
            }
        });
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

#[derive(serde::Deserialize)]
struct CastAttrs {
    dtype: String,
}

pub const OPS: &[(&str, OpFn)] = &[
    ("add", |x, _: &Attrs| {
        let [a, b] = arity("add", x)?;
        Ok(vec![add(&a, &b)?])
    }),
    ("cast", |x, attrs| {
        let [a] = arity("cast", x)?;
        let attrs: CastAttrs = parse_attrs("cast", attrs)?;
        Ok(vec![cast(&a, DType::parse(&attrs.dtype)?)?])
    }),
];

//! Where the largest and the smallest elements are.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::reduce::{Axes, reduced};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::reduce::{Layout, arg_extreme};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct ArgExtreme {
    largest: bool,
    axis: Option<i64>,
    keepdims: bool,
}

impl Op for ArgExtreme {
    fn name(&self) -> &'static str {
        if self.largest { "argmax" } else { "argmin" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let rank = x[0].rank();
        let axes = self.axis.map_or(Axes::All, Axes::One);
        let flags = axes.flags(self.name(), rank)?;
        if x[0].dims.iter().zip(&flags).any(|(d, f)| *f && *d == Some(0)) {
            return Err(Error::value(self.name())
                .expected("at least one element along the axis")
                .got(show(&x[0].dims)));
        }
        Spec::new(DType::I32, reduced(&x[0].dims, &flags, self.keepdims)).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = match self.axis {
            None => Layout {
                outer: 1,
                axis: x[0].len(),
                inner: 1,
            },
            Some(a) => {
                let (outer, axis, inner) =
                    split_at_axis(x[0].shape(), axis_index(self.name(), a, x[0].shape().len())?);
                Layout { outer, axis, inner }
            }
        };
        let out = y[0].slice_mut::<i32>();
        match x[0].dtype() {
            DType::F32 => arg_extreme(self.largest, layout, x[0].slice::<f32>(), out),
            DType::F64 => arg_extreme(self.largest, layout, x[0].slice::<f64>(), out),
            DType::I32 => arg_extreme(self.largest, layout, x[0].slice::<i32>(), out),
            DType::I64 => arg_extreme(self.largest, layout, x[0].slice::<i64>(), out),
            DType::U8 | DType::Bool => arg_extreme(self.largest, layout, x[0].bytes(), out),
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// y = index of the first largest x along the axis (of the flattened x without one)
pub fn argmax(x: &Value, axis: Option<i64>, keepdims: bool) -> Result<Value> {
    apply(
        ArgExtreme {
            largest: true,
            axis,
            keepdims,
        },
        &[x],
    )
}

/// y = index of the first smallest x
pub fn argmin(x: &Value, axis: Option<i64>, keepdims: bool) -> Result<Value> {
    apply(
        ArgExtreme {
            largest: false,
            axis,
            keepdims,
        },
        &[x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Along {
    #[serde(default)]
    axis: Option<i64>,
    #[serde(default)]
    keepdims: bool,
}

macro_rules! along {
    ($($name:ident),*) => {
        [$((stringify!($name), |x: &[Value], attrs: &Attrs| {
            let [x] = arity(stringify!($name), x)?;
            let o: Along = parse_attrs(stringify!($name), attrs)?;
            Ok(vec![$name(&x, o.axis, o.keepdims)?])
        }),)*]
    };
}

pub(super) const OPS: &[(&str, OpFn)] = &along!(argmax, argmin);

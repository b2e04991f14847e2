//! Running sums and products along an axis.

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::recurrence::running_product_gradient;
use super::{cast, ravel, to_number};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::elementwise::Shared;
use crate::kernels::parallel::{GRAIN, for_ranges};
use crate::shape::{Spec, Specs, axis_index, split_at_axis};
use crate::tensor::{View, ViewMut};

/// y_a = x_0 + ... + x_a (or the product) along an axis, from the other end if `reverse`.
#[derive(Debug, Clone, Copy, Serialize)]
struct Running {
    axis: usize,
    reverse: bool,
    product: bool,
}

fn running<T: Copy + Send + Sync>(
    f: impl Fn(T, T) -> T + Sync,
    x: &[T],
    out: &mut [T],
    (outer, axis, inner): (usize, usize, usize),
    reverse: bool,
) {
    let target = Shared(out.as_mut_ptr());
    let block = axis * inner;
    for_ranges(outer, (GRAIN / block.max(1)).max(1), |range| {
        for o in range {
            let from = &x[o * block..(o + 1) * block];
            // SAFETY: each outer index writes its own block.
            let to = unsafe { std::slice::from_raw_parts_mut(target.add(o * block), block) };
            for step in 0..axis {
                let a = if reverse { axis - 1 - step } else { step };
                for here in a * inner..(a + 1) * inner {
                    to[here] = match step {
                        0 => from[here],
                        _ if reverse => f(to[here + inner], from[here]),
                        _ => f(to[here - inner], from[here]),
                    };
                }
            }
        }
    });
}

impl Op for Running {
    fn name(&self) -> &'static str {
        if self.product { "cumprod" } else { "cumsum" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = split_at_axis(x[0].shape(), self.axis);
        let (x, y, back) = (&x[0], &mut y[0], self.reverse);
        match (x.dtype(), self.product) {
            (DType::F32, false) => running(|a, b| a + b, x.slice::<f32>(), y.slice_mut(), layout, back),
            (DType::F64, false) => running(|a, b| a + b, x.slice::<f64>(), y.slice_mut(), layout, back),
            (DType::I32, false) => running(i32::wrapping_add, x.slice(), y.slice_mut(), layout, back),
            (DType::I64, false) => running(i64::wrapping_add, x.slice(), y.slice_mut(), layout, back),
            (DType::F32, true) => running(|a, b| a * b, x.slice::<f32>(), y.slice_mut(), layout, back),
            (DType::F64, true) => running(|a, b| a * b, x.slice::<f64>(), y.slice_mut(), layout, back),
            (DType::I32, true) => running(i32::wrapping_mul, x.slice(), y.slice_mut(), layout, back),
            (DType::I64, true) => running(i64::wrapping_mul, x.slice(), y.slice_mut(), layout, back),
            (other, _) => {
                return Err(Error::type_error(self.name())
                    .expected("numbers")
                    .got(other.name()));
            }
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, y, g) = (&pass.inputs[0], &pass.outputs[0], pass.grad()?);
        let back = |v: &Value| {
            apply(
                Running {
                    reverse: !self.reverse,
                    product: false,
                    ..*self
                },
                &[v],
            )
        };
        // Sum: dx_a = sum of g_b over b >= a.  Product: see `running_product_gradient`.
        Ok(vec![Some(if self.product {
            running_product_gradient(x, y, g, self.axis, self.reverse)?
        } else {
            back(g)?
        })])
    }
}

fn run_along(name: &'static str, x: &Value, axis: Option<i64>, product: bool) -> Result<Value> {
    let x = if x.dtype() == DType::U8 {
        cast(x, DType::I32)?
    } else {
        to_number(x)?
    };
    let (x, axis) = match axis {
        Some(axis) => (x.clone(), axis_index(name, axis, x.rank())?),
        None => (ravel(&x)?, 0),
    };
    apply(
        Running {
            axis,
            reverse: false,
            product,
        },
        &[&x],
    )
}

/// Running sums along an axis, or of the flattened x.
pub fn cumsum(x: &Value, axis: Option<i64>) -> Result<Value> {
    run_along("cumsum", x, axis, false)
}

/// Running products along an axis, from its end if `reverse`.
pub(super) fn cumprod_along(x: &Value, axis: usize, reverse: bool) -> Result<Value> {
    apply(
        Running {
            axis,
            reverse,
            product: true,
        },
        &[x],
    )
}

/// Running products along an axis, or of the flattened x.
pub fn cumprod(x: &Value, axis: Option<i64>) -> Result<Value> {
    run_along("cumprod", x, axis, true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxis {
    #[serde(default)]
    axis: Option<i64>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("cumsum", |x, attrs| {
        let [x] = arity("cumsum", x)?;
        Ok(vec![cumsum(&x, parse_attrs::<OnAxis>("cumsum", attrs)?.axis)?])
    }),
    ("cumprod", |x, attrs| {
        let [x] = arity("cumprod", x)?;
        Ok(vec![cumprod(&x, parse_attrs::<OnAxis>("cumprod", attrs)?.axis)?])
    }),
];

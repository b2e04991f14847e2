//! y_a = u_a + c_a y_(a-1) along an axis: what the gradients of running products are made of, right also at zeros and
//! to any order; and the shift by one that goes with it.

use serde::Serialize;

use super::op::{Op, Pass, Run};
use super::{add, cumprod_along, multiply};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::shape::{Spec, Specs, split_at_axis};
use crate::tensor::{View, ViewMut};

/// y_a = x_(a-1) along an axis, `fill` at its start; the other way round if `reverse`. dx is g shifted back.
#[derive(Debug, Clone, Copy, Serialize)]
struct Shift {
    axis: usize,
    reverse: bool,
    #[serde(serialize_with = "crate::config::any_float")]
    fill: f64,
}

impl Op for Shift {
    fn name(&self) -> &'static str {
        "shift"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (_, size, inner) = split_at_axis(x[0].shape(), self.axis);
        let block = (size * inner).max(1);
        float_dispatch!(x[0].dtype(), T => {
            for (x, y) in x[0].slice::<T>().chunks_exact(block).zip(y[0].slice_mut::<T>().chunks_exact_mut(block)) {
                let (moved, edge) = if self.reverse { (0, block - inner) } else { (inner, 0) };
                let from = inner - moved.min(inner);
                y[moved..moved + block - inner].copy_from_slice(&x[from..from + block - inner]);
                y[edge..edge + inner].fill(self.fill as T);
            }
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let back = Shift {
            reverse: !self.reverse,
            fill: 0.0,
            ..*self
        };
        Ok(vec![Some(apply(back, &[pass.grad()?])?)])
    }
}

/// y_a = u_a + c_a y_(a-1), y before the start 0; from the other end if `reverse`.
///
/// With l_a = g_a + c_(a+1) l_(a+1), the recurrence backwards: du = l, dc_a = l_a y_(a-1).
#[derive(Debug, Clone, Copy, Serialize)]
struct Recurrence {
    axis: usize,
    reverse: bool,
}

impl Op for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, size, inner) = split_at_axis(x[0].shape(), self.axis);
        float_dispatch!(x[0].dtype(), T => {
            let (u, c, y) = (x[0].slice::<T>(), x[1].slice::<T>(), y[0].slice_mut::<T>());
            for o in 0..outer {
                for step in 0..size {
                    let a = if self.reverse { size - 1 - step } else { step };
                    for k in (o * size + a) * inner..(o * size + a + 1) * inner {
                        y[k] = match step {
                            0 => u[k],
                            _ => u[k] + c[k] * y[if self.reverse { k + inner } else { k - inner }],
                        };
                    }
                }
            }
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let Self { axis, reverse } = *self;
        let (c, y) = (&pass.inputs[1], &pass.outputs[0]);
        let next = apply(
            Shift {
                axis,
                reverse: !reverse,
                fill: 0.0,
            },
            &[c],
        )?;
        let back = Recurrence {
            axis,
            reverse: !reverse,
        };
        let l = apply(back, &[pass.grad()?, &next])?;
        let before = apply(
            Shift {
                axis,
                reverse,
                fill: 0.0,
            },
            &[y],
        )?;
        Ok(vec![Some(l.clone()), Some(multiply(&l, &before)?)])
    }
}

/// The gradient of running products y of x: dx_a = (product before a) (g_a + x_(a+1) (g_(a+1) + x_(a+2) (...))).
pub(super) fn running_product_gradient(
    x: &Value,
    y: &Value,
    g: &Value,
    axis: usize,
    reverse: bool,
) -> Result<Value> {
    let before = apply(
        Shift {
            axis,
            reverse,
            fill: 1.0,
        },
        &[y],
    )?;
    let next = apply(
        Shift {
            axis,
            reverse: !reverse,
            fill: 0.0,
        },
        &[x],
    )?;
    let back = Recurrence {
        axis,
        reverse: !reverse,
    };
    multiply(&before, &apply(back, &[g, &next])?)
}

/// The gradient, for h at its results, of o_a = (product before a) (product after a) along the last axis.
pub(super) fn others_gradient(x: &Value, h: &Value) -> Result<Value> {
    let axis = x.rank() - 1;
    let side = |reverse: bool| -> Result<(Value, Value)> {
        let y = cumprod_along(x, axis, reverse)?;
        let shift = Shift {
            axis,
            reverse,
            fill: 1.0,
        };
        let others = apply(shift, &[&y])?;
        Ok((y, others))
    };
    let ((y, before), (z, after)) = (side(false)?, side(true)?);
    let part = |y: &Value, factor: &Value, reverse: bool| {
        let back = Shift {
            axis,
            reverse: !reverse,
            fill: 0.0,
        };
        let g = apply(back, &[&multiply(h, factor)?])?;
        running_product_gradient(x, y, &g, axis, reverse)
    };
    add(&part(&y, &after, false)?, &part(&z, &before, true)?)
}

//! Copies along an axis: repeat, tile.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{Axes, expand_dims, reshape, sum};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis, times};
use crate::tensor::{View, ViewMut};

/// Each element (repeat), or the whole axis (tile), `times` times along an axis.
#[derive(Debug, Clone, Copy, Serialize)]
struct Repeat {
    axis: usize,
    times: usize,
    whole: bool,
}

impl Repeat {
    fn copy<T: Element>(&self, x: &View<'_>, y: &mut ViewMut<'_>) {
        let (_, n, inner) = split_at_axis(x.shape(), self.axis);
        let block = if self.whole { n * inner } else { inner };
        if block * self.times == 0 {
            return;
        }
        let from = x.slice::<T>().chunks_exact(block);
        for (x, y) in from.zip(y.slice_mut::<T>().chunks_exact_mut(block * self.times)) {
            y.chunks_exact_mut(block).for_each(|y| y.copy_from_slice(x));
        }
    }
}

impl Op for Repeat {
    fn name(&self) -> &'static str {
        if self.whole { "tile" } else { "repeat" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        dims[self.axis] = times(self.name(), dims[self.axis], self.times)?;
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        dispatch!(x[0].dtype(), T => self.copy::<T>(&x[0], &mut y[0]));
        Ok(())
    }

    // The copies as an axis of their own, summed.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let dims = pass.inputs[0].dims();
        let mut target: Vec<i64> = dims.iter().map(|d| d.map_or(-1, |n| n as i64)).collect();
        if target.iter().filter(|&&n| n == -1).count() > 1 {
            return Err(Error::not_implemented(self.name()).hint(format!(
                "The gradient for shape {} with more than one open axis does not exist yet",
                show(&dims)
            )));
        }
        let at = if self.whole { self.axis } else { self.axis + 1 };
        target.insert(at, self.times as i64);
        Ok(vec![Some(sum(
            &reshape(pass.grad()?, &target)?,
            Axes::One(at as i64),
            false,
        )?)])
    }
}

/// Each element `times` times along the axis.
pub fn repeat(x: &Value, times: usize, axis: i64) -> Result<Value> {
    apply(
        Repeat {
            axis: axis_index("repeat", axis, x.rank())?,
            times,
            whole: false,
        },
        &[x],
    )
}

/// The whole of x, `times[a]` times along each axis a; fewer numbers than axes count from the last axis.
pub fn tile(x: &Value, times: &[usize]) -> Result<Value> {
    let mut x = x.clone();
    while x.rank() < times.len() {
        x = expand_dims(&x, 0)?;
    }
    let lead = x.rank() - times.len();
    for (i, &t) in times.iter().enumerate().filter(|(_, t)| **t != 1) {
        x = apply(
            Repeat {
                axis: lead + i,
                times: t,
                whole: true,
            },
            &[&x],
        )?;
    }
    Ok(x)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepeatAttrs {
    repeats: usize,
    axis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TileAttrs {
    repeats: Vec<usize>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("repeat", |x, attrs: &Attrs| {
        let [x] = arity("repeat", x)?;
        let r: RepeatAttrs = parse_attrs("repeat", attrs)?;
        Ok(vec![repeat(&x, r.repeats, r.axis)?])
    }),
    ("tile", |x, attrs| {
        let [x] = arity("tile", x)?;
        Ok(vec![tile(&x, &parse_attrs::<TileAttrs>("tile", attrs)?.repeats)?])
    }),
];

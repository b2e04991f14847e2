//! An axis made longer with zeros, or shorter, to a size that is known when that of the input is not yet.
//!
//! y[i] = x[i - before], 0 outside; of what comes before and behind one is given, the other is the rest of the size.

use serde::{Deserialize, Serialize};

use super::aspect::lay;
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, axis_index, show};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct Extent {
    axis: usize,
    size: usize,
    /// Places added before the first; negative ones are cut off.
    before: Option<i64>,
    /// Places added behind the last, where `before` is open.
    behind: i64,
    /// From an output back to the shape of the second input.
    adjoint: bool,
}

impl Extent {
    fn before(&self, n: usize) -> i64 {
        self.before.unwrap_or(self.size as i64 - n as i64 - self.behind)
    }
}

impl Op for Extent {
    fn name(&self) -> &'static str {
        if self.adjoint { "extent_gradient" } else { "extent" }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.adjoint {
            return x[1].with_dtype(x[0].dtype).one();
        }
        if let Some(n) = x[0].dims[self.axis] {
            let before = self.before(n);
            let behind = self.size as i64 - n as i64 - before;
            if before.min(behind) < 0 && before.max(behind) > 0 {
                return Err(Error::value("extent")
                    .expected(format!(
                        "axis {} of {} to fit the size {} with what is given on one side",
                        self.axis,
                        show(&x[0].dims),
                        self.size
                    ))
                    .got(format!("{before} places to add before and {behind} behind"))
                    .hint("Every padding or cropping must be >= 0: choose another target size"));
            }
        }
        let mut dims = x[0].dims.clone();
        dims[self.axis] = Some(self.size);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let whole = if self.adjoint { y[0].shape() } else { x[0].shape() };
        let before = self.before(whole[self.axis]) as isize;
        let mut shift = vec![0; whole.len()];
        shift[self.axis] = if self.adjoint { -before } else { before };
        lay(&x[0], &mut y[0], &shift, 0.0)
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = pass.grad()?;
        let other = Self {
            adjoint: !self.adjoint,
            ..*self
        };
        Ok(if self.adjoint {
            vec![Some(apply(other, &[g])?), None]
        } else {
            vec![Some(apply(other, &[g, &pass.inputs[0]])?)]
        })
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// x with `size` places along an axis: `before` places are added in front (cut off where negative), or, if that is
/// open, `behind` at the end.
pub fn extent(x: &Value, axis: i64, size: usize, before: Option<i64>, behind: i64) -> Result<Value> {
    let axis = axis_index("extent", axis, x.rank())?;
    apply(
        Extent {
            axis,
            size,
            before,
            behind,
            adjoint: false,
        },
        &[x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtentAttrs {
    axis: i64,
    size: u32,
    #[serde(default)]
    before: Option<i32>,
    #[serde(default)]
    behind: i32,
}

pub const OPS: &[(&str, OpFn)] = &[("extent", |x, attrs: &Attrs| {
    let [x] = arity("extent", x)?;
    let a: ExtentAttrs = parse_attrs("extent", attrs)?;
    let before = a.before.map(i64::from);
    Ok(vec![extent(
        &x,
        a.axis,
        a.size as usize,
        before,
        i64::from(a.behind),
    )?])
})];

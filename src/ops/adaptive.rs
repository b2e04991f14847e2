//! The maximum over windows that cut an axis into a given number of parts, whatever its size.
//!
//! y[o] = max of x from floor(o n / size) to ceil((o + 1) n / size); its gradient goes to the first place where x = y.

use serde::{Deserialize, Serialize};

use super::matmul::{float_only, same_float};
use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::adaptive::{at_max, max, max_gradient};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

/// `Gradient` and `At` are linear in their last input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Job {
    /// x -> y
    Max,
    /// x, y, dy -> dx
    Gradient,
    /// x, y, g -> g at the maxima
    At,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct AdaptiveMax {
    job: Job,
    axis: usize,
    size: usize,
}

impl AdaptiveMax {
    fn with(self, job: Job) -> Self {
        Self { job, ..self }
    }
}

impl Op for AdaptiveMax {
    fn name(&self) -> &'static str {
        match self.job {
            Job::Max => "adaptive_max",
            Job::Gradient => "adaptive_max_gradient",
            Job::At => "adaptive_max_at_maximum",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), x)?;
        let n = x[0].dims[self.axis];
        let most = i32::MAX as usize;
        if self.size == 0 || self.size > most || n.is_some_and(|n| n == 0 || n > most) {
            return Err(Error::value(self.name())
                .expected("sizes from 1 to 2147483647")
                .got(format!(
                    "axis {} of {} to be pooled to size {}",
                    self.axis,
                    show(&x[0].dims),
                    self.size
                )));
        }
        if self.job == Job::Gradient {
            return x[0].clone().one();
        }
        let mut dims = x[0].dims.clone();
        dims[self.axis] = Some(self.size);
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout: [usize; 3] = split_at_axis(x[0].shape(), self.axis).into();
        let size = self.size;
        float_dispatch!(x[0].dtype(), T => {
            let (from, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            match self.job {
                Job::Max => max(from, layout, size, to),
                Job::Gradient => max_gradient(from, x[1].slice(), x[2].slice(), layout, size, to),
                Job::At => at_max(from, x[1].slice(), x[2].slice(), layout, size, to),
            }
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    // Where the maximum lies does not move for small changes of x.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, g) = (&pass.inputs[0], pass.grad()?);
        Ok(match self.job {
            Job::Max => vec![Some(apply(self.with(Job::Gradient), &[x, &pass.outputs[0], g])?)],
            Job::Gradient => vec![
                None,
                None,
                Some(apply(self.with(Job::At), &[x, &pass.inputs[1], g])?),
            ],
            Job::At => vec![
                None,
                None,
                Some(apply(self.with(Job::Gradient), &[x, &pass.inputs[1], g])?),
            ],
        })
    }
}

/// The maxima of `size` windows that cover an axis.
pub fn adaptive_max(x: &Value, axis: i64, size: usize) -> Result<Value> {
    let axis = axis_index("adaptive_max", axis, x.rank())?;
    let job = Job::Max;
    apply(AdaptiveMax { job, axis, size }, &[x])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdaptiveAttrs {
    axis: i64,
    size: usize,
}

pub const OPS: &[(&str, OpFn)] = &[("adaptive_max", |x, attrs: &Attrs| {
    let [x] = arity("adaptive_max", x)?;
    let a: AdaptiveAttrs = parse_attrs("adaptive_max", attrs)?;
    Ok(vec![adaptive_max(&x, a.axis, a.size)?])
})];

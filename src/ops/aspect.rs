//! The middle of an image cut to the proportions of a target, or the image in the middle of a larger one.
//!
//! With an image of h x w and a target of H x W:
//! crop: the box of min(h, w H / W) x min(w, h W / H), centred;
//! pad: floor((w H / W - h) / 2) rows above and below if that is positive, else as many columns beside.

use serde::{Deserialize, Serialize};

use super::op::{Attrs, Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::kernels::memory::{fill, row_major, strided};
use crate::shape::{Spec, Specs, axis_index, show};
use crate::sized;
use crate::tensor::{Tensor, View, ViewMut};

#[derive(Debug, Clone, Copy, Serialize)]
struct FitAspect {
    /// Height and width among the axes.
    axes: [usize; 2],
    target: [usize; 2],
    /// What lies around the image; none cuts instead.
    pad: Option<f64>,
    /// From an output back to the shape of the second input, zeros elsewhere.
    adjoint: bool,
}

impl FitAspect {
    /// For an image of this height and width: the result's, and how far the two are apart at their first pixel.
    fn fit(&self, [h, w]: [usize; 2]) -> ([usize; 2], [usize; 2]) {
        let [th, tw] = self.target;
        let rows = (w as f64 * th as f64 / tw as f64) as usize;
        let columns = (h as f64 * tw as f64 / th as f64) as usize;
        if self.pad.is_none() {
            let (rows, columns) = (rows.min(h).max(1), columns.min(w).max(1));
            return ([rows, columns], [(h - rows) / 2, (w - columns) / 2]);
        }
        let (above, beside) = (rows.saturating_sub(h) / 2, columns.saturating_sub(w) / 2);
        if above > 0 {
            ([h + 2 * above, w], [above, 0])
        } else {
            ([h, w + 2 * beside], [0, beside])
        }
    }

    /// The shape of the result for an input; open where height or width is.
    fn output(&self, x: &Spec) -> Result<Spec> {
        let mut dims = x.dims.clone();
        let sizes = self.axes.map(|axis| x.dims[axis]);
        if sizes.contains(&Some(0)) {
            return Err(Error::value(self.name())
                .expected("images of at least one pixel")
                .got(show(&x.dims)));
        }
        let [height, width] = match sizes {
            [Some(h), Some(w)] => self.fit([h, w]).0.map(Some),
            _ => [None, None],
        };
        dims[self.axes[0]] = height;
        dims[self.axes[1]] = width;
        Ok(x.with_dims(dims))
    }
}

impl Op for FitAspect {
    fn name(&self) -> &'static str {
        if self.adjoint {
            "fit_aspect_gradient"
        } else {
            "fit_aspect"
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if self.adjoint {
            return x[1].with_dtype(x[0].dtype).one();
        }
        self.output(&x[0])?.one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let whole = if self.adjoint { y[0].shape() } else { x[0].shape() };
        let (_, apart) = self.fit(self.axes.map(|axis| whole[axis]));
        let inward = self.pad.is_some() != self.adjoint;
        let mut shift = vec![0; whole.len()];
        for (axis, apart) in self.axes.into_iter().zip(apart) {
            shift[axis] = if inward { apart as isize } else { -(apart as isize) };
        }
        let around = if self.adjoint {
            0.0
        } else {
            self.pad.unwrap_or(0.0)
        };
        lay(&x[0], &mut y[0], &shift, around)?;
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = pass.grad()?;
        if self.adjoint {
            let again = Self {
                adjoint: false,
                pad: self.pad.map(|_| 0.0),
                ..*self
            };
            return Ok(vec![Some(apply(again, &[g])?), None]);
        }
        let adjoint = Self {
            adjoint: true,
            ..*self
        };
        Ok(vec![Some(apply(adjoint, &[g, &pass.inputs[0]])?)])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// y = x moved by `shift` (along each axis, towards the end where positive), cut at the border of y, and `around`
/// elsewhere.
pub(super) fn lay(x: &View<'_>, y: &mut ViewMut<'_>, shift: &[isize], around: f64) -> Result<()> {
    let (from, to) = (x.shape(), y.shape());
    let (from_steps, to_steps) = (row_major(from), row_major(to));
    let (mut skip_from, mut skip_to) = (0, 0);
    let mut shared = Vec::with_capacity(from.len());
    for (axis, &shift) in shift.iter().enumerate() {
        let (lead, lag) = (shift.max(0), (-shift).max(0));
        let left = (to[axis] as isize - lead).min(from[axis] as isize - lag);
        shared.push(left.max(0) as usize);
        skip_from += lag * from_steps[axis];
        skip_to += lead * to_steps[axis];
    }
    let around = Tensor::scalar_of(x.dtype(), around)?;
    let n = y.len();
    sized!(x.dtype().size(), T => {
        // SAFETY: n elements; then the shared box, which lies inside of both.
        unsafe {
            let out = y.as_mut_ptr().cast::<T>();
            fill::<T>(out, n, *around.view().as_ptr().cast::<T>());
            if !shared.contains(&0) {
                strided::<T>(
                    &shared,
                    x.as_ptr().cast::<T>().offset(skip_from),
                    &from_steps,
                    out.offset(skip_to),
                    &to_steps,
                );
            }
        }
    });
    Ok(())
}

/// Images with height and width along `axes`, cut to (or padded with `pad` to) the proportions of `target`.
pub fn fit_aspect(x: &Value, axes: [i64; 2], target: [usize; 2], pad: Option<f64>) -> Result<Value> {
    const WHO: &str = "fit_aspect";
    if target.contains(&0) {
        return Err(Error::value(WHO)
            .expected("a target of at least one pixel")
            .got(format!("{target:?}")));
    }
    let axes = [
        axis_index(WHO, axes[0], x.rank())?,
        axis_index(WHO, axes[1], x.rank())?,
    ];
    apply(
        FitAspect {
            axes,
            target,
            pad,
            adjoint: false,
        },
        &[x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FitAttrs {
    axes: [i64; 2],
    target: [usize; 2],
    #[serde(default)]
    pad: Option<f64>,
}

pub const OPS: &[(&str, OpFn)] = &[("fit_aspect", |x, attrs: &Attrs| {
    let [x] = arity("fit_aspect", x)?;
    let a: FitAttrs = parse_attrs("fit_aspect", attrs)?;
    Ok(vec![fit_aspect(&x, a.axes, a.target, a.pad)?])
})];

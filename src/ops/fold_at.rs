//! Reading and folding at flat places: gather_at, and sum_at, prod_at, max_at, min_at. The gradient of a read is a sum by
//! place, and the other way round.

use serde::Serialize;

use super::op::{Op, Pass, Run};
use super::{cast, divide, divide_no_nan, equal, multiply};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::scatter as kernel;
use crate::shape::{Dim, Dims, Shape, Spec, Specs, show};
use crate::tensor::{View, ViewMut};
use crate::{dispatch, float_dispatch};

/// Sizes that could be those of one array: equal where both are known.
pub(super) fn fits(a: &[Dim], b: &[Dim]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// Elements of what a place holds: the product of the sizes after the first `depth`.
pub(super) fn inner(shape: &[usize], depth: usize) -> usize {
    shape[depth..].iter().product()
}

/// y[.., :] = x[places[..], :], places in the first `depth` axes of x; dx = sum of g by place
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct GatherAt {
    pub depth: usize,
}

impl Op for GatherAt {
    fn name(&self) -> &'static str {
        "gather_at"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dims(x[1].dims.iter().chain(&x[0].dims[self.depth..]).copied())
            .one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let inner = inner(x[0].shape(), self.depth);
        dispatch!(x[0].dtype(), T => {
            kernel::gather_rows(x[0].slice::<T>(), x[1].slice(), inner, T::default(), y[0].slice_mut());
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, places) = (&pass.inputs[0], &pass.inputs[1]);
        let fold = FoldAt::like(Fold::Sum, self.depth);
        Ok(vec![Some(apply(fold, &[pass.grad()?, places, x])?), None])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Fold {
    Sum,
    Max,
    Min,
    Prod,
}

/// The shape of a fold.
#[derive(Debug, Clone, Serialize)]
pub(super) enum Target {
    /// That of the third input, of which only the shape is looked at.
    Like,
    Shape(Shape),
    /// So many rows, each as those that are folded; the number may depend on the ids.
    Rows(Option<usize>),
}

/// y[p, :] = the fold of u[j, :] over places[j] = p; 0, 1, -inf or inf (the smallest or largest integer) where no j is.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FoldAt {
    pub fold: Fold,
    pub depth: usize,
    pub target: Target,
}

impl FoldAt {
    pub fn like(fold: Fold, depth: usize) -> Self {
        Self {
            fold,
            depth,
            target: Target::Like,
        }
    }
}

impl Op for FoldAt {
    fn name(&self) -> &'static str {
        match self.fold {
            Fold::Sum => "sum_at",
            Fold::Max => "max_at",
            Fold::Min => "min_at",
            Fold::Prod => "prod_at",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (updates, places) = (&x[0].dims, &x[1].dims);
        let rows = updates.get(places.len()..).unwrap_or_default();
        let dims: Dims = match &self.target {
            Target::Like => x[2].dims.clone(),
            Target::Shape(shape) => shape.iter().copied().map(Some).collect(),
            Target::Rows(n) => std::iter::once(*n).chain(rows.iter().copied()).collect(),
        };
        let wanted: Dims = places.iter().chain(&dims[self.depth..]).copied().collect();
        if !fits(&wanted, updates) {
            return Err(Error::value("scatter")
                .expected(format!(
                    "updates of shape {} for a target of shape {}",
                    show(&wanted),
                    show(&dims)
                ))
                .got(show(updates)));
        }
        x[0].with_dims(dims).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (places, inner) = (x[1].slice::<i64>(), inner(y[0].shape(), self.depth));
        macro_rules! fold {
            ($t:ty, $add:expr, $multiply:expr, $max:expr, $min:expr, $low:expr, $high:expr) => {{
                let (u, y) = (x[0].slice::<$t>(), y[0].slice_mut::<$t>());
                match self.fold {
                    Fold::Sum => kernel::fold_rows(u, places, inner, 0 as $t, $add, y),
                    Fold::Prod => kernel::fold_rows(u, places, inner, 1 as $t, $multiply, y),
                    Fold::Max => kernel::fold_rows(u, places, inner, $low, $max, y),
                    Fold::Min => kernel::fold_rows(u, places, inner, $high, $min, y),
                }
            }};
        }
        macro_rules! floats {
            ($t:ident) => {
                fold!(
                    $t,
                    |a, b| a + b,
                    |a, b| a * b,
                    // NaN wins, as in max.
                    |a: $t, b: $t| if a >= b || a.is_nan() { a } else { b },
                    |a: $t, b: $t| if a <= b || a.is_nan() { a } else { b },
                    $t::NEG_INFINITY,
                    $t::INFINITY
                )
            };
        }
        macro_rules! integers {
            ($t:ident) => {
                fold!(
                    $t,
                    $t::wrapping_add,
                    $t::wrapping_mul,
                    Ord::max,
                    Ord::min,
                    $t::MIN,
                    $t::MAX
                )
            };
        }
        match x[0].dtype() {
            DType::F32 => floats!(f32),
            DType::F64 => floats!(f64),
            DType::I32 => integers!(i32),
            DType::I64 => integers!(i64),
            DType::U8 => integers!(u8),
            DType::Bool => {
                return Err(Error::type_error(self.name()).expected("numbers").got("bool"));
            }
        }
        Ok(())
    }

    // sum: du = g at the places;  max, min: g shared by the extreme ones;  prod: g times the other factors
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (u, places, y, g) = (&pass.inputs[0], &pass.inputs[1], &pass.outputs[0], pass.grad()?);
        let read = GatherAt { depth: self.depth };
        let du = match self.fold {
            Fold::Sum => apply(read, &[g, places])?,
            Fold::Max | Fold::Min => {
                let hit = cast(&equal(u, &apply(read, &[y, places])?)?, u.dtype())?;
                let ties = apply(FoldAt::like(Fold::Sum, self.depth), &[&hit, places, y])?;
                multiply(&hit, &apply(read, &[&divide_no_nan(g, &ties)?, places])?)?
            }
            Fold::Prod => multiply(&apply(OtherFactors, &[u, places])?, &apply(read, &[g, places])?)?,
        };
        let mut grads = vec![None; pass.inputs.len()];
        grads[0] = Some(du);
        Ok(grads)
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }
}

/// The product of the other factors at each factor's place: the gradient of a product by place.
#[derive(Debug, Clone, Copy, Serialize)]
struct OtherFactors;

impl Op for OtherFactors {
    fn name(&self) -> &'static str {
        "other_factors_at"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let places = x[1].slice::<i64>();
        let inner = x[0].len().checked_div(places.len()).unwrap_or(0);
        float_dispatch!(x[0].dtype(), T => {
            kernel::other_factors(x[0].slice::<T>(), places, inner, y[0].slice_mut());
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[0].dtype().name())))
    }

    // o_i = P / u_i, so du_j = (sum of h o over the place - h_j o_j) / u_j, not defined at u_j = 0.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (u, places) = (&pass.inputs[0], &pass.inputs[1]);
        let weighted = multiply(pass.grad()?, &pass.outputs[0])?;
        let same = apply(SumOfPlace, &[&weighted, places])?;
        Ok(vec![Some(divide(&super::subtract(&same, &weighted)?, u)?), None])
    }
}

/// y[j, :] = sum of x[k, :] over the k with the place of j; its own adjoint.
#[derive(Debug, Clone, Copy, Serialize)]
struct SumOfPlace;

impl Op for SumOfPlace {
    fn name(&self) -> &'static str {
        "sum_of_place"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let places = x[1].slice::<i64>();
        let inner = x[0].len().checked_div(places.len()).unwrap_or(0);
        let rows = places
            .iter()
            .copied()
            .max()
            .map_or(0, |m| (m + 1).max(0) as usize);
        float_dispatch!(x[0].dtype(), T => {
            let sums = run.scratch::<T>(rows * inner);
            kernel::fold_rows(x[0].slice::<T>(), places, inner, 0.0, |a, b| a + b, sums);
            kernel::gather_rows(sums, places, inner, 0.0, y[0].slice_mut());
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![Some(apply(*self, &[pass.grad()?, &pass.inputs[1]])?), None])
    }
}

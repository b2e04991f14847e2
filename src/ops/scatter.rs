//! Reading, writing and folding at places: gather_at, scatter, scatter_update, segment_sum, _max, _min, _prod.
//!
//! Indices (.., depth) name entries of the first `depth` axes. They become flat places (int64) first; all else works on
//! places. The gradient of a read is a sum by place, and the other way round.

use serde::Deserialize;

use super::index::integer_indices;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{add, cast, divide, divide_no_nan, equal, expand_dims, maximum, minimum, multiply, zeros_like};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::kernels::scatter as kernel;
use crate::shape::{Dim, Dims, Shape, Spec, Specs, show};
use crate::tensor::{View, ViewMut};
use crate::{dispatch, float_dispatch};

/// The flat place, in the first axes of the second input (or in `sizes`), of each row of indices.
#[derive(Debug, Clone)]
struct Places {
    name: &'static str,
    sizes: Option<Shape>,
    /// Negative indices name no place, instead of counting from the end.
    skip_negative: bool,
}

impl Op for Places {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let Some((depth, lead)) = x[0].dims.split_last() else {
            return Err(Error::value(self.name)
                .expected("indices with an axis")
                .got("a scalar"));
        };
        let rank = self.sizes.as_ref().map_or_else(|| x[1].rank(), |s| s.len());
        match depth {
            Some(depth) if *depth <= rank => Spec::new(DType::I64, lead.iter().copied()).one(),
            _ => Err(Error::value(self.name)
                .expected(format!(
                    "indices whose last axis has a known size of at most {rank}"
                ))
                .got(show(&x[0].dims))
                .hint("Each row of the indices names an entry, one number for each of the first axes")),
        }
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let depth = x[0].shape()[x[0].shape().len() - 1];
        let sizes: &[usize] = match &self.sizes {
            Some(sizes) => &sizes[..depth],
            None => &x[1].shape()[..depth],
        };
        let out = y[0].slice_mut::<i64>();
        let mut resolve = |at: &dyn Fn(usize) -> i64| -> Result<()> {
            for (j, out) in out.iter_mut().enumerate() {
                *out = 0;
                for (axis, &size) in sizes.iter().enumerate() {
                    let (n, i) = (size as i64, at(j * depth + axis));
                    if self.skip_negative && i < 0 {
                        *out = -1;
                        break;
                    }
                    if i < -n || i >= n {
                        let low = if self.skip_negative { 0 } else { -n };
                        return Err(Error::index(self.name)
                            .expected(format!("indices in [{low}, {n}) for axis {axis}"))
                            .got(format!("{i} in row {j}"))
                            .hint("Every index must name an existing entry"));
                    }
                    *out = *out * n + if i < 0 { i + n } else { i };
                }
            }
            Ok(())
        };
        match x[0].dtype() {
            DType::I32 => resolve(&|k| i64::from(x[0].slice::<i32>()[k])),
            DType::I64 => resolve(&|k| x[0].slice::<i64>()[k]),
            DType::U8 => resolve(&|k| i64::from(x[0].slice::<u8>()[k])),
            other => Err(Error::type_error(self.name)
                .expected("integer indices")
                .got(other.name())),
        }
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// Sizes that could be those of one array: equal where both are known.
fn fits(a: &[Dim], b: &[Dim]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_none() || b.is_none() || a == b)
}

/// Elements of what a place holds: the product of the sizes after the first `depth`.
fn inner(shape: &[usize], depth: usize) -> usize {
    shape[depth..].iter().product()
}

/// y[.., :] = x[places[..], :], places in the first `depth` axes of x; dx = sum of g by place
#[derive(Debug, Clone, Copy)]
struct GatherAt {
    depth: usize,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    Sum,
    Max,
    Min,
    Prod,
}

/// The shape of a fold.
#[derive(Debug, Clone)]
enum Target {
    /// That of the third input, of which only the shape is looked at.
    Like,
    Shape(Shape),
    /// So many rows, each as those that are folded; the number may depend on the ids.
    Rows(Option<usize>),
}

/// y[p, :] = the fold of u[j, :] over places[j] = p; 0, 1, -inf or inf (the smallest or largest integer) where no j is.
#[derive(Debug, Clone)]
struct FoldAt {
    fold: Fold,
    depth: usize,
    target: Target,
}

impl FoldAt {
    fn like(fold: Fold, depth: usize) -> Self {
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
#[derive(Debug, Clone, Copy)]
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
#[derive(Debug, Clone, Copy)]
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

/// y = x with y[places[j], :] = u[j, :]; dx = g with zeros there, du = g there (0 for a row that a later one covers).
#[derive(Debug, Clone, Copy)]
struct SetAt {
    depth: usize,
}

impl Op for SetAt {
    fn name(&self) -> &'static str {
        "scatter_update"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let wanted: Dims = x[1]
            .dims
            .iter()
            .chain(&x[0].dims[self.depth..])
            .copied()
            .collect();
        if !fits(&wanted, &x[2].dims) {
            return Err(Error::value(self.name())
                .expected(format!(
                    "updates of shape {} for inputs of shape {}",
                    show(&wanted),
                    show(&x[0].dims)
                ))
                .got(show(&x[2].dims)));
        }
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let inner = inner(y[0].shape(), self.depth);
        if !y[0].shares(&x[0]) {
            y[0].bytes_mut().copy_from_slice(x[0].bytes());
        }
        dispatch!(x[2].dtype(), T => {
            kernel::set_rows(x[2].slice::<T>(), x[1].slice(), inner, y[0].slice_mut());
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (places, u, g) = (&pass.inputs[1], &pass.inputs[2], pass.grad()?);
        let dx = pass.needs[0]
            .then(|| apply(*self, &[g, places, &zeros_like(u)?]))
            .transpose()?;
        let du = pass.needs[2]
            .then(|| {
                let read = apply(GatherAt { depth: self.depth }, &[g, places])?;
                let mut last = cast(&apply(LastOfPlace, &[places])?, g.dtype())?;
                while last.rank() < read.rank() {
                    last = expand_dims(&last, -1)?;
                }
                multiply(&read, &last)
            })
            .transpose()?;
        Ok(vec![dx, None, du])
    }

    fn inplace(&self, input: usize) -> bool {
        input == 0
    }
}

/// Whether no later entry has the same place.
#[derive(Debug, Clone, Copy)]
struct LastOfPlace;

impl Op for LastOfPlace {
    fn name(&self) -> &'static str {
        "last_of_place"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].with_dtype(DType::Bool).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let out = y[0].slice_mut::<Bool>();
        kernel::last_of_place(x[0].slice(), |j, last| out[j] = last.into());
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// The flat places of indices, and how many axes they name.
fn places(name: &'static str, indices: &Value, like: Result<&Value, Shape>) -> Result<(Value, usize)> {
    let indices = integer_indices(name, indices)?;
    let depth = indices.dims().last().copied().flatten().unwrap_or(0);
    let places = match like {
        Ok(x) => apply(
            Places {
                name,
                sizes: None,
                skip_negative: false,
            },
            &[&indices, x],
        )?,
        Err(sizes) => apply(
            Places {
                name,
                sizes: Some(sizes),
                skip_negative: false,
            },
            &[&indices],
        )?,
    };
    Ok((places, depth))
}

/// y[.., :] = x[indices[.., 0], indices[.., 1], .., :]
pub fn gather_at(x: &Value, indices: &Value) -> Result<Value> {
    let (places, depth) = places("gather_at", indices, Ok(x))?;
    apply(GatherAt { depth }, &[x, &places])
}

/// Zeros of this shape, or of that of a value, with the values added at the indices.
pub fn scatter(indices: &Value, values: &Value, shape: Result<&Value, &[usize]>) -> Result<Value> {
    let (places, depth) = places("scatter", indices, shape.map_err(Into::into))?;
    let bools = values.dtype() == DType::Bool;
    let values = if bools {
        cast(values, DType::I32)?
    } else {
        values.clone()
    };
    let fold = |target| FoldAt {
        fold: Fold::Sum,
        depth,
        target,
    };
    let sum = match shape {
        Ok(like) => apply(fold(Target::Like), &[&values, &places, like])?,
        Err(shape) => apply(fold(Target::Shape(shape.into())), &[&values, &places])?,
    };
    if bools { cast(&sum, DType::Bool) } else { Ok(sum) }
}

/// x with the updates at the indices: in the place of what was there, or folded with it.
fn scatter_update(x: &Value, indices: &Value, updates: &Value, fold: Option<Fold>) -> Result<Value> {
    if updates.dtype().is_float() && !x.dtype().is_float() {
        return Err(Error::type_error("scatter_update")
            .expected(format!("updates that {} can hold", x.dtype()))
            .got(updates.dtype().name())
            .hint("Cast one of them"));
    }
    let (places, depth) = places("scatter_update", indices, Ok(x))?;
    let updates = cast(updates, x.dtype())?;
    let Some(fold) = fold else {
        return apply(SetAt { depth }, &[x, &places, &updates]);
    };
    let folded = apply(FoldAt::like(fold, depth), &[&updates, &places, x])?;
    match fold {
        Fold::Sum => add(x, &folded),
        Fold::Max => maximum(x, &folded),
        Fold::Min => minimum(x, &folded),
        Fold::Prod => multiply(x, &folded),
    }
}

/// The rows of x folded by segment id. Negative ids are left out; without a number of segments it is the largest id
/// and one, which only data can tell.
fn segments(fold: Fold, name: &'static str, x: &Value, ids: &Value, count: Option<usize>) -> Result<Value> {
    let ids = integer_indices(name, ids)?;
    if ids.rank() != 1 {
        return Err(Error::value(name)
            .expected("Argument `segment_ids` should be an 1-D vector, one id for each row of the data")
            .got(format!("shape {}", show(&ids.dims()))));
    }
    let (rows, own) = (x.dims().first().copied(), ids.dims()[0]);
    if rows.is_none() || matches!((rows, own), (Some(Some(a)), Some(b)) if a != b) {
        return Err(Error::value(name)
            .expected("Argument `segment_ids` and `data` should have same leading dimension.")
            .got(format!("ids {} and data {}", show(&ids.dims()), show(&x.dims()))));
    }
    let count = match (&ids, count) {
        (_, Some(n)) => Some(n),
        (Value::Eager(_), None) => {
            let wide = cast(&ids, DType::I64)?;
            let largest = wide.tensor()?.slice::<i64>().iter().copied().max().unwrap_or(-1);
            Some(usize::try_from(largest + 1).unwrap_or(0))
        }
        (Value::Node(_), None) => None,
    };
    let x = if x.dtype() == DType::Bool {
        cast(x, DType::I32)?
    } else {
        x.clone()
    };
    let places = apply(
        Places {
            name,
            // Where the number of segments follows from the ids, none of them can be too large.
            sizes: Some(smallvec::smallvec![count.unwrap_or(i64::MAX as usize)]),
            skip_negative: true,
        },
        &[&expand_dims(&ids, -1)?],
    )?;
    let fold = FoldAt {
        fold,
        depth: 1,
        target: Target::Rows(count),
    };
    apply(fold, &[&x, &places])
}

/// The rows of x added up by segment id.
pub fn segment_sum(x: &Value, ids: &Value, count: usize) -> Result<Value> {
    segments(Fold::Sum, "segment_sum", x, ids, Some(count))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shaped {
    shape: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reduction {
    #[serde(default)]
    reduction: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Segments {
    #[serde(default)]
    num_segments: Option<usize>,
}

macro_rules! segment_op {
    ($name:literal, $fold:expr) => {
        ($name, |x, attrs| {
            let [x, ids] = arity($name, x)?;
            let count = parse_attrs::<Segments>($name, attrs)?.num_segments;
            Ok(vec![segments($fold, $name, &x, &ids, count)?])
        })
    };
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("gather_at", |x, attrs| {
        super::table::no_attrs("gather_at", attrs)?;
        let [x, indices] = arity("gather_at", x)?;
        Ok(vec![gather_at(&x, &indices)?])
    }),
    ("scatter", |x, attrs| {
        if let [indices, values, like] = x {
            super::table::no_attrs("scatter", attrs)?;
            return Ok(vec![scatter(indices, values, Ok(like))?]);
        }
        let [indices, values] = arity("scatter", x)?;
        let shape = parse_attrs::<Shaped>("scatter", attrs)?.shape;
        Ok(vec![scatter(&indices, &values, Err(&shape))?])
    }),
    ("scatter_update", |x, attrs| {
        let [x, indices, updates] = arity("scatter_update", x)?;
        let fold = match parse_attrs::<Reduction>("scatter_update", attrs)?
            .reduction
            .as_deref()
        {
            None => None,
            Some("add") => Some(Fold::Sum),
            Some("max") => Some(Fold::Max),
            Some("min") => Some(Fold::Min),
            Some("mul") => Some(Fold::Prod),
            Some(other) => {
                return Err(Error::unknown(
                    "scatter_update",
                    "a reduction",
                    other,
                    &["add", "max", "min", "mul"],
                ));
            }
        };
        Ok(vec![scatter_update(&x, &indices, &updates, fold)?])
    }),
    segment_op!("segment_sum", Fold::Sum),
    segment_op!("segment_max", Fold::Max),
    segment_op!("segment_min", Fold::Min),
    segment_op!("segment_prod", Fold::Prod),
];

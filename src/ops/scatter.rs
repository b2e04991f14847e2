//! Reading and writing at indices: gather_at, scatter, scatter_update.
//!
//! Indices (.., depth) name entries of the first `depth` axes. They become flat places (int64) first; all else works on
//! places (see `fold_at`).

use serde::{Deserialize, Serialize};

use super::fold_at::{Fold, FoldAt, GatherAt, Target, fits, inner};
use super::index::integer_indices;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{add, cast, expand_dims, maximum, minimum, multiply, zeros_like};
use crate::autograd::{Value, apply};
use crate::dispatch;
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::kernels::scatter as kernel;
use crate::shape::{Dims, Shape, Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// The flat place, in the first axes of the second input (or in `sizes`), of each row of indices.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Places {
    /// The function, for messages.
    #[serde(skip)]
    pub who: &'static str,
    pub sizes: Option<Shape>,
    /// Negative indices name no place, instead of counting from the end.
    pub skip_negative: bool,
}

impl Op for Places {
    fn name(&self) -> &'static str {
        "places"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let Some((depth, lead)) = x[0].dims.split_last() else {
            return Err(Error::value(self.who)
                .expected("indices with an axis")
                .got("a scalar"));
        };
        let rank = self
            .sizes
            .as_ref()
            .map_or_else(|| x[1].rank(), smallvec::SmallVec::len);
        match depth {
            Some(depth) if *depth <= rank => Spec::new(DType::I64, lead.iter().copied()).one(),
            _ => Err(Error::value(self.who)
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
                        return Err(Error::index(self.who)
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
            other => Err(Error::type_error(self.who)
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

/// y = x with y[places[j], :] = u[j, :]; dx = g with zeros there, du = g there (0 for a row that a later one covers).
#[derive(Debug, Clone, Copy, Serialize)]
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
#[derive(Debug, Clone, Copy, Serialize)]
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
                who: name,
                sizes: None,
                skip_negative: false,
            },
            &[&indices, x],
        )?,
        Err(sizes) => apply(
            Places {
                who: name,
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
];

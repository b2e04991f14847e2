//! Reading at indices: take, take_along_axis, embedding. The gradient of a read is a sum by
//! index, and the other way round. Negative indices count from the end; one out of range is an error.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::embedding_bag::{self, AddRepeatedAt};
use super::op::{Fused, Op, OpFn, Pass, Role, Run, Source, arity, parse_attrs};
use super::{add, broadcast_like, cast, ravel, slice_axis, to_indices, zeros_like};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::kernels::index::{self as kernel, resolve};
use crate::shape::{Dims, Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};
use crate::{dispatch, float_dispatch, sized};

/// The indices as places in [0, n). A negative index counts from the end, but for the rows of an embedding, where it
/// is a mistake in the data.
pub(super) fn places<'r>(name: &str, run: &'r mut Run, index: &View<'_>, n: usize) -> Result<&'r [i64]> {
    let out = run.scratch::<i64>(index.len());
    let from_end = name != "embedding";
    let found = match index.dtype() {
        DType::I32 => resolve(index.slice::<i32>(), n, from_end, out),
        DType::I64 => resolve(index.slice::<i64>(), n, from_end, out),
        DType::U8 => resolve(index.slice::<u8>(), n, from_end, out),
        other => return Err(not_integers(name, other)),
    };
    found.map_err(|(place, at)| outside(name, n, from_end, place, at))?;
    Ok(out)
}

fn outside(name: &str, n: usize, from_end: bool, place: usize, at: i64) -> Error {
    Error::index(name)
        .expected(format!(
            "indices in [0, {n}){}",
            if from_end {
                ", or negative ones counted from the end"
            } else {
                ""
            }
        ))
        .got(format!("{at} at place {place}"))
        .hint("Every index must name an existing row")
}

/// Whether every index names one of n rows.
pub(super) fn check_places<I: kernel::Place>(name: &str, index: &[I], n: usize) -> Result<()> {
    match kernel::first_outside(index, 0, n as i64) {
        Some(place) => Err(outside(name, n, false, place, index[place].wide())),
        None => Ok(()),
    }
}

fn not_integers(name: &str, dtype: DType) -> Error {
    Error::type_error(name)
        .expected("integer indices")
        .got(dtype.name())
        .hint("Cast them to int32")
}

pub(super) fn check_integers(name: &str, index: &Spec) -> Result<()> {
    if matches!(index.dtype, DType::F32 | DType::F64 | DType::Bool) {
        return Err(not_integers(name, index.dtype));
    }
    Ok(())
}

/// y[.., j, ..] = x[.., index[j], ..]; dx[.., i, ..] = sum of g[.., j, ..] over index[j] = i
#[derive(Debug, Clone, Copy, Serialize)]
struct Take {
    #[serde(skip)]
    name: &'static str,
    axis: usize,
}

impl Op for Take {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_integers(self.name, &x[1])?;
        let from = &x[0].dims;
        let parts = from[..self.axis]
            .iter()
            .chain(&x[1].dims)
            .chain(&from[self.axis + 1..]);
        x[0].with_dims(parts.copied()).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = split_at_axis(x[0].shape(), self.axis).into();
        let index = places(self.name, run, &x[1], x[0].shape()[self.axis])?;
        dispatch!(x[0].dtype(), T => {
            let (from, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            sized!(size_of::<T>(), U => {
                // SAFETY: U has the size of T, its alignment or less, and every bit pattern.
                let (from, to) = unsafe { (as_bits::<T, U>(from), as_bits_mut::<T, U>(to)) };
                kernel::take(from, layout, index, to);
            });
        });
        Ok(())
    }

    fn role(&self) -> Role {
        if self.name == "embedding" {
            Role::Rows
        } else {
            Role::Other
        }
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, index) = (&pass.inputs[0], &pass.inputs[1]);
        Ok(vec![
            Some(apply(AddAt { take: *self }, &[pass.grad()?, index, x])?),
            None,
        ])
    }
}

/// # Safety
/// `U` must have the size of `T`; both are plain numbers of at least that alignment.
pub(super) unsafe fn as_bits<T, U>(x: &[T]) -> &[U] {
    debug_assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() >= align_of::<U>());
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len()) }
}

/// # Safety
/// As for [`as_bits`].
pub(super) unsafe fn as_bits_mut<T, U>(x: &mut [T]) -> &mut [U] {
    debug_assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() >= align_of::<U>());
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) }
}

/// y[.., i, ..] = sum of g[.., j, ..] over index[j] = i, in the shape of the third input; dg = the take of dy
#[derive(Debug, Clone, Copy, Serialize)]
struct AddAt {
    take: Take,
}

impl Op for AddAt {
    fn name(&self) -> &'static str {
        "add_at"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[2].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        add_at(self.take.name, self.take.axis, run, x, y)
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![
            Some(apply(self.take, &[pass.grad()?, &pass.inputs[1]])?),
            None,
            None,
        ])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }

    fn absorbs(&self) -> bool {
        self.take.name == "embedding"
    }

    fn fed_by(&self, input: usize, maker: &Role, own: &[Spec]) -> Option<Fused> {
        match *maker {
            Role::Repeat { mean } if input == 0 && own[0].rank() == 3 && own[1].rank() == 2 => {
                let inputs = [Source::Other(0), Source::Own(1), Source::Own(2)];
                Some(Fused {
                    op: Arc::new(AddRepeatedAt { mean }),
                    inputs: inputs.into_iter().collect(),
                })
            }
            _ => None,
        }
    }
}

fn add_at(name: &str, axis: usize, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
    if name == "embedding" {
        return float_dispatch!(x[0].dtype(), T => {
            embedding_bag::add_at::<T>(run, x[0].slice(), 1, 1.0, &x[1], &mut y[0])
        }, else => Err(Error::type_error(name).expected("floats").got(x[0].dtype().name())));
    }
    let layout = split_at_axis(y[0].shape(), axis).into();
    let index = places(name, run, &x[1], y[0].shape()[axis])?;
    float_dispatch!(x[0].dtype(), T => {
        kernel::add_at(x[0].slice::<T>(), layout, index, y[0].slice_mut());
        Ok(())
    }, else => Err(Error::type_error(name).expected("floats").got(x[0].dtype().name())))
}

/// Indices as integers: whole numbers of a float dtype are taken, a fraction is an error when it is met.
pub(super) fn integer_indices(name: &str, index: &Value) -> Result<Value> {
    match index.dtype() {
        DType::Bool => Err(not_integers(name, DType::Bool)),
        DType::F32 | DType::F64 => to_indices(index),
        _ => Ok(index.clone()),
    }
}

/// x at these indices along an axis; of the flattened x where no axis is named.
pub fn take(x: &Value, index: &Value, axis: Option<i64>) -> Result<Value> {
    let index = &integer_indices("take", index)?;
    match axis {
        Some(axis) => apply(
            Take {
                name: "take",
                axis: axis_index("take", axis, x.rank())?,
            },
            &[x, index],
        ),
        None => apply(
            Take {
                name: "take",
                axis: 0,
            },
            &[&ravel(x)?, index],
        ),
    }
}

/// Rows of a table (rows, width) by index: y[.., :] = table[index[..], :]
pub fn embedding(table: &Value, index: &Value) -> Result<Value> {
    if table.rank() != 2 {
        return Err(Error::value("embedding")
            .expected("a table of rank 2: (rows, width)")
            .got(show(&table.dims())));
    }
    apply(
        Take {
            name: "embedding",
            axis: 0,
        },
        &[table, index],
    )
}

/// y[.., j, ..] = x[.., index[.., j, ..], ..] along one axis, index shaped as x but for that axis
#[derive(Debug, Clone, Copy, Serialize)]
struct TakeAlong {
    axis: usize,
}

impl Op for TakeAlong {
    fn name(&self) -> &'static str {
        "take_along_axis"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_integers(self.name(), &x[1])?;
        let (a, b) = (&x[0].dims, &x[1].dims);
        let fits = a.len() == b.len()
            && (0..a.len()).all(|i| i == self.axis || a[i].is_none() || b[i].is_none() || a[i] == b[i]);
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!(
                    "indices of the shape {} but for axis {}",
                    show(a),
                    self.axis
                ))
                .got(show(b)));
        }
        let dims: Dims = (0..a.len())
            .map(|i| if i == self.axis { b[i] } else { a[i].or(b[i]) })
            .collect();
        x[0].with_dims(dims).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = split_at_axis(x[0].shape(), self.axis).into();
        let count = x[1].shape()[self.axis];
        let index = places(self.name(), run, &x[1], x[0].shape()[self.axis])?;
        dispatch!(x[0].dtype(), T => {
            let (from, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            sized!(size_of::<T>(), U => {
                // SAFETY: U has the size of T, its alignment or less, and every bit pattern.
                let (from, to) = unsafe { (as_bits::<T, U>(from), as_bits_mut::<T, U>(to)) };
                kernel::take_along(from, layout, index, count, to);
            });
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![
            Some(add_along(
                pass.grad()?,
                &pass.inputs[1],
                &pass.inputs[0],
                self.axis,
            )?),
            None,
        ])
    }
}

/// The adjoint of `TakeAlong`, in the shape of the third input.
#[derive(Debug, Clone, Copy, Serialize)]
struct AddAlong {
    axis: usize,
}

impl Op for AddAlong {
    fn name(&self) -> &'static str {
        "add_along_axis"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[2].with_dtype(x[0].dtype).one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let layout = split_at_axis(y[0].shape(), self.axis).into();
        let count = x[1].shape()[self.axis];
        let index = places(self.name(), run, &x[1], y[0].shape()[self.axis])?;
        float_dispatch!(x[0].dtype(), T => {
            kernel::add_along(x[0].slice::<T>(), layout, index, count, y[0].slice_mut());
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[0].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![
            Some(apply(
                TakeAlong { axis: self.axis },
                &[pass.grad()?, &pass.inputs[1]],
            )?),
            None,
            None,
        ])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }
}

/// g added at the places that `index` names along the axis, in the shape of `like`.
pub(super) fn add_along(g: &Value, index: &Value, like: &Value, axis: usize) -> Result<Value> {
    apply(AddAlong { axis }, &[g, index, like])
}

/// x at indices of its own for each line along the axis; sizes of 1 along other axes are repeated.
pub fn take_along_axis(x: &Value, index: &Value, axis: Option<i64>) -> Result<Value> {
    let index = &integer_indices("take_along_axis", index)?;
    let Some(axis) = axis else {
        return apply(TakeAlong { axis: 0 }, &[&ravel(x)?, &ravel(index)?]);
    };
    let axis = axis_index("take_along_axis", axis, x.rank())?;
    let (a, b) = (x.dims(), index.dims());
    let narrow = |from: &Dims, to: &Dims| {
        a.len() == b.len() && (0..a.len()).any(|i| i != axis && from[i] == Some(1) && to[i] != Some(1))
    };
    // The shape that one takes from the other, but for the axis: its own entries there, zeros of the other's line.
    let widened = |own: &Value, other: &Value| -> Result<Value> {
        let line = zeros_like(&cast(&slice_axis(other, axis, 0, Some(1))?, DType::I32)?)?;
        broadcast_like(own, &add(&zeros_like(&cast(own, DType::I32)?)?, &line)?)
    };
    let x = if narrow(&a, &b) {
        widened(x, index)?
    } else {
        x.clone()
    };
    let index = if narrow(&b, &a) {
        widened(index, &x)?
    } else {
        index.clone()
    };
    apply(TakeAlong { axis }, &[&x, &index])
}

const _: () = assert!(size_of::<Bool>() == 1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxis {
    #[serde(default)]
    axis: Option<i64>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("take", |x, attrs| {
        let [x, index] = arity("take", x)?;
        Ok(vec![take(
            &x,
            &index,
            parse_attrs::<OnAxis>("take", attrs)?.axis,
        )?])
    }),
    ("take_along_axis", |x, attrs| {
        let [x, index] = arity("take_along_axis", x)?;
        Ok(vec![take_along_axis(
            &x,
            &index,
            parse_attrs::<OnAxis>("take_along_axis", attrs)?.axis,
        )?])
    }),
    ("embedding", |x, attrs| {
        super::table::no_attrs("embedding", attrs)?;
        let [index, table] = arity("embedding", x)?;
        Ok(vec![embedding(&table, &index)?])
    }),
];

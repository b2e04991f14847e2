//! Ops put together from views and moves: swapaxes, moveaxis, roll, unstack, slice, diag, count_nonzero.

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{Axes, cast, not_equal, ravel, reshape_like, slice_axis, squeeze, sum, transpose};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

/// x with two axes exchanged.
pub fn swapaxes(x: &Value, axis1: i64, axis2: i64) -> Result<Value> {
    let rank = x.rank();
    let (a, b) = (
        axis_index("swapaxes", axis1, rank)?,
        axis_index("swapaxes", axis2, rank)?,
    );
    if a == b {
        return Ok(x.clone());
    }
    let mut order: Vec<i64> = (0..rank as i64).collect();
    order.swap(a, b);
    transpose(x, Some(&order))
}

/// x with axes moved from `source` to `destination`, the others in their order.
pub fn moveaxis(x: &Value, source: &[i64], destination: &[i64]) -> Result<Value> {
    let rank = x.rank();
    let places = |axes: &[i64]| -> Result<Vec<usize>> {
        let places: Vec<usize> = axes
            .iter()
            .map(|&a| axis_index("moveaxis", a, rank))
            .collect::<Result<_>>()?;
        let twice = (1..places.len()).any(|i| places[..i].contains(&places[i]));
        if twice || source.len() != destination.len() {
            return Err(Error::value("moveaxis")
                .expected("each axis once, as many sources as destinations")
                .got(format!("{source:?} and {destination:?}")));
        }
        Ok(places)
    };
    let (from, to) = (places(source)?, places(destination)?);
    let mut rest = (0..rank).filter(|a| !from.contains(a));
    let order: Vec<i64> = (0..rank)
        .filter_map(|place| match to.iter().position(|&t| t == place) {
            Some(k) => Some(from[k] as i64),
            None => rest.next().map(|a| a as i64),
        })
        .collect();
    transpose(x, Some(&order))
}

/// x shifted around along an axis of any size: y[(i + shift) mod n] = x[i]; dx = g rolled back.
#[derive(Debug, Clone, Copy, Serialize)]
struct Roll {
    shift: i64,
    axis: usize,
}

impl Op for Roll {
    fn name(&self) -> &'static str {
        "roll"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (_, size, inner) = split_at_axis(x[0].shape(), self.axis);
        let block = size * inner * x[0].dtype().size();
        if block == 0 {
            return Ok(());
        }
        let head = self.shift.rem_euclid(size as i64) as usize * (block / size);
        for (x, y) in x[0]
            .bytes()
            .chunks_exact(block)
            .zip(y[0].bytes_mut().chunks_exact_mut(block))
        {
            y[head..].copy_from_slice(&x[..block - head]);
            y[..head].copy_from_slice(&x[block - head..]);
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        // The remainder of -shift, without leaving the range of i64.
        let back = Roll {
            shift: self.shift.checked_neg().unwrap_or(0),
            axis: self.axis,
        };
        Ok(vec![Some(apply(back, &[pass.grad()?])?)])
    }
}

/// x shifted around along axes; along the flattened x where none is named.
pub fn roll(x: &Value, shift: &[i64], axes: Option<&[i64]>) -> Result<Value> {
    if shift.contains(&i64::MIN) {
        return Err(Error::value("roll")
            .expected("shifts in the range of int64, negated too")
            .got(format!("{shift:?}")));
    }
    let Some(axes) = axes else {
        let all = shift.iter().fold(0_i64, |a, &b| a.wrapping_add(b));
        return reshape_like(&apply(Roll { shift: all, axis: 0 }, &[&ravel(x)?])?, x);
    };
    if shift.len() != axes.len() && shift.len() != 1 {
        return Err(Error::value("roll")
            .expected("one shift, or one for each axis")
            .got(format!("{shift:?} for {axes:?}")));
    }
    let mut y = x.clone();
    for (k, &axis) in axes.iter().enumerate() {
        let axis = axis_index("roll", axis, x.rank())?;
        y = apply(
            Roll {
                shift: shift[k.min(shift.len() - 1)],
                axis,
            },
            &[&y],
        )?;
    }
    Ok(y)
}

/// The slices of x along an axis of known size, without that axis.
pub fn unstack(x: &Value, axis: i64) -> Result<Vec<Value>> {
    let at = axis_index("unstack", axis, x.rank())?;
    let n = x.dims()[at].ok_or_else(|| {
        Error::value("unstack")
            .expected("an axis of known size")
            .got(format!("axis {at} of {}", show(&x.dims())))
    })?;
    (0..n as i64)
        .map(|i| squeeze(&slice_axis(x, at, i, Some(i + 1))?, Axes::One(at as i64)))
        .collect()
}

/// The block of x that starts at these places and has this shape; a size of -1 goes to the end.
pub fn slice(x: &Value, start: &[i64], shape: &[i64]) -> Result<Value> {
    let dims = x.dims();
    if start.len() != x.rank() || shape.len() != x.rank() {
        return Err(Error::value("slice")
            .expected(format!("{} starts and sizes for {}", x.rank(), show(&dims)))
            .got(format!("{start:?} and {shape:?}")));
    }
    let mut y = x.clone();
    for axis in 0..x.rank() {
        let (s, n) = (start[axis], shape[axis]);
        let end = if n == -1 { None } else { s.checked_add(n) };
        let inside = s >= 0
            && n >= -1
            && (n == -1 || end.is_some())
            && dims[axis].is_none_or(|d| end.unwrap_or(s) <= d as i64);
        if !inside {
            return Err(Error::index("slice")
                .expected(format!("a block inside {}", show(&dims)))
                .got(format!("start {start:?}, shape {shape:?}")));
        }
        let whole = s == 0 && (n == -1 || dims[axis] == Some(n as usize));
        if !whole {
            y = slice_axis(&y, axis, s, end)?;
        }
    }
    Ok(y)
}

/// The diagonal of a matrix, or a matrix with x on its diagonal; the k-th above (or below) the main one.
#[derive(Debug, Clone, Copy, Serialize)]
struct Diag {
    k: i64,
    /// From a line to a matrix.
    build: bool,
}

impl Diag {
    /// First place and number of places on the diagonal.
    fn line(self, rows: usize, columns: usize) -> (usize, usize) {
        let (down, right) = (self.k.min(0).unsigned_abs() as usize, self.k.max(0) as usize);
        let n = rows.saturating_sub(down).min(columns.saturating_sub(right));
        (down * columns + right, n)
    }
}

impl Op for Diag {
    fn name(&self) -> &'static str {
        "diag"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let known = x[0]
            .shape()
            .filter(|s| s.len() == if self.build { 1 } else { 2 })
            .ok_or_else(|| {
                Error::value("diag")
                    .expected("a line or a matrix of known size")
                    .got(show(&x[0].dims))
            })?;
        if !self.build {
            return x[0].with_dims([Some(self.line(known[0], known[1]).1)]).one();
        }
        // The second input, when there is one, is the matrix whose shape is wanted.
        if let Some(like) = x.get(1) {
            return like.with_dtype(x[0].dtype).one();
        }
        let side = usize::try_from(self.k.unsigned_abs())
            .ok()
            .and_then(|k| k.checked_add(known[0]));
        let side = side.filter(|s| s.checked_mul(*s).is_some()).ok_or_else(|| {
            Error::value("diag")
                .expected("a matrix that fits in memory")
                .got(format!("k = {}", self.k))
        })?;
        x[0].with_dims([Some(side), Some(side)]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let shape = if self.build { y[0].shape() } else { x[0].shape() };
        let (start, n) = self.line(shape[0], shape[1]);
        let step = shape[1] + 1;
        crate::dispatch!(x[0].dtype(), T => {
            let (from, to) = (x[0].slice::<T>(), y[0].slice_mut::<T>());
            if self.build {
                to.fill(T::default());
                (0..n).for_each(|i| to[start + i * step] = from[i]);
            } else {
                (0..n).for_each(|i| to[i] = from[start + i * step]);
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let g = pass.grad()?;
        let back = Diag {
            build: !self.build,
            ..*self
        };
        let dx = if self.build {
            apply(back, &[g])?
        } else {
            apply(back, &[g, &pass.inputs[0]])?
        };
        Ok([Some(dx), None].into_iter().take(pass.inputs.len()).collect())
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }
}

/// The k-th diagonal of a matrix, or the matrix that has x on it.
pub fn diag(x: &Value, k: i64) -> Result<Value> {
    apply(
        Diag {
            k,
            build: x.rank() == 1,
        },
        &[x],
    )
}

/// The number of elements that are not zero.
pub fn count_nonzero(x: &Value, axes: Axes) -> Result<Value> {
    sum(&cast(&not_equal(x, &x.like(0.0)?)?, DType::I32)?, axes, false)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Swap {
    axis1: i64,
    axis2: i64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

impl OneOrMany {
    fn as_slice(&self) -> &[i64] {
        match self {
            OneOrMany::One(n) => std::slice::from_ref(n),
            OneOrMany::Many(list) => list,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    source: OneOrMany,
    destination: OneOrMany,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollAttrs {
    shift: OneOrMany,
    #[serde(default)]
    axis: Option<OneOrMany>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    start_indices: Vec<i64>,
    shape: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxis {
    #[serde(default)]
    axis: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxes {
    #[serde(default)]
    axis: Axes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diagonal {
    #[serde(default)]
    k: i64,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("swapaxes", |x, attrs| {
        let [x] = arity("swapaxes", x)?;
        let s: Swap = parse_attrs("swapaxes", attrs)?;
        Ok(vec![swapaxes(&x, s.axis1, s.axis2)?])
    }),
    ("moveaxis", |x, attrs| {
        let [x] = arity("moveaxis", x)?;
        let m: Move = parse_attrs("moveaxis", attrs)?;
        Ok(vec![moveaxis(&x, m.source.as_slice(), m.destination.as_slice())?])
    }),
    ("roll", |x, attrs| {
        let [x] = arity("roll", x)?;
        let r: RollAttrs = parse_attrs("roll", attrs)?;
        Ok(vec![roll(
            &x,
            r.shift.as_slice(),
            r.axis.as_ref().map(OneOrMany::as_slice),
        )?])
    }),
    ("unstack", |x, attrs| {
        let [x] = arity("unstack", x)?;
        unstack(&x, parse_attrs::<OnAxis>("unstack", attrs)?.axis.unwrap_or(0))
    }),
    ("slice", |x, attrs| {
        let [x] = arity("slice", x)?;
        let b: Block = parse_attrs("slice", attrs)?;
        Ok(vec![slice(&x, &b.start_indices, &b.shape)?])
    }),
    ("diag", |x, attrs| {
        let [x] = arity("diag", x)?;
        Ok(vec![diag(&x, parse_attrs::<Diagonal>("diag", attrs)?.k)?])
    }),
    ("count_nonzero", |x, attrs| {
        let [x] = arity("count_nonzero", x)?;
        Ok(vec![count_nonzero(
            &x,
            parse_attrs::<OnAxes>("count_nonzero", attrs)?.axis,
        )?])
    }),
];

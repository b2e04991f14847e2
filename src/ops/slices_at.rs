//! Blocks at places that are values: slice_at (a dynamic slice) and slice_update. Each is the other's adjoint.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::index::integer_indices;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{cast, zeros_like};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::memory::{row_major, strided};
use crate::shape::{Spec, Specs, show, show_shape};
use crate::sized;
use crate::tensor::{View, ViewMut};

/// Where a block of shape `block` begins in an array of this shape, in elements; an error if it leaves the array.
fn offset(name: &str, start: &View<'_>, block: &[usize], shape: &[usize]) -> Result<isize> {
    let start: SmallVec<[i64; 6]> = match start.dtype() {
        DType::I32 => start.slice::<i32>().iter().map(|&i| i64::from(i)).collect(),
        DType::I64 => start.slice::<i64>().into(),
        DType::U8 => start.slice::<u8>().iter().map(|&i| i64::from(i)).collect(),
        other => {
            return Err(Error::type_error(name)
                .expected("integer start indices")
                .got(other.name()));
        }
    };
    let inside = start
        .iter()
        .zip(block.iter().zip(shape))
        .all(|(&s, (&b, &n))| s >= 0 && s.checked_add(b as i64).is_some_and(|end| end <= n as i64));
    if !inside {
        return Err(Error::index(name)
            .expected(format!(
                "a block of shape {} inside {}",
                show_shape(block),
                show_shape(shape)
            ))
            .got(format!("start {start:?}")));
    }
    Ok(start
        .iter()
        .zip(row_major(shape))
        .map(|(&s, step)| s as isize * step)
        .sum())
}

fn check_start(name: &str, x: &Spec, start: &Spec) -> Result<()> {
    if start.rank() == 1 && start.dims[0].is_none_or(|n| n == x.rank()) {
        return Ok(());
    }
    Err(Error::value(name)
        .expected(format!("{} start indices for shape {}", x.rank(), show(&x.dims)))
        .got(format!("start indices of shape {}", show(&start.dims)))
        .hint("The number of dimensions in `start_indices` must match that of dimensions in `inputs`"))
}

/// y = the block of x from the start on, of these sizes or of the shape of the third input; dx = zeros with g there
#[derive(Debug, Clone, Serialize)]
struct SliceAt {
    /// -1 goes to the end, which only data can tell.
    sizes: Option<Vec<i64>>,
}

impl Op for SliceAt {
    fn name(&self) -> &'static str {
        "slice_at"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_start(self.name(), &x[0], &x[1])?;
        let Some(sizes) = &self.sizes else {
            return x[2].with_dtype(x[0].dtype).one();
        };
        let fits = sizes.len() == x[0].rank()
            && sizes
                .iter()
                .zip(&x[0].dims)
                .all(|(&n, d)| n >= -1 && d.is_none_or(|d| n <= d as i64));
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!("sizes of a block inside {}", show(&x[0].dims)))
                .got(format!("{sizes:?}")));
        }
        x[0].with_dims(sizes.iter().map(|&n| usize::try_from(n).ok()))
            .one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let block = y[0].shape();
        let start = offset(self.name(), &x[1], block, x[0].shape())?;
        sized!(x[0].dtype().size(), T => {
            // SAFETY: `offset` keeps the block inside x; y is covered once.
            unsafe {
                strided::<T>(block, x[0].as_ptr().cast::<T>().offset(start), &row_major(x[0].shape()), y[0].as_mut_ptr().cast(), &row_major(block));
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, start) = (&pass.inputs[0], &pass.inputs[1]);
        let mut grads = vec![None; pass.inputs.len()];
        grads[0] = Some(apply(SliceUpdate, &[&zeros_like(x)?, start, pass.grad()?])?);
        Ok(grads)
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 2
    }
}

/// y = x with the updates from the start on; dx = g with zeros there, du = g there
#[derive(Debug, Clone, Copy, Serialize)]
struct SliceUpdate;

impl Op for SliceUpdate {
    fn name(&self) -> &'static str {
        "slice_update"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_start(self.name(), &x[0], &x[1])?;
        let fits = x[0].rank() == x[2].rank()
            && x[0]
                .dims
                .iter()
                .zip(&x[2].dims)
                .all(|(n, u)| n.is_none() || u.is_none() || u <= n);
        if !fits {
            return Err(Error::value(self.name())
                .expected(format!("updates that fit into {}", show(&x[0].dims)))
                .got(show(&x[2].dims)));
        }
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let block = x[2].shape();
        let start = offset(self.name(), &x[1], block, y[0].shape())?;
        if !y[0].shares(&x[0]) {
            y[0].bytes_mut().copy_from_slice(x[0].bytes());
        }
        let to = row_major(y[0].shape());
        sized!(x[0].dtype().size(), T => {
            // SAFETY: `offset` keeps the block inside y.
            unsafe {
                strided::<T>(block, x[2].as_ptr().cast(), &row_major(block), y[0].as_mut_ptr().cast::<T>().offset(start), &to);
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (start, u, g) = (&pass.inputs[1], &pass.inputs[2], pass.grad()?);
        let dx = pass.needs[0]
            .then(|| apply(*self, &[g, start, &zeros_like(u)?]))
            .transpose()?;
        let du = pass.needs[2]
            .then(|| apply(SliceAt { sizes: None }, &[g, start, u]))
            .transpose()?;
        Ok(vec![dx, None, du])
    }

    fn inplace(&self, input: usize) -> bool {
        input == 0
    }
}

/// The block of x that starts at places given by a value.
pub fn slice_at(x: &Value, start: &Value, sizes: &[i64]) -> Result<Value> {
    let start = integer_indices("slice", start)?;
    let mut sizes = sizes.to_vec();
    if let (Some(shape), Value::Eager(_)) = (x.shape(), &start)
        && sizes.len() == shape.len()
    {
        let places = cast(&start, DType::I64)?;
        let places = places.tensor()?.slice::<i64>();
        for ((n, &s), &d) in sizes.iter_mut().zip(places).zip(&shape) {
            if *n == -1 {
                *n = (d as i64).saturating_sub(s).max(0);
            }
        }
    }
    apply(SliceAt { sizes: Some(sizes) }, &[x, &start])
}

/// x with a block of it replaced, from places on that are given by a value.
pub fn slice_update(x: &Value, start: &Value, updates: &Value) -> Result<Value> {
    let start = integer_indices("slice_update", start)?;
    if updates.dtype().is_float() && !x.dtype().is_float() {
        return Err(Error::type_error("slice_update")
            .expected(format!("updates that {} can hold", x.dtype()))
            .got(updates.dtype().name())
            .hint("Cast one of them"));
    }
    apply(SliceUpdate, &[x, &start, &cast(updates, x.dtype())?])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    shape: Vec<i64>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("slice_at", |x, attrs| {
        if let [x, start, like] = x {
            super::table::no_attrs("slice_at", attrs)?;
            let start = integer_indices("slice", start)?;
            return Ok(vec![apply(SliceAt { sizes: None }, &[x, &start, like])?]);
        }
        let [x, start] = arity("slice_at", x)?;
        Ok(vec![slice_at(
            &x,
            &start,
            &parse_attrs::<Block>("slice_at", attrs)?.shape,
        )?])
    }),
    ("slice_update", |x, attrs| {
        super::table::no_attrs("slice_update", attrs)?;
        let [x, start, updates] = arity("slice_update", x)?;
        Ok(vec![slice_update(&x, &start, &updates)?])
    }),
];

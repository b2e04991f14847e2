//! Finding: searchsorted, the order of rows, nonzero. Their results are places: no gradients.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{not_equal, promoted, to_number};
use crate::autograd::{Value, apply};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::kernels::index::Ordered;
use crate::kernels::parallel::{GRAIN, for_chunks_mut};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

macro_rules! ordered_dispatch {
    ($name:expr, $dtype:expr, $t:ident => $body:expr) => {
        match $dtype {
            DType::F32 => {
                type $t = f32;
                $body
            }
            DType::F64 => {
                type $t = f64;
                $body
            }
            DType::I32 => {
                type $t = i32;
                $body
            }
            DType::I64 => {
                type $t = i64;
                $body
            }
            DType::U8 => {
                type $t = u8;
                $body
            }
            DType::Bool => return Err(Error::type_error($name).expected("numbers").got("bool")),
        }
    };
}

/// y = how many elements of a rising line are below v (left), or not above it (right). NaN counts as the largest.
#[derive(Debug, Clone, Copy, Serialize)]
struct SearchSorted {
    right: bool,
    dtype: DType,
}

impl SearchSorted {
    fn places<T: Ordered + Element, I: Element>(
        self,
        x: &[View<'_>],
        out: &mut [I],
        convert: impl Fn(usize) -> I + Sync,
    ) {
        let (line, values) = (x[0].slice::<T>(), x[1].slice::<T>());
        for_chunks_mut(out, GRAIN / 16, |at, part| {
            for (y, v) in part.iter_mut().zip(&values[at..]) {
                let before = |e: &T| match e.order(*v) {
                    Ordering::Less => true,
                    Ordering::Equal => self.right,
                    Ordering::Greater => false,
                };
                *y = convert(line.partition_point(before));
            }
        });
    }
}

impl Op for SearchSorted {
    fn name(&self) -> &'static str {
        "searchsorted"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if x[0].rank() != 1 {
            return Err(Error::value(self.name())
                .expected("a line of sorted numbers: `searchsorted` only supports 1-D sorted sequences")
                .got(show(&x[0].dims))
                .hint("Use vectorized_map for several lines"));
        }
        x[1].with_dtype(self.dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        ordered_dispatch!(self.name(), x[0].dtype(), T => match self.dtype {
            DType::I64 => self.places::<T, i64>(x, y[0].slice_mut(), |n| n as i64),
            _ => self.places::<T, i32>(x, y[0].slice_mut(), |n| n as i32),
        });
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None, None])
    }

    fn cost(&self, _: &[Spec], outputs: &[Spec]) -> usize {
        16 * outputs[0].len().unwrap_or(0)
    }
}

/// Where the values would be put into a rising line so that it stays sorted: int32, or int64 for a line of open size.
pub fn searchsorted(line: &Value, values: &Value, right: bool) -> Result<Value> {
    let (line, values) = promoted(line, values)?;
    let (line, values) = (to_number(&line)?, to_number(&values)?);
    let small = line
        .dims()
        .first()
        .is_some_and(|d| d.is_some_and(|n| i32::try_from(n).is_ok()));
    let dtype = if small { DType::I32 } else { DType::I64 };
    apply(SearchSorted { right, dtype }, &[&line, &values])
}

/// The order (int32) in which the rows of a matrix are sorted, by their first elements, then the second ones, ...;
/// equal rows keep their order.
#[derive(Debug, Clone, Copy, Serialize)]
struct ArgsortRows;

impl Op for ArgsortRows {
    fn name(&self) -> &'static str {
        "argsort_rows"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        if x[0].rank() != 2 {
            return Err(Error::value(self.name())
                .expected("a matrix")
                .got(show(&x[0].dims)));
        }
        Spec::new(DType::I32, [x[0].dims[0]]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let columns = x[0].shape()[1];
        let order = y[0].slice_mut::<i32>();
        order.iter_mut().enumerate().for_each(|(i, o)| *o = i as i32);
        ordered_dispatch!(self.name(), x[0].dtype(), T => {
            let all = x[0].slice::<T>();
            let row = |i: i32| &all[i as usize * columns..][..columns];
            order.sort_by(|&a, &b| {
                let differ = row(a).iter().zip(row(b)).map(|(x, y)| x.order(*y));
                differ.into_iter().find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            });
        });
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// The places of true elements: one row of int32 for each axis.
#[derive(Debug, Clone, Copy, Serialize)]
struct NonZero {
    /// `None` while the values are not known.
    count: Option<usize>,
}

impl Op for NonZero {
    fn name(&self) -> &'static str {
        "nonzero"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        Spec::new(DType::I32, [Some(x[0].rank()), self.count]).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (shape, count) = (x[0].shape(), y[0].shape()[1]);
        let out = y[0].slice_mut::<i32>();
        let hits = x[0].slice::<Bool>().iter().enumerate().filter(|(_, b)| b.get());
        for (k, (at, _)) in hits.enumerate() {
            let mut rest = at;
            for axis in (0..shape.len()).rev() {
                out[axis * count + k] = (rest % shape[axis]) as i32;
                rest /= shape[axis];
            }
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None])
    }
}

/// The places of the elements that are not 0, a row of int32 for each axis. Only data can tell how many there are: a
/// graph with this op can be traced but not run.
pub fn nonzero(x: &Value) -> Result<Value> {
    let hit = match x.dtype() {
        DType::Bool => x.clone(),
        _ => not_equal(x, &x.like(0.0)?)?,
    };
    let count = match &hit {
        Value::Eager(e) => Some(e.tensor.slice::<Bool>().iter().filter(|b| b.get()).count()),
        Value::Node(_) => None,
    };
    apply(NonZero { count }, &[&hit])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    #[serde(default)]
    right: bool,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("searchsorted", |x, attrs| {
        let [line, values] = arity("searchsorted", x)?;
        let right = parse_attrs::<Side>("searchsorted", attrs)?.right;
        Ok(vec![searchsorted(&line, &values, right)?])
    }),
    ("argsort_rows", |x, attrs| {
        super::table::no_attrs("argsort_rows", attrs)?;
        let [x] = arity("argsort_rows", x)?;
        Ok(vec![apply(ArgsortRows, &[&to_number(&x)?])?])
    }),
    ("nonzero", |x, attrs| {
        super::table::no_attrs("nonzero", attrs)?;
        let [x] = arity("nonzero", x)?;
        Ok(vec![nonzero(&x)?])
    }),
];

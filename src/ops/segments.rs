//! Rows folded by segment id: segment_sum, _prod, _max, _min.

use serde::Deserialize;

use super::fold_at::{Fold, FoldAt, Target};
use super::index::integer_indices;
use super::op::{OpFn, arity, parse_attrs};
use super::scatter::Places;
use super::{cast, expand_dims};
use crate::autograd::{Value, apply};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::show;

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
            who: name,
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
    segment_op!("segment_sum", Fold::Sum),
    segment_op!("segment_max", Fold::Max),
    segment_op!("segment_min", Fold::Min),
    segment_op!("segment_prod", Fold::Prod),
];

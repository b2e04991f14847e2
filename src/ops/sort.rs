//! Order: sort, argsort, top_k, in_top_k. Equal elements keep their order, NaN counts as the largest.

use serde::{Deserialize, Serialize};

use super::index::add_along;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::swapaxes;
use crate::autograd::{Value, apply, apply_many};
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::index::sort_rows;
use crate::shape::{Spec, Specs, axis_index, show};
use crate::tensor::{View, ViewMut};

/// The first `keep` (or all) elements of the last axis in order, and their places (int32); dx = g at those places.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sort {
    #[serde(skip)]
    name: &'static str,
    keep: Option<usize>,
    descending: bool,
}

impl Op for Sort {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let mut dims = x[0].dims.clone();
        let Some(size) = dims.last_mut() else {
            return Err(Error::value(self.name)
                .expected("a value with an axis")
                .got(show(&x[0].dims)));
        };
        if let Some(keep) = self.keep {
            if size.is_some_and(|n| keep > n) {
                return Err(Error::value(self.name)
                    .expected(format!("k of at most the last size of {}", show(&x[0].dims)))
                    .got(keep.to_string()));
            }
            *size = Some(keep);
        }
        let values = x[0].with_dims(dims);
        let places = values.with_dtype(DType::I32);
        Ok(smallvec::smallvec![values, places])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let columns = x[0].shape()[x[0].shape().len() - 1];
        let keep = self.keep.unwrap_or(columns);
        let [values, places] = y else {
            return Err(Error::runtime(self.name)
                .expected("two outputs")
                .got(y.len().to_string()));
        };
        let places = places.slice_mut::<i32>();
        macro_rules! sort {
            ($($t:ty),*) => {
                match x[0].dtype() {
                    $(<$t as crate::dtype::Element>::DTYPE => {
                        sort_rows::<$t>(x[0].slice(), columns, keep, self.descending, values.slice_mut(), places);
                        Ok(())
                    })*
                    other => Err(Error::type_error(self.name).expected("numbers").got(other.name())),
                }
            };
        }
        sort!(f32, f64, i32, i64, u8)
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let x = &pass.inputs[0];
        Ok(vec![match &pass.grads[0] {
            Some(g) => Some(add_along(g, &pass.outputs[1], x, x.rank() - 1)?),
            None => None,
        }])
    }
}

/// Sorted values and their places along the last axis.
fn sorted(name: &'static str, x: &Value, keep: Option<usize>, descending: bool) -> Result<(Value, Value)> {
    let x = super::to_number(x)?;
    let mut y = apply_many(
        std::sync::Arc::new(Sort {
            name,
            keep,
            descending,
        }),
        &[&x],
    )?;
    match (y.pop(), y.pop()) {
        (Some(places), Some(values)) => Ok((values, places)),
        _ => Err(Error::runtime(name).expected("two outputs").got("fewer")),
    }
}

/// `sorted` along any axis.
fn sorted_along(name: &'static str, x: &Value, axis: i64) -> Result<(Value, Value)> {
    let at = axis_index(name, axis, x.rank())?;
    if at + 1 == x.rank() {
        return sorted(name, x, None, false);
    }
    let (values, places) = sorted(name, &swapaxes(x, at as i64, -1)?, None, false)?;
    Ok((
        swapaxes(&values, at as i64, -1)?,
        swapaxes(&places, at as i64, -1)?,
    ))
}

/// x in rising order along an axis
pub fn sort(x: &Value, axis: i64) -> Result<Value> {
    Ok(sorted_along("sort", x, axis)?.0)
}

/// The places (int32) that would sort x along an axis
pub fn argsort(x: &Value, axis: i64) -> Result<Value> {
    Ok(sorted_along("argsort", x, axis)?.1)
}

/// The k largest elements along the last axis, falling, and their places (int32)
pub fn top_k(x: &Value, k: usize) -> Result<(Value, Value)> {
    sorted("top_k", x, Some(k), true)
}

/// Whether fewer than k predictions are larger than that of the target; NaN as the target's is the lowest.
#[derive(Debug, Clone, Copy, Serialize)]
struct InTopK(usize);

impl Op for InTopK {
    fn name(&self) -> &'static str {
        "in_top_k"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (targets, predictions) = (&x[0], &x[1]);
        let rows = predictions.dims.split_last().map(|(_, rows)| rows);
        let fits = rows.is_some_and(|rows| {
            rows.len() == targets.rank()
                && rows
                    .iter()
                    .zip(&targets.dims)
                    .all(|(a, b)| a.is_none() || b.is_none() || a == b)
        });
        if !fits {
            return Err(Error::value(self.name())
                .expected("one target for each row of predictions")
                .got(format!(
                    "targets {} and predictions {}",
                    show(&targets.dims),
                    show(&predictions.dims)
                )));
        }
        targets.with_dtype(DType::Bool).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let classes = x[1].shape()[x[1].shape().len() - 1];
        let (targets, out) = (x[0].slice::<i64>(), y[0].slice_mut::<Bool>());
        float_dispatch!(x[1].dtype(), T => {
            let all = x[1].slice::<T>();
            for (i, (out, &target)) in out.iter_mut().zip(targets).enumerate() {
                let row = &all[i * classes..(i + 1) * classes];
                if target < 0 || target as usize >= classes {
                    return Err(Error::value(self.name())
                        .expected(format!("targets in [0, {classes})"))
                        .got(format!("{target} at place {i}")));
                }
                let own = row[target as usize];
                let own = if own.is_nan() { T::NEG_INFINITY } else { own };
                *out = (row.iter().filter(|&&v| v > own).count() < self.0).into();
            }
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("float predictions").got(x[1].dtype().name())))
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None, None])
    }
}

/// Whether each target class is among the k largest predictions of its row.
pub fn in_top_k(targets: &Value, predictions: &Value, k: usize) -> Result<Value> {
    apply(
        InTopK(k),
        &[&super::cast(targets, DType::I64)?, &super::to_float(predictions)?],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnAxis {
    #[serde(default = "last")]
    axis: i64,
}

fn last() -> i64 {
    -1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct K {
    k: usize,
    /// Sorted results are also right where any order is.
    #[serde(default)]
    #[allow(dead_code)]
    sorted: Option<bool>,
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("sort", |x, attrs| {
        let [x] = arity("sort", x)?;
        Ok(vec![sort(&x, parse_attrs::<OnAxis>("sort", attrs)?.axis)?])
    }),
    ("argsort", |x, attrs| {
        let [x] = arity("argsort", x)?;
        Ok(vec![argsort(&x, parse_attrs::<OnAxis>("argsort", attrs)?.axis)?])
    }),
    ("top_k", |x, attrs| {
        let [x] = arity("top_k", x)?;
        let (values, places) = top_k(&x, parse_attrs::<K>("top_k", attrs)?.k)?;
        Ok(vec![values, places])
    }),
    ("in_top_k", |x, attrs| {
        let [targets, predictions] = arity("in_top_k", x)?;
        Ok(vec![in_top_k(
            &targets,
            &predictions,
            parse_attrs::<K>("in_top_k", attrs)?.k,
        )?])
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn run(targets: &[i64], scores: &[f32], k: usize) -> Result<Vec<bool>> {
        let shape = [targets.len(), scores.len() / targets.len()];
        let targets = Tensor::from_slice(&shape[..1], targets)?.into();
        let y = in_top_k(&targets, &Tensor::from_slice(&shape, scores)?.into(), k)?;
        Ok(y.tensor()?.slice::<Bool>().iter().map(|b| b.get()).collect())
    }

    #[test]
    fn ties_count_as_in_the_top_k() {
        let scores = [0.3, 0.3, 0.4, 0.1, 0.5, 0.4];
        assert_eq!(run(&[0, 1], &scores, 2).unwrap(), [true, true]);
        assert_eq!(run(&[0, 2], &scores, 1).unwrap(), [false, false]);
        assert_eq!(run(&[0], &[f32::NAN, 0.3], 1).unwrap(), [false]);
        assert_eq!(run(&[0], &[f32::INFINITY, 0.3], 1).unwrap(), [true]);
    }

    #[test]
    fn targets_that_are_no_class_are_named() {
        let text = run(&[0, 5], &[0.3, 0.3, 0.4, 0.1], 1).unwrap_err().to_string();
        assert!(
            text.contains("in_top_k") && text.contains("[0, 2)") && text.contains("5 at place 1"),
            "{text}"
        );
    }
}

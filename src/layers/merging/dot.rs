//! y[b, i.., j..] = sum_k x1[b, i.., k] x2[b, j.., k], the axes of k anywhere but first

use serde::Deserialize;

use crate::autograd::{Value, Variable};
use crate::config::Axes;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, WeightSpec, one};
use crate::layers::reshaping::reshape_samples;
use crate::ops;
use crate::shape::{Dims, Spec, axis_index, show};

/// Under the root of a length, so that a vector of zeros stays one.
const TINY: f64 = 1e-12;

#[derive(Debug, Deserialize)]
pub struct Dot {
    axes: Axes,
    #[serde(default)]
    normalize: bool,
}

impl Dot {
    /// The axis of each input that is summed over.
    fn summed(&self, a: &Dims, b: &Dims) -> Result<(usize, usize)> {
        let (first, second) = match self.axes.to_vec()[..] {
            [axis] => (axis, axis),
            [first, second] => (first, second),
            ref other => {
                return Err(Error::value("axes")
                    .expected("one axis or two")
                    .got(format!("{other:?}"))
                    .hint("Pass axes=1 or axes=(1, 2)"));
            }
        };
        let shapes = || format!("shapes {} and {}", show(a), show(b));
        if a.len() < 2 || b.len() < 2 {
            return Err(Error::value("inputs")
                .expected("at least 2 axes each, the batch first")
                .got(shapes())
                .hint("Add an axis for the batch"));
        }
        let (i, j) = (
            axis_index("axes", first, a.len())?,
            axis_index("axes", second, b.len())?,
        );
        if i == 0 || j == 0 {
            return Err(Error::value("axes")
                .expected("axes other than 0, the batch")
                .got(format!("{first} and {second}"))
                .hint("Count from 1, or from the end"));
        }
        if a[i].is_some() && b[j].is_some() && a[i] != b[j] {
            return Err(Error::value("inputs")
                .expected(format!(
                    "the same size along axis {i} of the first and axis {j} of the second"
                ))
                .got(shapes())
                .hint("Choose other `axes`, or reshape the inputs"));
        }
        Ok((i, j))
    }
}

/// x / max(|x|, tiny) with the length |x| along the axis.
fn unit(x: &Value, axis: usize) -> Result<Value> {
    let square = ops::sum(&ops::square(x)?, ops::Axes::One(axis as i64), true)?;
    ops::divide(x, &ops::sqrt(&ops::maximum(&square, &x.like(TINY)?)?)?)
}

/// The axes in order, but with this one last.
fn moved_last(rank: usize, axis: usize) -> Vec<i64> {
    (0..rank)
        .filter(|k| *k != axis)
        .chain([axis])
        .map(|k| k as i64)
        .collect()
}

/// Sizes as a target shape, at most one of them unknown.
fn target(dims: &[Option<usize>]) -> Vec<i64> {
    dims.iter().map(|d| d.map_or(-1, |n| n as i64)).collect()
}

impl Layer for Dot {
    fn weights(&self, inputs: &[Spec]) -> Result<Vec<WeightSpec>> {
        let [a, b] = inputs else {
            return Err(two(inputs.len()));
        };
        self.summed(&a.dims, &b.dims)?;
        Ok(Vec::new())
    }

    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let [a, b] = inputs else {
            return Err(two(inputs.len()));
        };
        let (i, j) = self.summed(&a.dims(), &b.dims())?;
        let (a, b) = if self.normalize {
            (unit(a, i)?, unit(b, j)?)
        } else {
            (a.clone(), b.clone())
        };
        // Both as (batch, others, k); the others of each, without batch and k, are put back at the end.
        let a = ops::transpose(&a, Some(&moved_last(a.rank(), i)))?;
        let b = ops::transpose(&b, Some(&moved_last(b.rank(), j)))?;
        let (da, db) = (a.dims(), b.dims());
        let mut rest: Vec<Option<usize>> = da[1..da.len() - 1].to_vec();
        rest.extend(&db[1..db.len() - 1]);
        let matrix = |x: &Value, dims: &Dims| match dims.len() {
            3 => Ok(x.clone()),
            2 => ops::expand_dims(x, 1),
            _ => {
                let k = dims[dims.len() - 1];
                reshape_samples(x, &[-1, k.map_or(-1, |n| n as i64)])
            }
        };
        let y = ops::matmul(
            &matrix(&a, &da)?,
            &ops::transpose(&matrix(&b, &db)?, Some(&[0, 2, 1]))?,
        )?;
        if rest.is_empty() {
            return one(ops::squeeze(&y, ops::Axes::One(2))?);
        }
        if da.len() == 3 && db.len() == 3 {
            return one(y);
        }
        one(reshape_samples(&y, &target(&rest))?)
    }
}

fn two(count: usize) -> Error {
    Error::value("inputs")
        .expected("a list of exactly 2 tensors")
        .got(count.to_string())
        .hint("Call the layer on a list, layer([a, b])")
}

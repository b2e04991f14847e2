//! factor * sum over pairs i < j of |v_i . v_j| / number of pairs, the v being unit rows or columns.

use serde::Deserialize;

use super::regularizer::Regularizer;
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::ops;
use crate::shape::show;
use crate::tensor::Tensor;

/// Under the root of a length, so that a row of zeros stays one.
const TINY: f64 = 1e-12;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Rows,
    Columns,
}

#[derive(Debug, Deserialize)]
pub struct OrthogonalRegularizer {
    factor: f64,
    mode: Mode,
}

impl Regularizer for OrthogonalRegularizer {
    fn penalty(&self, weight: &Value) -> Result<Value> {
        let shape = weight.shape().filter(|s| s.len() == 2).ok_or_else(|| {
            Error::value("weight")
                .expected("a matrix, two axes of known size")
                .got(format!("shape {}", show(&weight.dims())))
                .hint("Use this regularizer for kernels of Dense layers")
        })?;
        let (axis, n) = if self.mode == Mode::Rows {
            (1, shape[0])
        } else {
            (0, shape[1])
        };
        if n < 2 {
            return weight.like(0.0);
        }
        let square = ops::maximum(
            &ops::sum(&ops::square(weight)?, ops::Axes::One(axis), true)?,
            &weight.like(TINY)?,
        )?;
        let unit = ops::divide(weight, &ops::sqrt(&square)?)?;
        let turned = ops::transpose(&unit, None)?;
        let products = if self.mode == Mode::Rows {
            ops::matmul(&unit, &turned)?
        } else {
            ops::matmul(&turned, &unit)?
        };
        // Ones off the diagonal: each pair appears twice, hence the half.
        let mut others = vec![1.0; n * n];
        for i in 0..n {
            others[i * n + i] = 0.0;
        }
        let others = ops::cast(
            &Value::from(Tensor::from_slice(&[n, n], &others)?),
            weight.dtype(),
        )?;
        let total = ops::sum(
            &ops::abs(&ops::multiply(&products, &others)?)?,
            ops::Axes::All,
            false,
        )?;
        let pairs = (n * (n - 1) / 2) as f64;
        ops::multiply(&total, &weight.like(self.factor * 0.5 / pairs)?)
    }
}

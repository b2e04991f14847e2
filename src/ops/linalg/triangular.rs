//! solve_triangular: op(A) X = B for triangular A, where op transposes or not. The other half of A is not looked at.

use serde::{Deserialize, Serialize};

use super::common::{Parts, abt, batch, each, floats, narrow, singular, sizes, square, widen};
use super::solve::{Batches, as_matrix, from_matrix, system};
use crate::autograd::{Value, apply};
use crate::error::Result;
use crate::kernels::linalg::{self, Triangle};
use crate::ops::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use crate::ops::{negative, tril, triu};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Which half of A counts, whether its diagonal counts as ones, and whether A is transposed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Triangular(Triangle);

impl Triangular {
    pub const LOWER: Self = Self(Triangle {
        lower: true,
        unit: false,
        transposed: false,
    });
    pub const UPPER: Self = Self(Triangle {
        lower: false,
        ..Self::LOWER.0
    });
    pub const UNIT_LOWER: Self = Self(Triangle {
        unit: true,
        ..Self::LOWER.0
    });

    #[must_use]
    pub fn transposed(self) -> Self {
        Self(Triangle {
            transposed: !self.0.transposed,
            ..self.0
        })
    }
}

impl Op for Triangular {
    fn name(&self) -> &'static str {
        "solve_triangular"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        square(self.name(), &x[0])?;
        system(self.name(), &x[0], &x[1])
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, columns) = sizes(&x[1]);
        let (a, b) = (widen(&x[0]), widen(&x[1]));
        let batches = Batches::new(&x[0], &x[1], y[0].shape());
        let mut all = vec![0.0; y[0].len()];
        let parts = Parts::new(&mut all, n * columns);
        each(batch(&y[0].as_view()), n * n * columns / 2, |i| {
            let (at_a, at_b) = batches.at(i);
            let mut own = b[at_b * n * columns..(at_b + 1) * n * columns].to_vec();
            linalg::solve_triangular(&a[at_a * n * n..(at_a + 1) * n * n], n, &mut own, columns, self.0)
                .map_err(|pivot| singular(self.name(), &x[0], at_a, pivot))?;
            parts.write(i, &own);
            Ok(())
        })?;
        narrow(&all, &mut y[0]);
        Ok(())
    }

    /// dB solves op(A)^T dB = dX; d op(A) = -dB X^T, of which A's half counts.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (a, x) = (&pass.inputs[0], &pass.outputs[0]);
        let db = solve_triangular(a, pass.grad()?, self.transposed())?;
        let da = if pass.needs[0] {
            let whole = if self.0.transposed {
                abt(x, &db)?
            } else {
                abt(&db, x)?
            };
            let k = i64::from(self.0.unit);
            let half = if self.0.lower {
                tril(&whole, -k)?
            } else {
                triu(&whole, k)?
            };
            Some(negative(&half)?)
        } else {
            None
        };
        Ok(vec![da, Some(db)])
    }

    fn cost(&self, x: &[Spec], _: &[Spec]) -> usize {
        super::common::cubic(&x[1])
    }
}

/// X with op(A) X = B, for matrices B.
pub fn solve_triangular(a: &Value, b: &Value, triangle: Triangular) -> Result<Value> {
    apply(triangle, &[a, b])
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attrs {
    #[serde(default)]
    lower: bool,
}

pub(super) const OPS: &[(&str, OpFn)] = &[("solve_triangular", |x, attrs| {
    let [a, b] = arity("solve_triangular", x)?;
    let [a, b] = floats([&a, &b])?;
    let triangle = if parse_attrs::<Attrs>("solve_triangular", attrs)?.lower {
        Triangular::LOWER
    } else {
        Triangular::UPPER
    };
    let y = solve_triangular(&a, &as_matrix("solve_triangular", &a, &b)?, triangle)?;
    Ok(vec![from_matrix(&a, &b, y)?])
})];

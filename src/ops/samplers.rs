//! Gamma, beta and binomial numbers (see [`crate::distributions`]), whose parameters are values: pure functions of a key.

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, parse_attrs};
use super::random::{check_key, key_of};
use super::{broadcast_like, broadcast_to, cast};
use crate::autograd::{Value, apply};
use crate::distributions;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::parallel::for_chunks_mut;
use crate::rng::Key;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Kind {
    Gamma,
    Beta,
    Binomial,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Gamma => "random_gamma",
            Kind::Beta => "random_beta",
            Kind::Binomial => "random_binomial",
        }
    }

    /// What each parameter must be, by name; the second one of gamma does not exist.
    fn allowed(self) -> [(&'static str, &'static str); 2] {
        match self {
            Kind::Gamma => [("alpha", "above 0"), ("", "")],
            Kind::Beta => [("alpha", "above 0"), ("beta", "above 0")],
            Kind::Binomial => [
                ("counts", "a whole number of at least 0"),
                ("probabilities", "in [0, 1]"),
            ],
        }
    }

    fn is_allowed(self, parameter: usize, value: f64) -> bool {
        match (self, parameter) {
            (Kind::Binomial, 0) => (0.0..=9e15).contains(&value) && value.fract() == 0.0,
            (Kind::Binomial, _) => (0.0..=1.0).contains(&value),
            _ => value > 0.0 && value.is_finite(),
        }
    }

    fn draw(self, key: Key, i: u64, a: f64, b: f64) -> f64 {
        match self {
            Kind::Gamma => distributions::gamma(key, i, a),
            Kind::Beta => distributions::beta(key, i, a, b),
            Kind::Binomial => distributions::binomial(key, i, a, b),
        }
    }
}

/// Inputs: the key, and the parameters as float64 in the shape of the result.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sample {
    kind: Kind,
    dtype: DType,
}

impl Op for Sample {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_key(self.name(), &x[0])?;
        if !self.dtype.is_float() {
            return Err(Error::type_error(self.name())
                .expected("a float dtype")
                .got(self.dtype.name()));
        }
        x[1].with_dtype(self.dtype).one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        for (k, parameter) in x[1..].iter().enumerate() {
            let values = parameter.slice::<f64>();
            if let Some(place) = values.iter().position(|&v| !self.kind.is_allowed(k, v)) {
                let (name, allowed) = self.kind.allowed()[k];
                return Err(Error::value(self.name())
                    .expected(format!("{name} {allowed}"))
                    .got(format!("{} at place {place}", values[place])));
            }
        }
        let (key, kind) = (key_of(&x[0]), self.kind);
        let (a, b) = (x[1].slice::<f64>(), x[x.len() - 1].slice::<f64>());
        float_dispatch!(self.dtype, T => {
            for_chunks_mut(y[0].slice_mut::<T>(), 256, |at, part| {
                for (k, y) in part.iter_mut().enumerate() {
                    let i = at + k;
                    *y = kind.draw(key, i as u64, a[i], b[i]) as T;
                }
            });
        }, else => {});
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn cost(&self, _: &[Spec], outputs: &[Spec]) -> usize {
        128 * outputs[0].len().unwrap_or(0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleAttrs {
    /// The shape, where no last input gives it.
    #[serde(default)]
    shape: Option<Vec<usize>>,
    #[serde(default)]
    dtype: Option<String>,
}

fn sample(kind: Kind, parameters: usize, x: &[Value], attrs: &super::Attrs) -> Result<Vec<Value>> {
    let a: SampleAttrs = parse_attrs(kind.name(), attrs)?;
    if x.len() != 1 + parameters + usize::from(a.shape.is_none()) {
        return Err(Error::type_error(kind.name())
            .expected(format!(
                "a key, {parameters} parameters, and a shape or a value to take it from"
            ))
            .got(format!("{} inputs", x.len())));
    }
    let dtype = a.dtype.as_deref().map_or(Ok(DType::F32), DType::parse)?;
    let wide: Vec<Value> = x[1..=parameters]
        .iter()
        .map(|p| {
            let p = cast(p, DType::F64)?;
            match &a.shape {
                Some(shape) => broadcast_to(&p, shape),
                None => broadcast_like(&p, &x[1 + parameters]),
            }
        })
        .collect::<Result<_>>()?;
    let inputs: Vec<&Value> = std::iter::once(&x[0]).chain(&wide).collect();
    Ok(vec![apply(Sample { kind, dtype }, &inputs)?])
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("random_gamma", |x, attrs| sample(Kind::Gamma, 1, x, attrs)),
    ("random_beta", |x, attrs| sample(Kind::Beta, 2, x, attrs)),
    ("random_binomial", |x, attrs| sample(Kind::Binomial, 2, x, attrs)),
];

//! Orthogonal matrices, uniformly distributed.

use serde::Deserialize;

use super::initializer::{Initializer, Seed, floats_only, from_f64, shape_error};
use crate::config::parse;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::rng;
use crate::tensor::Tensor;

/// w = gain * Q, where Q R is the QR decomposition of a matrix of normal numbers with R's diagonal positive
/// (Mezzadri, "How to generate random matrices from the classical compact groups", 2007).
#[derive(Debug, Deserialize)]
struct Orthogonal {
    #[serde(default = "one")]
    gain: f64,
    seed: Seed,
}

fn one() -> f64 {
    1.0
}

impl Initializer for Orthogonal {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor> {
        floats_only("Orthogonal", dtype)?;
        let [front @ .., columns] = shape else {
            return Err(shape_error("Orthogonal", "at least two axes", shape));
        };
        if front.is_empty() {
            return Err(shape_error("Orthogonal", "at least two axes", shape));
        }
        let (rows, columns) = (front.iter().product::<usize>(), *columns);
        // The longer side is the length of the vectors that are made orthogonal to each other.
        let (count, length) = (rows.min(columns), rows.max(columns));
        let size = count
            .checked_mul(length)
            .filter(|n| *n <= isize::MAX as usize / 8)
            .ok_or_else(|| {
                Error::value("Orthogonal")
                    .expected("a shape whose bytes fit in memory")
                    .got(format!("{rows} rows, {columns} columns"))
            })?;
        let mut vectors = vec![0.0_f64; size];
        rng::normal(self.seed.key(), 0, 0.0, 1.0, &mut vectors);
        orthonormalize(&mut vectors, length);
        let mut w = vec![0.0; size];
        for (i, vector) in vectors.chunks_exact(length.max(1)).enumerate() {
            for (k, v) in vector.iter().enumerate() {
                let at = if rows < columns {
                    i * columns + k
                } else {
                    k * columns + i
                };
                w[at] = self.gain * v;
            }
        }
        from_f64(shape, &w, dtype)
    }
}

/// Gram and Schmidt's process on the rows, each projection done twice, which keeps orthogonality to rounding error
/// (Giraud, Langou, Rozloznik, 2005). Lengths stay positive, so the R of the decomposition has a positive diagonal.
fn orthonormalize(vectors: &mut [f64], length: usize) {
    if length == 0 {
        return;
    }
    for i in 0..vectors.len() / length {
        let (done, rest) = vectors.split_at_mut(i * length);
        let v = &mut rest[..length];
        for _ in 0..2 {
            for u in done.chunks_exact(length) {
                let dot: f64 = u.iter().zip(v.iter()).map(|(a, b)| a * b).sum();
                for (a, b) in v.iter_mut().zip(u) {
                    *a -= dot * b;
                }
            }
        }
        let norm = v.iter().map(|a| a * a).sum::<f64>().sqrt();
        for a in v.iter_mut() {
            *a /= norm;
        }
    }
}

pub fn orthogonal(config: &str) -> Result<Box<dyn Initializer>> {
    Ok(Box::new(parse::<Orthogonal>("Orthogonal", config)?))
}

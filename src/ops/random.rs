//! Random numbers as pure functions of a key (see [`crate::rng`]): the first input of each op, an int64 tensor
//! [seed, counter]. The same key gives the same numbers, for any number of threads.

use serde::{Deserialize, Serialize};

use super::op::{Op, OpFn, Pass, Run, parse_attrs};
use crate::autograd::{Value, apply};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::kernels::parallel::{GRAIN, for_chunks_mut};
use crate::rng::{self, Key, Sample};
use crate::shape::{Dims, Shape, Spec, Specs, count, show};
use crate::tensor::{View, ViewMut};

pub(super) fn check_key(name: &str, key: &Spec) -> Result<()> {
    let pair = key.dims.as_slice() == [Some(2)] || key.dims.as_slice() == [None];
    if key.dtype == DType::I64 && pair {
        return Ok(());
    }
    Err(Error::type_error(name)
        .expected("a key: an int64 tensor of shape (2,), [seed, counter]")
        .got(key.describe())
        .hint("Take it from a SeedGenerator"))
}

pub(super) fn key_of(view: &View<'_>) -> Key {
    let words = view.slice::<i64>();
    Key {
        seed: words[0],
        counter: words[1],
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Draw {
    /// Uniform in [minval, maxval)
    Uniform { minval: f64, maxval: f64 },
    /// Normal
    Normal { mean: f64, stddev: f64 },
    /// Normal, cut off two standard deviations from the mean
    TruncatedNormal { mean: f64, stddev: f64 },
    /// 1 with this probability, else 0
    Bernoulli { probability: f64 },
    /// Integers in [minval, maxval)
    Integers { minval: i64, maxval: i64 },
}

/// Where the shape comes from.
#[derive(Debug, Clone, Serialize)]
enum Target {
    Shape(Shape),
    /// The second input's; of which only the shape is looked at.
    Like,
    /// The second input's, but 1 (or what is given) where a size is given.
    Noise(Dims),
}

#[derive(Debug, Clone, Serialize)]
struct Random {
    draw: Draw,
    target: Target,
    dtype: DType,
}

fn fill_floats<T: Sample + Element + Send>(draw: Draw, key: Key, out: &mut [T]) {
    for_chunks_mut(out, GRAIN, |at, part| {
        let at = at as u64;
        match draw {
            Draw::Uniform { minval, maxval } => {
                rng::uniform(key, at, T::from_f64(minval), T::from_f64(maxval), part)
            }
            Draw::Normal { mean, stddev } => rng::normal(key, at, mean, stddev, part),
            Draw::TruncatedNormal { mean, stddev } => rng::truncated_normal(key, at, mean, stddev, part),
            Draw::Bernoulli { probability } => {
                rng::bernoulli(key, at, probability, T::from_f64(1.0), T::from_f64(0.0), part);
            }
            Draw::Integers { minval, maxval } => {
                let mut whole = [0_i64; 256];
                for (k, piece) in part.chunks_mut(256).enumerate() {
                    let whole = &mut whole[..piece.len()];
                    rng::integers(key, at + 256 * k as u64, minval, maxval, whole);
                    piece
                        .iter_mut()
                        .zip(whole)
                        .for_each(|(x, n)| *x = T::from_f64(*n as f64));
                }
            }
        }
    });
}

fn fill_integers<T: Element + Send>(draw: Draw, key: Key, out: &mut [T], convert: impl Fn(i64) -> T + Sync) {
    for_chunks_mut(out, GRAIN, |at, part| {
        let mut whole = [0_i64; 256];
        for (k, piece) in part.chunks_mut(256).enumerate() {
            let whole = &mut whole[..piece.len()];
            let at = (at + 256 * k) as u64;
            match draw {
                Draw::Bernoulli { probability } => rng::bernoulli(key, at, probability, 1, 0, whole),
                Draw::Integers { minval, maxval } => rng::integers(key, at, minval, maxval, whole),
                // `infer` asks for floats
                Draw::Uniform { .. } | Draw::Normal { .. } | Draw::TruncatedNormal { .. } => whole.fill(0),
            }
            piece.iter_mut().zip(whole).for_each(|(x, n)| *x = convert(*n));
        }
    });
}

impl Op for Random {
    fn name(&self) -> &'static str {
        match self.draw {
            Draw::Uniform { .. } => "random_uniform",
            Draw::Normal { .. } => "random_normal",
            Draw::TruncatedNormal { .. } => "random_truncated_normal",
            Draw::Bernoulli { .. } => "random_bernoulli",
            Draw::Integers { .. } => "random_randint",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_key(self.name(), &x[0])?;
        let continuous = !matches!(self.draw, Draw::Bernoulli { .. } | Draw::Integers { .. });
        if continuous && !self.dtype.is_float() {
            return Err(Error::type_error(self.name())
                .expected("a float dtype")
                .got(self.dtype.name()));
        }
        match &self.target {
            Target::Shape(shape) => {
                count(self.name(), shape, self.dtype)?;
                Spec::known(self.dtype, shape).one()
            }
            Target::Like => x[1].with_dtype(self.dtype).one(),
            Target::Noise(sizes) => {
                let own = &x[1].dims;
                let fits = sizes.len() == own.len()
                    && sizes
                        .iter()
                        .zip(own)
                        .all(|(s, d)| s.is_none() || *s == Some(1) || d.is_none() || s == d);
                if !fits {
                    return Err(Error::value("noise_shape")
                        .expected(format!("for each axis of {} its size, 1 or None", show(own)))
                        .got(show(sizes)));
                }
                Spec::new(self.dtype, sizes.iter().zip(own).map(|(s, d)| s.or(*d))).one()
            }
        }
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (key, y) = (key_of(&x[0]), &mut y[0]);
        match self.dtype {
            DType::F32 => fill_floats::<f32>(self.draw, key, y.slice_mut()),
            DType::F64 => fill_floats::<f64>(self.draw, key, y.slice_mut()),
            DType::I32 => fill_integers(self.draw, key, y.slice_mut(), |n| n as i32),
            DType::I64 => fill_integers(self.draw, key, y.slice_mut(), |n| n),
            DType::U8 => fill_integers(self.draw, key, y.slice_mut(), |n| n as u8),
            DType::Bool => fill_integers(self.draw, key, y.slice_mut(), |n| {
                crate::dtype::Bool::from(n != 0)
            }),
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None; pass.inputs.len()])
    }

    fn shape_only(&self, input: usize) -> bool {
        input == 1
    }

    fn cost(&self, _: &[Spec], outputs: &[Spec]) -> usize {
        8 * outputs[0].len().unwrap_or(0)
    }
}

fn check_draw(draw: Draw) -> Result<()> {
    let wrong = match draw {
        Draw::Uniform { minval, maxval } if !(minval <= maxval && (maxval - minval).is_finite()) => (
            "random_uniform",
            "minval <= maxval, both finite",
            format!("[{minval}, {maxval})"),
        ),
        Draw::Integers { minval, maxval } if minval >= maxval => (
            "random_randint",
            "minval < maxval",
            format!("[{minval}, {maxval})"),
        ),
        Draw::Bernoulli { probability } if !(0.0..=1.0).contains(&probability) => (
            "random_bernoulli",
            "a probability in [0, 1]",
            probability.to_string(),
        ),
        Draw::Normal { mean, stddev } | Draw::TruncatedNormal { mean, stddev }
            if !(mean.is_finite() && stddev.is_finite() && stddev >= 0.0) =>
        {
            (
                "random_normal",
                "a finite mean and a standard deviation of at least 0",
                format!("{mean} and {stddev}"),
            )
        }
        _ => return Ok(()),
    };
    Err(Error::value(wrong.0).expected(wrong.1).got(wrong.2))
}

/// Random numbers of this shape.
pub fn random(key: &Value, draw: Draw, shape: &[usize], dtype: DType) -> Result<Value> {
    check_draw(draw)?;
    apply(
        Random {
            draw,
            target: Target::Shape(shape.into()),
            dtype,
        },
        &[key],
    )
}

/// Random numbers in the shape of a value, known or not.
pub fn random_like(key: &Value, draw: Draw, like: &Value, dtype: DType) -> Result<Value> {
    check_draw(draw)?;
    apply(
        Random {
            draw,
            target: Target::Like,
            dtype,
        },
        &[key, like],
    )
}

/// Ones in the shape of x, but 1 (or what is given) where a size is given: the shape of choices that are shared.
pub(super) fn noise_like(key: &Value, x: &Value, sizes: &[Option<usize>]) -> Result<Value> {
    apply(
        Random {
            draw: Draw::Bernoulli { probability: 1.0 },
            target: Target::Noise(sizes.into()),
            dtype: x.dtype(),
        },
        &[key, x],
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RandomAttrs {
    /// The shape, where no second input gives it.
    #[serde(default)]
    shape: Option<Vec<usize>>,
    #[serde(default)]
    dtype: Option<String>,
    #[serde(default)]
    minval: Option<f64>,
    #[serde(default)]
    maxval: Option<f64>,
    #[serde(default)]
    mean: Option<f64>,
    #[serde(default)]
    stddev: Option<f64>,
    #[serde(default)]
    probability: Option<f64>,
}

fn draw(name: &str, x: &[Value], attrs: &super::Attrs, make: fn(&RandomAttrs) -> Draw) -> Result<Vec<Value>> {
    let a: RandomAttrs = parse_attrs(name, attrs)?;
    let whole = name == "random_randint";
    let dtype = a
        .dtype
        .as_deref()
        .map_or(Ok(if whole { DType::I32 } else { DType::F32 }), DType::parse)?;
    let made = make(&a);
    Ok(vec![match (x, &a.shape) {
        ([key], Some(shape)) => random(key, made, shape, dtype)?,
        ([key, like], None) => random_like(key, made, like, dtype)?,
        _ => {
            return Err(Error::type_error(name)
                .expected("a key and a shape, or a key and a value to take the shape from")
                .got(format!(
                    "{} inputs{}",
                    x.len(),
                    if a.shape.is_some() { " and a shape" } else { "" }
                )));
        }
    }])
}

pub(super) const OPS: &[(&str, OpFn)] = &[
    ("random_uniform", |x, attrs| {
        draw("random_uniform", x, attrs, |a| Draw::Uniform {
            minval: a.minval.unwrap_or(0.0),
            maxval: a.maxval.unwrap_or(1.0),
        })
    }),
    ("random_normal", |x, attrs| {
        draw("random_normal", x, attrs, |a| Draw::Normal {
            mean: a.mean.unwrap_or(0.0),
            stddev: a.stddev.unwrap_or(1.0),
        })
    }),
    ("random_truncated_normal", |x, attrs| {
        draw("random_truncated_normal", x, attrs, |a| Draw::TruncatedNormal {
            mean: a.mean.unwrap_or(0.0),
            stddev: a.stddev.unwrap_or(1.0),
        })
    }),
    ("random_bernoulli", |x, attrs| {
        draw("random_bernoulli", x, attrs, |a| Draw::Bernoulli {
            probability: a.probability.unwrap_or(0.5),
        })
    }),
    ("random_randint", |x, attrs| {
        draw("random_randint", x, attrs, |a| Draw::Integers {
            minval: a.minval.unwrap_or(0.0) as i64,
            maxval: a.maxval.unwrap_or(0.0) as i64,
        })
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn key() -> Value {
        Tensor::from_slice(&[2], &[3_i64, 5]).unwrap().into()
    }

    #[test]
    fn keys_and_ranges_are_checked() {
        let wrong: Value = Tensor::from_slice(&[2], &[3_i32, 5]).unwrap().into();
        let uniform = Draw::Uniform {
            minval: 0.0,
            maxval: 1.0,
        };
        assert!(
            random(&wrong, uniform, &[3], DType::F32)
                .unwrap_err()
                .to_string()
                .contains("a key")
        );
        assert!(random(&key(), Draw::Integers { minval: 3, maxval: 3 }, &[3], DType::I32).is_err());
        assert!(random(&key(), uniform, &[usize::MAX, 2], DType::F32).is_err());
        assert!(random(&key(), uniform, &[2], DType::I32).is_err());
    }
}

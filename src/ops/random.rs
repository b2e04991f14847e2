//! Random numbers as pure functions of a key (see [`crate::rng`]): the first input of each op, an int64 tensor
//! [seed, counter]. The same key gives the same numbers, for any number of threads.

use serde::Deserialize;

use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::{multiply, ones_like};
use crate::autograd::{Value, apply};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::elementwise::Shared;
use crate::kernels::parallel::{GRAIN, for_chunks_mut, for_ranges};
use crate::rng::{self, Key, Sample};
use crate::shape::{Dims, Shape, Spec, Specs, axis_index, count, show, split_at_axis};
use crate::tensor::{View, ViewMut};

fn check_key(name: &str, key: &Spec) -> Result<()> {
    let pair = key.dims.as_slice() == [Some(2)] || key.dims.as_slice() == [None];
    if key.dtype == DType::I64 && pair {
        return Ok(());
    }
    Err(Error::type_error(name)
        .expected("a key: an int64 tensor of shape (2,), [seed, counter]")
        .got(key.describe())
        .hint("Take it from a SeedGenerator"))
}

fn key_of(view: &View<'_>) -> Key {
    let words = view.slice::<i64>();
    Key {
        seed: words[0],
        counter: words[1],
    }
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug, Clone)]
enum Target {
    Shape(Shape),
    /// The second input's; of which only the shape is looked at.
    Like,
    /// The second input's, but 1 (or what is given) where a size is given.
    Noise(Dims),
}

#[derive(Debug, Clone)]
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

/// y = x keep / (1 - rate), keep ~ Bernoulli(1 - rate); dx = g keep / (1 - rate), by the same key.
#[derive(Debug, Clone, Copy)]
struct Dropout {
    rate: f64,
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_key(self.name(), &x[0])?;
        if !x[1].dtype.is_float() {
            return Err(Error::type_error(self.name())
                .expected("floats")
                .got(x[1].dtype.name()));
        }
        x[1].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (key, keep) = (key_of(&x[0]), 1.0 - self.rate);
        let scale = if keep > 0.0 { 1.0 / keep } else { 0.0 };
        float_dispatch!(x[1].dtype(), T => {
            let from = Shared(x[1].as_ptr().cast::<T>().cast_mut());
            let to = Shared(y[0].as_mut_ptr().cast::<T>());
            for_ranges(y[0].len(), GRAIN, |r| {
                // SAFETY: r lies inside both; they are one array or apart.
                unsafe {
                    let (from, to) = (from.add(r.start).cast_const(), to.add(r.start));
                    rng::keep(key, r.start as u64, keep, scale as T, from, to, r.len());
                }
            });
            Ok(())
        }, else => Err(Error::type_error(self.name()).expected("floats").got(x[1].dtype().name())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Ok(vec![None, Some(apply(*self, &[&pass.inputs[0], pass.grad()?])?)])
    }

    fn inplace(&self, input: usize) -> bool {
        input == 1
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        4 * inputs[1].len().unwrap_or(0)
    }
}

/// x with each element dropped with probability `rate`, the others scaled by 1 / (1 - rate). Along axes where
/// `noise_shape` has 1, elements are dropped together.
pub fn dropout(key: &Value, x: &Value, rate: f64, noise_shape: Option<&[Option<usize>]>) -> Result<Value> {
    if !(0.0..=1.0).contains(&rate) {
        return Err(Error::value("dropout")
            .expected("a rate in [0, 1]")
            .got(rate.to_string()));
    }
    let x = super::to_float(x)?;
    let Some(sizes) = noise_shape else {
        return apply(Dropout { rate }, &[key, &x]);
    };
    let ones = Draw::Bernoulli { probability: 1.0 };
    let noise = apply(
        Random {
            draw: ones,
            target: Target::Noise(sizes.into()),
            dtype: x.dtype(),
        },
        &[key, &x],
    )?;
    multiply(&x, &apply(Dropout { rate }, &[key, &ones_like(&noise)?])?)
}

/// y = x with the places along an axis in a random order; dx = g put back.
#[derive(Debug, Clone, Copy)]
struct Shuffle {
    axis: usize,
    back: bool,
}

impl Op for Shuffle {
    fn name(&self) -> &'static str {
        "random_shuffle"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_key(self.name(), &x[0])?;
        x[1].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (outer, n, inner) = split_at_axis(x[1].shape(), self.axis);
        let order = rng::permutation(key_of(&x[0]), n);
        crate::dispatch!(x[1].dtype(), T => {
            let (from, to) = (x[1].slice::<T>(), y[0].slice_mut::<T>());
            for o in 0..outer {
                for (j, &at) in order.iter().enumerate() {
                    let (a, b) = if self.back { (j, at as usize) } else { (at as usize, j) };
                    let (a, b) = ((o * n + a) * inner, (o * n + b) * inner);
                    to[b..b + inner].copy_from_slice(&from[a..a + inner]);
                }
            }
        });
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let back = Shuffle {
            back: !self.back,
            ..*self
        };
        Ok(vec![None, Some(apply(back, &[&pass.inputs[0], pass.grad()?])?)])
    }
}

/// x with the places along an axis in a random order.
pub fn shuffle(key: &Value, x: &Value, axis: i64) -> Result<Value> {
    apply(
        Shuffle {
            axis: axis_index("random_shuffle", axis, x.rank())?,
            back: false,
        },
        &[key, x],
    )
}

/// Class indices drawn with probabilities softmax(logits), by the largest of logits - ln(-ln u) (Gumbel's trick):
/// logits (batch, classes) to int32 (batch, samples).
pub fn categorical(key: &Value, logits: &Value, samples: usize) -> Result<Value> {
    if logits.rank() != 2 {
        return Err(Error::value("random_categorical")
            .expected("logits of rank 2: (batch, classes)")
            .got(show(&logits.dims())));
    }
    let logits = super::to_float(logits)?;
    let wide = super::repeat(&super::expand_dims(&logits, 1)?, samples, 1)?;
    let draw = Draw::Uniform {
        minval: 0.0,
        maxval: 1.0,
    };
    // 1 - u lies in (0, 1]; a smallest number keeps both logarithms finite.
    let u = random_like(key, draw, &wide, logits.dtype())?;
    let exponential = super::negative(&super::log(&super::subtract(&u.like(1.0)?, &u)?)?)?;
    let exponential = super::maximum(&exponential, &u.like(1e-30)?)?;
    super::argmax(
        &super::subtract(&wide, &super::log(&exponential)?)?,
        Some(-1),
        false,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DropoutAttrs {
    rate: f64,
    #[serde(default)]
    noise_shape: Option<Vec<Option<usize>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShuffleAttrs {
    #[serde(default)]
    axis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoricalAttrs {
    num_samples: usize,
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
    ("dropout", |x, attrs| {
        let [key, x] = arity("dropout", x)?;
        let a: DropoutAttrs = parse_attrs("dropout", attrs)?;
        Ok(vec![dropout(&key, &x, a.rate, a.noise_shape.as_deref())?])
    }),
    ("random_shuffle", |x, attrs| {
        let [key, x] = arity("random_shuffle", x)?;
        Ok(vec![shuffle(
            &key,
            &x,
            parse_attrs::<ShuffleAttrs>("random_shuffle", attrs)?.axis,
        )?])
    }),
    ("random_categorical", |x, attrs| {
        let [key, logits] = arity("random_categorical", x)?;
        let a: CategoricalAttrs = parse_attrs("random_categorical", attrs)?;
        Ok(vec![categorical(&key, &logits, a.num_samples)?])
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::inside;
    use crate::tensor::Tensor;

    fn key() -> Value {
        Tensor::from_slice(&[2], &[3_i64, 5]).unwrap().into()
    }

    #[test]
    fn dropout_keeps_the_expected_part_and_agrees_across_precisions_and_threads() {
        let x: Value = Tensor::full(&[300, 301], 1.0_f32).unwrap().into();
        let y = dropout(&key(), &x, 0.25, None).unwrap();
        let kept = y
            .tensor()
            .unwrap()
            .slice::<f32>()
            .iter()
            .filter(|&&v| v != 0.0)
            .count() as f64
            / 90_300.0;
        assert!((kept - 0.75).abs() < 0.01, "{kept}");
        let again = inside(|| dropout(&key(), &x, 0.25, None).unwrap());
        assert_eq!(
            y.tensor().unwrap().slice::<f32>(),
            again.tensor().unwrap().slice::<f32>()
        );
        let wide: Value = Tensor::full(&[300, 301], 1.0_f64).unwrap().into();
        let wide = dropout(&key(), &wide, 0.25, None).unwrap();
        let same = |(a, b): (&f32, &f64)| (*a != 0.0) == (*b != 0.0);
        assert!(
            y.tensor()
                .unwrap()
                .slice::<f32>()
                .iter()
                .zip(wide.tensor().unwrap().slice::<f64>())
                .all(same)
        );
        assert!(dropout(&key(), &x, f64::NAN, None).is_err());
        let none = dropout(&key(), &x, 1.0, None).unwrap();
        assert!(none.tensor().unwrap().slice::<f32>().iter().all(|&v| v == 0.0));
    }

    #[test]
    fn noise_shape_drops_together() {
        let x: Value = Tensor::full(&[4, 50, 3], 1.0_f32).unwrap().into();
        let y = dropout(&key(), &x, 0.5, Some(&[None, Some(1), None])).unwrap();
        let y = y.tensor().unwrap().slice::<f32>();
        for (i, v) in y.iter().enumerate() {
            assert_eq!(*v, y[i / 150 * 150 + i % 3]);
        }
        let e = dropout(&key(), &x, 0.5, Some(&[Some(1), Some(2), None]))
            .unwrap_err()
            .to_string();
        assert!(e.contains("(1, 2, None)"), "{e}");
    }

    #[test]
    fn categories_follow_the_logits() {
        let logits: Value = Tensor::from_slice(&[1, 3], &[0.0_f32, 1.0_f32.exp2().ln(), f32::NEG_INFINITY])
            .unwrap()
            .into();
        let draws = categorical(&key(), &logits, 9000).unwrap();
        let draws = draws.tensor().unwrap();
        assert_eq!(draws.shape(), [1, 9000]);
        let ones = draws.slice::<i32>().iter().filter(|&&c| c == 1).count() as f64 / 9000.0;
        assert!(
            (ones - 2.0 / 3.0).abs() < 0.02 && !draws.slice::<i32>().contains(&2),
            "{ones}"
        );
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

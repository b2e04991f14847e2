//! Random choices over values: dropout, random_shuffle, random_categorical. Pure functions of a key, as in `random`.

use serde::{Deserialize, Serialize};

use super::multiply;
use super::op::{Op, OpFn, Pass, Run, arity, parse_attrs};
use super::random::{Draw, check_key, key_of, noise_like, random_like};
use crate::autograd::{Value, apply};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::elementwise::Shared;
use crate::kernels::parallel::{GRAIN, for_ranges};
use crate::rng;
use crate::shape::{Spec, Specs, axis_index, show, split_at_axis};
use crate::tensor::{View, ViewMut};

/// y = x keep / (1 - rate), keep ~ Bernoulli(1 - rate); dx = g keep / (1 - rate), by the same key.
#[derive(Debug, Clone, Copy, Serialize)]
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
    let ones = noise_like(key, &x, sizes)?;
    multiply(&x, &apply(Dropout { rate }, &[key, &ones])?)
}

/// y = x with the places along an axis in a random order; dx = g put back.
#[derive(Debug, Clone, Copy, Serialize)]
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
    use crate::kernels::parallel::tests::with_threads;
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
        let again = with_threads(3, || dropout(&key(), &x, 0.25, None).unwrap());
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
}

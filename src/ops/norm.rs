//! Batch and layer normalisation, their gradients fused into one kernel each.
//!
//! batch_normalization_training: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over all axes
//! but one, which are outputs too (for the moving averages).
//! layer_normalization: the same with mean and variance over the last axis, row by row.

use serde::{Deserialize, Serialize};

use super::matmul::{agree, float_only, same_float};
use super::norm_given::batch_normalization;
use super::norm_gradient::{BatchNormalizationGradient, Followed, LayerNormalizationGradient, RELU};
use super::op::{Attrs, Fused, Op, OpFn, Pass, Role, Run, parse_attrs};
use crate::autograd::{Value, apply, apply_many};
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::activate::Activate;
use crate::kernels::math::Math;
use crate::kernels::norm::{Layout, Then, layer, normalize, statistics};
use crate::kernels::real::Real;
use crate::shape::{Spec, Specs, axis_index, show, show_shape, split_at_axis};
use crate::tensor::{View, ViewMut};

/// Attributes of both ops; `scale` and `offset` say which of gamma and beta are among the inputs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Settings {
    pub axis: usize,
    pub epsilon: f64,
    pub scale: bool,
    pub offset: bool,
}

impl Settings {
    pub fn new(
        who: &str,
        x: &Value,
        scale: Option<&Value>,
        offset: Option<&Value>,
        axis: i64,
        epsilon: f64,
    ) -> Result<Self> {
        let axis = axis_index(who, axis, x.rank())?;
        if !(epsilon >= 0.0 && epsilon.is_finite()) {
            return Err(Error::value(who)
                .expected("epsilon of 0 or more")
                .got(epsilon.to_string()));
        }
        Ok(Self {
            axis,
            epsilon,
            scale: scale.is_some(),
            offset: offset.is_some(),
        })
    }

    pub fn check(&self, who: &str, x: &[Spec]) -> Result<()> {
        same_float(who, x)?;
        let size = x[0].dims[self.axis];
        for weight in &x[1..] {
            if weight.rank() != 1 || !agree(weight.dims[0], size) {
                return Err(Error::value(who)
                    .expected(format!(
                        "one weight for each index of axis {} of input {}",
                        self.axis,
                        show(&x[0].dims)
                    ))
                    .got(format!("weights of shape {}", show(&weight.dims))));
            }
        }
        Ok(())
    }

    fn gamma<'a, T: Element>(&self, x: &[View<'a>]) -> Option<&'a [T]> {
        self.scale.then(|| x[1].slice())
    }

    fn beta<'a, T: Element>(&self, x: &[View<'a>]) -> Option<&'a [T]> {
        self.offset.then(|| x[1 + usize::from(self.scale)].slice())
    }

    pub fn layout(&self, shape: &[usize]) -> Layout {
        let (outer, channels, inner) = split_at_axis(shape, self.axis);
        Layout {
            outer,
            channels,
            inner,
        }
    }
}

/// inverse[c] = 1 / sqrt(variance[c] + epsilon)
pub(super) fn invert<T: Real>(variance: &[T], epsilon: f64, inverse: &mut [T]) {
    for (i, &v) in inverse.iter_mut().zip(variance) {
        *i = T::ONE / (v + T::from_f64(epsilon)).sqrt();
    }
}

/// Inputs x, gamma?, beta?; outputs y, mean, variance. What may follow in the same pass: the sum with another array, the
/// last input then, and a function.
#[derive(Debug, Clone, Copy, Serialize)]
struct BatchNormalization {
    settings: Settings,
    add: bool,
    activation: Option<Activate>,
}

impl BatchNormalization {
    fn run<T: Math + Element>(self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) {
        let l = self.settings.layout(x[0].shape());
        let c = l.channels;
        let [y, mean, variance] = y else { return };
        let (mean, variance) = (mean.slice_mut::<T>(), variance.slice_mut::<T>());
        let (factors, scratch) = run.scratch::<T>(2 * c + l.scratch()).split_at_mut(2 * c);
        statistics(l, x[0].slice(), mean, variance, scratch);
        let (scale, shift) = factors.split_at_mut(c);
        invert(variance, self.settings.epsilon, scale);
        if let Some(gamma) = self.settings.gamma::<T>(x) {
            scale.iter_mut().zip(gamma).for_each(|(s, &g)| *s *= g);
        }
        match self.settings.beta::<T>(x) {
            Some(beta) => shift.copy_from_slice(beta),
            None => shift.fill(T::ZERO),
        }
        let then = Then {
            add: x.last().filter(|_| self.add).map(View::slice),
            activation: self.activation,
        };
        normalize(l, x[0].slice(), mean, scale, shift, then, y.slice_mut());
    }
}

impl Op for BatchNormalization {
    fn name(&self) -> &'static str {
        "batch_normalization_training"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.settings
            .check(self.name(), &x[..x.len() - usize::from(self.add)])?;
        let channels = x[0].with_dims([x[0].dims[self.settings.axis]]);
        Ok([x[0].clone(), channels.clone(), channels].into_iter().collect())
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        if x[0].is_empty() && x[0].shape()[self.settings.axis] > 0 {
            return Err(Error::value("batch_normalization")
                .expected("at least one sample to take the mean and the variance of")
                .got(format!("shape {}", show_shape(x[0].shape())))
                .hint("Leave empty batches out of training"));
        }
        float_dispatch!(x[0].dtype(), T => {
            self.run::<T>(run, x, y);
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        if self.add || self.activation.is_some() {
            return Err(Error::runtime(self.name())
                .expected("gradients to be taken before ops are fused")
                .got("a fused op"));
        }
        if pass.grads[1].is_some() || pass.grads[2].is_some() {
            return Err(Error::not_implemented(self.name())
                .expected("a gradient of the normalised output only")
                .got("one of the batch's mean or variance")
                .hint("Compute these with ops.mean and ops.var where their gradients matter"));
        }
        let x = &pass.inputs[0];
        let mut inputs = vec![x, &pass.outputs[1], &pass.outputs[2], pass.grad()?];
        inputs.extend(self.settings.scale.then(|| &pass.inputs[1]));
        let gradient = BatchNormalizationGradient {
            settings: self.settings,
            after: Followed::Nothing,
        };
        let outputs = apply_many(std::sync::Arc::new(gradient), &inputs)?;
        let mut grads = vec![Some(outputs[0].clone())];
        grads.extend(self.settings.scale.then(|| Some(outputs[1].clone())));
        grads.extend(self.settings.offset.then(|| Some(outputs[2].clone())));
        Ok(grads)
    }

    fn role(&self) -> Role {
        if self.activation == Some(RELU) && !self.add {
            Role::Rectified {
                scale: self.settings.scale,
            }
        } else {
            Role::Other
        }
    }

    fn absorbs(&self) -> bool {
        self.activation.is_none()
    }

    fn then(&self, next: &Role, at: usize, own: &[Spec]) -> Option<Fused> {
        match *next {
            Role::Add if !self.add => Some(Fused::after(Self { add: true, ..*self }, own.len(), &[1 - at])),
            Role::Activation(f) => {
                let activation = Some(f);
                Some(Fused::after(Self { activation, ..*self }, own.len(), &[]))
            }
            _ => None,
        }
    }
}

/// Inputs x, gamma?, beta?; the last axis is normalised.
#[derive(Debug, Clone, Copy, Serialize)]
struct LayerNormalization(Settings);

impl Op for LayerNormalization {
    fn name(&self) -> &'static str {
        "layer_normalization"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.0.check(self.name(), x)?;
        x[0].clone().one()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].shape()[self.0.axis];
        float_dispatch!(x[0].dtype(), T => {
            let (gamma, beta) = (self.0.gamma::<T>(x), self.0.beta::<T>(x));
            layer(n, x[0].slice(), gamma, beta, T::from_f64(self.0.epsilon), y[0].slice_mut());
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let mut inputs = vec![&pass.inputs[0], pass.grad()?];
        inputs.extend(self.0.scale.then(|| &pass.inputs[1]));
        let outputs = apply_many(std::sync::Arc::new(LayerNormalizationGradient(self.0)), &inputs)?;
        let mut grads = vec![Some(outputs[0].clone())];
        grads.extend(self.0.scale.then(|| Some(outputs[1].clone())));
        grads.extend(self.0.offset.then(|| Some(outputs[2].clone())));
        Ok(grads)
    }
}

fn with_weights<'a>(x: &'a Value, scale: Option<&'a Value>, offset: Option<&'a Value>) -> Vec<&'a Value> {
    [Some(x), scale, offset].into_iter().flatten().collect()
}

/// (y, mean, variance): x normalised by the mean and the (biased) variance of this batch over all axes but `axis`.
pub fn batch_normalization_training(
    x: &Value,
    scale: Option<&Value>,
    offset: Option<&Value>,
    axis: i64,
    epsilon: f64,
) -> Result<[Value; 3]> {
    let settings = Settings::new("batch_normalization_training", x, scale, offset, axis, epsilon)?;
    let outputs = apply_many(
        std::sync::Arc::new(BatchNormalization {
            settings,
            add: false,
            activation: None,
        }),
        &with_weights(x, scale, offset),
    )?;
    <[Value; 3]>::try_from(outputs.to_vec()).map_err(|got| {
        Error::runtime("batch_normalization_training")
            .expected("3 outputs")
            .got(got.len().to_string())
    })
}

/// x normalised by the mean and variance of its rows along the last axis.
pub fn layer_normalization(
    x: &Value,
    scale: Option<&Value>,
    offset: Option<&Value>,
    epsilon: f64,
) -> Result<Value> {
    let settings = Settings::new("layer_normalization", x, scale, offset, -1, epsilon)?;
    apply(LayerNormalization(settings), &with_weights(x, scale, offset))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NormAttrs {
    #[serde(default = "last")]
    axis: i64,
    #[serde(default = "small")]
    epsilon: f64,
    /// Whether a gamma and a beta follow x among the inputs.
    #[serde(default)]
    scale: bool,
    #[serde(default)]
    offset: bool,
}

fn last() -> i64 {
    -1
}

fn small() -> f64 {
    1e-3
}

/// x, gamma?, beta? from the inputs of an op called by name.
fn weights<'a>(
    who: &str,
    x: &'a [Value],
    attrs: &NormAttrs,
) -> Result<(&'a Value, Option<&'a Value>, Option<&'a Value>)> {
    let expected = 1 + usize::from(attrs.scale) + usize::from(attrs.offset);
    if x.len() != expected {
        return Err(Error::type_error(who)
            .expected(format!(
                "{expected} inputs: x, then scale and offset where the attributes say so"
            ))
            .got(x.len().to_string()));
    }
    Ok((
        &x[0],
        attrs.scale.then(|| &x[1]),
        attrs.offset.then(|| &x[expected - 1]),
    ))
}

pub const OPS: &[(&str, OpFn)] = &[
    ("batch_normalization_training", |x, attrs: &Attrs| {
        let attrs: NormAttrs = parse_attrs("batch_normalization_training", attrs)?;
        let (x, scale, offset) = weights("batch_normalization_training", x, &attrs)?;
        Ok(batch_normalization_training(x, scale, offset, attrs.axis, attrs.epsilon)?.into())
    }),
    ("batch_normalization", |x, attrs| {
        let attrs: NormAttrs = parse_attrs("batch_normalization", attrs)?;
        let given = 3 + usize::from(attrs.scale) + usize::from(attrs.offset);
        if x.len() != given {
            return Err(Error::type_error("batch_normalization")
                .expected(format!(
                    "{given} inputs: x, mean, variance, then offset and scale where the attributes say so"
                ))
                .got(x.len().to_string()));
        }
        let (offset, scale) = (attrs.offset.then(|| &x[3]), attrs.scale.then(|| &x[given - 1]));
        Ok(vec![batch_normalization(
            &x[0],
            &x[1],
            &x[2],
            attrs.axis,
            offset,
            scale,
            attrs.epsilon,
        )?])
    }),
    ("layer_normalization", |x, attrs| {
        let attrs: NormAttrs = parse_attrs("layer_normalization", attrs)?;
        if attrs.axis != -1 && Some(attrs.axis) != x.first().map(|x| x.rank() as i64 - 1) {
            return Err(Error::value("layer_normalization")
                .expected("the last axis, -1")
                .got(attrs.axis.to_string())
                .hint("Transpose the input so that the normalised axis is last"));
        }
        let (x, scale, offset) = weights("layer_normalization", x, &attrs)?;
        Ok(vec![layer_normalization(x, scale, offset, attrs.epsilon)?])
    }),
];

#[cfg(test)]
mod tests {
    use super::super::gradient_check::{check, check_twice, numbers};
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn gradients_agree_with_central_differences() {
        for (shape, axis, channels) in [(&[5, 3][..], -1, 3), (&[2, 3, 2, 4], 1, 3), (&[3, 2, 2], 2, 2)] {
            let inputs = [
                numbers(shape, 1),
                numbers(&[channels], 2),
                numbers(&[channels], 3),
            ];
            check(&inputs, |x| {
                let [y, ..] = batch_normalization_training(&x[0], Some(&x[1]), Some(&x[2]), axis, 1e-3)?;
                Ok(y)
            });
            check(&inputs[..1], |x| {
                let [y, ..] = batch_normalization_training(&x[0], None, None, axis, 1e-3)?;
                Ok(y)
            });
        }
        for shape in [&[4, 5][..], &[2, 3, 5]] {
            let inputs = [numbers(shape, 1), numbers(&[5], 2), numbers(&[5], 3)];
            check(&inputs, |x| {
                layer_normalization(&x[0], Some(&x[1]), Some(&x[2]), 1e-3)
            });
            check(&inputs[..2], |x| {
                layer_normalization(&x[0], None, Some(&x[1]), 1e-3)
            });
            check(&inputs[..2], |x| {
                layer_normalization(&x[0], Some(&x[1]), None, 1e-3)
            });
        }
    }

    #[test]
    fn given_statistics_have_gradients_of_every_order() {
        let mut variance = numbers(&[3], 3);
        variance
            .view_mut()
            .slice_mut::<f64>()
            .iter_mut()
            .for_each(|v| *v += 1.5);
        let inputs = [
            numbers(&[2, 3, 2], 1),
            numbers(&[3], 2),
            variance,
            numbers(&[3], 4),
            numbers(&[3], 5),
        ];
        check_twice(&inputs, |x| {
            batch_normalization(&x[0], &x[1], &x[2], 1, Some(&x[3]), Some(&x[4]), 1e-3)
        });
    }

    #[test]
    fn fused_gradients_have_gradients() {
        for shape in [&[4, 3][..], &[2, 3, 3]] {
            let inputs = [numbers(shape, 1), numbers(&[3], 2), numbers(&[3], 3)];
            for axis in 1..shape.len() {
                check_twice(&inputs, |x| {
                    let [y, ..] =
                        batch_normalization_training(&x[0], Some(&x[1]), Some(&x[2]), axis as i64, 1e-3)?;
                    Ok(y)
                });
            }
            check_twice(&inputs[..1], |x| {
                let [y, ..] = batch_normalization_training(&x[0], None, None, -1, 1e-3)?;
                Ok(y)
            });
            check_twice(&inputs, |x| {
                layer_normalization(&x[0], Some(&x[1]), Some(&x[2]), 1e-3)
            });
            check_twice(&inputs[..2], |x| {
                layer_normalization(&x[0], Some(&x[1]), None, 1e-3)
            });
        }
    }

    #[test]
    fn errors_name_the_axis_and_shapes() {
        let settings = Settings {
            axis: 1,
            epsilon: 1e-3,
            scale: true,
            offset: false,
        };
        let spec = |dims: &[usize]| Spec::known(DType::F32, dims);
        let op = BatchNormalization {
            settings,
            add: false,
            activation: None,
        };
        let e = op.infer(&[spec(&[2, 3]), spec(&[4])]).unwrap_err().to_string();
        assert!(e.contains("axis 1 of input (2, 3)") && e.contains("(4,)"), "{e}");
        let x = numbers(&[2, 3], 1).into();
        let e = batch_normalization_training(&x, None, None, 5, 1e-3)
            .unwrap_err()
            .to_string();
        assert!(e.contains("[-2, 2)"), "{e}");
        let e = layer_normalization(&x, None, None, f64::NAN)
            .unwrap_err()
            .to_string();
        assert!(e.contains("epsilon"), "{e}");
    }
}

//! Normalisation with statistics that are given: inference.

use serde::Serialize;

use super::matmul::float_only;
use super::norm::{Settings, invert};
use super::op::{Fused, Op, Pass, Role, Run};
use crate::autograd::{Value, apply, differentiate};
use crate::dtype::Element;
use crate::error::Result;
use crate::float_dispatch;
use crate::kernels::activate::Activate;
use crate::kernels::math::Math;
use crate::kernels::norm::{Then, normalize};
use crate::shape::{Spec, Specs, axis_index};
use crate::tensor::{View, ViewMut};

/// y = (x - mean) / sqrt(variance + epsilon) * scale + offset with statistics that are given, numbers of one axis each.
/// Inputs x, mean, variance, offset?, scale?; and as in training, an array to add may follow.
#[derive(Debug, Clone, Copy, Serialize)]
struct GivenNormalization {
    settings: Settings,
    add: bool,
    activation: Option<Activate>,
}

impl GivenNormalization {
    fn run<T: Math + Element>(self, run: &mut Run, x: &[View<'_>], y: &mut ViewMut<'_>) {
        let l = self.settings.layout(x[0].shape());
        let (scale, shift) = run.scratch::<T>(2 * l.channels).split_at_mut(l.channels);
        invert(x[2].slice(), self.settings.epsilon, scale);
        shift.fill(T::ZERO);
        if self.settings.offset {
            shift.copy_from_slice(x[3].slice());
        }
        if self.settings.scale {
            let gamma = x[3 + usize::from(self.settings.offset)].slice::<T>();
            scale.iter_mut().zip(gamma).for_each(|(s, &g)| *s *= g);
        }
        let then = Then {
            add: x.last().filter(|_| self.add).map(View::slice),
            activation: self.activation,
        };
        normalize(l, x[0].slice(), x[1].slice(), scale, shift, then, y.slice_mut());
    }
}

impl Op for GivenNormalization {
    fn name(&self) -> &'static str {
        "batch_normalization"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        self.settings
            .check(self.name(), &x[..x.len() - usize::from(self.add)])?;
        x[0].clone().one()
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            self.run::<T>(run, x, &mut y[0]);
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    // The formula, written with ops.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let inputs: Vec<&Value> = pass.inputs.iter().collect();
        let Settings {
            axis,
            epsilon,
            scale,
            offset,
        } = self.settings;
        differentiate(&inputs, pass.grads, |v| {
            let scale = scale.then(|| &v[3 + usize::from(offset)]);
            let offset = offset.then(|| &v[3]);
            Ok(vec![normalization_of_ops(
                &v[0], &v[1], &v[2], axis, offset, scale, epsilon,
            )?])
        })
    }

    fn inplace(&self, input: usize) -> bool {
        input == 0
    }

    fn role(&self) -> Role {
        if self.add || self.activation.is_some() {
            return Role::Other;
        }
        Role::Normalize {
            axis: self.settings.axis,
            epsilon: self.settings.epsilon,
            offset: self.settings.offset,
            scale: self.settings.scale,
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

/// y = (x - mean) / sqrt(variance + epsilon) * scale + offset with statistics that are given: inference, and Keras's
/// `ops.batch_normalization`.
pub fn batch_normalization(
    x: &Value,
    mean: &Value,
    variance: &Value,
    axis: i64,
    offset: Option<&Value>,
    scale: Option<&Value>,
    epsilon: f64,
) -> Result<Value> {
    let at = axis_index("batch_normalization", axis, x.rank())?;
    let weights = [Some(mean), Some(variance), offset, scale];
    let plain = |v: &&Value| v.rank() == 1 && v.dtype() == x.dtype() && x.dtype().is_float();
    if weights.iter().flatten().all(plain) {
        let op = GivenNormalization {
            settings: Settings::new("batch_normalization", x, scale, offset, axis, epsilon)?,
            add: false,
            activation: None,
        };
        let inputs: Vec<&Value> = std::iter::once(x).chain(weights.into_iter().flatten()).collect();
        return apply(op, &inputs);
    }
    normalization_of_ops(x, mean, variance, at, offset, scale, epsilon)
}

/// The same composed of ops, so that every gradient of it exists.
fn normalization_of_ops(
    x: &Value,
    mean: &Value,
    variance: &Value,
    at: usize,
    offset: Option<&Value>,
    scale: Option<&Value>,
    epsilon: f64,
) -> Result<Value> {
    // Shapes (c) become (c, 1, ..): numbers of axis `at` once broadcast.
    let spread = |v: &Value| (at + 1..x.rank()).try_fold(v.clone(), |v, _| super::expand_dims(&v, -1));
    let mut factor = super::rsqrt(&super::add(variance, &variance.like(epsilon)?)?)?;
    if let Some(scale) = scale {
        factor = super::multiply(&factor, scale)?;
    }
    let mut y = super::multiply(&super::subtract(x, &spread(mean)?)?, &spread(&factor)?)?;
    if let Some(offset) = offset {
        y = super::add(&y, &spread(offset)?)?;
    }
    Ok(y)
}

//! The gradients of batch and layer normalisation, one fused kernel each.
//!
//! With n = (x - mean) / sqrt(variance + epsilon), mean and variance over the axes that are normalised over:
//! dbeta = sum dy, dgamma = sum dy n, over the axes that the weights lack;
//! dx = (g - mean g - n mean(g n)) / sqrt(variance + epsilon), where g = dy gamma.

use serde::Serialize;

use super::matmul::{float_only, same_float};
use super::norm::{Settings, invert};
use super::op::{Fused, Op, Pass, Role, Run, Source};
use super::reduce::Axes;
use crate::autograd::{Value, differentiate};
use crate::dtype::Element;
use crate::error::Result;
use crate::float_dispatch;
use crate::kernels::activate::Activate;
use crate::kernels::math::Math;
use crate::kernels::norm::{Arriving, Saved, Through, Weights, gradient, layer_gradient, layer_scratch};
use crate::kernels::real::Real;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Inputs x, mean, variance, dy, gamma?; outputs dx, dgamma, dbeta. What followed the normalisation may add an input.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct BatchNormalizationGradient {
    pub settings: Settings,
    pub after: Followed,
}

/// What followed the normalisation, and the gradient came through.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) enum Followed {
    Nothing,
    /// A function f: f'(a) dy arrives, and a is the last input.
    Function(Activate),
    /// max(y, 0), and beta is the last input, if there is one.
    Relu,
}

pub(super) const RELU: Activate = Activate::Relu {
    slope: 0.0,
    top: f64::INFINITY,
};

impl BatchNormalizationGradient {
    fn run<T: Math + Element>(self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) {
        let l = self.settings.layout(x[0].shape());
        let c = l.channels;
        let [dx, dgamma, dbeta] = y else { return };
        let (factors, scratch) = run.scratch::<T>(6 * c + l.scratch()).split_at_mut(6 * c);
        let (inverse, factors) = factors.split_at_mut(c);
        let (scale, factors) = factors.split_at_mut(c);
        let (shift, factors) = factors.split_at_mut(c);
        invert(x[2].slice(), self.settings.epsilon, inverse);
        let gamma = self.settings.scale.then(|| x[4].slice::<T>());
        let saved = Saved {
            x: x[0].slice(),
            mean: x[1].slice(),
            inverse,
            gamma,
        };
        let (dx, dgamma, dbeta) = (dx.slice_mut(), dgamma.slice_mut(), dbeta.slice_mut());
        let through = match self.after {
            Followed::Nothing => Through::Nothing,
            Followed::Function(f) => Through::Function(f, x[x.len() - 1].slice()),
            Followed::Relu => {
                // As in the forward pass, to the bit.
                scale.copy_from_slice(inverse);
                if let Some(gamma) = gamma {
                    scale.iter_mut().zip(gamma).for_each(|(s, &g)| *s *= g);
                }
                if self.settings.offset {
                    shift.copy_from_slice(x[x.len() - 1].slice());
                } else {
                    shift.fill(T::ZERO);
                }
                Through::Relu(Weights { scale, shift })
            }
        };
        let arriving = Arriving {
            dy: x[3].slice(),
            through,
        };
        gradient(l, saved, arriving, Some(dx), dgamma, dbeta, factors, scratch);
    }
}

impl Op for BatchNormalizationGradient {
    fn name(&self) -> &'static str {
        "batch_normalization_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), x)?;
        Ok([x[0].clone(), x[1].clone(), x[1].clone()].into_iter().collect())
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            self.run::<T>(run, x, y);
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    /// dx, dgamma and dbeta as compositions of ops, in x, dy and gamma; the statistics are x's own.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, dy, gamma) = (&pass.inputs[0], &pass.inputs[3], pass.inputs.get(4));
        let axes: Vec<i64> = (0..x.rank())
            .filter(|&i| i != self.settings.axis)
            .map(|i| i as i64)
            .collect();
        let [dx, ddy, dgamma] = second(self.settings, x, dy, gamma, &axes, &axes, pass.grads)?;
        let mut grads = vec![dx, None, None, ddy];
        grads.extend(gamma.map(|_| dgamma));
        Ok(grads)
    }

    fn absorbs(&self) -> bool {
        self.after != Followed::Relu
    }

    fn fed_by(&self, input: usize, maker: &Role, own: &[Spec]) -> Option<Fused> {
        let settings = self.settings;
        match *maker {
            // The slope's inputs are a and dy.
            Role::Slope(f) if input == 3 && self.after == Followed::Nothing => {
                let after = Followed::Function(f);
                let mut fused = Fused::after(Self { settings, after }, own.len(), &[0]);
                fused.inputs[3] = Source::Other(1);
                Some(fused)
            }
            Role::Rectified { scale } if input + 1 == own.len() && self.after == Followed::Function(RELU) => {
                let after = Followed::Relu;
                let beta = [1 + usize::from(scale)];
                let others: &[usize] = if settings.offset { &beta } else { &[] };
                Some(Fused::after(Self { settings, after }, own.len() - 1, others))
            }
            _ => None,
        }
    }
}

/// Inputs x, dy, gamma?; outputs dx, dgamma, dbeta.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct LayerNormalizationGradient(pub Settings);

impl Op for LayerNormalizationGradient {
    fn name(&self) -> &'static str {
        "layer_normalization_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), x)?;
        let row = x[0].with_dims([x[0].dims[self.0.axis]]);
        Ok([x[0].clone(), row.clone(), row].into_iter().collect())
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = x[0].shape()[self.0.axis];
        let rows = x[0].len() / n.max(1);
        let [dx, dgamma, dbeta] = y else { return Ok(()) };
        float_dispatch!(x[0].dtype(), T => {
            let gamma = self.0.scale.then(|| x[2].slice::<T>());
            let (epsilon, scratch) = (T::from_f64(self.0.epsilon), run.scratch::<T>(layer_scratch(rows, n)));
            let (dgamma, dbeta) = (dgamma.slice_mut(), dbeta.slice_mut());
            layer_gradient(n, x[0].slice(), gamma, x[1].slice(), epsilon, dx.slice_mut(), dgamma, dbeta, scratch);
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    /// dx, dgamma and dbeta as compositions of ops, in x, dy and gamma.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (x, dy, gamma) = (&pass.inputs[0], &pass.inputs[1], pass.inputs.get(2));
        let rows: Vec<i64> = (0..x.rank() as i64 - 1).collect();
        let [dx, ddy, dgamma] = second(self.0, x, dy, gamma, &[-1], &rows, pass.grads)?;
        let mut grads = vec![dx, ddy];
        grads.extend(gamma.map(|_| dgamma));
        Ok(grads)
    }
}

/// Gradients of (dx, dgamma, dbeta), weighted with what arrived, for x, dy and gamma: the formulas above, written with
/// ops and differentiated. `over` are the axes of the statistics, `lacking` those that the weights lack.
fn second(
    settings: Settings,
    x: &Value,
    dy: &Value,
    gamma: Option<&Value>,
    over: &[i64],
    lacking: &[i64],
    arrived: &[Option<Value>],
) -> Result<[Option<Value>; 3]> {
    let inputs: Vec<&Value> = [Some(x), Some(dy), gamma].into_iter().flatten().collect();
    let grads = differentiate(&inputs, arrived, |v| {
        let (x, dy) = (&v[0], &v[1]);
        let mean = |v: &Value| super::mean(v, Axes::Some(over.to_vec()), true);
        let centered = super::subtract(x, &mean(x)?)?;
        let variance = mean(&super::square(&centered)?)?;
        let inverse = super::rsqrt(&super::add(&variance, &variance.like(settings.epsilon)?)?)?;
        let n = super::multiply(&centered, &inverse)?;
        let g = match v.get(2) {
            Some(gamma) => {
                let mut after = settings.axis + 1..x.rank();
                let spread = after.try_fold(gamma.clone(), |v, _| super::expand_dims(&v, -1))?;
                super::multiply(dy, &spread)?
            }
            None => dy.clone(),
        };
        let along = super::multiply(&n, &mean(&super::multiply(&g, &n)?)?)?;
        let dx = super::multiply(
            &super::subtract(&super::subtract(&g, &mean(&g)?)?, &along)?,
            &inverse,
        )?;
        let dgamma = super::sum(&super::multiply(dy, &n)?, Axes::Some(lacking.to_vec()), false)?;
        let dbeta = super::sum(dy, Axes::Some(lacking.to_vec()), false)?;
        Ok(vec![dx, dgamma, dbeta])
    })?;
    let mut grads = grads.into_iter();
    Ok([(); 3].map(|()| grads.next().flatten()))
}

//! The gradients of the recurrent ops, one fused kernel each.

use std::sync::Arc;

use serde::Serialize;

use super::formula::outputs;
use super::run::{gathered, sizes, with_cell, work};
use super::settings::{Kind, Settings};
use crate::autograd::{Value, apply_many, differentiate};
use crate::dtype::Element;
use crate::error::Result;
use crate::float_dispatch;
use crate::kernels::math::Math;
use crate::kernels::recurrent::{
    Backward, Cell, Gradients, Gru, GruBefore, Lstm, Simple, backward, backward_scratch,
};
use crate::ops::matmul::{float_only, same_float};
use crate::ops::op::{Op, Pass, Run};
use crate::ops::zeros_like;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Inputs: those of the op, what it kept, and the gradients of y and of the last states where `arrived` says so.
/// Outputs: the gradients of x, of the weights, and of the first states, where these are wanted.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct RecurrentGradient {
    of: Settings,
    arrived: [bool; 3],
    x: bool,
    weights: bool,
    states: bool,
}

impl RecurrentGradient {
    /// The gradients of all inputs of the op.
    pub fn of(of: Settings, pass: &Pass<'_>, kept: &Value) -> Result<Vec<Option<Value>>> {
        let states = of.kind.states();
        let grad = |i: usize| pass.grads[..=states].get(i).and_then(Option::as_ref);
        let op = Self {
            of,
            arrived: [0, 1, 2].map(|i| grad(i).is_some()),
            x: pass.needs[0],
            weights: pass.needs[1..of.at_states()].contains(&true),
            states: pass.needs[of.at_states()..of.floats()].contains(&true),
        };
        let mut grads: Vec<Option<Value>> = vec![None; of.inputs()];
        let wanted = op.wanted();
        if wanted.is_empty() {
            return Ok(grads);
        }
        let mut inputs: Vec<&Value> = pass.inputs.iter().collect();
        inputs.push(kept);
        inputs.extend((0..3).filter_map(grad));
        let made = apply_many(Arc::new(op), &inputs)?;
        for (i, grad) in wanted.into_iter().zip(made) {
            grads[i] = Some(grad);
        }
        Ok(grads)
    }

    /// The inputs whose gradients are outputs.
    fn wanted(&self) -> Vec<usize> {
        let at = self.of.at_states();
        let some = |range: core::ops::Range<usize>, wanted: bool| range.filter(move |_| wanted);
        some(0..1, self.x)
            .chain(some(1..at, self.weights))
            .chain(some(at..self.of.floats(), self.states))
            .collect()
    }

    fn run<T: Math + Element, C: Cell<T>>(
        self,
        cell: C,
        run: &mut Run,
        x: &[View<'_>],
        y: &mut [ViewMut<'_>],
    ) {
        let mut given = x[self.of.inputs() + 1..].iter();
        let [dy, dh, dc] = self.arrived.map(|arrived| {
            if arrived {
                given.next().map(View::slice::<T>)
            } else {
                None
            }
        });
        let b = Backward {
            of: gathered::<T>(self.of, x),
            kept: x[self.of.inputs()].slice(),
            dy,
            dh,
            dc,
        };
        let mut outputs = y.iter_mut().map(ViewMut::slice_mut::<T>);
        let mut next = |wanted: bool| if wanted { outputs.next() } else { None };
        let dx = next(self.x);
        let weights = match (next(self.weights), next(self.weights)) {
            (Some(kernel), Some(recurrent)) => {
                Some([kernel, recurrent, next(self.of.bias).unwrap_or_default()])
            }
            _ => None,
        };
        let out = Gradients {
            x: dx,
            weights,
            h: next(self.states),
            c: next(self.states && C::CARRY),
        };
        let scratch = run.scratch::<T>(backward_scratch::<T, C>(sizes(x)));
        backward(cell, &b, out, scratch);
    }
}

impl Op for RecurrentGradient {
    fn name(&self) -> &'static str {
        match self.of.kind {
            Kind::Lstm => "lstm_gradient",
            Kind::Gru { .. } => "gru_gradient",
            Kind::Simple(_) => "simple_rnn_gradient",
        }
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        same_float(self.name(), &x[..self.of.floats()])?;
        self.of.check(&x[..self.of.inputs()])?;
        Ok(self.wanted().into_iter().map(|i| x[i].clone()).collect())
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            with_cell!(self.of.kind, cell, C => self.run::<T, C>(cell, run, x, y));
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    /// The op's formula, step by step in ops, differentiated: once for what this op computes, and once more.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (floats, inputs) = (self.of.floats(), self.of.inputs());
        let mask = self.of.mask.then(|| &pass.inputs[floats]);
        let sources: Vec<&Value> = pass.inputs[..floats]
            .iter()
            .chain(&pass.inputs[inputs + 1..])
            .collect();
        let found = differentiate(&sources, pass.grads, |v| {
            let mut given = v[floats..].iter();
            let seeds: Vec<Option<Value>> = self
                .arrived
                .iter()
                .map(|&arrived| if arrived { given.next().cloned() } else { None })
                .collect();
            let x: Vec<&Value> = v[..floats].iter().collect();
            let grads = differentiate(&x, &seeds, |x| outputs(self.of, x, mask))?;
            self.wanted()
                .into_iter()
                .map(|i| grads[i].clone().map_or_else(|| zeros_like(x[i]), Ok))
                .collect()
        })?;
        let mut found = found.into_iter();
        let mut grads: Vec<Option<Value>> = found.by_ref().take(floats).collect();
        grads.resize(inputs + 1, None);
        grads.extend(found);
        Ok(grads)
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        2 * work(self.of, inputs)
    }
}

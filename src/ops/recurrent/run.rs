//! The ops themselves: outputs y, the last states, and what the gradient needs (dropped where no gradient is wanted).

use std::sync::Arc;

use serde::Serialize;

use super::gradient::RecurrentGradient;
use super::settings::{Kind, Settings};
use crate::autograd::{Tape, Value, apply_many};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::float_dispatch;
use crate::kernels::math::Math;
use crate::kernels::recurrent::{
    Cell, Forward, Gru, GruBefore, Lstm, Results, Simple, Sizes, Weights, forward, forward_scratch,
};
use crate::ops::cast;
use crate::ops::matmul::{float_only, multiply_adds};
use crate::ops::op::{Attrs, Op, OpFn, Pass, Run};
use crate::shape::{Dim, Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Runs an expression for the cell behind a [`Kind`].
macro_rules! with_cell {
    ($kind:expr, $cell:ident, $C:ident => $body:expr) => {{
        macro_rules! case {
            ($type:ty, $value:expr) => {{
                type $C = $type;
                let $cell = $value;
                $body
            }};
        }
        match $kind {
            Kind::Lstm => case!(Lstm, Lstm),
            Kind::Gru { reset_after: true } => case!(Gru, Gru),
            Kind::Gru { reset_after: false } => case!(GruBefore, GruBefore),
            Kind::Simple(curve) => case!(Simple, Simple(curve)),
        }
    }};
}
pub(super) use with_cell;

#[derive(Debug, Clone, Copy, Serialize)]
struct Recurrent {
    settings: Settings,
    /// y; y and the last states; or these and what is kept.
    outputs: usize,
}

/// The sizes of inputs that have passed.
pub(super) fn sizes(x: &[View<'_>]) -> Sizes {
    let s = x[0].shape();
    Sizes {
        batch: s[0],
        steps: s[1],
        features: s[2],
        units: x[2].shape()[0],
    }
}

/// The inputs as the kernels take them.
pub(super) fn gathered<'a, T: Element>(s: Settings, x: &[View<'a>]) -> Forward<'a, T> {
    let state = |i: usize| (i < s.first_states()).then(|| x[s.at_states() + i].slice::<T>());
    Forward {
        sizes: sizes(x),
        options: s.options,
        x: x[0].slice(),
        mask: s.mask.then(|| x[s.floats()].bytes()),
        weights: Weights {
            kernel: x[1].slice(),
            recurrent: x[2].slice(),
            bias: s.bias.then(|| x[3].slice()),
        },
        h: state(0),
        c: state(1),
    }
}

/// Multiply-adds of a whole sequence, as [`Op::cost`] counts them.
pub(super) fn work(s: Settings, x: &[Spec]) -> usize {
    let size = |spec: &Spec, axis: usize| spec.dims[axis].unwrap_or(1);
    let (rows, units) = (size(&x[0], 0).saturating_mul(size(&x[0], 1)), size(&x[2], 0));
    let terms = size(&x[0], 2) + units;
    // The gates cost about as much as some more terms.
    multiply_adds(Some(rows.saturating_mul(units * s.kind.gates())), terms + 32)
}

impl Recurrent {
    fn full(settings: Settings) -> usize {
        2 + settings.kind.states()
    }

    fn run<T: Math + Element, C: Cell<T>>(
        self,
        cell: C,
        run: &mut Run,
        x: &[View<'_>],
        y: &mut [ViewMut<'_>],
    ) {
        let f = gathered::<T>(self.settings, x);
        let mut outputs = y.iter_mut().map(ViewMut::slice_mut::<T>);
        let Some(y) = outputs.next() else { return };
        let h = outputs.next();
        let c = if C::CARRY { outputs.next() } else { None };
        let kept = outputs.next();
        let scratch = run.scratch::<T>(forward_scratch::<T, C>(f.sizes));
        forward(cell, &f, Results { y, h, c, kept }, scratch);
    }
}

impl Op for Recurrent {
    fn name(&self) -> &'static str {
        self.settings.kind.name()
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let [batch, steps, _, units] = self.settings.check(x)?;
        let kept = with_cell!(self.settings.kind, _cell, C => <C as Cell<f32>>::KEPT);
        let of = |dims: &[Dim]| x[0].with_dims(dims.iter().copied());
        let y = if self.settings.options.sequences {
            of(&[batch, steps, units])
        } else {
            of(&[batch, units])
        };
        let states = std::iter::repeat_n(of(&[batch, units]), self.settings.kind.states());
        let all = std::iter::once(y)
            .chain(states)
            .chain([of(&[batch, steps, units.map(|u| u * kept)])]);
        Ok(all.take(self.outputs).collect())
    }

    fn forward(&self, run: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        float_dispatch!(x[0].dtype(), T => {
            with_cell!(self.settings.kind, cell, C => self.run::<T, C>(cell, run, x, y));
            Ok(())
        }, else => Err(float_only(self.name(), x[0].dtype())))
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let Some(kept) = pass.outputs.get(1 + self.settings.kind.states()) else {
            return Err(Error::runtime(self.name())
                .expected("all outputs of the op where a gradient is wanted")
                .got(format!("{} of them", pass.outputs.len())));
        };
        RecurrentGradient::of(self.settings, pass, kept)
    }

    fn trimmed(&self, used: usize) -> Option<(Arc<dyn Op>, usize)> {
        let states = 1 + self.settings.kind.states();
        let outputs = match used {
            0 | 1 => 1,
            n if n <= states => states,
            _ => self.outputs,
        };
        (outputs < self.outputs).then(|| {
            let op: Arc<dyn Op> = Arc::new(Self { outputs, ..*self });
            (op, outputs)
        })
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        work(self.settings, inputs)
    }
}

/// (y, the last states) of a sequence.
pub fn recurrent(settings: Settings, inputs: &[&Value]) -> Result<Vec<Value>> {
    // Without a tape or a trace, nobody can ask for a gradient.
    let recorded = Tape::any_active() || inputs.iter().any(|v| v.is_traced());
    let states = 1 + settings.kind.states();
    let outputs = if recorded {
        Recurrent::full(settings)
    } else {
        states
    };
    let made = apply_many(Arc::new(Recurrent { settings, outputs }), inputs)?;
    Ok(made.into_iter().take(states).collect())
}

macro_rules! by_name {
    ($($name:literal),*) => {
        &[$(($name, |x: &[Value], attrs: &Attrs| {
            let settings = Settings::read($name, attrs, x.len())?;
            let mut inputs = x.to_vec();
            if settings.mask && let Some(mask) = inputs.last_mut() {
                *mask = cast(mask, DType::Bool)?;
            }
            recurrent(settings, &inputs.iter().collect::<Vec<_>>())
        })),*]
    };
}

pub(in crate::ops) const OPS: &[(&str, OpFn)] = by_name!("lstm", "gru", "simple_rnn");

const _: () = assert!(size_of::<Bool>() == 1);

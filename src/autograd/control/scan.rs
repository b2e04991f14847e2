//! (c, y_t) = f(c, x_t) for t = 0, 1, ...: a loop along the first axis that carries values on.
//!
//! Backward, from the last step to the first: dc ← (∂f/∂c)ᵀ (dc, dy_t), dx_t = (∂f/∂x)ᵀ (dc, dy_t), and the gradients of
//! what f captured add up. That is a scan again, so a gradient can be differentiated. The carries that came into each step
//! are kept; what else a step needs of the forward pass is computed again.

use std::sync::Arc;

use serde::Serialize;
use smallvec::SmallVec;

use super::super::apply::apply_many;
use super::super::graph::{Capture, Graph};
use super::super::listing::Listing;
use super::super::program::poll_of_run;
use super::super::value::Value;
use super::block::{Block, Body, agree, common_length, element, label, or_zeros, without_first};
use super::cond::apply_in_trace;
use crate::error::{Error, Result};
use crate::ops::{self, Op, Pass, Run};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// Inputs: the first carries, what is stepped through, and what f captured. Outputs: the last carries, what f returned at
/// each step, and the carries that came into each step.
#[derive(Debug, Serialize)]
struct Scan {
    /// (carries, x_t, captured) to (carries, y_t).
    #[serde(skip)]
    body: Arc<Block>,
    carries: usize,
    xs: usize,
    reverse: bool,
    /// The number of steps, where nothing is stepped through.
    length: Option<usize>,
    /// Whether the carries that came in are outputs.
    save: bool,
    /// Names of the carries, for messages.
    #[serde(skip)]
    labels: Arc<[String]>,
    /// For each captured value, whether the body looks at its elements.
    #[serde(skip)]
    reads: Arc<[bool]>,
}

impl Scan {
    fn ys(&self) -> usize {
        self.body.n_outputs() - self.carries
    }

    fn steps(&self, xs: &[Spec]) -> Result<Option<usize>> {
        let found = common_length("scan", xs)?;
        match (found, self.length) {
            (Some(n), Some(length)) if n != length => {
                let shapes: Vec<String> = xs.iter().map(|s| show(&s.dims)).collect();
                Err(Error::value("scan")
                    .expected(format!("length={length} elements along the first axis of xs"))
                    .got(shapes.join(", ")))
            }
            _ => Ok(found.or(self.length)),
        }
    }

    /// Specs of what the body is called with.
    fn body_specs(&self, x: &[Spec]) -> Vec<Spec> {
        let (n, m) = (self.carries, self.xs);
        let element = |(i, spec): (usize, &Spec)| {
            if (n..n + m).contains(&i) {
                without_first(spec)
            } else {
                spec.clone()
            }
        };
        x.iter().enumerate().map(element).collect()
    }
}

impl Op for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let (n, m) = (self.carries, self.xs);
        let steps = self.steps(&x[n..n + m])?;
        let made = self.body.infer(&self.body_specs(x))?;
        let mut specs = Specs::new();
        for (i, (before, after)) in x[..n].iter().zip(&made).enumerate() {
            specs.push(agree(before, after).ok_or_else(|| {
                Error::value(self.name())
                    .expected(format!(
                        "a carry that keeps its shape and dtype, {} for {}",
                        before.describe(),
                        label(&self.labels, i)
                    ))
                    .got(format!("{} from the body", after.describe()))
                    .hint("Cast or reshape what the body returns, or what the loop begins with")
            })?);
        }
        let stacked = |s: &Spec| s.with_dims(std::iter::once(steps).chain(s.dims.iter().copied()));
        specs.extend(made[n..].iter().map(stacked));
        if self.save {
            specs.extend(x[..n].iter().map(stacked));
        }
        Ok(specs)
    }

    fn parts(&self) -> Vec<(&'static str, Listing)> {
        vec![("body", self.body.listing())]
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let (n, m) = (self.carries, self.xs);
        for (carry, first) in y[..n].iter_mut().zip(x) {
            carry.bytes_mut().copy_from_slice(first.bytes());
        }
        let specs: Vec<Spec> = x[n..n + m]
            .iter()
            .map(|v| Spec::known(v.dtype(), v.shape()))
            .collect();
        let Some(steps) = self.steps(&specs)?.filter(|&steps| steps > 0) else {
            return Ok(());
        };
        let (carries, stacked) = y.split_at_mut(n);
        let (ys, saved) = stacked.split_at_mut(self.ys());
        let mut given: SmallVec<[View<'_>; 16]> = carries
            .iter_mut()
            // SAFETY: the body only reads it, and it is written between two runs of the body.
            .map(|c| unsafe { View::from_raw(c.dtype(), c.shape(), c.as_mut_ptr()) })
            .collect();
        given.extend(x[n..n + m].iter().map(|v| element(v, 0)));
        given.extend_from_slice(&x[n + m..]);
        let (program, poll) = (self.body.program(), poll_of_run());
        let plan = program.plan(&given)?;
        let mut session = program.session();
        for step in 0..steps {
            let t = if self.reverse { steps - 1 - step } else { step };
            for (place, stacked) in given[n..].iter_mut().zip(&x[n..n + m]) {
                *place = element(stacked, t);
            }
            for (to, carry) in saved.iter_mut().zip(carries.iter()) {
                put(to, t, &carry.as_view());
            }
            session.run(&plan, &given, &poll, |done| {
                for (i, carry) in carries.iter_mut().enumerate() {
                    carry.bytes_mut().copy_from_slice(done.output(i).bytes());
                }
                for (i, y) in ys.iter_mut().enumerate() {
                    put(y, t, &done.output(n + i));
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (n, m, q) = (self.carries, self.xs, self.ys());
        let x = pass.inputs;
        let captured = x.len() - n - m;
        let specs: Vec<Spec> = x.iter().map(Value::spec).collect();

        // Which carries does a source reach, at the start or in the course of the loop?
        let mut reached: Vec<bool> = pass.needs.to_vec();
        loop {
            let next = self.body.depends(&reached);
            let new: Vec<usize> = (0..n).filter(|&i| next[i] && !reached[i]).collect();
            if new.is_empty() {
                break;
            }
            new.into_iter().for_each(|i| reached[i] = true);
        }
        let tracked: Vec<usize> = (0..n)
            .filter(|&i| reached[i] && specs[i].dtype.is_float())
            .collect();
        let wanted_xs: Vec<usize> = (n..n + m).filter(|&i| pass.needs[i]).collect();
        let wanted_captured: Vec<usize> = (n + m..x.len()).filter(|&i| pass.needs[i]).collect();

        // The graph of one step backward. Inputs: dc, sums, x_t, saved carries, dy_t, d(saved carry)_t, captured.
        let graph = Graph::new();
        let inner = self.body_specs(&specs);
        let input = |i: &usize| graph.input(inner[*i].clone());
        let dc: Vec<Value> = tracked.iter().map(input).collect();
        let sums: Vec<Value> = wanted_captured.iter().map(input).collect();
        let own_xs: Vec<Value> = (n..n + m).map(|i| input(&i)).collect();
        let own: Vec<Value> = (0..n).map(|i| input(&i)).chain(own_xs).collect();
        let arrived: Vec<usize> = (0..q).filter(|&i| pass.grads[n + i].is_some()).collect();
        let dy: Vec<Value> = arrived
            .iter()
            .map(|&i| graph.input(without_first(&pass.outputs[n + i].spec())))
            .collect();
        let saved_grad = |i: usize| pass.grads.get(n + q + i).and_then(Option::as_ref);
        let ds: Vec<Option<Value>> = tracked
            .iter()
            .map(|&i| saved_grad(i).map(|_| input(&i)))
            .collect();
        let own: Vec<Value> = own
            .into_iter()
            .chain((n + m..x.len()).map(|i| input(&i)))
            .collect();

        let entered = graph.entered();
        let outputs = self.body.inline(&own)?;
        let targets: Vec<(Value, Option<Value>)> = tracked
            .iter()
            .zip(&dc)
            .map(|(&i, seed)| (outputs[i].clone(), Some(seed.clone())))
            .chain(
                arrived
                    .iter()
                    .zip(dy)
                    .map(|(&i, seed)| (outputs[n + i].clone(), Some(seed))),
            )
            .collect();
        let sources: Vec<usize> = tracked
            .iter()
            .chain(&wanted_captured)
            .chain(&wanted_xs)
            .copied()
            .collect();
        let keys: Vec<_> = sources.iter().map(|&i| own[i].key()).collect();
        let mut results = Vec::with_capacity(sources.len());
        for (k, (grad, &i)) in graph
            .gradients(&targets, &keys)?
            .into_iter()
            .zip(&sources)
            .enumerate()
        {
            let extra = if k < tracked.len() {
                ds[k].as_ref()
            } else {
                sums.get(k - tracked.len())
            };
            results.push(match (grad, extra) {
                (Some(grad), Some(extra)) => ops::add(extra, &grad)?,
                (None, Some(extra)) => extra.clone(),
                (grad, None) => or_zeros(grad, &own[i])?,
            });
        }
        drop(entered);
        let body = Block::of(&graph, &results)?;

        // Run it from the other end.
        let saved: Vec<Value> = if self.save {
            pass.outputs[n + q..].to_vec()
        } else {
            return Err(Error::runtime(self.name())
                .expected("the carries of the forward pass")
                .got("none"));
        };
        let zero_or = |grad: Option<&Value>, like: &Value| match grad {
            Some(grad) => Ok(grad.clone()),
            None => ops::zeros_like(like),
        };
        let mut given: Vec<Value> = Vec::new();
        for &i in &tracked {
            given.push(zero_or(pass.grads[i].as_ref(), &x[i])?);
        }
        for &i in &wanted_captured {
            given.push(ops::zeros_like(&x[i])?);
        }
        let carries = given.len();
        given.extend(x[n..n + m].iter().cloned());
        given.extend(saved);
        given.extend(arrived.iter().filter_map(|&i| pass.grads[n + i].clone()));
        given.extend(tracked.iter().filter_map(|&i| saved_grad(i).cloned()));
        let xs = given.len() - carries;
        given.extend(x[n + m..].iter().cloned());
        debug_assert_eq!(given.len(), carries + xs + captured);
        // Something must tell the number of steps.
        let length = self.length_of(pass);
        let (body, stay) = body.pruned(if length.is_none() { carries + 1 } else { carries });
        let given: Vec<Value> = stay.iter().map(|&i| given[i].clone()).collect();
        let labels = tracked
            .iter()
            .chain(&wanted_captured)
            .map(|i| format!("the gradient of input {i}"))
            .collect();
        let op = Scan {
            reads: body.reads()[carries..].into(),
            body: Arc::new(body),
            carries,
            xs: stay
                .iter()
                .filter(|&&i| (carries..carries + xs).contains(&i))
                .count(),
            reverse: !self.reverse,
            length,
            save: true,
            labels,
        };
        let made = apply_many(Arc::new(op), &given.iter().collect::<Vec<_>>())?;
        let mut grads = vec![None; x.len()];
        for (&i, grad) in sources.iter().zip(made) {
            if pass.needs[i] {
                grads[i] = Some(grad);
            }
        }
        Ok(grads)
    }

    fn trimmed(&self, used: usize) -> Option<(Arc<dyn Op>, usize)> {
        let ys = used.saturating_sub(self.carries).min(self.ys());
        if used > self.carries + self.ys() || (!self.save && ys == self.ys()) {
            return None;
        }
        let body = if ys == self.ys() {
            Arc::clone(&self.body)
        } else {
            Arc::new(self.body.first_outputs(self.carries + ys))
        };
        let op = Self {
            reads: body.reads()[self.carries..].into(),
            body,
            save: false,
            labels: Arc::clone(&self.labels),
            ..*self
        };
        Some((Arc::new(op), self.carries + ys))
    }

    fn shape_only(&self, input: usize) -> bool {
        // The first carries are copied, and come out again; what is stepped through is looked at by its elements.
        input >= self.carries && !self.reads[input - self.carries]
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        let steps = self.steps(&inputs[self.carries..self.carries + self.xs]);
        let steps = steps.ok().flatten().unwrap_or(1);
        self.body.cost(&self.body_specs(inputs)).saturating_mul(steps)
    }
}

impl Scan {
    /// The number of steps, needed where nothing is left to be stepped through backward.
    fn length_of(&self, pass: &Pass<'_>) -> Option<usize> {
        let specs: Vec<Spec> = pass.inputs[self.carries..self.carries + self.xs]
            .iter()
            .map(Value::spec)
            .collect();
        self.steps(&specs).ok().flatten()
    }
}

/// Copies one step's result to its place.
fn put(stacked: &mut ViewMut<'_>, t: usize, value: &View<'_>) {
    let bytes = value.bytes();
    stacked.bytes_mut()[t * bytes.len()..(t + 1) * bytes.len()].copy_from_slice(bytes);
}

/// The last carries and the stacked results of a loop. `body` takes the carries and one element of each of `xs`, and
/// returns the carries and any number of results. Variables that it assigns are carried on as well.
pub fn scan(
    body: Body,
    init: &[Value],
    xs: &[Value],
    length: Option<usize>,
    reverse: bool,
    labels: &[String],
) -> Result<Vec<Value>> {
    let (n, m) = (init.len(), xs.len());
    if body.arguments != n + m || body.results < n {
        return Err(Error::value("scan")
            .expected(format!(
                "a body that takes {} values and returns at least {n}",
                n + m
            ))
            .got(format!("{} and {}", body.arguments, body.results)));
    }
    let Carried {
        body,
        state,
        captured,
    } = Carried::new(body, n, m);
    let mut given = init.to_vec();
    given.extend(state.iter().map(|c| c.outer.clone()));
    given.extend_from_slice(xs);
    given.extend(captured);
    let carries = n + state.len();
    let mut labels = labels.to_vec();
    labels.resize_with(n, String::new);
    labels.extend(
        state
            .iter()
            .filter_map(|c| c.variable.as_ref())
            .map(|v| format!("variable '{}'", v.path())),
    );
    let op = Scan {
        reads: body.reads()[carries..].into(),
        carries,
        xs: m,
        reverse,
        length,
        save: true,
        labels: labels.into(),
        body: Arc::new(body),
    };
    let ys = op.ys();
    let mut outputs = apply_in_trace(op, &given.iter().collect::<Vec<_>>())?;
    outputs.truncate(carries + ys);
    for (capture, value) in state.iter().zip(outputs.drain(n..carries)) {
        if let Some(v) = &capture.variable {
            v.assign(&value)?;
        }
    }
    Ok(outputs)
}

/// A loop body whose assigned variables are carries like the others.
pub(super) struct Carried {
    /// (carries, variables, x_t, captured) to (carries, variables, y_t).
    pub body: Block,
    /// What the variables are when the loop begins.
    pub state: Vec<Capture>,
    pub captured: Vec<Value>,
}

impl Carried {
    pub fn new(body: Body, carries: usize, xs: usize) -> Self {
        let mut state = Vec::with_capacity(body.assigned.len());
        let mut inputs: Vec<std::result::Result<usize, Spec>> = (0..carries).map(Ok).collect();
        let mut taken = vec![false; body.captures.len()];
        for v in &body.assigned {
            if let Some(at) = body.read_of(v) {
                taken[at] = true;
                inputs.push(Ok(body.arguments + at));
                state.push(body.captures[at].clone());
            } else {
                inputs.push(Err(Spec::known(v.dtype(), v.shape())));
                state.push(Capture {
                    outer: v.value(),
                    variable: Some(v.clone()),
                });
            }
        }
        inputs.extend((carries..carries + xs).map(Ok));
        let rest: Vec<usize> = (0..body.captures.len()).filter(|&i| !taken[i]).collect();
        inputs.extend(rest.iter().map(|&i| Ok(body.arguments + i)));
        let outputs: Vec<usize> = (0..carries)
            .chain(body.results..body.results + body.assigned.len())
            .chain(carries..body.results)
            .collect();
        Self {
            captured: rest.iter().map(|&i| body.captures[i].outer.clone()).collect(),
            body: body.block.reordered(&inputs, &outputs),
            state,
        }
    }
}

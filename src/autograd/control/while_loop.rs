//! while p(v) { v = f(v) }. The number of steps is known only when it has run, so it is not differentiated.

use serde::Serialize;
use smallvec::SmallVec;

use super::super::listing::Listing;
use super::super::program::poll_of_run;
use super::super::value::Value;
use super::block::{Block, Body, agree, check_scalar, label};
use super::cond::apply_in_trace;
use super::scan::Carried;
use crate::error::{Error, Result};
use crate::ops::{Op, Pass, Run};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// Inputs: the first values, then what the condition captured, then what the body captured.
#[derive(Debug, Serialize)]
struct WhileLoop {
    #[serde(skip)]
    condition: Block,
    #[serde(skip)]
    body: Block,
    carries: usize,
    /// The most steps to take.
    limit: Option<u64>,
    #[serde(skip)]
    labels: Vec<String>,
    /// For each captured value, whether its elements are looked at.
    #[serde(skip)]
    reads: Vec<bool>,
}

impl WhileLoop {
    /// Where the body's captured values begin.
    fn split(&self) -> usize {
        self.condition.n_inputs()
    }
}

impl Op for WhileLoop {
    fn name(&self) -> &'static str {
        "while_loop"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        let n = self.carries;
        let condition = self.condition.infer(&x[..self.split()])?;
        check_scalar(self.name(), "condition", &condition[0])?;
        let given: Vec<Spec> = x[..n].iter().chain(&x[self.split()..]).cloned().collect();
        let made = self.body.infer(&given)?;
        x[..n]
            .iter()
            .zip(&made)
            .enumerate()
            .map(|(i, (before, after))| {
                agree(before, after).ok_or_else(|| {
                    Error::value(self.name())
                        .expected(format!(
                            "loop variables that keep their shape and dtype, {} for {}",
                            before.describe(),
                            label(&self.labels, i)
                        ))
                        .got(format!("{} from the body", after.describe()))
                        .hint("Cast or reshape what the body returns, or what the loop begins with")
                })
            })
            .collect()
    }

    fn parts(&self) -> Vec<(&'static str, Listing)> {
        vec![
            ("condition", self.condition.listing()),
            ("body", self.body.listing()),
        ]
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let n = self.carries;
        for (value, first) in y.iter_mut().zip(x) {
            value.bytes_mut().copy_from_slice(first.bytes());
        }
        let mut to_condition: SmallVec<[View<'_>; 16]> = y
            .iter_mut()
            // SAFETY: condition and body only read it, and it is written between their runs.
            .map(|v| unsafe { View::from_raw(v.dtype(), v.shape(), v.as_mut_ptr()) })
            .collect();
        let mut to_body = to_condition.clone();
        to_condition.extend_from_slice(&x[n..self.split()]);
        to_body.extend_from_slice(&x[self.split()..]);
        let (condition, body) = (self.condition.program(), self.body.program());
        let (condition_plan, body_plan) = (condition.plan(&to_condition)?, body.plan(&to_body)?);
        let (mut condition, mut body) = (condition.session(), body.session());
        let (mut steps, poll) = (0, poll_of_run());
        while self.limit.is_none_or(|limit| steps < limit)
            && condition.run(&condition_plan, &to_condition, &poll, |done| {
                Ok(done.output(0).item() != 0.0)
            })?
        {
            body.run(&body_plan, &to_body, &poll, |done| {
                for (i, value) in y.iter_mut().enumerate() {
                    value.bytes_mut().copy_from_slice(done.output(i).bytes());
                }
                Ok(())
            })?;
            steps += 1;
        }
        Ok(())
    }

    fn backward(&self, _: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        Err(Error::not_implemented(self.name())
            .expected("a loop whose number of steps is known before it runs, for a gradient")
            .got("a gradient through a while loop in a traced call")
            .hint("Use ops.fori_loop with whole numbers as bounds, or ops.scan, put ops.stop_gradient around the loop's results, or compile with run_eagerly=True"))
    }

    fn shape_only(&self, input: usize) -> bool {
        input >= self.carries && !self.reads[input - self.carries]
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        // How often it runs is not known; a few times is a fair guess.
        let given: Vec<Spec> = inputs[..self.carries]
            .iter()
            .chain(&inputs[self.split()..])
            .cloned()
            .collect();
        self.body.cost(&given).saturating_mul(8)
    }
}

/// The values after the last step. Variables that the body assigns are carried on as well.
pub fn while_loop(
    condition: Body,
    body: Body,
    init: &[Value],
    limit: Option<u64>,
    labels: &[String],
) -> Result<Vec<Value>> {
    let n = init.len();
    condition.refuse_assignments("while_loop: the condition")?;
    if condition.results != 1 || body.results != n {
        return Err(Error::value("while_loop")
            .expected(format!(
                "a condition that returns one value and a body that returns {n}"
            ))
            .got(format!("{} and {}", condition.results, body.results)));
    }
    let carried = Carried::new(body, n, 0);
    let carries = n + carried.state.len();

    // The condition sees the variables as the body left them.
    let mut inputs: Vec<std::result::Result<usize, Spec>> = (0..n).map(Ok).collect();
    let mut taken = vec![false; condition.captures.len()];
    for capture in &carried.state {
        let v = capture.variable.as_ref();
        inputs.push(match v.and_then(|v| condition.read_of(v)) {
            Some(at) => {
                taken[at] = true;
                Ok(n + at)
            }
            None => Err(capture.outer.spec()),
        });
    }
    let rest: Vec<usize> = (0..condition.captures.len()).filter(|&i| !taken[i]).collect();
    inputs.extend(rest.iter().map(|&i| Ok(n + i)));
    let block = condition.block.reordered(&inputs, &[0]);

    let mut given = init.to_vec();
    given.extend(carried.state.iter().map(|c| c.outer.clone()));
    given.extend(rest.iter().map(|&i| condition.captures[i].outer.clone()));
    given.extend(carried.captured);
    let mut labels = labels.to_vec();
    labels.resize_with(n, String::new);
    labels.extend(
        carried
            .state
            .iter()
            .filter_map(|c| c.variable.as_ref())
            .map(|v| format!("variable '{}'", v.path())),
    );
    let reads = block.reads()[carries..]
        .iter()
        .chain(&carried.body.reads()[carries..])
        .copied()
        .collect();
    let op = WhileLoop {
        condition: block,
        body: carried.body,
        carries,
        limit,
        labels,
        reads,
    };
    let mut outputs = apply_in_trace(op, &given.iter().collect::<Vec<_>>())?;
    for (capture, value) in carried.state.iter().zip(outputs.split_off(n)) {
        if let Some(v) = &capture.variable {
            v.assign(&value)?;
        }
    }
    Ok(outputs)
}

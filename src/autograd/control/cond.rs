//! y = f_i(x): one of several functions, chosen by a value; only that one runs.
//!
//! dx = (df_i/dx)ᵀ g: a choice among the functions' gradients, by the same value. They compute again what they need of
//! the forward pass, so that nothing of the branch that did not run is kept.

use std::sync::Arc;

use serde::Serialize;
use smallvec::SmallVec;

use super::super::apply::apply_many;
use super::super::graph::{Graph, tracing};
use super::super::listing::Listing;
use super::super::program::poll_of_run;
use super::super::value::Value;
use super::super::variable::Variable;
use super::block::{Block, Body, Distinct, agree, check_scalar, label, or_zeros};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops::{Op, Pass, Run};
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// One function, and the op's input (counted after the index) for each of its inputs.
#[derive(Debug, Serialize)]
struct Branch {
    #[serde(skip)]
    block: Block,
    uses: Vec<usize>,
}

/// Inputs: the index (a boolean: true is branch 0), then what the branches use.
#[derive(Debug, Serialize)]
struct Cond {
    branches: Vec<Branch>,
    /// Names of the outputs, for messages.
    #[serde(skip)]
    labels: Arc<[String]>,
    /// For each input after the index, whether some branch looks at its elements.
    #[serde(skip)]
    reads: Vec<bool>,
}

impl Cond {
    fn new(branches: Vec<Branch>, labels: Arc<[String]>, inputs: usize) -> Self {
        let mut reads = vec![false; inputs];
        for branch in &branches {
            for (&input, read) in branch.uses.iter().zip(branch.block.reads()) {
                reads[input] |= read;
            }
        }
        Self {
            branches,
            labels,
            reads,
        }
    }

    fn choose(&self, index: &View<'_>) -> &Branch {
        let i = match index.dtype() {
            DType::Bool => i64::from(index.item() == 0.0),
            _ => index.item() as i64,
        };
        &self.branches[i.clamp(0, self.branches.len() as i64 - 1) as usize]
    }
}

impl Op for Cond {
    fn name(&self) -> &'static str {
        "cond"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        check_scalar(self.name(), "condition or index", &x[0])?;
        let mut made: Vec<Vec<Spec>> = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            let given: Vec<Spec> = branch.uses.iter().map(|&u| x[1 + u].clone()).collect();
            made.push(branch.block.infer(&given)?);
        }
        let mut specs: Specs = made[0].iter().cloned().collect();
        for other in &made[1..] {
            for (i, (spec, other)) in specs.iter_mut().zip(other).enumerate() {
                *spec = agree(spec, other).ok_or_else(|| {
                    Error::value(self.name())
                        .expected("branches that return the same shapes and dtypes")
                        .got(format!(
                            "{} from the first (true) and {} from another (false), for {}",
                            spec.describe(),
                            other.describe(),
                            label(&self.labels, i)
                        ))
                        .hint("Cast, reshape or broadcast one of them")
                })?;
            }
        }
        Ok(specs)
    }

    fn parts(&self) -> Vec<(&'static str, Listing)> {
        let branch = |b: &Branch| ("branch", b.block.listing());
        self.branches.iter().map(branch).collect()
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        let branch = self.choose(&x[0]);
        let given: SmallVec<[View<'_>; 8]> = branch.uses.iter().map(|&u| x[1 + u]).collect();
        let (program, poll) = (branch.block.program(), poll_of_run());
        let plan = program.plan(&given)?;
        program.run(&plan, &given, &poll, |done| {
            for (i, y) in y.iter_mut().enumerate() {
                y.bytes_mut().copy_from_slice(done.output(i).bytes());
            }
            Ok(())
        })
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let inputs = &pass.inputs[1..];
        let wanted: Vec<usize> = (0..inputs.len()).filter(|&i| pass.needs[1 + i]).collect();
        let seeded: Vec<usize> = (0..pass.grads.len())
            .filter(|&i| pass.grads[i].is_some())
            .collect();
        let seeds: Vec<&Value> = pass.grads.iter().flatten().collect();
        let mut branches = Vec::with_capacity(self.branches.len());
        for branch in &self.branches {
            let graph = Graph::new();
            let own: Vec<Value> = inputs.iter().map(|v| graph.input(v.spec())).collect();
            let arrived: Vec<Value> = seeds.iter().map(|v| graph.input(v.spec())).collect();
            let entered = graph.entered();
            let given: Vec<Value> = branch.uses.iter().map(|&u| own[u].clone()).collect();
            let outputs = branch.block.inline(&given)?;
            let targets: Vec<(Value, Option<Value>)> = seeded
                .iter()
                .zip(arrived)
                .map(|(&i, seed)| (outputs[i].clone(), Some(seed)))
                .collect();
            let keys: Vec<_> = wanted.iter().map(|&i| own[i].key()).collect();
            let grads = graph.gradients(&targets, &keys)?;
            let grads: Vec<Value> = grads
                .into_iter()
                .zip(&wanted)
                .map(|(g, &i)| or_zeros(g, &own[i]))
                .collect::<Result<_>>()?;
            drop(entered);
            branches.push(Block::of(&graph, &grads)?.pruned(0));
        }
        let mut given = Distinct::default();
        let all: Vec<&Value> = inputs.iter().chain(seeds).collect();
        let branches = branches
            .into_iter()
            .map(|(block, stay)| Branch {
                block,
                uses: stay.iter().map(|&i| given.place(all[i])).collect(),
            })
            .collect();
        let labels = wanted
            .iter()
            .map(|i| format!("the gradient of input {i}"))
            .collect();
        let op = Cond::new(branches, labels, given.values.len());
        let made = apply_many(
            Arc::new(op),
            &std::iter::once(&pass.inputs[0])
                .chain(&given.values)
                .collect::<Vec<_>>(),
        )?;
        let mut grads = vec![None; pass.inputs.len()];
        for (i, grad) in wanted.into_iter().zip(made) {
            grads[1 + i] = Some(grad);
        }
        Ok(grads)
    }

    fn shape_only(&self, input: usize) -> bool {
        input > 0 && !self.reads[input - 1]
    }

    fn cost(&self, inputs: &[Spec], _: &[Spec]) -> usize {
        let cost = |b: &Branch| {
            let given: Vec<Spec> = b.uses.iter().map(|&u| inputs[1 + u].clone()).collect();
            b.block.cost(&given)
        };
        self.branches.iter().map(cost).max().unwrap_or(0)
    }
}

/// What branch `index` returns; with a boolean, true is the first. Variables that a branch assigns have their new values
/// in the trace around it afterwards.
pub fn cond(index: &Value, bodies: Vec<Body>, labels: &[String]) -> Result<Vec<Value>> {
    let results = bodies.first().map_or(0, |b| b.results);
    if bodies.is_empty() || bodies.iter().any(|b| b.results != results) {
        let counts: Vec<String> = bodies.iter().map(|b| b.results.to_string()).collect();
        return Err(Error::value("cond")
            .expected("branches that return the same number of tensors")
            .got(counts.join(" and ")));
    }
    let mut assigned: Vec<Variable> = Vec::new();
    for v in bodies.iter().flat_map(|b| &b.assigned) {
        if assigned.iter().all(|a| a.id() != v.id()) {
            assigned.push(v.clone());
        }
    }
    let mut labels = labels.to_vec();
    labels.resize_with(results, String::new);
    labels.extend(assigned.iter().map(|v| format!("variable '{}'", v.path())));

    let mut given = Distinct::default();
    let mut branches = Vec::with_capacity(bodies.len());
    for mut body in bodies {
        // A branch that leaves a variable alone gives back what it was.
        let mut outputs: Vec<usize> = (0..results).collect();
        let mut block = body.block;
        for v in &assigned {
            let own = body.assigned.iter().position(|a| a.id() == v.id());
            if let Some(at) = own {
                outputs.push(results + at);
            } else {
                block = block.passing(v);
                body.captures.push(super::super::graph::Capture {
                    outer: v.value(),
                    variable: Some(v.clone()),
                });
                outputs.push(block.n_outputs() - 1);
            }
        }
        let inputs: Vec<_> = (0..block.n_inputs()).map(Ok).collect();
        branches.push(Branch {
            block: block.reordered(&inputs, &outputs),
            uses: body.captures.iter().map(|c| given.place(&c.outer)).collect(),
        });
    }
    let op = Cond::new(branches, labels.into(), given.values.len());
    let all: Vec<&Value> = std::iter::once(index).chain(&given.values).collect();
    let mut outputs = apply_in_trace(op, &all)?;
    for (v, value) in assigned.iter().zip(outputs.split_off(results)) {
        v.assign(&value)?;
    }
    Ok(outputs)
}

/// Adds a control op to the trace in progress, even where all of its inputs are data.
pub(super) fn apply_in_trace<O: Op + 'static>(op: O, inputs: &[&Value]) -> Result<Vec<Value>> {
    let made = match tracing() {
        Some(graph) => graph.record(Arc::new(op), inputs)?,
        None => apply_many(Arc::new(op), inputs)?,
    };
    Ok(made.into_vec())
}

//! The one way to run an op: now, or into the graph being traced.

use std::sync::Arc;

use smallvec::SmallVec;

use super::graph::{Graph, tracing};
use super::tape;
use super::value::{Value, Values};
use crate::error::{Error, Result};
use crate::ops::{Op, Run};
use crate::shape::{Shape, Spec, count};
use crate::tensor::{Tensor, View, ViewMut};

/// Applies an op with one output.
pub fn apply<O: Op + 'static>(op: O, inputs: &[&Value]) -> Result<Value> {
    let mut outputs = apply_many(Arc::new(op), inputs)?;
    debug_assert_eq!(outputs.len(), 1);
    outputs
        .pop()
        .ok_or_else(|| Error::runtime("apply").expected("one output").got("none"))
}

/// Applies an op. With data it runs at once and is recorded by the tapes that watch one of its inputs; with a value
/// from a trace it becomes a node of that trace.
pub fn apply_many(op: Arc<dyn Op>, inputs: &[&Value]) -> Result<Values> {
    match trace_of(op.name(), inputs)? {
        Some(graph) => graph.record(op, inputs),
        None => run_now(&op, inputs),
    }
}

/// The graph to record in, if an input is symbolic: that in progress, which must be the inputs' own or lie inside it
/// (a branch, a loop body). Where none is in progress, the innermost graph of the inputs.
fn trace_of(op: &str, inputs: &[&Value]) -> Result<Option<Graph>> {
    let mut found: Option<&Graph> = None;
    for value in inputs {
        if let Value::Node(node) = value {
            match found {
                Some(graph) if graph.is_within(node.graph.id()) => {}
                Some(graph) if !node.graph.is_within(graph.id()) => return Err(node.graph.stray(op, graph)),
                _ => found = Some(&node.graph),
            }
        }
    }
    let Some(found) = found else { return Ok(None) };
    match tracing() {
        Some(active) if active.is_within(found.id()) => Ok(Some(active)),
        Some(active) => Err(found.stray(op, &active)),
        None => Ok(Some(found.clone())),
    }
}

fn run_now(op: &Arc<dyn Op>, inputs: &[&Value]) -> Result<Values> {
    let tensors: SmallVec<[&Tensor; 4]> = inputs.iter().map(|v| v.tensor()).collect::<Result<_>>()?;
    let outputs: Values = eager_forward(&**op, &tensors)?
        .into_iter()
        .map(Value::from)
        .collect();
    tape::record(op, inputs, &outputs);
    Ok(outputs)
}

/// Runs an op on tensors, without recording.
pub fn eager_forward(op: &dyn Op, inputs: &[&Tensor]) -> Result<SmallVec<[Tensor; 2]>> {
    let specs: SmallVec<[Spec; 4]> = inputs.iter().map(|t| t.spec()).collect();
    let made = op.infer(&specs)?;
    let shapes: SmallVec<[(crate::dtype::DType, Shape); 2]> = made
        .iter()
        .map(|s| {
            Ok((
                s.dtype,
                s.shape().ok_or_else(|| {
                    Error::runtime(op.name())
                        .expected("a known output shape")
                        .got(s.describe())
                })?,
            ))
        })
        .collect::<Result<_>>()?;
    if op.is_view() {
        let (dtype, shape) = &shapes[0];
        count(op.name(), shape, *dtype)?;
        return Ok(smallvec::smallvec![inputs[0].reshaped(shape)]);
    }
    let mut outputs: SmallVec<[Tensor; 2]> = shapes
        .iter()
        .map(|(dtype, shape)| Tensor::uninit(*dtype, shape))
        .collect::<Result<_>>()?;
    {
        let views: SmallVec<[View<'_>; 4]> = inputs.iter().map(|t| t.view()).collect();
        let mut outs: SmallVec<[ViewMut<'_>; 2]> = outputs.iter_mut().map(Tensor::view_mut).collect();
        RUN.with(|run| op.forward(&mut run.borrow_mut(), &views, &mut outs))?;
    }
    Ok(outputs)
}

thread_local! {
    /// Scratch memory of eager ops, one a thread.
    static RUN: std::cell::RefCell<Run> = std::cell::RefCell::new(Run::default());
}

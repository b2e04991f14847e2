//! The reverse walk, for tapes and graphs alike: the only place that adds gradients up.

use std::sync::Arc;

use super::tape::Tape;
use super::value::{Key, KeyMap, KeySet, Value, Values};
use crate::error::{Error, Result};
use crate::ops::{self, Op, Pass};
use crate::shape::show;

/// One op that ran, or will run.
#[derive(Debug, Clone)]
pub struct Record {
    pub op: Arc<dyn Op>,
    pub inputs: Values,
    pub outputs: Values,
}

/// What is differentiated: a value, and what its elements are weighted with before they are summed (by default ones).
pub type Target = (Value, Option<Value>);

/// Gradients of the sum of all targets with respect to each source, from records in the order of execution. Written
/// with ops, so the result can be differentiated again.
pub fn gradients(records: &[Record], targets: &[Target], sources: &[Key]) -> Result<Vec<Option<Value>>> {
    // Forward: what depends on a source? Nothing else is worth a gradient.
    let mut active: KeySet = sources.iter().copied().collect();
    let mut relevant = vec![false; records.len()];
    for (record, relevant) in records.iter().zip(&mut relevant) {
        if record.inputs.iter().any(|v| active.contains(&v.key())) {
            *relevant = true;
            active.extend(
                record
                    .outputs
                    .iter()
                    .filter(|v| v.dtype().is_float())
                    .map(Value::key),
            );
        }
    }

    let mut grads: KeyMap<Value> = KeyMap::default();
    for (target, seed) in targets {
        if !target.dtype().is_float() {
            return Err(Error::type_error("gradient")
                .expected("a floating-point target")
                .got(target.spec().describe()));
        }
        if active.contains(&target.key()) {
            let seed = match seed {
                Some(seed) => seed.clone(),
                None => ops::ones_like(target)?,
            };
            add_up(&mut grads, target.key(), seed)?;
        }
    }

    // Backward.
    let kept: KeySet = sources.iter().copied().collect();
    for (record, _) in records
        .iter()
        .zip(&relevant)
        .rev()
        .filter(|(_, relevant)| **relevant)
    {
        let arrived: Vec<Option<Value>> = record
            .outputs
            .iter()
            .map(|v| {
                if kept.contains(&v.key()) {
                    grads.get(&v.key()).cloned()
                } else {
                    grads.remove(&v.key())
                }
            })
            .collect();
        if arrived.iter().all(Option::is_none) {
            continue;
        }
        let needs: Vec<bool> = record
            .inputs
            .iter()
            .map(|v| v.dtype().is_float() && active.contains(&v.key()))
            .collect();
        let pass = Pass {
            inputs: &record.inputs,
            outputs: &record.outputs,
            grads: &arrived,
            needs: &needs,
        };
        let back = record.op.backward(&pass)?;
        if back.len() != record.inputs.len() {
            return Err(Error::runtime(record.op.name())
                .expected(format!(
                    "{} gradients from its backward rule",
                    record.inputs.len()
                ))
                .got(back.len().to_string()));
        }
        for ((grad, input), _) in back
            .into_iter()
            .zip(&record.inputs)
            .zip(&needs)
            .filter(|(_, needed)| **needed)
        {
            let Some(grad) = grad else { continue };
            let grad = unbroadcast(grad, input, record.op.name())?;
            add_up(&mut grads, input.key(), grad)?;
        }
    }
    Ok(sources.iter().map(|key| grads.get(key).cloned()).collect())
}

fn add_up(grads: &mut KeyMap<Value>, key: Key, grad: Value) -> Result<()> {
    let total = match grads.remove(&key) {
        Some(sum) => ops::add(&sum, &grad)?,
        None => grad,
    };
    grads.insert(key, total);
    Ok(())
}

/// Sums a gradient over the axes along which its input was broadcast.
fn unbroadcast(grad: Value, input: &Value, op: &str) -> Result<Value> {
    let (g, x) = (grad.dims(), input.dims());
    if g == x {
        return Ok(grad);
    }
    if g.len() < x.len() {
        return Err(Error::runtime(op)
            .expected(format!("a gradient of the shape of its input, {}", show(&x)))
            .got(show(&g)));
    }
    ops::sum_to_like(&grad, input)
}

/// The gradients of a composition of ops: of the outputs of `f`, each weighted with its entry of `seeds`, for each
/// input. With it a fused gradient kernel gets a gradient of its own: the same formula, written with ops.
pub fn differentiate(
    inputs: &[&Value],
    seeds: &[Option<Value>],
    f: impl FnOnce(&[Value]) -> Result<Vec<Value>>,
) -> Result<Vec<Option<Value>>> {
    // Under names of their own, so that only what `f` does with them counts.
    let fresh: Vec<Value> = inputs.iter().map(|v| ops::identity(v)).collect::<Result<_>>()?;
    let keys: Vec<Key> = fresh.iter().map(Value::key).collect();
    let traced = fresh.iter().find_map(|v| match v {
        Value::Node(node) => Some(node.graph.clone()),
        Value::Eager(_) => None,
    });
    let tape = Tape::new(false);
    fresh.iter().for_each(|v| tape.watch(v));
    tape.start();
    let outputs = f(&fresh);
    tape.stop();
    let targets: Vec<Target> = outputs?
        .into_iter()
        .zip(seeds)
        .filter_map(|(output, seed)| seed.clone().map(|seed| (output, Some(seed))))
        .collect();
    match traced {
        Some(graph) => graph.gradients(&targets, &keys),
        None => tape.gradient(&targets, &keys),
    }
}

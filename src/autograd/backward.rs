//! The reverse walk, for tapes and graphs alike: the only place that adds gradients up.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::value::{Key, Value, Values};
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

/// Gradients of `target` (times `seed`, by default ones) with respect to each source, from records in the order of
/// execution. Written with ops, so the result can be differentiated again.
pub fn gradients(
    records: &[Record],
    target: &Value,
    seed: Option<&Value>,
    sources: &[Key],
) -> Result<Vec<Option<Value>>> {
    // Forward: what depends on a source? Nothing else is worth a gradient.
    let mut active: HashSet<Key> = sources.iter().copied().collect();
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

    let mut grads: HashMap<Key, Value> = HashMap::new();
    if active.contains(&target.key()) {
        let seed = match seed {
            Some(seed) => seed.clone(),
            None => ops::ones_like(target)?,
        };
        grads.insert(target.key(), seed);
    }

    // Backward.
    let kept: HashSet<Key> = sources.iter().copied().collect();
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
            let key = input.key();
            let total = match grads.remove(&key) {
                Some(sum) => ops::add(&sum, &grad)?,
                None => grad,
            };
            grads.insert(key, total);
        }
    }
    Ok(sources.iter().map(|key| grads.get(key).cloned()).collect())
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

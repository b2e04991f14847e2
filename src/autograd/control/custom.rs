//! y = f(x), with a gradient that somebody gave: dx = b(dy).
//!
//! The op passes y on. Behind it, gradients go to x by the rule b, and not into what computed y.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::super::apply::apply_many;
use super::super::value::Value;
use super::block::{Block, Body};
use super::cond::apply_in_trace;
use crate::error::{Error, Result};
use crate::ops::{self, Op, Pass, Run};
use crate::shape::{Spec, Specs, show};
use crate::tensor::{View, ViewMut};

/// From the gradients of the results to those of the arguments.
pub type Callback = Box<dyn Fn(&[Value]) -> Result<Vec<Option<Value>>> + Send + Sync>;

enum Rule {
    /// Called when a gradient is taken: eager code.
    Call(Callback),
    /// (captured, gradients of the results) to gradients of the arguments. `given` names the arguments that have one.
    Block { block: Box<Block>, given: Vec<usize> },
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::Call(_) => "Call",
            Rule::Block { .. } => "Block",
        })
    }
}

/// Inputs: the results, the arguments, and what the rule captured. Outputs: the results.
#[derive(Debug, Serialize)]
struct CustomGradient {
    results: usize,
    arguments: usize,
    #[serde(skip)]
    rule: Rule,
}

impl Op for CustomGradient {
    fn name(&self) -> &'static str {
        "custom_gradient"
    }

    fn infer(&self, x: &[Spec]) -> Result<Specs> {
        Ok(x[..self.results].iter().cloned().collect())
    }

    fn forward(&self, _: &mut Run, x: &[View<'_>], y: &mut [ViewMut<'_>]) -> Result<()> {
        for (to, from) in y.iter_mut().zip(x) {
            to.bytes_mut().copy_from_slice(from.bytes());
        }
        Ok(())
    }

    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let (results, arguments) = pass.inputs.split_at(self.results);
        let (arguments, captured) = arguments.split_at(self.arguments);
        let seeds: Vec<Value> = pass
            .grads
            .iter()
            .zip(results)
            .map(|(g, y)| g.clone().map_or_else(|| ops::zeros_like(y), Ok))
            .collect::<Result<_>>()?;
        let grads = match &self.rule {
            Rule::Call(call) => call(&seeds)?,
            Rule::Block { block, given } => {
                let inputs: Vec<Value> = seeds.iter().chain(captured).cloned().collect();
                let mut grads = vec![None; arguments.len()];
                for (&i, grad) in given.iter().zip(block.inline(&inputs)?) {
                    grads[i] = Some(grad);
                }
                grads
            }
        };
        if grads.len() != arguments.len() {
            return Err(Error::value(self.name())
                .expected(format!(
                    "{} gradients from the gradient function, one for each argument",
                    arguments.len()
                ))
                .got(grads.len().to_string()));
        }
        for (i, (grad, x)) in grads.iter().zip(arguments).enumerate() {
            check(i, grad.as_ref(), x)?;
        }
        let mut all = vec![None; self.results];
        all.extend(grads);
        all.resize(pass.inputs.len(), None);
        Ok(all)
    }

    fn alias(&self, output: usize) -> Option<usize> {
        Some(output)
    }
}

/// A gradient has the shape of its argument, up to broadcasting.
fn check(i: usize, grad: Option<&Value>, x: &Value) -> Result<()> {
    let Some(grad) = grad else { return Ok(()) };
    let (g, x) = (grad.dims(), x.dims());
    let fits = g.len() >= x.len()
        && g.iter()
            .rev()
            .zip(x.iter().rev())
            .all(|(g, x)| g.is_none() || x.is_none() || g == x || *x == Some(1));
    if fits {
        return Ok(());
    }
    Err(Error::value("custom_gradient")
        .expected(format!("a gradient of the shape of argument {i}, {}", show(&x)))
        .got(show(&g)))
}

fn refuse_whole(results: &[Value]) -> Result<()> {
    if results.is_empty() {
        return Err(Error::value("custom_gradient")
            .expected("at least one tensor as result")
            .got("none"));
    }
    Ok(())
}

/// Eager: `rule` is called when a gradient is taken.
pub fn custom_gradient(results: &[Value], arguments: &[Value], rule: Callback) -> Result<Vec<Value>> {
    refuse_whole(results)?;
    let op = CustomGradient {
        results: results.len(),
        arguments: arguments.len(),
        rule: Rule::Call(rule),
    };
    let all: Vec<&Value> = results.iter().chain(arguments).collect();
    Ok(apply_many(Arc::new(op), &all)?.into_vec())
}

/// Traced: `rule` is a subgraph of the trace in progress, a function of the results' gradients that gives those of the
/// arguments named in `given`.
pub fn custom_gradient_traced(
    results: &[Value],
    arguments: &[Value],
    rule: Body,
    given: &[usize],
) -> Result<Vec<Value>> {
    refuse_whole(results)?;
    rule.refuse_assignments("custom_gradient: the gradient function")?;
    if rule.arguments != results.len()
        || rule.results != given.len()
        || given.iter().any(|&i| i >= arguments.len())
    {
        return Err(Error::value("custom_gradient")
            .expected("a gradient for each argument, made from a gradient of each result")
            .got(format!("{} from {}", rule.results, rule.arguments)));
    }
    let all: Vec<Value> = results
        .iter()
        .chain(arguments)
        .cloned()
        .chain(rule.captures.iter().map(|c| c.outer.clone()))
        .collect();
    let op = CustomGradient {
        results: results.len(),
        arguments: arguments.len(),
        rule: Rule::Block {
            block: Box::new(rule.block),
            given: given.to_vec(),
        },
    };
    apply_in_trace(op, &all.iter().collect::<Vec<_>>())
}

//! The recurrent ops as compositions of ops, one step after the other: what their second derivatives are made of.

use super::settings::{Kind, Settings};
use crate::autograd::{Body, Graph, Value, scan, tracing};
use crate::error::Result;
use crate::kernels::recurrent::Curve;
use crate::ops::{
    Axes, add, expand_dims, flip, matmul, maximum, multiply, slice_axis, split_equally, squeeze, stack,
    subtract, tanh, transpose, unstack, where_, zeros_like,
};
use crate::shape::Spec;

/// 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2
fn sigmoid(x: &Value) -> Result<Value> {
    let half = x.like(0.5)?;
    add(&multiply(&tanh(&multiply(x, &half)?)?, &half)?, &half)
}

/// Kernel, recurrent kernel, and bias.
type Weights<'a> = &'a [Value];

/// The states after a step, of which the first is its output.
fn step(kind: Kind, x: &Value, states: &[Value], w: Weights<'_>) -> Result<Vec<Value>> {
    let h = &states[0];
    let gates = |x: &Value| split_equally(x, kind.gates(), 1);
    let biased = |x: Value, bias: Option<&Value>| bias.map_or(Ok(x.clone()), |b| add(&x, b));
    let (input, bias) = (matmul(x, &w[0])?, w.get(2));
    match kind {
        Kind::Simple(curve) => {
            let sum = biased(add(&input, &matmul(h, &w[1])?)?, bias)?;
            Ok(vec![match curve {
                Curve::Linear => sum,
                Curve::Relu => maximum(&sum, &sum.like(0.0)?)?,
                Curve::Sigmoid => sigmoid(&sum)?,
                Curve::Tanh => tanh(&sum)?,
            }])
        }
        Kind::Lstm => {
            let sums = gates(&biased(add(&input, &matmul(h, &w[1])?)?, bias)?)?;
            let (i, f, o) = (sigmoid(&sums[0])?, sigmoid(&sums[1])?, sigmoid(&sums[3])?);
            let c = add(&multiply(&f, &states[1])?, &multiply(&i, &tanh(&sums[2])?)?)?;
            Ok(vec![multiply(&o, &tanh(&c)?)?, c])
        }
        Kind::Gru { reset_after } => {
            let (ours, theirs) = match bias {
                Some(bias) if reset_after => {
                    let both = unstack(bias, 0)?;
                    (Some(both[0].clone()), Some(both[1].clone()))
                }
                bias => (bias.cloned(), None),
            };
            let x = gates(&biased(input, ours.as_ref())?)?;
            let (z, r, third);
            if reset_after {
                let q = gates(&biased(matmul(h, &w[1])?, theirs.as_ref())?)?;
                (z, r) = (sigmoid(&add(&x[0], &q[0])?)?, sigmoid(&add(&x[1], &q[1])?)?);
                third = multiply(&r, &q[2])?;
            } else {
                let kernels = gates(&w[1])?;
                let gate = |i: usize| sigmoid(&add(&x[i], &matmul(h, &kernels[i])?)?);
                (z, r) = (gate(0)?, gate(1)?);
                third = matmul(&multiply(&r, h)?, &kernels[2])?;
            }
            let g = tanh(&add(&x[2], &third)?)?;
            let keep = subtract(&z.like(1.0)?, &z)?;
            Ok(vec![add(&multiply(&z, h)?, &multiply(&keep, &g)?)?])
        }
    }
}

/// (output, states) of a step where the mask (rows, 1) may be false.
fn masked(
    s: Settings,
    mask: Option<&Value>,
    before: &[Value],
    after: Vec<Value>,
) -> Result<(Value, Vec<Value>)> {
    let Some(mask) = mask else {
        return Ok((after[0].clone(), after));
    };
    let y = if s.options.zero_masked {
        where_(mask, &after[0], &zeros_like(&after[0])?)?
    } else {
        where_(mask, &after[0], &before[0])?
    };
    let chosen = |(new, old): (&Value, &Value)| where_(mask, new, old);
    let states: Result<Vec<Value>> = after.iter().zip(before).map(chosen).collect();
    Ok((y, states?))
}

/// y and the last states, from the op's inputs.
pub(super) fn outputs(s: Settings, x: &[Value], mask: Option<&Value>) -> Result<Vec<Value>> {
    let (weights, given) = x[1..].split_at(s.at_states() - 1);
    let start: Vec<Value> = if s.states {
        given.to_vec()
    } else {
        let row = squeeze(&slice_axis(&x[0], 1, 0, Some(1))?, Axes::One(1))?;
        // Zeros of shape (batch, units), whatever the batch.
        let zeros = matmul(
            &zeros_like(&row)?,
            &split_equally(&weights[0], s.kind.gates(), 1)?[0],
        )?;
        vec![zeros; s.kind.states()]
    };
    let mask = mask.map(|m| expand_dims(m, -1)).transpose()?;
    let graph = x.iter().find_map(|v| match v {
        Value::Node(node) => Some(tracing().unwrap_or_else(|| node.graph.clone())),
        Value::Eager(_) => None,
    });
    let (y, last) = match graph {
        Some(graph) => looped(s, &graph, &x[0], mask.as_ref(), weights, &start)?,
        None => unrolled(s, &x[0], mask.as_ref(), weights, start)?,
    };
    Ok(std::iter::once(y).chain(last).collect())
}

/// y and the last states, with the steps written out.
fn unrolled(
    s: Settings,
    x: &Value,
    mask: Option<&Value>,
    weights: Weights<'_>,
    start: Vec<Value>,
) -> Result<(Value, Vec<Value>)> {
    let (mut xs, mut masks) = (unstack(x, 1)?, mask.map(|m| unstack(m, 1)).transpose()?);
    if s.options.backwards {
        xs.reverse();
        masks.iter_mut().for_each(|m| m.reverse());
    }
    let (mut ys, mut states) = (Vec::new(), start);
    for (t, x) in xs.iter().enumerate() {
        let after = step(s.kind, x, &states, weights)?;
        let (y, next) = masked(s, masks.as_ref().map(|m| &m[t]), &states, after)?;
        ys.push(y);
        states = next;
    }
    let y = if s.options.sequences {
        stack(&ys, 1)?
    } else {
        ys.swap_remove(ys.len() - 1)
    };
    Ok((y, states))
}

/// y and the last states, in a loop of the trace: the number of steps may be open.
fn looped(
    s: Settings,
    graph: &Graph,
    x: &Value,
    mask: Option<&Value>,
    weights: Weights<'_>,
    start: &[Value],
) -> Result<(Value, Vec<Value>)> {
    let time_first = |v: &Value| transpose(v, Some(&[1, 0, 2]));
    let xs: Vec<Value> = std::iter::once(x)
        .chain(mask)
        .map(time_first)
        .collect::<Result<_>>()?;
    let element = |v: &Value| {
        let spec = v.spec();
        spec.with_dims(spec.dims.iter().skip(1).copied())
    };
    let arguments: Vec<Spec> = start
        .iter()
        .map(Value::spec)
        .chain(xs.iter().map(element))
        .collect();
    let (child, given) = graph.child(&arguments);
    let (states, now) = given.split_at(start.len());
    child.enter();
    let made = step(s.kind, &now[0], states, weights)
        .and_then(|after| masked(s, now.get(1), states, after))
        .and_then(|(y, next)| Body::new(&child, &next.into_iter().chain([y]).collect::<Vec<_>>()));
    child.exit();
    let mut made = scan(made?, start, &xs, None, s.options.backwards, &[])?;
    let ys = made.swap_remove(start.len());
    made.truncate(start.len());
    // The scan leaves each output at its step's own place.
    let y = match (s.options.sequences, s.options.backwards) {
        (true, false) => time_first(&ys)?,
        (true, true) => flip(&time_first(&ys)?, &Axes::One(1))?,
        (false, false) => squeeze(&slice_axis(&ys, 0, -1, None)?, Axes::One(0))?,
        (false, true) => squeeze(&slice_axis(&ys, 0, 0, Some(1))?, Axes::One(0))?,
    };
    Ok((y, made))
}

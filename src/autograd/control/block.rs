//! A traced function: what the branches of `cond` and the bodies of loops are.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::super::apply::apply_many;
use super::super::graph::{Capture, Graph, Kind, NodeData, Slot};
use super::super::listing::Listing;
use super::super::nodes::{infer, keep, live_nodes};
use super::super::program::Program;
use super::super::value::{Key, Value};
use super::super::variable::Variable;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops;
use crate::shape::{Dims, Spec, show};
use crate::tensor::View;

/// A function of its inputs and nothing else. Its nodes stay as they were traced, so that it can be differentiated; what
/// runs is a program made of them.
#[derive(Debug)]
pub(super) struct Block {
    nodes: Vec<NodeData>,
    inputs: Vec<u32>,
    outputs: Vec<Slot>,
    program: OnceLock<Program>,
}

impl Block {
    fn new(nodes: Vec<NodeData>, inputs: &[u32], outputs: &[Slot]) -> Self {
        let mut live = live_nodes(&nodes, outputs);
        inputs.iter().for_each(|&i| live[i as usize] = true);
        let order: Vec<usize> = (0..nodes.len()).collect();
        let (nodes, renamed) = keep(nodes, &live, &order);
        Self {
            nodes,
            inputs: inputs.iter().map(|&i| renamed[i as usize]).collect(),
            outputs: outputs
                .iter()
                .map(|s| Slot {
                    index: renamed[s.index as usize],
                    output: s.output,
                })
                .collect(),
            program: OnceLock::new(),
        }
    }

    /// The function of all inputs of a graph that gives these values.
    pub fn of(graph: &Graph, outputs: &[Value]) -> Result<Self> {
        let outputs: Vec<Slot> = outputs
            .iter()
            .map(|v| graph.slot("block", v))
            .collect::<Result<_>>()?;
        let inner = graph.lock();
        Ok(Self::new(inner.nodes.clone(), &inner.inputs, &outputs))
    }

    pub fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    pub fn n_outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The same function with its inputs and outputs in another order: input `inputs[i]` first becomes the i-th. A new
    /// input (an `Err` with its spec) is ignored.
    pub fn reordered(self, inputs: &[std::result::Result<usize, Spec>], outputs: &[usize]) -> Self {
        let mut nodes = self.nodes;
        let mut places = Vec::with_capacity(inputs.len());
        for (position, from) in inputs.iter().enumerate() {
            let index = match from {
                Ok(old) => self.inputs[*old] as usize,
                Err(spec) => {
                    nodes.push(NodeData {
                        kind: Kind::Input(position),
                        inputs: SmallVec::new(),
                        outputs: smallvec::smallvec![spec.clone()],
                    });
                    nodes.len() - 1
                }
            };
            nodes[index].kind = Kind::Input(position);
            places.push(index as u32);
        }
        let outputs: Vec<Slot> = outputs.iter().map(|&o| self.outputs[o]).collect();
        Self::new(nodes, &places, &outputs)
    }

    /// The same function with one more input and output: a variable's value, handed through.
    pub fn passing(mut self, variable: &Variable) -> Self {
        let spec = Spec::known(variable.dtype(), variable.shape());
        self.nodes.push(NodeData {
            kind: Kind::Input(self.inputs.len()),
            inputs: SmallVec::new(),
            outputs: smallvec::smallvec![spec],
        });
        let index = (self.nodes.len() - 1) as u32;
        self.inputs.push(index);
        self.outputs.push(Slot { index, output: 0 });
        self
    }

    /// The same function without the inputs that it ignores (save for the first `keep`), and which inputs stayed.
    pub fn pruned(self, keep: usize) -> (Self, Vec<usize>) {
        let live = live_nodes(&self.nodes, &self.outputs);
        let stay: Vec<usize> = (0..self.inputs.len())
            .filter(|&i| i < keep || live[self.inputs[i] as usize])
            .collect();
        let order: Vec<std::result::Result<usize, Spec>> = stay.iter().map(|&i| Ok(i)).collect();
        let outputs: Vec<usize> = (0..self.outputs.len()).collect();
        (self.reordered(&order, &outputs), stay)
    }

    /// The same function with its first outputs only.
    pub fn first_outputs(&self, n: usize) -> Self {
        Self::new(self.nodes.clone(), &self.inputs, &self.outputs[..n])
    }

    pub fn program(&self) -> &Program {
        self.program
            .get_or_init(|| Program::new(self.nodes.clone(), &self.inputs, &self.outputs, &[]))
    }

    /// The specs of the outputs for given ones of the inputs.
    pub fn infer(&self, inputs: &[Spec]) -> Result<Vec<Spec>> {
        let (specs, first) = infer(&self.nodes, inputs)?;
        Ok(self
            .outputs
            .iter()
            .map(|s| specs[first[s.index as usize] + s.output as usize].clone())
            .collect())
    }

    /// The function's ops, for whoever reads them.
    pub fn listing(&self) -> Listing {
        Listing::new(self.nodes.clone(), &self.inputs, &self.outputs)
    }

    /// A rough count of the work of one run, see `Op::cost`.
    pub fn cost(&self, inputs: &[Spec]) -> usize {
        self.program().cost(inputs).unwrap_or(0)
    }

    /// For each input, whether a run looks at its elements.
    pub fn reads(&self) -> Vec<bool> {
        self.program().reads()
    }

    /// The function's ops applied to other values, here and now.
    pub fn inline(&self, inputs: &[Value]) -> Result<Vec<Value>> {
        let mut values: Vec<SmallVec<[Value; 2]>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            values.push(match &node.kind {
                Kind::Input(position) => smallvec::smallvec![inputs[*position].clone()],
                Kind::Variable(v) => smallvec::smallvec![v.value()],
                Kind::Constant(t) => smallvec::smallvec![Value::from(t.clone())],
                Kind::Apply(op) => {
                    let given: SmallVec<[&Value; 4]> = node
                        .inputs
                        .iter()
                        .map(|s| &values[s.index as usize][s.output as usize])
                        .collect();
                    apply_many(op.clone(), &given)?
                }
            });
        }
        Ok(self
            .outputs
            .iter()
            .map(|s| values[s.index as usize][s.output as usize].clone())
            .collect())
    }

    /// For each output, whether a change of these inputs reaches it through floats.
    pub fn depends(&self, on: &[bool]) -> Vec<bool> {
        let mut active: Vec<bool> = vec![false; self.nodes.len()];
        for (input, &on) in self.inputs.iter().zip(on) {
            active[*input as usize] = on;
        }
        for (n, node) in self.nodes.iter().enumerate() {
            active[n] |= node.inputs.iter().any(|s| {
                active[s.index as usize]
                    && self.nodes[s.index as usize].outputs[s.output as usize]
                        .dtype
                        .is_float()
            });
        }
        self.outputs
            .iter()
            .map(|s| {
                active[s.index as usize]
                    && self.nodes[s.index as usize].outputs[s.output as usize]
                        .dtype
                        .is_float()
            })
            .collect()
    }
}

/// A subgraph that has ended: a function of its arguments and of what it captured.
#[derive(Debug)]
pub struct Body {
    pub(super) block: Block,
    pub(super) arguments: usize,
    /// What the inputs after the arguments stand for.
    pub(super) captures: Vec<Capture>,
    /// Variables assigned inside; their new values are the last outputs.
    pub(super) assigned: Vec<Variable>,
    /// Outputs before those of the assigned variables.
    pub(super) results: usize,
}

impl Body {
    /// Ends a subgraph.
    pub fn new(graph: &Graph, outputs: &[Value]) -> Result<Self> {
        let mut slots: Vec<Slot> = outputs
            .iter()
            .map(|v| graph.slot("branch or loop body", v))
            .collect::<Result<_>>()?;
        let inner = graph.lock();
        slots.extend(inner.assigns.iter().map(|(_, s)| *s));
        Ok(Self {
            block: Block::new(inner.nodes.clone(), &inner.inputs, &slots),
            arguments: inner.inputs.len() - inner.captures.len(),
            captures: inner.captures.clone(),
            assigned: inner.assigns.iter().map(|(v, _)| v.clone()).collect(),
            results: outputs.len(),
        })
    }

    /// Specs of the results.
    pub fn results(&self) -> Vec<Spec> {
        self.block.outputs[..self.results]
            .iter()
            .map(|s| self.block.nodes[s.index as usize].outputs[s.output as usize].clone())
            .collect()
    }

    /// The capture by which a variable was read, if it was.
    pub(super) fn read_of(&self, variable: &Variable) -> Option<usize> {
        self.captures
            .iter()
            .position(|c| c.variable.as_ref().is_some_and(|v| v.id() == variable.id()))
    }

    /// An error if the function assigns a variable.
    pub(super) fn refuse_assignments(&self, who: &str) -> Result<()> {
        match self.assigned.first() {
            None => Ok(()),
            Some(v) => Err(Error::runtime(who)
                .expected("a function that changes no variable")
                .got(format!("an assignment to variable '{}'", v.path()))
                .hint("Assign it in the body of the loop, or outside")),
        }
    }
}

/// A list of distinct values, found again by identity.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub values: Vec<Value>,
    places: std::collections::HashMap<Key, usize>,
}

impl Distinct {
    pub fn place(&mut self, value: &Value) -> usize {
        *self.places.entry(value.key()).or_insert_with(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        })
    }
}

/// The spec that both are, sizes that one of them leaves open taken from the other; `None` where they disagree.
pub(super) fn agree(a: &Spec, b: &Spec) -> Option<Spec> {
    if a.dtype != b.dtype || a.rank() != b.rank() {
        return None;
    }
    let dims: Option<Dims> = a
        .dims
        .iter()
        .zip(&b.dims)
        .map(|(a, b)| match (a, b) {
            (Some(n), Some(m)) if n != m => None,
            _ => Some(a.or(*b)),
        })
        .collect();
    Some(a.with_dims(dims?))
}

/// Zeros like a value: the gradient where nothing arrived.
pub(super) fn or_zeros(grad: Option<Value>, like: &Value) -> Result<Value> {
    grad.map_or_else(|| ops::zeros_like(like), Ok)
}

/// A label, or the number of what has none.
pub(super) fn label(labels: &[String], i: usize) -> String {
    labels.get(i).cloned().unwrap_or_else(|| format!("number {i}"))
}

/// The first size of every stacked input, which must be the same.
pub(super) fn common_length(who: &str, specs: &[Spec]) -> Result<Option<usize>> {
    let mut found: Option<usize> = None;
    for spec in specs {
        match spec.dims.first() {
            None => {
                return Err(Error::value(who)
                    .expected("inputs with an axis to go along")
                    .got(format!("a scalar, {}", spec.describe())));
            }
            Some(Some(n)) => match found {
                Some(m) if m != *n => {
                    let shapes: Vec<String> = specs.iter().map(|s| show(&s.dims)).collect();
                    return Err(Error::value(who)
                        .expected("inputs with the same size along their first axis")
                        .got(shapes.join(", ")));
                }
                _ => found = Some(*n),
            },
            Some(None) => {}
        }
    }
    Ok(found)
}

/// An element's spec of a stacked one.
pub(super) fn without_first(spec: &Spec) -> Spec {
    spec.with_dims(spec.dims.iter().skip(1).copied())
}

/// Element `t` of a stacked array.
pub(super) fn element<'a>(stacked: &View<'a>, t: usize) -> View<'a> {
    let (shape, ptr) = (stacked.shape(), stacked.as_ptr());
    let bytes: usize = shape[1..].iter().product::<usize>() * stacked.dtype().size();
    // SAFETY: t is below the first size, so that the element lies inside; the memory lives as long as the array's view.
    unsafe { View::from_raw(stacked.dtype(), &shape[1..], ptr.add(t * bytes)) }
}

/// A boolean or whole number given as a scalar.
pub(super) fn check_scalar(who: &str, what: &str, spec: &Spec) -> Result<()> {
    let whole = matches!(spec.dtype, DType::Bool | DType::I32 | DType::I64 | DType::U8);
    if whole && spec.dims.is_empty() {
        return Ok(());
    }
    Err(Error::value(who)
        .expected(format!("a scalar {what}"))
        .got(spec.describe())
        .hint("Reduce it to one value, for example with ops.any, ops.all or ops.reshape; ops.where chooses element by element"))
}

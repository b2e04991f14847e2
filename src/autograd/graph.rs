//! A graph while it is being traced.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use super::backward::{Record, Target, gradients};
use super::listing::Listing;
use super::program::Program;
use super::value::{Key, Node, Value, Values, fresh_id};
use super::variable::Variable;
use crate::error::{Error, Result};
use crate::ops::Op;
use crate::shape::{Spec, Specs};
use crate::tensor::Tensor;

/// Output `output` of node `index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub index: u32,
    pub output: u32,
}

impl Slot {
    pub fn place(self) -> (usize, usize) {
        (self.index as usize, self.output as usize)
    }
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The n-th input of the program.
    Input(usize),
    Variable(Variable),
    Constant(Tensor),
    Apply(Arc<dyn Op>),
}

#[derive(Debug, Clone)]
pub(super) struct NodeData {
    pub kind: Kind,
    pub inputs: SmallVec<[Slot; 3]>,
    pub outputs: Specs,
}

/// What a subgraph uses of the graph around it: an input of the subgraph, and the value that it stands for.
#[derive(Debug, Clone)]
pub(super) struct Capture {
    /// A value of the graph around.
    pub outer: Value,
    /// Set where the subgraph read a variable: what it stood for when the subgraph began.
    pub variable: Option<Variable>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub nodes: Vec<NodeData>,
    pub inputs: Vec<u32>,
    /// Of a subgraph: the last inputs, in their order.
    pub captures: Vec<Capture>,
    /// The input that stands for a value of the graph around.
    captured: HashMap<Key, Slot>,
    /// What a variable stands for at this point of the trace.
    current: HashMap<u64, Slot>,
    /// In the order of their first assignment.
    pub assigns: Vec<(Variable, Slot)>,
    constants: HashMap<u64, u32>,
}

/// A trace: ops in the order they were applied. Cloning shares it.
///
/// A subgraph (a branch, the body of a loop) has a parent. What it uses of the graphs around it becomes an input: see
/// [`Capture`].
#[derive(Debug, Clone)]
pub struct Graph {
    id: u64,
    inner: Arc<Mutex<Inner>>,
    parent: Option<Arc<Graph>>,
}

/// A graph that is traced into as long as this lives.
#[derive(Debug)]
pub(super) struct Entered(Graph);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.exit();
    }
}

thread_local! {
    static ACTIVE: RefCell<Vec<Graph>> = const { RefCell::new(Vec::new()) };
}

/// The graph being traced on this thread.
pub fn tracing() -> Option<Graph> {
    ACTIVE.with(|active| active.borrow().last().cloned())
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    pub fn new() -> Self {
        // Ids share 64 bits with node indices in a value's key: 32 bits of graphs are enough for a process.
        Self {
            id: fresh_id() & 0xffff_ffff,
            inner: Arc::default(),
            parent: None,
        }
    }

    /// A subgraph, with the arguments that the control op will call it with.
    pub fn child(&self, arguments: &[Spec]) -> (Self, Vec<Value>) {
        let child = Self {
            parent: Some(Arc::new(self.clone())),
            ..Self::new()
        };
        let values = arguments.iter().map(|spec| child.input(spec.clone())).collect();
        (child, values)
    }

    /// Whether `id` is this graph or one of those around it.
    pub fn is_within(&self, id: u64) -> bool {
        let mut at = Some(self);
        while let Some(graph) = at {
            if graph.id == id {
                return true;
            }
            at = graph.parent.as_deref();
        }
        false
    }

    /// Whether this graph, or one inside it, is being traced on this thread.
    pub fn is_in_progress(&self) -> bool {
        ACTIVE.with(|active| active.borrow().iter().any(|g| g.is_within(self.id)))
    }

    /// The error for a value that does not belong to the trace it is used in.
    pub(super) fn stray(&self, who: &str, active: &Graph) -> Error {
        let error = Error::runtime(who).expected("symbolic values of one trace: that in progress");
        if self.parent.as_ref().is_some_and(|p| active.is_within(p.id)) {
            error
                .got("a value from inside a branch or loop body that has ended, or from another branch")
                .hint("Return it from the function that was given to ops.cond, ops.scan, ... and use what the op returns")
        } else {
            error
                .got("values of two")
                .hint("A value of a traced call was kept (in an attribute, a list, ...) and used in another; compute it inside, or keep it in a Variable")
        }
    }

    pub(super) fn entered(&self) -> Entered {
        self.enter();
        Entered(self.clone())
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, variables read on this thread are nodes of this graph.
    pub fn enter(&self) {
        ACTIVE.with(|active| active.borrow_mut().push(self.clone()));
    }

    pub fn exit(&self) {
        ACTIVE.with(|active| {
            let mut active = active.borrow_mut();
            if let Some(at) = active.iter().rposition(|g| g.id == self.id) {
                active.remove(at);
            }
        });
    }

    pub(super) fn value(&self, slot: Slot, spec: Spec) -> Value {
        Value::Node(Node {
            graph: self.clone(),
            index: slot.index,
            output: slot.output,
            spec,
        })
    }

    fn push(inner: &mut Inner, kind: Kind, inputs: SmallVec<[Slot; 3]>, outputs: Specs) -> u32 {
        inner.nodes.push(NodeData {
            kind,
            inputs,
            outputs,
        });
        (inner.nodes.len() - 1) as u32
    }

    /// Declares the next input of the program.
    pub fn input(&self, spec: Spec) -> Value {
        let mut inner = self.lock();
        let position = inner.inputs.len();
        let index = Self::push(
            &mut inner,
            Kind::Input(position),
            SmallVec::new(),
            smallvec::smallvec![spec.clone()],
        );
        inner.inputs.push(index);
        drop(inner);
        self.value(Slot { index, output: 0 }, spec)
    }

    /// What a variable stands for here: the value assigned last in this trace, or its content when a run starts.
    pub fn variable(&self, variable: &Variable) -> Value {
        let spec = Spec::known(variable.dtype(), variable.shape());
        let mut inner = self.lock();
        let slot = if let Some(slot) = inner.current.get(&variable.id()) {
            *slot
        } else if let Some(parent) = &self.parent {
            // The read of the graph around: gradients reach the variable through it.
            drop(inner);
            let outer = parent.variable(variable);
            inner = self.lock();
            let slot = Self::push_capture(&mut inner, outer, Some(variable.clone()));
            inner.current.insert(variable.id(), slot);
            slot
        } else {
            let index = Self::push(
                &mut inner,
                Kind::Variable(variable.clone()),
                SmallVec::new(),
                smallvec::smallvec![spec.clone()],
            );
            let slot = Slot { index, output: 0 };
            inner.current.insert(variable.id(), slot);
            slot
        };
        drop(inner);
        self.value(slot, spec)
    }

    /// After each run, the variable takes this value; until then it stands for it in this trace.
    pub fn assign(&self, variable: &Variable, value: &Value) -> Result<()> {
        let slot = self.slot(variable.name().as_str(), value)?;
        let mut inner = self.lock();
        inner.current.insert(variable.id(), slot);
        match inner.assigns.iter_mut().find(|(v, _)| v.id() == variable.id()) {
            Some(entry) => entry.1 = slot,
            None => inner.assigns.push((variable.clone(), slot)),
        }
        Ok(())
    }

    fn push_capture(inner: &mut Inner, outer: Value, variable: Option<Variable>) -> Slot {
        let position = inner.inputs.len();
        let spec = outer.spec();
        let index = Self::push(
            inner,
            Kind::Input(position),
            SmallVec::new(),
            smallvec::smallvec![spec],
        );
        inner.inputs.push(index);
        inner.captures.push(Capture { outer, variable });
        Slot { index, output: 0 }
    }

    /// The input of this subgraph that stands for a value of a graph around it.
    fn capture(&self, who: &str, parent: &Graph, value: &Value) -> Result<Slot> {
        let slot = parent.slot(who, value)?;
        let spec = parent.lock().spec(slot);
        let outer = parent.value(slot, spec);
        let mut inner = self.lock();
        if let Some(slot) = inner.captured.get(&outer.key()) {
            return Ok(*slot);
        }
        let key = outer.key();
        let slot = Self::push_capture(&mut inner, outer, None);
        inner.captured.insert(key, slot);
        Ok(slot)
    }

    /// The place of a value in this graph; data becomes a constant.
    pub(super) fn slot(&self, who: &str, value: &Value) -> Result<Slot> {
        match value {
            Value::Node(node) if node.graph.id == self.id => Ok(Slot {
                index: node.index,
                output: node.output,
            }),
            Value::Node(node) => match &self.parent {
                Some(parent) if parent.is_within(node.graph.id) => self.capture(who, parent, value),
                _ => Err(node.graph.stray(who, self)),
            },
            Value::Eager(eager) => {
                let mut inner = self.lock();
                if let Some(&index) = inner.constants.get(&eager.id) {
                    return Ok(Slot { index, output: 0 });
                }
                let spec = eager.tensor.spec();
                let index = Self::push(
                    &mut inner,
                    Kind::Constant(eager.tensor.clone()),
                    SmallVec::new(),
                    smallvec::smallvec![spec],
                );
                inner.constants.insert(eager.id, index);
                Ok(Slot { index, output: 0 })
            }
        }
    }

    /// Adds an op.
    pub(super) fn record(&self, op: Arc<dyn Op>, inputs: &[&Value]) -> Result<Values> {
        let specs: SmallVec<[Spec; 4]> = inputs.iter().map(|v| v.spec()).collect();
        let outputs = op.infer(&specs)?;
        let slots: SmallVec<[Slot; 3]> = inputs
            .iter()
            .map(|v| self.slot(op.name(), v))
            .collect::<Result<_>>()?;
        let index = Self::push(&mut self.lock(), Kind::Apply(op), slots, outputs.clone());
        Ok(outputs
            .into_iter()
            .enumerate()
            .map(|(output, spec)| {
                self.value(
                    Slot {
                        index,
                        output: output as u32,
                    },
                    spec,
                )
            })
            .collect())
    }

    pub(super) fn producer(&self, index: u32) -> Option<(&'static str, Vec<Value>)> {
        let inner = self.lock();
        let node = &inner.nodes[index as usize];
        let Kind::Apply(op) = &node.kind else { return None };
        let inputs = node
            .inputs
            .iter()
            .map(|s| {
                self.value(
                    *s,
                    inner.nodes[s.index as usize].outputs[s.output as usize].clone(),
                )
            })
            .collect();
        Some((op.name(), inputs))
    }

    /// Gradients of the sum of some values of this graph, added to the graph.
    pub fn gradients(&self, targets: &[Target], sources: &[Key]) -> Result<Vec<Option<Value>>> {
        let mut last = 0;
        for (target, _) in targets {
            last = last.max(self.slot("gradients", target)?.index);
        }
        let records: Vec<Record> = {
            let inner = self.lock();
            let spec = |s: &Slot| inner.spec(*s);
            inner.nodes[..=last as usize]
                .iter()
                .enumerate()
                .filter_map(|(index, node)| {
                    let Kind::Apply(op) = &node.kind else { return None };
                    Some(Record {
                        op: Arc::clone(op),
                        inputs: node.inputs.iter().map(|s| self.value(*s, spec(s))).collect(),
                        outputs: (0..node.outputs.len() as u32)
                            .map(|output| {
                                let s = Slot {
                                    index: index as u32,
                                    output,
                                };
                                self.value(s, spec(&s))
                            })
                            .collect(),
                    })
                })
                .collect()
        };
        // In a subgraph, a value of the graph around it stands for the input that captured it.
        let sources: Vec<Key> = {
            let inner = self.lock();
            let own = |key: &Key| match inner.captured.get(key) {
                Some(slot) => self.value(*slot, inner.spec(*slot)).key(),
                None => *key,
            };
            sources.iter().map(own).collect()
        };
        gradients(&records, targets, &sources)
    }

    /// The key of a variable's first node: the one gradients are taken for. `None` if the trace never read it.
    pub fn variable_key(&self, variable: &Variable) -> Option<Key> {
        let inner = self.lock();
        let reads = inner.inputs.len() - inner.captures.len();
        let captured = inner
            .captures
            .iter()
            .position(|c| c.variable.as_ref().is_some_and(|v| v.id() == variable.id()))
            .map(|at| inner.inputs[reads + at] as usize);
        let index = captured.or_else(|| {
            inner
                .nodes
                .iter()
                .position(|n| matches!(&n.kind, Kind::Variable(v) if v.id() == variable.id()))
        })?;
        let spec = inner.nodes[index].outputs[0].clone();
        drop(inner);
        Some(
            self.value(
                Slot {
                    index: index as u32,
                    output: 0,
                },
                spec,
            )
            .key(),
        )
    }

    /// Freezes the trace: the outputs, the assignments made meanwhile, and what they need.
    pub fn compile(&self, outputs: &[Value]) -> Result<Program> {
        let outputs = self.output_slots(outputs)?;
        let inner = self.lock();
        let (nodes, inputs, assigns) = (inner.nodes.clone(), inner.inputs.clone(), inner.assigns.clone());
        drop(inner);
        Ok(Program::new(nodes, &inputs, &outputs, &assigns))
    }

    /// Freezes the outputs and what they need, and leaves the assignments out: runs of it change nothing.
    pub fn compile_pure(&self, outputs: &[Value]) -> Result<Program> {
        let outputs = self.output_slots(outputs)?;
        let inner = self.lock();
        let (nodes, inputs) = (inner.nodes.clone(), inner.inputs.clone());
        drop(inner);
        Ok(Program::new(nodes, &inputs, &outputs, &[]))
    }

    /// What the outputs are computed from, op by op.
    pub fn listing(&self, outputs: &[Value]) -> Result<Listing> {
        let outputs = self.output_slots(outputs)?;
        let inner = self.lock();
        Ok(Listing::new(inner.nodes.clone(), &inner.inputs, &outputs))
    }

    /// The number of nodes so far.
    pub fn count(&self) -> usize {
        self.lock().nodes.len()
    }

    fn output_slots(&self, outputs: &[Value]) -> Result<Vec<Slot>> {
        outputs.iter().map(|v| self.slot("compile", v)).collect()
    }
}

impl Inner {
    pub fn spec(&self, slot: Slot) -> Spec {
        self.nodes[slot.index as usize].outputs[slot.output as usize].clone()
    }
}

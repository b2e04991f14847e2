//! A graph while it is being traced.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use super::backward::{Record, Target, gradients};
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

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub nodes: Vec<NodeData>,
    pub inputs: Vec<u32>,
    /// What a variable stands for at this point of the trace.
    current: HashMap<u64, Slot>,
    /// In the order of their first assignment.
    pub assigns: Vec<(Variable, Slot)>,
    constants: HashMap<u64, u32>,
}

/// A trace: ops in the order they were applied. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Graph {
    id: u64,
    inner: Arc<Mutex<Inner>>,
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
        }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
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

    fn value(&self, slot: Slot, spec: Spec) -> Value {
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

    /// The place of a value in this graph; data becomes a constant.
    fn slot(&self, who: &str, value: &Value) -> Result<Slot> {
        match value {
            Value::Node(node) if node.graph.id == self.id => Ok(Slot {
                index: node.index,
                output: node.output,
            }),
            Value::Node(_) => Err(Error::runtime(who)
                .expected("a value of the trace in progress")
                .got("a symbolic value of another trace")
                .hint("A value of a traced call was kept and used in another; compute it inside")),
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
            let spec = |s: &Slot| inner.nodes[s.index as usize].outputs[s.output as usize].clone();
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
        gradients(&records, targets, sources)
    }

    /// The key of a variable's first node: the one gradients are taken for. `None` if the trace never read it.
    pub fn variable_key(&self, variable: &Variable) -> Option<Key> {
        let inner = self.lock();
        let index = inner
            .nodes
            .iter()
            .position(|n| matches!(&n.kind, Kind::Variable(v) if v.id() == variable.id()))?;
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
        Program::new(&inner, &outputs, &inner.assigns)
    }

    /// Freezes the outputs and what they need, and leaves the assignments out: runs of it change nothing.
    pub fn compile_pure(&self, outputs: &[Value]) -> Result<Program> {
        let outputs = self.output_slots(outputs)?;
        Program::new(&self.lock(), &outputs, &[])
    }

    fn output_slots(&self, outputs: &[Value]) -> Result<Vec<Slot>> {
        outputs.iter().map(|v| self.slot("compile", v)).collect()
    }
}

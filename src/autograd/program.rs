//! A frozen trace, and its runs.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use smallvec::SmallVec;

use super::fuse::{fuse, in_order};
use super::graph::{Kind, NodeData, Slot};
use super::nodes::{infer, keep, live_nodes, look_through, trim};
use super::plan::{Place, Plan};
use super::profile::timed;
use super::variable::Variable;
use crate::buffer::Buffer;
use crate::error::{Error, Result};
use crate::ops::{Copy, Run};
use crate::shape::Spec;
use crate::tensor::{Tensor, View, ViewMut};

/// Plans kept for recent input shapes: full batches, the last short one, validation, single samples.
const PLANS: usize = 8;

/// Compiled outputs and assignments of a trace. Runs from several threads at once, each in its own arena.
pub struct Program {
    nodes: Vec<NodeData>,
    outputs: Vec<Slot>,
    assigns: Vec<(Variable, Slot)>,
    inputs: Vec<Spec>,
    variables: Vec<Variable>,
    constants: Vec<Tensor>,
    plans: Mutex<Vec<Arc<Plan>>>,
    arenas: Mutex<Vec<Arena>>,
}

/// The nodes in this order that the inputs and ends stand for or depend on, and their new names.
fn needed(nodes: Vec<NodeData>, inputs: &mut [u32], ends: &mut [Slot], order: &[usize]) -> Vec<NodeData> {
    let mut live = live_nodes(&nodes, ends);
    inputs.iter().for_each(|&i| live[i as usize] = true);
    let (kept, renamed) = keep(nodes, &live, order);
    inputs.iter_mut().for_each(|i| *i = renamed[*i as usize]);
    ends.iter_mut().for_each(|s| s.index = renamed[s.index as usize]);
    kept
}

/// The memory of one run, reused by the next.
#[derive(Default)]
struct Arena {
    memory: Option<Buffer>,
    run: Run,
    /// Snapshots of the variables, held only while the ops run.
    variables: Vec<Tensor>,
}

/// What a run leaves: the outputs, valid until the arena is given back.
pub struct Execution<'a> {
    plan: &'a Plan,
    base: *mut u8,
}

impl Program {
    pub(super) fn new(
        mut nodes: Vec<NodeData>,
        inputs: &[u32],
        outputs: &[Slot],
        assigns: &[(Variable, Slot)],
    ) -> Self {
        let mut outputs = outputs.to_vec();
        let mut assigns = assigns.to_vec();
        look_through(
            &mut nodes,
            outputs.iter_mut().chain(assigns.iter_mut().map(|(_, s)| s)),
        );

        // Outputs and assigned values must live in the arena: copy what is an input, variable or constant seen through views.
        let mut copies: HashMap<Slot, Slot> = HashMap::new();
        let mut owned = |slot: Slot| -> Slot {
            let mut at = slot;
            while let Kind::Apply(op) = &nodes[at.index as usize].kind {
                if !op.is_view() {
                    return slot;
                }
                at = nodes[at.index as usize].inputs[0];
            }
            *copies.entry(slot).or_insert_with(|| {
                let spec = nodes[slot.index as usize].outputs[slot.output as usize].clone();
                nodes.push(NodeData {
                    kind: Kind::Apply(Arc::new(Copy)),
                    inputs: smallvec::smallvec![slot],
                    outputs: smallvec::smallvec![spec],
                });
                Slot {
                    index: (nodes.len() - 1) as u32,
                    output: 0,
                }
            })
        };
        let outputs: Vec<Slot> = outputs.iter().map(|s| owned(*s)).collect();
        let assigns: Vec<(Variable, Slot)> = assigns.into_iter().map(|(v, s)| (v, owned(s))).collect();

        // Keep what they need; inputs stay, since callers pass them by position. Then once more without what was fused.
        let mut ends: Vec<Slot> = outputs
            .into_iter()
            .chain(assigns.iter().map(|(_, s)| *s))
            .collect();
        let mut inputs = inputs.to_vec();
        let order: Vec<usize> = (0..nodes.len()).collect();
        let mut kept = needed(nodes, &mut inputs, &mut ends, &order);
        trim(&mut kept, ends.iter().copied());
        fuse(&mut kept, &mut ends);
        let order = in_order(&kept);
        let kept = needed(kept, &mut inputs, &mut ends, &order);
        let assigned = ends.split_off(ends.len() - assigns.len());
        let (outputs, assigns) = (ends, assigns.into_iter().map(|(v, _)| v).zip(assigned).collect());

        Self {
            inputs: inputs
                .iter()
                .map(|&i| kept[i as usize].outputs[0].clone())
                .collect(),
            variables: kept
                .iter()
                .filter_map(|n| {
                    if let Kind::Variable(v) = &n.kind {
                        Some(v.clone())
                    } else {
                        None
                    }
                })
                .collect(),
            constants: kept
                .iter()
                .filter_map(|n| {
                    if let Kind::Constant(t) = &n.kind {
                        Some(t.clone())
                    } else {
                        None
                    }
                })
                .collect(),
            outputs,
            assigns,
            nodes: kept,
            plans: Mutex::default(),
            arenas: Mutex::default(),
        }
    }

    pub fn input_specs(&self) -> &[Spec] {
        &self.inputs
    }

    /// Specs of the outputs, with the dimensions that the trace left open.
    pub fn output_specs(&self) -> Vec<Spec> {
        self.outputs
            .iter()
            .map(|s| self.nodes[s.index as usize].outputs[s.output as usize].clone())
            .collect()
    }

    /// A rough count of the work of one run, see `Op::cost`.
    pub(super) fn cost(&self, inputs: &[Spec]) -> Result<usize> {
        let (specs, first) = infer(&self.nodes, inputs)?;
        let mut total = 0usize;
        for (node, &at) in self.nodes.iter().zip(&first) {
            if let Kind::Apply(op) = &node.kind {
                let given: SmallVec<[Spec; 4]> = node
                    .inputs
                    .iter()
                    .map(|s| specs[first[s.index as usize] + s.output as usize].clone())
                    .collect();
                total = total.saturating_add(op.cost(&given, &specs[at..at + node.outputs.len()]));
            }
        }
        Ok(total)
    }

    /// For each input, whether some op looks at its elements, and not only at its shape.
    pub(super) fn reads(&self) -> Vec<bool> {
        let mut reads = vec![false; self.inputs.len()];
        let mut mark = |s: &Slot| {
            if let Kind::Input(position) = &self.nodes[s.index as usize].kind {
                reads[*position] = true;
            }
        };
        for node in &self.nodes {
            if let Kind::Apply(op) = &node.kind {
                node.inputs
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| !op.shape_only(*i))
                    .for_each(|(_, s)| mark(s));
            }
        }
        reads
    }

    /// The plan for these input shapes, made when they are new.
    pub fn plan(&self, inputs: &[View<'_>]) -> Result<Arc<Plan>> {
        if inputs.len() != self.inputs.len() {
            return Err(Error::value("program")
                .expected(format!("{} inputs", self.inputs.len()))
                .got(inputs.len().to_string()));
        }
        let known = |p: &Arc<Plan>| {
            p.inputs
                .iter()
                .zip(inputs)
                .all(|(shape, view)| &shape[..] == view.shape())
        };
        let dtypes_agree = self
            .inputs
            .iter()
            .zip(inputs)
            .all(|(spec, view)| spec.dtype == view.dtype());
        {
            let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            if dtypes_agree && let Some(plan) = plans.iter().find(|p| known(p)) {
                return Ok(Arc::clone(plan));
            }
        }
        let specs: Vec<Spec> = inputs.iter().map(|v| Spec::known(v.dtype(), v.shape())).collect();
        let assigns: Vec<Slot> = self.assigns.iter().map(|(_, s)| *s).collect();
        let plan = Arc::new(Plan::new(&self.nodes, &self.outputs, &assigns, &specs)?);
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= PLANS {
            plans.remove(0);
        }
        plans.push(Arc::clone(&plan));
        Ok(plan)
    }

    /// Runs the ops, then the assignments, then hands the outputs to `finish`. An error on the way leaves every
    /// variable as it was. `poll` is called now and then; its error stops the run.
    pub fn run<R>(
        &self,
        plan: &Plan,
        inputs: &[View<'_>],
        poll: &dyn Fn() -> Result<()>,
        finish: impl FnOnce(&Execution<'_>) -> Result<R>,
    ) -> Result<R> {
        self.session().run(plan, inputs, poll, finish)
    }

    /// Memory for runs one after the other.
    pub(super) fn session(&self) -> Session<'_> {
        let arena = self.arenas.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Session {
            program: self,
            arena: arena.unwrap_or_default(),
        }
    }

    fn run_in<R>(
        &self,
        arena: &mut Arena,
        plan: &Plan,
        inputs: &[View<'_>],
        poll: &dyn Fn() -> Result<()>,
        finish: impl FnOnce(&Execution<'_>) -> Result<R>,
    ) -> Result<R> {
        if arena.memory.as_ref().is_none_or(|m| m.bytes() < plan.arena_bytes) {
            arena.memory = None;
            arena.memory = Some(Buffer::uninit(plan.arena_bytes)?);
        }
        let base = arena.memory.as_ref().map_or(std::ptr::null_mut(), Buffer::ptr);
        arena
            .variables
            .extend(self.variables.iter().map(Variable::tensor));

        let view = |id: u32| -> View<'_> {
            let value = &plan.values[id as usize];
            let ptr = match value.place {
                // SAFETY: the plan keeps every offset inside the arena.
                Place::Arena(offset) => unsafe { base.add(offset).cast_const() },
                Place::Input(i) => inputs[i].as_ptr(),
                Place::Variable(i) => arena.variables[i].view().as_ptr(),
                Place::Constant(i) => self.constants[i].view().as_ptr(),
            };
            // SAFETY: the memory outlives this call, holds the shape's elements (checked when the plan was made), and no
            // live value shares it, save with the output of an op that works in place.
            unsafe { View::from_raw(value.dtype, &value.shape, ptr) }
        };
        let _polls = Polls::begin(poll);
        poll()?;
        for step in &plan.steps {
            let ins: SmallVec<[View<'_>; 4]> = step.inputs.iter().map(|&v| view(v)).collect();
            let mut outs: SmallVec<[ViewMut<'_>; 2]> = step
                .outputs
                .iter()
                .map(|&v| {
                    let value = &plan.values[v as usize];
                    // SAFETY: outputs are always in the arena, at a place that the plan gave to nobody else alive.
                    unsafe { ViewMut::from_raw(value.dtype, &value.shape, view(v).as_ptr().cast_mut()) }
                })
                .collect();
            timed(
                || plan.describe_step(step),
                || step.op.forward(&mut arena.run, &ins, &mut outs),
            )?;
            if step.heavy {
                poll()?;
            }
        }
        // Let go of the snapshots first, so that updates happen in place.
        arena.variables.clear();
        let done = Execution { plan, base };
        for ((variable, _), &id) in self.assigns.iter().zip(&plan.assigns) {
            variable.set_view(&done.view(id))?;
        }
        finish(&done)
    }

    /// The steps for given input shapes, for people.
    pub fn describe(&self, inputs: &[View<'_>]) -> Result<String> {
        Ok(self.plan(inputs)?.describe())
    }

    /// Names of the live ops, in order.
    pub fn op_names(&self) -> Vec<&'static str> {
        self.nodes
            .iter()
            .filter_map(|n| {
                if let Kind::Apply(op) = &n.kind {
                    Some(op.name())
                } else {
                    None
                }
            })
            .collect()
    }
}

/// An arena of a program, borrowed for a while.
pub(super) struct Session<'a> {
    program: &'a Program,
    arena: Arena,
}

impl Session<'_> {
    /// See [`Program::run`].
    pub fn run<R>(
        &mut self,
        plan: &Plan,
        inputs: &[View<'_>],
        poll: &dyn Fn() -> Result<()>,
        finish: impl FnOnce(&Execution<'_>) -> Result<R>,
    ) -> Result<R> {
        let result = self.program.run_in(&mut self.arena, plan, inputs, poll, finish);
        self.arena.variables.clear();
        result
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.program
            .arenas
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(std::mem::take(&mut self.arena));
    }
}

type Poll = *const (dyn Fn() -> Result<()> + 'static);

thread_local! {
    /// How the run in progress on this thread looks for Ctrl-C.
    static POLL: Cell<Option<Poll>> = const { Cell::new(None) };
}

/// Makes a run's `poll` known to the ops inside that run programs of their own.
struct Polls {
    before: Option<Poll>,
}

impl Polls {
    fn begin(poll: &dyn Fn() -> Result<()>) -> Self {
        // SAFETY: only the lifetime changes; the pointer is gone from `POLL` before `poll` is, see `drop`.
        let poll: &'static dyn Fn() -> Result<()> = unsafe { std::mem::transmute(poll) };
        Self {
            before: POLL.replace(Some(std::ptr::from_ref(poll))),
        }
    }
}

impl Drop for Polls {
    fn drop(&mut self) {
        POLL.set(self.before);
    }
}

/// How an op looks for Ctrl-C while it runs programs of its own: as the run around it does.
pub(super) fn poll_of_run() -> impl Fn() -> Result<()> {
    let outer = POLL.get();
    move || match outer {
        // SAFETY: set by the run around, which is in progress on this thread and holds the closure.
        Some(poll) => unsafe { (*poll)() },
        None => Ok(()),
    }
}

impl Execution<'_> {
    fn view(&self, id: u32) -> View<'_> {
        let value = &self.plan.values[id as usize];
        let Place::Arena(offset) = value.place else {
            unreachable!("outputs were copied into the arena")
        };
        // SAFETY: inside the arena, which this borrow keeps from other runs.
        unsafe { View::from_raw(value.dtype, &value.shape, self.base.add(offset)) }
    }

    pub fn len(&self) -> usize {
        self.plan.outputs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.plan.outputs.is_empty()
    }

    /// The i-th output.
    pub fn output(&self, i: usize) -> View<'_> {
        self.view(self.plan.outputs[i])
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.op_names().join(", "))
    }
}

impl fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Execution({} outputs)", self.len())
    }
}

//! A program with every size known: where each value lives, and the ops in order.

use std::fmt::Write as _;
use std::sync::Arc;

use smallvec::SmallVec;

use super::graph::{Kind, NodeData, Slot};
use crate::buffer::ALIGN;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::ops::Op;
use crate::shape::{Shape, Spec, show};

/// Steps whose work is above this are worth looking for Ctrl-C after.
const HEAVY: usize = 1 << 16;

/// The last use of what must outlive the run: outputs and assigned values.
const FOREVER: usize = usize::MAX;

/// Where a value lives during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At this offset of the arena.
    Arena(usize),
    Input(usize),
    Variable(usize),
    Constant(usize),
}

#[derive(Debug)]
pub(super) struct ValuePlan {
    pub dtype: DType,
    pub shape: Shape,
    pub place: Place,
}

#[derive(Debug)]
pub(super) struct Step {
    pub op: Arc<dyn Op>,
    pub inputs: SmallVec<[u32; 4]>,
    pub outputs: SmallVec<[u32; 2]>,
    pub heavy: bool,
}

/// Made once for each set of input shapes, then reused: a run allocates nothing.
#[derive(Debug)]
pub struct Plan {
    pub(super) inputs: Vec<Shape>,
    pub(super) values: Vec<ValuePlan>,
    pub(super) steps: Vec<Step>,
    pub(super) outputs: Vec<u32>,
    pub(super) assigns: Vec<u32>,
    pub(super) arena_bytes: usize,
}

/// Free and used parts of the arena, as the steps go by.
#[derive(Default)]
struct Arena {
    /// (offset, bytes), sorted by offset, neighbours merged.
    free: Vec<(usize, usize)>,
    end: usize,
}

impl Arena {
    /// The smallest free part that fits, or fresh memory at the end.
    fn take(&mut self, bytes: usize) -> usize {
        let best = (0..self.free.len())
            .filter(|&i| self.free[i].1 >= bytes)
            .min_by_key(|&i| self.free[i].1);
        if let Some(i) = best {
            let (offset, size) = self.free[i];
            if size == bytes {
                self.free.remove(i);
            } else {
                self.free[i] = (offset + bytes, size - bytes);
            }
            return offset;
        }
        // Grow the last free part if it touches the end, otherwise append.
        let offset = match self.free.last() {
            Some(&(offset, size)) if offset + size == self.end => {
                self.free.pop();
                offset
            }
            _ => self.end,
        };
        self.end = offset + bytes;
        offset
    }

    fn give(&mut self, offset: usize, bytes: usize) {
        let at = self.free.partition_point(|&(o, _)| o < offset);
        self.free.insert(at, (offset, bytes));
        if at + 1 < self.free.len() && self.free[at].0 + self.free[at].1 == self.free[at + 1].0 {
            self.free[at].1 += self.free.remove(at + 1).1;
        }
        if at > 0 && self.free[at - 1].0 + self.free[at - 1].1 == self.free[at].0 {
            self.free[at - 1].1 += self.free.remove(at).1;
        }
    }
}

impl Plan {
    /// `nodes` in topological order, all of them live; `inputs` the concrete specs of this call.
    pub(super) fn new(
        nodes: &[NodeData],
        outputs: &[Slot],
        assigns: &[Slot],
        inputs: &[Spec],
    ) -> Result<Self> {
        // Shapes, by the ops' own rules.
        let first: Vec<usize> = nodes
            .iter()
            .scan(0, |n, node| {
                let at = *n;
                *n += node.outputs.len();
                Some(at)
            })
            .collect();
        let id = |s: &Slot| first[s.index as usize] + s.output as usize;
        let mut specs: Vec<Spec> = Vec::new();
        for node in nodes {
            match &node.kind {
                Kind::Input(position) => {
                    specs.push(check_input(*position, &node.outputs[0], &inputs[*position])?)
                }
                Kind::Variable(v) => specs.push(Spec::known(v.dtype(), v.shape())),
                Kind::Constant(t) => specs.push(t.spec()),
                Kind::Apply(op) => {
                    let given: SmallVec<[Spec; 4]> =
                        node.inputs.iter().map(|s| specs[id(s)].clone()).collect();
                    specs.extend(op.infer(&given)?);
                }
            }
        }
        let maker = |at: usize| {
            nodes
                .iter()
                .zip(&first)
                .find_map(|(node, &start)| match &node.kind {
                    Kind::Apply(op) if (start..start + node.outputs.len()).contains(&at) => Some(op.name()),
                    _ => None,
                })
                .unwrap_or("plan")
        };
        let shapes: Vec<Shape> = specs
            .iter()
            .enumerate()
            .map(|(at, s)| {
                s.shape().ok_or_else(|| {
                    Error::value(maker(at))
                        .expected(
                            "a result whose shape follows from the shapes of its inputs, in a traced call",
                        )
                        .got(format!("{}, whose open sizes depend on values", s.describe()))
                        .hint("Name the size if the function takes one, or compile with run_eagerly=True")
                })
            })
            .collect::<Result<_>>()?;
        let bytes: Vec<usize> = specs
            .iter()
            .zip(&shapes)
            .map(|(s, shape)| {
                Ok((crate::shape::count("plan", shape, s.dtype)? * s.dtype.size()).next_multiple_of(ALIGN))
            })
            .collect::<Result<_>>()?;

        // Views stand on the memory of what they view; lifetimes belong to that memory.
        let mut root: Vec<usize> = (0..specs.len()).collect();
        for (node, &at) in nodes.iter().zip(&first) {
            if let Kind::Apply(op) = &node.kind
                && op.is_view()
            {
                root[at] = root[id(&node.inputs[0])];
            }
        }
        let mut last_use = vec![0usize; specs.len()];
        for (n, (node, &at)) in nodes.iter().zip(&first).enumerate() {
            if let Kind::Apply(op) = &node.kind {
                for (i, s) in node.inputs.iter().enumerate() {
                    if !op.shape_only(i) {
                        last_use[root[id(s)]] = n;
                    }
                }
                for o in 0..node.outputs.len() {
                    let r = root[at + o];
                    last_use[r] = last_use[r].max(n);
                }
            }
        }
        for s in outputs.iter().chain(assigns) {
            last_use[root[id(s)]] = FOREVER;
        }

        // Places.
        let mut arena = Arena::default();
        let mut places: Vec<Option<Place>> = vec![None; specs.len()];
        let mut expiring: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        let mut steps = Vec::new();
        let (mut variables, mut constants) = (0, 0);
        for (n, (node, &at)) in nodes.iter().zip(&first).enumerate() {
            match &node.kind {
                Kind::Input(position) => places[at] = Some(Place::Input(*position)),
                Kind::Variable(_) => {
                    places[at] = Some(Place::Variable(variables));
                    variables += 1;
                }
                Kind::Constant(_) => {
                    places[at] = Some(Place::Constant(constants));
                    constants += 1;
                }
                Kind::Apply(op) if op.is_view() => places[at] = places[root[at]],
                Kind::Apply(op) => {
                    let mut given_over = None;
                    for o in at..at + node.outputs.len() {
                        let over = if o == at {
                            inplace_root(&**op, node, n, &id, &root, &last_use, &specs, at, &places)
                        } else {
                            None
                        };
                        let offset = match over {
                            Some((r, offset)) => {
                                given_over = Some(r);
                                offset
                            }
                            None => arena.take(bytes[o]),
                        };
                        places[o] = Some(Place::Arena(offset));
                        if last_use[o] != FOREVER {
                            expiring[last_use[o]].push(o);
                        }
                    }
                    if let Some(r) = given_over {
                        expiring[n].retain(|&v| v != r);
                    }
                    let given: SmallVec<[Spec; 4]> =
                        node.inputs.iter().map(|s| specs[id(s)].clone()).collect();
                    let made = &specs[at..at + node.outputs.len()];
                    steps.push(Step {
                        op: Arc::clone(op),
                        inputs: node.inputs.iter().map(|s| id(s) as u32).collect(),
                        outputs: (at..at + node.outputs.len()).map(|v| v as u32).collect(),
                        heavy: op.cost(&given, made) >= HEAVY,
                    });
                }
            }
            for v in std::mem::take(&mut expiring[n]) {
                if let Some(Place::Arena(offset)) = places[v] {
                    arena.give(offset, bytes[v]);
                }
            }
        }

        let values = specs
            .iter()
            .zip(shapes)
            .zip(places)
            .map(|((spec, shape), place)| {
                let place = place.ok_or_else(|| {
                    Error::runtime("plan")
                        .expected("a place for every value")
                        .got("none")
                })?;
                Ok(ValuePlan {
                    dtype: spec.dtype,
                    shape,
                    place,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            inputs: inputs.iter().filter_map(Spec::shape).collect(),
            values,
            steps,
            outputs: outputs.iter().map(|s| id(s) as u32).collect(),
            assigns: assigns.iter().map(|s| id(s) as u32).collect(),
            arena_bytes: arena.end,
        })
    }

    /// One line for each step, for people.
    pub fn describe(&self) -> String {
        self.steps.iter().fold(String::new(), |mut text, step| {
            let numbers = |ids: &[u32]| ids.iter().map(|v| format!("%{v}")).collect::<Vec<_>>().join(", ");
            writeln!(
                text,
                "{} = {} of {}",
                numbers(&step.outputs),
                self.describe_step(step),
                numbers(&step.inputs)
            )
            .expect("writing to a string");
            text
        })
    }

    /// The op with the dtypes and shapes of what it reads and makes.
    pub(super) fn describe_step(&self, step: &Step) -> String {
        let list = |ids: &[u32]| {
            let parts: Vec<String> = ids
                .iter()
                .map(|&v| {
                    let value = &self.values[v as usize];
                    format!("{}{}", value.dtype, crate::shape::show_shape(&value.shape))
                })
                .collect();
            parts.join(", ")
        };
        format!(
            "{}({}) -> {}",
            step.op.name(),
            list(&step.inputs),
            list(&step.outputs)
        )
    }

    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes
    }
}

/// The input over which output 0 (value `out`) may be written: the op allows it, nobody reads that memory later, and
/// dtype and number of elements agree.
fn inplace_root(
    op: &dyn Op,
    node: &NodeData,
    step: usize,
    id: &impl Fn(&Slot) -> usize,
    root: &[usize],
    last_use: &[usize],
    specs: &[Spec],
    out: usize,
    places: &[Option<Place>],
) -> Option<(usize, usize)> {
    (0..node.inputs.len()).filter(|&i| op.inplace(i)).find_map(|i| {
        let input = id(&node.inputs[i]);
        let r = root[input];
        let fits = specs[input].dtype == specs[out].dtype && specs[input].len() == specs[out].len();
        let shared = node
            .inputs
            .iter()
            .enumerate()
            .any(|(j, s)| j != i && !op.shape_only(j) && root[id(s)] == r);
        match places[r] {
            Some(Place::Arena(offset)) if fits && !shared && last_use[r] == step => Some((r, offset)),
            _ => None,
        }
    })
}

fn check_input(position: usize, traced: &Spec, given: &Spec) -> Result<Spec> {
    let fits = traced.dtype == given.dtype
        && traced.rank() == given.rank()
        && traced
            .dims
            .iter()
            .zip(&given.dims)
            .all(|(t, g)| t.is_none() || t == g);
    if fits {
        Ok(given.clone())
    } else {
        Err(Error::value(format!("input {position}"))
            .expected(format!("{} {}", traced.dtype, show(&traced.dims)))
            .got(format!("{} {}", given.dtype, show(&given.dims)))
            .hint("The data does not have the shape the model was traced with"))
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[test]
    fn freed_neighbours_merge_and_are_reused() {
        let mut a = Arena::default();
        let (x, y, z) = (a.take(64), a.take(128), a.take(64));
        a.give(x, 64);
        a.give(y, 128);
        assert_eq!(a.free, vec![(0, 192)]);
        assert_eq!(a.take(192), 0);
        a.give(z, 64);
        assert_eq!(a.take(256), z, "the last free part grows");
        assert_eq!(a.end, z + 256);
    }
}

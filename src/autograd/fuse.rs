//! Neighbours in a frozen trace that are computed together, so that a large array is not written by one op only to be
//! read again by the next.
//!
//! An op says what it is (`Op::role`) and which neighbours it can take over (`Op::then`, `Op::fed_by`); here is only the
//! search: an op takes over the single reader of its first output, or the maker of one of its inputs.

use std::sync::Arc;

use smallvec::SmallVec;

use super::graph::{Kind, NodeData, Slot};
use crate::ops::{Fused, Op, Role, Source};
use crate::shape::Spec;

/// How the outputs of all nodes are used.
struct Uses {
    /// Per output: nodes that read its elements, the last of them, and whether it leaves the program.
    of: Vec<SmallVec<[Use; 2]>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Use {
    readers: usize,
    last: usize,
    kept: bool,
}

impl Uses {
    fn new(nodes: &[NodeData], ends: &[Slot]) -> Self {
        let mut of: Vec<SmallVec<[Use; 2]>> = nodes
            .iter()
            .map(|n| SmallVec::from_elem(Use::default(), n.outputs.len()))
            .collect();
        for (n, node) in nodes.iter().enumerate() {
            let Kind::Apply(op) = &node.kind else { continue };
            for (i, s) in node.inputs.iter().enumerate() {
                if !op.shape_only(i) {
                    let used = &mut of[s.index as usize][s.output as usize];
                    used.readers += 1;
                    used.last = n;
                }
            }
        }
        for s in ends {
            of[s.index as usize][s.output as usize].kept = true;
        }
        Self { of }
    }

    /// The only node that reads this output, if there is just one.
    fn single(&self, slot: Slot) -> Option<usize> {
        let used = self.of[slot.index as usize][slot.output as usize];
        (used.readers == 1 && !used.kept).then_some(used.last)
    }
}

fn op_of(node: &NodeData) -> Option<&Arc<dyn Op>> {
    match &node.kind {
        Kind::Apply(op) => Some(op),
        _ => None,
    }
}

fn specs_of_inputs(nodes: &[NodeData], n: usize) -> SmallVec<[Spec; 4]> {
    let inputs = nodes[n].inputs.iter();
    inputs
        .map(|s| nodes[s.index as usize].outputs[s.output as usize].clone())
        .collect()
}

/// Fuses what can be fused; `ends` are the outputs and assigned values, which may be renamed. Nodes that were taken over
/// stay, without inputs, and the order may no longer be one in which inputs come first: see [`in_order`].
pub(super) fn fuse(nodes: &mut [NodeData], ends: &mut [Slot]) {
    let mut uses = Uses::new(nodes, ends);
    for step in [take_reader, take_maker] {
        for n in 0..nodes.len() {
            while op_of(&nodes[n]).is_some_and(|op| op.absorbs()) && step(nodes, ends, n, &uses) {
                uses = Uses::new(nodes, ends);
            }
        }
    }
}

/// Lets node n take over the only reader of its first output.
fn take_reader(nodes: &mut [NodeData], ends: &mut [Slot], n: usize, uses: &Uses) -> bool {
    let made = Slot {
        index: n as u32,
        output: 0,
    };
    let Some(next) = uses.single(made) else {
        return false;
    };
    let (Some(op), Some(reader)) = (op_of(&nodes[n]), op_of(&nodes[next])) else {
        return false;
    };
    let same = nodes[next].outputs.len() == 1 && nodes[next].outputs[0] == nodes[n].outputs[0];
    let at = nodes[next].inputs.iter().position(|&s| s == made);
    let (Some(at), true) = (at, same) else {
        return false;
    };
    let Some(fused) = op.then(&reader.role(), at, &specs_of_inputs(nodes, n)) else {
        return false;
    };
    // What else the reader reads must not come from here; and must be of this shape if it is summed, or be what this op
    // reads if a slope is taken of it.
    let spec = |s: &Slot| &nodes[s.index as usize].outputs[s.output as usize];
    let role = reader.role();
    let mut others = nodes[next].inputs.iter().filter(|&&s| s != made);
    let fits = others.all(|s| {
        let shape = role != Role::Add || spec(s) == spec(&made);
        let own = !matches!(role, Role::Slope(_)) || nodes[n].inputs.first() == Some(s);
        shape && own && !depends(nodes, *s, n)
    });
    if !fits {
        return false;
    }
    replace(nodes, n, next, fused);
    nodes[next].inputs.clear();
    let gone = Slot {
        index: next as u32,
        output: 0,
    };
    let inputs = nodes.iter_mut().flat_map(|node| node.inputs.iter_mut());
    inputs.chain(ends).filter(|s| **s == gone).for_each(|s| *s = made);
    true
}

/// Lets node n take over the maker of one of its inputs, which nobody else reads.
fn take_maker(nodes: &mut [NodeData], _: &mut [Slot], n: usize, uses: &Uses) -> bool {
    let Some(op) = op_of(&nodes[n]) else { return false };
    let own = specs_of_inputs(nodes, n);
    let found = nodes[n].inputs.iter().enumerate().find_map(|(i, &s)| {
        let maker = &nodes[s.index as usize];
        let role = op_of(maker)?.role();
        let alone = uses.single(s) == Some(n) && maker.outputs.len() == 1 && !op.shape_only(i);
        let again =
            matches!(role, Role::Rectified { .. }) && s.output == 0 && maker.inputs[0] == nodes[n].inputs[0];
        let fused = (alone || again).then(|| op.fed_by(i, &role, &own))??;
        Some((s, fused, alone))
    });
    let Some((made, fused, alone)) = found else {
        return false;
    };
    replace(nodes, n, made.index as usize, fused);
    // Somebody may still want to know the shape: then it stays, and is dropped at the end if he was taken over too.
    if alone && !nodes.iter().any(|node| node.inputs.contains(&made)) {
        nodes[made.index as usize].inputs.clear();
    }
    true
}

/// Puts a fused op in the place of node n, and takes its inputs from the neighbour that it took over.
fn replace(nodes: &mut [NodeData], n: usize, other: usize, fused: Fused) {
    let inputs = fused
        .inputs
        .iter()
        .map(|source| match *source {
            Source::Own(i) => nodes[n].inputs[i],
            Source::Other(i) => nodes[other].inputs[i],
        })
        .collect();
    nodes[n].kind = Kind::Apply(fused.op);
    nodes[n].inputs = inputs;
}

/// Whether an output depends on node `n`.
fn depends(nodes: &[NodeData], slot: Slot, n: usize) -> bool {
    let mut seen = vec![false; nodes.len()];
    let mut open = vec![slot.index as usize];
    while let Some(at) = open.pop() {
        if at == n {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(nodes[at].inputs.iter().map(|s| s.index as usize));
        }
    }
    false
}

/// An order in which inputs come first, otherwise that of the trace: the old index of each node.
pub(super) fn in_order(nodes: &[NodeData]) -> Vec<usize> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut placed = vec![false; nodes.len()];
    for first in 0..nodes.len() {
        // (node, its next input to look at)
        let mut path = vec![(first, 0)];
        while let Some((n, i)) = path.last_mut() {
            let n = *n;
            if placed[n] {
                path.pop();
            } else if let Some(s) = nodes[n].inputs.get(*i) {
                *i += 1;
                path.push((s.index as usize, 0));
            } else {
                placed[n] = true;
                order.push(n);
                path.pop();
            }
        }
    }
    order
}

//! What is done to a list of traced nodes before it is frozen: detours removed, dead nodes and outputs dropped; and shapes
//! carried through it.

use smallvec::SmallVec;

use super::graph::{Kind, NodeData, Slot};
use crate::error::Result;
use crate::shape::Spec;

/// Lets whoever reads an output that is merely an input under another gradient (see `Op::alias`) read that input.
pub(super) fn look_through<'a>(nodes: &mut [NodeData], ends: impl Iterator<Item = &'a mut Slot>) {
    let mut meant: Vec<SmallVec<[Slot; 2]>> = Vec::with_capacity(nodes.len());
    for n in 0..nodes.len() {
        for i in 0..nodes[n].inputs.len() {
            let s = nodes[n].inputs[i];
            nodes[n].inputs[i] = meant[s.index as usize][s.output as usize];
        }
        let node = &nodes[n];
        meant.push(
            (0..node.outputs.len() as u32)
                .map(|output| {
                    match &node.kind {
                        Kind::Apply(op) => op.alias(output as usize).map(|i| node.inputs[i]),
                        _ => None,
                    }
                    .unwrap_or(Slot {
                        index: n as u32,
                        output,
                    })
                })
                .collect(),
        );
    }
    for end in ends {
        *end = meant[end.index as usize][end.output as usize];
    }
}

/// The nodes that these slots depend on.
pub(super) fn live_nodes(nodes: &[NodeData], ends: &[Slot]) -> Vec<bool> {
    let mut live = vec![false; nodes.len()];
    let mut open: Vec<u32> = ends.iter().map(|s| s.index).collect();
    while let Some(n) = open.pop() {
        if !std::mem::replace(&mut live[n as usize], true) {
            open.extend(nodes[n as usize].inputs.iter().map(|s| s.index));
        }
    }
    live
}

/// The live nodes in this order, and the new index of each of them.
pub(super) fn keep(nodes: Vec<NodeData>, live: &[bool], order: &[usize]) -> (Vec<NodeData>, Vec<u32>) {
    let mut renamed = vec![0u32; nodes.len()];
    let mut nodes: Vec<Option<NodeData>> = nodes.into_iter().map(Some).collect();
    let mut kept: Vec<NodeData> = Vec::new();
    for &n in order.iter().filter(|&&n| live[n]) {
        if let Some(mut node) = nodes[n].take() {
            renamed[n] = kept.len() as u32;
            node.inputs
                .iter_mut()
                .for_each(|s| s.index = renamed[s.index as usize]);
            kept.push(node);
        }
    }
    (kept, renamed)
}

/// Replaces ops whose last outputs nobody reads by ones that do not compute them.
pub(super) fn trim(nodes: &mut [NodeData], ends: impl Iterator<Item = Slot>) {
    let mut used = vec![0usize; nodes.len()];
    let read = nodes.iter().flat_map(|n| n.inputs.iter().copied());
    for s in read.chain(ends) {
        let n = &mut used[s.index as usize];
        *n = (*n).max(s.output as usize + 1);
    }
    for (node, used) in nodes.iter_mut().zip(used) {
        if let Kind::Apply(op) = &node.kind
            && used < node.outputs.len()
            && let Some((less, left)) = op.trimmed(used)
        {
            node.kind = Kind::Apply(less);
            node.outputs.truncate(left);
        }
    }
}

/// The specs of all nodes' outputs, in a row, for given specs of the inputs; and where each node's begin.
pub(super) fn infer(nodes: &[NodeData], inputs: &[Spec]) -> Result<(Vec<Spec>, Vec<usize>)> {
    let mut first = Vec::with_capacity(nodes.len());
    let mut specs: Vec<Spec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        first.push(specs.len());
        match &node.kind {
            Kind::Input(position) => specs.push(inputs[*position].clone()),
            Kind::Variable(v) => specs.push(Spec::known(v.dtype(), v.shape())),
            Kind::Constant(t) => specs.push(t.spec()),
            Kind::Apply(op) => {
                let given: SmallVec<[Spec; 4]> = node
                    .inputs
                    .iter()
                    .map(|s| specs[first[s.index as usize] + s.output as usize].clone())
                    .collect();
                specs.extend(op.infer(&given)?);
            }
        }
    }
    Ok((specs, first))
}

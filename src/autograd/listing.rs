//! A trace as a list of its ops, for whoever reads it: before neighbours are fused, and without what nobody needs.

use smallvec::SmallVec;

use super::graph::{Kind, NodeData, Slot};
use super::nodes::{keep, live_nodes, look_through, trim};
use super::variable::Variable;
use crate::error::Result;
use crate::ops::Attrs;
use crate::shape::Specs;
use crate::tensor::Tensor;

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The n-th input.
    Input(usize),
    Variable(Variable),
    Constant(Tensor),
    Op {
        name: &'static str,
        attributes: Attrs,
        /// The functions that a branch or a loop holds.
        parts: Vec<(&'static str, Listing)>,
    },
}

/// One node, each input as (node, output).
#[derive(Debug, Clone)]
pub struct Listed {
    pub origin: Origin,
    /// Its number in the trace, where dead nodes are counted too.
    pub number: usize,
    pub inputs: SmallVec<[(usize, usize); 3]>,
    pub outputs: Specs,
}

/// The nodes that some outputs need, each after its inputs; and the inputs of the trace, needed or not.
#[derive(Debug, Clone)]
pub struct Listing {
    nodes: Vec<NodeData>,
    numbers: Vec<usize>,
    inputs: Vec<u32>,
    outputs: Vec<Slot>,
}

impl Listing {
    pub(super) fn new(mut nodes: Vec<NodeData>, inputs: &[u32], outputs: &[Slot]) -> Self {
        let mut outputs = outputs.to_vec();
        look_through(&mut nodes, outputs.iter_mut());
        let mut live = live_nodes(&nodes, &outputs);
        inputs.iter().for_each(|&i| live[i as usize] = true);
        let order: Vec<usize> = (0..nodes.len()).collect();
        let numbers = order.iter().copied().filter(|&n| live[n]).collect();
        let (mut nodes, renamed) = keep(nodes, &live, &order);
        outputs
            .iter_mut()
            .for_each(|s| s.index = renamed[s.index as usize]);
        trim(&mut nodes, outputs.iter().copied());
        Self {
            nodes,
            numbers,
            inputs: inputs.iter().map(|&i| renamed[i as usize]).collect(),
            outputs,
        }
    }

    pub fn nodes(&self) -> Result<Vec<Listed>> {
        let listed = |(node, &number): (&NodeData, &usize)| {
            Ok(Listed {
                origin: match &node.kind {
                    Kind::Input(position) => Origin::Input(*position),
                    Kind::Variable(variable) => Origin::Variable(variable.clone()),
                    Kind::Constant(tensor) => Origin::Constant(tensor.clone()),
                    Kind::Apply(op) => Origin::Op {
                        name: op.name(),
                        attributes: op.attributes()?,
                        parts: op.parts(),
                    },
                },
                number,
                inputs: node.inputs.iter().map(|s| s.place()).collect(),
                outputs: node.outputs.clone(),
            })
        };
        self.nodes.iter().zip(&self.numbers).map(listed).collect()
    }

    /// The nodes that are inputs, in their order.
    pub fn inputs(&self) -> Vec<usize> {
        self.inputs.iter().map(|&i| i as usize).collect()
    }

    /// (node, output) of each output.
    pub fn outputs(&self) -> Vec<(usize, usize)> {
        self.outputs.iter().map(|s| s.place()).collect()
    }
}

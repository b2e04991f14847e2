//! A value: data at hand, or a node of a traced graph.

use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use super::graph::Graph;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Dims, Shape, Spec};
use crate::tensor::Tensor;

/// Identity of a value, for tapes and for the reverse walk. Data and graph nodes never share one.
pub type Key = (u64, u32);

/// Maps and sets of values: a few ids each, looked up for every op on a tape, so hashing must cost next to nothing.
pub type KeyMap<V> = rustc_hash::FxHashMap<Key, V>;
pub type KeySet = rustc_hash::FxHashSet<Key>;

pub type Values = SmallVec<[Value; 2]>;

/// What errors say of a symbolic value whose trace is over.
pub const LEFT_OVER: &str = "which was kept from a traced call that has ended: it stood for numbers that exist only while the \
                             model runs";
pub const LEFT_OVER_HINT: &str = "Return it from the call (a layer's results: model.activations(x)), assign it to a Variable \
                                  there, or compile with run_eagerly=True";

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

pub(crate) fn fresh_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Data with an identity.
#[derive(Debug, Clone)]
pub struct Eager {
    pub tensor: Tensor,
    pub id: u64,
}

/// One output of a node in a traced graph.
#[derive(Debug, Clone)]
pub struct Node {
    pub graph: Graph,
    pub index: u32,
    pub output: u32,
    pub spec: Spec,
}

/// What ops take and give. Cloning is cheap: data is shared.
#[derive(Debug, Clone)]
pub enum Value {
    Eager(Eager),
    Node(Node),
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Value::Eager(Eager {
            tensor,
            id: fresh_id(),
        })
    }
}

impl Value {
    pub fn spec(&self) -> Spec {
        match self {
            Value::Eager(e) => e.tensor.spec(),
            Value::Node(n) => n.spec.clone(),
        }
    }

    pub fn dtype(&self) -> DType {
        match self {
            Value::Eager(e) => e.tensor.dtype(),
            Value::Node(n) => n.spec.dtype,
        }
    }

    pub fn dims(&self) -> Dims {
        match self {
            Value::Eager(e) => e.tensor.shape().iter().copied().map(Some).collect(),
            Value::Node(n) => n.spec.dims.clone(),
        }
    }

    pub fn rank(&self) -> usize {
        match self {
            Value::Eager(e) => e.tensor.shape().len(),
            Value::Node(n) => n.spec.dims.len(),
        }
    }

    /// The concrete shape, if all of it is known.
    pub fn shape(&self) -> Option<Shape> {
        match self {
            Value::Eager(e) => Some(e.tensor.shape().into()),
            Value::Node(n) => n.spec.shape(),
        }
    }

    pub fn is_traced(&self) -> bool {
        matches!(self, Value::Node(_))
    }

    pub fn key(&self) -> Key {
        match self {
            Value::Eager(e) => (e.id, u32::MAX),
            Value::Node(n) => (u64::from(n.index) | n.graph.id() << 32, n.output),
        }
    }

    /// The data, of an eager value.
    pub fn tensor(&self) -> Result<&Tensor> {
        match self {
            Value::Eager(e) => Ok(&e.tensor),
            Value::Node(n) if self.is_left_over() => Err(Error::type_error("value")
                .expected("a value with data")
                .got(format!("a symbolic value, {}, {LEFT_OVER}", n.spec.describe()))
                .hint(LEFT_OVER_HINT)),
            Value::Node(n) => Err(Error::type_error("value")
                .expected("a value with data")
                .got(format!("a symbolic value, {}, inside a traced call: its numbers exist only when the model runs", n.spec.describe()))
                .hint("Use ops (oxhorn.ops.cond, where, ...) instead of Python control flow, or compile with run_eagerly=True")),
        }
    }

    /// Whether this belongs to a trace that is not in progress on this thread: somebody kept it.
    pub fn is_left_over(&self) -> bool {
        matches!(self, Value::Node(n) if !n.graph.is_in_progress())
    }

    /// A scalar constant of the same dtype as this value: the `1` in `1 - x`.
    pub fn like(&self, number: f64) -> Result<Value> {
        Ok(Tensor::scalar_of(self.dtype(), number)?.into())
    }

    /// The op that produced this value in its graph, with that op's inputs; `None` for data and for inputs.
    /// A loss uses it to see that probabilities came from a softmax, and works on the logits.
    pub fn producer(&self) -> Option<(&'static str, Vec<Value>)> {
        match self {
            Value::Eager(_) => None,
            Value::Node(n) => n.graph.producer(n.index),
        }
    }
}

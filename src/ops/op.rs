//! What an op is: a name, a shape rule, a forward, a backward, in one place.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::attributes::Attributes;
use crate::autograd::{Listing, Value};
use crate::dtype::Element;
use crate::error::{Error, Result};
use crate::kernels::activate::Activate;
use crate::shape::{Spec, Specs};
use crate::tensor::{View, ViewMut};

/// A differentiable operation with its attributes inside.
///
/// Implement it next to the op's formula, and offer a function `pub fn name(inputs...) -> Result<Value>` that calls
/// [`crate::autograd::apply`]; list that function in the file's `OPS`.
pub trait Op: fmt::Debug + Attributes + Send + Sync {
    /// The name as in `keras.ops`.
    fn name(&self) -> &'static str;

    /// The shape-and-dtype rule; dimensions may be unknown. The only source of shape errors: `forward` is called only
    /// with inputs that passed it, every dimension known.
    fn infer(&self, inputs: &[Spec]) -> Result<Specs>;

    /// Computes the outputs, writing every element.
    fn forward(&self, run: &mut Run, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<()>;

    /// Gradients with respect to the inputs, written with ops; `None` where there is none (integers, flat functions).
    /// The engine adds them up, sums them over broadcast axes, and asks only where [`Pass::needs`] says so.
    fn backward(&self, pass: &Pass<'_>) -> Result<Vec<Option<Value>>> {
        let _ = pass;
        Err(Error::not_implemented(self.name()).hint("This op has no gradient. Use stop_gradient around it"))
    }

    /// True if output 0 may be written over this input (same dtype and number of elements; the planner sees to that).
    fn inplace(&self, input: usize) -> bool {
        let _ = input;
        false
    }

    /// True if output 0 is the memory of input 0 under another shape: `forward` is then never called.
    fn is_view(&self) -> bool {
        false
    }

    /// The input that this output is, save for the gradient: once no gradient can be asked for any more, whoever reads the
    /// output reads the input, and the op is dropped.
    fn alias(&self, output: usize) -> Option<usize> {
        let _ = output;
        None
    }

    /// The same op without the outputs after the first `used` that it can do without, where they cost something; and how
    /// many it still has.
    fn trimmed(&self, used: usize) -> Option<(Arc<dyn Op>, usize)> {
        let _ = used;
        None
    }

    /// True if only the shape of this input is looked at, so that its memory need not be kept.
    fn shape_only(&self, input: usize) -> bool {
        let _ = input;
        false
    }

    /// What this op is to its neighbours, who may take it over.
    fn role(&self) -> Role {
        Role::Other
    }

    /// Whether this op can take over neighbours at all: `then` and `fed_by` are asked only if so.
    fn absorbs(&self) -> bool {
        false
    }

    /// This op, whose inputs are like `own`, with the next one, which alone reads its first output (as its input `at`),
    /// done in the same pass. The first output is then the next op's.
    fn then(&self, next: &Role, at: usize, own: &[Spec]) -> Option<Fused> {
        let _ = (next, at, own);
        None
    }

    /// This op, whose inputs are like `own`, with the maker of one of them, which nobody else reads, done in the same pass.
    /// (Others may read what is rectified; its maker reads the same x as this op.)
    fn fed_by(&self, input: usize, maker: &Role, own: &[Spec]) -> Option<Fused> {
        let _ = (input, maker, own);
        None
    }

    /// The functions that a branch or a loop holds, by what they are to it.
    fn parts(&self) -> Vec<(&'static str, Listing)> {
        Vec::new()
    }

    /// A rough count of the work (elements touched, or multiply-adds), by which the executor decides whether to look
    /// for Ctrl-C after a step.
    fn cost(&self, inputs: &[Spec], outputs: &[Spec]) -> usize {
        let elements = |specs: &[Spec]| specs.iter().map(|s| s.len().unwrap_or(0)).sum::<usize>();
        elements(inputs) + elements(outputs)
    }
}

/// What an op is to a neighbour in a frozen trace that can compute both at once, where one of them alone would write a
/// large array only for the other to read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    Other,
    /// y = f(x)
    Activation(Activate),
    /// f'(a) g: inputs a, g
    Slope(Activate),
    /// a + b, of one shape
    Add,
    /// (x - mean) / sqrt(variance + epsilon) * scale + offset along an axis: inputs x, mean, variance, offset?, scale?
    Normalize {
        axis: usize,
        epsilon: f64,
        offset: bool,
        scale: bool,
    },
    /// max(0, y) with y normalised by the statistics of x: inputs x, scale?, offset?. Whoever reads x anyway may compute it
    /// again instead of reading it
    Rectified {
        scale: bool,
    },
    /// y[.., :] = table[index[..], :]: inputs table, index
    Rows,
    /// g (batch, ..) repeated along axis 1, divided by that axis's size for a mean: inputs g, and an array of the result's shape
    Repeat {
        mean: bool,
    },
}

/// A fused op, and where each of its inputs comes from.
#[derive(Debug)]
pub struct Fused {
    pub op: Arc<dyn Op>,
    pub inputs: SmallVec<[Source; 6]>,
}

/// An input of the op itself, or of the neighbour that it takes over.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    Own(usize),
    Other(usize),
}

impl Fused {
    /// The op's own `inputs`, followed by these of its neighbour.
    pub fn after(op: impl Op + 'static, inputs: usize, others: &[usize]) -> Self {
        let own = (0..inputs).map(Source::Own);
        Self {
            op: Arc::new(op),
            inputs: own.chain(others.iter().map(|&i| Source::Other(i))).collect(),
        }
    }
}

/// What `forward` is given besides data: scratch memory that lives as long as the executor.
#[derive(Debug, Default)]
pub struct Run {
    scratch: Vec<Line>,
}

/// A line of the cache: registers that lie in one line are loaded twice as fast.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u64; 8]);

impl Run {
    /// `n` elements of scratch memory with arbitrary contents, aligned to 64 bytes. It grows once, then is reused.
    pub fn scratch<T: Element>(&mut self, n: usize) -> &mut [T] {
        let lines = (n * size_of::<T>()).div_ceil(64);
        if self.scratch.len() < lines {
            self.scratch.clear();
            self.scratch.resize(lines, Line([0; 8]));
        }
        // SAFETY: the lines are initialised, aligned for any element, and every bit pattern is a value of T.
        unsafe { std::slice::from_raw_parts_mut(self.scratch.as_mut_ptr().cast(), n) }
    }
}

/// What `backward` is given: the op's inputs and outputs as values, and the gradients that reached its outputs.
#[derive(Debug)]
pub struct Pass<'a> {
    pub inputs: &'a [Value],
    pub outputs: &'a [Value],
    /// Per output; `None` where no gradient arrived (never so for an op with one output).
    pub grads: &'a [Option<Value>],
    /// Per input: whether anyone wants its gradient.
    pub needs: &'a [bool],
}

impl Pass<'_> {
    /// The gradient of output 0.
    pub fn grad(&self) -> Result<&Value> {
        self.grads[0].as_ref().ok_or_else(|| {
            Error::runtime("backward")
                .expected("a gradient of the first output")
                .got("none")
        })
    }
}

/// Attributes of an op called by name: a JSON object.
pub type Attrs = serde_json::Map<String, serde_json::Value>;

/// An op as it is called by name: inputs and attributes to outputs.
pub type OpFn = fn(&[Value], &Attrs) -> Result<Vec<Value>>;

/// Reads an op's attributes into its own struct; a wrong name or type is an error that names the op.
pub fn parse_attrs<T: serde::de::DeserializeOwned>(op: &str, attrs: &Attrs) -> Result<T> {
    serde_json::from_value(serde_json::Value::Object(attrs.clone())).map_err(|e| {
        Error::type_error(op)
            .expected("attributes of the right names and types")
            .got(e.to_string())
    })
}

/// Checks the number of inputs of an op called by name.
pub fn arity<const N: usize>(op: &str, inputs: &[Value]) -> Result<[Value; N]> {
    <[Value; N]>::try_from(inputs.to_vec()).map_err(|got| {
        Error::type_error(op)
            .expected(format!("{N} inputs"))
            .got(got.len().to_string())
    })
}

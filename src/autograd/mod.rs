//! Values, variables, the tape, the traced graph, the reverse walk, and the executor.

mod apply;
mod backward;
mod control;
mod fuse;
#[cfg(test)]
mod fuse_tests;
mod graph;
mod listing;
mod nodes;
mod plan;
pub mod profile;
mod program;
pub mod scope;
mod tape;
#[cfg(test)]
mod tests;
mod value;
mod variable;

pub use apply::{apply, apply_many, eager_forward};
pub use backward::{Record, Target, differentiate, gradients};
pub use control::{Body, Callback, cond, custom_gradient, custom_gradient_traced, scan, while_loop};
pub use graph::{Graph, tracing};
pub use listing::{Listed, Listing, Origin};
pub use plan::Plan;
pub use program::{Execution, Program};
pub use tape::Tape;
pub use value::{Eager, Key, KeyMap, KeySet, LEFT_OVER, LEFT_OVER_HINT, Node, Value, Values};
pub use variable::Variable;

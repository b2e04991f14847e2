//! Control flow as ops: branches and loop bodies are graphs of their own, run as programs inside the program around
//! them, and differentiated by building the graph of their gradient.

mod block;
mod cond;
mod custom;
mod scan;
#[cfg(test)]
mod tests;
mod while_loop;

pub use block::Body;
pub use cond::cond;
pub use custom::{Callback, custom_gradient, custom_gradient_traced};
pub use scan::scan;
pub use while_loop::while_loop;

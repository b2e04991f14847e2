//! Kinds of config values that several layers share.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::activations;
use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::layers::layer::check_rank;
use crate::ops::{Attrs, Sizes};
use crate::shape::{Dim, Shape};

/// The activation at the end of a layer, with its default arguments.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Activation(String);

impl Default for Activation {
    fn default() -> Self {
        Self("linear".into())
    }
}

impl Activation {
    pub fn apply(&self, x: &Value) -> Result<Value> {
        if self.0 == "linear" {
            return Ok(x.clone());
        }
        activations::activation(&self.0, x, &Attrs::new())
    }
}

/// Arguments of an activation by name.
pub fn attrs<const N: usize>(entries: [(&str, Json); N]) -> Attrs {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

/// Refuses inputs that have not a batch, `N` axes of space, and channels.
pub fn check_space<const N: usize>(dims: &[Dim]) -> Result<()> {
    let form = match N {
        1 => "(batch, steps, channels)",
        2 => "(batch, rows, columns, channels)",
        _ => "(batch, depth, rows, columns, channels)",
    };
    check_rank(dims, N + 2, form)
}

/// The sizes of a window, one for each axis of space.
pub fn window<const N: usize>(sizes: &Sizes) -> Result<Shape> {
    match sizes.0.as_slice() {
        [size] => Ok(Shape::from_elem(*size, N)),
        sizes if sizes.len() == N => Ok(sizes.into()),
        sizes => Err(Error::value("kernel_size")
            .expected(format!("{N} sizes"))
            .got(format!("{sizes:?}"))
            .hint("Pass one for each spatial axis")),
    }
}

//! Kinds of config values that several layers share.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::activations;
use crate::autograd::Value;
use crate::error::Result;
use crate::ops::Attrs;

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

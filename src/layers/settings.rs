//! Kinds of config values that several layers share.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::activations;
use crate::autograd::Value;
use crate::error::Result;
use crate::ops::Attrs;

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    #[default]
    ChannelsLast,
    ChannelsFirst,
}

impl DataFormat {
    pub fn channel_axis(self, rank: usize) -> usize {
        match self {
            DataFormat::ChannelsLast => rank - 1,
            DataFormat::ChannelsFirst => 1,
        }
    }

    pub fn spatial_axes(self, rank: usize) -> std::ops::Range<usize> {
        match self {
            DataFormat::ChannelsLast => 1..rank - 1,
            DataFormat::ChannelsFirst => 2..rank,
        }
    }

    /// The order of axes that brings the channels to the end, and the one that brings them back.
    pub fn to_last(rank: usize) -> (Vec<i64>, Vec<i64>) {
        let n = rank as i64;
        let there = [0].into_iter().chain(2..n).chain([1]).collect();
        let back = [0, n - 1].into_iter().chain(1..n - 1).collect();
        (there, back)
    }
}

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

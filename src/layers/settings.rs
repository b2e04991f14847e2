//! Kinds of config values that several layers share.

use std::num::NonZeroUsize;

use serde::Deserialize;

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

/// One axis, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "an integer or a list of integers")]
pub enum Axes {
    One(i64),
    Many(Vec<i64>),
}

impl Axes {
    pub fn last() -> Self {
        Axes::One(-1)
    }

    pub fn to_vec(&self) -> Vec<i64> {
        match self {
            Axes::One(axis) => vec![*axis],
            Axes::Many(axes) => axes.clone(),
        }
    }
}

/// Sizes, each at least 1.
pub fn sizes<const N: usize>(values: [NonZeroUsize; N]) -> [usize; N] {
    values.map(NonZeroUsize::get)
}

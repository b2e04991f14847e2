//! Sliding windows over spatial axes: strides, dilation, padding; shared by convolution and pooling.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::autograd::Value;
use crate::error::{Error, Result};
use crate::shape::{Dim, show};

/// Places of one window.
const MAX_TAPS: usize = 1 << 30;

/// Zeros on one side of an axis: kernels copy rows with the zeros around them, so that these must stay few.
const MAX_ZEROS: usize = 1 << 20;

/// Zeros around an axis.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub enum Padding {
    /// None: windows lie inside the input.
    #[default]
    Valid,
    /// Output size = ceil(input / stride); of an odd number of zeros the larger part lies behind.
    Same,
    /// In front only, so that an output never sees a later input. For one spatial axis.
    Causal,
    /// (before, after) for each spatial axis.
    Explicit(Vec<(usize, usize)>),
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "\"valid\", \"same\", \"causal\" or a list of pairs")]
        enum Raw {
            Name(String),
            Pairs(Vec<(usize, usize)>),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Pairs(pairs) => Ok(Padding::Explicit(pairs)),
            Raw::Name(name) => match name.to_ascii_lowercase().as_str() {
                "valid" => Ok(Padding::Valid),
                "same" => Ok(Padding::Same),
                "causal" => Ok(Padding::Causal),
                _ => Err(serde::de::Error::custom(format!(
                    "padding: expected \"valid\", \"same\", \"causal\" or a list of pairs; got \"{name}\""
                ))),
            },
        }
    }
}

/// One number for all spatial axes, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sizes(pub SmallVec<[usize; 3]>);

impl Default for Sizes {
    fn default() -> Self {
        Self::all(1)
    }
}

impl Sizes {
    pub fn all(n: usize) -> Self {
        Self(smallvec::smallvec![n])
    }

    pub fn of(sizes: &[usize]) -> Self {
        Self(sizes.into())
    }

    /// Aligned right in three axes, 1 in front; every size must be positive and their number must fit.
    fn spread(&self, who: &str, what: &str, rank: usize) -> Result<[usize; 3]> {
        let mut out = [1; 3];
        if self.0.len() != 1 && self.0.len() != rank {
            return Err(Error::value(who)
                .expected(format!(
                    "{what} as one number or one for each of the {rank} spatial axes"
                ))
                .got(format!("{:?}", self.0.as_slice())));
        }
        for axis in 0..rank {
            out[3 - rank + axis] = if self.0.len() == 1 {
                self.0[0]
            } else {
                self.0[axis]
            };
        }
        if out.contains(&0) {
            return Err(Error::value(who)
                .expected(format!("{what} of 1 or more"))
                .got(format!("{:?}", self.0.as_slice())));
        }
        Ok(out)
    }
}

impl<'de> Deserialize<'de> for Sizes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a whole number of at least 0, or a list of them")]
        enum Raw {
            One(usize),
            Each(Vec<usize>),
        }
        Ok(match Raw::deserialize(deserializer)? {
            Raw::One(n) => Self::all(n),
            Raw::Each(sizes) => Self::of(&sizes),
        })
    }
}

/// Where the channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    #[default]
    ChannelsLast,
    ChannelsFirst,
}

impl DataFormat {
    pub fn channel_axis(self, rank: usize) -> usize {
        match self {
            Self::ChannelsLast => rank - 1,
            Self::ChannelsFirst => 1,
        }
    }

    pub fn spatial_axes(self, rank: usize) -> std::ops::Range<usize> {
        match self {
            Self::ChannelsLast => 1..rank - 1,
            Self::ChannelsFirst => 2..rank,
        }
    }

    /// The input with its channels last.
    pub fn to_last(self, x: &Value) -> Result<Value> {
        self.moved(x, |rank| [0].into_iter().chain(2..rank).chain([1]).collect())
    }

    /// The output, made with channels last, in this format.
    pub fn restore(self, y: &Value) -> Result<Value> {
        self.moved(y, |rank| [0, rank - 1].into_iter().chain(1..rank - 1).collect())
    }

    fn moved(self, x: &Value, order: impl Fn(i64) -> Vec<i64>) -> Result<Value> {
        if self == Self::ChannelsLast || x.rank() < 3 {
            return Ok(x.clone());
        }
        super::transpose(x, Some(&order(x.rank() as i64)))
    }
}

/// Windows of three axes, settled but for the sizes of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Window {
    #[serde(skip)]
    pub who: &'static str,
    /// What the window is called in messages: "kernel" or "pool".
    #[serde(skip)]
    pub what: &'static str,
    /// Spatial axes: 1, 2 or 3.
    pub rank: usize,
    pub size: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    pub padding: Padding,
}

impl Window {
    pub fn new(
        who: &'static str,
        what: &'static str,
        rank: usize,
        size: &Sizes,
        stride: &Sizes,
        dilation: &Sizes,
        padding: &Padding,
    ) -> Result<Self> {
        if !(1..=3).contains(&rank) {
            return Err(Error::value(who)
                .expected("1, 2 or 3 spatial axes")
                .got(rank.to_string()));
        }
        match padding {
            Padding::Causal if rank != 1 => {
                return Err(Error::value(who)
                    .expected("causal padding with one spatial axis only")
                    .got(format!("{rank} spatial axes"))
                    .hint("Use \"same\" or \"valid\""));
            }
            Padding::Explicit(pairs) if pairs.len() != rank => {
                return Err(Error::value(who)
                    .expected(format!("a pair of paddings for each of the {rank} spatial axes"))
                    .got(format!("{pairs:?}")));
            }
            Padding::Explicit(pairs) if pairs.iter().any(|&(a, b)| a.max(b) > MAX_ZEROS) => {
                return Err(Error::value(who)
                    .expected(format!("paddings of at most {MAX_ZEROS}"))
                    .got(format!("{pairs:?}")));
            }
            _ => {}
        }
        let sizes = size.spread(who, &format!("{what} sizes"), rank)?;
        let taps = sizes.iter().try_fold(1_usize, |n, size| n.checked_mul(*size));
        if taps.is_none_or(|n| n > MAX_TAPS) {
            return Err(Error::value(who)
                .expected(format!("a {what} of at most {MAX_TAPS} places"))
                .got(format!("{what} sizes {:?}", size.0.as_slice()))
                .hint(format!("Use a smaller {what}")));
        }
        Ok(Self {
            who,
            what,
            rank,
            size: sizes,
            stride: stride.spread(who, "strides", rank)?,
            dilation: dilation.spread(who, "a dilation rate", rank)?,
            padding: padding.clone(),
        })
    }

    /// Input pixels that a window spans on an axis, none if that is beyond counting.
    fn span(&self, axis: usize) -> Option<usize> {
        (self.size[axis] - 1)
            .checked_mul(self.dilation[axis])?
            .checked_add(1)
    }

    /// (output size, zeros in front) on one of the three axes for an input of size `n`.
    fn along(&self, axis: usize, n: usize) -> Option<(usize, usize)> {
        let (span, stride) = (self.span(axis)?, self.stride[axis]);
        let lead = 3 - self.rank;
        if axis < lead {
            return Some((1, 0));
        }
        let (before, after) = match &self.padding {
            Padding::Same | Padding::Causal if self.needs_many_zeros(axis, n) => return None,
            Padding::Same => {
                let output = n.div_ceil(stride);
                let needed = (output.max(1) - 1).checked_mul(stride)?.checked_add(span)?;
                return Some((output, needed.saturating_sub(n) / 2));
            }
            Padding::Valid => (0, 0),
            Padding::Causal => (span - 1, 0),
            Padding::Explicit(pairs) => pairs[axis - lead],
        };
        let padded = n.checked_add(before)?.checked_add(after)?;
        Some(((padded.checked_sub(span)?) / stride + 1, before))
    }

    /// Whether a window is so much larger than an input of size `n` that padding would be too much for kernels.
    fn needs_many_zeros(&self, axis: usize, n: usize) -> bool {
        matches!(self.padding, Padding::Same | Padding::Causal)
            && self
                .span(axis)
                .is_none_or(|span| span.saturating_sub(n) > MAX_ZEROS)
    }

    fn too_large(&self, axis: usize, dims: &[Dim]) -> Error {
        let n = dims[axis + self.rank - 2].unwrap_or(0);
        let span = self.span(axis).map_or("too many".into(), |s| s.to_string());
        let error = Error::value(self.who).got(format!(
            "{} size {} with dilation {} (spanning {span}) on axis {} of size {n}, input {}",
            self.what,
            self.size[axis],
            self.dilation[axis],
            axis + self.rank - 2,
            show(dims)
        ));
        if self.needs_many_zeros(axis, n) {
            return error
                .expected(format!(
                    "a {} that spans at most {MAX_ZEROS} more than the input",
                    self.what
                ))
                .hint(format!("Use a smaller {} or dilation", self.what));
        }
        error
            .expected(format!("a {} no larger than the padded input", self.what))
            .hint(format!(
                "Computed output size would be zero or negative. Use a smaller {}, padding=\"same\", or a larger input",
                self.what
            ))
    }

    /// Output sizes of the spatial axes of an input (batch, spatial.., channels).
    pub fn outputs(&self, dims: &[Dim]) -> Result<SmallVec<[Dim; 3]>> {
        if dims.len() != self.rank + 2 {
            return Err(Error::value(self.who)
                .expected(format!(
                    "an input of rank {}: batch, {} spatial, channels",
                    self.rank + 2,
                    self.rank
                ))
                .got(format!("rank {}, shape {}", dims.len(), show(dims)))
                .hint("Reshape the input, or add an axis"));
        }
        (3 - self.rank..3)
            .map(|axis| match dims[axis + self.rank - 2] {
                Option::None => Ok(Option::None),
                Some(n) => self
                    .along(axis, n)
                    .map(|(o, _)| Some(o))
                    .ok_or_else(|| self.too_large(axis, dims)),
            })
            .collect()
    }

    /// The window on three axes for a concrete input shape.
    pub fn settle(&self, shape: &[usize]) -> Result<Settled> {
        let (mut input, mut output, mut before) = ([1; 3], [1; 3], [0; 3]);
        let mut stride = self.stride;
        let dims: SmallVec<[Dim; 6]> = shape.iter().copied().map(Some).collect();
        for axis in 3 - self.rank..3 {
            input[axis] = shape[axis + self.rank - 2];
            (output[axis], before[axis]) = self
                .along(axis, input[axis])
                .ok_or_else(|| self.too_large(axis, &dims))?;
            // A window that never moves may have any stride. Kernels multiply it, and gradients go through its phases.
            if output[axis] <= 1 {
                stride[axis] = stride[axis].min(input[axis].max(1));
            }
        }
        Ok(Settled {
            input,
            output,
            before,
            stride,
        })
    }
}

/// Where the windows lie on three axes.
pub struct Settled {
    pub input: [usize; 3],
    pub output: [usize; 3],
    /// Zeros in front.
    pub before: [usize; 3],
    pub stride: [usize; 3],
}

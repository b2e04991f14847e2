//! Batch and layer normalisation.
//!
//! Sums over many rows are made chunk by chunk, each chunk's mean and squared deviations while it is in the cache, and
//! chunks are joined in their order by the formula of Chan, Golub and LeVeque (1983): one pass over memory, no
//! cancellation, and the same bits for any number of threads.

use super::parallel::GRAIN;
use super::real::Real;

#[path = "norm_affine.rs"]
mod affine;
#[path = "norm_batch.rs"]
mod batch;
#[path = "norm_batch_gradient.rs"]
mod batch_gradient;
#[path = "norm_layer.rs"]
mod layers;

pub use affine::{Then, Weights, normalize};
pub use batch::statistics;
pub use batch_gradient::{Arriving, Saved, Through, gradient};
pub use layers::{layer, layer_gradient, layer_scratch};

/// Columns that a row should have: with fewer channels, several rows are taken as one, so that lanes are full and a
/// row's overhead is spread.
const WIDE: usize = 128;

/// An array seen as (outer, channels, inner); channels last means inner = 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub outer: usize,
    pub channels: usize,
    pub inner: usize,
}

impl Layout {
    pub fn len(&self) -> usize {
        self.outer * self.channels * self.inner
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Numbers of each channel.
    pub fn count(&self) -> usize {
        self.outer * self.inner
    }
    /// The same array with several rows taken as one: column i stands for channel i modulo the channels.
    fn folded(self) -> Self {
        let mut folded = self;
        while self.inner == 1
            && !self.is_empty()
            && 2 * folded.channels <= WIDE
            && folded.outer.is_multiple_of(2)
        {
            folded.channels *= 2;
            folded.outer /= 2;
        }
        folded
    }
    /// Outer indices of a chunk.
    fn grain(&self) -> usize {
        (GRAIN / (self.channels * self.inner).max(1)).max(1)
    }
    fn chunks(&self) -> usize {
        self.outer.div_ceil(self.grain())
    }
    /// Scratch numbers that `statistics` and `gradient` need.
    pub fn scratch(&self) -> usize {
        let folded = self.folded();
        2 * folded.channels * folded.chunks()
    }
}

/// Numbers of the channels, repeated for the columns of a folded layout.
struct Repeated<'a, T> {
    numbers: &'a [T],
    memory: [T; WIDE],
    columns: usize,
}

impl<'a, T: Real> Repeated<'a, T> {
    fn new(layout: Layout, numbers: &'a [T]) -> Self {
        let (mut memory, columns) = ([T::ZERO; WIDE], layout.folded().channels);
        if columns != layout.channels {
            memory[..columns]
                .chunks_exact_mut(layout.channels)
                .for_each(|part| part.copy_from_slice(numbers));
        }
        Self {
            numbers,
            memory,
            columns,
        }
    }
    fn get(&self) -> &[T] {
        if self.columns == self.numbers.len() {
            self.numbers
        } else {
            &self.memory[..self.columns]
        }
    }
}

#[cfg(test)]
#[path = "norm_tests.rs"]
mod tests;

//! Recurrent layers over whole sequences.
//!
//! The batch is cut into chunks of rows, by shape alone, and each chunk walks through all time steps by itself: nothing
//! waits for another thread. The weights are packed once for each call; in a step, the products of a few columns are
//! followed at once by their gates, while the sums are in L1. Neither the input's share of the sums nor the gradients of
//! the gates are ever written for the whole sequence: the input is multiplied in the step that needs it, and on the way
//! back each block of steps adds its part to the gradients of the weights.

mod back;
mod backward;
mod forward;
mod gates;
mod gru;
mod gru_before;
mod lstm;
mod product;
mod shares;
mod simple;
#[cfg(test)]
mod tests;

pub use backward::{Backward, Gradients, backward, backward_scratch};
pub use forward::{Forward, Results, forward, forward_scratch};
pub use gru::Gru;
pub use gru_before::GruBefore;
pub use lstm::Lstm;
pub use simple::{Curve, Simple};

use serde::Serialize;

use super::math::Math;
use super::simd::Lanes;
use back::Back;
use forward::Step;
use product::Pack;
use shares::Contraction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub steps: usize,
    pub features: usize,
    pub units: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Options {
    /// From the last step to the first; results are in the order in which they are made.
    pub backwards: bool,
    /// The output of every step, instead of the last one.
    pub sequences: bool,
    /// A masked step's output is zero, instead of the state that is carried on.
    pub zero_masked: bool,
}

/// A kernel of `features` rows, a recurrent kernel of `units` rows, and biases: all in the order of gates that Keras has.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a, T> {
    pub kernel: &'a [T],
    pub recurrent: &'a [T],
    pub bias: Option<&'a [T]>,
}

/// What one kind of recurrent layer does in a step, and on the way back.
pub trait Cell<T: Math>: Copy + Send + Sync {
    /// Columns of the kernels for each unit.
    const GATES: usize;
    /// Biases for each unit.
    const BIASES: usize;
    /// Columns of the gradients with respect to the sums: the gates, and what of them the two kernels do not share.
    const SLOPES: usize;
    /// Numbers kept for each unit and step for the way back.
    const KEPT: usize;
    /// Columns, for each unit, of sums that a forward step holds at a time.
    const SUMS: usize;
    /// Whether a step holds the sums of all units at a time, not of one register of them.
    const ALL_SUMS: bool = false;
    /// Whether there is a second state.
    const CARRY: bool = false;
    /// Whether the recurrent kernel also meets a changed state, which has a place of its own beside the state.
    const CHANGED: bool = false;

    /// Packed numbers for one register of units.
    fn packed(s: Sizes, lanes: usize) -> usize;

    /// Packs the weights of units `first..first + count`.
    ///
    /// # Safety
    /// `to` must be valid for [`Cell::packed`] numbers.
    unsafe fn pack<L: Lanes<T>>(s: Sizes, w: Weights<'_, T>, first: usize, count: usize, to: *mut T);

    /// One step of one chunk.
    ///
    /// # Safety
    /// The pointers of `step` must be as its fields say.
    unsafe fn step<L: Lanes<T>>(self, step: &Step<T>);

    /// One step of one chunk, backward.
    ///
    /// # Safety
    /// The pointers of `back` must be as its fields say.
    unsafe fn back<L: Lanes<T>>(self, back: &Back<T>);

    /// The products that make the gradients of the kernels.
    fn contractions(s: Sizes) -> &'static [Contraction];

    /// The gradient of the biases from the sums of the slopes' columns.
    fn bias(units: usize, sums: &[T], to: &mut [T]);
}

/// Numbers in the widest register.
const fn widest<T>() -> usize {
    64 / size_of::<T>()
}

/// Units in whole registers, of any width.
const fn padded<T>(units: usize) -> usize {
    units.next_multiple_of(widest::<T>())
}

/// Rows of the batch that one thread takes at a time: enough of them to pay for reading the weights, few enough that two
/// threads share the batches that are usual.
fn chunk_rows(s: Sizes) -> usize {
    let work = s.batch * s.units.max(4) * (s.units + s.features) * s.steps;
    match s.batch {
        0..=4 => s.batch.max(1),
        5..=15 if work < 1 << 18 => s.batch,
        5..=32 if work < 1 << 16 => s.batch,
        5..=31 => s.batch.div_ceil(2),
        n => n.div_ceil(n.div_ceil(32).clamp(2, 16)),
    }
}

/// `n` numbers, and room to begin them at a cache line.
const fn aligned<T>(n: usize) -> usize {
    n.next_multiple_of(widest::<T>())
}

/// Cuts pieces, each at a cache line, off the front of scratch memory.
struct Pieces<'a, T> {
    rest: &'a mut [T],
}

impl<'a, T> Pieces<'a, T> {
    fn new(scratch: &'a mut [T]) -> Self {
        let skip = scratch.as_ptr().align_offset(64).min(scratch.len());
        Self {
            rest: &mut scratch[skip..],
        }
    }
    fn take(&mut self, n: usize) -> &'a mut [T] {
        let (piece, rest) = core::mem::take(&mut self.rest).split_at_mut(aligned::<T>(n));
        self.rest = rest;
        piece
    }
}

/// Whether a row takes part in a step: `mask` points to the row's place, or nowhere.
///
/// # Safety
/// `mask` must be null, or have a byte at `row * stride`.
#[inline(always)]
unsafe fn masked(mask: *const u8, row: usize, stride: usize) -> bool {
    // SAFETY: by the caller's promise.
    !mask.is_null() && unsafe { *mask.add(row * stride) == 0 }
}

/// The first `count` numbers at `from`; a whole register is read without a mask.
///
/// # Safety
/// `from` must hold `count` numbers, at most a register of them.
#[inline(always)]
unsafe fn read<T: Math, L: Lanes<T>>(from: *const T, count: usize) -> L {
    // SAFETY: by the caller's promise.
    unsafe {
        if count == L::N {
            L::load(from)
        } else {
            L::load_part(from, count)
        }
    }
}

/// Writes the first `count` numbers to `to`; a whole register without a mask.
///
/// # Safety
/// `to` must have room for `count` numbers, at most a register of them.
#[inline(always)]
unsafe fn write<T: Math, L: Lanes<T>>(x: L, to: *mut T, count: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        if count == L::N {
            x.store(to)
        } else {
            x.store_part(to, count)
        }
    }
}

/// Where what a row keeps of the units from `unit` on begins in a step's record: register after register of units, and in
/// each of these row after row, so that a step writes in one go.
#[inline(always)]
const fn place(rows: usize, row: usize, unit: usize, count: usize, kept: usize) -> usize {
    (unit * rows + row * count) * kept
}

/// Packs a panel of V registers for the way forward, register v holding columns `at[v]..at[v] + count` of each matrix: a
/// row of biases, then the rows of the matrices. Returns where it ends.
///
/// # Safety
/// `to` must be valid for all that.
#[inline(always)]
unsafe fn panel<T: Math, L: Lanes<T>, const V: usize>(
    matrices: &[&[T]],
    width: usize,
    at: [usize; V],
    count: usize,
    bias: impl Fn(usize) -> T,
    to: *mut T,
) -> *mut T {
    // SAFETY: by the caller's promise; the columns are inside the matrices, whose rows are `width` long.
    unsafe {
        for (v, &first) in at.iter().enumerate() {
            for j in 0..L::N {
                *to.add(v * L::N + j) = if j < count { bias(first + j) } else { T::ZERO };
            }
        }
        let mut to = to.add(V * L::N);
        for matrix in matrices {
            let length = matrix.len() / width;
            for (v, &first) in at.iter().enumerate() {
                let pack = Pack {
                    from: matrix.as_ptr().wrapping_add(first),
                    row: width,
                    column: 1,
                    length,
                    columns: count,
                    to: to.add(v * L::N),
                    ld: V * L::N,
                };
                pack.run::<L>();
            }
            to = to.add(length * V * L::N);
        }
        to
    }
}

//! A chunk's share of the gradients of the weights, block of steps by block.

use super::product::{Pack, Start, Term, WIDE, product};
use super::{Cell, Sizes, aligned, padded, widest};
use crate::kernels::math::Math;
use crate::kernels::parallel;
use crate::kernels::simd::Lanes;

/// Columns of the gradients of both kernels, counted in units: the slopes `slopes..slopes + gates` meet the inputs, the states
/// before (0) or the changed states (1), or not; what comes of it belongs at column `column`.
#[derive(Debug, Clone, Copy)]
pub struct Contraction {
    pub slopes: usize,
    pub gates: usize,
    pub column: usize,
    pub inputs: bool,
    pub states: Option<usize>,
}

/// Places in the scratch memory of a chunk, in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Steps in a block.
    pub block: usize,
    pub width: usize,
    pub slopes_row: usize,
    pub met_states: usize,
    pub met_row: usize,
    pub states: usize,
    pub slopes: usize,
    pub met: usize,
    pub panel: usize,
    pub share: usize,
}

impl Places {
    pub fn of<T: Math, C: Cell<T>>(s: Sizes, rows: usize) -> Self {
        let width = padded::<T>(s.units);
        let (slopes_row, met_states) = (C::SLOPES * s.units, aligned::<T>(s.features));
        let met_row = met_states + width * (1 + usize::from(C::CHANGED));
        // Slopes and what they meet of a block of steps stay in L2.
        let deep = (BLOCK_BYTES / ((slopes_row + met_row) * size_of::<T>()).max(1)).clamp(128, 256);
        let block = (deep / rows).clamp(1, s.steps.max(1));
        let kernels = (s.features + s.units) * C::GATES * s.units;
        Self {
            block,
            width,
            slopes_row,
            met_states,
            met_row,
            states: aligned::<T>(3 * rows * width),
            slopes: aligned::<T>(block * rows * slopes_row),
            met: aligned::<T>(block * rows * met_row),
            panel: block * rows * WIDE * widest::<T>(),
            share: aligned::<T>(kernels) + aligned::<T>(C::SLOPES * width),
        }
    }
    pub fn size(&self) -> usize {
        self.states + self.slopes + self.met + self.panel + self.share
    }
}

const BLOCK_BYTES: usize = 190 << 10;

/// What a block of steps leaves for the gradients of the weights.
#[derive(Clone, Copy)]
pub struct Block<T> {
    pub sizes: Sizes,
    /// Columns of the kernels.
    pub width: usize,
    /// Rows of slopes and of what they met.
    pub depth: usize,
    pub slopes: *const T,
    pub met: *const T,
    pub places: Places,
    /// Room for two registers of columns of slopes.
    pub panel: *mut T,
    pub share: *mut T,
}

impl<T: Math> Block<T> {
    /// share += (what was met)^T slopes
    ///
    /// # Safety
    /// The share and what was met must have the places that `Places` says.
    #[inline(always)]
    pub unsafe fn add<L: Lanes<T>>(&self, c: Contraction) {
        let Sizes { features, units, .. } = self.sizes;
        let columns = c.gates * units;
        let kernel = self.share.wrapping_add(c.column * units);
        let recurrent = kernel.wrapping_add(features * self.width);
        let states = self.places.met_states + c.states.unwrap_or(0) * self.places.width;
        for first in (0..columns).step_by(WIDE * L::N) {
            let left = columns - first;
            let registers = left.div_ceil(L::N).min(WIDE);
            // SAFETY: by the promise of the caller, who has made room for all that `Places` says.
            unsafe {
                for v in 0..registers {
                    let pack = Pack {
                        from: self.slopes.add(c.slopes * units + first + v * L::N),
                        row: self.places.slopes_row,
                        column: 1,
                        length: self.depth,
                        columns: L::N.min(left - v * L::N),
                        to: self.panel.add(v * L::N),
                        ld: registers * L::N,
                    };
                    pack.run::<L>();
                }
                let last = (left - (registers - 1) * L::N).min(L::N);
                for (wanted, rows, from, to) in [
                    (c.inputs, features, 0, kernel),
                    (c.states.is_some(), units, states, recurrent),
                ] {
                    if !wanted {
                        continue;
                    }
                    let term = Term {
                        a: self.met.add(from),
                        row: 1,
                        step: self.places.met_row,
                        length: self.depth,
                        b: self.panel.cast_const(),
                    };
                    let (terms, to) = ([term, Term::NONE], to.add(first));
                    if registers == WIDE {
                        product::<T, L, WIDE>(rows, Start::There, terms, to, self.width, last);
                    } else {
                        product::<T, L, 1>(rows, Start::There, terms, to, self.width, last);
                    }
                }
            }
        }
    }
}

/// to = share of chunk 0 + share of chunk 1 + ...
pub fn add_shares<'a, T: Math>(
    to: &mut [T],
    chunks: usize,
    share: impl Fn(usize, core::ops::Range<usize>) -> &'a [T] + Sync,
) {
    parallel::for_chunks_mut(to, parallel::GRAIN, |first, to| {
        to.fill(T::ZERO);
        let range = first..first + to.len();
        for chunk in 0..chunks {
            for (to, &x) in to.iter_mut().zip(share(chunk, range.clone())) {
                *to += x;
            }
        }
    });
}

//! The way back: chunks of rows, each through all steps from the last to the first.
//!
//! A block of steps leaves the slopes (gradients with respect to the sums) of its rows in L2, beside the inputs and states
//! that made the sums; then their product is added to the chunk's share of the gradients of the weights. The shares are
//! added up at the end, in the order of the rows.

use super::back::{Back, pack_transposed, products};
use super::forward::{Forward, check};
use super::product::{Start, Term};
use super::shares::{Block, Places, add_shares};
use super::{Cell, Options, Pieces, Sizes, aligned, chunk_rows, padded, widest};
use crate::kernels::math::Math;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// `of` is what went forward; the gradients that arrived are `None` where there are none.
#[derive(Debug, Clone, Copy)]
pub struct Backward<'a, T> {
    pub of: Forward<'a, T>,
    pub kept: &'a [T],
    pub dy: Option<&'a [T]>,
    pub dh: Option<&'a [T]>,
    pub dc: Option<&'a [T]>,
}

/// The gradients that are wanted.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    pub x: Option<&'a mut [T]>,
    /// The kernel's, the recurrent kernel's, and the biases' (empty without biases).
    pub weights: Option<[&'a mut [T]; 3]>,
    pub h: Option<&'a mut [T]>,
    pub c: Option<&'a mut [T]>,
}

pub fn backward_scratch<T: Math, C: Cell<T>>(s: Sizes) -> usize {
    let rows = chunk_rows(s);
    let transposed = aligned::<T>((padded::<T>(s.units) + padded::<T>(s.features)) * C::GATES * s.units);
    transposed + s.batch.div_ceil(rows) * Places::of::<T, C>(s, rows).size() + widest::<T>()
}

/// All steps of one chunk of rows, backward.
struct Chunk<'a, T, C> {
    cell: C,
    b: &'a Backward<'a, T>,
    recurrent: &'a [T],
    /// The kernel, transposed, where the gradient of the inputs is wanted.
    kernel: &'a [T],
    first: usize,
    rows: usize,
    places: Places,
    scratch: &'a mut [T],
    weights: bool,
    dx: *mut T,
    dh: *mut T,
    dc: *mut T,
}

impl<T: Math, C: Cell<T>> Kernel<T> for Chunk<'_, T, C> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Sizes {
            steps,
            features,
            units,
            ..
        } = self.b.of.sizes;
        let Options {
            backwards,
            sequences,
            zero_masked,
        } = self.b.of.options;
        let (rows, first, p) = (self.rows, self.first, self.places);
        let start = self.scratch.as_mut_ptr();
        let (slopes, met) = (
            start.wrapping_add(p.states),
            start.wrapping_add(p.states + p.slopes),
        );
        let panel = start.wrapping_add(p.states + p.slopes + p.met);
        let share = panel.wrapping_add(p.panel);
        let state = |i: usize| start.wrapping_add(i * rows * p.width);
        let (dh, dc, extra) = (state(0), state(1), state(2));
        let totals = share.wrapping_add(aligned::<T>((features + units) * C::GATES * units));
        let row_of = |x: Option<&[T]>, width: usize| {
            x.map_or(core::ptr::null(), |x| x.as_ptr().wrapping_add(first * width))
        };
        // SAFETY: the scratch memory has the size that `Places` says; inputs and outputs have been checked against the
        // sizes by `backward`; rows first..first + rows are this chunk's own.
        unsafe {
            core::slice::from_raw_parts_mut(start, p.states).fill(T::ZERO);
            core::slice::from_raw_parts_mut(share, p.share).fill(T::ZERO);
            for (given, to) in [(self.b.dh, dh), (self.b.dc, dc)] {
                let given = given
                    .iter()
                    .flat_map(|g| g.chunks_exact(units).skip(first).take(rows));
                for (r, from) in given.enumerate() {
                    to.add(r * p.width).copy_from_nonoverlapping(from.as_ptr(), units);
                }
            }
            let record = rows * C::KEPT * units;
            let kept = |s: usize| {
                self.b
                    .kept
                    .as_ptr()
                    .add(first * steps * C::KEPT * units + s * record)
            };
            let mut end = steps;
            while end > 0 {
                let begin = end.saturating_sub(p.block);
                for s in (begin..end).rev() {
                    let t = if backwards { steps - 1 - s } else { s };
                    let at = (s - begin) * rows;
                    let (slopes, met) = (slopes.add(at * p.slopes_row), met.add(at * p.met_row));
                    if self.weights {
                        for r in 0..rows {
                            let x = self.b.of.x.as_ptr().add(((first + r) * steps + t) * features);
                            copy::<T, L>(x, met.add(r * p.met_row), features);
                        }
                    }
                    let dy = if sequences {
                        row_of(self.b.dy, steps * units).wrapping_add(s * units)
                    } else {
                        row_of(self.b.dy, units)
                    };
                    let has_dy = self.b.dy.is_some() && (sequences || s == steps - 1);
                    self.cell.back::<L>(&Back {
                        sizes: self.b.of.sizes,
                        rows,
                        padded: p.width,
                        kept: kept(s),
                        kept_before: if s == 0 { core::ptr::null() } else { kept(s - 1) },
                        first_h: row_of(self.b.of.h, units),
                        first_c: row_of(self.b.of.c, units),
                        dy: if has_dy { dy } else { core::ptr::null() },
                        dy_row: if sequences { steps * units } else { units },
                        mask: self
                            .b
                            .of
                            .mask
                            .map_or(core::ptr::null(), |m| m.as_ptr().add(first * steps + t)),
                        zero_masked,
                        dh,
                        dc,
                        extra,
                        slopes,
                        slopes_row: p.slopes_row,
                        met: if self.weights { met } else { core::ptr::null_mut() },
                        met_row: p.met_row,
                        met_states: p.met_states,
                        totals,
                        recurrent: self.recurrent.as_ptr(),
                        gates: C::GATES,
                    });
                    if !self.dx.is_null() {
                        let length = C::GATES * units;
                        let to = self.dx.add((first * steps + t) * features);
                        let terms = |b: *const T, _: usize| {
                            let row = p.slopes_row;
                            [
                                Term {
                                    a: slopes.cast_const(),
                                    row,
                                    step: 1,
                                    length,
                                    b,
                                },
                                Term::NONE,
                            ]
                        };
                        let kernel = self.kernel.as_ptr();
                        let row = steps * features;
                        products::<T, L>(rows, features, length, kernel, terms, Start::Zero, to, row, false);
                    }
                }
                if self.weights {
                    let block = Block {
                        sizes: self.b.of.sizes,
                        width: C::GATES * units,
                        depth: (end - begin) * rows,
                        slopes,
                        met,
                        places: p,
                        panel,
                        share,
                    };
                    for c in C::contractions(self.b.of.sizes) {
                        block.add::<L>(*c);
                    }
                }
                end = begin;
            }
            for (from, to) in [(dh, self.dh), (dc, self.dc)]
                .into_iter()
                .filter(|(_, to)| !to.is_null())
            {
                for r in 0..rows {
                    to.add((first + r) * units)
                        .copy_from_nonoverlapping(from.add(r * p.width), units);
                }
            }
        }
    }
}

/// # Safety
/// Both must be valid for `n` numbers.
#[inline(always)]
unsafe fn copy<T: Math, L: Lanes<T>>(from: *const T, to: *mut T, n: usize) {
    for i in (0..n).step_by(L::N) {
        // SAFETY: by the caller's promise.
        unsafe {
            super::write(
                super::read::<T, L>(from.add(i), L::N.min(n - i)),
                to.add(i),
                L::N.min(n - i),
            )
        }
    }
}

pub fn backward<T: Math, C: Cell<T>>(cell: C, b: &Backward<'_, T>, out: Gradients<'_, T>, scratch: &mut [T]) {
    let s = b.of.sizes;
    check(s, C::GATES, C::BIASES, &b.of);
    assert_eq!(
        b.kept.len(),
        s.batch * s.steps * s.units * C::KEPT,
        "recurrent: what is kept has another size"
    );
    let outputs = s.batch * s.units * if b.of.options.sequences { s.steps } else { 1 };
    assert!(
        b.dy.is_none_or(|dy| dy.len() == outputs),
        "recurrent: dy has another size"
    );
    let states = [b.dh, b.dc, out.h.as_deref(), out.c.as_deref()];
    for state in states.into_iter().flatten() {
        assert_eq!(
            state.len(),
            s.batch * s.units,
            "recurrent: the gradient of a state has another size"
        );
    }
    assert!(
        out.x.as_deref().is_none_or(|x| x.len() == b.of.x.len()),
        "recurrent: dx has another size"
    );
    let rows = chunk_rows(s);
    let places = Places::of::<T, C>(s, rows);
    let width = C::GATES * s.units;
    let mut pieces = Pieces::new(scratch);
    let recurrent = pieces.take(padded::<T>(s.units) * width);
    let kernel = pieces.take(padded::<T>(s.features) * width);
    pack_transposed(b.of.weights.recurrent, width, recurrent);
    if out.x.is_some() {
        pack_transposed(b.of.weights.kernel, width, kernel);
    }
    let (recurrent, kernel) = (&*recurrent, &*kernel);
    let chunks = s.batch.div_ceil(rows);
    let size = places.size();
    let shared = Disjoint::new(pieces.take(chunks * size));
    // Each chunk writes to rows of its own.
    let start = |d: &Option<Disjoint<'_, T>>| d.as_ref().map_or(core::ptr::null_mut(), |d| d.pointer(0..0));
    let [dx, dh, dc] = [out.x, out.h, out.c].map(|d| d.map(Disjoint::new));
    parallel::for_ranges(s.batch, rows, |range| {
        let at = range.start / rows * size;
        dispatch(Chunk {
            cell,
            b,
            recurrent,
            kernel,
            first: range.start,
            rows: range.len(),
            places,
            // SAFETY: one piece for each chunk.
            scratch: unsafe { shared.slice(at..at + size) },
            weights: out.weights.is_some(),
            dx: start(&dx),
            dh: start(&dh),
            dc: start(&dc),
        });
    });
    let Some([kernel, recurrent, bias]) = out.weights else {
        return;
    };
    let share = |chunk: usize, range: core::ops::Range<usize>| {
        let at = chunk * size + size - places.share;
        let from = shared.pointer(at + range.start..at + range.end);
        // SAFETY: all chunks are done; from here on the shares are only read.
        unsafe { core::slice::from_raw_parts(from.cast_const(), range.len()) }
    };
    let split = s.features * width;
    add_shares(kernel, chunks, |chunk, range| share(chunk, range));
    add_shares(recurrent, chunks, |chunk, range| {
        share(chunk, split + range.start..split + range.end)
    });
    if !bias.is_empty() {
        let first = aligned::<T>((s.features + s.units) * width);
        let mut sums = vec![T::ZERO; C::SLOPES * s.units];
        for gate in 0..C::SLOPES {
            let at = first + gate * places.width;
            let to = &mut sums[gate * s.units..(gate + 1) * s.units];
            add_shares(to, chunks, |chunk, range| {
                share(chunk, at + range.start..at + range.end)
            });
        }
        C::bias(s.units, &sums, bias);
    }
}

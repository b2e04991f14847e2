//! The way forward: chunks of rows, each through all steps.

use super::product::{Start, Term};
use super::{Cell, Options, Pieces, Sizes, Weights, aligned, chunk_rows, padded, widest};
use crate::kernels::math::Math;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// x is (batch, steps, features), the mask (batch, steps); states are (batch, units), zeros where they are not given.
#[derive(Debug, Clone, Copy)]
pub struct Forward<'a, T> {
    pub sizes: Sizes,
    pub options: Options,
    pub x: &'a [T],
    pub mask: Option<&'a [u8]>,
    pub weights: Weights<'a, T>,
    pub h: Option<&'a [T]>,
    pub c: Option<&'a [T]>,
}

/// y is (batch, steps, units), or (batch, units) of the last step; the last states; and what the way back needs, in an
/// order of its own: `KEPT` numbers for each unit, step and row.
#[derive(Debug)]
pub struct Results<'a, T> {
    pub y: &'a mut [T],
    pub h: Option<&'a mut [T]>,
    pub c: Option<&'a mut [T]>,
    pub kept: Option<&'a mut [T]>,
}

/// What a step of a chunk works on. Rows of states and sums are whole registers, `padded` numbers apart.
#[derive(Debug, Clone, Copy)]
pub struct Step<T> {
    pub sizes: Sizes,
    pub rows: usize,
    pub padded: usize,
    /// The inputs of this step, rows `x_row` apart.
    pub x: *const T,
    pub x_row: usize,
    pub weights: *const T,
    pub h: *const T,
    pub h_next: *mut T,
    pub c: *mut T,
    /// A state that the recurrent kernel meets in place of `h`.
    pub changed: *mut T,
    pub sums: *mut T,
    /// This step's place in the output, rows `y_row` apart; or null.
    pub y: *mut T,
    pub y_row: usize,
    /// This step's place in what is kept, and the step's before it; null where nothing is kept or no step came before.
    pub kept: *mut T,
    pub kept_before: *const T,
    /// This step's masks, rows `steps` apart; or null.
    pub mask: *const u8,
    pub zero_masked: bool,
}

impl<T: Math> Step<T> {
    /// x times packed rows at `b`.
    #[inline(always)]
    pub fn input(&self, b: *const T) -> Term<T> {
        Term {
            a: self.x,
            row: self.x_row,
            step: 1,
            length: self.sizes.features,
            b,
        }
    }
    /// The state times packed rows at `b`.
    #[inline(always)]
    pub fn state(&self, b: *const T) -> Term<T> {
        Term {
            a: self.h,
            row: self.padded,
            step: 1,
            length: self.sizes.units,
            b,
        }
    }
    /// Sums for the panel at `b`, V registers wide: a row of biases, the input's rows, the state's.
    ///
    /// # Safety
    /// As for `Cell::step`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn both<L: Lanes<T>, const V: usize>(&self, b: *const T, sums: *mut T, ldc: usize) {
        let x = b.wrapping_add(V * L::N);
        let h = x.wrapping_add(self.sizes.features * V * L::N);
        let terms = [self.input(x), self.state(h)];
        // SAFETY: by the promise of `Cell::step`.
        unsafe {
            super::product::product::<T, L, V>(self.rows, Start::Bias(b), terms, sums, ldc, L::N);
        }
    }
    /// # Safety
    /// As for `Cell::step`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn masked(&self, row: usize) -> bool {
        // SAFETY: by the promise of `Cell::step`.
        unsafe { super::masked(self.mask, row, self.sizes.steps) }
    }
    /// Writes the new state, and the output if each step has one.
    ///
    /// # Safety
    /// As for `Cell::step`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn put<L: Lanes<T>>(&self, row: usize, unit: usize, count: usize, h: L, y: L) {
        // SAFETY: by the promise of `Cell::step`.
        unsafe {
            h.store(self.h_next.add(row * self.padded + unit));
            if !self.y.is_null() {
                super::write(y, self.y.add(row * self.y_row + unit), count);
            }
        }
    }
    /// The state that a masked row keeps, which is also its output unless that is to be zero.
    ///
    /// # Safety
    /// As for `Cell::step`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn carry<L: Lanes<T>>(&self, row: usize, unit: usize, count: usize) -> L {
        // SAFETY: by the promise of `Cell::step`.
        unsafe {
            let h = L::load(self.h.add(row * self.padded + unit));
            let y = if self.zero_masked { L::splat(T::ZERO) } else { h };
            self.put(row, unit, count, h, y);
            h
        }
    }
}

/// Numbers of scratch memory in one chunk: two of the state, the carry, the changed state, the sums, a last output.
fn chunk_scratch<T: Math, C: Cell<T>>(s: Sizes, rows: usize) -> usize {
    let width = padded::<T>(s.units);
    let sums = C::SUMS * if C::ALL_SUMS { width } else { widest::<T>() };
    rows * (4 * width + sums)
}

pub fn forward_scratch<T: Math, C: Cell<T>>(s: Sizes) -> usize {
    let rows = chunk_rows(s);
    let packed = aligned::<T>(packed_size::<T, C>(s));
    packed + s.batch.div_ceil(rows) * aligned::<T>(chunk_scratch::<T, C>(s, rows)) + widest::<T>()
}

/// For whatever width of registers.
fn packed_size<T: Math, C: Cell<T>>(s: Sizes) -> usize {
    let wide = widest::<T>();
    padded::<T>(s.units) / wide * C::packed(s, wide)
}

/// Packs the weights for the widest registers of this machine.
struct PackUnits<'a, T, C> {
    cell: core::marker::PhantomData<C>,
    sizes: Sizes,
    weights: Weights<'a, T>,
    to: &'a Disjoint<'a, T>,
}

impl<T: Math, C: Cell<T>> Kernel<T> for PackUnits<'_, T, C> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (s, block) = (self.sizes, C::packed(self.sizes, L::N));
        let groups = s.units.div_ceil(L::N);
        let grain = ((1 << 16) / block.max(1)).max(1);
        parallel::for_ranges(groups, grain, |range| {
            dispatch(PackRange::<'_, T, C> { of: &self, range });
        });
    }
}

struct PackRange<'a, T, C> {
    of: &'a PackUnits<'a, T, C>,
    range: core::ops::Range<usize>,
}

impl<T: Math, C: Cell<T>> Kernel<T> for PackRange<'_, T, C> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (s, block) = (self.of.sizes, C::packed(self.of.sizes, L::N));
        for g in self.range {
            let first = g * L::N;
            let to = self.of.to.pointer(g * block..(g + 1) * block);
            // SAFETY: groups have places of their own, of the size that `packed` says.
            unsafe { C::pack::<L>(s, self.of.weights, first, L::N.min(s.units - first), to) };
        }
    }
}

/// All steps of one chunk of rows.
struct Chunk<'a, T, C> {
    cell: C,
    f: &'a Forward<'a, T>,
    packed: &'a [T],
    first: usize,
    rows: usize,
    scratch: &'a mut [T],
    y: *mut T,
    h: *mut T,
    c: *mut T,
    kept: *mut T,
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
        } = self.f.sizes;
        let (rows, first, width) = (self.rows, self.first, padded::<T>(units));
        let states = rows * width;
        self.scratch[..4 * states].fill(T::ZERO);
        let at = |i: usize| self.scratch.as_ptr().cast_mut().wrapping_add(i * states);
        let (mut h, mut h_next, c, changed, sums) = (at(0), at(1), at(2), at(3), at(4));
        // SAFETY: the scratch memory has the size that `chunk_scratch` says; inputs and outputs have been checked
        // against the sizes by `forward`; rows first..first + rows are this chunk's own.
        unsafe {
            for (given, to) in [(self.f.h, h), (self.f.c, c)] {
                for (r, from) in given
                    .iter()
                    .flat_map(|g| g.chunks_exact(units).skip(first).take(rows))
                    .enumerate()
                {
                    to.add(r * width).copy_from_nonoverlapping(from.as_ptr(), units);
                }
            }
            let Options {
                backwards,
                sequences,
                zero_masked,
            } = self.f.options;
            let record = rows * C::KEPT * units;
            for s in 0..steps {
                let t = if backwards { steps - 1 - s } else { s };
                let y = if sequences {
                    self.y.add((first * steps + s) * units)
                } else if s == steps - 1 {
                    self.y.add(first * units)
                } else {
                    core::ptr::null_mut()
                };
                let kept = |s: usize| {
                    self.kept
                        .wrapping_add((first * steps) * C::KEPT * units + s * record)
                };
                let mask = self
                    .f
                    .mask
                    .map_or(core::ptr::null(), |m| m.as_ptr().add(first * steps + t));
                self.cell.step::<L>(&Step {
                    sizes: self.f.sizes,
                    rows,
                    padded: width,
                    x: self.f.x.as_ptr().add((first * steps + t) * features),
                    x_row: steps * features,
                    weights: self.packed.as_ptr(),
                    h,
                    h_next,
                    c,
                    changed,
                    sums,
                    y,
                    y_row: if sequences { steps * units } else { units },
                    kept: if self.kept.is_null() { self.kept } else { kept(s) },
                    kept_before: if self.kept.is_null() || s == 0 {
                        core::ptr::null()
                    } else {
                        kept(s - 1).cast_const()
                    },
                    mask,
                    zero_masked,
                });
                core::mem::swap(&mut h, &mut h_next);
            }
            for (from, to) in [(h, self.h), (c, self.c)]
                .into_iter()
                .filter(|(_, to)| !to.is_null())
            {
                for r in 0..rows {
                    to.add((first + r) * units)
                        .copy_from_nonoverlapping(from.add(r * width), units);
                }
            }
        }
    }
}

pub fn forward<T: Math, C: Cell<T>>(cell: C, f: &Forward<'_, T>, out: Results<'_, T>, scratch: &mut [T]) {
    let s = f.sizes;
    check(s, C::GATES, C::BIASES, f);
    let rows = chunk_rows(s);
    let outputs = s.batch * s.units * if f.options.sequences { s.steps } else { 1 };
    assert_eq!(out.y.len(), outputs, "recurrent: y has another size");
    for state in [out.h.as_deref(), out.c.as_deref()].into_iter().flatten() {
        assert_eq!(
            state.len(),
            s.batch * s.units,
            "recurrent: a state has another size"
        );
    }
    let kept = out.kept.as_deref().map_or(0, <[T]>::len);
    assert!(
        out.kept.is_none() || kept == s.batch * s.steps * s.units * C::KEPT,
        "recurrent: what is kept has another size"
    );
    if s.batch == 0 || s.units == 0 || s.steps == 0 {
        return;
    }
    let mut pieces = Pieces::new(scratch);
    let packed = pieces.take(packed_size::<T, C>(s));
    dispatch(PackUnits::<'_, T, C> {
        cell: core::marker::PhantomData,
        sizes: s,
        weights: f.weights,
        to: &Disjoint::new(packed),
    });
    let packed = &*packed;
    let size = aligned::<T>(chunk_scratch::<T, C>(s, rows));
    let scratch = Disjoint::new(pieces.take(s.batch.div_ceil(rows) * size));
    // Each chunk writes to rows of its own.
    let y = Disjoint::new(out.y);
    let (h, c, kept) = (
        out.h.map(Disjoint::new),
        out.c.map(Disjoint::new),
        out.kept.map(Disjoint::new),
    );
    let start = |d: &Option<Disjoint<'_, T>>| d.as_ref().map_or(core::ptr::null_mut(), |d| d.pointer(0..0));
    parallel::for_ranges(s.batch, rows, |range| {
        let at = range.start / rows * size;
        dispatch(Chunk {
            cell,
            f,
            packed,
            first: range.start,
            rows: range.len(),
            // SAFETY: one piece for each chunk.
            scratch: unsafe { scratch.slice(at..at + size) },
            y: y.pointer(0..0),
            h: start(&h),
            c: start(&c),
            kept: start(&kept),
        });
    });
}

/// The sizes of all inputs, which everything below relies on.
pub(super) fn check<T>(s: Sizes, gates: usize, biases: usize, f: &Forward<'_, T>) {
    let Sizes {
        batch,
        steps,
        features,
        units,
    } = s;
    assert_eq!(
        f.x.len(),
        batch * steps * features,
        "recurrent: x has another size"
    );
    assert_eq!(
        f.weights.kernel.len(),
        features * gates * units,
        "recurrent: the kernel has another size"
    );
    assert_eq!(
        f.weights.recurrent.len(),
        units * gates * units,
        "recurrent: the recurrent kernel has another size"
    );
    assert!(
        f.weights.bias.is_none_or(|b| b.len() == biases * units),
        "recurrent: the bias has another size"
    );
    for state in [f.h, f.c].into_iter().flatten() {
        assert_eq!(state.len(), batch * units, "recurrent: a state has another size");
    }
    assert!(
        f.mask.is_none_or(|m| m.len() == batch * steps),
        "recurrent: the mask has another size"
    );
}

//! One step on the way back: what a cell is given, and the products with transposed weights.

use super::Sizes;
use super::product::{Pack, Start, Term, WIDE, product};
use super::widest;
use crate::kernels::math::Math;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Slopes `slopes..slopes + gates` times the recurrent kernel's columns from `column` on, all counted in units.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub slopes: usize,
    pub gates: usize,
    pub column: usize,
}

/// What a step of a chunk works on, on the way back. States are whole registers, rows `padded` numbers apart.
#[derive(Debug, Clone, Copy)]
pub struct Back<T> {
    pub sizes: Sizes,
    pub rows: usize,
    pub padded: usize,
    pub kept: *const T,
    pub kept_before: *const T,
    /// The first states of these rows, or null.
    pub first_h: *const T,
    pub first_c: *const T,
    /// The gradient of this step's output, rows `dy_row` apart; or null.
    pub dy: *const T,
    pub dy_row: usize,
    pub mask: *const u8,
    pub zero_masked: bool,
    /// Gradients of the states after this step, which become those of the states before it.
    pub dh: *mut T,
    pub dc: *mut T,
    /// Room for another state.
    pub extra: *mut T,
    /// Rows of SLOPES x units.
    pub slopes: *mut T,
    pub slopes_row: usize,
    /// Rows of inputs, states and changed states, or null where no gradient of weights is wanted.
    pub met: *mut T,
    pub met_row: usize,
    /// Where the states are in such a row.
    pub met_states: usize,
    /// Sums of the slopes, `padded` for each gate.
    pub totals: *mut T,
    /// The recurrent kernel, transposed, in panels.
    pub recurrent: *const T,
    pub gates: usize,
}

impl<T: Math> Back<T> {
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn masked(&self, row: usize) -> bool {
        // SAFETY: by the promise of `Cell::back`.
        unsafe { super::masked(self.mask, row, self.sizes.steps) }
    }
    /// The gradient of a row's state: what comes from later steps, and what arrived at the output.
    ///
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn arrived<L: Lanes<T>>(&self, row: usize, unit: usize, count: usize) -> L {
        // SAFETY: by the promise of `Cell::back`.
        unsafe {
            let later = L::load(self.dh.add(row * self.padded + unit));
            if self.dy.is_null() || self.zero_masked && self.masked(row) {
                return later;
            }
            later.add(super::read(self.dy.add(row * self.dy_row + unit), count))
        }
    }
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    unsafe fn first<L: Lanes<T>>(&self, from: *const T, row: usize, unit: usize, count: usize) -> L {
        if from.is_null() {
            return L::splat(T::ZERO);
        }
        // SAFETY: by the promise of `Cell::back`.
        unsafe { super::read(from.add(row * self.sizes.units + unit), count) }
    }
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn first_h<L: Lanes<T>>(&self, row: usize, unit: usize, count: usize) -> L {
        // SAFETY: by the promise of `Cell::back`.
        unsafe { self.first(self.first_h, row, unit, count) }
    }
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn first_c<L: Lanes<T>>(&self, row: usize, unit: usize, count: usize) -> L {
        // SAFETY: by the promise of `Cell::back`.
        unsafe { self.first(self.first_c, row, unit, count) }
    }
    /// Writes slopes `first..first + G`, and adds them to their sums.
    ///
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn put<L: Lanes<T>, const G: usize>(
        &self,
        first: usize,
        row: usize,
        unit: usize,
        count: usize,
        slopes: [L; G],
    ) {
        let units = self.sizes.units;
        // SAFETY: by the promise of `Cell::back`.
        unsafe {
            for (g, slope) in slopes.into_iter().enumerate() {
                let gate = first + g;
                super::write(
                    slope,
                    self.slopes.add(row * self.slopes_row + gate * units + unit),
                    count,
                );
                let total = self.totals.add(gate * self.padded + unit);
                L::load(total).add(slope).store(total);
            }
        }
    }
    /// Writes what the recurrent kernel met: the state (0) or the changed state (1).
    ///
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn meet<L: Lanes<T>>(&self, which: usize, row: usize, unit: usize, state: L) {
        if !self.met.is_null() {
            let at = row * self.met_row + self.met_states + which * self.padded + unit;
            // SAFETY: by the promise of `Cell::back`.
            unsafe { state.store(self.met.add(at)) }
        }
    }
    /// to += slopes times the transposed recurrent kernel.
    ///
    /// # Safety
    /// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
    #[inline(always)]
    pub unsafe fn recurrent<L: Lanes<T>>(&self, parts: [Part; 2], to: *mut T) {
        let units = self.sizes.units;
        // SAFETY: by the promise of `Cell::back`; `to` is one of its states.
        unsafe {
            products::<T, L>(
                self.rows,
                units,
                self.gates * units,
                self.recurrent,
                |panel, lanes| {
                    parts.map(|p| Term {
                        a: self.slopes.add(p.slopes * units),
                        row: self.slopes_row,
                        step: 1,
                        length: p.gates * units,
                        b: panel.add(p.column * units * lanes),
                    })
                },
                Start::There,
                to,
                self.padded,
                true,
            );
        }
    }
}

/// c = start + terms times all panels of a matrix with `columns` columns and `length` rows.
///
/// # Safety
/// As for `Cell::back`; `row` and `unit` must be inside the batch and the state.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // a product with all its sides
pub unsafe fn products<T: Math, L: Lanes<T>>(
    rows: usize,
    columns: usize,
    length: usize,
    packed: *const T,
    terms: impl Fn(*const T, usize) -> [Term<T>; 2],
    start: Start<T>,
    c: *mut T,
    ldc: usize,
    whole: bool,
) {
    let wide = WIDE * L::N;
    for first in (0..columns).step_by(wide) {
        let (panel, left) = (packed.wrapping_add(first * length), columns - first);
        // SAFETY: by the caller's promise.
        unsafe {
            let c = c.add(first);
            if left > L::N {
                let last = if whole { L::N } else { (left - L::N).min(L::N) };
                product::<T, L, WIDE>(rows, start, terms(panel, wide), c, ldc, last);
            } else {
                let last = if whole { L::N } else { left };
                product::<T, L, 1>(rows, start, terms(panel, L::N), c, ldc, last);
            }
        }
    }
}

/// Packs the transpose of a matrix of `width` columns for [`products`].
struct PackTransposed<'a, T> {
    from: &'a [T],
    width: usize,
    to: &'a Disjoint<'a, T>,
    range: core::ops::Range<usize>,
}

impl<T: Math> Kernel<T> for PackTransposed<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (width, columns) = (self.width, self.from.len() / self.width);
        let wide = WIDE * widest::<T>();
        let range = self.range.start * wide..columns.min(self.range.end * wide);
        for first in range.step_by(L::N) {
            let panel = first / (WIDE * L::N) * (WIDE * L::N);
            let registers = (columns - panel).div_ceil(L::N).min(WIDE);
            let to = self.to.pointer(panel * width..(panel + registers * L::N) * width);
            let pack = Pack {
                from: self.from.as_ptr().wrapping_add(first * width),
                row: 1,
                column: width,
                length: width,
                columns: L::N.min(columns - first),
                to: to.wrapping_add(first - panel),
                ld: registers * L::N,
            };
            // SAFETY: columns first.. are inside the matrix; each register of each panel has its own place.
            unsafe { pack.run::<L>() }
        }
    }
}

pub fn pack_transposed<T: Math>(from: &[T], width: usize, to: &mut [T]) {
    let to = Disjoint::new(to);
    let wide = WIDE * widest::<T>();
    let panels = (from.len() / width.max(1)).div_ceil(wide);
    let grain = ((1 << 16) / (wide * width).max(1)).max(1);
    parallel::for_ranges(panels, grain, |range| {
        dispatch(PackTransposed {
            from,
            width,
            to: &to,
            range,
        });
    });
}

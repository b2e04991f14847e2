//! The gated recurrent unit with the reset gate before the product (`reset_after=False`).
//!
//! z, r = sigmoid(x K + h R + b), g = tanh(x K + (r h) R + b), h' = z h + (1 - z) g
//!
//! Kept: z, r, g, h'. The third gate's columns of R meet the changed state r h.

use super::back::{Back, Part};
use super::forward::Step;
use super::gates;
use super::gru::mix;
use super::product::{Start, Term, product};
use super::shares::Contraction;
use super::{Cell, Sizes, Weights, panel, place, read, write};
use crate::kernels::math::Math;
use crate::kernels::simd::Lanes;

#[derive(Debug, Clone, Copy)]
pub struct GruBefore;

impl<T: Math> Cell<T> for GruBefore {
    const GATES: usize = 3;
    const BIASES: usize = 3;
    const SLOPES: usize = 3;
    const KEPT: usize = 4;
    const SUMS: usize = 3;
    const ALL_SUMS: bool = true;
    const CHANGED: bool = true;

    fn packed(s: Sizes, lanes: usize) -> usize {
        3 * lanes * (1 + s.features + s.units)
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes<T>>(s: Sizes, w: Weights<'_, T>, first: usize, count: usize, to: *mut T) {
        let u = s.units;
        let matrices = [w.kernel, w.recurrent];
        let bias = |j: usize| w.bias.map_or(T::ZERO, |b| b[j]);
        // SAFETY: two panels make up what `packed` says.
        unsafe {
            let to = panel::<T, L, 2>(&matrices, 3 * u, [first, u + first], count, bias, to);
            panel::<T, L, 1>(&matrices, 3 * u, [2 * u + first], count, bias, to);
        }
    }

    #[inline(always)]
    unsafe fn step<L: Lanes<T>>(self, s: &Step<T>) {
        let (n, units, width) = (L::N, s.sizes.units, s.padded);
        let (length, row) = (1 + s.sizes.features + units, 3 * s.padded);
        let one = L::splat(T::ONE);
        // z and r of all units, since each unit's third sum needs every changed state.
        for unit in (0..units).step_by(n) {
            // SAFETY: by the promise of `Cell::step`.
            unsafe {
                let panels = s.weights.add(unit * 3 * length);
                s.both::<L, 2>(panels, s.sums.add(3 * unit), row);
                for r in 0..s.rows {
                    let sum = s.sums.add(r * row + 3 * unit);
                    gates::sigmoid(L::load(sum)).store(sum);
                    let reset: L = gates::sigmoid(L::load(sum.add(n)));
                    reset.store(sum.add(n));
                    let at = r * width + unit;
                    reset.mul(L::load(s.h.add(at))).store(s.changed.add(at));
                }
            }
        }
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            // SAFETY: as above.
            unsafe {
                let weights = s.weights.add(unit * 3 * length + 2 * n * length);
                let x = weights.add(n);
                let changed = Term {
                    a: s.changed.cast_const(),
                    ..s.state(x.add(s.sizes.features * n))
                };
                let to = s.sums.add(3 * unit + 2 * n);
                product::<T, L, 1>(s.rows, Start::Bias(weights), [s.input(x), changed], to, row, n);
                for r in 0..s.rows {
                    let kept = s.kept.wrapping_add(place(s.rows, r, unit, count, 4));
                    let (z, reset, g, h);
                    if s.masked(r) {
                        h = s.carry::<L>(r, unit, count);
                        [z, reset, g] = [L::splat(T::ZERO); 3];
                    } else {
                        let sum = |v: usize| L::load(s.sums.add(r * row + 3 * unit + v * n));
                        (z, reset, g) = (sum(0), sum(1), gates::tanh(sum(2)));
                        h = mix(z, L::load(s.h.add(r * width + unit)), g, one);
                        s.put(r, unit, count, h, h);
                    }
                    if !s.kept.is_null() {
                        for (v, x) in [z, reset, g, h].into_iter().enumerate() {
                            write(x, kept.add(v * count), count);
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn back<L: Lanes<T>>(self, b: &Back<T>) {
        let (n, units) = (L::N, b.sizes.units);
        let (zero, one) = (L::splat(T::ZERO), L::splat(T::ONE));
        let third = Part {
            slopes: 2,
            gates: 1,
            column: 2,
        };
        let none = Part { gates: 0, ..third };
        let gate = |y: L| y.neg_mul_add(y, y);
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            for r in 0..b.rows {
                let at = place(b.rows, r, unit, count, 4);
                // SAFETY: by the promise of `Cell::back`.
                unsafe {
                    let place = r * b.padded + unit;
                    zero.store(b.extra.add(place));
                    if b.masked(r) {
                        b.put(2, r, unit, count, [zero]);
                        continue;
                    }
                    let total = b.arrived::<L>(r, unit, count);
                    let kept = |v: usize| read::<T, L>(b.kept.add(at + v * count), count);
                    let (z, g) = (kept(0), kept(2));
                    b.put(
                        2,
                        r,
                        unit,
                        count,
                        [one.sub(z).mul(total).mul(g.neg_mul_add(g, one))],
                    );
                }
            }
        }
        // The gradient of the changed state.
        // SAFETY: by the promise of `Cell::back`.
        unsafe { b.recurrent::<L>([third, none], b.extra) };
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            for r in 0..b.rows {
                let at = place(b.rows, r, unit, count, 4);
                // SAFETY: as above.
                unsafe {
                    let place = r * b.padded + unit;
                    let total = b.arrived::<L>(r, unit, count);
                    if b.masked(r) {
                        total.store(b.dh.add(place));
                        b.put(0, r, unit, count, [zero; 2]);
                        b.meet(0, r, unit, zero);
                        b.meet(1, r, unit, zero);
                        continue;
                    }
                    let kept = |v: usize| read::<T, L>(b.kept.add(at + v * count), count);
                    let (z, reset, g) = (kept(0), kept(1), kept(2));
                    let h = if b.kept_before.is_null() {
                        b.first_h::<L>(r, unit, count)
                    } else {
                        read::<T, L>(b.kept_before.add(at + 3 * count), count)
                    };
                    let changed = L::load(b.extra.add(place));
                    let slopes = [h.sub(g).mul(total).mul(gate(z)), changed.mul(h).mul(gate(reset))];
                    changed.mul_add(reset, total.mul(z)).store(b.dh.add(place));
                    b.put(0, r, unit, count, slopes);
                    b.meet(0, r, unit, h);
                    b.meet(1, r, unit, reset.mul(h));
                }
            }
        }
        let gates = Part {
            slopes: 0,
            gates: 2,
            column: 0,
        };
        // SAFETY: as above.
        unsafe { b.recurrent::<L>([gates, none], b.dh) };
    }

    fn contractions(_: Sizes) -> &'static [Contraction] {
        const ALL: Contraction = Contraction {
            slopes: 0,
            gates: 2,
            column: 0,
            inputs: true,
            states: Some(0),
        };
        &[
            ALL,
            Contraction {
                slopes: 2,
                gates: 1,
                column: 2,
                states: Some(1),
                ..ALL
            },
        ]
    }

    fn bias(_: usize, sums: &[T], to: &mut [T]) {
        to.copy_from_slice(sums);
    }
}

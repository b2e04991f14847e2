//! Long short-term memory.
//!
//! i, f, o = sigmoid(x K + h R + b), g = tanh(x K + h R + b), c' = f c + i g, h' = o tanh(c')
//!
//! Kept: i, f, g, o, c', tanh(c').

use super::back::{Back, Part};
use super::forward::Step;
use super::gates;
use super::shares::Contraction;
use super::{Cell, Sizes, Weights, panel, place, read, write};
use crate::kernels::math::Math;
use crate::kernels::simd::Lanes;

#[derive(Debug, Clone, Copy)]
pub struct Lstm;

impl<T: Math> Cell<T> for Lstm {
    const GATES: usize = 4;
    const BIASES: usize = 4;
    const SLOPES: usize = 4;
    const KEPT: usize = 6;
    const SUMS: usize = 4;
    const CARRY: bool = true;

    fn packed(s: Sizes, lanes: usize) -> usize {
        4 * lanes * (1 + s.features + s.units)
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes<T>>(s: Sizes, w: Weights<'_, T>, first: usize, count: usize, to: *mut T) {
        let u = s.units;
        let bias = |j: usize| w.bias.map_or(T::ZERO, |b| b[j]);
        let matrices = [w.kernel, w.recurrent];
        // SAFETY: two panels make up what `packed` says.
        unsafe {
            let to = panel::<T, L, 2>(&matrices, 4 * u, [first, u + first], count, bias, to);
            panel::<T, L, 2>(&matrices, 4 * u, [2 * u + first, 3 * u + first], count, bias, to);
        }
    }

    #[inline(always)]
    unsafe fn step<L: Lanes<T>>(self, s: &Step<T>) {
        let (n, units) = (L::N, s.sizes.units);
        let block = <Self as Cell<T>>::packed(s.sizes, n);
        for g in 0..units.div_ceil(n) {
            let unit = g * n;
            let count = n.min(units - unit);
            // SAFETY: by the promise of `Cell::step`.
            unsafe {
                for half in 0..2 {
                    let weights = s.weights.add(g * block + half * (block / 2));
                    s.both::<L, 2>(weights, s.sums.add(half * 2 * n), 4 * n);
                }
                for r in 0..s.rows {
                    let kept = s.kept.wrapping_add(place(s.rows, r, unit, count, 6));
                    let carry = s.c.add(r * s.padded + unit);
                    if s.masked(r) {
                        let h = s.carry::<L>(r, unit, count);
                        if !s.kept.is_null() {
                            keep_masked(
                                s,
                                kept,
                                L::load(carry),
                                h,
                                place(s.rows, r, unit, count, 6),
                                count,
                            );
                        }
                        continue;
                    }
                    let sum = |v: usize| L::load(s.sums.add((r * 4 + v) * n));
                    let (i, f) = (gates::sigmoid(sum(0)), gates::sigmoid(sum(1)));
                    let (g, o) = (gates::tanh(sum(2)), gates::sigmoid(sum(3)));
                    let c = f.mul_add(L::load(carry), i.mul(g));
                    let t = gates::tanh(c);
                    let h = o.mul(t);
                    c.store(carry);
                    s.put(r, unit, count, h, h);
                    if !s.kept.is_null() {
                        for (v, x) in [i, f, g, o, c, t].into_iter().enumerate() {
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
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            for r in 0..b.rows {
                let at = place(b.rows, r, unit, count, 6);
                // SAFETY: by the promise of `Cell::back`.
                unsafe {
                    let (dh, dc) = (b.dh.add(r * b.padded + unit), b.dc.add(r * b.padded + unit));
                    let total = b.arrived::<L>(r, unit, count);
                    if b.masked(r) {
                        total.store(dh);
                        b.put::<L, 4>(0, r, unit, count, [zero; 4]);
                        b.meet(0, r, unit, zero);
                        continue;
                    }
                    let kept = |v: usize| read::<T, L>(b.kept.add(at + v * count), count);
                    let (i, f, g, o, t) = (kept(0), kept(1), kept(2), kept(3), kept(5));
                    let (c, h) = if b.kept_before.is_null() {
                        (b.first_c::<L>(r, unit, count), b.first_h::<L>(r, unit, count))
                    } else {
                        let kept = |v: usize| read::<T, L>(b.kept_before.add(at + v * count), count);
                        (kept(4), kept(3).mul(kept(5)))
                    };
                    // d tanh(c) = 1 - t^2
                    let slope = total.mul(o);
                    let d = t.mul(t).neg_mul_add(slope, slope).add(L::load(dc));
                    let gate = |y: L| y.neg_mul_add(y, y);
                    let slopes = [
                        d.mul(g).mul(gate(i)),
                        d.mul(c).mul(gate(f)),
                        d.mul(i).mul(g.neg_mul_add(g, one)),
                        total.mul(t).mul(gate(o)),
                    ];
                    d.mul(f).store(dc);
                    zero.store(dh);
                    b.put(0, r, unit, count, slopes);
                    b.meet(0, r, unit, h);
                }
            }
        }
        let all = Part {
            slopes: 0,
            gates: 4,
            column: 0,
        };
        // SAFETY: as above.
        unsafe { b.recurrent::<L>([all, Part { gates: 0, ..all }], b.dh) };
    }

    fn contractions(_: Sizes) -> &'static [Contraction] {
        const ALL: Contraction = Contraction {
            slopes: 0,
            gates: 4,
            column: 0,
            inputs: true,
            states: Some(0),
        };
        &[ALL]
    }

    fn bias(_: usize, sums: &[T], to: &mut [T]) {
        to.copy_from_slice(sums);
    }
}

/// A masked step keeps the states of the step before: c, and h as the product o t.
#[inline(always)]
unsafe fn keep_masked<T: Math, L: Lanes<T>>(s: &Step<T>, kept: *mut T, c: L, h: L, at: usize, count: usize) {
    let zero = L::splat(T::ZERO);
    // SAFETY: by the promise of `Cell::step`.
    unsafe {
        let (o, t) = if s.kept_before.is_null() {
            (L::splat(T::ONE), h)
        } else {
            let before = |v: usize| read::<T, L>(s.kept_before.add(at + v * count), count);
            (before(3), before(5))
        };
        for (v, x) in [zero, zero, zero, o, c, t].into_iter().enumerate() {
            write(x, kept.add(v * count), count);
        }
    }
}

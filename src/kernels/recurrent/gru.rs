//! The gated recurrent unit with the reset gate after the product (`reset_after=True`).
//!
//! z, r = sigmoid(x K + b + h R + b'), q = h R + b' of the third gate, g = tanh(x K + b + r q), h' = z h + (1 - z) g
//!
//! Kept: z, r, g, q, h'. Slopes: those of the sums of z, r and g, and of q.

use super::back::{Back, Part};
use super::forward::Step;
use super::gates;
use super::product::{Start, Term, product};
use super::shares::Contraction;
use super::{Cell, Sizes, Weights, panel, place, read, write};
use crate::kernels::math::Math;
use crate::kernels::simd::Lanes;

#[derive(Debug, Clone, Copy)]
pub struct Gru;

impl<T: Math> Cell<T> for Gru {
    const GATES: usize = 3;
    const BIASES: usize = 6;
    const SLOPES: usize = 4;
    const KEPT: usize = 5;
    const SUMS: usize = 4;

    fn packed(s: Sizes, lanes: usize) -> usize {
        lanes * (4 + 3 * (s.features + s.units))
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes<T>>(s: Sizes, w: Weights<'_, T>, first: usize, count: usize, to: *mut T) {
        let u = s.units;
        let bias = |j: usize| w.bias.map_or(T::ZERO, |b| b[j]);
        let both = |j: usize| bias(j) + bias(3 * u + j);
        let third = 2 * u + first;
        // SAFETY: three panels make up what `packed` says.
        unsafe {
            let to = panel::<T, L, 2>(
                &[w.kernel, w.recurrent],
                3 * u,
                [first, u + first],
                count,
                both,
                to,
            );
            let to = panel::<T, L, 1>(&[w.kernel], 3 * u, [third], count, bias, to);
            panel::<T, L, 1>(&[w.recurrent], 3 * u, [third], count, |j| bias(3 * u + j), to);
        }
    }

    #[inline(always)]
    unsafe fn step<L: Lanes<T>>(self, s: &Step<T>) {
        let (n, units) = (L::N, s.sizes.units);
        let block = <Self as Cell<T>>::packed(s.sizes, n);
        let one = L::splat(T::ONE);
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            // SAFETY: by the promise of `Cell::step`.
            unsafe {
                let panels = s.weights.add(unit / n * block);
                let input = panels.add(2 * n * (1 + s.sizes.features + units));
                let state = input.add(n * (1 + s.sizes.features));
                s.both::<L, 2>(panels, s.sums, 4 * n);
                for (v, bias, term) in [
                    (2, input, s.input(input.add(n))),
                    (3, state, s.state(state.add(n))),
                ] {
                    let to = s.sums.add(v * n);
                    product::<T, L, 1>(s.rows, Start::Bias(bias), [term, Term::NONE], to, 4 * n, n);
                }
                for r in 0..s.rows {
                    let kept = s.kept.wrapping_add(place(s.rows, r, unit, count, 5));
                    if s.masked(r) {
                        let h = s.carry::<L>(r, unit, count);
                        if !s.kept.is_null() {
                            let zero = L::splat(T::ZERO);
                            for (v, x) in [zero, zero, zero, zero, h].into_iter().enumerate() {
                                write(x, kept.add(v * count), count);
                            }
                        }
                        continue;
                    }
                    let sum = |v: usize| L::load(s.sums.add((r * 4 + v) * n));
                    let (z, reset, q) = (gates::sigmoid(sum(0)), gates::sigmoid(sum(1)), sum(3));
                    let g = gates::tanh(reset.mul_add(q, sum(2)));
                    let h = mix(z, L::load(s.h.add(r * s.padded + unit)), g, one);
                    s.put(r, unit, count, h, h);
                    if !s.kept.is_null() {
                        for (v, x) in [z, reset, g, q, h].into_iter().enumerate() {
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
                let at = place(b.rows, r, unit, count, 5);
                // SAFETY: by the promise of `Cell::back`.
                unsafe {
                    let dh = b.dh.add(r * b.padded + unit);
                    let total = b.arrived::<L>(r, unit, count);
                    if b.masked(r) {
                        total.store(dh);
                        b.put(0, r, unit, count, [zero; 4]);
                        b.meet(0, r, unit, zero);
                        continue;
                    }
                    let kept = |v: usize| read::<T, L>(b.kept.add(at + v * count), count);
                    let (z, reset, g, q) = (kept(0), kept(1), kept(2), kept(3));
                    let h = if b.kept_before.is_null() {
                        b.first_h::<L>(r, unit, count)
                    } else {
                        read::<T, L>(b.kept_before.add(at + 4 * count), count)
                    };
                    let dg = one.sub(z).mul(total).mul(g.neg_mul_add(g, one));
                    let gate = |y: L| y.neg_mul_add(y, y);
                    let slopes = [
                        h.sub(g).mul(total).mul(gate(z)),
                        dg.mul(q).mul(gate(reset)),
                        dg,
                        dg.mul(reset),
                    ];
                    total.mul(z).store(dh);
                    b.put(0, r, unit, count, slopes);
                    b.meet(0, r, unit, h);
                }
            }
        }
        let gates = Part {
            slopes: 0,
            gates: 2,
            column: 0,
        };
        let third = Part {
            slopes: 3,
            gates: 1,
            column: 2,
        };
        // SAFETY: as above.
        unsafe { b.recurrent::<L>([gates, third], b.dh) };
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
                states: None,
                ..ALL
            },
            Contraction {
                slopes: 3,
                gates: 1,
                column: 2,
                inputs: false,
                ..ALL
            },
        ]
    }

    // The input's biases meet z, r and g; the recurrent ones z, r and q.
    fn bias(units: usize, sums: &[T], to: &mut [T]) {
        let (input, state) = to.split_at_mut(3 * units);
        input.copy_from_slice(&sums[..3 * units]);
        state[..2 * units].copy_from_slice(&sums[..2 * units]);
        state[2 * units..].copy_from_slice(&sums[3 * units..]);
    }
}

/// z h + (1 - z) g
#[inline(always)]
pub(super) fn mix<T: Math, L: Lanes<T>>(z: L, h: L, g: L, one: L) -> L {
    z.mul_add(h, one.sub(z).mul(g))
}

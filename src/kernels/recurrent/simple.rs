//! The plain recurrent layer: h' = f(x K + h R + b), for functions f whose slope is a function of their value.
//!
//! Kept: h'.

use serde::Serialize;

use super::back::{Back, Part};
use super::forward::Step;
use super::gates;
use super::shares::Contraction;
use super::{Cell, Sizes, Weights, panel, place, read, write};
use crate::kernels::math::Math;
use crate::kernels::simd::Lanes;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Curve {
    Linear,
    Relu,
    Sigmoid,
    Tanh,
}

#[derive(Debug, Clone, Copy)]
pub struct Simple(pub Curve);

impl<T: Math> Cell<T> for Simple {
    const GATES: usize = 1;
    const BIASES: usize = 1;
    const SLOPES: usize = 1;
    const KEPT: usize = 1;
    const SUMS: usize = 1;

    fn packed(s: Sizes, lanes: usize) -> usize {
        lanes * (1 + s.features + s.units)
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes<T>>(s: Sizes, w: Weights<'_, T>, first: usize, count: usize, to: *mut T) {
        let bias = |j: usize| w.bias.map_or(T::ZERO, |b| b[j]);
        // SAFETY: the panel is what `packed` says.
        unsafe {
            panel::<T, L, 1>(&[w.kernel, w.recurrent], s.units, [first], count, bias, to);
        }
    }

    #[inline(always)]
    unsafe fn step<L: Lanes<T>>(self, s: &Step<T>) {
        let (n, units) = (L::N, s.sizes.units);
        let block = <Self as Cell<T>>::packed(s.sizes, n);
        let zero = L::splat(T::ZERO);
        for unit in (0..units).step_by(n) {
            let count = n.min(units - unit);
            // SAFETY: by the promise of `Cell::step`.
            unsafe {
                s.both::<L, 1>(s.weights.add(unit / n * block), s.sums, n);
                for r in 0..s.rows {
                    let h = if s.masked(r) {
                        s.carry::<L>(r, unit, count)
                    } else {
                        let sum = L::load(s.sums.add(r * n));
                        let h = match self.0 {
                            Curve::Linear => sum,
                            Curve::Relu => zero.max(sum),
                            // Columns that pad the last register stay zero: nothing reads them.
                            Curve::Sigmoid => gates::sigmoid(sum),
                            Curve::Tanh => gates::tanh(sum),
                        };
                        s.put(r, unit, count, h, h);
                        h
                    };
                    if !s.kept.is_null() {
                        write(h, s.kept.add(place(s.rows, r, unit, count, 1)), count);
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
                let at = place(b.rows, r, unit, count, 1);
                // SAFETY: by the promise of `Cell::back`.
                unsafe {
                    let dh = b.dh.add(r * b.padded + unit);
                    let total = b.arrived::<L>(r, unit, count);
                    if b.masked(r) {
                        total.store(dh);
                        b.put(0, r, unit, count, [zero]);
                        b.meet(0, r, unit, zero);
                        continue;
                    }
                    let y = read::<T, L>(b.kept.add(at), count);
                    let slope = match self.0 {
                        Curve::Linear => total,
                        Curve::Relu => L::select(y.gt(zero), total, zero),
                        Curve::Sigmoid => y.neg_mul_add(y, y).mul(total),
                        Curve::Tanh => y.neg_mul_add(y, one).mul(total),
                    };
                    let h = if b.kept_before.is_null() {
                        b.first_h::<L>(r, unit, count)
                    } else {
                        read::<T, L>(b.kept_before.add(at), count)
                    };
                    zero.store(dh);
                    b.put(0, r, unit, count, [slope]);
                    b.meet(0, r, unit, h);
                }
            }
        }
        let all = Part {
            slopes: 0,
            gates: 1,
            column: 0,
        };
        // SAFETY: as above.
        unsafe { b.recurrent::<L>([all, Part { gates: 0, ..all }], b.dh) };
    }

    fn contractions(_: Sizes) -> &'static [Contraction] {
        const ALL: Contraction = Contraction {
            slopes: 0,
            gates: 1,
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

//! Reductions: y[o, i] = fold over a of x[o, a, i], for arrays seen as (outer, axis, inner).
//!
//! Long folds are cut into blocks of fixed size whose results are folded again: this keeps sums of millions of `f32`
//! accurate, gives threads something to share, and makes the order of additions a matter of shape alone.

use super::math::{Math, maximum, minimum};
use super::parallel::{Disjoint, GRAIN, for_ranges};
use super::simd::{Kernel, Lanes, dispatch};

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    Sum,
    Prod,
    Max,
    Min,
}

impl Fold {
    /// The neutral element.
    pub fn start<T: Math>(self) -> T {
        match self {
            Fold::Sum => T::ZERO,
            Fold::Prod => T::ONE,
            Fold::Max => T::NEG_INFINITY,
            Fold::Min => T::INFINITY,
        }
    }

    #[inline(always)]
    fn lanes<T: Math, L: Lanes<T>>(self, a: L, b: L) -> L {
        match self {
            Fold::Sum => a.add(b),
            Fold::Prod => a.mul(b),
            Fold::Max => maximum(a, b),
            Fold::Min => minimum(a, b),
        }
    }

    #[inline(always)]
    fn pair<T: Math>(self, a: T, b: T) -> T {
        match self {
            Fold::Sum => a + b,
            Fold::Prod => a * b,
            Fold::Max => a.maximum(b),
            Fold::Min => a.minimum(b),
        }
    }
}

/// Elements of a row, or rows of a column, that are folded in one go.
const BLOCK: usize = 4096;
const ROWS: usize = 512;

/// Sizes before, at and after the folded axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub outer: usize,
    pub axis: usize,
    pub inner: usize,
}

impl Layout {
    fn blocks(&self) -> usize {
        self.axis.div_ceil(if self.inner == 1 { BLOCK } else { ROWS })
    }

    /// How much scratch memory `fold` needs.
    pub fn scratch(&self) -> usize {
        let blocks = self.blocks();
        if blocks <= 1 {
            return 0;
        }
        let partial = Self {
            axis: blocks,
            ..*self
        };
        self.outer * blocks * self.inner + partial.scratch()
    }
}

/// Folds along the axis. `out` holds outer * inner elements, `scratch` at least `layout.scratch()`.
pub fn fold<T: Math>(kind: Fold, layout: Layout, x: &[T], out: &mut [T], scratch: &mut [T]) {
    let Layout { outer, axis, inner } = layout;
    let blocks = layout.blocks();
    if blocks <= 1 {
        return blockwise(kind, layout, 1, x, out);
    }
    let (partial, rest) = scratch.split_at_mut(outer * blocks * inner);
    blockwise(kind, layout, blocks, x, partial);
    debug_assert!(axis > blocks);
    fold(
        kind,
        Layout {
            axis: blocks,
            ..layout
        },
        partial,
        out,
        rest,
    );
}

/// out[o, b, i] = fold over the b-th block of the axis.
fn blockwise<T: Math>(kind: Fold, layout: Layout, blocks: usize, x: &[T], out: &mut [T]) {
    let Layout { outer, axis, inner } = layout;
    let size = if inner == 1 { BLOCK } else { ROWS };
    let work = (axis.min(size) * inner).max(1);
    let shared = Disjoint::new(out);
    for_ranges(outer * blocks, (GRAIN / work).max(1), |jobs| {
        // SAFETY: each job writes the `inner` elements that are its own, and ranges of jobs do not overlap.
        let part = unsafe { shared.slice(jobs.start * inner..jobs.end * inner) };
        dispatch(Blocks {
            kind,
            layout,
            blocks,
            size,
            x,
            first: jobs.start,
            out: part,
        });
    });
}

struct Blocks<'a, T> {
    kind: Fold,
    layout: Layout,
    blocks: usize,
    size: usize,
    x: &'a [T],
    first: usize,
    out: &'a mut [T],
}

impl<T: Math> Kernel<T> for Blocks<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { axis, inner, .. } = self.layout;
        for (k, out) in self.out.chunks_exact_mut(inner.max(1)).enumerate() {
            let job = self.first + k;
            let (o, b) = (job / self.blocks, job % self.blocks);
            let (from, to) = (b * self.size, axis.min((b + 1) * self.size));
            let x = &self.x[(o * axis + from) * inner..(o * axis + to) * inner];
            // One match outside the loops, so that each fold gets loops of its own.
            match self.kind {
                Fold::Sum => run_block::<T, L, { Fold::Sum as u8 }>(x, inner, out),
                Fold::Prod => run_block::<T, L, { Fold::Prod as u8 }>(x, inner, out),
                Fold::Max => run_block::<T, L, { Fold::Max as u8 }>(x, inner, out),
                Fold::Min => run_block::<T, L, { Fold::Min as u8 }>(x, inner, out),
            }
        }
    }
}

const fn kind_of(k: u8) -> Fold {
    match k {
        0 => Fold::Sum,
        1 => Fold::Prod,
        2 => Fold::Max,
        _ => Fold::Min,
    }
}

#[inline(always)]
fn run_block<T: Math, L: Lanes<T>, const K: u8>(x: &[T], inner: usize, out: &mut [T]) {
    if inner == 1 {
        out[0] = row::<T, L, K>(x);
    } else {
        columns::<T, L, K>(x, inner, out);
    }
}

/// A contiguous stretch, with four registers of accumulators.
#[inline(always)]
fn row<T: Math, L: Lanes<T>, const K: u8>(x: &[T]) -> T {
    let kind = kind_of(K);
    if x.len() < 4 * L::N {
        return x.iter().fold(kind.start(), |a, &b| kind.pair(a, b));
    }
    let mut acc = [L::splat(kind.start()); 4];
    let mut chunks = x.chunks_exact(4 * L::N);
    for c in &mut chunks {
        for (j, a) in acc.iter_mut().enumerate() {
            *a = kind.lanes(*a, L::from_slice(&c[j * L::N..]));
        }
    }
    let all = kind.lanes(kind.lanes(acc[0], acc[1]), kind.lanes(acc[2], acc[3]));
    let mut lanes = [T::ZERO; 16];
    all.to_slice(&mut lanes);
    // Halves first: the same tree as `reduce_sum`, for every fold (and right for NaN).
    let mut n = L::N;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            lanes[i] = kind.pair(lanes[i], lanes[i + n]);
        }
    }
    chunks.remainder().iter().fold(lanes[0], |a, &b| kind.pair(a, b))
}

/// Rows of `inner` elements, folded into one: strips of four registers go down the rows.
#[inline(always)]
fn columns<T: Math, L: Lanes<T>, const K: u8>(x: &[T], inner: usize, out: &mut [T]) {
    let kind = kind_of(K);
    let rows = x.len() / inner;
    let mut at = 0;
    while at + 4 * L::N <= inner {
        let mut acc = [L::splat(kind.start()); 4];
        for r in 0..rows {
            let p = &x[r * inner + at..][..4 * L::N];
            for (j, a) in acc.iter_mut().enumerate() {
                *a = kind.lanes(*a, L::from_slice(&p[j * L::N..]));
            }
        }
        for (j, a) in acc.iter().enumerate() {
            a.to_slice(&mut out[at + j * L::N..]);
        }
        at += 4 * L::N;
    }
    while at < inner {
        let n = L::N.min(inner - at);
        // Few columns: four rows at once, so that additions overlap.
        let mut acc = [L::splat(kind.start()); 4];
        let mut r = 0;
        while r + 4 <= rows {
            for (j, a) in acc.iter_mut().enumerate() {
                *a = kind.lanes(*a, L::from_part(&x[(r + j) * inner + at..][..n]));
            }
            r += 4;
        }
        while r < rows {
            acc[0] = kind.lanes(acc[0], L::from_part(&x[r * inner + at..][..n]));
            r += 1;
        }
        let all = kind.lanes(kind.lanes(acc[0], acc[1]), kind.lanes(acc[2], acc[3]));
        all.to_part(&mut out[at..at + n]);
        at += n;
    }
}

/// Index of the first largest (or smallest) element along the axis; a NaN counts as largest and as smallest, as in NumPy.
pub fn arg_extreme<T: PartialOrd + Copy>(largest: bool, layout: Layout, x: &[T], out: &mut [i32]) {
    let Layout { outer, axis, inner } = layout;
    for o in 0..outer {
        for i in 0..inner {
            let at = |a: usize| x[(o * axis + a) * inner + i];
            let mut best = 0;
            for a in 1..axis {
                let (new, old) = (at(a), at(best));
                let better = if largest { new > old } else { new < old };
                #[allow(clippy::eq_op)] // NaN is the one value that differs from itself
                if old == old && (better || new != new) {
                    best = a;
                }
            }
            out[o * inner + i] = best as i32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::tests::with_threads;

    fn naive(kind: Fold, l: Layout, x: &[f64]) -> Vec<f64> {
        let mut out = vec![kind.start(); l.outer * l.inner];
        for o in 0..l.outer {
            for a in 0..l.axis {
                for i in 0..l.inner {
                    let y = &mut out[o * l.inner + i];
                    *y = kind.pair(*y, x[(o * l.axis + a) * l.inner + i]);
                }
            }
        }
        out
    }

    #[test]
    fn folds_agree_with_plain_loops_on_odd_sizes() {
        for (outer, axis, inner) in [
            (1, 1, 1),
            (3, 7, 1),
            (1, 10_007, 1),
            (2, 5, 3),
            (1, 1037, 70),
            (3, 600, 5),
            (2, 4097, 1),
            (1, 0, 3),
            (4, 3, 129),
        ] {
            let layout = Layout { outer, axis, inner };
            let x: Vec<f64> = (0..outer * axis * inner)
                .map(|i| 1.0 + ((i * 37 % 101) as f64 - 50.0) / 5e4)
                .collect();
            for kind in [Fold::Sum, Fold::Prod, Fold::Max, Fold::Min] {
                let mut out = vec![0.0; outer * inner];
                let mut scratch = vec![0.0; layout.scratch()];
                fold(kind, layout, &x, &mut out, &mut scratch);
                for (a, b) in out.iter().zip(naive(kind, layout, &x)) {
                    assert!(
                        (a - b).abs() <= 1e-11 * b.abs().max(1.0) || a == &b,
                        "{kind:?} {layout:?}: {a} {b}"
                    );
                }
                let alone = out.clone();
                with_threads(3, || fold(kind, layout, &x, &mut out, &mut scratch));
                assert_eq!(alone, out, "same bits inside the pool");
            }
        }
    }

    #[test]
    fn millions_of_f32_stay_accurate() {
        let x = vec![0.1f32; 4_000_000];
        let layout = Layout {
            outer: 1,
            axis: x.len(),
            inner: 1,
        };
        let mut out = [0.0];
        fold(Fold::Sum, layout, &x, &mut out, &mut vec![0.0; layout.scratch()]);
        assert!((f64::from(out[0]) - 400_000.0).abs() < 0.5, "{}", out[0]);
    }

    #[test]
    fn nan_wins() {
        let layout = Layout {
            outer: 1,
            axis: 100,
            inner: 1,
        };
        let mut x = vec![1.0f32; 100];
        x[40] = f32::NAN;
        let mut out = [0.0];
        fold(Fold::Max, layout, &x, &mut out, &mut []);
        assert!(out[0].is_nan());
        let mut index = [0];
        arg_extreme(true, layout, &x, &mut index);
        assert_eq!(index[0], 40);
    }
}

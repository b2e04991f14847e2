//! Softmax and its relatives along an axis: arrays seen as (outer, axis, inner).
//!
//! softmax(x)_a = exp(x_a - m) / s,  log_softmax(x)_a = x_a - m - ln s,  with m = max x and s = sum of exp(x_a - m).

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;

use std::marker::PhantomData;

use serde::Serialize;

use super::math::{self, Math};
use super::parallel::{Disjoint, GRAIN, for_ranges};
use super::reduce::Layout;
use super::simd::{Kernel, Lanes, dispatch};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Form {
    Softmax,
    LogSoftmax,
}

/// y = softmax(x) or log_softmax(x) along the axis. `out` may not overlap `x`.
pub fn softmax<T: Math>(form: Form, layout: Layout, x: &[T], out: &mut [T]) {
    let Layout { outer, axis, inner } = layout;
    if axis == 0 || inner == 0 {
        return;
    }
    let row = axis * inner;
    let shared = Disjoint::new(out);
    for_ranges(outer, (GRAIN / 4 / row).max(1), |rows| {
        // SAFETY: ranges of rows do not overlap.
        let out = unsafe { shared.slice(rows.start * row..rows.end * row) };
        let x = &x[rows.start * row..rows.end * row];
        if inner == 1 {
            dispatch(Rows { form, axis, x, out });
        } else {
            x.chunks_exact(row)
                .zip(out.chunks_exact_mut(row))
                .for_each(|(x, y)| strided(form, inner, x, y));
        }
    });
}

struct Rows<'a, T> {
    form: Form,
    axis: usize,
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Math> Kernel<T> for Rows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let row = Row::<T, L>::of(self.axis);
        for (x, y) in self
            .x
            .chunks_exact(self.axis)
            .zip(self.out.chunks_exact_mut(self.axis))
        {
            let m = row.max(x);
            match self.form {
                // A short row stays in its register: what was just written with a mask is slow to read again.
                Form::Softmax if row.whole == 0 => {
                    let e = row.exp_last(x, L::splat(m));
                    e.mul(L::splat(e.reduce_sum().recip())).to_part(y);
                }
                Form::Softmax => {
                    let s = row.exp_sum(x, m, |at, e| e.to_part(&mut y[at..]));
                    scale::<T, L>(y, s.recip());
                }
                Form::LogSoftmax => {
                    let s = row.exp_sum(x, m, |_, _| ());
                    let shift = L::splat(m).add(L::splat(s.ln()));
                    for (x, y) in x.chunks(L::N).zip(y.chunks_mut(L::N)) {
                        L::from_part(x).sub(shift).to_part(y);
                    }
                }
            }
        }
    }
}

/// How rows of one length lie in registers: whole ones, and a last one with 1 to N numbers.
struct Row<T, L: Lanes<T>> {
    /// Numbers in whole registers.
    whole: usize,
    /// The lanes of the last register that hold numbers of the row.
    inside: L::Mask,
    of: PhantomData<T>,
}

impl<T: Math, L: Lanes<T>> Row<T, L> {
    #[inline(always)]
    fn of(n: usize) -> Self {
        let whole = (n - 1) / L::N * L::N;
        let lanes: [T; 16] = std::array::from_fn(|i| T::from_f64(i as f64));
        Self {
            whole,
            inside: L::from_slice(&lanes).lt(L::splat(T::from_f64((n - whole) as f64))),
            of: PhantomData,
        }
    }

    /// The largest element; where all are -inf, 0, so that their exponentials are 0 and not NaN. A NaN may be passed over
    /// here: it comes back in the sum.
    #[inline(always)]
    fn max(&self, x: &[T]) -> T {
        let (whole, last) = x.split_at(self.whole);
        let low = L::splat(T::NEG_INFINITY);
        let mut m = [L::select(self.inside, L::from_part(last), low), low];
        let mut pairs = whole.chunks_exact(2 * L::N);
        for c in &mut pairs {
            m = [m[0].max(L::from_slice(c)), m[1].max(L::from_slice(&c[L::N..]))];
        }
        if !pairs.remainder().is_empty() {
            m[1] = m[1].max(L::from_slice(pairs.remainder()));
        }
        let best = m[0].max(m[1]).reduce_max();
        if best == T::NEG_INFINITY { T::ZERO } else { best }
    }

    /// exp(x - m) of the last register, 0 beyond the row.
    #[inline(always)]
    fn exp_last(&self, x: &[T], m: L) -> L {
        let e = math::exp_below(L::from_part(&x[self.whole..]).sub(m));
        L::select(self.inside, e, L::splat(T::ZERO))
    }

    /// sum of exp(x - m); `keep` is given each register of terms, and where it begins.
    #[inline(always)]
    fn exp_sum(&self, x: &[T], m: T, mut keep: impl FnMut(usize, L)) -> T {
        let m = L::splat(m);
        let last = self.exp_last(x, m);
        keep(self.whole, last);
        let mut sums = [last, L::splat(T::ZERO)];
        for (i, c) in x[..self.whole].chunks_exact(L::N).enumerate() {
            let e = math::exp_below(L::from_slice(c).sub(m));
            keep(i * L::N, e);
            sums[i % 2] = sums[i % 2].add(e);
        }
        sums[0].add(sums[1]).reduce_sum()
    }
}

#[inline(always)]
fn scale<T: Math, L: Lanes<T>>(y: &mut [T], by: T) {
    for y in y.chunks_mut(L::N) {
        L::from_part(y).mul(L::splat(by)).to_part(y);
    }
}

/// One (axis, inner) block, an element at a time.
fn strided<T: Math>(form: Form, inner: usize, x: &[T], y: &mut [T]) {
    for i in 0..inner {
        let column = || x[i..].iter().step_by(inner);
        let mut m = column().fold(T::NEG_INFINITY, |a, &b| a.maximum(b));
        if m == T::NEG_INFINITY {
            m = T::ZERO;
        }
        let s: T = column().map(|&v| (v - m).exp()).sum();
        for (y, &v) in y[i..].iter_mut().step_by(inner).zip(column()) {
            *y = match form {
                Form::Softmax => (v - m).exp() / s,
                Form::LogSoftmax => v - m - s.ln(),
            };
        }
    }
}

/// dx = y (g - sum of g y) along the axis: the gradient of softmax from its output.
pub fn softmax_gradient<T: Math>(layout: Layout, y: &[T], g: &[T], out: &mut [T]) {
    let Layout { outer, axis, inner } = layout;
    let row = axis * inner;
    if row == 0 {
        return;
    }
    let shared = Disjoint::new(out);
    for_ranges(outer, (GRAIN / 4 / row).max(1), |rows| {
        let part = rows.start * row..rows.end * row;
        // SAFETY: ranges of rows do not overlap.
        let dx = unsafe { shared.slice(part.clone()) };
        let (y, g) = (&y[part.clone()], &g[part]);
        if inner == 1 {
            dispatch(RowsGradient { axis, y, g, dx });
            return;
        }
        for ((y, g), dx) in y
            .chunks_exact(row)
            .zip(g.chunks_exact(row))
            .zip(dx.chunks_exact_mut(row))
        {
            for i in 0..inner {
                let mut s = T::ZERO;
                for a in (i..row).step_by(inner) {
                    s += y[a] * g[a];
                }
                for a in (i..row).step_by(inner) {
                    dx[a] = y[a] * (g[a] - s);
                }
            }
        }
    });
}

struct RowsGradient<'a, T> {
    axis: usize,
    y: &'a [T],
    g: &'a [T],
    dx: &'a mut [T],
}

impl<T: Math> Kernel<T> for RowsGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for ((y, g), dx) in self
            .y
            .chunks_exact(self.axis)
            .zip(self.g.chunks_exact(self.axis))
            .zip(self.dx.chunks_exact_mut(self.axis))
        {
            let mut sum = L::splat(T::ZERO);
            for (y, g) in y.chunks(L::N).zip(g.chunks(L::N)) {
                sum = L::from_part(y).mul_add(L::from_part(g), sum);
            }
            let sum = L::splat(sum.reduce_sum());
            for ((y, g), dx) in y.chunks(L::N).zip(g.chunks(L::N)).zip(dx.chunks_mut(L::N)) {
                L::from_part(y).mul(L::from_part(g).sub(sum)).to_part(dx);
            }
        }
    }
}

/// Rows of logits against one label each: loss = lse - x[label], lse = m + ln(sum of exp(x - m)).
///
/// Labels must lie in [0, classes); whoever calls has checked.
pub fn label_crossentropy<T: Math>(
    classes: usize,
    labels: &[i64],
    logits: &[T],
    loss: &mut [T],
    lse: &mut [T],
) {
    let (loss, lse) = (Disjoint::new(loss), Disjoint::new(lse));
    for_ranges(labels.len(), (GRAIN / 4 / classes.max(1)).max(1), |rows| {
        // SAFETY: ranges of rows do not overlap.
        let (loss, lse) = unsafe { (loss.slice(rows.clone()), lse.slice(rows.clone())) };
        dispatch(Labels {
            classes,
            labels: &labels[rows.clone()],
            logits: &logits[rows.start * classes..rows.end * classes],
            loss,
            lse,
        });
    });
}

struct Labels<'a, T> {
    classes: usize,
    labels: &'a [i64],
    logits: &'a [T],
    loss: &'a mut [T],
    lse: &'a mut [T],
}

impl<T: Math> Kernel<T> for Labels<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let row = Row::<T, L>::of(self.classes);
        let rows = self.logits.chunks_exact(self.classes);
        for ((x, m), s) in rows.clone().zip(&mut *self.loss).zip(&mut *self.lse) {
            *m = row.max(x);
            *s = row.exp_sum(x, *m, |_, _| ());
        }
        // The logarithms of many rows at once.
        for (m, s) in self.loss.chunks(L::N).zip(self.lse.chunks_mut(L::N)) {
            math::log(L::from_part(s)).add(L::from_part(m)).to_part(s);
        }
        for (((x, loss), &lse), &label) in rows.zip(self.loss).zip(&*self.lse).zip(self.labels) {
            *loss = lse - x[label as usize];
        }
    }
}

/// dx = (exp(x - lse) - [label]) g, a row for each label.
pub fn label_crossentropy_gradient<T: Math>(
    classes: usize,
    labels: &[i64],
    logits: &[T],
    lse: &[T],
    g: &[T],
    out: &mut [T],
) {
    let out = Disjoint::new(out);
    for_ranges(labels.len(), (GRAIN / 4 / classes.max(1)).max(1), |rows| {
        let part = rows.start * classes..rows.end * classes;
        // SAFETY: ranges of rows do not overlap.
        let dx = unsafe { out.slice(part.clone()) };
        dispatch(LabelGradient {
            classes,
            logits: &logits[part],
            lse: &lse[rows.clone()],
            g: &g[rows.clone()],
            dx,
        });
        for (r, row) in rows.zip(dx.chunks_exact_mut(classes)) {
            row[labels[r] as usize] -= g[r];
        }
    });
}

struct LabelGradient<'a, T> {
    classes: usize,
    logits: &'a [T],
    lse: &'a [T],
    g: &'a [T],
    dx: &'a mut [T],
}

impl<T: Math> Kernel<T> for LabelGradient<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for (r, (x, dx)) in self
            .logits
            .chunks_exact(self.classes)
            .zip(self.dx.chunks_exact_mut(self.classes))
            .enumerate()
        {
            let (shift, g) = (L::splat(self.lse[r]), L::splat(self.g[r]));
            // Nothing is read from dx here: a register of a short row reaches into the next one, and reading there would
            // wait until the row before is written.
            for (x, dx) in x.chunks(L::N).zip(dx.chunks_mut(L::N)) {
                math::exp(L::from_part(x).sub(shift)).mul(g).to_part(dx);
            }
        }
    }
}

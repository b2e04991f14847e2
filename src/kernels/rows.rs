//! Softmax and its relatives along an axis: arrays seen as (outer, axis, inner).
//!
//! softmax(x)_a = exp(x_a - m) / s,  log_softmax(x)_a = x_a - m - ln s,  with m = max x and s = sum of exp(x_a - m).

use super::math::{self, Math, maximum};
use super::parallel::{Disjoint, GRAIN, for_ranges};
use super::reduce::Layout;
use super::simd::{Kernel, Lanes, dispatch};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        for (x, y) in self
            .x
            .chunks_exact(self.axis)
            .zip(self.out.chunks_exact_mut(self.axis))
        {
            let m = row_max::<T, L>(x);
            let s = exp_sum::<T, L>(x, m, Some(y));
            match self.form {
                Form::Softmax => map::<T, L>(y, |v| v.mul(L::splat(s.recip()))),
                Form::LogSoftmax => {
                    let shift = L::splat(m).add(L::splat(s.ln()));
                    y.copy_from_slice(x);
                    map::<T, L>(y, |v| v.sub(shift));
                }
            }
        }
    }
}

#[inline(always)]
fn map<T: Math, L: Lanes<T>>(y: &mut [T], f: impl Fn(L) -> L) {
    let mut chunks = y.chunks_exact_mut(L::N);
    for c in &mut chunks {
        f(L::from_slice(c)).to_slice(c);
    }
    let rest = chunks.into_remainder();
    f(L::from_part(rest)).to_part(rest);
}

/// The largest element; where all are -inf, 0, so that their exponentials are 0 and not NaN.
#[inline(always)]
fn row_max<T: Math, L: Lanes<T>>(x: &[T]) -> T {
    let mut chunks = x.chunks_exact(L::N);
    let mut m = L::splat(T::NEG_INFINITY);
    for c in &mut chunks {
        m = maximum(m, L::from_slice(c));
    }
    let mut lanes = [T::NEG_INFINITY; 16];
    m.to_slice(&mut lanes);
    let best = lanes[..L::N]
        .iter()
        .chain(chunks.remainder())
        .fold(T::NEG_INFINITY, |a, &b| a.maximum(b));
    if best == T::NEG_INFINITY { T::ZERO } else { best }
}

/// sum of exp(x - m); the terms go to `keep`, if that is wanted.
#[inline(always)]
fn exp_sum<T: Math, L: Lanes<T>>(x: &[T], m: T, mut keep: Option<&mut [T]>) -> T {
    let shift = L::splat(m);
    let mut sum = L::splat(T::ZERO);
    let mut i = 0;
    while i < x.len() {
        let n = L::N.min(x.len() - i);
        let e = math::exp(L::from_part(&x[i..i + n]).sub(shift));
        if let Some(y) = &mut keep {
            e.to_part(&mut y[i..i + n]);
        }
        if n == L::N {
            sum = sum.add(e);
        } else {
            // Lanes beyond the row hold exp(0 - m): leave them out.
            let mut lanes = [T::ZERO; 16];
            e.to_slice(&mut lanes);
            lanes[n..].fill(T::ZERO);
            sum = sum.add(L::from_slice(&lanes));
        }
        i += n;
    }
    sum.reduce_sum()
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
        for r in rows {
            let at = r * row..(r + 1) * row;
            // SAFETY: each row is written once.
            let dx = unsafe { shared.slice(at.clone()) };
            let (y, g) = (&y[at.clone()], &g[at]);
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
        for (r, x) in self.logits.chunks_exact(self.classes).enumerate() {
            let m = row_max::<T, L>(x);
            let lse = m + exp_sum::<T, L>(x, m, None).ln();
            self.lse[r] = lse;
            self.loss[r] = lse - x[self.labels[r] as usize];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_agrees_with_plain_loops_on_odd_sizes() {
        for (outer, axis, inner) in [(1, 1, 1), (3, 10, 1), (5, 37, 1), (2, 16, 3), (70, 129, 1)] {
            let layout = Layout { outer, axis, inner };
            let x: Vec<f32> = (0..outer * axis * inner)
                .map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0)
                .collect();
            for form in [Form::Softmax, Form::LogSoftmax] {
                let mut y = vec![0.0; x.len()];
                softmax(form, layout, &x, &mut y);
                for (x, y) in x.chunks_exact(axis * inner).zip(y.chunks_exact(axis * inner)) {
                    for i in 0..inner {
                        let s: f64 = x[i..].iter().step_by(inner).map(|v| f64::from(*v).exp()).sum();
                        for (x, y) in x[i..].iter().step_by(inner).zip(y[i..].iter().step_by(inner)) {
                            let p = f64::from(*x).exp() / s;
                            let want = if form == Form::Softmax { p } else { p.ln() };
                            assert!(
                                (f64::from(*y) - want).abs() < 2e-6 * want.abs().max(1.0),
                                "{form:?} {layout:?} {y} {want}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn extreme_logits_give_finite_losses() {
        let logits = [1000.0f32, -1000.0, 0.0, f32::NEG_INFINITY, 2.0, 1.0];
        let (mut loss, mut lse) = ([0.0; 2], [0.0; 2]);
        label_crossentropy(3, &[1, 1], &logits, &mut loss, &mut lse);
        assert_eq!(loss[0], 2000.0);
        assert!((loss[1] - 0.313_261_7).abs() < 1e-6);
    }
}

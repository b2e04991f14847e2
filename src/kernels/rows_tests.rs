use super::*;
use crate::kernels::simd::{levels, with_level};

/// Rows shorter than a register, of just one, of several, and with a rest; the last two have columns between.
const LAYOUTS: [(usize, usize, usize); 10] = [
    (1, 1, 1),
    (3, 10, 1),
    (4, 16, 1),
    (2, 17, 1),
    (6, 32, 1),
    (5, 37, 1),
    (3, 48, 1),
    (70, 129, 1),
    (2, 16, 3),
    (3, 5, 20),
];

fn numbers(n: usize, step: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * step % 101) as f64 - 50.0) / 7.0).collect()
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&v| v as f32).collect()
}

/// Calls `f(row)` with the positions of the elements of each row.
fn each_row(layout: Layout, mut f: impl FnMut(&[usize])) {
    let Layout { outer, axis, inner } = layout;
    for o in 0..outer {
        for i in 0..inner {
            f(&(0..axis).map(|a| (o * axis + a) * inner + i).collect::<Vec<_>>());
        }
    }
}

fn plain_softmax(form: Form, layout: Layout, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    each_row(layout, |row| {
        let s: f64 = row.iter().map(|&p| x[p].exp()).sum();
        for &p in row {
            y[p] = if form == Form::Softmax {
                x[p].exp() / s
            } else {
                x[p] - s.ln()
            };
        }
    });
    y
}

fn assert_near(got: &[f32], want: &[f64], what: &str) {
    for (got, want) in got.iter().zip(want) {
        assert!(
            (f64::from(*got) - want).abs() < 2e-6 * want.abs().max(1.0),
            "{what}: {got} instead of {want}"
        );
    }
}

#[test]
fn softmax_and_its_gradient_agree_with_plain_loops() {
    for (outer, axis, inner) in LAYOUTS {
        let layout = Layout { outer, axis, inner };
        let n = outer * axis * inner;
        let (x, g) = (numbers(n, 37), numbers(n, 53));
        for form in [Form::Softmax, Form::LogSoftmax] {
            let want = plain_softmax(form, layout, &x);
            for level in levels() {
                let mut y = vec![7.0f32; n];
                with_level(level, || softmax(form, layout, &narrow(&x), &mut y));
                assert_near(&y, &want, &format!("{form:?} {layout:?} {level:?}"));
            }
        }
        let y = plain_softmax(Form::Softmax, layout, &x);
        let mut want = vec![0.0; n];
        each_row(layout, |row| {
            let s: f64 = row.iter().map(|&p| y[p] * g[p]).sum();
            row.iter().for_each(|&p| want[p] = y[p] * (g[p] - s));
        });
        for level in levels() {
            let mut dx = vec![7.0f32; n];
            with_level(level, || {
                softmax_gradient(layout, &narrow(&y), &narrow(&g), &mut dx)
            });
            assert_near(&dx, &want, &format!("gradient {layout:?} {level:?}"));
        }
    }
}

#[test]
fn losses_of_labels_agree_with_plain_loops() {
    for (rows, classes) in [(1, 1), (3, 10), (20, 16), (33, 17), (2, 129)] {
        let x = numbers(rows * classes, 37);
        let labels: Vec<i64> = (0..rows).map(|r| (r * 7 % classes) as i64).collect();
        let layout = Layout {
            outer: rows,
            axis: classes,
            inner: 1,
        };
        let logs = plain_softmax(Form::LogSoftmax, layout, &x);
        let want: Vec<f64> = labels
            .iter()
            .enumerate()
            .map(|(r, &label)| -logs[r * classes + label as usize])
            .collect();
        for level in levels() {
            let (mut loss, mut lse) = (vec![0.0f32; rows], vec![0.0f32; rows]);
            with_level(level, || {
                label_crossentropy(classes, &labels, &narrow(&x), &mut loss, &mut lse)
            });
            assert_near(&loss, &want, &format!("{rows}x{classes} {level:?}"));
        }
    }
}

#[test]
fn extreme_logits_give_finite_losses() {
    for level in levels() {
        let logits = [1000.0f32, -1000.0, 0.0, f32::NEG_INFINITY, 2.0, 1.0];
        let (mut loss, mut lse) = ([0.0; 2], [0.0; 2]);
        with_level(level, || {
            label_crossentropy(3, &[1, 1], &logits, &mut loss, &mut lse)
        });
        assert_eq!(loss[0], 2000.0);
        assert!((loss[1] - 0.313_261_7).abs() < 1e-6);
    }
}

#[test]
fn a_row_with_nan_is_nan_and_the_others_are_not() {
    for level in levels() {
        for (classes, at) in [(3, 0), (3, 2), (40, 0), (40, 17), (40, 39)] {
            let layout = Layout {
                outer: 2,
                axis: classes,
                inner: 1,
            };
            let mut x = narrow(&numbers(2 * classes, 37));
            x[at] = f32::NAN;
            let mut y = vec![0.0; x.len()];
            with_level(level, || softmax(Form::Softmax, layout, &x, &mut y));
            assert!(
                y[..classes].iter().all(|v| v.is_nan()),
                "{classes} {at} {level:?}"
            );
            assert!(
                y[classes..].iter().all(|v| v.is_finite()),
                "{classes} {at} {level:?}"
            );
        }
    }
}

//! Softmax and its crossentropy.

use criterion::Criterion;
use oxhorn::kernels::reduce::Layout;
use oxhorn::kernels::rows::{
    Form, label_crossentropy, label_crossentropy_gradient, softmax, softmax_gradient,
};

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "softmax");
    for (rows, n) in [(32, 10), (200, 10), (16384, 128), (128, 10_000)] {
        let layout = Layout {
            outer: rows,
            axis: n,
            inner: 1,
        };
        let (x, g) = (some(rows * n), some(rows * n));
        let (mut y, mut dx) = (x.clone(), x.clone());
        family.numbers(&format!("{rows}x{n} forward"), 2 * rows * n, || {
            softmax(Form::Softmax, layout, &x, &mut y);
        });
        family.numbers(&format!("{rows}x{n} gradient"), 3 * rows * n, || {
            softmax_gradient(layout, &y, &g, &mut dx);
        });
        let labels: Vec<i64> = (0..rows).map(|r| (r * 7 % n) as i64).collect();
        let (mut loss, mut lse, each) = (vec![0.0; rows], vec![0.0; rows], vec![1.0; rows]);
        family.numbers(&format!("{rows}x{n} crossentropy of labels"), rows * n, || {
            label_crossentropy(n, &labels, &x, &mut loss, &mut lse);
        });
        family.numbers(
            &format!("{rows}x{n} crossentropy of labels, gradient"),
            2 * rows * n,
            || {
                label_crossentropy_gradient(n, &labels, &x, &lse, &each, &mut dx);
            },
        );
    }
}

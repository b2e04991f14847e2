//! Batch and layer normalisation. Counted is what must be read and written once if nothing stays in cache.

use criterion::Criterion;
use oxhorn::kernels::norm::{
    Arriving, Layout, Saved, Then, Through, gradient, layer, layer_gradient, layer_scratch, normalize,
    statistics,
};

use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "norm");
    for (outer, channels) in [
        (200, 300),
        (16 * 32 * 32, 16),
        (128 * 32 * 32, 16),
        (32 * 8 * 8, 256),
    ] {
        let l = Layout {
            outer,
            channels,
            inner: 1,
        };
        let x = some(l.len());
        let (mut y, mut dx) = (x.clone(), x.clone());
        let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
        let (mut dgamma, mut dbeta, mut factors) = (mean.clone(), mean.clone(), vec![0.0; 3 * channels]);
        let mut scratch = vec![0.0; l.scratch()];
        // Read for the statistics, read and written for the result.
        family.numbers(&format!("batch {outer}x{channels} forward"), 3 * l.len(), || {
            statistics(l, &x, &mut mean, &mut variance, &mut scratch);
            normalize(l, &x, &mean, &variance, &mean, Then::NOTHING, &mut y);
        });
        // x and dy read twice, dx written.
        family.numbers(&format!("batch {outer}x{channels} gradient"), 5 * l.len(), || {
            let saved = Saved {
                x: &x,
                mean: &mean,
                inverse: &variance,
                gamma: None,
            };
            let arriving = Arriving {
                dy: &y,
                through: Through::Nothing,
            };
            gradient(
                l,
                saved,
                arriving,
                Some(&mut dx),
                &mut dgamma,
                &mut dbeta,
                &mut factors,
                &mut scratch,
            );
        });
    }
    let (rows, n) = (32 * 128, 128);
    let (x, dy, gamma, beta) = (some(rows * n), some(rows * n), some(n), some(n));
    let (mut y, mut dx, mut dgamma, mut dbeta) = (x.clone(), x.clone(), gamma.clone(), beta.clone());
    let mut scratch = vec![0.0; layer_scratch(rows, n)];
    family.numbers(&format!("layer {rows}x{n} forward"), 2 * rows * n, || {
        layer(n, &x, Some(&gamma), Some(&beta), 1e-3, &mut y);
    });
    family.numbers(&format!("layer {rows}x{n} gradient"), 3 * rows * n, || {
        layer_gradient(
            n,
            &x,
            Some(&gamma),
            &dy,
            1e-3,
            &mut dx,
            &mut dgamma,
            &mut dbeta,
            &mut scratch,
        );
    });
}

//! How time grows with the batch, with the width, and how it shrinks with a second thread.

use criterion::{Criterion, Throughput};
use oxhorn::kernels::conv::{forward, kernel_gradient};
use oxhorn::kernels::gemm::{Epilogue, Mat, Size, gemm};
use oxhorn::kernels::norm::{Layout, Then, normalize, statistics};

use crate::convolution::Case;
use crate::{Family, some};

pub fn bench(c: &mut Criterion) {
    let mut family = Family::new(c, "batch");
    for m in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        dense(&mut family, m, 128, 784, 1);
    }
    drop(family);
    let mut family = Family::new(c, "width");
    for n in [16, 32, 64, 128, 256, 512, 1024] {
        dense(&mut family, 64, n, n, 1);
    }
    drop(family);
    let mut family = Family::new(c, "threads");
    for threads in [1, 2] {
        for (m, n, k) in [(32, 128, 784), (200, 300, 784), (512, 512, 512)] {
            dense(&mut family, m, n, k, threads);
        }
        image(&mut family, threads);
    }
}

fn dense(family: &mut Family<'_>, m: usize, n: usize, k: usize, threads: usize) {
    let (a, b, mut y) = (some(m * k), some(k * n), some(m * n));
    let name = format!("product {m}x{k}x{n}, threads {threads}");
    family.time(
        Throughput::Elements(2 * (m * n * k) as u64),
        &name,
        threads,
        || {
            let (left, right) = (Mat::row_major(&a, k), Mat::row_major(&b, n));
            gemm(Size { m, n, k }, 1.0, left, right, 0.0, &mut y, Epilogue::NONE);
        },
    );
}

/// A convolution of ResNet-20's first stage, its kernel gradient, and the batch normalisation behind it.
fn image(family: &mut Family<'_>, threads: usize) {
    let case = Case::new(128, 32, 16, 16, 3);
    let g = case.geometry();
    let (x, k, mut y) = (some(g.input_len()), some(g.kernel_len()), some(g.output_len()));
    let (mut dk, mut scratch) = (k.clone(), vec![0.0; g.scratch().max(g.kernel_scratch())]);
    let work = Throughput::Elements(2 * g.multiply_adds() as u64);
    let name = format!("128x32x32x16 to 16, 3x3, threads {threads}");
    family.time(work, &format!("convolution {name}"), threads, || {
        forward(&g, &x, &k, &mut y, Epilogue::NONE, &mut scratch);
    });
    let work = Throughput::Elements(2 * g.multiply_adds() as u64);
    family.time(work, &format!("kernel gradient {name}"), threads, || {
        kernel_gradient(&g, &x, &y, &mut dk, &mut scratch);
    });
    let l = Layout {
        outer: 128 * 32 * 32,
        channels: 16,
        inner: 1,
    };
    let (mut mean, mut variance, mut z) = (vec![0.0; 16], vec![0.0; 16], x.clone());
    let mut scratch = vec![0.0; l.scratch()];
    let moved = Throughput::Bytes(3 * 4 * l.len() as u64);
    let name = format!("batch normalization 131072x16, threads {threads}");
    family.time(moved, &name, threads, || {
        statistics(l, &x, &mut mean, &mut variance, &mut scratch);
        normalize(l, &x, &mean, &variance, &mean, Then::NOTHING, &mut z);
    });
}

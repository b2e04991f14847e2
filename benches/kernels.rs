//! Kernels beside what the machine can do: GFLOP/s of products beside a loop of fused multiply-adds in registers, GB/s
//! of normalisation beside a copy. One thread, float32. `cargo bench --bench kernels -- conv` runs a part.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oxhorn::kernels::conv::{Geometry, forward, input_gradient, kernel_gradient};
use oxhorn::kernels::gemm::{Epilogue, Mat, Size, gemm};
use oxhorn::kernels::norm::{Layout, Saved, gradient, normalize, statistics};
use oxhorn::kernels::peak::multiply_adds;

fn settings<'a>(
    c: &'a mut Criterion,
    name: &str,
) -> criterion::BenchmarkGroup<'a, criterion::measurement::WallTime> {
    let mut group = c.benchmark_group(name);
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    group
}

fn peak(c: &mut Criterion) {
    let flops = 1 << 26;
    let mut group = settings(c, "peak");
    group.throughput(Throughput::Elements(flops as u64));
    group.bench_function("fma (elements are floating-point operations)", |b| {
        b.iter(|| multiply_adds::<f32>(black_box(flops)));
    });
    let x = vec![1.0_f32; 1 << 20];
    let mut y = x.clone();
    group.throughput(Throughput::Bytes(8 << 20));
    group.bench_function("copy 4 MiB (read + write)", |b| {
        b.iter(|| y.copy_from_slice(black_box(&x)));
    });
}

fn products(c: &mut Criterion) {
    let mut group = settings(c, "gemm");
    let sizes = [
        (32, 64, 9),
        (1, 300, 784),
        (32, 128, 784),
        (200, 300, 784),
        (200, 10, 100),
        (784, 300, 200),
        (512, 512, 512),
    ];
    for (m, n, k) in sizes {
        let (a, b, mut y) = (vec![0.5_f32; m * k], vec![0.25_f32; k * n], vec![0.0_f32; m * n]);
        group.throughput(Throughput::Elements(2 * (m * n * k) as u64));
        for (name, transposed) in [("a b", false), ("a b^T", true)] {
            group.bench_function(format!("{m}x{k}x{n} {name}"), |bench| {
                let right = if transposed {
                    Mat::transposed(&b, k)
                } else {
                    Mat::row_major(&b, n)
                };
                let left = Mat::row_major(&a, k);
                bench.iter(|| gemm(Size { m, n, k }, 1.0, left, right, 0.0, &mut y, Epilogue::NONE));
            });
        }
    }
}

fn convolutions(c: &mut Criterion) {
    let mut group = settings(c, "conv");
    // batch, size, channels, filters, kernel, stride, padding
    let cases = [
        (32, 28, 1, 32, 3, 1, 0),
        (32, 26, 32, 64, 3, 1, 0),
        (16, 32, 16, 16, 3, 1, 1),
        (16, 16, 32, 32, 3, 1, 1),
        (32, 8, 64, 64, 3, 1, 1),
        (16, 32, 16, 32, 3, 2, 1),
    ];
    for (batch, size, channels, filters, kernel, stride, padding) in cases {
        let output = (size + 2 * padding - kernel) / stride + 1;
        let g = Geometry {
            batch,
            input: [1, size, size],
            output: [1, output, output],
            kernel: [1, kernel, kernel],
            stride: [1, stride, stride],
            dilation: [1; 3],
            before: [0, padding, padding],
            in_channels: channels,
            out_channels: filters,
            groups: 1,
        };
        let (x, k) = (vec![0.5_f32; g.input_len()], vec![0.25_f32; g.kernel_len()]);
        let (mut y, mut dx, mut dk) = (vec![0.0_f32; g.output_len()], x.clone(), k.clone());
        let dy = vec![0.1_f32; g.output_len()];
        let mut scratch = vec![0.0_f32; g.scratch().max(g.kernel_scratch())];
        let name = format!("{batch}x{size}x{size}x{channels} k{kernel} s{stride} f{filters}");
        group.throughput(Throughput::Elements(2 * g.multiply_adds() as u64));
        group.bench_function(format!("{name} forward"), |b| {
            b.iter(|| forward(&g, &x, &k, &mut y, Epilogue::NONE, &mut scratch));
        });
        group.bench_function(format!("{name} input gradient"), |b| {
            b.iter(|| input_gradient(&g, &dy, &k, &mut dx, &mut scratch));
        });
        group.bench_function(format!("{name} kernel gradient"), |b| {
            b.iter(|| kernel_gradient(&g, &x, &dy, &mut dk, &mut scratch));
        });
    }
}

fn normalisation(c: &mut Criterion) {
    let mut group = settings(c, "norm");
    for (outer, channels) in [(200, 300), (128 * 32 * 32, 16)] {
        let l = Layout {
            outer,
            channels,
            inner: 1,
        };
        let x: Vec<f32> = (0..l.len()).map(|i| (i % 17) as f32).collect();
        let (mut y, mut dx) = (x.clone(), x.clone());
        let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
        let (mut dgamma, mut dbeta, mut factors) = (mean.clone(), mean.clone(), vec![0.0; 3 * channels]);
        let mut scratch = vec![0.0; l.scratch()];
        // Read for the statistics, read and written for the result.
        group.throughput(Throughput::Bytes(3 * 4 * l.len() as u64));
        group.bench_function(format!("batch {outer}x{channels} forward"), |b| {
            b.iter(|| {
                statistics(l, &x, &mut mean, &mut variance, &mut scratch);
                normalize(l, &x, &mean, &variance, &mean, &mut y);
            });
        });
        // x and dy read twice, dx written.
        group.throughput(Throughput::Bytes(5 * 4 * l.len() as u64));
        group.bench_function(format!("batch {outer}x{channels} gradient"), |b| {
            let saved = Saved {
                x: &x,
                mean: &mean,
                inverse: &variance,
                gamma: None,
            };
            b.iter(|| {
                gradient(
                    l,
                    saved,
                    &y,
                    Some(&mut dx),
                    &mut dgamma,
                    &mut dbeta,
                    &mut factors,
                    &mut scratch,
                );
            });
        });
    }
}

criterion_group!(kernels, peak, products, convolutions, normalisation);
criterion_main!(kernels);

//! Kernels beside what the machine can do: products as GFLOP/s beside a loop of fused multiply-adds in registers, what
//! moves numbers as GB/s beside a copy. float32; one thread but for `threads`, which has one and two.
//!
//! `cargo bench --bench kernels -- conv` runs a part; `python benches/kernel_table.py` makes a table of the last run.

mod convolution;
mod normalization;
mod passes;
mod pooling;
mod products;
mod rows;
mod scaling;
mod sequences;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use oxhorn::kernels::parallel::set_num_threads;
use oxhorn::kernels::peak::multiply_adds;

/// A family of kernels, whose members are timed shortly.
struct Family<'a>(BenchmarkGroup<'a, WallTime>);

impl<'a> Family<'a> {
    fn new(c: &'a mut Criterion, name: &str) -> Self {
        let mut group = c.benchmark_group(name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(300));
        Self(group)
    }

    fn time(&mut self, throughput: Throughput, name: &str, threads: usize, mut f: impl FnMut() + Send) {
        self.0.throughput(throughput);
        self.0.bench_function(name, |b| {
            set_num_threads(threads).expect("one or two threads");
            b.iter_custom(|times| {
                let start = Instant::now();
                (0..times).for_each(|_| f());
                start.elapsed()
            });
        });
    }

    /// Times `f` on one thread; it does so many multiply-adds.
    fn multiply_adds(&mut self, name: &str, n: usize, f: impl FnMut() + Send) {
        self.time(Throughput::Elements(2 * n as u64), name, 1, f);
    }

    /// Times `f` on one thread; it reads and writes so many float32 numbers.
    fn numbers(&mut self, name: &str, n: usize, f: impl FnMut() + Send) {
        self.time(Throughput::Bytes(4 * n as u64), name, 1, f);
    }
}

/// Numbers of both signs without a pattern that matters.
fn some(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7919 % 1009) as f32 / 504.5 - 1.0).collect()
}

/// The limits: what one thread can multiply and add in registers, and copy from the caches and from memory.
fn peak(c: &mut Criterion) {
    let mut family = Family::new(c, "peak");
    let n = 1 << 25;
    family.multiply_adds("multiply-adds in registers", n, || {
        black_box(multiply_adds::<f32>(2 * n));
    });
    for (name, n) in [
        ("copy 256 KiB", 1 << 16),
        ("copy 4 MiB", 1 << 20),
        ("copy 128 MiB", 1 << 25),
    ] {
        let x = some(n);
        let mut y = x.clone();
        family.numbers(name, 2 * n, || y.copy_from_slice(black_box(&x)));
    }
}

criterion_group!(
    kernels,
    peak,
    products::bench,
    convolution::bench,
    pooling::bench,
    normalization::bench,
    rows::bench,
    passes::bench,
    sequences::bench,
    scaling::bench
);
criterion_main!(kernels);

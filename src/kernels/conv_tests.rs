use super::*;
use crate::kernels::parallel::tests::with_threads;
use crate::kernels::simd::{levels, with_level};

pub(super) fn numbers<T: Real>(n: usize, seed: usize) -> Vec<T> {
    (0..n)
        .map(|i| T::from_f64(((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0))
        .collect()
}

/// Calls `f` with the indices into X, K and Y of every product of the definition.
pub(super) fn each_product(g: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    let (c, m) = (g.in_channels / g.groups, g.out_channels / g.groups);
    let sizes = [
        g.batch,
        g.output[0],
        g.output[1],
        g.output[2],
        g.kernel[0],
        g.kernel[1],
        g.kernel[2],
        g.groups,
        c,
        m,
    ];
    let mut at = [0; 10];
    'all: loop {
        let [n, o0, o1, o2, k0, k1, k2, group, ci, co] = at;
        let (o, k) = ([o0, o1, o2], [k0, k1, k2]);
        let i: [usize; 3] =
            core::array::from_fn(|a| (o[a] * g.stride[a] + k[a] * g.dilation[a]).wrapping_sub(g.before[a]));
        if (0..3).all(|a| i[a] < g.input[a]) {
            let flat =
                |n: usize, s: [usize; 3], x: [usize; 3]| ((n * s[0] + x[0]) * s[1] + x[1]) * s[2] + x[2];
            f(
                flat(n, g.input, i) * g.in_channels + group * c + ci,
                (flat(0, g.kernel, k) * c + ci) * g.out_channels + group * m + co,
                flat(n, g.output, o) * g.out_channels + group * m + co,
            );
        }
        for axis in (0..10).rev() {
            at[axis] += 1;
            if at[axis] < sizes[axis] {
                continue 'all;
            }
            at[axis] = 0;
        }
        return;
    }
}

pub(super) fn near<T: Real>(what: &str, g: &Geometry, got: &[T], want: &[f64], tolerance: f64) {
    for (i, (x, y)) in got.iter().zip(want).enumerate() {
        assert!(
            (x.to_f64() - y).abs() <= tolerance * (1.0 + y.abs()),
            "{what} {g:?} at {i}: {x}, expected {y}"
        );
    }
}

fn check<T: Real>(g: &Geometry, tolerance: f64) {
    let (x, k, dy) = (
        numbers::<T>(g.input_len(), 1),
        numbers::<T>(g.kernel_len(), 2),
        numbers::<T>(g.output_len(), 3),
    );
    let mut want = (vec![0.0; x.len()], vec![0.0; k.len()], vec![0.0; dy.len()]);
    each_product(g, |i, j, o| {
        want.0[i] += k[j].to_f64() * dy[o].to_f64();
        want.1[j] += x[i].to_f64() * dy[o].to_f64();
        want.2[o] += x[i].to_f64() * k[j].to_f64();
    });
    let (bias, scale) = (numbers::<T>(g.out_channels, 4), numbers::<T>(g.out_channels, 5));
    let plain = want.2.clone();
    want.2
        .iter_mut()
        .enumerate()
        .for_each(|(i, y)| *y += bias[i % g.out_channels].to_f64());
    let mut scratch = vec![T::NAN; g.scratch().max(g.kernel_scratch())];
    let mut y = vec![T::NAN; dy.len()];
    forward(
        g,
        &x,
        &k,
        &mut y,
        Epilogue {
            scale: None,
            bias: Some(&bias),
            activation: None,
        },
        &mut scratch,
    );
    near("forward", g, &y, &want.2, tolerance);
    let all = Epilogue {
        scale: Some(&scale),
        bias: Some(&bias),
        activation: Some(&|y: &mut [T]| y.iter_mut().for_each(|y| *y = *y * *y)),
    };
    forward(g, &x, &k, &mut y, all, &mut scratch);
    let each = plain.iter().enumerate().map(|(i, y)| {
        let f = i % g.out_channels;
        (y * scale[f].to_f64() + bias[f].to_f64()).powi(2)
    });
    near("epilogue", g, &y, &each.collect::<Vec<f64>>(), tolerance * 10.0);
    let mut dx = vec![T::NAN; x.len()];
    input_gradient(g, &dy, &k, &mut dx, &mut scratch);
    near("input gradient", g, &dx, &want.0, tolerance);
    let mut dk = vec![T::NAN; k.len()];
    kernel_gradient(g, &x, &dy, &mut dk, &mut scratch);
    near("kernel gradient", g, &dk, &want.1, tolerance);
}

/// Sizes of one axis.
#[derive(Clone, Copy)]
pub(super) struct Axis(pub usize, pub usize, pub usize, pub usize, pub usize, pub usize);

pub(super) const NO: Axis = Axis(1, 1, 1, 1, 0, 0);

pub(super) fn geometry(
    batch: usize,
    axes: [Axis; 3],
    in_channels: usize,
    out_channels: usize,
    groups: usize,
) -> Geometry {
    let size = |Axis(n, k, s, d, before, after): Axis| (n + before + after - (k - 1) * d - 1) / s + 1;
    Geometry {
        batch,
        input: axes.map(|a| a.0),
        output: axes.map(size),
        kernel: axes.map(|a| a.1),
        stride: axes.map(|a| a.2),
        dilation: axes.map(|a| a.3),
        before: axes.map(|a| a.4),
        in_channels,
        out_channels,
        groups,
    }
}

fn cases() -> Vec<Geometry> {
    let same = Axis(9, 3, 1, 1, 1, 1);
    vec![
        geometry(2, [NO, same, Axis(8, 3, 1, 1, 1, 1)], 35, 1, 1),
        geometry(1, [NO, Axis(8, 3, 2, 1, 0, 1), Axis(41, 5, 2, 1, 2, 2)], 18, 1, 1),
        geometry(2, [NO, same, Axis(9, 3, 2, 1, 1, 1)], 7, 21, 7),
        geometry(1, [NO, Axis(8, 3, 2, 1, 0, 1), Axis(9, 3, 2, 1, 1, 1)], 3, 17, 1),
        geometry(2, [NO, Axis(9, 3, 2, 1, 1, 1), Axis(27, 3, 2, 1, 1, 1)], 1, 16, 1),
        geometry(1, [NO, same, Axis(40, 3, 1, 1, 1, 1)], 21, 11, 1),
        geometry(1, [NO, same, Axis(16, 3, 1, 1, 0, 0)], 1, 40, 1),
        geometry(8, [NO, Axis(9, 3, 1, 1, 2, 2), Axis(9, 3, 1, 1, 2, 2)], 33, 40, 1),
        geometry(9, [NO, Axis(2, 3, 1, 1, 1, 1), Axis(2, 3, 1, 1, 1, 1)], 37, 51, 1),
        geometry(
            17,
            [NO, Axis(4, 3, 2, 1, 0, 1), Axis(5, 3, 2, 1, 1, 1)],
            33,
            70,
            1,
        ),
        geometry(
            31,
            [NO, Axis(3, 1, 2, 1, 0, 0), Axis(4, 1, 2, 1, 0, 0)],
            45,
            32,
            1,
        ),
        geometry(8, [Axis(2, 2, 1, 1, 0, 1), Axis(3, 3, 1, 2, 2, 2), NO], 40, 34, 1),
        geometry(2, [NO, NO, Axis(7, 3, 1, 1, 0, 0)], 2, 3, 1),
        geometry(2, [NO, same, same], 3, 5, 1),
        geometry(1, [NO, same, Axis(31, 3, 1, 1, 1, 1)], 4, 33, 1),
        geometry(2, [NO, Axis(8, 3, 2, 1, 0, 1), Axis(9, 3, 2, 1, 1, 1)], 17, 20, 1),
        geometry(
            1,
            [NO, Axis(10, 3, 1, 2, 2, 2), Axis(11, 2, 1, 3, 1, 2)],
            3,
            40,
            1,
        ),
        geometry(2, [NO, Axis(9, 2, 3, 2, 1, 0), Axis(12, 3, 2, 3, 3, 3)], 3, 4, 1),
        geometry(2, [NO, Axis(6, 1, 1, 1, 0, 0), Axis(5, 1, 1, 1, 0, 0)], 6, 19, 1),
        geometry(2, [NO, Axis(7, 1, 2, 1, 0, 0), Axis(8, 1, 2, 1, 0, 0)], 6, 9, 1),
        geometry(2, [NO, same, Axis(8, 3, 1, 1, 1, 1)], 6, 4, 2),
        geometry(2, [NO, same, Axis(8, 3, 2, 1, 0, 1)], 18, 18, 18),
        geometry(1, [NO, same, same], 3, 6, 3),
        geometry(
            1,
            [
                Axis(5, 3, 1, 1, 1, 1),
                Axis(4, 2, 2, 1, 0, 0),
                Axis(6, 3, 1, 1, 1, 1),
            ],
            2,
            3,
            1,
        ),
        geometry(1, [NO, NO, Axis(20, 4, 1, 2, 6, 0)], 2, 3, 1),
        geometry(1, [NO, same, Axis(17, 3, 1, 1, 1, 1)], 75, 75, 75),
        geometry(
            2,
            [NO, Axis(8, 5, 2, 1, 1, 2), Axis(13, 5, 2, 1, 1, 2)],
            34,
            34,
            34,
        ),
        geometry(1, [NO, Axis(7, 3, 1, 2, 2, 2), Axis(11, 4, 1, 3, 3, 6)], 8, 8, 8),
        geometry(
            1,
            [NO, Axis(5, 1, 2, 1, 0, 0), Axis(7, 2, 3, 1, 0, 0)],
            130,
            130,
            130,
        ),
        geometry(
            2,
            [
                Axis(4, 3, 2, 1, 1, 1),
                Axis(3, 2, 1, 1, 0, 1),
                Axis(5, 3, 1, 1, 1, 1),
            ],
            20,
            20,
            20,
        ),
        geometry(1, [NO, NO, Axis(5, 2, 1, 1, 4, 4)], 2, 3, 1),
        geometry(1, [NO, NO, Axis(3, 7, 1, 1, 3, 3)], 2, 3, 1),
        geometry(3, [NO, Axis(4, 4, 4, 1, 0, 0), Axis(9, 2, 4, 1, 0, 0)], 5, 7, 1),
    ]
}

#[test]
fn all_three_products_at_every_level() {
    for level in levels() {
        with_level(level, || {
            for g in cases() {
                check::<f32>(&g, 1e-4);
                check::<f64>(&g, 1e-12);
            }
        });
    }
}

#[test]
fn large_ones_split_into_the_same_bits() {
    let axis = Axis(32, 3, 1, 1, 1, 1);
    let g = geometry(5, [NO, axis, axis], 16, 24, 1);
    let (x, k, dy) = (
        numbers::<f32>(g.input_len(), 1),
        numbers::<f32>(g.kernel_len(), 2),
        numbers::<f32>(g.output_len(), 3),
    );
    let run = || {
        let mut scratch = vec![0.0; g.scratch().max(g.kernel_scratch())];
        let (mut y, mut dx, mut dk) = (dy.clone(), x.clone(), k.clone());
        forward(&g, &x, &k, &mut y, Epilogue::NONE, &mut scratch);
        input_gradient(&g, &dy, &k, &mut dx, &mut scratch);
        kernel_gradient(&g, &x, &dy, &mut dk, &mut scratch);
        (y, dx, dk)
    };
    assert!(g.kernel_scratch() > g.kernel_len(), "this size should split");
    assert_eq!(run(), with_threads(3, run));
    check::<f32>(&g, 1e-3);
}

/// Geometries of every kind, the same in each run: small odd sizes, and channels around the widths of registers.
fn random_cases(count: usize) -> Vec<Geometry> {
    let mut state = 12345_u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut cases = Vec::new();
    while cases.len() < count {
        let mut axis = |flat: bool| {
            if flat {
                return NO;
            }
            let (size, kernel, dilation) = (1 + below(13), 1 + below(5), 1 + below(2));
            let before = below(kernel * dilation);
            let reach = (kernel - 1) * dilation + 1;
            let after = below(kernel * dilation).max(reach.saturating_sub(size + before));
            Axis(size, kernel, 1 + below(3), dilation, before, after)
        };
        let axes = [axis(true), axis(false), axis(false)];
        let channels = [1, 2, 3, 8, 15, 16, 17, 32, 33, 37, 64];
        let (c, f) = (channels[below(11)], channels[below(11)]);
        let batch = [1, 2, 3, 9][below(4)];
        let g = match below(4) {
            0 => geometry(batch, axes, c, c, c),
            1 => geometry(batch, axes, c, 2 * c, c),
            _ => geometry(batch, axes, c, f, 1),
        };
        if g.multiply_adds() < 300_000 {
            cases.push(g);
        }
    }
    cases
}

#[test]
fn random_sizes_agree_with_the_definition() {
    for level in levels() {
        with_level(level, || {
            for g in random_cases(60) {
                check::<f32>(&g, 1e-4);
                check::<f64>(&g, 1e-12);
            }
        });
    }
}

use super::tests::{Axis, NO, each_product, geometry, near, numbers};
use super::*;
use crate::kernels::parallel::tests::with_threads;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{levels, with_level};

/// The three results in double precision, from the definition.
struct Wanted {
    y: Vec<f64>,
    dx: Vec<f64>,
    dk: Vec<f64>,
}

fn definition<T: Real>(g: &Geometry, x: &[T], k: &[T], dy: &[T]) -> Wanted {
    let mut want = Wanted {
        y: vec![0.0; dy.len()],
        dx: vec![0.0; x.len()],
        dk: vec![0.0; k.len()],
    };
    each_product(g, |i, j, o| {
        want.y[o] += x[i].to_f64() * k[j].to_f64();
        want.dx[i] += k[j].to_f64() * dy[o].to_f64();
        want.dk[j] += x[i].to_f64() * dy[o].to_f64();
    });
    want
}

/// The three results of the kernels here, whether they pay or not.
fn results<T: Real>(g: &Geometry, x: &[T], k: &[T], dy: &[T]) -> [Vec<T>; 3] {
    let mut scratch = vec![T::NAN; winograd::scratch(g).max(winograd_kernel::scratch(g))];
    let (mut y, mut dx, mut dk) = (
        vec![T::NAN; dy.len()],
        vec![T::NAN; x.len()],
        vec![T::NAN; k.len()],
    );
    winograd::run(&forward_plan(g), x, k, &mut y, Epilogue::NONE, &mut scratch);
    winograd::run(&input_plan(g), dy, k, &mut dx, Epilogue::NONE, &mut scratch);
    winograd_kernel::run(g, x, dy, &mut dk, &mut scratch);
    [y, dx, dk]
}

fn check<T: Real>(g: &Geometry, tolerance: f64) {
    let (x, k, dy) = (
        numbers::<T>(g.input_len(), 1),
        numbers::<T>(g.kernel_len(), 2),
        numbers::<T>(g.output_len(), 3),
    );
    let want = definition(g, &x, &k, &dy);
    let [y, dx, dk] = results(g, &x, &k, &dy);
    near("forward", g, &y, &want.y, tolerance);
    near("input gradient", g, &dx, &want.dx, tolerance);
    near("kernel gradient", g, &dk, &want.dk, tolerance);
    let (scale, bias) = (numbers::<T>(g.out_channels, 4), numbers::<T>(g.out_channels, 5));
    let mut scratch = vec![T::NAN; winograd::scratch(g)];
    let mut y = vec![T::NAN; dy.len()];
    let all = Epilogue {
        scale: Some(&scale),
        bias: Some(&bias),
        activation: Some(&|y: &mut [T]| y.iter_mut().for_each(|y| *y = *y * *y)),
    };
    winograd::run(&forward_plan(g), &x, &k, &mut y, all, &mut scratch);
    let each = want.y.iter().enumerate().map(|(i, y)| {
        let f = i % g.out_channels;
        (y * scale[f].to_f64() + bias[f].to_f64()).powi(2)
    });
    near("epilogue", g, &y, &each.collect::<Vec<f64>>(), tolerance * 10.0);
}

/// Images, padding and channels of odd sizes, the same in each run.
fn cases(count: usize) -> Vec<Geometry> {
    let mut state = 99_u64;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let mut cases = Vec::new();
    while cases.len() < count {
        let mut axis = || {
            let (size, before) = (1 + below(12), below(4));
            let after = below(4).max(3_usize.saturating_sub(size + before));
            Axis(size, 3, 1, 1, before, after)
        };
        let axes = [NO, axis(), axis()];
        let channels = [16, 17, 24, 32, 37, 48, 65];
        let g = geometry(1 + below(4), axes, channels[below(7)], channels[below(7)], 1);
        if g.multiply_adds() < 1_000_000 {
            cases.push(g);
        }
    }
    // Planes of a third axis, and more tiles than a task or a part takes.
    let (same, valid) = (Axis(6, 3, 1, 1, 1, 1), Axis(7, 3, 1, 1, 0, 0));
    cases.push(geometry(2, [Axis(3, 1, 1, 1, 0, 0), same, valid], 16, 18, 1));
    cases.push(geometry(
        9,
        [NO, Axis(15, 3, 1, 1, 1, 1), Axis(17, 3, 1, 1, 0, 2)],
        18,
        33,
        1,
    ));
    cases
}

#[test]
fn all_three_products_follow_the_definition_at_every_level() {
    for level in levels() {
        with_level(level, || {
            for g in cases(40) {
                check::<f64>(&g, 1e-12);
                check::<f32>(&g, 1e-4);
            }
        });
    }
}

#[test]
fn tasks_that_share_out_the_columns_see_zeros_below_the_image() {
    // Too many sums for one task, and half of the last row of tiles is outside of the image.
    let axis = Axis(3, 3, 1, 1, 1, 1);
    let g = geometry(1, [NO, axis, axis], 64, 200, 1);
    let (x, k, dy) = (
        numbers::<f32>(g.input_len(), 1),
        numbers::<f32>(g.kernel_len(), 2),
        numbers::<f32>(g.output_len(), 3),
    );
    let want = definition(&g, &x, &k, &dy);
    for level in levels() {
        let mut dk = vec![f32::NAN; k.len()];
        let mut scratch = vec![f32::NAN; winograd_kernel::scratch(&g)];
        with_level(level, || {
            // What the thread's memory held before must not be read.
            Scratch::take().get::<f32>(1 << 20).fill(f32::NAN);
            winograd_kernel::run(&g, &x, &dy, &mut dk, &mut scratch);
        });
        near("kernel gradient", &g, &dk, &want.dk, 1e-4);
    }
}

/// The root of the mean square of the errors, over that of the results.
fn error(got: &[f32], want: &[f64]) -> f64 {
    let squares: f64 = got
        .iter()
        .zip(want)
        .map(|(&a, b)| (f64::from(a) - b).powi(2))
        .sum();
    (squares / want.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

#[test]
fn errors_are_a_small_multiple_of_those_of_the_direct_way() {
    for channels in [16, 64, 256] {
        let axis = Axis(12, 3, 1, 1, 1, 1);
        let g = geometry(2, [NO, axis, axis], channels, 32, 1);
        // Numbers without a pattern.
        let random = |n: usize, seed: u64| -> Vec<f32> {
            let mut state = seed;
            let each = (0..n).map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            });
            each.collect()
        };
        let (x, k, dy) = (
            random(g.input_len(), 1),
            random(g.kernel_len(), 2),
            random(g.output_len(), 3),
        );
        let want = definition(&g, &x, &k, &dy);
        let [y, dx, dk] = results(&g, &x, &k, &dy);
        let mut scratch = vec![0.0; g.scratch().max(g.kernel_scratch())];
        let (mut direct_y, mut direct_dx, mut direct_dk) = (dy.clone(), x.clone(), k.clone());
        forward_plan(&g).run(&x, &k, &mut direct_y, Epilogue::NONE, &mut scratch);
        input_plan(&g).run(&dy, &k, &mut direct_dx, Epilogue::NONE, &mut scratch);
        kernel::run(&g, &x, &dy, &mut direct_dk, &mut scratch);
        for (what, got, direct, want) in [
            ("y", &y, &direct_y, &want.y),
            ("dx", &dx, &direct_dx, &want.dx),
            ("dk", &dk, &direct_dk, &want.dk),
        ] {
            let (here, there) = (error(got, want), error(direct, want));
            assert!(
                here < 1e-6 && here < 2.0 * there,
                "{what}: {here:e}, direct {there:e}"
            );
        }
    }
}

#[test]
fn an_image_has_the_same_bits_alone_and_in_a_batch_and_with_any_number_of_threads() {
    let axis = Axis(13, 3, 1, 1, 1, 1);
    let g = geometry(11, [NO, axis, axis], 24, 40, 1);
    let (x, k, dy) = (
        numbers::<f32>(g.input_len(), 1),
        numbers::<f32>(g.kernel_len(), 2),
        numbers::<f32>(g.output_len(), 3),
    );
    assert!(winograd::suits::<f32>(&forward_plan(&g)) && winograd_kernel::suits::<f32>(&g));
    let whole = results(&g, &x, &k, &dy);
    assert_eq!(whole, with_threads(3, || results(&g, &x, &k, &dy)));
    let one = Geometry { batch: 1, ..g };
    let (x_len, y_len) = (one.input_len(), one.output_len());
    let [y, dx, _] = results(&one, &x[4 * x_len..5 * x_len], &k, &dy[4 * y_len..5 * y_len]);
    assert_eq!(whole[0][4 * y_len..5 * y_len], y);
    assert_eq!(whole[1][4 * x_len..5 * x_len], dx);
}

use super::super::adam::Adam;
use super::super::sgd::Sgd;
use super::super::sparse_adam::SparseAdam;
use super::*;
use crate::kernels::parallel::tests::with_threads;

fn plain() -> Pass {
    Pass {
        step: Step {
            learning_rate: 0.1,
            number: 1,
            weight_decay: 0.0,
        },
        phase: Phase::Update,
        unscale: 1.0,
        mean: 1.0,
        clip_factor: 1.0,
        clip_value: f64::INFINITY,
        weight_decay: 0.0,
        average: None,
    }
}

fn wave<T: Ruled>(n: usize, shift: f64) -> Vec<T> {
    (0..n)
        .map(|i| T::from_f64(((i * 37 % 101) as f64) * 0.02 - 1.0 + shift))
        .collect()
}

/// Everything at once against plain loops, on sizes around the blocks.
fn agrees<T: Ruled>(n: usize, tolerance: f64) {
    let pass = Pass {
        unscale: 0.5,
        mean: 0.25,
        clip_factor: 0.7,
        clip_value: 0.05,
        weight_decay: 0.3,
        average: Some(Average {
            momentum: 0.9,
            overwrite: true,
        }),
        ..plain()
    };
    let (mut w, g, mut c): (Vec<T>, Vec<T>, Vec<T>) = (wave(n, 0.0), wave(n, 0.3), wave(n, -0.2));
    let (mut m, mut a): (Vec<T>, Vec<T>) = (wave(n, 0.1), wave(n, 0.5));
    let want: Vec<f64> = (0..n)
        .map(|i| {
            let (w, g, c) = (w[i].to_f64(), g[i].to_f64(), c[i].to_f64());
            let g = ((g * 0.5 + c) * 0.25 * 0.7).clamp(-0.05, 0.05);
            let w = w - w * 0.3 * 0.1;
            let w = w + 0.9 * m[i].to_f64() - 0.1 * g;
            0.9 * a[i].to_f64() + 0.1 * w
        })
        .collect();
    with_threads(3, || {
        update(
            &Sgd {
                momentum: 0.9,
                nesterov: false,
            },
            &pass,
            Tensors {
                weights: &mut w,
                gradient: Some(&g),
                slots: &mut [&mut m],
                accumulator: Some(&mut c),
                average: Some(&mut a),
                row: 1,
            },
        );
    });
    assert!(
        w.iter()
            .zip(&want)
            .all(|(w, want)| (w.to_f64() - want).abs() < tolerance),
        "n={n}"
    );
    assert!(c.iter().all(|&c| c == T::ZERO));
    assert!(w.iter().zip(&a).all(|(w, a)| w == a));
}

#[test]
fn a_step_agrees_with_plain_loops() {
    for n in [0, 1, 7, BLOCK - 1, BLOCK + 1, 3 * GRAIN + 5] {
        agrees::<f32>(n, 2e-6);
        agrees::<f64>(n, 1e-14);
    }
}

#[test]
fn collecting_leaves_the_weights() {
    let pass = Pass {
        phase: Phase::Collect,
        weight_decay: 1.0,
        ..plain()
    };
    let (mut w, mut c) = (vec![1.0f32; 3], vec![0.5f32; 3]);
    let tensors = Tensors {
        weights: &mut w,
        gradient: Some(&[1.0, 2.0, 3.0]),
        slots: &mut [],
        accumulator: Some(&mut c),
        average: None,
        row: 1,
    };
    update(&Sgd::default(), &pass, tensors);
    assert_eq!((w, c), (vec![1.0; 3], vec![1.5, 2.5, 3.5]));
}

#[test]
fn norms_are_those_of_the_gradient_in_use() {
    let g: Vec<f32> = wave(1003, 0.1);
    let c: Vec<f32> = wave(1003, -0.4);
    let direct: f64 = g.iter().map(|g| (f64::from(*g) * 0.5).powi(2)).sum();
    assert!((square_sum(&g, None, 0.5, 1.0) - direct).abs() < 1e-9 * direct);
    let both: f64 = g
        .iter()
        .zip(&c)
        .map(|(g, c)| ((f64::from(*g) * 0.5 + f64::from(*c)) * 0.25).powi(2))
        .sum();
    assert!((square_sum(&g, Some(&c), 0.5, 0.25) - both).abs() < 1e-9 * both);
    // Squares of large f32 do not overflow.
    assert!(square_sum(&[1e30f32, 1e30], None, 1.0, 1.0).is_finite());
}

#[test]
fn factors_bring_a_norm_to_its_limit() {
    assert_eq!(clip_factor(Clip::Norm(1.0), 4.0), 0.5);
    assert_eq!(clip_factor(Clip::Norm(3.0), 4.0), 1.0);
    assert_eq!(clip_factor(Clip::GlobalNorm(1.0), 4.0), 0.5);
    assert_eq!(clip_factor(Clip::Norm(1.0), f64::INFINITY), 0.0);
    assert!(clip_factor(Clip::GlobalNorm(1.0), f64::INFINITY).is_nan());
    assert!(clip_factor(Clip::Norm(1.0), f64::NAN).is_nan());
}

#[test]
fn nan_gradients_are_not_hidden_by_clipping() {
    let pass = Pass {
        clip_value: 1.0,
        ..plain()
    };
    let mut w = vec![1.0f64; 2];
    let tensors = Tensors {
        weights: &mut w,
        gradient: Some(&[f64::NAN, 5.0]),
        slots: &mut [],
        accumulator: None,
        average: None,
        row: 1,
    };
    update(&Sgd::default(), &pass, tensors);
    assert!(w[0].is_nan() && (w[1] - 0.9).abs() < 1e-15);
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let n = 5 * GRAIN + 3;
    let run = || {
        let (mut w, g): (Vec<f32>, Vec<f32>) = (wave(n, 0.0), wave(n, 0.3));
        let (mut m, mut v): (Vec<f32>, Vec<f32>) = (wave(n, 0.1), wave(n, 1.5));
        let tensors = Tensors {
            weights: &mut w,
            gradient: Some(&g),
            slots: &mut [&mut m, &mut v],
            accumulator: None,
            average: None,
            row: 1,
        };
        update(&Adam::default(), &plain(), tensors);
        (w, square_sum(&g, None, 1.0, 1.0))
    };
    assert_eq!(run(), with_threads(3, run));
}

/// Lazy rows against plain loops: unused rows keep everything but their average.
#[test]
fn rows_without_a_gradient_are_left_alone() {
    for (rows, row) in [(1, 1), (7, 3), (200, 16), (5, 2 * BLOCK + 7), (3 * GRAIN / 8, 8)] {
        let n = rows * row;
        let used = |i: usize| (i / row) % 3 == 1 || (i / row) % 5 == 4;
        let mut g: Vec<f64> = wave(n, 0.3);
        for (i, g) in g.iter_mut().enumerate() {
            if !used(i) {
                *g = 0.0;
            } else if i % row != 0 {
                // A used row may hold zeros.
                *g *= (i % 2) as f64;
            }
        }
        let (old, old_m): (Vec<f64>, Vec<f64>) = (wave(n, 0.0), wave(n, 0.1));
        let (mut w, mut m, mut v, mut a) = (old.clone(), old_m.clone(), vec![1.0; n], vec![0.0; n]);
        let pass = Pass {
            weight_decay: 0.5,
            average: Some(Average {
                momentum: 0.0,
                overwrite: false,
            }),
            ..plain()
        };
        let tensors = Tensors {
            weights: &mut w,
            gradient: Some(&g),
            slots: &mut [&mut m, &mut v],
            accumulator: None,
            average: Some(&mut a),
            row,
        };
        update(&SparseAdam::default(), &pass, tensors);
        for i in 0..n {
            assert_eq!(
                w[i] != old[i] || m[i] != old_m[i] || v[i] != 1.0,
                used(i),
                "{rows}x{row}: {i}"
            );
            assert_eq!(a[i], w[i]);
        }
        // What was collected counts as a gradient.
        let mut collected = g.clone();
        let (mut x, mut m, mut v) = (old.clone(), old_m, vec![1.0; n]);
        let zeros = vec![0.0; n];
        let tensors = Tensors {
            weights: &mut x,
            gradient: Some(&zeros),
            slots: &mut [&mut m, &mut v],
            accumulator: Some(&mut collected),
            average: None,
            row,
        };
        update(&SparseAdam::default(), &pass, tensors);
        assert!(x == w && collected.iter().all(|&c| c == 0.0), "{rows}x{row}");
    }
}

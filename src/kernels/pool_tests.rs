use super::*;
use crate::kernels::simd::{levels, with_level};

/// Indices into x of the window of each output, channel by channel, from the definition.
fn windows(p: &Pool) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for o in 0..p.batch * Pool::pixels(p.output) * p.channels {
        let (c, o) = (o % p.channels, o / p.channels);
        let [d, h, w] = p.output;
        let (n, at) = (o / (d * h * w), [o / (h * w) % d, o / w % h, o % w]);
        let mut window = Vec::new();
        for k in 0..Pool::pixels(p.window) {
            let k = [
                k / (p.window[1] * p.window[2]),
                k / p.window[2] % p.window[1],
                k % p.window[2],
            ];
            let i: [usize; 3] =
                core::array::from_fn(|a| (at[a] * p.stride[a] + k[a]).wrapping_sub(p.before[a]));
            if (0..3).all(|a| i[a] < p.input[a]) {
                let flat = ((n * p.input[0] + i[0]) * p.input[1] + i[1]) * p.input[2] + i[2];
                window.push(flat * p.channels + c);
            }
        }
        all.push(window);
    }
    all
}

fn check<T: Real>(p: &Pool) {
    let len = p.batch * Pool::pixels(p.input) * p.channels;
    // Few distinct values, so that maxima are often tied.
    let x: Vec<T> = (0..len).map(|i| T::from_usize(i * 7919 % 11)).collect();
    let windows = windows(p);
    let dy: Vec<T> = (0..windows.len()).map(|i| T::from_usize(i % 13 + 1)).collect();
    let first = |w: &Vec<usize>| {
        *w.iter()
            .rev()
            .max_by(|a, b| x[**a].partial_cmp(&x[**b]).unwrap())
            .unwrap()
    };
    let mut y = vec![T::NAN; dy.len()];
    let mut dx = vec![T::NAN; len];
    max(p, &x, &mut y);
    // SAFETY: two arrays of the input's size.
    unsafe { max_gradient(p, x.as_ptr(), &y, &dy, dx.as_mut_ptr()) };
    let mut want = vec![T::ZERO; len];
    for (o, w) in windows.iter().enumerate() {
        assert_eq!(y[o], x[first(w)], "{p:?}");
        want[first(w)] += dy[o];
    }
    assert_eq!(dx, want, "{p:?}");
    if p.is_exclusive() {
        let mut over = x.clone();
        // SAFETY: the same memory twice, which exclusive windows allow.
        unsafe { max_gradient(p, over.as_ptr(), &y, &dy, over.as_mut_ptr()) };
        assert_eq!(over, want, "{p:?}");
    }
    let mut picked = y.clone();
    at_max(p, &x, &y, &dx, &mut picked);
    assert!(windows.iter().zip(&picked).all(|(w, &g)| g == dx[first(w)]));
    mean(p, &x, &mut y);
    mean_gradient(p, &dy, &mut dx);
    let mut want = vec![0.0; len];
    for (o, w) in windows.iter().enumerate() {
        let mean = w.iter().map(|&i| x[i].to_f64()).sum::<f64>() / w.len() as f64;
        assert!((y[o].to_f64() - mean).abs() < 1e-5);
        for &i in w {
            want[i] += dy[o].to_f64() / w.len() as f64;
        }
    }
    assert!(
        dx.iter().zip(&want).all(|(a, b)| (a.to_f64() - b).abs() < 1e-4),
        "{p:?}"
    );
}

#[test]
fn a_nan_is_the_maximum() {
    let p = Pool {
        batch: 1,
        input: [1, 1, 4],
        output: [1, 1, 2],
        window: [1, 1, 2],
        stride: [1, 1, 2],
        before: [0; 3],
        channels: 1,
    };
    for x in [
        [f32::NAN, 1.0, 2.0, f32::NAN],
        [1.0, f32::NAN, f32::NAN, f32::NAN],
    ] {
        let mut y = [0.0; 2];
        max(&p, &x, &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
    }
}

#[test]
fn windows_of_all_kinds_at_every_level() {
    let p = |input, output, window, stride, before, channels| Pool {
        batch: 2,
        input,
        output,
        window,
        stride,
        before,
        channels,
    };
    let cases = [
        p([1, 1, 7], [1, 1, 3], [1, 1, 2], [1, 1, 2], [0, 0, 0], 3),
        p([1, 6, 8], [1, 3, 4], [1, 2, 2], [1, 2, 2], [0, 0, 0], 19),
        p([1, 5, 7], [1, 5, 7], [1, 3, 3], [1, 1, 1], [0, 1, 1], 4),
        p([1, 5, 6], [1, 3, 3], [1, 3, 2], [1, 2, 2], [0, 1, 0], 33),
        p([3, 4, 5], [2, 2, 2], [2, 3, 3], [1, 1, 2], [0, 0, 0], 2),
        p([1, 5, 7], [1, 3, 4], [1, 2, 2], [1, 2, 2], [0, 1, 1], 64),
        p([1, 7, 8], [1, 2, 3], [1, 2, 1], [1, 4, 3], [0, 0, 0], 117),
    ];
    for level in levels() {
        with_level(level, || {
            for case in &cases {
                check::<f32>(case);
                check::<f64>(case);
            }
        });
    }
}

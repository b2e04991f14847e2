use super::*;

const KEY: Key = Key { seed: 7, counter: -3 };

#[test]
fn known_answers() {
    // The vectors published with the paper's code (kat_vectors, philox4x32 with 10 rounds).
    let rows = [
        ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
        (
            [u32::MAX; 4],
            [u32::MAX; 2],
            [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
        ),
        (
            [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
            [0xa4093822, 0x299f31d0],
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
        ),
    ];
    for (counter, key, expected) in rows {
        assert_eq!(philox(counter, key), expected);
    }
}

#[test]
fn words_are_the_blocks_words_at_any_start() {
    for start in [0_u64, 1, 3, 4, 31, 32, 33] {
        let mut out = vec![0; 77];
        fill_words(KEY, 0, start, &mut out);
        for (i, &word) in out.iter().enumerate() {
            let element = start + i as u64;
            let block = philox([(element / 4) as u32, 0, u32::MAX - 2, u32::MAX], [7, 0]);
            assert_eq!(word, block[(element % 4) as usize], "element {element}");
        }
    }
}

/// Any cut of the range gives the same elements.
fn check_cuts<T: Copy + Default + PartialEq + std::fmt::Debug>(fill: impl Fn(u64, &mut [T])) {
    let mut whole = vec![T::default(); 1000];
    fill(0, &mut whole);
    for cut in [1, 2, 3, 255, 256, 257, 511, 999] {
        let mut parts = vec![T::default(); 1000];
        let (left, right) = parts.split_at_mut(cut);
        fill(0, left);
        fill(cut as u64, right);
        assert_eq!(whole, parts, "cut at {cut}");
    }
}

#[test]
fn cuts_do_not_matter() {
    check_cuts::<f32>(|s, o| uniform(KEY, s, -1.0, 3.0, o));
    check_cuts::<f64>(|s, o| uniform(KEY, s, -1.0, 3.0, o));
    check_cuts::<f32>(|s, o| normal(KEY, s, 1.0, 2.0, o));
    check_cuts::<f64>(|s, o| normal(KEY, s, 1.0, 2.0, o));
    check_cuts::<f32>(|s, o| truncated_normal(KEY, s, 1.0, 2.0, o));
    check_cuts::<f64>(|s, o| truncated_normal(KEY, s, 1.0, 2.0, o));
    check_cuts::<f32>(|s, o| bernoulli(KEY, s, 0.3, 1.0, 0.0, o));
    check_cuts::<i64>(|s, o| integers(KEY, s, -5, 11, o));
}

fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (
        mean,
        x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / x.len() as f64,
    )
}

#[test]
fn moments_and_ranges() {
    const N: usize = 200_000;
    let mut x = vec![0.0_f64; N];
    uniform(KEY, 0, 0.0, 1.0, &mut x);
    let (mean, variance) = moments(&x);
    assert!((mean - 0.5).abs() < 3e-3 && (variance - 1.0 / 12.0).abs() < 1e-3);
    assert!(x.iter().all(|v| (0.0..1.0).contains(v)));

    normal(KEY, 0, 0.0, 1.0, &mut x);
    let (mean, variance) = moments(&x);
    assert!(
        mean.abs() < 1e-2 && (variance - 1.0).abs() < 2e-2,
        "{mean} {variance}"
    );
    let kurtosis = x.iter().map(|v| v.powi(4)).sum::<f64>() / N as f64;
    assert!((kurtosis - 3.0).abs() < 0.1, "{kurtosis}");

    truncated_normal(KEY, 0, 0.0, 1.0, &mut x);
    let (mean, variance) = moments(&x);
    // The variance of a normal cut off at two standard deviations is 0.7737413.
    assert!(
        mean.abs() < 1e-2 && (variance - 0.7737413).abs() < 1e-2,
        "{mean} {variance}"
    );
    assert!(x.iter().all(|v| v.abs() <= 2.0));

    bernoulli(KEY, 0, 0.25, 1.0, 0.0, &mut x);
    assert!((moments(&x).0 - 0.25).abs() < 5e-3);
    bernoulli(KEY, 0, 1.0, 1.0, 0.0, &mut x);
    assert!(x.iter().all(|&v| v == 1.0));

    let mut n = vec![0_i64; N];
    integers(KEY, 0, -3, 4, &mut n);
    for value in -3..4 {
        let share = n.iter().filter(|&&v| v == value).count() as f64 / N as f64;
        assert!((share - 1.0 / 7.0).abs() < 5e-3, "{value}: {share}");
    }
    integers(KEY, 0, i64::MIN, i64::MAX, &mut n);
    assert!(n.iter().any(|&v| v < 0) && n.iter().any(|&v| v > 0));
}

#[test]
fn precisions_agree() {
    let (mut a, mut b) = (vec![0.0_f32; 1000], vec![0.0_f64; 1000]);
    uniform(KEY, 0, 0.0, 1.0, &mut a);
    uniform(KEY, 0, 0.0, 1.0, &mut b);
    assert!(a.iter().zip(&b).all(|(&x, &y)| (f64::from(x) - y).abs() < 1e-7));
    normal(KEY, 0, 0.0, 1.0, &mut a);
    normal(KEY, 0, 0.0, 1.0, &mut b);
    assert!(a.iter().zip(&b).all(|(&x, &y)| (f64::from(x) - y).abs() < 1e-5));
    let (mut a, mut b) = (vec![0.0_f32; 1000], vec![0.0_f64; 1000]);
    bernoulli(KEY, 7, 0.4, 3.0, 0.0, &mut a);
    // SAFETY: 1000 elements each.
    unsafe { keep(KEY, 7, 0.4, 3.0, [1.0; 1000].as_ptr(), b.as_mut_ptr(), 1000) };
    assert!(a.iter().zip(&b).all(|(&x, &y)| f64::from(x) == y));
    bernoulli(KEY, 0, 0.4, 1.0, 0.0, &mut a);
    bernoulli(KEY, 0, 0.4, 1.0, 0.0, &mut b);
    assert!(a.iter().zip(&b).all(|(&x, &y)| f64::from(x) == y));
}

#[test]
fn permutations_hold_every_index_once() {
    for n in [0, 1, 2, 5, 256, 257, 1000] {
        let mut order = permutation(KEY, n);
        let again = permutation(KEY, n);
        assert_eq!(order, again);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &v)| i as i64 == v));
    }
    // Every one of the six orders of three comes about equally often.
    let mut counts = std::collections::HashMap::new();
    for counter in 0..6000 {
        *counts
            .entry(permutation(Key { seed: 1, counter }, 3))
            .or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(counts.values().all(|&c| (850..1150).contains(&c)), "{counts:?}");
}

#[test]
fn quantile_inverts_the_distribution() {
    for i in 1..2000 {
        let p = f64::from(i) / 2000.0;
        let back = 0.5 * libm::erfc(-normal_quantile(p) / std::f64::consts::SQRT_2);
        assert!((back - p).abs() < 4e-16 + 4e-15 * p, "{p} {back}");
    }
    for exponent in 2..300 {
        let p = libm::exp10(-f64::from(exponent));
        let back = 0.5 * libm::erfc(-normal_quantile(p) / std::f64::consts::SQRT_2);
        assert!((back / p - 1.0).abs() < 1e-11, "{p} {back}");
    }
}

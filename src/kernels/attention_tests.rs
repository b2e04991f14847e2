use super::*;
use crate::kernels::parallel::tests::with_threads;
use crate::kernels::simd::{levels, with_level};

/// The plain loops: (O, log sums, and with g: dQ, dK, dV, dS).
struct Naive {
    out: Vec<f64>,
    logs: Vec<f64>,
    dq: Vec<f64>,
    dk: Vec<f64>,
    dv: Vec<f64>,
    ds: Vec<f64>,
}

fn naive(s: Sizes, rules: &Rules<'_, f64>, q: &[f64], k: &[f64], v: &[f64], g: &[f64]) -> Naive {
    let (nt, ns) = (s.queries, s.keys);
    let mut y = Naive {
        out: vec![0.0; s.batch * nt * s.heads * s.value_size],
        logs: vec![0.0; s.batch * s.heads * nt],
        dq: vec![0.0; q.len()],
        dk: vec![0.0; k.len()],
        dv: vec![0.0; v.len()],
        ds: vec![0.0; s.batch * s.heads * nt * ns],
    };
    for b in 0..s.batch {
        for n in 0..s.heads {
            let kn = n / s.group();
            for t in 0..nt {
                let at_q = ((b * nt + t) * s.heads + n) * s.size;
                let at_k = |j: usize| ((b * ns + j) * s.key_heads + kn) * s.size;
                let at_v = |j: usize| ((b * ns + j) * s.key_heads + kn) * s.value_size;
                let at_o = ((b * nt + t) * s.heads + n) * s.value_size;
                let row = (b * s.heads + n) * nt + t;
                let seen = |j: usize| {
                    (!rules.causal || j <= t) && rules.mask.is_none_or(|m| m.at(m.row([b, n, t]), j) != 0)
                };
                let score = |j: usize| {
                    let dot: f64 = (0..s.size).map(|h| q[at_q + h] * k[at_k(j) + h]).sum();
                    rules.scale * dot + rules.bias.map_or(0.0, |x| x.at(x.row([b, n, t]), j))
                };
                let any = (0..ns).any(seen);
                let sum: f64 = (0..ns).filter(|&j| seen(j)).map(|j| score(j).exp()).sum();
                let share = |j: usize| match (any, seen(j)) {
                    (true, true) => score(j).exp() / sum,
                    (false, _) if !rules.empty_is_zero => 1.0 / ns as f64,
                    _ => 0.0,
                };
                y.logs[row] = match (any, rules.empty_is_zero) {
                    (true, _) => sum.ln(),
                    (false, true) => f64::INFINITY,
                    (false, false) => f64::NEG_INFINITY,
                };
                let mut kept = vec![1.0; ns];
                if let Some(d) = rules.drops {
                    rng::bernoulli(
                        d.key,
                        (row * ns) as u64,
                        1.0 - d.rate,
                        1.0 / (1.0 - d.rate),
                        0.0,
                        &mut kept,
                    );
                }
                let dp: Vec<f64> = (0..ns)
                    .map(|j| {
                        kept[j]
                            * (0..s.value_size)
                                .map(|h| g[at_o + h] * v[at_v(j) + h])
                                .sum::<f64>()
                    })
                    .collect();
                let along: f64 = (0..ns).map(|j| dp[j] * share(j)).sum();
                for j in 0..ns {
                    let p = share(j);
                    let ds = if any { p * (dp[j] - along) } else { 0.0 };
                    y.ds[row * ns + j] = ds;
                    for h in 0..s.value_size {
                        y.out[at_o + h] += p * kept[j] * v[at_v(j) + h];
                        y.dv[at_v(j) + h] += p * kept[j] * g[at_o + h];
                    }
                    for h in 0..s.size {
                        y.dq[at_q + h] += rules.scale * ds * k[at_k(j) + h];
                        y.dk[at_k(j) + h] += rules.scale * ds * q[at_q + h];
                    }
                }
            }
        }
    }
    y
}

fn numbers(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0)
        .collect()
}

fn close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len());
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        let same = a == b || (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(same, "{what}[{i}]: {a} is not {b}");
    }
}

fn compare<T: Math + Sample>(s: Sizes, rules: &Rules<'_, f64>, tolerance: f64) {
    let wide = |x: &[T]| x.iter().map(|x| Real::to_f64(*x)).collect::<Vec<f64>>();
    let narrow = |x: &[f64]| x.iter().map(|x| <T as Real>::from_f64(*x)).collect::<Vec<T>>();
    let q = numbers(s.batch * s.queries * s.heads * s.size, 1);
    let k = numbers(s.batch * s.keys * s.key_heads * s.size, 2);
    let v = numbers(s.batch * s.keys * s.key_heads * s.value_size, 3);
    let g = numbers(s.batch * s.queries * s.heads * s.value_size, 4);
    let want = naive(s, rules, &q, &k, &v, &g);
    let (q, k, v, g) = (narrow(&q), narrow(&k), narrow(&v), narrow(&g));
    let bias = rules.bias.map(|b| (narrow(b.data), b.steps));
    let rules = Rules {
        scale: <T as Real>::from_f64(rules.scale),
        bias: bias.as_ref().map(|(data, steps)| Table { data, steps: *steps }),
        mask: rules.mask,
        causal: rules.causal,
        empty_is_zero: rules.empty_is_zero,
        drops: rules.drops,
    };
    let nan = <T as Real>::from_f64(f64::NAN);
    let (mut out, mut logs) = (vec![nan; g.len()], vec![nan; s.batch * s.heads * s.queries]);
    forward(s, &rules, &q, &k, &v, &mut out, &mut logs);
    close(&wide(&out), &want.out, tolerance, "out");
    close(&wide(&logs), &want.logs, tolerance, "logs");
    let (mut dq, mut dk, mut dv) = (vec![nan; q.len()], vec![nan; k.len()], vec![nan; v.len()]);
    let mut ds = vec![nan; s.batch * s.heads * s.queries * s.keys];
    let saved = Saved {
        query: &q,
        key: &k,
        value: &v,
        out: &out,
        logs: &logs,
        g: &g,
    };
    for with_scores in [false, true] {
        let to = Gradients {
            query: &mut dq,
            key: &mut dk,
            value: &mut dv,
            scores: with_scores.then_some(&mut ds),
        };
        gradient(s, &rules, &saved, to);
        close(&wide(&dq), &want.dq, tolerance, "dq");
        close(&wide(&dk), &want.dk, tolerance, "dk");
        close(&wide(&dv), &want.dv, tolerance, "dv");
    }
    close(&wide(&ds), &want.ds, tolerance, "ds");
}

const PLAIN: Rules<'static, f64> = Rules {
    scale: 0.7,
    bias: None,
    mask: None,
    causal: false,
    empty_is_zero: false,
    drops: None,
};

/// (batch, queries, keys, heads, key_heads, size, value_size)
const ALL: [[usize; 7]; 11] = [
    [1, 1, 1, 1, 1, 1, 1],
    [2, 3, 5, 2, 2, 4, 3],
    [1, 7, 7, 4, 2, 5, 5],
    [2, 17, 33, 3, 1, 16, 9],
    [1, 70, 70, 1, 1, 8, 8],
    [3, 65, 15, 6, 3, 17, 33],
    [1, 5, 300, 2, 2, 3, 2],
    [1, 130, 129, 2, 1, 32, 32],
    [2, 40, 1100, 1, 1, 6, 4],
    [1, 3, 4, 2, 1, 0, 2],
    [1, 3, 4, 2, 1, 2, 0],
];

fn sizes([batch, queries, keys, heads, key_heads, size, value_size]: [usize; 7]) -> Sizes {
    Sizes {
        batch,
        queries,
        keys,
        heads,
        key_heads,
        size,
        value_size,
    }
}

#[test]
fn agrees_with_plain_loops() {
    for all in ALL {
        let s = sizes(all);
        let table = s.batch * s.heads * s.queries * s.keys;
        let full = [s.heads * s.queries * s.keys, s.queries * s.keys, s.keys, 1];
        let bias = numbers(table, 5);
        // About half of the pairs; the queries that are 3 modulo 5 see nothing.
        let mask: Vec<u8> = (0..table)
            .map(|i| u8::from((i * 31 + i / 7) % 2 == 0 && i / s.keys % s.queries % 5 != 3))
            .collect();
        let drops = Some(Drops {
            key: Key { seed: 3, counter: 9 },
            rate: 0.3,
        });
        let masked = Some(Table {
            data: &mask[..],
            steps: full,
        });
        let per_key = Some(Table {
            data: &mask[..],
            steps: [s.keys, 0, 0, 1],
        });
        let biased = Some(Table {
            data: &bias[..],
            steps: full,
        });
        let shared = Some(Table {
            data: &bias[..],
            steps: [0, 0, 1, 0],
        });
        let mut cases = vec![PLAIN];
        cases.extend([
            Rules {
                causal: true,
                ..PLAIN
            },
            Rules {
                mask: masked,
                ..PLAIN
            },
            Rules {
                mask: masked,
                causal: true,
                empty_is_zero: true,
                ..PLAIN
            },
            Rules {
                bias: biased,
                causal: true,
                ..PLAIN
            },
            Rules {
                bias: shared,
                drops,
                ..PLAIN
            },
            Rules {
                drops,
                causal: true,
                ..PLAIN
            },
            Rules {
                mask: masked,
                drops,
                bias: biased,
                ..PLAIN
            },
        ]);
        if s.batch * s.keys <= table
            && (0..s.batch).all(|b| mask[b * s.keys..][..s.keys].iter().any(|&m| m > 0))
        {
            cases.push(Rules {
                mask: per_key,
                ..PLAIN
            });
        }
        for rules in &cases {
            compare::<f64>(s, rules, 1e-11);
            compare::<f32>(s, rules, 2e-4);
        }
    }
}

#[test]
fn every_instruction_set_agrees() {
    for level in levels() {
        with_level(level, || {
            compare::<f32>(
                sizes([1, 70, 37, 2, 1, 20, 19]),
                &Rules {
                    causal: true,
                    ..PLAIN
                },
                2e-4,
            );
            compare::<f64>(sizes([1, 70, 37, 2, 1, 20, 19]), &PLAIN, 1e-11);
        });
    }
}

#[test]
fn large_scores_and_no_keys() {
    let s = sizes([1, 2, 3, 1, 1, 1, 1]);
    let (q, k, v) = ([1e4f32, -1e4], [1.0f32, 2.0, 3.0], [1.0f32, 2.0, 4.0]);
    let rules = Rules {
        scale: 1.0f32,
        bias: None,
        mask: None,
        causal: false,
        empty_is_zero: false,
        drops: None,
    };
    let (mut out, mut logs) = ([0.0; 2], [0.0; 2]);
    forward(s, &rules, &q, &k, &v, &mut out, &mut logs);
    assert_eq!((out, logs), ([4.0, 1.0], [3e4, -1e4]));
    let none = Sizes { keys: 0, ..s };
    forward(none, &rules, &q, &[], &[], &mut out, &mut logs);
    assert_eq!(out, [0.0, 0.0]);
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let s = sizes([3, 130, 90, 2, 2, 16, 16]);
    let rules = Rules {
        scale: 0.25f32,
        bias: None,
        mask: None,
        causal: true,
        empty_is_zero: false,
        drops: None,
    };
    let of = |n: usize, seed| numbers(n, seed).iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let (q, k, v) = (of(3 * 130 * 32, 1), of(3 * 90 * 32, 2), of(3 * 90 * 32, 3));
    let run = || {
        let (mut out, mut logs) = (vec![0.0; q.len()], vec![0.0; 3 * 130 * 2]);
        forward(s, &rules, &q, &k, &v, &mut out, &mut logs);
        out.iter().map(|x| x.to_bits()).collect::<Vec<u32>>()
    };
    assert_eq!(run(), with_threads(3, run));
}

//! Against the formulas written out, on sizes that fill no register: values, and gradients as central differences.

use super::*;
use crate::kernels::parallel::tests::with_threads;
use crate::kernels::simd::{levels, with_level};

fn numbers(n: usize, seed: usize, scale: f64) -> Vec<f64> {
    (0..n)
        .map(|i| (((i * 7919 + seed * 104_729 + 13) % 2003) as f64 / 1001.5 - 1.0) * scale)
        .collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// One row's step: (x K + b, h R + b') by column, the states before, to the states after.
type Step = fn(&Naive, usize, &[f64], &mut [f64], &mut [f64]);

/// A layer, its inputs and the weights that y and the last states are given in a sum.
#[derive(Clone)]
struct Naive {
    s: Sizes,
    o: Options,
    gates: usize,
    step: Step,
    /// x, kernel, recurrent kernel, bias, h, c.
    data: [Vec<f64>; 6],
    mask: Option<Vec<u8>>,
}

impl Naive {
    /// Sum over p of a[p] times the matrix's column.
    fn times(&self, which: usize, a: &[f64], column: usize) -> f64 {
        let width = self.gates * self.s.units;
        a.iter()
            .enumerate()
            .map(|(p, a)| a * self.data[which][p * width + column])
            .sum()
    }
    fn bias(&self, i: usize) -> f64 {
        self.data[3].get(i).copied().unwrap_or(0.0)
    }
    /// (y, last h, last c)
    fn run(&self) -> [Vec<f64>; 3] {
        let Sizes {
            batch,
            steps,
            features,
            units,
        } = self.s;
        let (mut y, mut h, mut c) = (Vec::new(), Vec::new(), Vec::new());
        for b in 0..batch {
            let first = |i: usize| {
                let all = &self.data[i];
                if all.is_empty() {
                    vec![0.0; units]
                } else {
                    all[b * units..(b + 1) * units].to_vec()
                }
            };
            let (mut state, mut carry, mut last) = (first(4), first(5), vec![]);
            for s in 0..steps {
                let t = if self.o.backwards { steps - 1 - s } else { s };
                if self.mask.as_ref().is_some_and(|m| m[b * steps + t] == 0) {
                    last = if self.o.zero_masked {
                        vec![0.0; units]
                    } else {
                        state.clone()
                    };
                } else {
                    let x = self.data[0][(b * steps + t) * features..][..features].to_vec();
                    (self.step)(self, units, &x, &mut state, &mut carry);
                    last.clone_from(&state);
                }
                if self.o.sequences {
                    y.extend_from_slice(&last);
                }
            }
            if !self.o.sequences {
                y.extend_from_slice(&last);
            }
            h.extend(state);
            c.extend(carry);
        }
        [y, h, c]
    }
    fn weighted(&self) -> f64 {
        let results = self.run();
        results
            .iter()
            .enumerate()
            .flat_map(|(i, r)| r.iter().zip(numbers(r.len(), 50 + i, 1.0)))
            .map(|(a, b)| a * b)
            .sum()
    }
}

fn lstm(n: &Naive, u: usize, x: &[f64], h: &mut [f64], c: &mut [f64]) {
    let old = h.to_vec();
    for j in 0..u {
        let sum = |g: usize| n.times(1, x, g * u + j) + n.times(2, &old, g * u + j) + n.bias(g * u + j);
        c[j] = sigmoid(sum(1)) * c[j] + sigmoid(sum(0)) * sum(2).tanh();
        h[j] = sigmoid(sum(3)) * c[j].tanh();
    }
}

fn gru(n: &Naive, u: usize, x: &[f64], h: &mut [f64], _: &mut [f64]) {
    let old = h.to_vec();
    for j in 0..u {
        let a = |g: usize| n.times(1, x, g * u + j) + n.bias(g * u + j);
        let b = |g: usize| n.times(2, &old, g * u + j) + n.bias((3 + g) * u + j);
        let (z, r) = (sigmoid(a(0) + b(0)), sigmoid(a(1) + b(1)));
        h[j] = z * old[j] + (1.0 - z) * (a(2) + r * b(2)).tanh();
    }
}

fn gru_before(n: &Naive, u: usize, x: &[f64], h: &mut [f64], _: &mut [f64]) {
    let old = h.to_vec();
    let gate = |g: usize, j: usize| {
        sigmoid(n.times(1, x, g * u + j) + n.bias(g * u + j) + n.times(2, &old, g * u + j))
    };
    let changed: Vec<f64> = (0..u).map(|j| gate(1, j) * old[j]).collect();
    for j in 0..u {
        let z = gate(0, j);
        let g = n.times(1, x, 2 * u + j) + n.bias(2 * u + j) + n.times(2, &changed, 2 * u + j);
        h[j] = z * old[j] + (1.0 - z) * g.tanh();
    }
}

fn simple(n: &Naive, u: usize, x: &[f64], h: &mut [f64], _: &mut [f64]) {
    let old = h.to_vec();
    for j in 0..u {
        h[j] = (n.times(1, x, j) + n.times(2, &old, j) + n.bias(j)).tanh();
    }
}

/// Plain choices for case `i`: options, mask, bias, first states.
fn case<C: Cell<f64>>(step: Step, s: Sizes, i: usize) -> Naive {
    let bit = |k: usize| (i >> k) & 1 == 1;
    let Sizes {
        batch,
        steps,
        features,
        units,
    } = s;
    let some = |yes: bool, n: usize, seed: usize| if yes { numbers(n, seed, 0.7) } else { vec![] };
    Naive {
        s,
        o: Options {
            backwards: bit(0),
            sequences: bit(1),
            zero_masked: bit(2),
        },
        gates: C::GATES,
        step,
        data: [
            numbers(batch * steps * features, 1, 1.0),
            numbers(features * C::GATES * units, 2, 0.8),
            numbers(units * C::GATES * units, 3, 0.8),
            some(!bit(4), C::BIASES * units, 4),
            some(bit(3), batch * units, 5),
            some(bit(3) && C::CARRY, batch * units, 6),
        ],
        mask: bit(2).then(|| {
            (0..batch * steps)
                .map(|k| u8::from(!(k * 7 + i).is_multiple_of(3)))
                .collect()
        }),
    }
}

fn convert<T: Math>(x: &[f64]) -> Vec<T> {
    x.iter().map(|&x| T::from_f64(x)).collect()
}

fn given<T>(x: &[T]) -> Option<&[T]> {
    (!x.is_empty()).then_some(x)
}

/// What the kernels give: (y, h, c), and the gradients of x, the weights and the first states.
fn run<T: Math, C: Cell<T>>(cell: C, n: &Naive) -> ([Vec<f64>; 3], [Vec<f64>; 6]) {
    let data = n.data.clone().map(|x| convert::<T>(&x));
    let s = n.s;
    let f = Forward {
        sizes: s,
        options: n.o,
        x: &data[0],
        mask: n.mask.as_deref(),
        weights: Weights {
            kernel: &data[1],
            recurrent: &data[2],
            bias: given(&data[3]),
        },
        h: given(&data[4]),
        c: given(&data[5]),
    };
    let states = s.batch * s.units;
    let length = states * if n.o.sequences { s.steps } else { 1 };
    let nan = |n: usize| vec![T::NAN; n];
    let (mut y, mut h, mut c, mut kept) = (
        nan(length),
        nan(states),
        nan(states),
        nan(states * s.steps * C::KEPT),
    );
    let mut scratch = nan(forward_scratch::<T, C>(s));
    let out = Results {
        y: &mut y,
        h: Some(&mut h),
        c: C::CARRY.then_some(&mut c),
        kept: Some(&mut kept),
    };
    forward(cell, &f, out, &mut scratch);
    if !C::CARRY {
        c.fill(T::ZERO);
    }
    let results = [y, h, c];
    let grads: Vec<Vec<T>> = results
        .iter()
        .enumerate()
        .map(|(i, r)| convert(&numbers(r.len(), 50 + i, 1.0)))
        .collect();
    let mut d = data.each_ref().map(|x| nan(x.len()));
    let mut scratch = nan(backward_scratch::<T, C>(s));
    let [dx, dk, dr, db, dh, dc] = &mut d;
    let b = Backward {
        of: f,
        kept: &kept,
        dy: Some(&grads[0]),
        dh: Some(&grads[1]),
        dc: C::CARRY.then_some(&grads[2]),
    };
    let out = Gradients {
        x: Some(dx),
        weights: Some([dk, dr, db]),
        h: (!data[4].is_empty()).then_some(dh),
        c: (!data[5].is_empty()).then_some(dc),
    };
    backward(cell, &b, out, &mut scratch);
    let back = |x: &Vec<T>| x.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    (results.each_ref().map(back), d.each_ref().map(back))
}

fn near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "{what} at {i}: {a} {b}"
        );
    }
}

fn check<C: Cell<f64> + Cell<f32>>(cell: C, step: Step, name: &str) {
    let sizes = [
        (3, 4, 2, 5),
        (1, 3, 1, 1),
        (7, 2, 3, 17),
        (2, 1, 0, 3),
        (37, 2, 5, 9),
        (5, 5, 4, 35),
    ];
    for (k, &(batch, steps, features, units)) in sizes.iter().enumerate() {
        let s = Sizes {
            batch,
            steps,
            features,
            units,
        };
        // All choices for the smallest sizes, some for the others.
        for i in (0..32).step_by(if k < 2 { 1 } else { 5 }) {
            let n = case::<C>(step, s, i);
            let mut want = n.run();
            if !<C as Cell<f64>>::CARRY {
                want[2].fill(0.0);
            }
            let what = format!("{name} {s:?} case {i}");
            let (results, grads) = run::<f64, C>(cell, &n);
            let (singles, single_grads) = run::<f32, C>(cell, &n);
            for j in 0..3 {
                near(&results[j], &want[j], 1e-12, &what);
                near(&singles[j], &want[j], 2e-5, &what);
            }
            for (single, grad) in single_grads.iter().zip(&grads) {
                near(single, grad, 2e-4, &what);
            }
            // Each number of each input, some for the larger sizes.
            for (which, grad) in grads.iter().enumerate() {
                for at in (i % 5..grad.len()).step_by(1 + grad.len() / [200, 20][k.min(1)]) {
                    let moved = |by: f64| {
                        let mut n = n.clone();
                        n.data[which][at] += by;
                        n.weighted()
                    };
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    near(
                        &[grad[at]],
                        &[slope],
                        1e-6,
                        &format!("{what}, gradient {which} at {at}"),
                    );
                }
            }
        }
    }
}

#[test]
fn lstm_agrees_with_its_formula() {
    check(Lstm, lstm, "lstm");
}

#[test]
fn gru_agrees_with_its_formula() {
    check(Gru, gru, "gru");
    check(GruBefore, gru_before, "gru before");
}

#[test]
fn simple_agrees_with_its_formula() {
    check(Simple(Curve::Tanh), simple, "simple");
}

#[test]
fn every_instruction_set_and_number_of_threads() {
    let s = Sizes {
        batch: 70,
        steps: 3,
        features: 3,
        units: 21,
    };
    let n = case::<Lstm>(lstm, s, 6);
    let want = run::<f32, Lstm>(Lstm, &n);
    for threads in [1, 2, 3] {
        let got = with_threads(threads, || run::<f32, Lstm>(Lstm, &n));
        assert!(got == want, "{threads} threads");
    }
    for at in levels() {
        with_level(at, || {
            let got = run::<f32, Lstm>(Lstm, &n);
            for (a, b) in got.0.iter().zip(&want.0).chain(got.1.iter().zip(&want.1)) {
                near(a, b, 1e-4, &format!("{at:?}"));
            }
        });
    }
}

//! Gradients of the recurrent ops, also of the fused gradients; traced loops against eager ones; what is refused.

use super::settings::{Kind, Settings};
use super::{OPS, recurrent};
use crate::autograd::{Graph, Program, Value};
use crate::dtype::{Bool, DType};
use crate::error::Result;
use crate::kernels::recurrent::{Curve, Options};
use crate::ops::gradient_check::{check, check_twice, numbers};
use crate::ops::{Axes, add, multiply, square, sum};
use crate::shape::Spec;
use crate::tensor::{Tensor, View};

const KINDS: [Kind; 6] = [
    Kind::Lstm,
    Kind::Gru { reset_after: true },
    Kind::Gru { reset_after: false },
    Kind::Simple(Curve::Tanh),
    Kind::Simple(Curve::Sigmoid),
    Kind::Simple(Curve::Linear),
];

const BATCH: usize = 2;
const STEPS: usize = 3;

fn settings(kind: Kind, case: usize) -> Settings {
    let bit = |k: usize| (case >> k) & 1 == 1;
    Settings {
        kind,
        options: Options {
            backwards: bit(0),
            sequences: bit(1),
            zero_masked: bit(2),
        },
        bias: !bit(3),
        states: bit(1),
        mask: bit(2) || bit(3),
    }
}

fn inputs(s: Settings) -> Vec<Tensor> {
    let (features, units) = (2, 2);
    let width = s.kind.gates() * units;
    let mut all = vec![
        numbers(&[BATCH, STEPS, features], 1),
        numbers(&[features, width], 2),
        numbers(&[units, width], 3),
    ];
    if s.bias {
        let twice = s.kind == Kind::Gru { reset_after: true };
        all.push(if twice {
            numbers(&[2, width], 4)
        } else {
            numbers(&[width], 4)
        });
    }
    all.extend((0..s.first_states()).map(|i| numbers(&[BATCH, units], 5 + i)));
    all
}

fn mask() -> Value {
    let rows = [1, 0, 1, 0, 1, 0].map(Bool);
    Tensor::from_slice(&[BATCH, STEPS], &rows)
        .expect("a small tensor")
        .into()
}

/// All results in one sum, so that each has a gradient.
fn total(s: Settings, x: &[Value]) -> Result<Value> {
    let mask = mask();
    let given: Vec<&Value> = x.iter().chain(s.mask.then_some(&mask)).collect();
    let results = recurrent(s, &given)?;
    let mut all = sum(&square(&results[0])?, Axes::All, false)?;
    for (i, state) in results[1..].iter().enumerate() {
        let weights: Value = numbers(&[BATCH, 2], 8 + i).into();
        all = add(&all, &sum(&multiply(state, &weights)?, Axes::All, false)?)?;
    }
    Ok(all)
}

#[test]
fn gradients_agree_with_central_differences() {
    for kind in KINDS {
        for case in 0..16 {
            let s = settings(kind, case);
            check(&inputs(s), |x| total(s, x));
        }
    }
}

#[test]
fn fused_gradients_have_gradients() {
    for kind in KINDS {
        for case in [0, 7, 10] {
            let s = settings(kind, case);
            check_twice(&inputs(s), |x| total(s, x));
        }
    }
}

#[test]
fn the_gradient_of_the_output_alone_has_gradients() {
    for kind in KINDS {
        let s = settings(kind, 2);
        check_twice(&inputs(s), |x| {
            let results = recurrent(s, &x.iter().collect::<Vec<_>>())?;
            square(&results[0])
        });
    }
}

#[test]
fn open_sizes_give_the_same_first_and_second_derivatives() {
    for kind in KINDS {
        for case in [0, 3, 5] {
            let s = Settings {
                mask: false,
                ..settings(kind, case)
            };
            let tensors = inputs(s);
            // d(sum (d total / dx)^2) / dx
            let second = |x: &[Value], grad: &dyn Fn(&Value, &Value) -> Result<Value>| -> Result<Value> {
                let first = grad(&total(s, x)?, &x[0])?;
                grad(&sum(&square(&first)?, Axes::All, false)?, &x[0])
            };
            let graph = Graph::new();
            let values: Vec<Value> = tensors
                .iter()
                .enumerate()
                .map(|(i, t)| {
                    let known = |(axis, &n): (usize, &usize)| (i > 0 || axis == 2).then_some(n);
                    graph.input(Spec::new(DType::F64, t.shape().iter().enumerate().map(known)))
                })
                .collect();
            graph.enter();
            let traced = second(&values, &|y, x| {
                let mut grads = graph.gradients(&[(y.clone(), None)], &[x.key()])?;
                Ok(grads.remove(0).expect("a gradient"))
            });
            graph.exit();
            let program: Program = graph.compile(&[traced.unwrap()]).unwrap();
            let views: Vec<View<'_>> = tensors.iter().map(Tensor::view).collect();
            let plan = program.plan(&views).unwrap();
            let got = program
                .run(&plan, &views, &|| Ok(()), |done| {
                    Ok(done.output(0).slice::<f64>().to_vec())
                })
                .unwrap();
            let eager: Vec<Value> = tensors.iter().cloned().map(Value::from).collect();
            let tape = crate::autograd::Tape::new(true);
            tape.watch(&eager[0]);
            tape.start();
            let want = second(&eager, &|y, x| {
                let mut grads = tape.gradient(&[(y.clone(), None)], &[x.key()])?;
                Ok(grads.remove(0).expect("a gradient"))
            });
            tape.stop();
            let want = want.unwrap();
            for (a, b) in got.iter().zip(want.tensor().unwrap().slice::<f64>()) {
                assert!((a - b).abs() < 1e-10, "{kind:?} {case}: {a} {b}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let call = |name: &str, attrs: &str, shapes: &[&[usize]]| {
        let x: Vec<Value> = shapes.iter().map(|s| numbers(s, 1).into()).collect();
        let op = OPS.iter().find(|(n, _)| *n == name).expect("an op").1;
        op(&x, &serde_json::from_str(attrs).expect("JSON"))
            .unwrap_err()
            .to_string()
    };
    let rows: &[(&str, &str, &[&[usize]], &str)] = &[
        (
            "lstm",
            "{}",
            &[&[2, 3], &[2, 8], &[2, 8]],
            "(batch, steps, features)",
        ),
        (
            "lstm",
            "{}",
            &[&[2, 3, 2], &[2, 8], &[2, 6]],
            "(units, 4 * units)",
        ),
        ("lstm", "{}", &[&[2, 3, 4], &[2, 8], &[2, 8]], "(4, 8)"),
        ("lstm", "{}", &[&[2, 0, 2], &[2, 8], &[2, 8]], "at least one step"),
        ("lstm", "{}", &[&[2, 3, 2], &[2, 8]], "3 inputs"),
        (
            "lstm",
            r#"{"reset_after": true}"#,
            &[&[2, 3, 2], &[2, 8], &[2, 8]],
            "reset_after for gru",
        ),
        (
            "gru",
            r#"{"bias": true}"#,
            &[&[2, 3, 2], &[2, 6], &[2, 6], &[6]],
            "(2, 6)",
        ),
        (
            "gru",
            r#"{"states": true}"#,
            &[&[2, 3, 2], &[2, 6], &[2, 6], &[3, 2]],
            "states of shape (2, 2)",
        ),
        (
            "gru",
            r#"{"mask": true}"#,
            &[&[2, 3, 2], &[2, 6], &[2, 6], &[2, 2]],
            "a mask of shape (2, 3)",
        ),
        (
            "simple_rnn",
            r#"{"activation": "selu"}"#,
            &[&[2, 3, 2], &[2, 2], &[2, 2]],
            "selu",
        ),
    ];
    for (name, attrs, shapes, words) in rows {
        let error = call(name, attrs, shapes);
        assert!(error.contains(words), "{name} {attrs} {shapes:?}: {error}");
    }
}

#[test]
fn an_empty_batch_has_no_gradient_of_weights() {
    let s = settings(Kind::Lstm, 0);
    let x: Vec<Tensor> = inputs(s);
    let mut values: Vec<Value> = x.into_iter().map(Value::from).collect();
    values[0] = numbers(&[0, STEPS, 2], 1).into();
    let tape = crate::autograd::Tape::new(true);
    tape.watch(&values[1]);
    tape.start();
    let y = recurrent(s, &values.iter().collect::<Vec<_>>());
    tape.stop();
    let grad = tape
        .gradient(&[(y.unwrap()[0].clone(), None)], &[values[1].key()])
        .unwrap();
    let grad = grad[0].clone().expect("a gradient");
    assert!(grad.tensor().unwrap().slice::<f64>().iter().all(|&g| g == 0.0));
}

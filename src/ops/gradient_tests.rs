//! A gradient check in float64 for every differentiable op called by name: one row each. An op without a row fails.

use super::gradient_check::{check, check_twice, numbers};
use super::gradient_rows::Domain::{self, AboveOne, Any, Positive};
use super::gradient_rows::Order::{Once, Squared, Twice};
use super::gradient_rows::{BY_HAND, ELSEWHERE, FLAT, M, ROWS, T};
use super::{Attrs, lookup, names};
use crate::autograd::Value;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::Tensor;

fn tensor(shape: &[usize], seed: usize, domain: Domain) -> Tensor {
    let base = numbers(shape, seed);
    let move_by = |v: f64| match domain {
        Any => v,
        Positive => v + 1.1,
        AboveOne => v + 2.1,
    };
    let data: Vec<f64> = base.slice::<f64>().iter().map(|&v| move_by(v)).collect();
    Tensor::from_slice(shape, &data).expect("a small tensor")
}

/// All float outputs of an op, side by side.
fn call(name: &str, attrs: &str, x: &[Value]) -> Result<Value> {
    let attrs: Attrs = serde_json::from_str(attrs).expect("JSON");
    let outputs = lookup(name).expect("an op of this name")(x, &attrs)?;
    let lines: Vec<Value> = outputs
        .iter()
        .filter(|y| y.dtype().is_float())
        .map(super::ravel)
        .collect::<Result<_>>()?;
    super::concatenate(&lines, 0)
}

#[test]
fn gradients_agree_with_central_differences() {
    let mut wrong = Vec::new();
    for (name, attrs, shapes, domain, order) in ROWS {
        let inputs: Vec<Tensor> = shapes
            .iter()
            .enumerate()
            .map(|(i, s)| tensor(s, 3 * i + 1, *domain))
            .collect();
        let f = |x: &[Value]| call(name, attrs, x);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match order {
            Once => check(&inputs, f),
            Twice => check_twice(&inputs, f),
            Squared => check_twice(&inputs, |x| super::square(&f(x)?)),
        }));
        if result.is_err() {
            wrong.push(format!("{name} {attrs}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_op_has_a_row() {
    let elsewhere: Vec<&str> = ELSEWHERE.iter().flat_map(|t| t.iter().map(|(n, _)| *n)).collect();
    let losses = [
        "sigmoid_crossentropy",
        "softmax_crossentropy",
        "sparse_softmax_crossentropy",
    ];
    let mut twice = names();
    twice.sort_unstable();
    let twice: Vec<&[&str]> = twice.windows(2).filter(|w| w[0] == w[1]).collect();
    assert!(twice.is_empty(), "names of more than one op: {twice:?}");
    let missing: Vec<&str> = names()
        .into_iter()
        .filter(|n| {
            !(ROWS.iter().any(|r| r.0 == *n)
                || BY_HAND.contains(n)
                || FLAT.contains(n)
                || losses.contains(n)
                || elsewhere.contains(n))
        })
        .collect();
    assert!(missing.is_empty(), "ops without a gradient check: {missing:?}");
    let gone: Vec<&str> = ROWS
        .iter()
        .map(|r| r.0)
        .chain(BY_HAND.iter().copied())
        .chain(FLAT.iter().copied())
        .filter(|n| lookup(n).is_none())
        .collect();
    assert!(gone.is_empty(), "rows without an op: {gone:?}");
}

fn integers(shape: &[usize], data: &[i64]) -> Value {
    Tensor::from_slice(shape, data).expect("a small tensor").into()
}

#[test]
fn ops_with_other_inputs() {
    let (m, row) = (tensor(M, 1, Any), tensor(&[4], 2, Any));
    let at = integers(&[2, 2], &[0, -1, 2, 0]);
    check_twice(std::slice::from_ref(&m), |x| super::take(&x[0], &at, Some(0)));
    check_twice(std::slice::from_ref(&m), |x| super::take(&x[0], &at, Some(1)));
    check_twice(std::slice::from_ref(&m), |x| super::take(&x[0], &at, None));
    let rows = integers(&[2, 2], &[0, 2, 2, 1]);
    check_twice(std::slice::from_ref(&m), |x| super::embedding(&x[0], &rows));
    let along = integers(&[3, 2], &[0, -1, 2, 2, 1, 3]);
    check_twice(std::slice::from_ref(&m), |x| {
        super::take_along_axis(&x[0], &along, Some(1))
    });
    let ids = integers(&[3], &[1, 0, 1]);
    check_twice(std::slice::from_ref(&m), |x| super::segment_sum(&x[0], &ids, 4));
    let mask = super::greater(&m.clone().into(), &row.clone().into()).expect("a mask");
    check_twice(&[m.clone(), row.clone()], |x| super::where_(&mask, &x[0], &x[1]));
    let key = integers(&[2], &[3, 4]);
    check_twice(std::slice::from_ref(&m), |x| {
        super::dropout(&key, &x[0], 0.4, None)
    });
    check_twice(std::slice::from_ref(&m), |x| {
        super::dropout(&key, &x[0], 0.4, Some(&[None, Some(1)]))
    });
    check_twice(std::slice::from_ref(&m), |x| super::shuffle(&key, &x[0], 0));
    let like: Value = tensor(T, 5, Any).into();
    check_twice(std::slice::from_ref(&row), |x| {
        super::broadcast_like(&x[0], &like)
    });
    let narrow: Value = tensor(&[3, 1], 5, Any).into();
    check_twice(&[tensor(T, 6, Any)], |x| super::sum_to_like(&x[0], &narrow));
    let flat: Value = tensor(&[12], 5, Any).into();
    check_twice(std::slice::from_ref(&m), |x| super::reshape_like(&x[0], &flat));
    check_twice(&[m], |x| super::cast(&super::multiply(&x[0], &x[0])?, DType::F64));
}

#[test]
fn decompositions_that_not_every_matrix_has() {
    let x = tensor(&[2, 3, 3], 1, Any);
    let diagonal: Value = Tensor::from_slice(&[3, 3], &[1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 7.0])
        .expect("a small tensor")
        .into();
    check_twice(std::slice::from_ref(&x), |x| {
        let positive = super::add(&super::matmul_of(&x[0], &x[0], false, true)?, &diagonal)?;
        super::cholesky(&positive, false)
    });
    check_twice(&[x], |x| {
        let near_diagonal = super::add(&super::multiply(&x[0], &x[0].like(0.2)?)?, &diagonal)?;
        let [w, v] = super::eig(&near_diagonal)?;
        super::concatenate(&[super::ravel(&w)?, super::ravel(&v)?], 0)
    });
}

/// Activations whose second derivative is a function; the others have kinks or steps in their slope.
const SMOOTH: &[&str] = &[
    "exponential",
    "gelu",
    "glu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "squareplus",
    "tanh",
    "tanh_shrink",
];

#[test]
fn activations() {
    let names = crate::activations::names();
    assert!(names.len() > 25, "{names:?}");
    // Away from the kinks at 0, 0.5, 1, 3 and 6, on both sides of most of them.
    let base = numbers(&[4, 6], 3);
    let data: Vec<f64> = base.slice::<f64>().iter().map(|v| 4.0 * v + 0.003).collect();
    let x = Tensor::from_slice(&[4, 6], &data).expect("a small tensor");
    for name in names {
        let settings: Attrs = serde_json::from_str(match name {
            "threshold" => r#"{"threshold": 0.2, "default_value": 0.7}"#,
            "elu" | "celu" => r#"{"alpha": 1.3}"#,
            "relu" => r#"{"negative_slope": 0.1, "max_value": 1.7, "threshold": 0.2}"#,
            _ => "{}",
        })
        .expect("JSON");
        let f = |x: &[Value]| crate::activations::activation(name, &x[0], &settings);
        if SMOOTH.contains(&name) {
            check_twice(std::slice::from_ref(&x), f);
        } else {
            check(std::slice::from_ref(&x), f);
        }
    }
    let tanh: Attrs = serde_json::from_str(r#"{"approximate": true}"#).expect("JSON");
    check_twice(&[x], |x| crate::activations::activation("gelu", &x[0], &tanh));
}

#[test]
fn powers_of_constants_take_the_short_way() {
    let m = tensor(M, 1, Positive);
    for exponent in [2.0, 0.5, -1.0, -0.5, 3.0, 0.0, 1.0] {
        check_twice(std::slice::from_ref(&m), |x| {
            super::power(&x[0], &x[0].like(exponent)?)
        });
    }
    let x: Value = Tensor::from_slice(&[3], &[0.0_f32, -2.0, 3.0])
        .expect("a small tensor")
        .into();
    let two = x.like(2.0).expect("a number");
    let y = super::power(&x, &two).expect("powers");
    assert_eq!(y.tensor().expect("data").slice::<f32>(), [0.0, 4.0, 9.0]);
}

#[test]
fn bad_indices_are_errors_that_name_them() {
    let m: Value = tensor(M, 1, Any).into();
    let e = super::take(&m, &integers(&[2], &[0, 3]), Some(0))
        .unwrap_err()
        .to_string();
    assert!(e.contains("[0, 3)") && e.contains("3 at place 1"), "{e}");
    let e = super::embedding(&m, &integers(&[1], &[-4]))
        .unwrap_err()
        .to_string();
    assert!(e.contains("-4 at place 0"), "{e}");
    // Whole numbers of a float dtype are indices; fractions and booleans are not.
    let e = super::take(&m, &m, Some(0)).unwrap_err().to_string();
    assert!(e.contains("whole numbers") && e.contains("at place 0"), "{e}");
    let mask = super::greater(&m, &m).expect("a mask");
    let e = super::take(&m, &mask, Some(0)).unwrap_err().to_string();
    assert!(e.contains("integer indices") && e.contains("bool"), "{e}");
    assert!(super::top_k(&m, 5).is_err() && super::roll(&m, &[i64::MIN], None).is_err());
    assert!(
        super::slice(&m, &[0, 2], &[3, 3]).is_err() && super::slice(&m, &[0, i64::MAX], &[3, 3]).is_err()
    );
}

#[test]
fn ops_at_places() {
    let call = |name: &str, x: &[Value], attrs: &str| -> Result<Value> {
        let attrs: Attrs = serde_json::from_str(attrs).expect("a JSON object");
        Ok(lookup(name).expect("an op")(x, &attrs)?.remove(0))
    };
    let (m, rows) = (tensor(M, 1, Any), tensor(&[3, 4], 2, Any));
    let at = integers(&[3, 1], &[1, -1, 1]);
    check_twice(std::slice::from_ref(&m), |x| super::gather_at(&x[0], &at));
    check_twice(std::slice::from_ref(&m), |x| {
        super::scatter(&at, &x[0], Err(&[4, 4]))
    });
    for attrs in [
        "{}",
        r#"{"reduction": "add"}"#,
        r#"{"reduction": "mul"}"#,
        r#"{"reduction": "max"}"#,
        r#"{"reduction": "min"}"#,
    ] {
        check_twice(&[m.clone(), rows.clone()], |x| {
            call("scatter_update", &[x[0].clone(), at.clone(), x[1].clone()], attrs)
        });
    }
    let ids = integers(&[3], &[1, 0, 1]);
    for name in ["segment_sum", "segment_prod", "segment_max", "segment_min"] {
        check_twice(std::slice::from_ref(&m), |x| {
            call(name, &[x[0].clone(), ids.clone()], r#"{"num_segments": 2}"#)
        });
    }
    let start = integers(&[2], &[1, 2]);
    check_twice(std::slice::from_ref(&m), |x| {
        call(
            "slice_at",
            &[x[0].clone(), start.clone()],
            r#"{"shape": [2, -1]}"#,
        )
    });
    check_twice(&[m, tensor(&[2, 2], 3, Any)], |x| {
        call("slice_update", &[x[0].clone(), start.clone(), x[1].clone()], "{}")
    });
}

#[test]
fn rows_of_each_sample() {
    let index = integers(&[2, 4], &[0, 2, -1, 2, 1, 0, 1, -3]);
    check_twice(&[tensor(&[2, 3, 2], 1, Any)], |x| {
        super::square(&super::take_rows(&x[0], &index)?)
    });
}

#[test]
fn the_ctc_loss_in_its_scores() {
    // A repeated label, a sample without labels, and steps and labels that do not count.
    let labels = integers(&[3, 3], &[1, 1, 2, 3, 2, 9, 0, 0, 0]);
    let (counts, lengths) = (integers(&[3], &[3, 2, 0]), integers(&[3], &[5, 4, 3]));
    check(&[tensor(&[3, 5, 4], 1, Any)], |x| {
        call(
            "ctc_loss",
            "{}",
            &[labels.clone(), x[0].clone(), counts.clone(), lengths.clone()],
        )
    });
}

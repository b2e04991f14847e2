#![allow(clippy::manual_midpoint)] // formulas as they are written

use super::*;
use crate::autograd::{Graph, Tape};
use crate::dtype::{DType, Element};
use crate::shape::Spec;
use crate::tensor::Tensor;

fn value<T: Element>(shape: &[usize], data: &[T]) -> Value {
    Tensor::from_slice(shape, data).unwrap().into()
}

fn run(name: &str, options: &str, y_true: &Value, y_pred: &Value) -> Result<Vec<f64>> {
    Ok(loss(name, options, y_true, y_pred)?
        .tensor()?
        .slice::<f64>()
        .to_vec())
}

fn near(a: &[f64], b: &[f64]) {
    assert!(
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9),
        "{a:?} {b:?}"
    );
}

#[test]
fn values_are_those_of_the_formulas() {
    let (t, p) = (value(&[1, 2], &[1.0, 0.0]), value(&[1, 2], &[0.7, 0.2]));
    let cases = [
        ("mean_squared_error", (0.09 + 0.04) / 2.0),
        ("mean_absolute_error", 0.25),
        ("mean_absolute_percentage_error", 50.0 * (0.3 + 0.2 / 1e-7)),
        ("huber", (0.09 + 0.04) / 4.0),
        ("log_cosh", (0.3f64.cosh().ln() + 0.2f64.cosh().ln()) / 2.0),
        ("hinge", (0.3 + 1.2) / 2.0),
        ("squared_hinge", (0.09 + 1.44) / 2.0),
        ("categorical_hinge", 0.2 - 0.7 + 1.0),
        ("binary_crossentropy", -(0.7f64.ln() + 0.8f64.ln()) / 2.0),
        ("categorical_crossentropy", -(0.7f64 / 0.9).ln()),
        ("cosine_similarity", -0.7 / (0.49f64 + 0.04).sqrt()),
        ("poisson", (0.7 - (0.7f64 + 1e-7).ln() + 0.2) / 2.0),
        ("kl_divergence", -(0.7f64.ln()) + 1e-7 * (1e-7f64 / 0.2).ln()),
    ];
    for (name, want) in cases {
        let got = run(name, "{}", &t, &p).unwrap();
        assert!(
            (got[0] - want).abs() <= 1e-9 * want.abs().max(1.0),
            "{name}: {got:?} {want}"
        );
    }
    near(
        &run("huber", r#"{"delta": 0.25}"#, &t, &p).unwrap(),
        &[(0.25 * 0.3 - 0.03125 + 0.02) / 2.0],
    );
    near(
        &run("sparse_categorical_crossentropy", "{}", &value(&[1], &[0i32]), &p).unwrap(),
        &[-(0.7f64 / 0.9).ln()],
    );
}

#[test]
fn logits_and_probabilities_agree() {
    let x = value(&[2, 3], &[0.3, -1.0, 2.0, 0.1, 0.2, 0.3]);
    let p = crate::ops::softmax(&x, -1).unwrap();
    let labels = value(&[2, 1], &[2i64, 0]);
    let hot = value(&[2, 3], &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    let logits = r#"{"from_logits": true}"#;
    let want = run("categorical_crossentropy", "{}", &hot, &p).unwrap();
    near(&run("categorical_crossentropy", logits, &hot, &x).unwrap(), &want);
    near(
        &run("sparse_categorical_crossentropy", "{}", &labels, &p).unwrap(),
        &want,
    );
    near(
        &run("sparse_categorical_crossentropy", logits, &labels, &x).unwrap(),
        &want,
    );
    let q = crate::activations::sigmoid(&x).unwrap();
    near(
        &run("binary_crossentropy", logits, &hot, &x).unwrap(),
        &run("binary_crossentropy", "{}", &hot, &q).unwrap(),
    );
}

#[test]
fn classes_on_another_axis_and_classes_without_a_loss() {
    let x = value(&[2, 3], &[0.3, -1.0, 2.0, 0.1, 0.2, 0.3]);
    let turned = crate::ops::transpose(&x, None).unwrap();
    let labels = value(&[2], &[2i64, 0]);
    let want = run(
        "sparse_categorical_crossentropy",
        r#"{"from_logits": true}"#,
        &labels,
        &x,
    )
    .unwrap();
    let got = run(
        "sparse_categorical_crossentropy",
        r#"{"from_logits": true, "axis": 0}"#,
        &labels,
        &turned,
    );
    near(&got.unwrap(), &want);
    let marked = value(&[2], &[2i64, -1]);
    let got = run(
        "sparse_categorical_crossentropy",
        r#"{"from_logits": true, "ignore_class": -1}"#,
        &marked,
        &x,
    );
    near(&got.unwrap(), &[want[0], 0.0]);
}

#[test]
fn traced_probabilities_are_taken_back_to_logits() {
    let graph = Graph::new();
    graph.enter();
    let x = graph.input(Spec::new(DType::F64, [None, Some(2)]));
    let t = graph.input(Spec::new(DType::F64, [None, Some(2)]));
    let p = crate::ops::softmax(&x, 1).unwrap();
    let other = crate::ops::softmax(&x, 0).unwrap();
    let stable = loss("categorical_crossentropy", "{}", &t, &p).unwrap();
    let clipped = loss("categorical_crossentropy", "{}", &t, &other).unwrap();
    graph.exit();
    let (near, far) = (
        format!("{:?}", history(&stable)),
        format!("{:?}", history(&clipped)),
    );
    assert!(
        !near.contains("\"softmax\"") && near.contains("log_softmax"),
        "{near}"
    );
    assert!(far.contains("softmax_over_axis"), "{far}");
}

fn history(x: &Value) -> Vec<&'static str> {
    let mut names = vec![];
    let mut open = vec![x.clone()];
    while let Some((name, inputs)) = open.pop().map(|x| x.producer().unwrap_or(("", vec![]))) {
        names.push(name);
        open.extend(inputs);
    }
    names
}

#[test]
fn a_vector_of_zeros_has_a_finite_gradient() {
    let p = value(&[1, 2], &[0.0, 0.0]);
    let tape = Tape::new(true);
    tape.watch(&p);
    tape.start();
    let y = loss("cosine_similarity", "{}", &value(&[1, 2], &[1.0, 0.0]), &p).unwrap();
    tape.stop();
    let g = tape.gradient(&[(y.clone(), None)], &[p.key()]).unwrap();
    assert!(
        g[0].as_ref()
            .unwrap()
            .tensor()
            .unwrap()
            .slice::<f64>()
            .iter()
            .all(|g| g.is_finite())
    );
}

#[test]
fn nothing_is_broadcast() {
    let text = |name: &str, t: &[usize], p: &[usize]| {
        let zeros = |shape: &[usize]| Value::from(Tensor::zeros(DType::F64, shape).unwrap());
        loss(name, "{}", &zeros(t), &zeros(p)).unwrap_err().to_string()
    };
    let message = text("mean_squared_error", &[4, 1], &[4, 3]);
    assert!(
        message.contains("(4, 1)") && message.contains("(4, 3)") && message.contains("1 units (it has 3)"),
        "{message}"
    );
    let message = text("mean_squared_error", &[4], &[5]);
    assert!(message.contains("(4,)") && message.contains("(5,)"), "{message}");
    let message = text("categorical_crossentropy", &[4, 1], &[4, 3]);
    assert!(message.contains("sparse_categorical_crossentropy"), "{message}");
    let message = text("sparse_categorical_crossentropy", &[4, 3], &[4, 3]);
    assert!(message.contains("One-hot"), "{message}");
    let column = run(
        "mean_squared_error",
        "{}",
        &value(&[2], &[1.0, 2.0]),
        &value(&[2, 1], &[1.0, 4.0]),
    );
    near(&column.unwrap(), &[0.0, 4.0]);
}

#[test]
fn labels_out_of_range_are_named() {
    let (t, p) = (
        value(&[2], &[0i32, 3]),
        value(&[2, 3], &[0.2f64, 0.3, 0.5, 0.2, 0.3, 0.5]),
    );
    let text = loss("sparse_categorical_crossentropy", "{}", &t, &p)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("[0, 3)") && text.contains("3 at position 1"),
        "{text}"
    );
}

//! What is fused when a trace is frozen gives the same numbers as the ops one by one, eagerly.

use super::backward::differentiate;
use super::{Graph, Value};
use crate::error::Result;
use crate::ops::{self, Axes, PoolOptions, Sizes};
use crate::shape::Spec;
use crate::tensor::{Tensor, View};

type Function = fn(&[Value]) -> Result<Value>;

fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let n = shape.iter().product();
    let data: Vec<f64> = (0..n)
        .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0)
        .collect();
    Tensor::from_slice(shape, &data).unwrap()
}

/// The value, and the gradients of its sum of squares for the float inputs.
fn all(f: Function, x: &[Value]) -> Result<Vec<Value>> {
    let inputs: Vec<&Value> = x.iter().collect();
    let grads = differentiate(&inputs, &[None, Some(x[0].like(1.0)?)], |x| {
        let y = f(x)?;
        let loss = ops::sum(&ops::square(&y)?, Axes::All, false)?;
        Ok(vec![y, loss])
    })?;
    let floats = x.iter().zip(grads).filter(|(x, _)| x.dtype().is_float());
    let mut outputs = vec![f(x)?];
    outputs.extend(floats.filter_map(|(_, g)| g));
    Ok(outputs)
}

/// The ops of the frozen trace, and its outputs.
fn traced(
    inputs: &[Tensor],
    f: impl Fn(&[Value]) -> Result<Vec<Value>>,
) -> Result<(Vec<&'static str>, Vec<Tensor>)> {
    let graph = Graph::new();
    graph.enter();
    let symbols: Vec<Value> = inputs
        .iter()
        .map(|t| {
            let own = t.shape()[1..].iter().copied().map(Some);
            let open = if t.shape().len() > 1 {
                None
            } else {
                Some(t.shape()[0])
            };
            graph.input(Spec::new(t.dtype(), std::iter::once(open).chain(own)))
        })
        .collect();
    let outputs = f(&symbols);
    graph.exit();
    let program = graph.compile(&outputs?)?;
    let views: Vec<View<'_>> = inputs.iter().map(Tensor::view).collect();
    let plan = program.plan(&views)?;
    let outputs = program.run(&plan, &views, &|| Ok(()), |done| {
        (0..done.len())
            .map(|i| done.output(i).to_tensor())
            .collect::<Result<Vec<_>>>()
    })?;
    Ok((program.op_names(), outputs))
}

fn pool() -> PoolOptions {
    PoolOptions {
        pool_size: Sizes::all(2),
        strides: None,
        padding: ops::Padding::default(),
        data_format: ops::DataFormat::default(),
    }
}

/// A function, and the ops that must be gone from its trace, without and with gradients.
struct Case {
    name: &'static str,
    inputs: Vec<Tensor>,
    f: Function,
    gone: &'static [&'static str],
    gone_in_training: &'static [&'static str],
}

fn case(
    name: &'static str,
    inputs: Vec<Tensor>,
    f: Function,
    gone: &'static [&'static str],
    gone_in_training: &'static [&'static str],
) -> Case {
    Case {
        name,
        inputs,
        f,
        gone,
        gone_in_training,
    }
}

fn cases() -> Vec<Case> {
    let index: Vec<i32> = (0..6 * 9).map(|i| (i * 13) % 40).collect();
    let index = Tensor::from_slice(&[6, 9], &index).unwrap();
    let mut variance = numbers(&[4], 6);
    variance
        .view_mut()
        .slice_mut::<f64>()
        .iter_mut()
        .for_each(|v| *v += 1.5);
    vec![
        case(
            "dense, relu",
            vec![numbers(&[5, 3], 1), numbers(&[3, 4], 2)],
            |x| crate::activations::relu(&ops::dense(&x[0], &x[1], None)?),
            &["relu"],
            &[],
        ),
        case(
            "batch normalisation, sum, sigmoid",
            vec![numbers(&[50, 4], 1), numbers(&[50, 4], 2), numbers(&[4], 3)],
            |x| {
                let [y, ..] = ops::batch_normalization_training(&x[0], Some(&x[2]), Some(&x[2]), -1, 1e-3)?;
                crate::activations::sigmoid(&ops::add(&x[1], &y)?)
            },
            &["add", "sigmoid"],
            &[],
        ),
        case(
            "batch normalisation, relu",
            vec![numbers(&[6, 3, 3, 4], 1), numbers(&[4], 3)],
            |x| {
                let [y, ..] = ops::batch_normalization_training(&x[0], None, Some(&x[1]), -1, 1e-3)?;
                crate::activations::relu(&y)
            },
            &["relu"],
            &["activation_gradient"],
        ),
        case(
            "a sum that is broadcast stays",
            vec![numbers(&[50, 4], 1), numbers(&[4], 2)],
            |x| {
                let [y, ..] = ops::batch_normalization_training(&x[0], None, None, -1, 1e-3)?;
                ops::add(&y, &x[1])
            },
            &[],
            &[],
        ),
        case(
            "a sum with what comes from the statistics stays",
            vec![numbers(&[4, 4], 1)],
            |x| {
                let [y, mean, _] = ops::batch_normalization_training(&x[0], None, None, -1, 1e-3)?;
                let mean = ops::stop_gradient(&mean)?;
                ops::add(&y, &ops::add(&ops::zeros_like(&x[0])?, &mean)?)
            },
            &[],
            &[],
        ),
        case(
            "dense, given statistics, tanh",
            vec![
                numbers(&[5, 3], 1),
                numbers(&[3, 4], 2),
                numbers(&[4], 3),
                variance,
                numbers(&[4], 5),
            ],
            |x| {
                let y = ops::dense(&x[0], &x[1], Some(&x[2]))?;
                let y = ops::batch_normalization(&y, &x[4], &x[3], -1, Some(&x[2]), Some(&x[4]), 1e-3)?;
                ops::tanh(&crate::activations::softplus(&y)?)
            },
            &["batch_normalization", "softplus"],
            &[],
        ),
        case(
            "average of an embedding",
            vec![numbers(&[40, 5], 1), index.clone()],
            |x| ops::mean(&ops::embedding(&x[0], &x[1])?, Axes::One(1), false),
            &["embedding", "mean"],
            &["embedding", "mean", "add_at"],
        ),
        case(
            "an average of an embedding whose shape is read too",
            vec![numbers(&[40, 5], 1), index.clone()],
            |x| {
                let rows = ops::embedding(&x[0], &x[1])?;
                let ones = ops::add(&ops::zeros_like(&rows)?, &x[0].like(1.0)?)?;
                let mean = |v: &Value| ops::mean(v, Axes::One(1), false);
                ops::add(&mean(&rows)?, &mean(&ones)?)
            },
            &[],
            &[],
        ),
        case(
            "relu, max pooling",
            vec![numbers(&[2, 6, 6, 3], 1)],
            |x| ops::max_pool(&crate::activations::relu(&x[0])?, &pool()),
            &[],
            &["activation_gradient"],
        ),
    ]
}

#[test]
fn fused_ops_follow_the_single_ones() {
    for Case {
        name,
        inputs,
        f,
        gone,
        gone_in_training,
    } in cases()
    {
        let values: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
        let (names, outputs) = traced(&inputs, |x| Ok(vec![f(x)?])).unwrap();
        assert!(gone.iter().all(|n| !names.contains(n)), "{name}: {names:?}");
        let want = f(&values).unwrap();
        near(name, &outputs[0], &want);
        let (names, outputs) = traced(&inputs, |x| all(f, x)).unwrap();
        assert!(
            gone_in_training.iter().all(|n| !names.contains(n)),
            "{name}: {names:?}"
        );
        let want = all(f, &values).unwrap();
        assert_eq!(outputs.len(), want.len(), "{name}");
        for (got, want) in outputs.iter().zip(&want) {
            near(name, got, want);
        }
    }
}

fn near(name: &str, got: &Tensor, want: &Value) {
    let want = want.tensor().unwrap();
    assert_eq!(got.shape(), want.shape(), "{name}");
    for (a, b) in got.slice::<f64>().iter().zip(want.slice::<f64>()) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{name}: {a} {b}");
    }
}

//! For the tests of ops: gradients against central differences, in float64, on the code that ships.

use crate::autograd::{Key, Tape, Value};
use crate::error::Result;
use crate::tensor::Tensor;

/// Numbers without a pattern, in (-1, 1), all different for small tensors.
pub fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let n = shape.iter().product();
    let data: Vec<f64> = (0..n)
        .map(|i| ((i * 7919 + seed * 104_729 + 13) % 2003) as f64 / 1001.5 - 1.0)
        .collect();
    Tensor::from_slice(shape, &data).expect("a small tensor")
}

fn gradients(inputs: &[Value], f: &dyn Fn(&[Value]) -> Result<Value>) -> Result<(Value, Vec<Option<Value>>)> {
    let tape = Tape::new(true);
    for x in inputs {
        tape.watch(x);
    }
    tape.start();
    let y = f(inputs);
    tape.stop();
    let y = y?;
    let seed: Value = numbers(&y.shape().expect("data"), 99).into();
    let keys: Vec<Key> = inputs.iter().map(Value::key).collect();
    let grads = tape.gradient(&[(y.clone(), Some(seed.clone()))], &keys)?;
    Ok((y, grads))
}

/// sum of f(inputs) times fixed weights
fn weighted(inputs: &[Tensor], f: &dyn Fn(&[Value]) -> Result<Value>) -> f64 {
    let values: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
    let y = f(&values).expect("forward");
    let y = y.tensor().expect("data");
    let weights = numbers(y.shape(), 99);
    y.slice::<f64>()
        .iter()
        .zip(weights.slice::<f64>())
        .map(|(a, b)| a * b)
        .sum()
}

/// Every element of every input: (L(x + h) - L(x - h)) / 2h against the backward rule.
pub fn check(inputs: &[Tensor], f: impl Fn(&[Value]) -> Result<Value>) {
    let values: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
    let (_, grads) = gradients(&values, &f).expect("gradients");
    for (which, grad) in grads.iter().enumerate() {
        let grad = grad
            .as_ref()
            .unwrap_or_else(|| panic!("input {which} has no gradient"));
        let grad = grad.tensor().expect("data");
        assert_eq!(
            grad.shape(),
            inputs[which].shape(),
            "shape of the gradient of input {which}"
        );
        for i in 0..inputs[which].len() {
            let step = 1e-5;
            let moved = |by: f64| {
                let mut inputs = inputs.to_vec();
                inputs[which].make_unique().expect("memory");
                inputs[which].view_mut().slice_mut::<f64>()[i] += by;
                weighted(&inputs, &f)
            };
            let want = (moved(step) - moved(-step)) / (2.0 * step);
            let got = grad.slice::<f64>()[i];
            let near = (got - want).abs() <= 1e-7 + 1e-6 * want.abs();
            assert!(
                near,
                "gradient of input {which} at {i}: {got}, central difference {want}"
            );
        }
    }
}

/// [`check`], and the same of each first gradient as a function of all inputs.
pub fn check_twice(inputs: &[Tensor], f: impl Fn(&[Value]) -> Result<Value>) {
    check(inputs, &f);
    for which in 0..inputs.len() {
        check_partial(inputs, |x| {
            let (_, mut grads) = gradients(x, &f)?;
            Ok(grads.swap_remove(which).expect("a gradient"))
        });
    }
}

/// Like [`check`], but an input that the result does not depend on may have no gradient.
fn check_partial(inputs: &[Tensor], f: impl Fn(&[Value]) -> Result<Value>) {
    let values: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
    let (_, grads) = gradients(&values, &f).expect("second gradients");
    let connected: Vec<usize> = (0..inputs.len()).filter(|&i| grads[i].is_some()).collect();
    let some: Vec<Tensor> = connected.iter().map(|&i| inputs[i].clone()).collect();
    check(&some, |x| {
        let mut all: Vec<Value> = inputs.iter().cloned().map(Value::from).collect();
        for (value, &i) in x.iter().zip(&connected) {
            all[i] = value.clone();
        }
        f(&all)
    });
}

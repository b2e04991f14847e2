//! Configs of optimizers, losses, metrics' arguments, initializers, regularizers, constraints and activations: the first
//! line is a class or function name, the rest its config as JSON. Each is put to work on a few numbers.
#![no_main]

#[path = "../mutate.rs"]
mod mutate;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use oxhorn::autograd::{Value, Variable};
use oxhorn::dtype::DType;
use oxhorn::ops::Attrs;
use oxhorn::optimizers::Optimizer;
use oxhorn::tensor::Tensor;
use oxhorn::{activations, constraints, initializers, losses, regularizers};

fn matrix() -> Tensor {
    Tensor::from_slice(&[2, 3], &[0.1_f32, 0.2, 0.7, 0.5, -0.25, 0.0]).expect("a small tensor")
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::mutate(data, size, max_size, seed, 1)
});

fuzz_target!(|text: &str| {
    let Some((name, config)) = text.split_once('\n') else {
        return;
    };
    let x = Value::from(matrix());
    if let Ok(optimizer) = Optimizer::new(name, config) {
        let variables = [Variable::new(matrix(), "w", "w", true)];
        if let Ok(slots) = optimizer.make_slots(&variables) {
            let _ = optimizer.build(&variables, &[false], &slots);
        }
    }
    for shape in [&[2, 3][..], &[], &[0, 2], &[3, 1, 2, 2]] {
        for dtype in [DType::F32, DType::I32] {
            let _ = initializers::initialize(name, config, shape, dtype);
        }
    }
    let _ = regularizers::penalty(name, config, &x);
    let _ = constraints::constrain(name, config, &x);
    let _ = losses::loss(name, config, &x, &x);
    let labels = Value::from(Tensor::from_slice(&[2], &[2_i64, -1]).expect("a small tensor"));
    let _ = losses::loss(name, config, &labels, &x);
    if let Ok(attrs) = serde_json::from_str::<Attrs>(config) {
        let _ = activations::activation(name, &x, &attrs);
    }
});

//! Configs of layers: the first line is a class name, the second the input shapes, the rest the config as JSON.
//!
//! A layer is made, asked for its weights, and traced; nothing is run, so that large sizes cost nothing.
#![no_main]

#[path = "../mutate.rs"]
mod mutate;
#[path = "../shapes.rs"]
mod shapes;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use oxhorn::autograd::{Graph, Value, Variable};
use oxhorn::dtype::DType;
use oxhorn::layers::{Built, Call};
use oxhorn::shape::Spec;
use oxhorn::tensor::Tensor;

/// "?,28,28,3 ?,10": shapes of up to three inputs.
fn specs(line: &str) -> Option<Vec<Spec>> {
    line.split(' ')
        .take(3)
        .map(|shape| Some(Spec::new(DType::F32, shapes::dims(shape)?)))
        .collect()
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::mutate(data, size, max_size, seed, 2)
});

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(class), Some(inputs), Some(config)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Ok(layer) = Built::new(class, config) else {
        return;
    };
    let Some(inputs) = specs(inputs) else { return };
    let Ok(weights) = layer.weights(&inputs) else {
        return;
    };
    if weights.iter().any(|w| w.shape.iter().product::<usize>() > 10_000) {
        return;
    }
    let weights: Vec<Variable> = weights
        .iter()
        .map(|w| {
            let ones = Tensor::full(&w.shape, 1.0_f32).expect("a small tensor");
            Variable::new(ones, w.name, w.name, w.trainable)
        })
        .collect();
    let key = Tensor::from_slice(&[2], &[1_i64, 2]).expect("a small tensor");
    for training in [false, true] {
        let graph = Graph::new();
        graph.enter();
        let values: Vec<Value> = inputs.iter().map(|spec| graph.input(spec.clone())).collect();
        let call = Call {
            training,
            key: Some(key.clone().into()),
            masks: Vec::new(),
        };
        let outputs = layer.call(&call, &values, &weights);
        graph.exit();
        if let Ok(outputs) = outputs {
            let _ = graph.compile(&outputs);
        }
    }
});

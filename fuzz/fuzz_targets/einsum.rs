//! Equations of einsum: the first line is the equation, the second the shapes of the operands.
#![no_main]

#[path = "../shapes.rs"]
mod shapes;

use libfuzzer_sys::fuzz_target;
use oxhorn::autograd::{Graph, Value};
use oxhorn::dtype::DType;
use oxhorn::ops::einsum;
use oxhorn::shape::{Dim, Spec};
use oxhorn::tensor::Tensor;

fuzz_target!(|text: &str| {
    let Some((equation, shapes)) = text.split_once('\n') else {
        return;
    };
    let shapes: Option<Vec<Vec<Dim>>> = shapes.split(' ').take(5).map(shapes::dims).collect();
    let Some(shapes) = shapes else { return };
    let graph = Graph::new();
    graph.enter();
    let inputs: Vec<Value> = shapes
        .iter()
        .map(|dims| graph.input(Spec::new(DType::F32, dims.iter().copied())))
        .collect();
    let traced = einsum(equation, &inputs);
    graph.exit();
    // Sizes of a few, so that the result is small, too.
    let tensors: Option<Vec<Value>> = shapes
        .iter()
        .map(|dims| {
            let sizes: Vec<usize> = dims.iter().map(|d| d.unwrap_or(2)).collect();
            let small = sizes.len() <= 4 && sizes.iter().all(|n| *n <= 3);
            small.then(|| Tensor::full(&sizes, 0.5_f32).expect("a small tensor").into())
        })
        .collect();
    if let (Ok(_), Some(tensors)) = (&traced, tensors) {
        let _ = einsum(equation, &tensors);
    }
});

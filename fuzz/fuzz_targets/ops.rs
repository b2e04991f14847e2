//! Attributes of ops: the first line is the name of an op, the second its inputs, the rest the attributes as JSON.
//!
//! The op is traced; what is small is also run, on numbers that repeat.
#![no_main]

#[path = "../mutate.rs"]
mod mutate;
#[path = "../shapes.rs"]
mod shapes;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use oxhorn::autograd::{Graph, Value};
use oxhorn::dtype::DType;
use oxhorn::ops::{Attrs, OpFn, lookup};
use oxhorn::shape::Spec;
use oxhorn::tensor::Tensor;

/// Elements of a result that is worth computing.
const SMALL: usize = 20_000;

/// "f2,3 i4 b": dtypes and shapes of up to five inputs.
fn specs(line: &str) -> Option<Vec<Spec>> {
    line.split(' ')
        .filter(|input| !input.is_empty())
        .take(5)
        .map(|input| {
            let mut letters = input.chars();
            let dtype = match letters.next()? {
                'f' => DType::F32,
                'd' => DType::F64,
                'i' => DType::I32,
                'l' => DType::I64,
                'u' => DType::U8,
                'b' => DType::Bool,
                _ => return None,
            };
            Some(Spec::new(dtype, shapes::dims(letters.as_str())?))
        })
        .collect()
}

/// The same with 2 for each size that is open.
fn settled(spec: &Spec) -> Spec {
    spec.with_dims(spec.dims.iter().map(|d| Some(d.unwrap_or(2))))
}

fn traced(op: &OpFn, specs: &[Spec], attrs: &Attrs) -> Option<(Graph, Vec<Value>)> {
    let graph = Graph::new();
    graph.enter();
    let values: Vec<Value> = specs.iter().map(|spec| graph.input(spec.clone())).collect();
    let outputs = op(&values, attrs);
    graph.exit();
    Some((graph, outputs.ok()?))
}

fn small(value: &Value) -> bool {
    let sizes = value.dims();
    let count = sizes.iter().try_fold(1_usize, |n, d| n.checked_mul((*d)?));
    count.is_some_and(|n| n <= SMALL)
}

fn numbers(spec: &Spec) -> Option<Value> {
    let sizes: Vec<usize> = spec.shape()?.to_vec();
    let count = sizes.iter().try_fold(1_usize, |n, d| n.checked_mul(*d))?;
    if count > SMALL {
        return None;
    }
    let mut tensor = Tensor::zeros(spec.dtype, &sizes).ok()?;
    for (i, place) in tensor.view_mut().bytes_mut().iter_mut().enumerate() {
        *place = match spec.dtype {
            DType::F32 | DType::F64 => [0x3d, 0x3f, 0xbf, 0x40][i % 4],
            DType::Bool => u8::from(i % 3 == 0),
            DType::U8 => (i % 7) as u8,
            // The lowest byte of each number, so that numbers are small.
            DType::I32 => {
                if i % 4 == 0 {
                    (i / 4 % 5) as u8
                } else {
                    0
                }
            }
            DType::I64 => {
                if i % 8 == 0 {
                    (i / 8 % 5) as u8
                } else {
                    0
                }
            }
        };
    }
    Some(tensor.into())
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::mutate(data, size, max_size, seed, 2)
});

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(name), Some(inputs), Some(attrs)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Some(op) = lookup(name) else { return };
    let Some(specs) = specs(inputs) else { return };
    // Without an input an op is not traced: it makes its result at once, however large that is to be.
    if specs.is_empty() {
        return;
    }
    let Ok(attrs) = serde_json::from_str::<Attrs>(attrs) else {
        return;
    };
    let Some((graph, outputs)) = traced(&op, &specs, &attrs) else {
        return;
    };
    // How much there is to compute shows when no size is open.
    let known: Vec<Spec> = specs.iter().map(settled).collect();
    let is_small = traced(&op, &known, &attrs).is_some_and(|(_, outputs)| outputs.iter().all(small));
    if is_small {
        if let Some(values) = known.iter().map(numbers).collect::<Option<Vec<_>>>() {
            let _ = op(&values, &attrs);
        }
    }
    let _ = graph.compile(&outputs);
});

//! Weight specs, shapes and errors of layers, through the same door that Python uses.

use super::{Built, Call, names};
use crate::autograd::{Graph, Value, Variable};
use crate::dtype::DType;
use crate::error::Result;
use crate::shape::{Dim, Spec, show};
use crate::tensor::Tensor;

fn specs(shapes: &[&[Dim]]) -> Vec<Spec> {
    shapes
        .iter()
        .map(|dims| Spec::new(DType::F32, dims.iter().copied()))
        .collect()
}

/// Traces a layer with weights of ones; gives the shape of its output.
fn traced(class: &str, config: &str, shapes: &[&[Dim]]) -> Result<String> {
    let layer = Built::new(class, config)?;
    let specs = specs(shapes);
    let weights: Vec<Variable> = layer
        .weights(&specs)?
        .iter()
        .map(|w| {
            Ok(Variable::new(
                Tensor::full(&w.shape, 1.0_f32)?,
                w.name,
                w.name,
                w.trainable,
            ))
        })
        .collect::<Result<_>>()?;
    let graph = Graph::new();
    graph.enter();
    let inputs: Vec<Value> = specs.into_iter().map(|spec| graph.input(spec)).collect();
    let outputs = layer.call(&Call::default(), &inputs, &weights);
    graph.exit();
    Ok(outputs?
        .iter()
        .map(|y| show(&y.dims()))
        .collect::<Vec<_>>()
        .join(" "))
}

const B: Dim = None;

#[test]
fn weights_come_in_order_with_their_shapes() {
    for (class, config, shape, want) in [
        (
            "Dense",
            r#"{"units": 3}"#,
            &[B, Some(4)][..],
            "kernel (4, 3), bias (3,)",
        ),
        (
            "Dense",
            r#"{"units": 3, "use_bias": false}"#,
            &[B, B, Some(4)],
            "kernel (4, 3)",
        ),
        (
            "Conv2D",
            r#"{"filters": 6, "kernel_size": [3, 2], "groups": 2}"#,
            &[B, Some(9), Some(9), Some(4)],
            "kernel (3, 2, 2, 6), bias (6,)",
        ),
        (
            "Conv1D",
            r#"{"filters": 6, "kernel_size": [3], "data_format": "channels_first"}"#,
            &[B, Some(4), B],
            "kernel (3, 4, 6), bias (6,)",
        ),
        (
            "BatchNormalization",
            r#"{"axis": 1}"#,
            &[B, Some(4), Some(5)],
            "gamma (4,), beta (4,), moving_mean (4,), moving_variance (4,)",
        ),
        (
            "BatchNormalization",
            r#"{"scale": false, "center": false}"#,
            &[B, Some(4)],
            "moving_mean (4,), moving_variance (4,)",
        ),
        (
            "LayerNormalization",
            r#"{"axis": [-1, 1]}"#,
            &[B, Some(4), Some(5)],
            "gamma (4, 5), beta (4, 5)",
        ),
        (
            "PReLU",
            r#"{"shared_axes": [1]}"#,
            &[B, B, Some(5)],
            "alpha (1, 5)",
        ),
        (
            "Embedding",
            r#"{"input_dim": 7, "output_dim": 2}"#,
            &[B],
            "embeddings (7, 2)",
        ),
        ("Flatten", "{}", &[B, Some(4)], ""),
    ] {
        let weights = Built::new(class, config)
            .unwrap()
            .weights(&specs(&[shape]))
            .unwrap();
        let got: Vec<String> = weights
            .iter()
            .map(|w| format!("{} {}", w.name, crate::shape::show_shape(&w.shape)))
            .collect();
        assert_eq!(got.join(", "), want, "{class}");
    }
}

#[test]
fn output_shapes_keep_the_batch_open() {
    for (class, config, shapes, want) in [
        (
            "Dense",
            r#"{"units": 3, "activation": "relu"}"#,
            &[&[B, B, Some(4)][..]][..],
            "(None, None, 3)",
        ),
        ("Flatten", "{}", &[&[B, Some(4), Some(5)]], "(None, 20)"),
        ("Flatten", "{}", &[&[B]], "(None, 1)"),
        ("Flatten", "{}", &[&[B, B, Some(5)]], "(None, None)"),
        (
            "Reshape",
            r#"{"target_shape": [-1, 2]}"#,
            &[&[B, Some(4), Some(5)]],
            "(None, 10, 2)",
        ),
        (
            "Permute",
            r#"{"dims": [2, 1]}"#,
            &[&[B, Some(4), Some(5)]],
            "(None, 5, 4)",
        ),
        ("RepeatVector", r#"{"n": 3}"#, &[&[B, Some(4)]], "(None, 3, 4)"),
        (
            "ZeroPadding1D",
            r#"{"padding": [1, 2]}"#,
            &[&[B, Some(4), Some(5)]],
            "(None, 7, 5)",
        ),
        (
            "MaxPooling2D",
            r#"{"pool_size": [2, 2]}"#,
            &[&[B, Some(9), B, Some(3)]],
            "(None, 4, None, 3)",
        ),
        (
            "GlobalAveragePooling1D",
            r#"{"keepdims": true}"#,
            &[&[B, B, Some(3)]],
            "(None, 1, 3)",
        ),
        (
            "Conv2D",
            r#"{"filters": 6, "kernel_size": [3, 3], "padding": "same", "strides": [2, 2]}"#,
            &[&[B, Some(9), Some(8), Some(3)]],
            "(None, 5, 4, 6)",
        ),
        (
            "Add",
            "{}",
            &[&[B, Some(4), Some(5)], &[B, Some(5)]],
            "(None, 4, 5)",
        ),
        (
            "Concatenate",
            r#"{"axis": 1}"#,
            &[&[B, Some(4)], &[B, Some(5)]],
            "(None, 9)",
        ),
        (
            "Dot",
            r#"{"axes": [2, 1]}"#,
            &[&[B, Some(4), Some(5)], &[B, Some(5), Some(6)]],
            "(None, 4, 6)",
        ),
        (
            "Dot",
            r#"{"axes": 1}"#,
            &[&[B, Some(4)], &[B, Some(4)]],
            "(None, 1)",
        ),
        (
            "Dot",
            r#"{"axes": 1}"#,
            &[&[B, Some(4), Some(2), Some(3)], &[B, Some(4), Some(5)]],
            "(None, 2, 3, 5)",
        ),
    ] {
        assert_eq!(traced(class, config, shapes).unwrap(), want, "{class} {config}");
    }
}

#[test]
fn errors_name_the_layer_and_the_numbers() {
    for (class, config, shapes, parts) in [
        (
            "Dense",
            r#"{"name": "top", "units": 3}"#,
            &[&[B][..]][..],
            &["Dense layer 'top'", "at least 2 axes", "(None,)"][..],
        ),
        (
            "Dense",
            r#"{"units": 3}"#,
            &[&[B, B]],
            &["known size along axis 1", "(None, None)"],
        ),
        (
            "Dense",
            r#"{"units": 0}"#,
            &[&[B, Some(4)]],
            &["`units` to be a positive whole number", "units=0"],
        ),
        (
            "Dense",
            r#"{"units": 3}"#,
            &[&[B, Some(4)], &[B, Some(4)]],
            &["one tensor", "a list of 2"],
        ),
        (
            "Dense",
            r#"{"units": 9223372036854775807}"#,
            &[&[B, Some(4)]],
            &["kernel", "bytes fit in memory"],
        ),
        (
            "Activation",
            r#"{"activation": "rellu"}"#,
            &[&[B, Some(4)]],
            &["an activation", "relu6", "'rellu'"],
        ),
        (
            "Conv2D",
            r#"{"filters": 2, "kernel_size": [3, 3]}"#,
            &[&[B, Some(8), Some(8)]],
            &["4 axes", "(None, 8, 8)"],
        ),
        (
            "Conv2D",
            r#"{"filters": 4, "kernel_size": [3, 3], "groups": 2}"#,
            &[&[B, Some(8), Some(8), Some(3)]],
            &["groups=2", "3 channels"],
        ),
        (
            "Conv1D",
            r#"{"filters": 4, "kernel_size": [9]}"#,
            &[&[B, Some(8), Some(3)]],
            &["kernel", "9", "size 8", "padding=\"same\""],
        ),
        (
            "MaxPooling1D",
            r#"{"pool_size": [9]}"#,
            &[&[B, Some(8), Some(3)]],
            &["pool", "9", "size 8"],
        ),
        (
            "MaxPooling2D",
            r#"{"pool_size": [0, 2]}"#,
            &[&[B, Some(8), Some(8), Some(3)]],
            &["1 or more", "[0, 2]"],
        ),
        (
            "BatchNormalization",
            r#"{"axis": 2}"#,
            &[&[B, Some(4)]],
            &["axis", "[-2, 2)", "2"],
        ),
        (
            "LayerNormalization",
            r#"{"axis": [1, -1]}"#,
            &[&[B, Some(4)]],
            &["each once", "[1, -1]"],
        ),
        (
            "PReLU",
            r#"{"shared_axes": [0]}"#,
            &[&[B, Some(4)]],
            &["0 is the batch"],
        ),
        (
            "Permute",
            r#"{"dims": [2, 1]}"#,
            &[&[B, Some(4)]],
            &["3 axes", "[2, 1]", "(None, 4)"],
        ),
        (
            "Reshape",
            r#"{"target_shape": [3, 5]}"#,
            &[&[B, Some(16)]],
            &["(None, 16)", "3, 5"],
        ),
        (
            "RepeatVector",
            r#"{"n": 2}"#,
            &[&[B, Some(4), Some(4)]],
            &["2 axes", "(None, 4, 4)"],
        ),
        (
            "Add",
            "{}",
            &[&[B, Some(3)], &[B, Some(4)]],
            &["(None, 3)", "(None, 4)"],
        ),
        (
            "Add",
            "{}",
            &[&[Some(2), Some(3)], &[Some(4), Some(3)]],
            &["batch size", "2 and 4"],
        ),
        ("Subtract", "{}", &[&[B, Some(3)]], &["exactly 2", "got 1"]),
        (
            "Concatenate",
            "{}",
            &[&[B, Some(3)], &[B, Some(3), Some(3)]],
            &["agree but for axis 1", "(None, 3, 3)"],
        ),
        (
            "Dot",
            r#"{"axes": 1}"#,
            &[&[B, Some(3)], &[B, Some(4)]],
            &["same size along axis 1", "(None, 4)"],
        ),
        (
            "Dot",
            r#"{"axes": 0}"#,
            &[&[B, Some(3)], &[B, Some(3)]],
            &["other than 0"],
        ),
    ] {
        let e = traced(class, config, shapes).unwrap_err().to_string();
        assert!(e.starts_with(class), "{e}");
        for part in parts {
            assert!(e.contains(part), "{class}: {e}");
        }
    }
    let e = Built::new("Dence", "{}").unwrap_err().to_string();
    assert!(e.contains("'Dence'") && e.contains("Dense"), "{e}");
}

#[test]
fn every_layer_refuses_a_config_that_is_no_object() {
    for class in names() {
        assert!(
            Built::new(class, "[]")
                .unwrap_err()
                .to_string()
                .contains("JSON object"),
            "{class}"
        );
        assert!(Built::new(class, "{").is_err(), "{class}");
    }
}

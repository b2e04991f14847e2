//! y = x scale + offset

use serde::Deserialize;
use serde_json::Value as Json;

use crate::autograd::{Value, Variable};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layers::layer::{Call, Layer, one, single};
use crate::ops;
use crate::tensor::Tensor;

#[derive(Debug, Deserialize)]
pub struct Rescaling {
    scale: Json,
    #[serde(default)]
    offset: Json,
    #[serde(default)]
    dtype: Json,
}

/// A number, or nested lists of numbers of equal lengths, as a tensor.
fn numbers(json: &Json, dtype: DType) -> Result<Value> {
    fn walk(json: &Json, depth: usize, shape: &mut Vec<usize>, out: &mut Vec<f64>) -> Option<()> {
        if let Some(number) = json.as_f64() {
            out.push(number);
            return (depth == shape.len()).then_some(());
        }
        let list = json.as_array()?;
        if depth == shape.len() {
            if !out.is_empty() {
                return None;
            }
            shape.push(list.len());
        }
        if shape[depth] != list.len() {
            return None;
        }
        list.iter()
            .try_for_each(|entry| walk(entry, depth + 1, shape, out))
    }
    let (mut shape, mut values) = (Vec::new(), Vec::new());
    walk(json, 0, &mut shape, &mut values).ok_or_else(|| {
        Error::value("config")
            .expected("a number, or lists of numbers of equal lengths")
            .got(json.to_string())
            .hint("Pass a number")
    })?;
    ops::cast(&Tensor::from_slice(&shape, &values)?.into(), dtype)
}

impl Rescaling {
    /// The dtype of the result: the input's if it is one of floats, else that of the layer.
    fn float_of(&self, x: &Value) -> DType {
        if x.dtype().is_float() {
            return x.dtype();
        }
        let name = self
            .dtype
            .as_str()
            .or_else(|| self.dtype.pointer("/config/name")?.as_str());
        if name == Some("float64") {
            DType::F64
        } else {
            DType::F32
        }
    }
}

impl Layer for Rescaling {
    fn call(&self, _: &Call, inputs: &[Value], _: &[Variable]) -> Result<Vec<Value>> {
        let x = single(inputs)?;
        let dtype = self.float_of(x);
        let x = if x.dtype() == dtype {
            x.clone()
        } else {
            ops::cast(x, dtype)?
        };
        let scaled = ops::multiply(&x, &numbers(&self.scale, dtype)?)?;
        match &self.offset {
            Json::Null => one(scaled),
            offset if offset.as_f64() == Some(0.0) => one(scaled),
            offset => one(ops::add(&scaled, &numbers(offset, dtype)?)?),
        }
    }
}

//! Attributes of ops: Python values to JSON values.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value as Json};

use crate::ops::Attrs;

pub fn attrs_from(dict: Option<&Bound<'_, PyDict>>) -> PyResult<Attrs> {
    dict.map_or_else(|| Ok(Map::new()), object)
}

fn object(dict: &Bound<'_, PyDict>) -> PyResult<Map<String, Json>> {
    dict.iter()
        .map(|(k, v)| Ok((k.extract::<String>()?, json(&v)?)))
        .collect()
}

fn json(x: &Bound<'_, PyAny>) -> PyResult<Json> {
    if x.is_none() {
        return Ok(Json::Null);
    }
    if let Ok(b) = x.cast::<PyBool>() {
        return Ok(Json::Bool(b.is_true()));
    }
    if x.is_instance_of::<PyInt>() {
        return Ok(Json::Number(x.extract::<i64>()?.into()));
    }
    if x.is_instance_of::<PyFloat>() {
        return float(x);
    }
    if let Ok(s) = x.cast::<PyString>() {
        return Ok(Json::String(s.to_cow()?.into_owned()));
    }
    if let Ok(d) = x.cast::<PyDict>() {
        return Ok(Json::Object(object(d)?));
    }
    if x.is_instance_of::<PyList>() || x.is_instance_of::<PyTuple>() {
        return Ok(Json::Array(
            x.try_iter()?.map(|i| json(&i?)).collect::<PyResult<_>>()?,
        ));
    }
    // NumPy's scalars answer to one of these.
    if let Ok(i) = x.call_method0("__index__") {
        return Ok(Json::Number(i.extract::<i64>()?.into()));
    }
    if let Ok(f) = x.call_method0("__float__") {
        return float(&f);
    }
    Err(PyTypeError::new_err(format!(
        "attributes: expected None, bool, int, float, str, list, tuple or dict; got {}",
        x.get_type().name()?
    )))
}

/// JSON has no infinities: ops that mean them read these strings.
fn float(x: &Bound<'_, PyAny>) -> PyResult<Json> {
    let f = x.extract::<f64>()?;
    Ok(match Number::from_f64(f) {
        Some(n) => Json::Number(n),
        None if f.is_nan() => Json::String("nan".into()),
        None if f > 0.0 => Json::String("inf".into()),
        None => Json::String("-inf".into()),
    })
}

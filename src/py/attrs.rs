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

/// The other way round.
pub fn attrs_to<'py>(py: Python<'py>, attrs: &Attrs) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in attrs {
        dict.set_item(name, python(py, value)?)?;
    }
    Ok(dict)
}

fn python<'py>(py: Python<'py>, json: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match json {
        Json::Null => py.None().into_bound(py),
        Json::Bool(b) => PyBool::new(py, *b).to_owned().into_any(),
        Json::Number(n) => match n.as_i64() {
            Some(i) => i.into_pyobject(py)?.into_any(),
            None => n.as_f64().into_pyobject(py)?.into_any(),
        },
        Json::String(s) if matches!(s.as_str(), "inf" | "-inf" | "nan") => {
            s.parse::<f64>().ok().into_pyobject(py)?.into_any()
        }
        Json::String(s) => PyString::new(py, s).into_any(),
        Json::Array(items) => PyList::new(
            py,
            items
                .iter()
                .map(|item| python(py, item))
                .collect::<PyResult<Vec<_>>>()?,
        )?
        .into_any(),
        Json::Object(fields) => attrs_to(py, fields)?.into_any(),
    })
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

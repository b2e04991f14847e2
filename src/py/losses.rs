//! Losses by name, and the names of metrics.

use pyo3::prelude::*;

use super::convert::value_from;
use super::errors::guard;
use super::tensor::PyTensor;
use crate::{losses, metrics};

/// The values of a loss, without reduction over the samples. `config`: its arguments as a JSON object.
#[pyfunction]
fn loss(
    name: &str,
    config: &str,
    y_true: &Bound<'_, PyAny>,
    y_pred: &Bound<'_, PyAny>,
) -> PyResult<PyTensor> {
    let (y_true, y_pred) = (value_from(y_true, None)?, value_from(y_pred, None)?);
    Ok(guard(|| losses::loss(name, config, &y_true, &y_pred))?.into())
}

#[pyfunction]
fn loss_names() -> Vec<&'static str> {
    losses::names()
}

#[pyfunction]
fn metric_names() -> Vec<&'static str> {
    metrics::names()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(loss, m)?)?;
    m.add_function(wrap_pyfunction!(loss_names, m)?)?;
    m.add_function(wrap_pyfunction!(metric_names, m)?)
}

//! `Scope`: variables that stand for other values.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::convert::value_from;
use super::errors::guard;
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::autograd::{Value, Variable, scope};

/// Inside `with Scope(variables, values):` each variable stands for a value; assignments stay inside.
#[pyclass(name = "Scope", module = "oxhorn._core")]
#[derive(Debug)]
pub struct PyScope {
    values: Vec<(Variable, Value)>,
    after: HashMap<u64, Value>,
}

#[pymethods]
impl PyScope {
    #[new]
    fn new(variables: Vec<PyRef<'_, PyVariable>>, values: Vec<Bound<'_, PyAny>>) -> PyResult<Self> {
        let values = variables
            .iter()
            .zip(&values)
            .map(|(variable, value)| {
                let variable = variable.variable.clone();
                let value = value_from(value, Some(variable.dtype()))?;
                let value = guard(|| fitting(&variable, value))?;
                Ok((variable, value))
            })
            .collect::<PyResult<_>>()?;
        Ok(Self {
            values,
            after: HashMap::new(),
        })
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        scope::enter(slf.borrow().values.iter().cloned());
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&mut self, _exception: &Bound<'_, PyTuple>) -> bool {
        self.after = scope::leave();
        false
    }

    /// What a variable stands for in the scope, or stood for at its end; None if the scope does not know it.
    fn value(&self, variable: &PyVariable) -> Option<PyTensor> {
        let id = variable.variable.id();
        self.after
            .get(&id)
            .cloned()
            .or_else(|| scope::read(id))
            .map(PyTensor::from)
    }
}

/// The value, cast to the dtype of the variable, if it has its shape.
fn fitting(variable: &Variable, value: Value) -> crate::error::Result<Value> {
    variable.check_shape(&value)?;
    if value.dtype() == variable.dtype() {
        return Ok(value);
    }
    crate::ops::cast(&value, variable.dtype())
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyScope>()
}

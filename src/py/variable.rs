//! `Variable`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::convert::{dtype_from, tensor_from, to_numpy, value_from};
use super::errors::guard;
use super::tensor::{PyTensor, operators};
use crate::autograd::{Variable, scope};
use crate::ops;

/// A tensor that can be assigned: weights, moving statistics, counters, random state.
#[pyclass(name = "Variable", module = "oxhorn._core", weakref, subclass)]
#[derive(Debug)]
pub struct PyVariable {
    pub variable: Variable,
}

operators!(PyVariable, own => own.variable.value());

#[pymethods]
impl PyVariable {
    #[new]
    #[pyo3(signature = (value, *, dtype=None, trainable=true, name="variable", path=None))]
    fn new(
        value: &Bound<'_, PyAny>,
        dtype: Option<&str>,
        trainable: bool,
        name: &str,
        path: Option<&str>,
    ) -> PyResult<Self> {
        let dtype = dtype_from(dtype)?;
        let tensor = match dtype {
            Some(_) => tensor_from(value, dtype)?,
            None => value_from(value, None)?.tensor()?.clone(),
        };
        Ok(Self {
            variable: Variable::new(tensor, name, path.unwrap_or(name), trainable),
        })
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.variable.shape())
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.variable.dtype().name()
    }

    #[getter]
    fn ndim(&self) -> usize {
        self.variable.shape().len()
    }

    #[getter]
    fn size(&self) -> usize {
        self.variable.shape().iter().product()
    }

    #[getter]
    fn trainable(&self) -> bool {
        self.variable.trainable()
    }

    #[setter]
    fn set_trainable(&self, on: bool) {
        self.variable.set_trainable(on);
    }

    #[getter]
    fn name(&self) -> String {
        self.variable.name()
    }

    #[setter]
    fn set_name(&self, name: &str) {
        self.variable.set_name(name);
    }

    #[getter]
    fn path(&self) -> String {
        self.variable.path()
    }

    #[setter]
    fn set_path(&self, path: &str) {
        self.variable.set_path(path);
    }

    /// The present value; inside a traced call, a symbolic one.
    #[getter]
    fn value(&self) -> PyTensor {
        self.variable.value().into()
    }

    /// The present numbers, as a new NumPy array.
    fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(to_numpy(py, &self.value_now().value.tensor()?.view()))
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = copy;
        let array = self.numpy(py)?;
        match dtype {
            Some(d) => array.call_method1("astype", (d,)),
            None => Ok(array),
        }
    }

    /// Takes a new value of the same shape.
    fn assign(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
        let variable = slf.borrow().variable.clone();
        let value = value_from(value, Some(variable.dtype()))?;
        guard(|| variable.assign(&value))?;
        Ok(variable.value().into())
    }

    fn assign_add(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
        Self::assign_with(slf, value, "add")
    }

    fn assign_sub(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
        Self::assign_with(slf, value, "subtract")
    }

    fn __len__(&self) -> PyResult<usize> {
        self.variable
            .shape()
            .first()
            .copied()
            .ok_or_else(|| pyo3::exceptions::PyTypeError::new_err("len() of a variable without axes"))
    }

    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        self.refuse_traced(py, "float() of a variable")?;
        self.value_now().call_item()
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.refuse_traced(py, "int() of a variable")?;
        self.numpy(py)?.call_method0("item")?.call_method0("__int__")
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        self.refuse_traced(py, "the truth of a variable (if, while, and, or, not)")?;
        Ok(self.value_now().call_item()? != 0.0)
    }

    fn __hash__(&self) -> isize {
        self.variable.id() as isize
    }
}

impl PyVariable {
    fn assign_with(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>, op: &str) -> PyResult<PyTensor> {
        let variable = slf.borrow().variable.clone();
        let value = value_from(value, Some(variable.dtype()))?;
        let sum = super::tensor::call(op, &[variable.value(), value], &ops::Attrs::new())?;
        guard(|| variable.assign(&sum[0]))?;
        Ok(variable.value().into())
    }

    /// In a traced call, the present number of a variable would be frozen into what is traced.
    fn refuse_traced(&self, py: Python<'_>, what: &str) -> PyResult<()> {
        if crate::autograd::tracing().is_none() {
            return Ok(());
        }
        let hint =
            "Use functions of `ops` (ops.cond, ops.where, ...), which see the variable's value at every step";
        Err(super::tensor::symbolic(py, &self.variable.value(), what, hint))
    }

    fn value_now(&self) -> PyTensor {
        scope::read(self.variable.id())
            .unwrap_or_else(|| crate::autograd::Value::from(self.variable.tensor()))
            .into()
    }
}

impl PyTensor {
    fn call_item(&self) -> PyResult<f64> {
        let tensor = self.value.tensor()?;
        if tensor.len() == 1 {
            Ok(tensor.view().item())
        } else {
            Err(pyo3::exceptions::PyTypeError::new_err(format!(
                "Variable: expected one element to turn into a Python number; got shape {}",
                crate::shape::show_shape(tensor.shape())
            )))
        }
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyVariable>()
}

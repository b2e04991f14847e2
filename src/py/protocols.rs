//! What makes tensors and variables good citizens among NumPy arrays: priority in mixed expressions, DLPack, formats,
//! rounding, and the few methods that arrays everywhere have.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::convert::to_numpy;
use super::tensor::{PyTensor, call};
use super::variable::PyVariable;
use crate::autograd::Value;
use crate::ops::Attrs;

fn attrs(name: &str, value: serde_json::Value) -> Attrs {
    [(name.to_string(), value)].into_iter().collect()
}

fn one(name: &str, own: Value, attrs: &Attrs) -> PyResult<PyTensor> {
    Ok(call(name, &[own], attrs)?.remove(0).into())
}

fn array<'py>(py: Python<'py>, own: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(to_numpy(py, &own.tensor()?.view()))
}

/// `reshape(2, 3)` and `reshape((2, 3))`.
fn reshape(own: Value, shape: &Bound<'_, PyTuple>) -> PyResult<PyTensor> {
    let sizes: Vec<i64> = match shape.extract::<(Vec<i64>,)>() {
        Ok((sizes,)) => sizes,
        Err(_) => shape.extract()?,
    };
    one("reshape", own, &attrs("newshape", sizes.into()))
}

/// `format(x, ".3f")`: of one number; without a format any tensor shows itself.
fn format<'py>(shown: &Bound<'py, PyAny>, own: &Value, spec: &str) -> PyResult<Bound<'py, PyAny>> {
    let py = shown.py();
    if spec.is_empty() {
        return Ok(shown.str()?.into_any());
    }
    if own.spec().len() != Some(1) {
        return Err(PyTypeError::new_err(format!(
            "format '{spec}': expected a tensor of one element; got {}. Format x.numpy() or its elements",
            own.spec().describe()
        )));
    }
    let number = array(py, own)?.call_method0("item")?;
    number.call_method1("__format__", (spec,))
}

/// Rounds half to even, to `digits` decimals.
fn round(own: Value, digits: Option<i64>) -> PyResult<PyTensor> {
    one("round", own, &attrs("decimals", digits.unwrap_or(0).into()))
}

/// The NumPy copy's DLPack capsule.
fn dlpack<'py>(
    py: Python<'py>,
    own: &Value,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    array(py, own)?.call_method("__dlpack__", (), options)
}

macro_rules! protocols {
    ($class:ty, $own:ident => $value:expr) => {
        #[pymethods]
        impl $class {
            /// `array + tensor` asks the tensor, so that nothing falls off a tape or out of a trace.
            #[classattr]
            fn __array_priority__() -> f64 {
                100.0
            }

            /// The tensor with its axes in reverse order.
            #[getter]
            #[allow(non_snake_case)] // NumPy's name
            fn T(&self) -> PyResult<PyTensor> {
                let $own = self;
                one("transpose", $value, &Attrs::new())
            }

            /// The tensor with elements of another dtype.
            fn astype(&self, dtype: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
                let $own = self;
                let name: String = dtype
                    .getattr("__name__")
                    .unwrap_or_else(|_| dtype.clone())
                    .str()?
                    .extract()?;
                one("cast", $value, &attrs("dtype", name.into()))
            }

            /// The same elements in another shape; one size may be -1.
            #[pyo3(signature = (*shape))]
            fn reshape(&self, shape: &Bound<'_, PyTuple>) -> PyResult<PyTensor> {
                let $own = self;
                reshape($value, shape)
            }

            /// The numbers as nested lists.
            fn tolist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                let $own = self;
                array(py, &$value)?.call_method0("tolist")
            }

            fn __pos__(&self) -> PyResult<PyTensor> {
                let $own = self;
                one("identity", $value, &Attrs::new())
            }

            #[pyo3(signature = (digits=None))]
            fn __round__(&self, digits: Option<i64>) -> PyResult<PyTensor> {
                let $own = self;
                round($value, digits)
            }

            fn __format__<'py>(slf: &Bound<'py, Self>, spec: &str) -> PyResult<Bound<'py, PyAny>> {
                let value = {
                    let $own = slf.borrow();
                    $value
                };
                format(slf.as_any(), &value, spec)
            }

            /// Whether some element equals `x`.
            fn __contains__(&self, py: Python<'_>, x: &Bound<'_, PyAny>) -> PyResult<bool> {
                let $own = self;
                array(py, &$value)?.contains(x)
            }

            #[pyo3(signature = (**options))]
            fn __dlpack__<'py>(
                &self,
                py: Python<'py>,
                options: Option<&Bound<'py, PyDict>>,
            ) -> PyResult<Bound<'py, PyAny>> {
                let $own = self;
                dlpack(py, &$value, options)
            }

            /// The main memory: kind 1, number 0.
            fn __dlpack_device__(&self) -> (u8, u8) {
                (1, 0)
            }
        }
    };
}

protocols!(PyTensor, own => own.value.clone());
protocols!(PyVariable, own => own.variable.value());

#[pymethods]
impl PyTensor {
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let make = py.import("oxhorn._core")?.getattr("tensor")?;
        Ok((make, PyTuple::new(py, [array(py, &self.value)?])?))
    }
}

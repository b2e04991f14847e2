//! `Tensor`, `tensor()`, and `apply()`: any op by name.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::attrs::attrs_from;
use super::convert::{dims_to_tuple, dtype_from, tensor_from, to_numpy, value_from};
use super::errors::guard;
use super::index::get_item;
use super::variable::PyVariable;
use crate::autograd::{LEFT_OVER, LEFT_OVER_HINT, Value};
use crate::dtype::DType;
use crate::error::Error;
use crate::ops::{self, Attrs};
use crate::tensor::Tensor;

/// An n-dimensional array that ops work on: with data (eager), or symbolic inside a traced call.
#[pyclass(name = "Tensor", module = "oxhorn._core", weakref, subclass)]
#[derive(Debug)]
pub struct PyTensor {
    pub value: Value,
    mask: Option<Py<PyAny>>,
}

impl From<Value> for PyTensor {
    fn from(value: Value) -> Self {
        Self { value, mask: None }
    }
}

/// Calls an op of the set by name, on values.
pub fn call(name: &str, inputs: &[Value], attrs: &Attrs) -> PyResult<Vec<Value>> {
    let op = ops::lookup(name).ok_or_else(|| {
        Error::value("apply")
            .expected("the name of an op (see op_names())")
            .got(format!("'{name}'"))
    })?;
    Ok(guard(|| op(inputs, attrs))?)
}

fn call_one(name: &str, inputs: &[Value], attrs: &Attrs) -> PyResult<PyTensor> {
    let mut out = call(name, inputs, attrs)?;
    out.pop()
        .map(PyTensor::from)
        .ok_or_else(|| PyTypeError::new_err(format!("{name}: no result")))
}

/// `left op right`, for operators: numbers take the tensor's dtype; foreign objects get their turn.
pub fn binary<'py>(
    py: Python<'py>,
    name: &str,
    own: &Value,
    other: &Bound<'py, PyAny>,
    swapped: bool,
) -> PyResult<Py<PyAny>> {
    if is_foreign(other)? {
        return Ok(py.NotImplemented());
    }
    let other = value_from(other, Some(own.dtype()))?;
    let pair = if swapped {
        [other, own.clone()]
    } else {
        [own.clone(), other]
    };
    Ok(Py::new(py, call_one(name, &pair, &Attrs::new())?)?.into_any())
}

/// Symbolic Keras tensors and the like, which must see the operator themselves; strings and None, which are no operands.
fn is_foreign(x: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(x.is_none() || x.is_instance_of::<pyo3::types::PyString>() || x.hasattr("_keras_history")?)
}

pub fn unary(py: Python<'_>, name: &str, own: &Value) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, call_one(name, std::slice::from_ref(own), &Attrs::new())?)?.into_any())
}

pub fn compare(py: Python<'_>, own: &Value, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
    let name = match op {
        CompareOp::Lt => "less",
        CompareOp::Le => "less_equal",
        CompareOp::Eq => "equal",
        CompareOp::Ne => "not_equal",
        CompareOp::Gt => "greater",
        CompareOp::Ge => "greater_equal",
    };
    binary(py, name, own, other, false)
}

macro_rules! operators {
    ($class:ty, $own:ident => $value:expr) => {
        #[pymethods]
        impl $class {
            fn __add__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "add", &$value, other, false)
            }
            fn __radd__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "add", &$value, other, true)
            }
            fn __sub__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "subtract", &$value, other, false)
            }
            fn __rsub__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "subtract", &$value, other, true)
            }
            fn __mul__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "multiply", &$value, other, false)
            }
            fn __rmul__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "multiply", &$value, other, true)
            }
            fn __truediv__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "divide", &$value, other, false)
            }
            fn __rtruediv__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "divide", &$value, other, true)
            }
            fn __floordiv__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "floor_divide", &$value, other, false)
            }
            fn __rfloordiv__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "floor_divide", &$value, other, true)
            }
            fn __mod__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "mod", &$value, other, false)
            }
            fn __rmod__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "mod", &$value, other, true)
            }
            fn __matmul__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "matmul", &$value, other, false)
            }
            fn __rmatmul__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "matmul", &$value, other, true)
            }
            fn __pow__<'py>(
                &self,
                py: Python<'py>,
                other: &Bound<'py, PyAny>,
                modulo: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<Py<PyAny>> {
                if modulo.is_some() {
                    return Err(pyo3::exceptions::PyTypeError::new_err(
                        "pow: no third argument for tensors",
                    ));
                }
                let $own = self;
                $crate::py::tensor::binary(py, "power", &$value, other, false)
            }
            fn __rpow__<'py>(
                &self,
                py: Python<'py>,
                other: &Bound<'py, PyAny>,
                modulo: Option<&Bound<'py, PyAny>>,
            ) -> PyResult<Py<PyAny>> {
                if modulo.is_some() {
                    return Err(pyo3::exceptions::PyTypeError::new_err(
                        "pow: no third argument for tensors",
                    ));
                }
                let $own = self;
                $crate::py::tensor::binary(py, "power", &$value, other, true)
            }
            fn __neg__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::unary(py, "negative", &$value)
            }
            fn __abs__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::unary(py, "absolute", &$value)
            }
            fn __invert__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::unary(py, "logical_not", &$value)
            }
            fn __and__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "logical_and", &$value, other, false)
            }
            fn __or__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::binary(py, "logical_or", &$value, other, false)
            }
            fn __richcmp__<'py>(
                &self,
                py: Python<'py>,
                other: &Bound<'py, PyAny>,
                op: pyo3::pyclass::CompareOp,
            ) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::tensor::compare(py, &$value, other, op)
            }
            fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
                let $own = self;
                $crate::py::index::get_item(py, &$value, index)
            }
            #[allow(clippy::unused_self)] // always the same answer
            fn __setitem__(&self, _index: &Bound<'_, PyAny>, _value: &Bound<'_, PyAny>) -> PyResult<()> {
                Err($crate::py::tensor::not_in_place())
            }
        }
    };
}
pub(super) use operators;

operators!(PyTensor, own => own.value.clone());

const KEEP: &str = "Keep it a tensor and use functions of `ops` on it";

/// The error for Python code that asks a value without numbers for some: what, where, and both ways out.
pub fn symbolic(py: Python<'_>, value: &Value, what: &str, hint: &str) -> PyErr {
    if value.is_left_over() {
        return Error::type_error(what)
            .expected("a value with numbers")
            .got(format!(
                "a symbolic value, {}, {LEFT_OVER}",
                value.spec().describe()
            ))
            .hint(LEFT_OVER_HINT)
            .into();
    }
    Error::type_error(what)
        .expected("a value with numbers")
        .got(format!(
            "a symbolic value, {}, inside a traced call{}: Python runs once there, to record the ops, and the numbers exist \
             only when they run",
            value.spec().describe(),
            super::control::place(py)
        ))
        .hint(format!(
            "{hint}; or compile the model with run_eagerly=True, so that Python runs at every step"
        ))
        .into()
}

/// The error for `tensor[index] = value`.
pub fn not_in_place() -> PyErr {
    Error::type_error("tensor[index] = value")
        .expected("no assignment to elements: tensors are never changed in place")
        .got("one")
        .hint(
            "Make a new tensor with ops.slice_update(x, start, updates), ops.scatter_update(x, indices, updates) or \
             ops.where(condition, a, b); a Variable takes a whole new value by assign()",
        )
        .into()
}

/// The numbers of a value, asked for by Python code.
fn numbers<'a>(py: Python<'_>, value: &'a Value, what: &str, hint: &str) -> PyResult<&'a Tensor> {
    value.tensor().map_err(|_| symbolic(py, value, what, hint))
}

#[pymethods]
impl PyTensor {
    /// Sizes of the axes; None where a traced value leaves one open.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        dims_to_tuple(py, &self.value.dims())
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.value.dtype().name()
    }

    #[getter]
    fn ndim(&self) -> usize {
        self.value.rank()
    }

    /// Number of elements.
    #[getter]
    fn size(&self) -> Option<usize> {
        self.value.spec().len()
    }

    #[getter]
    fn is_traced(&self) -> bool {
        self.value.is_traced()
    }

    #[getter(_keras_mask)]
    fn mask(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.mask.as_ref().map(|m| m.clone_ref(py))
    }

    #[setter(_keras_mask)]
    fn set_mask(&mut self, mask: Option<Py<PyAny>>) {
        self.mask = mask;
    }

    /// The numbers, as a new NumPy array.
    fn numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let tensor = numbers(py, &self.value, "numpy() of a tensor", KEEP)?;
        Ok(to_numpy(py, &tensor.view()))
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            return Err(PyValueError::new_err(
                "Tensor: expected copy=None or True; got copy=False. The numbers are always copied out",
            ));
        }
        let what = "a NumPy function of a tensor";
        let tensor = numbers(
            py,
            &self.value,
            what,
            "Use the function of `ops` in place of NumPy's",
        )?;
        let array = to_numpy(py, &tensor.view());
        match dtype {
            Some(d) => array.call_method1("astype", (d,)),
            None => Ok(array),
        }
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        match self.value.dims().first() {
            None => Err(PyTypeError::new_err("len() of a tensor without axes")),
            Some(Some(n)) => Ok(*n),
            Some(None) => Err(symbolic(
                py,
                &self.value,
                "len() of a tensor",
                "Use ops.shape(x)[0], which stands in shapes and in ops, or ops.map and ops.scan to go along the axis",
            )),
        }
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if slf.borrow().value.dims().first() == Some(&None) {
            let hint = "Use ops.map, ops.vectorized_map or ops.scan in place of `for row in tensor`, or ops on the whole tensor";
            return Err(symbolic(py, &slf.borrow().value, "a loop over a tensor", hint));
        }
        let n = slf.borrow().__len__(py)?;
        let items: Vec<Py<PyAny>> = (0..n)
            .map(|i| get_item(slf.py(), &slf.borrow().value, i.into_pyobject(slf.py())?.as_any()))
            .collect::<PyResult<_>>()?;
        PyList::new(slf.py(), items)?.as_any().call_method0("__iter__")
    }

    fn item(&self, py: Python<'_>) -> PyResult<f64> {
        let tensor = numbers(py, &self.value, "item() of a tensor", KEEP)?;
        if tensor.len() != 1 {
            return Err(PyTypeError::new_err(format!(
                "Tensor: expected one element to turn into a Python number; got shape {}",
                crate::shape::show_shape(tensor.shape())
            )));
        }
        Ok(tensor.view().item())
    }

    fn __float__(&self, py: Python<'_>) -> PyResult<f64> {
        numbers(py, &self.value, "float() of a tensor", KEEP)?;
        self.item(py)
    }

    fn __int__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let hint = "Keep it a tensor and use ops (ops.cast, ops.take, ...), or ops.fori_loop in place of range(tensor)";
        numbers(py, &self.value, "int() of a tensor", hint)?;
        self.item(py)?;
        self.numpy(py)?.call_method0("item")?.call_method0("__int__")
    }

    fn __index__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.value.dtype().is_float() || self.value.dtype() == DType::Bool || self.value.rank() != 0 {
            return Err(PyTypeError::new_err(
                "Tensor: only integer scalars can be used as an index",
            ));
        }
        self.__int__(py)
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        let what = "the truth of a tensor (if, while, and, or, not)";
        let hint = "Use ops.cond or ops.where in place of `if`, ops.while_loop or ops.fori_loop in place of `while`, \
                    ops.logical_and and the like in place of `and`";
        numbers(py, &self.value, what, hint)?;
        Ok(self.item(py)? != 0.0)
    }

    fn __hash__(slf: &Bound<'_, Self>) -> isize {
        slf.as_ptr() as isize >> 4
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(match self.value.tensor() {
            Ok(_) => {
                let text = py.import("numpy")?.call_method1(
                    "array2string",
                    (self.numpy(py)?, py.None(), py.None(), py.None(), ", "),
                )?;
                format!(
                    "<Tensor shape={}, dtype={}, numpy={}>",
                    self.shape(py)?.str()?,
                    self.dtype(),
                    text
                )
            }
            Err(_) => format!(
                "<Tensor (symbolic) shape={}, dtype={}>",
                self.shape(py)?.str()?,
                self.dtype()
            ),
        })
    }
}

/// A tensor with a copy of the numbers of an array, a list or a number.
#[pyfunction]
#[pyo3(signature = (x, dtype=None))]
fn tensor(x: &Bound<'_, PyAny>, dtype: Option<&str>) -> PyResult<PyTensor> {
    let dtype = dtype_from(dtype)?;
    if let Ok(t) = x.cast::<PyTensor>() {
        let value = t.borrow().value.clone();
        return Ok(match dtype {
            Some(d) => guard(|| ops::cast(&value, d))?.into(),
            None => value.into(),
        });
    }
    if x.cast::<PyVariable>().is_ok() || dtype.is_none() {
        let value = value_from(x, None)?;
        return Ok(match dtype {
            Some(d) => guard(|| ops::cast(&value, d))?.into(),
            None => value.into(),
        });
    }
    Ok(Value::from(tensor_from(x, dtype)?).into())
}

/// Applies the op called `op`. Python numbers among the inputs take the dtype of the first tensor.
#[pyfunction]
#[pyo3(signature = (op, inputs, attrs=None))]
fn apply<'py>(
    py: Python<'py>,
    op: &str,
    inputs: &Bound<'py, PyAny>,
    attrs: Option<&Bound<'py, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let given: Vec<Bound<'py, PyAny>> = inputs.try_iter()?.collect::<PyResult<_>>()?;
    let like = given.iter().find_map(|x| {
        if let Ok(t) = x.cast::<PyTensor>() {
            return Some(t.borrow().value.dtype());
        }
        x.cast::<PyVariable>().ok().map(|v| v.borrow().variable.dtype())
    });
    let values: Vec<Value> = given
        .iter()
        .map(|x| value_from(x, like))
        .collect::<PyResult<_>>()?;
    let attrs = attrs_from(attrs)?;
    let mut out = call(op, &values, &attrs)?;
    if out.len() == 1 {
        return Ok(Py::new(py, PyTensor::from(out.remove(0)))?.into_any());
    }
    let list: Vec<PyTensor> = out.into_iter().map(PyTensor::from).collect();
    Ok(PyList::new(
        py,
        list.into_iter()
            .map(|t| Py::new(py, t))
            .collect::<PyResult<Vec<_>>>()?,
    )?
    .unbind()
    .into_any())
}

#[pyfunction]
fn op_names() -> Vec<&'static str> {
    ops::names()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTensor>()?;
    m.add_function(wrap_pyfunction!(tensor, m)?)?;
    m.add_function(wrap_pyfunction!(apply, m)?)?;
    m.add_function(wrap_pyfunction!(op_names, m)?)
}

//! Arrays in, arrays out.
//!
//! A NumPy array is borrowed without a copy where it is C-contiguous, aligned, of native byte order and of a dtype
//! that tensors have. Anything else is right after one conversion by NumPy itself.

use numpy::{PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyFloat, PyInt, PyTuple};

use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::autograd::Value;
use crate::dtype::DType;
use crate::error::Result;
use crate::shape::{Dims, Shape, Spec};
use crate::tensor::{Tensor, View};

/// An array that is held while Rust reads it.
pub struct Borrowed {
    dtype: DType,
    shape: Shape,
    ptr: *const u8,
    /// Keeps the memory alive.
    owner: Held,
}

enum Held {
    Array(#[allow(dead_code)] Py<PyUntypedArray>),
    Tensor(#[allow(dead_code)] Tensor),
}

// SAFETY: read-only memory with its owner; the owner is dropped with the interpreter attached or deferred by PyO3.
unsafe impl Send for Borrowed {}
// SAFETY: as above.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    pub fn view(&self) -> View<'_> {
        // SAFETY: checked to be contiguous and aligned, and kept alive, in `borrow`. A user who writes into the array
        // from another thread meanwhile gets mixed numbers, as with any NumPy function that releases the lock.
        unsafe { View::from_raw(self.dtype, &self.shape, self.ptr) }
    }

    pub fn from_tensor(tensor: Tensor) -> Self {
        Self {
            dtype: tensor.dtype(),
            shape: tensor.shape().into(),
            ptr: tensor.view().as_ptr(),
            owner: Held::Tensor(tensor),
        }
    }
}

/// The dtype of ours that holds NumPy's (kind, size) without loss; `None` where there is none.
fn dtype_for(kind: u8, size: usize) -> Option<DType> {
    Some(match (kind, size) {
        (b'f', 4 | 2) => DType::F32,
        (b'f', 8) => DType::F64,
        (b'i', 1 | 2 | 4) | (b'u', 2) => DType::I32,
        (b'i', 8) | (b'u', 4) => DType::I64,
        (b'u', 1) => DType::U8,
        (b'b', 1) => DType::Bool,
        _ => return None,
    })
}

fn same_type(kind: u8, size: usize, dtype: DType) -> bool {
    dtype_for(kind, size) == Some(dtype) && size == dtype.size()
}

/// True for an array whose dtype is one of ours, in any byte order.
pub fn is_lossless(array: &Bound<'_, PyUntypedArray>) -> bool {
    let descr = array.dtype();
    let (kind, size) = (descr.kind(), descr.itemsize());
    dtype_for(kind, size).is_some_and(|dtype| same_type(kind, size, dtype))
}

/// Borrows an array or tensor; with `dtype`, converts to it.
pub fn borrow(x: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Borrowed> {
    let py = x.py();
    let held = if let Ok(t) = x.cast::<PyTensor>() {
        Some(t.borrow().value.tensor()?.clone())
    } else {
        x.cast::<PyVariable>().ok().map(|v| v.borrow().variable.tensor())
    };
    if let Some(tensor) = held {
        return match dtype {
            Some(d) if d != tensor.dtype() => {
                let cast = crate::ops::cast(&tensor.into(), d)?;
                Ok(Borrowed::from_tensor(cast.tensor()?.clone()))
            }
            _ => Ok(Borrowed::from_tensor(tensor)),
        };
    }
    let array = match x.cast::<PyUntypedArray>() {
        Ok(a) => a.clone(),
        Err(_) => as_array(x)?,
    };
    let descr = array.dtype();
    let (kind, size) = (descr.kind(), descr.itemsize());
    let Some(found) = dtype_for(kind, size) else {
        return Err(PyTypeError::new_err(format!(
            "array: expected numbers (float32, float64, an integer type or bool); got an array of dtype {} with shape {}. \
             Convert it first, for example with x.astype('float32').",
            descr.str()?,
            array.getattr("shape")?.str()?,
        )));
    };
    let wanted = dtype.unwrap_or(found);
    // The address itself is asked: NumPy calls every empty array aligned, Rust's slices do not.
    // SAFETY: a valid array object; its pointer is only read.
    let aligned = unsafe { (*array.as_array_ptr()).fields.data }.addr() % size == 0;
    let plain = array.is_c_contiguous() && aligned && descr.is_native_byteorder() == Some(true)
        || size == 1 && array.is_c_contiguous();
    let array = if plain && same_type(kind, size, wanted) {
        array
    } else {
        // numpy.array copies always; ascontiguousarray hands a contiguous array back even when it is misaligned.
        let options = [("order", "C")].into_py_dict(py)?;
        py.import("numpy")?
            .call_method("array", (&array, wanted.name()), Some(&options))?
            .cast_into::<PyUntypedArray>()?
    };
    // SAFETY: a valid array object.
    let ptr = unsafe { (*array.as_array_ptr()).fields.data }
        .cast::<u8>()
        .cast_const();
    Ok(Borrowed {
        dtype: wanted,
        shape: array.shape().into(),
        ptr,
        owner: Held::Array(array.unbind()),
    })
}

/// What NumPy makes of a list, a scalar, a pandas column, or anything with `__array__`.
fn as_array<'py>(x: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = x.py();
    let array = py.import("numpy")?.call_method1("asarray", (x,)).map_err(|e| {
        let kind = x.get_type().name().map_or_else(|_| "?".into(), |n| n.to_string());
        let err = PyValueError::new_err(format!(
            "array: expected an array or nested lists of equal lengths; got {kind} that NumPy cannot turn into one ({})",
            e.value(py)
        ));
        err.set_cause(py, Some(e));
        err
    })?;
    Ok(array.cast_into::<PyUntypedArray>()?)
}

/// A copy as a tensor of ours.
pub fn tensor_from(x: &Bound<'_, PyAny>, dtype: Option<DType>) -> PyResult<Tensor> {
    let borrowed = borrow(x, dtype)?;
    Ok(match borrowed.owner {
        Held::Tensor(t) => t,
        Held::Array(_) => borrowed.view().to_tensor()?,
    })
}

/// Any input of an op as a value. A Python number takes the dtype of the tensor it meets, as long as that can hold it.
pub fn value_from(x: &Bound<'_, PyAny>, like: Option<DType>) -> PyResult<Value> {
    if let Ok(t) = x.cast::<PyTensor>() {
        return Ok(t.borrow().value.clone());
    }
    if let Ok(v) = x.cast::<PyVariable>() {
        return Ok(v.borrow().variable.value());
    }
    if x.is_instance_of::<PyBool>() {
        return Ok(Tensor::scalar(crate::dtype::Bool::from(x.extract::<bool>()?))?.into());
    }
    if x.is_instance_of::<PyInt>() {
        let i = x.extract::<i64>()?;
        let dtype = match like {
            Some(DType::Bool | DType::U8) | None => DType::I32,
            Some(d) => d,
        };
        return Ok(match dtype {
            DType::I32 => match i32::try_from(i) {
                Ok(i) => Tensor::scalar(i)?,
                Err(_) => Tensor::scalar(i)?,
            },
            DType::I64 => Tensor::scalar(i)?,
            d => Tensor::scalar_of(d, i as f64)?,
        }
        .into());
    }
    if x.is_exact_instance_of::<PyFloat>() {
        let dtype = like
            .filter(|d| d.is_float())
            .unwrap_or_else(super::system::default_float);
        return Ok(Tensor::scalar_of(dtype, x.extract()?)?.into());
    }
    if x.cast::<PyUntypedArray>().is_err()
        && let Ok(size) = x.getattr("__oxhorn_tensor__")
    {
        // A size that is open while a model is traced.
        return value_from(&size.call0()?, like);
    }
    let dtype = if x.cast::<PyUntypedArray>().is_err() && !x.hasattr("dtype")? {
        // Lists of Python numbers: floats become the default float type, integers int32 where they fit.
        let array = as_array(x)?;
        match (array.dtype().kind(), array.dtype().itemsize()) {
            (b'f', _) => Some(super::system::default_float()),
            (b'i', 8) => Some(DType::I32),
            _ => None,
        }
    } else {
        None
    };
    Ok(tensor_from(x, dtype)?.into())
}

/// A new NumPy array with the elements of a view.
pub fn to_numpy<'py>(py: Python<'py>, view: &View<'_>) -> Bound<'py, PyAny> {
    macro_rules! copy {
        ($t:ty) => {{
            // SAFETY: every element is written below, before anyone reads.
            let array = unsafe { PyArrayDyn::<$t>::new(py, view.shape().to_vec(), false) };
            // SAFETY: a fresh contiguous array of as many elements of the same size.
            unsafe {
                std::ptr::copy_nonoverlapping(view.as_ptr(), array.data().cast::<u8>(), view.bytes().len())
            };
            array.into_any()
        }};
    }
    match view.dtype() {
        DType::F32 => copy!(f32),
        DType::F64 => copy!(f64),
        DType::I32 => copy!(i32),
        DType::I64 => copy!(i64),
        DType::U8 => copy!(u8),
        DType::Bool => {
            let bytes: Vec<bool> = view.bytes().iter().map(|b| *b != 0).collect();
            // SAFETY: every element is written by the copy.
            let array = unsafe { PyArrayDyn::<bool>::new(py, view.shape().to_vec(), false) };
            // SAFETY: fresh, contiguous, as many elements.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), array.data(), bytes.len()) };
            array.into_any()
        }
    }
}

/// A shape as Python gives it: a sequence of sizes and None.
pub fn dims_from(x: &Bound<'_, PyAny>) -> PyResult<Dims> {
    x.try_iter()?
        .map(|d| {
            let d = d?;
            if d.is_none() {
                return Ok(None);
            }
            let n = d
                .extract::<i64>()
                .map_err(|_| PyTypeError::new_err(format!("shape: expected sizes or None; got {d}")))?;
            usize::try_from(n).map(Some).map_err(|_| {
                PyValueError::new_err(format!("shape: expected sizes of at least 0 or None; got {n}"))
            })
        })
        .collect()
}

pub fn spec_from(shape: &Bound<'_, PyAny>, dtype: &str) -> PyResult<Spec> {
    Ok(Spec {
        dtype: DType::parse(dtype)?,
        dims: dims_from(shape)?,
    })
}

pub fn dims_to_tuple<'py>(py: Python<'py>, dims: &[Option<usize>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, dims)
}

/// The dtype by name, if one is given.
pub fn dtype_from(name: Option<&str>) -> Result<Option<DType>> {
    name.map(DType::parse).transpose()
}

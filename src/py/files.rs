//! Files: the training snapshot, and safetensors.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyIndexError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

use super::convert::{Borrowed, borrow, is_lossless};
use super::errors::guard;
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::files::snapshot::{self, Content, Reader, Record};
use crate::files::{self, FileError, safetensors};

impl From<FileError> for PyErr {
    fn from(error: FileError) -> Self {
        let (path, error) = match error {
            FileError::Content(error) => return error.into(),
            FileError::System { path, error } => (path, error),
        };
        let text = error.to_string();
        let Some(code) = error.raw_os_error() else {
            return match error.kind() {
                std::io::ErrorKind::InvalidInput => {
                    PyValueError::new_err(format!("{}: {text}", path.display()))
                }
                _ => PyOSError::new_err(format!("{}: {text}", path.display())),
            };
        };
        // Python picks the exception by the system's number: FileNotFoundError, PermissionError, ...
        let text = text.trim_end_matches(&format!(" (os error {code})")).to_string();
        if cfg!(windows) {
            PyOSError::new_err((0, text, path.into_os_string(), code))
        } else {
            PyOSError::new_err((code, text, path.into_os_string()))
        }
    }
}

/// Runs our own code with the interpreter's lock released.
fn detached<R: Send>(py: Python<'_>, work: impl FnOnce() -> files::Result<R> + Send) -> PyResult<R> {
    Ok(py.detach(|| guard(|| Ok(work())))??)
}

enum Held {
    Text(String),
    Array(Borrowed),
}

impl Held {
    fn new(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self::Text(text.to_str()?.into()));
        }
        let ours = value.cast::<PyTensor>().is_ok() || value.cast::<PyVariable>().is_ok();
        if !ours && !value.cast::<PyUntypedArray>().is_ok_and(|a| is_lossless(a)) {
            let what = match value.cast::<PyUntypedArray>() {
                Ok(array) => format!("an array of dtype {}", array.dtype()),
                Err(_) => value.get_type().name()?.to_string(),
            };
            return Err(PyTypeError::new_err(format!(
                "write_snapshot: expected records['{name}'] to be a str or an array of float32, float64, int32, int64, \
                 uint8 or bool; got {what}. Convert it first, for example with json.dumps or x.astype."
            )));
        }
        Ok(Self::Array(borrow(value, None)?))
    }

    fn record(&self) -> Record<'_> {
        match self {
            Self::Text(text) => Record::Text(text),
            Self::Array(array) => Record::Array(array.view()),
        }
    }
}

/// Writes texts and arrays to a file; what was there is kept until the new one is complete.
#[pyfunction]
fn write_snapshot(py: Python<'_>, path: PathBuf, records: &Bound<'_, PyMapping>) -> PyResult<()> {
    let held: Vec<(String, Held)> = records
        .items()?
        .iter()
        .map(|item| {
            let (name, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            let name = name.cast::<PyString>().map_err(|_| {
                PyTypeError::new_err(format!("write_snapshot: expected names that are str; got {name}"))
            })?;
            let name = name.to_str()?.to_string();
            let value = Held::new(&name, &value)?;
            Ok((name, value))
        })
        .collect::<PyResult<_>>()?;
    detached(py, || {
        let records: Vec<(&str, Record<'_>)> = held
            .iter()
            .map(|(name, held)| (name.as_str(), held.record()))
            .collect();
        snapshot::write(&path, &records)
    })
}

/// NumPy's own way to make an array: it raises where memory is short.
fn zeros(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("numpy")?.getattr("zeros")
}

enum Place<'py> {
    Text(Vec<u8>),
    Array(Bound<'py, PyUntypedArray>),
}

/// The bytes of an array.
///
/// # Safety
/// The array is fresh from [`zeros`], has as many bytes, and nobody else has seen it.
unsafe fn memory<'a>(array: &'a mut Bound<'_, PyUntypedArray>, bytes: usize) -> &'a mut [u8] {
    if bytes == 0 {
        return &mut [];
    }
    // SAFETY: contiguous, all bytes written (zeros), and not shared.
    unsafe { std::slice::from_raw_parts_mut((*array.as_array_ptr()).fields.data.cast::<u8>(), bytes) }
}

/// The texts and arrays of a file, in the order in which they were written.
#[pyfunction]
fn read_snapshot(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let reader = detached(py, || Reader::open(&path))?;
    let entries = reader.entries().to_vec();
    let zeros = zeros(py)?;
    let mut places = entries
        .iter()
        .map(|entry| {
            Ok(match &entry.content {
                Content::Text => Place::Text(files::reserve("read_snapshot", entry.bytes)?),
                Content::Array { dtype, shape } => Place::Array(
                    zeros
                        .call1((PyTuple::new(py, shape.iter().copied())?, dtype.name()))?
                        .cast_into::<PyUntypedArray>()?,
                ),
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    let mut slices: Vec<&mut [u8]> = places
        .iter_mut()
        .zip(&entries)
        .map(|(place, entry)| match place {
            Place::Text(text) => text.as_mut_slice(),
            // SAFETY: made above.
            Place::Array(array) => unsafe { memory(array, entry.bytes) },
        })
        .collect();
    detached(py, || reader.read(&mut slices))?;
    let records = PyDict::new(py);
    for (entry, place) in entries.iter().zip(places) {
        match place {
            Place::Text(text) => records.set_item(&entry.name, String::from_utf8(text)?)?,
            Place::Array(array) => records.set_item(&entry.name, array)?,
        }
    }
    Ok(records)
}

/// A safetensors file whose header is read and checked.
#[pyclass(name = "SafetensorsFile", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PySafetensorsFile {
    reader: Mutex<safetensors::Reader<std::fs::File>>,
}

#[pymethods]
impl PySafetensorsFile {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self {
            reader: Mutex::new(detached(py, || safetensors::Reader::open(&path))?),
        })
    }

    /// (name, dtype, shape, first byte, byte after the last) of each tensor, in the order of the header.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let rows: Vec<_> = reader
            .entries()
            .iter()
            .map(|e| {
                let shape = PyTuple::new(py, e.shape.iter().copied())?;
                Ok((&e.name, e.dtype, shape, e.begin, e.end))
            })
            .collect::<PyResult<_>>()?;
        PyList::new(py, rows)
    }

    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = PyDict::new(py);
        for (key, text) in reader.metadata() {
            metadata.set_item(key, text)?;
        }
        Ok(metadata)
    }

    /// The bytes of the tensor with this place in the list of entries.
    fn read<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let entry = {
            let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.entries().get(index).cloned()
        };
        let Some(entry) = entry else {
            return Err(PyIndexError::new_err(format!(
                "SafetensorsFile.read: there is no tensor {index}"
            )));
        };
        let bytes = (entry.end - entry.begin) as usize;
        let mut array = zeros(py)?
            .call1((bytes, "uint8"))?
            .cast_into::<PyUntypedArray>()?;
        // SAFETY: made in the line before.
        let memory = unsafe { memory(&mut array, bytes) };
        detached(py, || {
            let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.read(&entry, memory)
        })?;
        Ok(array.into_any())
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySafetensorsFile>()?;
    m.add_function(wrap_pyfunction!(write_snapshot, m)?)?;
    m.add_function(wrap_pyfunction!(read_snapshot, m)?)
}

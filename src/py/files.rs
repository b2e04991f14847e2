//! Files: the training snapshot.

use std::path::PathBuf;

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use super::convert::{Borrowed, borrow, is_lossless};
use super::errors::guard;
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::files::snapshot::{self, Content, Reader, Record};
use crate::files::{self, FileError};

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

enum Place<'py> {
    Text(Vec<u8>),
    Array(Bound<'py, PyUntypedArray>),
}

impl Place<'_> {
    fn memory(&mut self, bytes: usize) -> &mut [u8] {
        match self {
            Self::Text(text) => text,
            Self::Array(_) if bytes == 0 => &mut [],
            // SAFETY: a fresh contiguous array of as many bytes, all of them written (zeros), which nobody else has seen.
            Self::Array(array) => unsafe {
                std::slice::from_raw_parts_mut((*array.as_array_ptr()).fields.data.cast::<u8>(), bytes)
            },
        }
    }
}

/// The texts and arrays of a file, in the order in which they were written.
#[pyfunction]
fn read_snapshot(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let reader = detached(py, || Reader::open(&path))?;
    let entries = reader.entries().to_vec();
    // NumPy's own way to make an array: it raises where memory is short.
    let zeros = py.import("numpy")?.getattr("zeros")?;
    let mut places = entries
        .iter()
        .map(|entry| {
            Ok(match &entry.content {
                Content::Text => Place::Text(snapshot::reserve("read_snapshot", entry.bytes)?),
                Content::Array { dtype, shape } => Place::Array(
                    zeros
                        .call1((PyTuple::new(py, shape.iter().copied())?, dtype.name()))?
                        .cast_into::<PyUntypedArray>()?,
                ),
            })
        })
        .collect::<PyResult<Vec<_>>>()?;
    let mut memory: Vec<&mut [u8]> = places
        .iter_mut()
        .zip(&entries)
        .map(|(place, entry)| place.memory(entry.bytes))
        .collect();
    detached(py, || reader.read(&mut memory))?;
    let records = PyDict::new(py);
    for (entry, place) in entries.iter().zip(places) {
        match place {
            Place::Text(text) => records.set_item(&entry.name, String::from_utf8(text)?)?,
            Place::Array(array) => records.set_item(&entry.name, array)?,
        }
    }
    Ok(records)
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(write_snapshot, m)?)?;
    m.add_function(wrap_pyfunction!(read_snapshot, m)?)
}

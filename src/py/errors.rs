//! Errors and panics, as Python exceptions.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::PyErr;
use pyo3::exceptions::{
    PyIndexError, PyKeyError, PyKeyboardInterrupt, PyNotImplementedError, PyOSError, PyRuntimeError,
    PyTypeError, PyValueError,
};

use crate::error::{Error, Kind, Result};

thread_local! {
    /// An exception of Python code that the core called, on its way out.
    static RAISED: RefCell<Option<(String, PyErr)>> = const { RefCell::new(None) };
}

/// An exception raised by Python code that the core called; it comes out again as it was.
pub fn raised(who: &str, error: PyErr) -> Error {
    let ours = Error::runtime(who).got(error.to_string());
    RAISED.set(Some((ours.to_string(), error)));
    ours
}

impl From<Error> for PyErr {
    fn from(e: Error) -> PyErr {
        let text = e.to_string();
        if let Some((known, error)) = RAISED.take()
            && known == text
        {
            return error;
        }
        match e.kind {
            Kind::Value => PyValueError::new_err(text),
            Kind::Type => PyTypeError::new_err(text),
            Kind::Index => PyIndexError::new_err(text),
            Kind::Key => PyKeyError::new_err(text),
            Kind::Runtime => PyRuntimeError::new_err(text),
            Kind::NotImplemented => PyNotImplementedError::new_err(text),
            Kind::Os => PyOSError::new_err(text),
            Kind::Interrupted => PyKeyboardInterrupt::new_err(()),
        }
    }
}

/// Runs our own code; a panic in it is a defect of ours, and becomes an ordinary RuntimeError.
pub fn guard<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".into());
        Err(Error::runtime("oxhorn internal error")
            .got(text)
            .hint("This is a defect of the library; please report it with the call that led here"))
    })
}

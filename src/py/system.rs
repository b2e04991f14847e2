//! Threads, processor, memory counters, the default float type.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::{parallel, peak};

static FLOAT64: AtomicBool = AtomicBool::new(false);

/// The dtype that Python floats become.
pub fn default_float() -> DType {
    if FLOAT64.load(Ordering::Relaxed) {
        DType::F64
    } else {
        DType::F32
    }
}

#[pyfunction]
fn set_default_float(dtype: &str) -> PyResult<()> {
    let dtype: Result<DType> = match DType::parse(dtype) {
        Ok(d) if d.is_float() => Ok(d),
        _ => Err(Error::value("set_default_float")
            .expected("'float32' or 'float64'")
            .got(format!("'{dtype}'"))),
    };
    FLOAT64.store(dtype? == DType::F64, Ordering::Relaxed);
    Ok(())
}

#[pyfunction]
fn set_num_threads(n: i64) -> PyResult<()> {
    let refuse = |text: String| PyValueError::new_err(text);
    let n = usize::try_from(n).map_err(|_| {
        refuse(format!(
            "set_num_threads: expected a number from 1 to {}; got {n}",
            parallel::MAX_THREADS
        ))
    })?;
    parallel::set_num_threads(n).map_err(|e| refuse(e.to_string()))
}

#[pyfunction]
fn get_num_threads() -> usize {
    parallel::get_num_threads()
}

/// How often tensor memory was asked of the system allocator so far. Training in its steady state adds none.
#[pyfunction]
fn allocations() -> u64 {
    crate::buffer::allocations()
}

/// Floating-point operations a second, all threads together, of a loop of float32 multiply-adds in registers that does
/// so many of them on each thread: the processor's peak, which benchmarks are held against.
#[pyfunction]
fn multiply_add_rate(py: Python<'_>, operations: usize) -> f64 {
    py.detach(|| {
        let threads = parallel::get_num_threads();
        let start = Instant::now();
        parallel::for_ranges(threads, 1, |_| {
            black_box(peak::multiply_adds::<f32>(operations));
        });
        (threads * operations) as f64 / start.elapsed().as_secs_f64()
    })
}

/// Begins (True) or ends (False) to take the times of the steps that traced programs run. Gives what was taken since it
/// began: (step, runs, seconds).
#[pyfunction]
fn profile(on: bool) -> Vec<(String, usize, f64)> {
    crate::autograd::profile::profile(on)
        .into_iter()
        .map(|(step, time)| (step, time.runs, time.total.as_secs_f64()))
        .collect()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(set_default_float, m)?)?;
    m.add_function(wrap_pyfunction!(set_num_threads, m)?)?;
    m.add_function(wrap_pyfunction!(get_num_threads, m)?)?;
    m.add_function(wrap_pyfunction!(allocations, m)?)?;
    m.add_function(wrap_pyfunction!(profile, m)?)?;
    m.add_function(wrap_pyfunction!(multiply_add_rate, m)?)
}

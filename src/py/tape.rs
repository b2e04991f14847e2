//! `Tape`: gradients of eager code.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::errors::guard;
use super::graph::{gradients_in, to_list};
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::autograd::{Key, Tape, Target, Value};

/// Records eager ops inside `with tape:`. Trainable variables are watched by themselves, other tensors by `watch`.
#[pyclass(name = "Tape", module = "oxhorn._core")]
#[derive(Debug)]
pub struct PyTape {
    tape: Tape,
    persistent: bool,
    used: bool,
}

#[pymethods]
impl PyTape {
    /// With `automatic=False` trainable variables are watched only where `watch` names them.
    #[new]
    #[pyo3(signature = (persistent=false, automatic=true))]
    fn new(persistent: bool, automatic: bool) -> Self {
        Self {
            tape: Tape::new(automatic),
            persistent,
            used: false,
        }
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf.borrow().tape.start();
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) -> bool {
        self.tape.stop();
        false
    }

    fn watch(&self, x: &Bound<'_, PyAny>) -> PyResult<()> {
        match x.cast::<PyVariable>() {
            Ok(v) => self.tape.watch(&v.borrow().variable.eager()),
            Err(_) => self.tape.watch(&x.cast::<PyTensor>()?.borrow().value),
        }
        Ok(())
    }

    /// Every op recorded: its name, the identities of its inputs and outputs (see `value_id`), and the tensors.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let tensors = |values: &[Value]| -> PyResult<Vec<Py<PyTensor>>> {
            values
                .iter()
                .map(|v| Py::new(py, PyTensor::from(v.clone())))
                .collect()
        };
        let ids = |values: &[Value]| -> Vec<u64> { values.iter().map(|v| v.key().0).collect() };
        let records = self.tape.records();
        let rows = records
            .iter()
            .map(|r| {
                Ok((
                    r.op.name(),
                    ids(&r.inputs),
                    ids(&r.outputs),
                    tensors(&r.inputs)?,
                    tensors(&r.outputs)?,
                ))
            })
            .collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, rows)
    }

    /// The gradient of a target (or the sum of several) for each source; None where there is no dependence. `seeds`
    /// weigh the targets' elements. Values of a traced call are differentiated in their trace.
    #[pyo3(signature = (targets, sources, seeds=None))]
    fn gradient<'py>(
        &mut self,
        py: Python<'py>,
        targets: &Bound<'py, PyAny>,
        sources: &Bound<'py, PyAny>,
        seeds: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        if self.used && !self.persistent {
            return Err(pyo3::exceptions::PyRuntimeError::new_err(
                "Tape.gradient: expected the first call; got another. What the tape recorded was freed by the first; \
                 use persistent=True to call it more than once.",
            ));
        }
        let values = tensors(targets)?;
        let seeds = match seeds {
            Some(seeds) => tensors(seeds)?.into_iter().map(Some).collect(),
            None => vec![None; values.len()],
        };
        let graph = values.iter().find_map(|v| match v {
            Value::Node(node) => Some(node.graph.clone()),
            Value::Eager(_) => None,
        });
        let targets: Vec<Target> = values.into_iter().zip(seeds).collect();
        let grads = if let Some(graph) = graph {
            gradients_in(&graph, &targets, sources)?
        } else {
            let keys: Vec<Key> = sources
                .try_iter()?
                .map(|s| {
                    let s = s?;
                    Ok(match s.cast::<PyVariable>() {
                        Ok(v) => v.borrow().variable.eager().key(),
                        Err(_) => s.cast::<PyTensor>()?.borrow().value.key(),
                    })
                })
                .collect::<PyResult<_>>()?;
            let grads = guard(|| self.tape.gradient(&targets, &keys))?;
            self.used = true;
            if !self.persistent {
                self.tape.clear();
            }
            grads
        };
        to_list(py, grads)
    }

    /// Forgets what was recorded and watched.
    fn reset(&mut self) {
        self.tape.clear();
        self.used = false;
    }
}

/// One tensor, or several.
fn tensors(x: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    match x.cast::<PyTensor>() {
        Ok(one) => Ok(vec![one.borrow().value.clone()]),
        Err(_) => x
            .try_iter()?
            .map(|x| Ok(x?.cast::<PyTensor>()?.borrow().value.clone()))
            .collect(),
    }
}

/// The number by which a tape knows a tensor, or what a variable holds now.
#[pyfunction]
fn value_id(x: &Bound<'_, PyAny>) -> PyResult<u64> {
    Ok(match x.cast::<PyVariable>() {
        Ok(v) => v.borrow().variable.eager().key().0,
        Err(_) => x.cast::<PyTensor>()?.borrow().value.key().0,
    })
}

/// Whether a tape records on this thread.
#[pyfunction]
fn is_recording() -> bool {
    Tape::any_active()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTape>()?;
    m.add_function(wrap_pyfunction!(value_id, m)?)?;
    m.add_function(wrap_pyfunction!(is_recording, m)?)
}

//! `Graph` (tracing) and `Program` (running what was traced).

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::convert::{Borrowed, borrow, spec_from, to_numpy, value_from};
use super::errors::guard;
use super::listing::PyListing;
use super::run::detached;
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::autograd::{Graph, Key, Program, Target, Value};
use crate::tensor::{Tensor, View};

/// A traced graph of ops. Inside `with graph:`, variables that are read and ops on its values are recorded.
#[pyclass(name = "Graph", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyGraph {
    graph: Graph,
}

/// The gradients of the targets' sum, one for each source; `None` where it does not depend on a source, or where the
/// trace never read the variable.
pub fn gradients_in(
    graph: &Graph,
    targets: &[Target],
    sources: &Bound<'_, PyAny>,
) -> PyResult<Vec<Option<Value>>> {
    let keys: Vec<Option<Key>> = sources
        .try_iter()?
        .map(|s| {
            let s = s?;
            match s.cast::<PyVariable>() {
                Ok(v) => Ok(graph.variable_key(&v.borrow().variable)),
                Err(_) => Ok(Some(value_from(&s, None)?.key())),
            }
        })
        .collect::<PyResult<_>>()?;
    let known: Vec<Key> = keys.iter().copied().flatten().collect();
    let mut grads = guard(|| graph.gradients(targets, &known))?.into_iter();
    Ok(keys
        .iter()
        .map(|k| k.and_then(|_| grads.next().flatten()))
        .collect())
}

/// Gradients as Python gets them.
pub fn to_list(py: Python<'_>, grads: Vec<Option<Value>>) -> PyResult<Bound<'_, PyList>> {
    PyList::new(
        py,
        grads
            .into_iter()
            .map(|g| g.map(|g| Py::new(py, PyTensor::from(g))).transpose())
            .collect::<PyResult<Vec<_>>>()?,
    )
}

#[pymethods]
impl PyGraph {
    #[new]
    fn new() -> Self {
        Self { graph: Graph::new() }
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf.get().graph.enter();
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, pyo3::types::PyTuple>) -> bool {
        self.graph.exit();
        false
    }

    /// Declares the next input.
    #[pyo3(signature = (shape, dtype, name=None))]
    fn input(&self, shape: &Bound<'_, PyAny>, dtype: &str, name: Option<&str>) -> PyResult<PyTensor> {
        let _ = name;
        Ok(self.graph.input(spec_from(shape, dtype)?).into())
    }

    /// Adds the gradients of a scalar (or the sum of a tensor) to the graph; None where it does not depend on a source.
    fn gradients<'py>(
        &self,
        py: Python<'py>,
        target: &PyTensor,
        sources: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        to_list(
            py,
            gradients_in(&self.graph, &[(target.value.clone(), None)], sources)?,
        )
    }

    /// The ops that these outputs need, one by one, before neighbours are fused.
    fn listing(&self, outputs: &Bound<'_, PyAny>) -> PyResult<PyListing> {
        let outputs: Vec<Value> = outputs
            .try_iter()?
            .map(|v| value_from(&v?, None))
            .collect::<PyResult<_>>()?;
        Ok(PyListing {
            listing: guard(|| self.graph.listing(&outputs))?,
        })
    }

    /// The number of nodes so far.
    fn count(&self) -> usize {
        self.graph.count()
    }

    /// Freezes the graph: these outputs, and every assignment recorded so far. With `assign=False` the program leaves
    /// all variables as they are.
    #[pyo3(signature = (outputs, assign=true))]
    fn compile(&self, outputs: &Bound<'_, PyAny>, assign: bool) -> PyResult<PyProgram> {
        let outputs: Vec<Value> = outputs
            .try_iter()?
            .map(|v| value_from(&v?, None))
            .collect::<PyResult<_>>()?;
        Ok(PyProgram {
            program: Arc::new(guard(|| {
                if assign {
                    self.graph.compile(&outputs)
                } else {
                    self.graph.compile_pure(&outputs)
                }
            })?),
        })
    }
}

/// A compiled graph. Thread-safe; plans its memory for each set of input shapes, and reuses it.
#[pyclass(name = "Program", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyProgram {
    pub program: Arc<Program>,
}

impl PyProgram {
    fn borrow_inputs(&self, inputs: &Bound<'_, PyAny>) -> PyResult<Vec<Borrowed>> {
        let specs = self.program.input_specs();
        inputs
            .try_iter()?
            .enumerate()
            .map(|(i, x)| borrow(&x?, specs.get(i).map(|s| s.dtype)))
            .collect()
    }

    fn execute(&self, py: Python<'_>, inputs: &Bound<'_, PyAny>) -> PyResult<Vec<Tensor>> {
        let held = self.borrow_inputs(inputs)?;
        let views: Vec<View<'_>> = held.iter().map(Borrowed::view).collect();
        let plan = guard(|| self.program.plan(&views))?;
        detached(py, |poll| {
            self.program.run(&plan, &views, poll, |done| {
                (0..done.len()).map(|i| done.output(i).to_tensor()).collect()
            })
        })
    }
}

#[pymethods]
impl PyProgram {
    /// Runs once. Inputs in the order of `Graph.input`; results are new arrays.
    fn run<'py>(&self, py: Python<'py>, inputs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let outputs = self.execute(py, inputs)?;
        PyList::new(py, outputs.iter().map(|t| to_numpy(py, &t.view())))
    }

    /// Runs once, giving tensors instead of arrays.
    fn call<'py>(&self, py: Python<'py>, inputs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let outputs = self.execute(py, inputs)?;
        let outputs: Vec<Py<PyTensor>> = outputs
            .into_iter()
            .map(|t| Py::new(py, PyTensor::from(Value::from(t))))
            .collect::<PyResult<_>>()?;
        PyList::new(py, outputs)
    }

    /// The ops of the program; with arrays, every step with its shapes.
    #[pyo3(signature = (inputs=None))]
    fn describe(&self, inputs: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
        match inputs {
            None => Ok(self.program.op_names().join("\n")),
            Some(inputs) => {
                let held = self.borrow_inputs(inputs)?;
                let views: Vec<View<'_>> = held.iter().map(Borrowed::view).collect();
                Ok(guard(|| self.program.describe(&views))?)
            }
        }
    }

    /// (shape, dtype) of each input.
    #[getter]
    fn inputs(&self) -> Vec<(Vec<Option<usize>>, &'static str)> {
        self.program
            .input_specs()
            .iter()
            .map(|s| (s.dims.to_vec(), s.dtype.name()))
            .collect()
    }

    /// (shape, dtype) of each output.
    #[getter]
    fn outputs(&self) -> Vec<(Vec<Option<usize>>, &'static str)> {
        self.program
            .output_specs()
            .iter()
            .map(|s| (s.dims.to_vec(), s.dtype.name()))
            .collect()
    }

    /// Bytes of working memory for inputs like these.
    fn memory(&self, inputs: &Bound<'_, PyAny>) -> PyResult<usize> {
        let held = self.borrow_inputs(inputs)?;
        let views: Vec<View<'_>> = held.iter().map(Borrowed::view).collect();
        Ok(guard(|| self.program.plan(&views))?.arena_bytes())
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyGraph>()?;
    m.add_class::<PyProgram>()?;
    m.add_function(wrap_pyfunction!(is_tracing, m)?)
}

/// Whether a graph is being traced on this thread.
#[pyfunction]
fn is_tracing() -> bool {
    crate::autograd::tracing().is_some()
}

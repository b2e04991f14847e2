//! Control flow of traced code: `Subgraph`, `cond`, `scan`, `while_loop`, `custom_gradient`.

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::convert::{spec_from, value_from};
use super::errors::{guard, raised};
use super::tensor::PyTensor;
use crate::autograd::{self, Body, Callback, Graph, Value, tracing};
use crate::error::Error;

/// A branch or loop body while it is traced: what it uses of the trace around it becomes an input of its own.
#[pyclass(name = "Subgraph", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PySubgraph {
    graph: Graph,
    arguments: Vec<Value>,
}

#[pymethods]
impl PySubgraph {
    /// `arguments`: (shape, dtype) of each value that the function will be called with.
    #[new]
    #[pyo3(signature = (arguments=None))]
    fn new(arguments: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let around = tracing().ok_or_else(|| {
            Error::runtime("Subgraph")
                .expected("a trace in progress")
                .got("none")
        })?;
        let mut specs = Vec::new();
        if let Some(arguments) = arguments {
            for one in arguments.try_iter()? {
                let (shape, dtype): (Bound<'_, PyAny>, String) = one?.extract()?;
                specs.push(spec_from(&shape, &dtype)?);
            }
        }
        let (graph, arguments) = around.child(&specs);
        Ok(Self { graph, arguments })
    }

    /// The values that stand for the arguments.
    #[getter]
    fn arguments(&self) -> Vec<PyTensor> {
        self.arguments.iter().cloned().map(PyTensor::from).collect()
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf.get().graph.enter();
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) -> bool {
        self.graph.exit();
        false
    }
}

fn values(list: &Bound<'_, PyAny>) -> PyResult<Vec<Value>> {
    list.try_iter()?.map(|x| value_from(&x?, None)).collect()
}

fn body(subgraph: &Bound<'_, PySubgraph>, outputs: &Bound<'_, PyAny>) -> PyResult<Body> {
    let outputs = values(outputs)?;
    Ok(guard(|| Body::new(&subgraph.get().graph, &outputs))?)
}

fn tensors(py: Python<'_>, made: Vec<Value>) -> PyResult<Bound<'_, PyList>> {
    let made: Vec<Py<PyTensor>> = made
        .into_iter()
        .map(|v| Py::new(py, PyTensor::from(v)))
        .collect::<PyResult<_>>()?;
    PyList::new(py, made)
}

/// What one of the branches, each a (subgraph, outputs), returns: the one of number `index`, or the first for True.
#[pyfunction]
fn cond<'py>(
    py: Python<'py>,
    index: &Bound<'py, PyAny>,
    branches: &Bound<'py, PyAny>,
    labels: Vec<String>,
) -> PyResult<Bound<'py, PyList>> {
    let index = value_from(index, None)?;
    let mut bodies = Vec::new();
    for branch in branches.try_iter()? {
        let (subgraph, outputs): (Bound<'_, PySubgraph>, Bound<'_, PyAny>) = branch?.extract()?;
        bodies.push(body(&subgraph, &outputs)?);
    }
    tensors(py, guard(|| autograd::cond(&index, bodies, &labels))?)
}

/// A loop along the first axis of `xs`: the last carries, then the stacked results.
#[pyfunction]
#[pyo3(signature = (subgraph, outputs, init, xs, labels, length=None, reverse=false))]
fn scan<'py>(
    py: Python<'py>,
    subgraph: &Bound<'py, PySubgraph>,
    outputs: &Bound<'py, PyAny>,
    init: &Bound<'py, PyAny>,
    xs: &Bound<'py, PyAny>,
    labels: Vec<String>,
    length: Option<usize>,
    reverse: bool,
) -> PyResult<Bound<'py, PyList>> {
    let (body, init, xs) = (body(subgraph, outputs)?, values(init)?, values(xs)?);
    tensors(
        py,
        guard(|| autograd::scan(body, &init, &xs, length, reverse, &labels))?,
    )
}

/// A loop as long as a condition holds, at most `limit` times. Condition and body are (subgraph, outputs).
#[pyfunction]
#[pyo3(signature = (condition, body_, init, labels, limit=None))]
fn while_loop<'py>(
    py: Python<'py>,
    condition: (Bound<'py, PySubgraph>, Bound<'py, PyAny>),
    body_: (Bound<'py, PySubgraph>, Bound<'py, PyAny>),
    init: &Bound<'py, PyAny>,
    labels: Vec<String>,
    limit: Option<u64>,
) -> PyResult<Bound<'py, PyList>> {
    let condition = body(&condition.0, &condition.1)?;
    let (body, init) = (body(&body_.0, &body_.1)?, values(init)?);
    tensors(
        py,
        guard(|| autograd::while_loop(condition, body, &init, limit, &labels))?,
    )
}

/// The results, behind which gradients go to the arguments by a rule of one's own. While something is traced, `rule` is
/// (subgraph, outputs, places of the arguments they belong to); otherwise a function that is called with the list of the
/// results' gradients and returns a list with a gradient, or None, for each argument.
#[pyfunction]
fn custom_gradient<'py>(
    py: Python<'py>,
    results: &Bound<'py, PyAny>,
    arguments: &Bound<'py, PyAny>,
    rule: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let (results, arguments) = (values(results)?, values(arguments)?);
    if let Ok((subgraph, outputs, given)) =
        rule.extract::<(Bound<'_, PySubgraph>, Bound<'_, PyAny>, Vec<usize>)>()
    {
        let rule = body(&subgraph, &outputs)?;
        let made = guard(|| autograd::custom_gradient_traced(&results, &arguments, rule, &given))?;
        return tensors(py, made);
    }
    let function = rule.clone().unbind();
    let rule: Callback = Box::new(move |seeds| {
        Python::attach(|py| {
            let seeds = tensors(py, seeds.to_vec())?;
            let grads = function.bind(py).call1((seeds,))?;
            grads
                .try_iter()?
                .map(|g| {
                    let g = g?;
                    if g.is_none() {
                        Ok(None)
                    } else {
                        value_from(&g, None).map(Some)
                    }
                })
                .collect::<PyResult<Vec<Option<Value>>>>()
        })
        .map_err(|e: PyErr| raised("custom_gradient", e))
    });
    tensors(
        py,
        guard(|| autograd::custom_gradient(&results, &arguments, rule))?,
    )
}

static PLACE_OF: OnceLock<Py<PyAny>> = OnceLock::new();

/// Registers a function without arguments that says where in the user's code a trace is, or returns "".
#[pyfunction]
fn set_place(function: Py<PyAny>) {
    let _ = PLACE_OF.set(function);
}

/// Where in the user's code the trace is: " in the call of layer 'gate'", or nothing.
pub fn place(py: Python<'_>) -> String {
    PLACE_OF
        .get()
        .and_then(|f| f.bind(py).call0().ok()?.extract::<String>().ok())
        .unwrap_or_default()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PySubgraph>()?;
    m.add_function(wrap_pyfunction!(cond, m)?)?;
    m.add_function(wrap_pyfunction!(scan, m)?)?;
    m.add_function(wrap_pyfunction!(while_loop, m)?)?;
    m.add_function(wrap_pyfunction!(custom_gradient, m)?)?;
    m.add_function(wrap_pyfunction!(set_place, m)?)
}

//! `Listing`: a trace as a list of its ops.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::attrs::attrs_to;
use super::convert::to_numpy;
use super::errors::guard;
use super::variable::PyVariable;
use crate::autograd::{Listed, Listing, Origin};

/// The ops that some outputs of a trace need, each after its inputs.
#[pyclass(name = "Listing", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyListing {
    pub listing: Listing,
}

#[pymethods]
impl PyListing {
    /// The nodes: inputs, variables, constants, and ops.
    fn nodes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let nodes = guard(|| self.listing.nodes())?;
        let nodes: Vec<Py<PyListed>> = nodes
            .into_iter()
            .map(|node| Py::new(py, PyListed { node }))
            .collect::<PyResult<_>>()?;
        PyList::new(py, nodes)
    }

    /// The nodes that are inputs, by number, in their order.
    #[getter]
    fn inputs(&self) -> Vec<usize> {
        self.listing.inputs()
    }

    /// (node, output) of each output.
    #[getter]
    fn outputs(&self) -> Vec<(usize, usize)> {
        self.listing.outputs()
    }
}

/// One node of a `Listing`.
#[pyclass(name = "ListedNode", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyListed {
    node: Listed,
}

#[pymethods]
impl PyListed {
    /// The name of the op; `None` for an input, a variable or a constant.
    #[getter]
    fn op(&self) -> Option<&'static str> {
        match &self.node.origin {
            Origin::Op { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The fields of the op.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match &self.node.origin {
            Origin::Op { attributes, .. } => attrs_to(py, attributes),
            _ => Ok(PyDict::new(py)),
        }
    }

    /// The functions that a branch or a loop holds, each with what it is to it.
    #[getter]
    fn parts(&self) -> Vec<(&'static str, PyListing)> {
        match &self.node.origin {
            Origin::Op { parts, .. } => parts
                .iter()
                .map(|(what, listing)| {
                    let listing = listing.clone();
                    (*what, PyListing { listing })
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The array of a constant, or the variable.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match &self.node.origin {
            Origin::Constant(tensor) => Some(to_numpy(py, &tensor.view())),
            Origin::Variable(variable) => {
                let variable = variable.clone();
                Some(Bound::new(py, PyVariable { variable })?.into_any())
            }
            _ => None,
        })
    }

    /// Its number in the trace, where dead nodes are counted too.
    #[getter]
    fn number(&self) -> usize {
        self.node.number
    }

    /// (node, output) of each input.
    #[getter]
    fn inputs(&self) -> Vec<(usize, usize)> {
        self.node.inputs.to_vec()
    }

    /// (shape, dtype) of each output; `None` for a size that the trace leaves open.
    #[getter]
    fn outputs(&self) -> Vec<(Vec<Option<usize>>, &'static str)> {
        self.node
            .outputs
            .iter()
            .map(|s| (s.dims.to_vec(), s.dtype.name()))
            .collect()
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyListing>()?;
    m.add_class::<PyListed>()
}

//! `LayerCore`, and the functions behind initializers, regularizers, constraints and activations.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::attrs::attrs_from;
use super::convert::{dims_from, value_from};
use super::errors::guard;
use super::optimizers::variables_from;
use super::system::default_float;
use super::tensor::PyTensor;
use crate::autograd::Value;
use crate::dtype::DType;
use crate::layers::{self, Built, Call};
use crate::shape::Spec;
use crate::{activations, constraints, initializers, ops, regularizers};

/// A built-in layer's mathematics, from Keras's config.
#[pyclass(name = "LayerCore", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyLayerCore {
    layer: Built,
}

fn optional_values(list: &Bound<'_, PyAny>) -> PyResult<Vec<Option<Value>>> {
    list.try_iter()?
        .map(|x| {
            let x = x?;
            if x.is_none() {
                Ok(None)
            } else {
                value_from(&x, None).map(Some)
            }
        })
        .collect()
}

#[pymethods]
impl PyLayerCore {
    #[new]
    fn new(class_name: &str, config: &str) -> PyResult<Self> {
        Ok(Self {
            layer: guard(|| Built::new(class_name, config))?,
        })
    }

    /// The weights for inputs of these shapes: (name, shape, trainable, config key of the initializer).
    fn weights<'py>(
        &self,
        py: Python<'py>,
        input_shapes: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let specs: Vec<Spec> = input_shapes
            .try_iter()?
            .map(|shape| {
                Ok(Spec {
                    dtype: default_float(),
                    dims: dims_from(&shape?)?,
                })
            })
            .collect::<PyResult<_>>()?;
        let weights = guard(|| self.layer.weights(&specs))?;
        let rows: Vec<_> = weights
            .into_iter()
            .map(|w| {
                let shape = PyTuple::new(py, w.shape.iter().copied())?;
                Ok((w.name, shape, w.trainable, w.initializer))
            })
            .collect::<PyResult<_>>()?;
        PyList::new(py, rows)
    }

    fn call<'py>(
        &self,
        py: Python<'py>,
        inputs: &Bound<'py, PyAny>,
        variables: &Bound<'py, PyAny>,
        training: bool,
        key: Option<&PyTensor>,
        masks: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let inputs: Vec<Value> = inputs
            .try_iter()?
            .map(|x| value_from(&x?, None))
            .collect::<PyResult<_>>()?;
        let weights = variables_from(variables)?;
        let call = Call {
            training,
            key: key.map(|k| k.value.clone()),
            masks: optional_values(masks)?,
        };
        let outputs = guard(|| self.layer.call(&call, &inputs, &weights))?;
        PyList::new(
            py,
            outputs
                .into_iter()
                .map(|y| Py::new(py, PyTensor::from(y)))
                .collect::<PyResult<Vec<_>>>()?,
        )
    }
}

#[pyfunction]
fn layer_names() -> Vec<&'static str> {
    layers::names()
}

/// Applies the activation of this name; integers become floats.
#[pyfunction]
#[pyo3(signature = (name, x, attrs=None))]
fn activation(name: &str, x: &Bound<'_, PyAny>, attrs: Option<&Bound<'_, PyDict>>) -> PyResult<PyTensor> {
    let x = value_from(x, None)?;
    let attrs = attrs_from(attrs)?;
    Ok(guard(|| {
        let x = if x.dtype().is_float() {
            x
        } else {
            ops::cast(&x, default_float())?
        };
        activations::activation(name, &x, &attrs)
    })?
    .into())
}

#[pyfunction]
fn activation_names() -> Vec<&'static str> {
    activations::names()
}

/// The first values of a weight.
#[pyfunction]
fn initialize(class_name: &str, config: &str, shape: &Bound<'_, PyAny>, dtype: &str) -> PyResult<PyTensor> {
    let spec = Spec {
        dtype: guard(|| DType::parse(dtype))?,
        dims: dims_from(shape)?,
    };
    let Some(sizes) = spec.shape() else {
        return Err(crate::error::Error::value(class_name)
            .expected("a shape without None")
            .got(spec.describe())
            .hint("Give all sizes")
            .into());
    };
    let tensor = guard(|| initializers::initialize(class_name, config, &sizes, spec.dtype))?;
    Ok(Value::from(tensor).into())
}

#[pyfunction]
fn initializer_names() -> Vec<&'static str> {
    initializers::names()
}

/// The penalty of a weight, a scalar.
#[pyfunction]
fn penalty(class_name: &str, config: &str, weight: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
    let weight = value_from(weight, None)?;
    Ok(guard(|| regularizers::penalty(class_name, config, &weight))?.into())
}

#[pyfunction]
fn regularizer_names() -> Vec<&'static str> {
    regularizers::names()
}

/// A weight brought back to what the constraint allows.
#[pyfunction]
fn constrain(class_name: &str, config: &str, weight: &Bound<'_, PyAny>) -> PyResult<PyTensor> {
    let weight = value_from(weight, None)?;
    Ok(guard(|| constraints::constrain(class_name, config, &weight))?.into())
}

#[pyfunction]
fn constraint_names() -> Vec<&'static str> {
    constraints::names()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyLayerCore>()?;
    m.add_function(wrap_pyfunction!(layer_names, m)?)?;
    m.add_function(wrap_pyfunction!(activation, m)?)?;
    m.add_function(wrap_pyfunction!(activation_names, m)?)?;
    m.add_function(wrap_pyfunction!(initialize, m)?)?;
    m.add_function(wrap_pyfunction!(initializer_names, m)?)?;
    m.add_function(wrap_pyfunction!(penalty, m)?)?;
    m.add_function(wrap_pyfunction!(regularizer_names, m)?)?;
    m.add_function(wrap_pyfunction!(constrain, m)?)?;
    m.add_function(wrap_pyfunction!(constraint_names, m)?)
}

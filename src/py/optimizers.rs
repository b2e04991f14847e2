//! `OptimizerCore`: the update rules behind Python's optimizers.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::errors::guard;
use super::tensor::PyTensor;
use super::variable::PyVariable;
use crate::autograd::Variable;
use crate::optimizers::{self, Optimizer, Slot};
use crate::tensor::View;

/// An optimizer's mathematics, from Keras's configuration.
#[pyclass(name = "OptimizerCore", module = "oxhorn._core", frozen)]
#[derive(Debug)]
pub struct PyOptimizerCore {
    pub optimizer: Arc<Optimizer>,
}

/// The core variables of Python's.
pub fn variables_from(list: &Bound<'_, PyAny>) -> PyResult<Vec<Variable>> {
    list.try_iter()?
        .map(|v| Ok(v?.cast::<PyVariable>()?.borrow().variable.clone()))
        .collect()
}

#[pymethods]
impl PyOptimizerCore {
    #[new]
    fn new(class_name: &str, config: &str) -> PyResult<Self> {
        Ok(Self {
            optimizer: Arc::new(guard(|| Optimizer::new(class_name, config))?),
        })
    }

    /// Groups of slots, (name, first value) each: a group's slots are made variable by variable.
    fn slot_groups(&self) -> Vec<Vec<(&'static str, f64)>> {
        let pair = |slot: &Slot| (slot.name, slot.initial);
        self.optimizer
            .slot_groups()
            .iter()
            .map(|group| group.iter().map(pair).collect())
            .collect()
    }

    /// A number that is kept once for all variables, after the slots: its name and first value.
    fn shared_slot(&self) -> Option<(&'static str, f64)> {
        self.optimizer.shared_slot().map(|slot| (slot.name, slot.initial))
    }

    /// Binds the variables and their slots, which are made here where none are given; gives the slots.
    #[pyo3(signature = (variables, no_decay, slots=None))]
    #[allow(clippy::needless_pass_by_value)] // a list of Python's bools cannot be borrowed
    fn build<'py>(
        &self,
        py: Python<'py>,
        variables: &Bound<'py, PyAny>,
        no_decay: Vec<bool>,
        slots: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let variables = variables_from(variables)?;
        if let Some(slots) = slots {
            let own = variables_from(slots)?;
            guard(|| self.optimizer.build(&variables, &no_decay, &own))?;
            return PyList::new(py, slots.try_iter()?.collect::<PyResult<Vec<_>>>()?);
        }
        let slots = guard(|| {
            let slots = self.optimizer.make_slots(&variables)?;
            self.optimizer.build(&variables, &no_decay, &slots)?;
            Ok(slots)
        })?;
        let slots: Vec<Py<PyVariable>> = slots
            .into_iter()
            .map(|variable| Py::new(py, PyVariable { variable }))
            .collect::<PyResult<_>>()?;
        PyList::new(py, slots)
    }

    /// Factors of the learning rate, one for each variable that `build` was given.
    #[allow(clippy::needless_pass_by_value)] // a list of Python's floats cannot be borrowed
    fn set_rate_factors(&self, factors: Vec<f64>) -> PyResult<()> {
        Ok(guard(|| self.optimizer.set_rate_factors(&factors))?)
    }

    /// The rule alone on one variable: no clipping, decay or averaging around it.
    fn update_step(
        &self,
        gradient: &Bound<'_, PyTensor>,
        variable: &Bound<'_, PyVariable>,
        learning_rate: f64,
        iteration: u64,
    ) -> PyResult<()> {
        let gradient = gradient.borrow().value.tensor()?.clone();
        let variable = variable.borrow().variable.clone();
        Ok(guard(|| {
            self.optimizer
                .update_step(&gradient.view(), &variable, learning_rate, iteration)
        })?)
    }

    /// One update; None stands for a variable that no gradient reached.
    fn apply(
        &self,
        gradients: &Bound<'_, PyAny>,
        variables: &Bound<'_, PyAny>,
        learning_rate: f64,
        iteration: u64,
    ) -> PyResult<()> {
        let gradients: Vec<Option<crate::tensor::Tensor>> = gradients
            .try_iter()?
            .map(|g| {
                let g = g?;
                if g.is_none() {
                    Ok(None)
                } else {
                    Ok(Some(g.cast::<PyTensor>()?.borrow().value.tensor()?.clone()))
                }
            })
            .collect::<PyResult<_>>()?;
        let variables = variables_from(variables)?;
        let views: Vec<Option<View<'_>>> = gradients
            .iter()
            .map(|g| g.as_ref().map(crate::tensor::Tensor::view))
            .collect();
        Ok(guard(|| {
            self.optimizer.apply(&views, &variables, learning_rate, iteration)
        })?)
    }
}

#[pyfunction]
fn optimizer_names() -> Vec<&'static str> {
    optimizers::names()
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyOptimizerCore>()?;
    m.add_function(wrap_pyfunction!(optimizer_names, m)?)
}

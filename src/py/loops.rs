//! `EvalLoop` and `TrainLoop`: many steps in one call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::convert::{Borrowed, borrow};
use super::graph::PyProgram;
use super::optimizers::{PyOptimizerCore, variables_from};
use super::run::detached;
use super::variable::PyVariable;
use crate::autograd::{Program, Variable};
use crate::dtype::DType;
use crate::optimizers::Optimizer;
use crate::shape::Shape;
use crate::tensor::{View, ViewMut};
use crate::train::{Batches, Budget, Rate, Stage, evaluate, train};

/// The arrays and the range of one call, borrowed.
pub struct Rows {
    columns: Vec<Borrowed>,
    order: Option<Borrowed>,
    start: usize,
    stop: usize,
    size: usize,
}

impl Rows {
    pub fn new(
        program: &Program,
        columns: &Bound<'_, PyAny>,
        order: Option<&Bound<'_, PyAny>>,
        start: usize,
        stop: usize,
        size: usize,
    ) -> PyResult<Self> {
        let specs = program.input_specs();
        let columns: Vec<Borrowed> = columns
            .try_iter()?
            .enumerate()
            .map(|(i, c)| borrow(&c?, specs.get(i).map(|s| s.dtype)))
            .collect::<PyResult<_>>()?;
        if columns.len() != specs.len() {
            return Err(PyValueError::new_err(format!(
                "columns: expected {} arrays; got {}",
                specs.len(),
                columns.len()
            )));
        }
        let order = order.map(|o| borrow(o, Some(DType::I64))).transpose()?;
        Ok(Self {
            columns,
            order,
            start,
            stop,
            size,
        })
    }

    /// Hands the borrowed rows to `work`.
    pub fn with<R>(&self, work: impl FnOnce(&Batches<'_>) -> R) -> R {
        let columns: Vec<View<'_>> = self.columns.iter().map(Borrowed::view).collect();
        let order = self.order.as_ref().map(Borrowed::view);
        work(&Batches {
            columns: &columns,
            order: order.as_ref().map(View::slice::<i64>),
            start: self.start,
            stop: self.stop,
            size: self.size,
        })
    }
}

pub fn budget(max_steps: usize, seconds: f64) -> PyResult<Budget> {
    let time = Duration::try_from_secs_f64(seconds.min(1e9)).map_err(|_| {
        PyValueError::new_err(format!(
            "budget_s: expected a number of seconds of at least 0; got {seconds}"
        ))
    })?;
    Ok(Budget {
        steps: max_steps,
        time,
    })
}

/// Arrays that results are written into.
struct Outputs {
    arrays: Vec<(Py<PyUntypedArray>, DType, Shape, usize)>,
}

impl Outputs {
    fn new(program: &Program, out: Option<&Bound<'_, PyList>>) -> PyResult<Self> {
        let Some(out) = out else {
            return Ok(Self { arrays: Vec::new() });
        };
        let specs = program.output_specs();
        if specs.len() != out.len() {
            return Err(PyValueError::new_err(format!(
                "out: expected {} arrays; got {}",
                specs.len(),
                out.len()
            )));
        }
        let arrays = out
            .iter()
            .zip(specs)
            .map(|(a, spec)| {
                let array = a.cast::<PyUntypedArray>()?.clone();
                let name = array.dtype().str()?.to_string();
                // SAFETY: a valid array object; flags and data pointer are only read.
                let (flags, data) = unsafe {
                    (
                        (*array.as_array_ptr()).fields.flags,
                        (*array.as_array_ptr()).fields.data,
                    )
                };
                let needed = numpy::npyffi::NPY_ARRAY_ALIGNED
                    | numpy::npyffi::NPY_ARRAY_WRITEABLE
                    | numpy::npyffi::NPY_ARRAY_C_CONTIGUOUS;
                if name != spec.dtype.name() || flags & needed != needed {
                    return Err(PyTypeError::new_err(format!(
                        "out: expected a writeable contiguous array of {}; got {name}",
                        spec.dtype
                    )));
                }
                let shape: Shape = array.shape().into();
                Ok((array.unbind(), spec.dtype, shape, data as usize))
            })
            .collect::<PyResult<_>>()?;
        Ok(Self { arrays })
    }

    fn views(&self) -> Vec<ViewMut<'_>> {
        self.arrays
            .iter()
            // SAFETY: checked in `new`; the arrays are kept alive, and the caller made them for this call alone.
            .map(|(_, dtype, shape, data)| unsafe { ViewMut::from_raw(*dtype, shape, *data as *mut u8) })
            .collect()
    }
}

/// Runs a program over batches of rows: evaluation and prediction.
#[pyclass(name = "EvalLoop", module = "oxhorn._core", frozen)]
pub struct PyEvalLoop {
    program: Arc<Program>,
    /// Gather buffers, one set for each thread that is running.
    stages: Mutex<Vec<Stage>>,
}

#[pymethods]
impl PyEvalLoop {
    #[new]
    fn new(program: &PyProgram) -> Self {
        Self {
            program: Arc::clone(&program.program),
            stages: Mutex::default(),
        }
    }

    /// Runs rows order[start:stop] in batches until they, `max_steps` or `budget_s` are used up; gives the number of
    /// rows done. Results go to the same positions of the arrays in `out`.
    #[pyo3(signature = (columns, order, start, stop, batch_size, max_steps, budget_s, out=None))]
    fn run(
        &self,
        py: Python<'_>,
        columns: &Bound<'_, PyAny>,
        order: Option<&Bound<'_, PyAny>>,
        start: usize,
        stop: usize,
        batch_size: usize,
        max_steps: usize,
        budget_s: f64,
        out: Option<&Bound<'_, PyList>>,
    ) -> PyResult<usize> {
        let rows = Rows::new(&self.program, columns, order, start, stop, batch_size)?;
        let budget = budget(max_steps, budget_s)?;
        let outputs = Outputs::new(&self.program, out)?;
        let mut stage = self
            .stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default();
        let result = rows.with(|batches| {
            detached(py, |poll| {
                evaluate(
                    &self.program,
                    &mut stage,
                    batches,
                    budget,
                    &mut outputs.views(),
                    poll,
                )
            })
        });
        self.stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stage);
        Ok(result?.rows)
    }
}

/// Trains a program's variables with an optimizer over batches of rows.
#[pyclass(name = "TrainLoop", module = "oxhorn._core", frozen)]
pub struct PyTrainLoop {
    program: Arc<Program>,
    optimizer: Arc<Optimizer>,
    variables: Vec<Variable>,
    iterations: Variable,
    learning_rate: Variable,
    /// Held while the loop runs: training is exclusive.
    stage: Mutex<Stage>,
}

#[pymethods]
impl PyTrainLoop {
    /// The program's outputs are one gradient for each variable.
    #[new]
    fn new(
        program: &PyProgram,
        optimizer: &PyOptimizerCore,
        variables: &Bound<'_, PyAny>,
        iterations: &PyVariable,
        learning_rate: &PyVariable,
    ) -> PyResult<Self> {
        let variables = variables_from(variables)?;
        let outputs = program.program.output_specs().len();
        if outputs != variables.len() {
            return Err(PyValueError::new_err(format!(
                "TrainLoop: expected one output (a gradient) for each of {} variables; got {outputs}",
                variables.len()
            )));
        }
        Ok(Self {
            program: Arc::clone(&program.program),
            optimizer: Arc::clone(&optimizer.optimizer),
            variables,
            iterations: iterations.variable.clone(),
            learning_rate: learning_rate.variable.clone(),
            stage: Mutex::default(),
        })
    }

    /// Trains on rows order[start:stop] in batches until they, `max_steps` or `budget_s` are used up; gives the number
    /// of rows done. `rates`: the learning rate of each step, where a schedule decides it.
    #[pyo3(signature = (columns, order, start, stop, batch_size, max_steps, budget_s, rates=None))]
    fn run(
        &self,
        py: Python<'_>,
        columns: &Bound<'_, PyAny>,
        order: Option<&Bound<'_, PyAny>>,
        start: usize,
        stop: usize,
        batch_size: usize,
        max_steps: usize,
        budget_s: f64,
        rates: Option<Vec<f64>>,
    ) -> PyResult<usize> {
        let rows = Rows::new(&self.program, columns, order, start, stop, batch_size)?;
        let budget = budget(max_steps, budget_s)?;
        let mut stage = self.stage.try_lock().map_err(|_| {
            PyRuntimeError::new_err("fit: expected one training loop at a time on a model; another thread is training it. Wait for it, or train a copy.")
        })?;
        let rate = rates
            .as_deref()
            .map_or(Rate::Variable(&self.learning_rate), Rate::Schedule);
        let update =
            |g: &[Option<View<'_>>], v: &[Variable], rate: f64, n: u64| self.optimizer.apply(g, v, rate, n);
        let report = rows.with(|batches| {
            let stage = &mut *stage;
            detached(py, |poll| {
                train(
                    &self.program,
                    &update,
                    &self.variables,
                    &self.iterations,
                    rate,
                    stage,
                    batches,
                    budget,
                    poll,
                )
            })
        })?;
        Ok(report.rows)
    }
}

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyEvalLoop>()?;
    m.add_class::<PyTrainLoop>()
}

//! A variable: a shared, named tensor that can be assigned.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::graph::tracing;
use super::scope;
use super::tape::Tape;
use super::value::{Eager, Value, fresh_id};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::{Shape, show, show_shape};
use crate::tensor::{Tensor, View, ViewMut};

/// Shared by whoever holds it: layers that are reused, models that share layers, the optimizer.
#[derive(Clone)]
pub struct Variable(Arc<Inner>);

struct Inner {
    id: u64,
    dtype: DType,
    shape: Shape,
    trainable: AtomicBool,
    label: RwLock<Label>,
    tensor: RwLock<Tensor>,
}

#[derive(Clone)]
struct Label {
    name: String,
    path: String,
}

impl Variable {
    pub fn new(tensor: Tensor, name: &str, path: &str, trainable: bool) -> Self {
        Self(Arc::new(Inner {
            id: fresh_id(),
            dtype: tensor.dtype(),
            shape: tensor.shape().into(),
            trainable: AtomicBool::new(trainable),
            label: RwLock::new(Label {
                name: name.into(),
                path: path.into(),
            }),
            tensor: RwLock::new(tensor),
        }))
    }

    pub fn id(&self) -> u64 {
        self.0.id
    }

    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    pub fn trainable(&self) -> bool {
        self.0.trainable.load(Ordering::Relaxed)
    }

    pub fn set_trainable(&self, on: bool) {
        self.0.trainable.store(on, Ordering::Relaxed);
    }

    pub fn name(&self) -> String {
        self.0
            .label
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .name
            .clone()
    }

    pub fn path(&self) -> String {
        self.0
            .label
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .path
            .clone()
    }

    pub fn set_name(&self, name: &str) {
        self.0.label.write().unwrap_or_else(PoisonError::into_inner).name = name.into();
    }

    pub fn set_path(&self, path: &str) {
        self.0.label.write().unwrap_or_else(PoisonError::into_inner).path = path.into();
    }

    /// The present tensor: a snapshot that later updates leave alone.
    pub fn tensor(&self) -> Tensor {
        self.0
            .tensor
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The variable as a value: what it stands for in a scope, a node while a graph is traced on this thread, or else
    /// its present tensor.
    pub fn value(&self) -> Value {
        if let Some(value) = scope::read(self.id()) {
            return value;
        }
        match tracing() {
            Some(graph) => graph.variable(self),
            None => self.eager(),
        }
    }

    /// The present tensor as a value that tapes know by this variable.
    pub fn eager(&self) -> Value {
        let value = Value::Eager(Eager {
            tensor: self.tensor(),
            id: self.0.id,
        });
        if self.trainable() {
            Tape::watch_on_all(&value);
        }
        value
    }

    /// An error unless the value has the variable's shape, as far as it is known.
    pub fn check_shape(&self, value: &Value) -> Result<()> {
        let spec = value.spec();
        let same = spec.rank() == self.0.shape.len()
            && spec
                .dims
                .iter()
                .zip(&self.0.shape)
                .all(|(d, n)| d.is_none_or(|d| d == *n));
        if !same {
            return Err(Error::value(format!("variable '{}'", self.name()))
                .expected(format!("a value of shape {}", show_shape(&self.0.shape)))
                .got(show(&spec.dims))
                .hint("A variable keeps its shape"));
        }
        Ok(())
    }

    /// Takes a new value: now; inside a scope, for the rest of it; while a graph is traced, after each of its runs.
    pub fn assign(&self, value: &Value) -> Result<()> {
        self.check_shape(value)?;
        if value.dtype() != self.0.dtype {
            let cast = crate::ops::cast(value, self.0.dtype)?;
            return self.assign(&cast);
        }
        if scope::write(self.id(), value) {
            return Ok(());
        }
        match (value, tracing()) {
            (Value::Node(_), None) => Err(Error::runtime(format!("variable '{}'", self.name()))
                .expected("a value with data, or a trace in progress")
                .got("a symbolic value outside its trace")),
            (_, Some(graph)) => graph.assign(self, value),
            (Value::Eager(e), None) => self.set(&e.tensor),
        }
    }

    /// Copies the tensor in, now, whatever is being traced.
    pub fn set(&self, tensor: &Tensor) -> Result<()> {
        self.set_view(&tensor.view())
    }

    pub fn set_view(&self, view: &View<'_>) -> Result<()> {
        if view.dtype() != self.0.dtype || view.shape() != &self.0.shape[..] {
            return Err(Error::value(format!("variable '{}'", self.name()))
                .expected(format!("{} {}", self.0.dtype, show_shape(&self.0.shape)))
                .got(format!("{} {}", view.dtype(), show_shape(view.shape()))));
        }
        self.update(|mut to| {
            to.bytes_mut().copy_from_slice(view.bytes());
            Ok(())
        })
    }

    /// Changes the elements in place. Snapshots taken before keep their numbers: then the memory is copied first.
    pub fn update<R>(&self, change: impl FnOnce(ViewMut<'_>) -> Result<R>) -> Result<R> {
        let mut guard = self.0.tensor.write().unwrap_or_else(PoisonError::into_inner);
        guard.make_unique()?;
        change(guard.view_mut())
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Variable('{}', {} {})",
            self.path(),
            self.0.dtype,
            show_shape(&self.0.shape)
        )
    }
}

//! The tape: which eager ops ran on values that somebody wants gradients for.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::backward::{Record, gradients};
use super::value::{Key, Value};
use crate::error::{Error, Result};
use crate::ops::Op;

/// Records eager ops while it is active on a thread. Trainable variables are watched by [`Tape::watch_id`] when they
/// are read; other values by [`Tape::watch`].
#[derive(Debug, Clone, Default)]
pub struct Tape(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    watched: HashSet<Key>,
    records: Vec<Record>,
}

thread_local! {
    static ACTIVE: RefCell<Vec<Tape>> = const { RefCell::new(Vec::new()) };
}

impl Tape {
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts recording on this thread.
    pub fn start(&self) {
        ACTIVE.with(|active| active.borrow_mut().push(self.clone()));
    }

    /// Stops recording on this thread.
    pub fn stop(&self) {
        ACTIVE.with(|active| {
            let mut active = active.borrow_mut();
            if let Some(at) = active.iter().rposition(|t| Arc::ptr_eq(&t.0, &self.0)) {
                active.remove(at);
            }
        });
    }

    pub fn watch(&self, value: &Value) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .watched
            .insert(value.key());
    }

    /// True if any tape records on this thread.
    pub fn any_active() -> bool {
        ACTIVE.with(|active| !active.borrow().is_empty())
    }

    /// Lets every active tape of this thread watch a value (a trainable variable that is being read).
    pub fn watch_on_all(value: &Value) {
        ACTIVE.with(|active| active.borrow().iter().for_each(|t| t.watch(value)));
    }

    /// What was recorded, in the order of execution.
    pub fn records(&self) -> Vec<Record> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .records
            .clone()
    }

    /// Forgets what was recorded, and frees the memory it held.
    pub fn clear(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.records.clear();
        inner.watched.clear();
    }

    /// d target / d source for each source; `None` where the target does not depend on it.
    pub fn gradient(
        &self,
        target: &Value,
        seed: Option<&Value>,
        sources: &[Key],
    ) -> Result<Vec<Option<Value>>> {
        // The records are taken out while the walk runs, since other tapes (and this one, if active) may record it.
        let records = self.records();
        if !target.dtype().is_float() {
            return Err(Error::type_error("gradient")
                .expected("a floating-point target")
                .got(target.spec().describe()));
        }
        gradients(&records, target, seed, sources)
    }
}

/// Called after each eager op.
pub(super) fn record(op: &Arc<dyn Op>, inputs: &[&Value], outputs: &[Value]) {
    ACTIVE.with(|active| {
        for tape in active.borrow().iter() {
            let mut inner = tape.0.lock().unwrap_or_else(PoisonError::into_inner);
            if inputs.iter().any(|v| inner.watched.contains(&v.key())) {
                for output in outputs.iter().filter(|v| v.dtype().is_float()) {
                    inner.watched.insert(output.key());
                }
                inner.records.push(Record {
                    op: Arc::clone(op),
                    inputs: inputs.iter().map(|v| (*v).clone()).collect(),
                    outputs: outputs.iter().cloned().collect(),
                });
            }
        }
    });
}

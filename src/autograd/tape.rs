//! The tape: which eager ops ran on values that somebody wants gradients for.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backward::{Record, Target, gradients};
use super::value::{Key, KeySet, Value};
use crate::error::Result;
use crate::ops::Op;

/// Records eager ops while it is active on a thread. Trainable variables are watched by [`Tape::watch_id`] when they
/// are read; other values by [`Tape::watch`].
#[derive(Debug, Clone)]
pub struct Tape(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Whether trainable variables are watched by themselves when they are read.
    automatic: bool,
    watched: KeySet,
    records: Vec<Record>,
}

thread_local! {
    static ACTIVE: RefCell<Vec<Tape>> = const { RefCell::new(Vec::new()) };
}

impl Tape {
    /// A tape that watches trainable variables by itself (`automatic`), or only what [`Tape::watch`] names.
    pub fn new(automatic: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            automatic,
            watched: KeySet::default(),
            records: Vec::new(),
        })))
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
        self.lock().watched.insert(value.key());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if any tape records on this thread.
    pub fn any_active() -> bool {
        ACTIVE.with(|active| !active.borrow().is_empty())
    }

    /// Lets every active tape of this thread that watches by itself watch a trainable variable that is being read.
    pub fn watch_on_all(value: &Value) {
        ACTIVE.with(|active| {
            for tape in active.borrow().iter() {
                let mut inner = tape.lock();
                if inner.automatic {
                    inner.watched.insert(value.key());
                }
            }
        });
    }

    /// What was recorded, in the order of execution.
    pub fn records(&self) -> Vec<Record> {
        self.lock().records.clone()
    }

    /// Forgets what was recorded, and frees the memory it held.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.records.clear();
        inner.watched.clear();
    }

    /// The gradient of the sum of the targets for each source; `None` where no target depends on it.
    pub fn gradient(&self, targets: &[Target], sources: &[Key]) -> Result<Vec<Option<Value>>> {
        // The records are taken out while the walk runs, since other tapes (and this one, if active) may record it.
        gradients(&self.records(), targets, sources)
    }
}

/// Called after each eager op.
pub(super) fn record(op: &Arc<dyn Op>, inputs: &[&Value], outputs: &[Value]) {
    ACTIVE.with(|active| {
        for tape in active.borrow().iter() {
            let mut inner = tape.lock();
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

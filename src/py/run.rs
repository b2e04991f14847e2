//! Long work without the interpreter lock, with an open ear for Ctrl-C.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::errors::guard;
use crate::error::{Error, Result};

/// How often signals are looked for.
const TICK: Duration = Duration::from_millis(20);

/// Runs `work` with the lock released. Now and then its `poll` looks for signals; after one it answers with an error,
/// `work` returns, and the signal's exception (`KeyboardInterrupt`) is raised.
pub fn detached<R: Send>(
    py: Python<'_>,
    work: impl FnOnce(&dyn Fn() -> Result<()>) -> Result<R> + Send,
) -> PyResult<R> {
    let (result, raised) = py.detach(|| {
        let (last, raised) = (Cell::new(Instant::now()), RefCell::new(None));
        let poll = || {
            if last.get().elapsed() >= TICK {
                // A closure, because the method alone is tied to one lifetime.
                #[allow(clippy::redundant_closure_for_method_calls)]
                if let Err(e) = Python::attach(|py| py.check_signals()) {
                    *raised.borrow_mut() = Some(e);
                }
                last.set(Instant::now());
            }
            if raised.borrow().is_some() {
                Err(Error::interrupted())
            } else {
                Ok(())
            }
        };
        let result = guard(|| work(&poll));
        (result, raised.into_inner())
    });
    match raised {
        Some(signal) => Err(signal),
        None => Ok(result?),
    }
}

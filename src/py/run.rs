//! Long work without the interpreter lock, with an open ear for Ctrl-C.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::errors::guard;
use crate::error::{Error, Result};
use crate::kernels::parallel;

/// How often signals are looked for.
const TICK: Duration = Duration::from_millis(20);

/// Runs `work` with the lock released. Large work (`heavy`) runs in the thread pool while this thread waits and
/// looks for signals; small work runs right here, and `poll` itself looks now and then. After a signal, `poll`
/// answers with an error, `work` returns, and the signal's exception (`KeyboardInterrupt`) is raised.
pub fn detached<R: Send>(
    py: Python<'_>,
    heavy: bool,
    work: impl FnOnce(&dyn Fn() -> Result<()>) -> Result<R> + Send,
) -> PyResult<R> {
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let stop = AtomicBool::new(false);
    let look = || {
        // A closure, because the method alone is tied to one lifetime.
        #[allow(clippy::redundant_closure_for_method_calls)]
        let checked = Python::attach(|py| py.check_signals());
        if let Err(e) = checked {
            *raised.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(e);
            stop.store(true, Ordering::Relaxed);
        }
    };
    let stopped = || {
        if stop.load(Ordering::Relaxed) {
            Err(Error::interrupted())
        } else {
            Ok(())
        }
    };
    let result = py.detach(|| {
        if heavy && parallel::get_num_threads() > 1 {
            parallel::inside_ticking(|| guard(|| work(&stopped)), TICK, look)
        } else {
            let last = Cell::new(Instant::now());
            let poll = || {
                if last.get().elapsed() >= TICK {
                    look();
                    last.set(Instant::now());
                }
                stopped()
            };
            guard(|| work(&poll))
        }
    });
    if let Some(e) = raised
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
    {
        return Err(e);
    }
    Ok(result?)
}

//! Where the time of runs goes, step by step; off unless asked for. Steps inside branches and loops count twice: on their
//! own, and in the step that runs them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

static ON: AtomicBool = AtomicBool::new(false);
static TIMES: Mutex<Option<HashMap<String, Time>>> = Mutex::new(None);

/// How often a step ran, and for how long altogether.
#[derive(Debug, Clone, Copy, Default)]
pub struct Time {
    pub runs: usize,
    pub total: Duration,
}

/// Begins to take times, from zero, or ends; gives what was taken before.
pub fn profile(on: bool) -> HashMap<String, Time> {
    ON.store(on, Ordering::Relaxed);
    let mut times = TIMES.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut *times, on.then(HashMap::new)).unwrap_or_default()
}

/// f(), timed under this name if times are taken.
#[inline]
pub fn timed<R>(name: impl FnOnce() -> String, f: impl FnOnce() -> R) -> R {
    if !ON.load(Ordering::Relaxed) {
        return f();
    }
    let began = Instant::now();
    let result = f();
    let took = began.elapsed();
    if let Some(times) = TIMES.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        let time = times.entry(name()).or_default();
        time.runs += 1;
        time.total += took;
    }
    result
}

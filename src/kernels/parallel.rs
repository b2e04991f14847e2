//! Threads. The only place that decides between serial and parallel.
//!
//! Work is split by shape: a grain (elements for one chunk) is chosen from sizes alone, never from the number of
//! threads, and partial results are combined along a tree that depends on the number of chunks alone. So the bits of
//! a result are the same for any number of threads, also for one.
//!
//! The pool is entered once for each call from outside (`inside`); entering costs tens of microseconds, splitting
//! while inside costs tens of nanoseconds. Outside of the pool everything runs on the calling thread.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// The most threads that `set_num_threads` accepts.
pub const MAX_THREADS: usize = 256;

/// A chunk of elementwise work is about this many elements: large against the cost of a split, small against L2.
pub const GRAIN: usize = 16 * 1024;

struct Pool {
    process: u32,
    threads: rayon::ThreadPool,
}

/// The number asked for; 0 means the number of CPUs this process may use.
static REQUESTED: AtomicUsize = AtomicUsize::new(0);

/// One pool for each number of threads ever used, built on first use and never freed: a pool can thus be read without
/// a lock, which matters because a lock held by another thread during `fork` would stay locked in the child for ever.
static POOLS: [AtomicPtr<Pool>; MAX_THREADS + 1] = [const { AtomicPtr::new(null_mut()) }; MAX_THREADS + 1];

/// A number of threads that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidThreads(pub usize);

impl fmt::Display for InvalidThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "set_num_threads: expected a number from 1 to {MAX_THREADS}, got {}.",
            self.0
        )
    }
}

impl std::error::Error for InvalidThreads {}

/// The number of CPUs that affinity and cgroup leave to this process, at least 1.
fn available() -> usize {
    static AVAILABLE: AtomicUsize = AtomicUsize::new(0);
    match AVAILABLE.load(Ordering::Relaxed) {
        0 => {
            let n = std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(MAX_THREADS);
            AVAILABLE.store(n, Ordering::Relaxed);
            n
        }
        n => n,
    }
}

/// The number of threads that calls use.
pub fn get_num_threads() -> usize {
    match REQUESTED.load(Ordering::Relaxed) {
        0 => available(),
        n => n,
    }
}

/// Sets the number of threads that later calls use. Results do not depend on it.
pub fn set_num_threads(n: usize) -> Result<(), InvalidThreads> {
    if n == 0 || n > MAX_THREADS {
        return Err(InvalidThreads(n));
    }
    REQUESTED.store(n, Ordering::Relaxed);
    Ok(())
}

/// The pool for `n` threads in this process, or none if the system refuses to start threads.
fn pool(n: usize) -> Option<&'static Pool> {
    let process = std::process::id();
    let found = POOLS[n].load(Ordering::Acquire);
    // SAFETY: a non-null pointer here came from `Box::into_raw` below and is never freed.
    if let Some(pool) = unsafe { found.as_ref() }
        && pool.process == process
    {
        return Some(pool);
    }
    // First use, or a child after `fork`: the threads of the parent's pool do not exist here.
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(n)
        .thread_name(|i| format!("oxhorn-{i}"))
        .build()
        .ok()?;
    let fresh = Box::into_raw(Box::new(Pool { process, threads }));
    match POOLS[n].compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: `fresh` is valid and, being published, lives for ever.
        Ok(_) => unsafe { fresh.as_ref() },
        Err(other) => {
            // SAFETY: `fresh` was not published, so this thread owns it; `other` was published by another thread.
            unsafe {
                drop(Box::from_raw(fresh));
                other.as_ref()
            }
        }
    }
}

/// Whether the calling thread is one of a pool's, so that splitting is cheap.
#[inline]
pub fn is_inside() -> bool {
    rayon::current_thread_index().is_some()
}

/// Runs `f` in the pool. With one thread, or when the system grants none, `f` runs on the calling thread: the bits of
/// its results are the same.
pub fn inside<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let n = get_num_threads();
    if n == 1 || is_inside() {
        return f();
    }
    match pool(n) {
        Some(pool) => pool.threads.install(f),
        None => f(),
    }
}

/// Runs `f` in the pool while the calling thread waits outside and calls `tick` every `period`, until `f` is done.
/// `f` must not panic; `tick` runs on the calling thread.
pub fn inside_ticking<R: Send>(f: impl FnOnce() -> R + Send, period: Duration, tick: impl Fn()) -> R {
    let found = if is_inside() {
        None
    } else {
        pool(get_num_threads())
    };
    let Some(pool) = found else { return f() };
    let done: (Mutex<Option<R>>, Condvar) = (Mutex::new(None), Condvar::new());
    pool.threads.in_place_scope(|scope| {
        scope.spawn(|_| {
            let result = f();
            *done.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            done.1.notify_one();
        });
        let mut result = done.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(result) = result.take() {
                return result;
            }
            let (guard, waited) = done
                .1
                .wait_timeout(result, period)
                .unwrap_or_else(PoisonError::into_inner);
            result = guard;
            if waited.timed_out() && result.is_none() {
                drop(result);
                tick();
                result = done.0.lock().unwrap_or_else(PoisonError::into_inner);
            }
        }
    })
}

/// `inside(f)` if the work is worth the tens of microseconds of entering the pool, else `f()` where we are.
pub fn inside_if<R: Send>(worth_it: bool, f: impl FnOnce() -> R + Send) -> R {
    if worth_it { inside(f) } else { f() }
}

/// Calls `f` for the consecutive ranges of `grain` elements (the last may be shorter) that make up `0..n`.
pub fn for_ranges(n: usize, grain: usize, f: impl Fn(Range<usize>) + Sync) {
    let grain = grain.max(1);
    let chunks = n.div_ceil(grain);
    let part = |i: usize| f(i * grain..n.min((i + 1) * grain));
    if chunks > 1 && is_inside() && rayon::current_num_threads() > 1 {
        split(0..chunks, &part);
    } else {
        (0..chunks).for_each(part);
    }
}

fn split(chunks: Range<usize>, part: &(impl Fn(usize) + Sync)) {
    if chunks.len() == 1 {
        return part(chunks.start);
    }
    let middle = chunks.start + chunks.len() / 2;
    rayon::join(
        || split(chunks.start..middle, part),
        || split(middle..chunks.end, part),
    );
}

/// Calls `f(index of the first element, chunk)` for the consecutive chunks of `len` elements of `data`.
pub fn for_chunks_mut<T: Send>(data: &mut [T], len: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let n = data.len();
    let shared = Disjoint::new(data);
    // SAFETY: the ranges of `for_ranges` do not overlap.
    for_ranges(n, len, |range| f(range.start, unsafe { shared.slice(range) }));
}

/// combine(map(range 0), map(range 1), ...) over the ranges of `for_ranges`, combined along a tree that depends on the
/// number of ranges alone; none if `n` is 0.
pub fn fold_ranges<A: Send>(
    n: usize,
    grain: usize,
    map: impl Fn(Range<usize>) -> A + Sync,
    combine: impl Fn(A, A) -> A + Sync,
) -> Option<A> {
    let grain = grain.max(1);
    let chunks = n.div_ceil(grain);
    if chunks == 0 {
        return None;
    }
    let part = |i: usize| map(i * grain..n.min((i + 1) * grain));
    let parallel = chunks > 1 && is_inside() && rayon::current_num_threads() > 1;
    Some(fold(0..chunks, parallel, &part, &combine))
}

fn fold<A: Send>(
    chunks: Range<usize>,
    parallel: bool,
    part: &(impl Fn(usize) -> A + Sync),
    combine: &(impl Fn(A, A) -> A + Sync),
) -> A {
    if chunks.len() == 1 {
        return part(chunks.start);
    }
    let middle = chunks.start + chunks.len() / 2;
    let (left, right) = (chunks.start..middle, middle..chunks.end);
    let (a, b) = if parallel {
        rayon::join(
            || fold(left, true, part, combine),
            || fold(right, true, part, combine),
        )
    } else {
        (
            fold(left, false, part, combine),
            fold(right, false, part, combine),
        )
    };
    combine(a, b)
}

/// A mutable slice of which several threads may each take a part of their own.
#[derive(Debug)]
pub struct Disjoint<'a, T> {
    start: *mut T,
    len: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Disjoint` hands out `&mut` parts only through `slice`, whose caller promises that they do not overlap.
unsafe impl<T: Send> Sync for Disjoint<'_, T> {}
// SAFETY: as for `&mut [T]`.
unsafe impl<T: Send> Send for Disjoint<'_, T> {}

impl<'a, T> Disjoint<'a, T> {
    pub fn new(data: &'a mut [T]) -> Self {
        Self {
            start: data.as_mut_ptr(),
            len: data.len(),
            lifetime: PhantomData,
        }
    }

    /// Where a part begins, for writing through the pointer to places in the part that no other thread touches.
    #[inline]
    pub fn pointer(&self, range: Range<usize>) -> *mut T {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "part out of range"
        );
        self.start.wrapping_add(range.start)
    }

    /// # Safety
    /// No two parts that are alive at the same time may overlap.
    #[inline]
    #[allow(clippy::mut_from_ref)] // that is what this type is for; see the safety section
    pub unsafe fn slice(&self, range: Range<usize>) -> &mut [T] {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "part out of range"
        );
        // SAFETY: in range by the assertion, exclusive by the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_threads<R: Send>(n: usize, f: impl FnOnce() -> R + Send) -> R {
        pool(n).expect("threads").threads.install(f)
    }

    #[test]
    fn ranges_cover_everything_once() {
        for n in [0, 1, 7, 64, 1000] {
            for grain in [1, 3, 64, 5000] {
                let mut data = vec![0_u32; n];
                let count = |data: &mut Vec<u32>| {
                    for_chunks_mut(data, grain, |first, chunk| {
                        for (i, x) in chunk.iter_mut().enumerate() {
                            *x += (first + i) as u32 + 1;
                        }
                    });
                };
                count(&mut data);
                with_threads(3, || count(&mut data));
                assert!(data.iter().enumerate().all(|(i, &x)| x == 2 * (i as u32 + 1)));
            }
        }
    }

    #[test]
    fn sums_have_the_same_bits_for_any_number_of_threads() {
        let data: Vec<f32> = (0..100_003)
            .map(|i| ((i * 37) % 101) as f32 * 0.013 - 0.5)
            .collect();
        let sum = || fold_ranges(data.len(), 1000, |r| data[r].iter().sum::<f32>(), |a, b| a + b);
        let serial = sum();
        for n in [1, 2, 3, 7] {
            assert_eq!(serial.map(f32::to_bits), with_threads(n, sum).map(f32::to_bits));
        }
        assert_eq!(fold_ranges(0, 10, |_| 1, |a, b| a + b), None);
    }

    #[test]
    fn absurd_numbers_of_threads_are_refused() {
        assert_eq!(set_num_threads(0), Err(InvalidThreads(0)));
        assert_eq!(set_num_threads(1_000_000_000), Err(InvalidThreads(1_000_000_000)));
        assert!(InvalidThreads(0).to_string().contains("from 1 to 256, got 0"));
        assert!(get_num_threads() >= 1);
    }

    #[test]
    fn calls_from_outside_enter_once() {
        assert!(!is_inside());
        assert!(with_threads(2, || inside(is_inside)));
        assert!(!inside_if(false, is_inside));
    }
}

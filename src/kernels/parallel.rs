//! Threads. The only place that decides between serial and parallel.
//!
//! Work is split by shape: a grain (elements for one chunk) is chosen from sizes alone, never from the number of
//! threads, and partial results are combined along a tree that depends on the number of chunks alone. So the bits of
//! a result are the same for any number of threads, also for one.
//!
//! The caller takes part in the work: see `team`. A job inside a job, or beside one of another thread of Python's, runs on
//! its own thread.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use smallvec::SmallVec;

#[path = "team.rs"]
mod team;
use team::Team;

/// The most threads that `set_num_threads` accepts.
pub const MAX_THREADS: usize = 256;

/// A chunk of elementwise work is about this many elements: large against the cost of a split, small against L2.
pub const GRAIN: usize = 16 * 1024;

/// The number asked for; 0 means the number of CPUs this process may use.
static REQUESTED: AtomicUsize = AtomicUsize::new(0);

/// One team for each number of threads ever used, made on first use and never freed: a team can thus be read without
/// a lock, which matters because a lock held by another thread during `fork` would stay locked in the child for ever.
static TEAMS: [AtomicPtr<Team>; MAX_THREADS + 1] = [const { AtomicPtr::new(null_mut()) }; MAX_THREADS + 1];

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
    #[cfg(test)]
    if let Some(n) = tests::forced() {
        return n;
    }
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

/// The team of `n` threads in this process.
fn team(n: usize) -> &'static Team {
    let process = std::process::id();
    let found = TEAMS[n].load(Ordering::Acquire);
    // SAFETY: a non-null pointer here came from `Box::into_raw` below and is never freed.
    if let Some(team) = unsafe { found.as_ref() }
        && team.process == process
    {
        return team;
    }
    // First use, or a child after `fork`: the threads of the parent's team do not exist here.
    let fresh = Box::into_raw(Box::new(Team::new(n, process)));
    match TEAMS[n].compare_exchange(found, fresh, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            // SAFETY: `fresh` is valid and, being published, lives for ever.
            let team: &'static Team = unsafe { &*fresh };
            team.hire();
            team
        }
        Err(other) => {
            // SAFETY: `fresh` was not published, so this thread owns it; `other` was published by another thread.
            unsafe {
                drop(Box::from_raw(fresh));
                &*other
            }
        }
    }
}

/// Calls `part` once for each number below `chunks`, on one thread or several.
fn for_each(chunks: usize, part: &(impl Fn(usize) + Sync)) {
    if chunks > 1 {
        let threads = get_num_threads();
        if threads > 1 && team(threads).run(chunks, part) {
            return;
        }
    }
    (0..chunks).for_each(part);
}

/// Calls `f` for the consecutive ranges of `grain` elements (the last may be shorter) that make up `0..n`.
pub fn for_ranges(n: usize, grain: usize, f: impl Fn(Range<usize>) + Sync) {
    let grain = grain.max(1);
    let chunks = n.div_ceil(grain);
    let part = |i: usize| f(i * grain..n.min((i + 1) * grain));
    for_each(chunks, &part);
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
    let mut parts: SmallVec<[Option<A>; 16]> = SmallVec::with_capacity(chunks);
    parts.resize_with(chunks, || None);
    let shared = Disjoint::new(&mut parts);
    for_each(chunks, &|i| {
        let part = map(i * grain..n.min((i + 1) * grain));
        // SAFETY: each number is given once.
        let place = unsafe { shared.slice(i..i + 1) };
        place[0] = Some(part);
    });
    fold(&mut parts, &combine)
}

fn fold<A>(parts: &mut [Option<A>], combine: &impl Fn(A, A) -> A) -> Option<A> {
    if parts.len() <= 1 {
        return parts.first_mut().and_then(Option::take);
    }
    let (left, right) = parts.split_at_mut(parts.len() / 2);
    match (fold(left, combine), fold(right, combine)) {
        (Some(a), Some(b)) => Some(combine(a, b)),
        (a, b) => a.or(b),
    }
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
pub mod tests {
    use core::cell::Cell;

    use super::*;

    thread_local! {
        static FORCED: Cell<Option<usize>> = const { Cell::new(None) };
    }

    pub fn forced() -> Option<usize> {
        FORCED.get()
    }

    /// f() with this number of threads, whatever other tests use.
    pub fn with_threads<R>(n: usize, f: impl FnOnce() -> R) -> R {
        let before = FORCED.replace(Some(n));
        let result = f();
        FORCED.set(before);
        result
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
    fn several_threads_do_a_job_and_nested_jobs_stay_where_they_are() {
        with_threads(3, || {
            for round in 0..200 {
                let total = AtomicUsize::new(0);
                for_ranges(40, 1, |outer| {
                    for_ranges(10, 1, |inner| {
                        total.fetch_add(outer.start * 10 + inner.start + round, Ordering::Relaxed);
                    });
                });
                assert_eq!(total.into_inner(), 400 * 399 / 2 + 400 * round);
            }
        });
    }

    #[test]
    fn callers_beside_each_other_do_not_mix() {
        let sum = |n: usize| {
            fold_ranges(n, 1, |r| r.start, |a, b| a + b).unwrap_or(0) == n * n.saturating_sub(1) / 2
        };
        std::thread::scope(|scope| {
            for first in 0..4 {
                scope.spawn(move || with_threads(2, || (0..300).for_each(|i| assert!(sum(first + i % 50)))));
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        for bad in [0, 19, 37] {
            let caught = std::panic::catch_unwind(|| {
                with_threads(2, || for_ranges(38, 1, |r| assert_ne!(r.start, bad, "chunk")));
            });
            assert!(caught.is_err());
            FORCED.set(None);
        }
        with_threads(2, || for_ranges(38, 1, |_| ()));
    }
}

//! The threads that share one job: the caller and its workers.
//!
//! A job is a number of chunks and a function of a chunk's number. Each thread begins with a share of its own, the same
//! one in every job of that size, so that what it wrote lies in its own cache; who is done takes from the others'. The
//! caller is one of the threads and never waits for a worker to wake up: it only waits, at the end, for those that have
//! begun a chunk.
//!
//! Workers spin for a while after a job before they sleep. A step of a small network is a chain of jobs a few
//! microseconds apart, and waking a thread takes longer than most of them; this is why the threads are not rayon's, whose
//! idle workers sleep sooner, and whose pool takes 12 to 30 us to enter.

use core::any::Any;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[path = "processor.rs"]
mod processor;

/// How long a worker stays awake after its last job.
const AWAKE: Duration = Duration::from_micros(200);

#[derive(Clone, Copy)]
struct Job {
    run: *const (dyn Fn(usize) + Sync),
    chunks: usize,
    shares: usize,
}

/// A number on a cache line of its own.
#[repr(align(64))]
struct Line(AtomicUsize);

pub struct Team {
    /// The process whose threads these are: after `fork`, a child has none of them.
    pub process: u32,
    /// Taken by the caller whose job is done.
    taken: AtomicBool,
    job: UnsafeCell<Job>,
    /// Where the caller of the last job ran.
    caller: AtomicUsize,
    /// Whether workers may begin with the job.
    open: AtomicBool,
    /// Workers that look at the job.
    inside: AtomicUsize,
    /// The next chunk of each thread's share.
    next: Box<[Line]>,
    /// Jobs so far; what idle workers watch.
    jobs: AtomicUsize,
    sleepers: AtomicUsize,
    sleep: Mutex<()>,
    wake: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is written by the caller that holds `taken`, while `open` is false and no worker that saw it true is inside.
unsafe impl Sync for Team {}
// SAFETY: the pointer in `job` is followed only while the job is open.
unsafe impl Send for Team {}

impl Team {
    /// A team of `threads`, of which the caller is one. `hire` starts the others.
    pub fn new(threads: usize, process: u32) -> Self {
        let nothing: &(dyn Fn(usize) + Sync) = &|_| {};
        Self {
            process,
            taken: AtomicBool::new(false),
            job: UnsafeCell::new(Job {
                run: nothing,
                chunks: 0,
                shares: 1,
            }),
            caller: AtomicUsize::new(usize::MAX),
            open: AtomicBool::new(false),
            inside: AtomicUsize::new(0),
            next: (0..threads).map(|_| Line(AtomicUsize::new(0))).collect(),
            jobs: AtomicUsize::new(0),
            sleepers: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
            panic: Mutex::new(None),
        }
    }

    /// Starts the workers. Where the system refuses a thread, the others do its share.
    pub fn hire(&'static self) {
        for slot in 1..self.next.len() {
            let builder = std::thread::Builder::new().name(format!("oxhorn-{slot}"));
            if builder.spawn(move || self.work(slot)).is_err() {
                break;
            }
        }
    }

    /// Calls `run` once for each chunk, or does nothing and says false if the team has another job: then the caller is a
    /// chunk of that job, or another thread's caller, and had best do its work alone.
    pub fn run(&self, chunks: usize, run: &(dyn Fn(usize) + Sync)) -> bool {
        if self.taken.swap(true, Ordering::Acquire) {
            return false;
        }
        let shares = self.next.len().min(chunks);
        for (share, next) in self.next[..shares].iter().enumerate() {
            next.0.store(share * chunks / shares, Ordering::Relaxed);
        }
        let ending = End(self);
        // SAFETY: only the lifetime changes, and `ending` waits for all who might use it.
        let run: *const (dyn Fn(usize) + Sync + 'static) = unsafe { core::mem::transmute(run) };
        let job = Job { run, chunks, shares };
        // SAFETY: no worker reads it while `open` is false.
        unsafe { *self.job.get() = job };
        self.caller.store(processor::current(), Ordering::Relaxed);
        self.open.store(true, Ordering::SeqCst);
        self.jobs.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            drop(self.sleep.lock().unwrap_or_else(PoisonError::into_inner));
            self.wake.notify_all();
        }
        self.chunks(job, 0);
        drop(ending);
        true
    }

    /// The chunks of one's own share, then what is left of the others'.
    fn chunks(&self, job: Job, slot: usize) {
        for i in 0..job.shares {
            let share = (slot + i) % job.shares;
            let end = (share + 1) * job.chunks / job.shares;
            loop {
                let chunk = self.next[share].0.fetch_add(1, Ordering::Relaxed);
                if chunk >= end {
                    break;
                }
                // SAFETY: the job is open, or we are its caller: the function is alive.
                unsafe { (*job.run)(chunk) };
            }
        }
    }

    fn work(&self, slot: usize) {
        let mut seen = 0;
        loop {
            seen = self.wait(seen);
            // A thread that was woken may find itself behind the one that woke it, and stay there: seen where a virtual
            // machine does not say which processors share a cache.
            let caller = self.caller.load(Ordering::Relaxed);
            if processor::current() == caller {
                processor::leave(caller);
            }
            self.inside.fetch_add(1, Ordering::SeqCst);
            if self.open.load(Ordering::SeqCst) {
                // SAFETY: the caller that opened the job changes nothing before `inside` is 0 again.
                let job = unsafe { *self.job.get() };
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.chunks(job, slot))) {
                    *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                }
            }
            self.inside.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits until there was another job than the `seen` ones.
    fn wait(&self, seen: usize) -> usize {
        let began = Instant::now();
        while began.elapsed() < AWAKE {
            for _ in 0..64 {
                let jobs = self.jobs.load(Ordering::Acquire);
                if jobs != seen {
                    return jobs;
                }
                core::hint::spin_loop();
            }
            // Whoever has work goes first, should there be more threads than processors.
            std::thread::yield_now();
        }
        let mut asleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        loop {
            // Looked at after `sleepers` has grown, as `run` looks at `sleepers` after `jobs` has: one of them sees the other.
            let jobs = self.jobs.load(Ordering::SeqCst);
            if jobs != seen {
                self.sleepers.fetch_sub(1, Ordering::SeqCst);
                return jobs;
            }
            asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The end of a job, also when the caller panics: waits for the workers inside, and lets the next caller in.
struct End<'a>(&'a Team);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let team = self.0;
        team.open.store(false, Ordering::SeqCst);
        while team.inside.load(Ordering::SeqCst) > 0 {
            for _ in 0..64 {
                if team.inside.load(Ordering::Acquire) == 0 {
                    break;
                }
                core::hint::spin_loop();
            }
            if team.inside.load(Ordering::Acquire) > 0 {
                std::thread::yield_now();
            }
        }
        let panic = team.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        team.taken.store(false, Ordering::Release);
        if let Some(panic) = panic
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

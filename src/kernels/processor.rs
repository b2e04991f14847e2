//! On which processor a thread runs.

/// The number of the processor that runs this thread, where the system tells; a number of this thread's own elsewhere.
#[cfg(target_os = "linux")]
pub fn current() -> usize {
    // SAFETY: takes no arguments.
    usize::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(usize::MAX)
}

/// Moves this thread to another processor than this one, if it may run on another. It stays free to move later.
#[cfg(target_os = "linux")]
pub fn leave(processor: usize) {
    if processor >= libc::CPU_SETSIZE as usize {
        return;
    }
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: the sets are plain bits, valid when zero, of the size that is passed; `processor` is below their length.
    unsafe {
        let mut allowed: libc::cpu_set_t = core::mem::zeroed();
        if libc::sched_getaffinity(0, size, &raw mut allowed) != 0 || libc::CPU_COUNT(&allowed) < 2 {
            return;
        }
        let mut others = allowed;
        libc::CPU_CLR(processor, &mut others);
        if libc::sched_setaffinity(0, size, &raw const others) == 0 {
            libc::sched_setaffinity(0, size, &raw const allowed);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub fn current() -> usize {
    use core::cell::Cell;
    thread_local! { static HERE: Cell<u8> = const { Cell::new(0) }; }
    HERE.with(|here| core::ptr::from_ref(here) as usize)
}

#[cfg(not(target_os = "linux"))]
pub fn leave(_: usize) {}

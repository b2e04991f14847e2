//! Memory that a thread keeps between the pieces of work it is given.

use core::cell::Cell;

use super::real::Real;

thread_local! {
    static KEPT: Cell<Vec<Vec<Line>>> = const { Cell::new(Vec::new()) };
}

/// A line of the cache: registers that lie in one line are loaded twice as fast.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [u64; 8]);

/// Memory of the calling thread, kept for the next one who asks. The contents are arbitrary.
///
/// Not a function that takes a closure: kernels are inlined into each instruction set, and a closure might not be.
#[derive(Debug)]
pub struct Scratch(Vec<Line>);

impl Scratch {
    pub fn take() -> Self {
        // A block for each depth: whoever asks while this one is in use gets the next.
        let mut kept = KEPT.take();
        let block = kept.pop().unwrap_or_default();
        KEPT.set(kept);
        Self(block)
    }

    /// `n` numbers that begin at a cache line.
    pub fn get<T: Real>(&mut self, n: usize) -> &mut [T] {
        let lines = (n * size_of::<T>()).div_ceil(64);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0; 8]));
        }
        // SAFETY: initialised memory, aligned to 64 bytes, of at least n numbers; every bit pattern is a number.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast::<T>(), n) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut kept = KEPT.take();
        kept.push(core::mem::take(&mut self.0));
        KEPT.set(kept);
    }
}

//! Memory that a thread keeps between the pieces of work it is given.

use core::cell::Cell;

use super::real::Real;

thread_local! {
    static KEPT: Cell<Vec<Vec<u64>>> = const { Cell::new(Vec::new()) };
}

/// Memory of the calling thread, kept for the next one who asks. The contents are arbitrary.
#[derive(Debug)]
pub struct Scratch(Vec<u64>);

impl Scratch {
    pub fn take() -> Self {
        // A block for each depth: whoever asks while this one is in use gets the next.
        let mut kept = KEPT.take();
        let block = kept.pop().unwrap_or_default();
        KEPT.set(kept);
        Self(block)
    }

    /// `n` numbers, the first aligned to 64 bytes.
    pub fn get<T: Real>(&mut self, n: usize) -> &mut [T] {
        let words = (n * size_of::<T>()).div_ceil(8) + 8;
        if self.0.len() < words {
            self.0.resize(words, 0);
        }
        let skip = self.0.as_ptr().align_offset(64).min(8);
        // SAFETY: initialised memory, aligned to 8 bytes, of at least n numbers after 8 words; every bit pattern is a
        // number.
        unsafe { core::slice::from_raw_parts_mut(self.0.as_mut_ptr().add(skip).cast::<T>(), n) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut kept = KEPT.take();
        kept.push(core::mem::take(&mut self.0));
        KEPT.set(kept);
    }
}

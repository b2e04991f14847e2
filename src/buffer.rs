//! Memory for tensors: blocks on cache lines, kept for reuse when they are freed.

use std::alloc::{Layout, alloc, dealloc};
use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

/// Cache-line alignment, wide enough for every vector load.
pub const ALIGN: usize = 64;

/// How often tensor memory was asked of the system allocator since the start. A training step in its steady state adds none.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

pub fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// Freed blocks kept for reuse, by size: fresh pages cost a page fault each, thirty times a copy's price.
struct BlockCache {
    /// (bytes, addresses); few distinct sizes live at a time, so a list is enough.
    classes: Vec<(usize, Vec<usize>)>,
    held: usize,
}

/// Memory that the cache may hold back from the system.
const CACHE_LIMIT: usize = 256 << 20;

static CACHE: Mutex<BlockCache> = Mutex::new(BlockCache {
    classes: Vec::new(),
    held: 0,
});

impl BlockCache {
    fn take(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        let (_, list) = self.classes.iter_mut().find(|(b, _)| *b == bytes)?;
        let ptr = NonNull::new(list.pop()? as *mut u8);
        self.held -= bytes;
        ptr
    }

    /// Keeps a block, unless the cache is full: then the block is handed back.
    fn put(&mut self, bytes: usize, ptr: NonNull<u8>) -> Option<NonNull<u8>> {
        if self.held + bytes > CACHE_LIMIT {
            return Some(ptr);
        }
        self.held += bytes;
        match self.classes.iter_mut().find(|(b, _)| *b == bytes) {
            Some((_, list)) => list.push(ptr.as_ptr() as usize),
            None => self.classes.push((bytes, vec![ptr.as_ptr() as usize])),
        }
        None
    }
}

/// Rounds a request up so that near sizes share a class: at most 1/8 is wasted.
fn size_class(bytes: usize) -> usize {
    let bytes = bytes.max(1);
    if bytes <= 1024 {
        return bytes.next_multiple_of(ALIGN);
    }
    let step = (bytes.next_power_of_two() / 16).max(ALIGN);
    bytes.next_multiple_of(step)
}

/// The size of a huge page, and the smallest block that lies on such.
const HUGE_PAGE: usize = 2 << 20;
const LARGE: usize = 2 * HUGE_PAGE;

fn alignment(block: usize) -> usize {
    if block >= LARGE { HUGE_PAGE } else { ALIGN }
}

fn layout(block: usize) -> Option<Layout> {
    Layout::from_size_align(block, alignment(block)).ok()
}

/// Arrays of many megabytes need a translation for each page; with pages of 2 MB these stay at hand. A wish: the system
/// may not grant it.
fn ask_for_huge_pages(ptr: NonNull<u8>, block: usize) {
    #[cfg(target_os = "linux")]
    if block >= LARGE {
        // SAFETY: whole pages inside of our own block; the advice changes no byte.
        unsafe {
            libc::madvise(
                ptr.as_ptr().cast(),
                block / HUGE_PAGE * HUGE_PAGE,
                libc::MADV_HUGEPAGE,
            );
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (ptr, block);
}

enum Owner {
    /// Our own block of this many bytes.
    Block(usize),
    /// Somebody else's memory, kept alive by this object.
    Foreign(#[allow(dead_code)] Box<dyn Any + Send + Sync>),
}

/// A block of memory, freed when the last tensor over it goes.
pub struct Buffer {
    ptr: NonNull<u8>,
    bytes: usize,
    owner: Owner,
}

// SAFETY: the bytes are plain data. They are written only through unique ownership (`Tensor::data_mut`) or by an
// executor that holds the buffer for itself; otherwise they are only read.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// Uninitialised memory: whoever asks writes before anyone reads.
    pub fn uninit(bytes: usize) -> Result<Self> {
        let block = size_class(bytes);
        let cached = CACHE.lock().unwrap_or_else(PoisonError::into_inner).take(block);
        let ptr = if let Some(ptr) = cached {
            ptr
        } else {
            let layout = layout(block).ok_or_else(|| Self::too_big(bytes))?;
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the layout has a nonzero size.
            let ptr = NonNull::new(unsafe { alloc(layout) }).ok_or_else(|| Self::too_big(bytes))?;
            ask_for_huge_pages(ptr, block);
            ptr
        };
        Ok(Self {
            ptr,
            bytes,
            owner: Owner::Block(block),
        })
    }

    fn too_big(bytes: usize) -> Error {
        Error::runtime("memory")
            .expected("enough memory for a tensor")
            .got(format!("a request for {bytes} bytes"))
            .hint("Use a smaller batch or model.")
    }

    /// Wraps memory of another owner.
    ///
    /// # Safety
    /// `ptr` must be valid for reading `bytes` bytes, aligned for its elements, and not written while `owner` lives.
    pub unsafe fn foreign(ptr: NonNull<u8>, bytes: usize, owner: Box<dyn Any + Send + Sync>) -> Self {
        Self {
            ptr,
            bytes,
            owner: Owner::Foreign(owner),
        }
    }

    pub fn ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// True for memory of another owner, which must not be written.
    pub fn is_foreign(&self) -> bool {
        matches!(self.owner, Owner::Foreign(_))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Owner::Block(block) = self.owner {
            let back = CACHE
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put(block, self.ptr);
            if let Some(ptr) = back {
                // SAFETY: allocated in `uninit` with this very layout.
                unsafe {
                    dealloc(
                        ptr.as_ptr(),
                        Layout::from_size_align_unchecked(block, alignment(block)),
                    )
                };
            }
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_block_serves_the_next_request_of_its_class() {
        // An odd size that no other test uses, so that parallel tests cannot take the block.
        let first = Buffer::uninit(49_380).unwrap();
        let at = first.ptr() as usize;
        drop(first);
        let second = Buffer::uninit(49_384).unwrap();
        assert_eq!(second.ptr() as usize, at);
        assert_eq!(at % ALIGN, 0);
    }

    #[test]
    fn size_classes_waste_little() {
        for bytes in [1, 64, 65, 1000, 1025, 5000, 1 << 20, (1 << 20) + 1] {
            let c = size_class(bytes);
            assert!(
                c >= bytes && c.is_multiple_of(ALIGN) && c <= bytes + bytes / 8 + 64,
                "{bytes} -> {c}"
            );
        }
    }
}

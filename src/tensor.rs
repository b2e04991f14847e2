//! Tensors: contiguous, row-major, immutable once shared; and the views that kernels see.

use std::alloc::{Layout, alloc, dealloc};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::shape::{Shape, Spec, count, show_shape};

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

/// A tensor: dtype, shape, and shared memory in row-major order.
#[derive(Clone)]
pub struct Tensor {
    dtype: DType,
    shape: Shape,
    buffer: Arc<Buffer>,
}

impl Tensor {
    /// A tensor whose elements are not yet written.
    pub fn uninit(dtype: DType, shape: &[usize]) -> Result<Self> {
        let n = count("tensor", shape, dtype)?;
        Ok(Self {
            dtype,
            shape: shape.into(),
            buffer: Arc::new(Buffer::uninit(n * dtype.size())?),
        })
    }

    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Self> {
        let mut t = Self::uninit(dtype, shape)?;
        t.view_mut().bytes_mut().fill(0);
        Ok(t)
    }

    pub fn full<T: Element>(shape: &[usize], value: T) -> Result<Self> {
        let mut t = Self::uninit(T::DTYPE, shape)?;
        t.view_mut().slice_mut::<T>().fill(value);
        Ok(t)
    }

    pub fn from_slice<T: Element>(shape: &[usize], data: &[T]) -> Result<Self> {
        let mut t = Self::uninit(T::DTYPE, shape)?;
        if t.len() != data.len() {
            return Err(Error::value("tensor")
                .expected(format!("{} elements for shape {}", t.len(), show_shape(shape)))
                .got(data.len().to_string()));
        }
        t.view_mut().slice_mut::<T>().copy_from_slice(data);
        Ok(t)
    }

    pub fn scalar<T: Element>(value: T) -> Result<Self> {
        Self::full(&[], value)
    }

    /// A float constant of the wanted dtype, integers and booleans by conversion.
    pub fn scalar_of(dtype: DType, value: f64) -> Result<Self> {
        match dtype {
            DType::F32 => Self::scalar(value as f32),
            DType::F64 => Self::scalar(value),
            DType::I32 => Self::scalar(value as i32),
            DType::I64 => Self::scalar(value as i64),
            DType::U8 => Self::scalar(value as u8),
            DType::Bool => Self::scalar(crate::dtype::Bool::from(value != 0.0)),
        }
    }

    /// A tensor over memory of somebody else, see [`Buffer::foreign`].
    pub fn over(dtype: DType, shape: &[usize], buffer: Buffer) -> Result<Self> {
        let n = count("tensor", shape, dtype)?;
        if buffer.bytes() < n * dtype.size() {
            return Err(Error::value("tensor")
                .expected(format!("{} bytes", n * dtype.size()))
                .got(buffer.bytes().to_string()));
        }
        Ok(Self {
            dtype,
            shape: shape.into(),
            buffer: Arc::new(buffer),
        })
    }

    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn spec(&self) -> Spec {
        Spec::known(self.dtype, &self.shape)
    }

    /// The same memory under another shape of as many elements.
    #[must_use]
    pub fn reshaped(&self, shape: &[usize]) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), self.len());
        Self {
            dtype: self.dtype,
            shape: shape.into(),
            buffer: Arc::clone(&self.buffer),
        }
    }

    pub fn view(&self) -> View<'_> {
        View {
            dtype: self.dtype,
            shape: &self.shape,
            ptr: self.buffer.ptr(),
            _life: PhantomData,
        }
    }

    /// The elements. Panics when `T` is not the tensor's dtype (an error of ours, never of a user).
    pub fn slice<T: Element>(&self) -> &[T] {
        self.view().slice()
    }

    /// Exclusive access; panics when the memory is shared (see [`Tensor::make_unique`]).
    pub fn view_mut(&mut self) -> ViewMut<'_> {
        let buffer = Arc::get_mut(&mut self.buffer).expect("exclusive tensor");
        ViewMut {
            dtype: self.dtype,
            shape: &self.shape,
            ptr: buffer.ptr(),
            _life: PhantomData,
        }
    }

    /// Copies the memory if someone else holds it too: afterwards `view_mut` works.
    pub fn make_unique(&mut self) -> Result<()> {
        let foreign = matches!(self.buffer.owner, Owner::Foreign(_));
        if foreign || Arc::get_mut(&mut self.buffer).is_none() {
            let mut copy = Self::uninit(self.dtype, &self.shape)?;
            copy.view_mut().bytes_mut().copy_from_slice(self.view().bytes());
            *self = copy;
        }
        Ok(())
    }

    /// True when both stand on the same memory.
    pub fn same_memory(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} {})", self.dtype, show_shape(&self.shape))
    }
}

/// What an op reads: dtype, shape and elements.
#[derive(Clone, Copy)]
pub struct View<'a> {
    dtype: DType,
    shape: &'a [usize],
    ptr: *const u8,
    _life: PhantomData<&'a [u8]>,
}

// SAFETY: a view is a shared borrow of plain data.
unsafe impl Send for View<'_> {}
// SAFETY: as above.
unsafe impl Sync for View<'_> {}

impl<'a> View<'a> {
    /// # Safety
    /// `ptr` must be aligned for `dtype` and valid for reading the elements of `shape` during `'a`.
    pub unsafe fn from_raw(dtype: DType, shape: &'a [usize], ptr: *const u8) -> Self {
        Self {
            dtype,
            shape,
            ptr,
            _life: PhantomData,
        }
    }

    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements; panics when `T` is not the dtype.
    pub fn slice<T: Element>(&self) -> &'a [T] {
        assert_eq!(T::DTYPE, self.dtype, "element type of a view");
        // SAFETY: the constructors promise valid, aligned memory for these elements.
        unsafe { std::slice::from_raw_parts(self.ptr.cast(), self.len()) }
    }

    pub fn bytes(&self) -> &'a [u8] {
        // SAFETY: as in `slice`.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len() * self.dtype.size()) }
    }

    pub fn as_ptr(&self) -> *const u8 {
        self.ptr
    }

    /// The single element of a scalar (or one-element tensor) as a float.
    pub fn item(&self) -> f64 {
        debug_assert_eq!(self.len(), 1);
        match self.dtype {
            DType::F32 => f64::from(self.slice::<f32>()[0]),
            DType::F64 => self.slice::<f64>()[0],
            DType::I32 => f64::from(self.slice::<i32>()[0]),
            DType::I64 => self.slice::<i64>()[0] as f64,
            DType::U8 => f64::from(self.slice::<u8>()[0]),
            DType::Bool => f64::from(u8::from(self.slice::<crate::dtype::Bool>()[0].get())),
        }
    }

    pub fn to_tensor(&self) -> Result<Tensor> {
        let mut t = Tensor::uninit(self.dtype, self.shape)?;
        t.view_mut().bytes_mut().copy_from_slice(self.bytes());
        Ok(t)
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({} {})", self.dtype, show_shape(self.shape))
    }
}

/// What an op writes.
pub struct ViewMut<'a> {
    dtype: DType,
    shape: &'a [usize],
    ptr: *mut u8,
    _life: PhantomData<&'a mut [u8]>,
}

// SAFETY: an exclusive borrow of plain data.
unsafe impl Send for ViewMut<'_> {}

impl<'a> ViewMut<'a> {
    /// # Safety
    /// `ptr` must be aligned for `dtype`, valid for the elements of `shape` during `'a`, and not used by anyone else
    /// meanwhile, except by the input of an op that agreed to work in place.
    pub unsafe fn from_raw(dtype: DType, shape: &'a [usize], ptr: *mut u8) -> Self {
        Self {
            dtype,
            shape,
            ptr,
            _life: PhantomData,
        }
    }

    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, for writing; panics when `T` is not the dtype.
    pub fn slice_mut<T: Element>(&mut self) -> &mut [T] {
        assert_eq!(T::DTYPE, self.dtype, "element type of a view");
        // SAFETY: the constructors promise valid, aligned, exclusive memory.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.cast(), self.len()) }
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `slice_mut`.
        unsafe { std::slice::from_raw_parts_mut(self.ptr, self.len() * self.dtype.size()) }
    }

    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.ptr
    }

    pub fn as_view(&self) -> View<'_> {
        View {
            dtype: self.dtype,
            shape: self.shape,
            ptr: self.ptr,
            _life: PhantomData,
        }
    }

    /// True when this output stands on the memory of that input: the op was asked to work in place, and must then
    /// read and write through this view (or raw pointers) alone.
    pub fn shares(&self, input: &View<'_>) -> bool {
        std::ptr::eq(self.ptr, input.ptr) && !self.is_empty()
    }
}

impl fmt::Debug for ViewMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ViewMut({} {})", self.dtype, show_shape(self.shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freed_block_serves_the_next_request_of_its_class() {
        // An odd size that no other test uses, so that parallel tests cannot take the block.
        let a = Tensor::zeros(DType::F32, &[12_345]).unwrap();
        let at = a.buffer.ptr() as usize;
        drop(a);
        let b = Tensor::uninit(DType::F32, &[12_346]).unwrap();
        assert_eq!(b.buffer.ptr() as usize, at);
        assert_eq!(at % ALIGN, 0);
    }

    #[test]
    fn writing_to_a_shared_tensor_copies_first() {
        let a = Tensor::from_slice(&[2], &[1.0f32, 2.0]).unwrap();
        let mut b = a.clone();
        b.make_unique().unwrap();
        b.view_mut().slice_mut::<f32>()[0] = 9.0;
        assert_eq!(a.slice::<f32>(), &[1.0, 2.0]);
        assert_eq!(b.slice::<f32>(), &[9.0, 2.0]);
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

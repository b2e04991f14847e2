//! Tensors: contiguous, row-major, immutable once shared; and the views that kernels see.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::buffer::Buffer;
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::shape::{Shape, Spec, count, show_shape};

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
        if self.buffer.is_foreign() || Arc::get_mut(&mut self.buffer).is_none() {
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
    fn writing_to_a_shared_tensor_copies_first() {
        let a = Tensor::from_slice(&[2], &[1.0f32, 2.0]).unwrap();
        let mut b = a.clone();
        b.make_unique().unwrap();
        b.view_mut().slice_mut::<f32>()[0] = 9.0;
        assert_eq!(a.slice::<f32>(), &[1.0, 2.0]);
        assert_eq!(b.slice::<f32>(), &[9.0, 2.0]);
    }
}

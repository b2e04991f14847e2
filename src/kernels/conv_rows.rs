//! Input rows with the zeros of the padding around them, for a few output rows at a time.

use core::ops::Range;

use crate::kernels::real::Real;

/// Which columns of an input row a row of outputs reads, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub width: usize,
    pub channels: usize,
    /// The first column read; negative in the padding.
    pub first: isize,
    /// Columns read, from the first to the last.
    pub columns: usize,
}

impl Span {
    pub fn new(
        input: [usize; 3],
        channels: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        before: isize,
    ) -> Self {
        let columns = (output.max(1) - 1) * stride + (kernel.max(1) - 1) * dilation + 1;
        Self {
            width: input[2],
            channels,
            first: -before,
            columns,
        }
    }
    /// True if every column lies inside the input, so that rows need no copy.
    fn inside(&self) -> bool {
        self.first >= 0 && self.first as usize + self.columns <= self.width
    }
}

/// Rows of a plane of the input, `rows` (all inside the plane), each beginning at column `span.first`.
#[derive(Debug)]
pub struct Rows<'a, T> {
    start: &'a [T],
    stride: usize,
    first: usize,
}

impl<T> Rows<'_, T> {
    /// The beginning of row `y`, which is one of the rows asked for.
    #[inline(always)]
    pub fn at(&self, y: usize) -> *const T {
        self.start[(y - self.first) * self.stride..].as_ptr()
    }
}

/// Asks the cache for what will be read soon: `len` numbers from `p` on, or less if the array ends before.
#[inline(always)]
pub fn prefetch<T>(x: &[T], from: usize, len: usize) {
    #[cfg(target_arch = "x86_64")]
    for at in (from.min(x.len())..(from + len).min(x.len())).step_by(64 / size_of::<T>()) {
        // SAFETY: an instruction of every x86-64, which reads nothing.
        unsafe {
            core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(
                x.as_ptr().add(at).cast(),
            );
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, from, len);
}

/// The numbers of buffer that `rows` needs for `count` rows.
pub fn buffer_len(span: &Span, count: usize) -> usize {
    if span.inside() {
        0
    } else {
        count * span.columns * span.channels
    }
}

/// The given rows of the plane `x`: where they lie, or copied with their padding to `buffer`.
pub fn rows<'a, T: Real>(span: &Span, x: &'a [T], rows: Range<usize>, buffer: &'a mut [T]) -> Rows<'a, T> {
    let c = span.channels;
    if span.inside() {
        let from = (rows.start * span.width + span.first as usize) * c;
        return Rows {
            start: &x[from.min(x.len())..],
            stride: span.width * c,
            first: rows.start,
        };
    }
    let stride = span.columns * c;
    let before = span.first.min(0).unsigned_abs().min(span.columns);
    let skip = span.first.max(0) as usize;
    let copied = span.width.saturating_sub(skip).min(span.columns - before);
    for (row, to) in rows.clone().zip(buffer.chunks_exact_mut(stride)) {
        let from = (row * span.width + skip.min(span.width)) * c;
        to[..before * c].fill(T::ZERO);
        to[before * c..(before + copied) * c].copy_from_slice(&x[from..from + copied * c]);
        to[(before + copied) * c..].fill(T::ZERO);
    }
    Rows {
        start: buffer,
        stride,
        first: rows.start,
    }
}

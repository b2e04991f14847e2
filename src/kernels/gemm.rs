//! Matrix products: C = alpha * A B + beta * C, then bias and activation.
//!
//! One function for all layouts. It splits by rows or columns, by shape alone, and runs the register tiles of
//! `gemm_tiles` on each part. (Measured beside the `gemm` crate on one thread of a Zen 5 core, the tiles are ahead for
//! nearly all dense shapes, and far ahead for small, narrow and transposed ones.)

use super::parallel::{self, Disjoint};
use super::real::Real;
use super::simd::dispatch;

#[path = "gemm_tiles.rs"]
mod tiles;
use tiles::{Dots, Tiles};

/// C is m x n, A is m x k, B is k x n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// A matrix in a slice: element (i, j) is `data[i * rows + j * columns]`.
#[derive(Debug, Clone, Copy)]
pub struct Mat<'a, T> {
    data: &'a [T],
    pub rows: usize,
    pub columns: usize,
}

impl<'a, T> Mat<'a, T> {
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns }
    }
    /// Row-major with `width` columns.
    pub fn row_major(data: &'a [T], width: usize) -> Self {
        Self::new(data, width, 1)
    }
    /// The transpose of a row-major matrix with `width` columns.
    pub fn transposed(data: &'a [T], width: usize) -> Self {
        Self::new(data, 1, width)
    }
    /// The same numbers with rows and columns exchanged.
    #[must_use]
    pub fn transpose(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
        }
    }
    fn at(&self, i: usize, j: usize) -> *const T {
        self.data.as_ptr().wrapping_add(i * self.rows + j * self.columns)
    }
    fn check(&self, who: &str, rows: usize, columns: usize) {
        if rows > 0 && columns > 0 {
            let last = (rows - 1) * self.rows + (columns - 1) * self.columns;
            assert!(last < self.data.len(), "gemm: {who} is shorter than its size");
        }
    }
}

/// A function applied to every number of a slice, in place.
pub type Elementwise<T> = dyn Fn(&mut [T]) + Sync;

/// What happens to a finished part of C while it is still in the cache.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)] // holds a function
pub struct Epilogue<'a, T> {
    /// One number for each column, added to every row.
    pub bias: Option<&'a [T]>,
    /// An elementwise function, applied to contiguous parts of rows.
    pub activation: Option<&'a Elementwise<T>>,
}

impl<T> Epilogue<'_, T> {
    pub const NONE: Self = Self {
        bias: None,
        activation: None,
    };
}

/// Multiply-adds in a chunk of work, at least: about 10 us, against the fraction of a microsecond that a split costs.
const CHUNK: usize = 1 << 20;
/// Rows in a chunk, at least: each chunk copies all of B into panels, and this is what pays for it.
const CHUNK_ROWS: usize = 48;
/// A chunk's rows of A should stay in L2 while the panels of B pass by.
const MAX_CHUNK_ROWS: usize = 256;

/// c = epilogue(alpha * a b + beta * c), with `c` row-major and contiguous. `beta` 0 means that `c` is not read.
pub fn gemm<T: Real>(
    size: Size,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    beta: T,
    c: &mut [T],
    epilogue: Epilogue<'_, T>,
) {
    let Size { m, n, k } = size;
    a.check("a", m, k);
    b.check("b", k, n);
    assert_eq!(c.len(), m * n, "gemm: c has another size");
    if m == 0 || n == 0 {
        return;
    }
    let shared = Disjoint::new(c);
    let rows_of = |first: usize, count: usize| {
        // SAFETY: chunks of rows do not overlap.
        let c = unsafe { shared.slice(first * n..(first + count) * n) };
        let a = Mat {
            data: &a.data[(first * a.rows).min(a.data.len())..],
            ..a
        };
        block(Size { m: count, n, k }, alpha, a, b, beta, c.as_mut_ptr(), n);
        finish(c, n, epilogue);
    };
    let columns_of = |first: usize, count: usize| {
        let b = Mat {
            data: &b.data[(first * b.columns).min(b.data.len())..],
            ..b
        };
        let to = shared.pointer(first..m * n);
        block(Size { m, n: count, k }, alpha, a, b, beta, to, n);
        for i in 0..m {
            // SAFETY: chunks of columns do not overlap.
            let c = unsafe { shared.slice(i * n + first..i * n + first + count) };
            let bias = epilogue.bias.map(|bias| &bias[first..first + count]);
            finish(c, count, Epilogue { bias, ..epilogue });
        }
    };
    // A function of the sizes alone, so that the bits do not depend on the threads.
    let chunks = (m.saturating_mul(n).saturating_mul(k) / CHUNK).clamp(1, 32);
    if m >= 2 * CHUNK_ROWS || n < 96 {
        let chunks = chunks.min(m / CHUNK_ROWS).max(m.div_ceil(MAX_CHUNK_ROWS)).max(1);
        let grain = m.div_ceil(chunks).next_multiple_of(8);
        parallel::for_ranges(m, grain, |r| rows_of(r.start, r.len()));
    } else {
        let grain = n.div_ceil(chunks).next_multiple_of(48);
        parallel::for_ranges(n, grain, |r| columns_of(r.start, r.len()));
    }
}

/// Bias and activation of finished rows of `n` columns.
pub(super) fn finish<T: Real>(c: &mut [T], n: usize, epilogue: Epilogue<'_, T>) {
    if let Some(bias) = epilogue.bias {
        for row in c.chunks_exact_mut(n) {
            for (x, &b) in row.iter_mut().zip(bias) {
                *x += b;
            }
        }
    }
    if let Some(activation) = epilogue.activation {
        activation(c);
    }
}

/// One thread's part: `c` points to rows `ldc` apart.
fn block<T: Real>(size: Size, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>, beta: T, c: *mut T, ldc: usize) {
    let Size { m, n, k } = size;
    if n == 1 && ldc == 1 && a.rows == 1 && a.columns != 1 {
        // A column of results is a row of results: C^T = B^T A^T reads A along its contiguous side.
        let size = Size { m: 1, n: m, k };
        return dispatch(Tiles {
            size,
            alpha,
            a: b.transpose(),
            b: a.transpose(),
            beta,
            c,
            ldc: m,
        });
    }
    let tiles = Tiles {
        size,
        alpha,
        a,
        b,
        beta,
        c,
        ldc,
    };
    if a.columns == 1 && b.rows == 1 && k >= 16 && (m < 8 && b.columns != 1 || n == 1) {
        dispatch(Dots(tiles));
    } else {
        dispatch(tiles);
    }
}

#[cfg(test)]
#[path = "gemm_tests.rs"]
mod tests;

//! Matrix products: C = alpha * A B + beta * C, then bias and activation.
//!
//! One function for all layouts. It splits by rows or columns, by shape alone, and runs the register tiles of
//! `gemm_tiles` on each part. (Measured beside the `gemm` crate on one thread of a Zen 5 core, the tiles are ahead for
//! nearly all dense shapes, and far ahead for small, narrow and transposed ones.)

use core::ops::Range;

use super::parallel::{self, Disjoint};
use super::real::Real;
use super::scratch::Scratch;
use super::simd::{Kernel, Lanes, dispatch};

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
    /// One number for each column, by which every row is multiplied, before the bias.
    pub scale: Option<&'a [T]>,
    /// One number for each column, added to every row.
    pub bias: Option<&'a [T]>,
    /// An elementwise function, applied to contiguous parts of rows.
    pub activation: Option<&'a Elementwise<T>>,
}

impl<'a, T> Epilogue<'a, T> {
    /// What belongs to some of the columns.
    pub(super) fn of(self, columns: Range<usize>) -> Self {
        let part = |numbers: Option<&'a [T]>| numbers.map(|x| &x[columns.clone()]);
        Self {
            scale: part(self.scale),
            bias: part(self.bias),
            activation: self.activation,
        }
    }

    pub fn does_something(&self) -> bool {
        self.scale.is_some() || self.bias.is_some() || self.activation.is_some()
    }

    pub const NONE: Self = Self {
        scale: None,
        bias: None,
        activation: None,
    };
}

/// Multiply-adds in a part of the work, at least: about 10 us, against the microsecond that it costs to share it.
const PART: usize = 1 << 20;
/// Rows and columns of a part, at least: each part copies its columns of B into panels, and its rows are what pays for it.
const PART_ROWS: usize = 48;
const PART_COLUMNS: usize = 96;
/// A part's rows of A should stay in L2 while the panels of B pass by.
const MAX_PART_ROWS: usize = 256;
/// Columns of a panel of the tiles: three registers.
const PANEL: usize = 48;

/// How many parts there are along the rows and the columns of C: a function of the sizes alone, so that the bits do not
/// depend on the threads.
fn parts(Size { m, n, k }: Size) -> [usize; 2] {
    let work = m.saturating_mul(n).saturating_mul(k);
    let few = (work / PART).clamp(1, 32);
    if m < 2 * PART_ROWS && n >= PART_COLUMNS {
        return [1, few.min(n / PANEL)];
    }
    let most = (work / (2 * PART)).clamp(few.min(4), 32);
    let rows = m.div_ceil(MAX_PART_ROWS);
    let columns = (most / rows).clamp(1, (n / PART_COLUMNS).max(1));
    [rows.max((most / columns).min(m / PART_ROWS)), columns]
}

/// Terms in a part of a long contraction, at least, and how many parts there are at most.
const TERMS: usize = 512;
const MOST_TERM_PARTS: usize = 16;
/// The largest result for which a long contraction is split: each part makes one of its own.
const TERMS_RESULT: usize = 1 << 17;

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
    // X^T G over many rows, the gradient of a matrix that all rows share.
    let gathers = a.rows == 1 && a.columns != 1 && b.columns == 1;
    if gathers && k >= 2 * TERMS && m * n <= TERMS_RESULT && m * n >= 64 {
        by_terms(size, alpha, a, b, beta, c);
        return finish(c, n, epilogue);
    }
    let shared = Disjoint::new(c);
    let [down, across] = parts(size);
    let row = |i: usize| i * m / down;
    // Whole panels, unless that would make parts of very different sizes.
    let step = if n / across < 4 * PANEL { PANEL / 3 } else { PANEL };
    let column = |j: usize| {
        if j == across {
            n
        } else {
            (j * n / across + step / 2) / step * step
        }
    };
    parallel::for_ranges(down * across, 1, |range| {
        for part in range {
            let (i, j) = (part / across, part % across);
            let (rows, columns) = (row(i)..row(i + 1), column(j)..column(j + 1));
            let a = Mat {
                data: &a.data[(rows.start * a.rows).min(a.data.len())..],
                ..a
            };
            let b = Mat {
                data: &b.data[(columns.start * b.columns).min(b.data.len())..],
                ..b
            };
            let to = shared.pointer(rows.start * n + columns.start..m * n);
            let size = Size {
                m: rows.len(),
                n: columns.len(),
                k,
            };
            block(size, alpha, a, b, beta, to, n);
            let epilogue = epilogue.of(columns.clone());
            if across == 1 {
                // SAFETY: parts do not overlap.
                finish(unsafe { shared.slice(rows.start * n..rows.end * n) }, n, epilogue);
            } else if epilogue.scale.is_some() || epilogue.bias.is_some() {
                let activation = None;
                for i in rows {
                    // SAFETY: as above.
                    let row = unsafe { shared.slice(i * n + columns.start..i * n + columns.end) };
                    finish(
                        row,
                        columns.len(),
                        Epilogue {
                            activation,
                            ..epilogue
                        },
                    );
                }
            }
        }
    });
    // Not part by part: pieces of rows are too short for what a call costs.
    if across > 1
        && let Some(activation) = epilogue.activation
    {
        activation(c);
    }
}

/// alpha * a b + beta * c as a sum over parts of the contraction, so that each part of A and B is read once. The parts
/// follow from the sizes, and are added in their order.
fn by_terms<T: Real>(size: Size, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>, beta: T, c: &mut [T]) {
    let Size { m, n, k } = size;
    let parts = (k / TERMS).min(MOST_TERM_PARTS);
    let grain = k.div_ceil(parts).next_multiple_of(8);
    let mut scratch = Scratch::take();
    let more = scratch.get::<T>((k.div_ceil(grain) - 1) * m * n);
    {
        let (first, others) = (Disjoint::new(&mut *c), Disjoint::new(&mut *more));
        parallel::for_ranges(k, grain, |r| {
            let a = Mat {
                data: &a.data[r.start * a.columns..],
                ..a
            };
            let b = Mat {
                data: &b.data[r.start * b.rows..],
                ..b
            };
            let size = Size { m, n, k: r.len() };
            let (to, beta) = match r.start / grain {
                0 => (first.pointer(0..m * n), beta),
                i => (others.pointer((i - 1) * m * n..i * m * n), T::ZERO),
            };
            block(size, alpha, a, b, beta, to, n);
        });
    }
    let more = &*more;
    parallel::for_chunks_mut(c, parallel::GRAIN / 4, |at, c| {
        for part in more.chunks_exact(m * n) {
            for (x, &y) in c.iter_mut().zip(&part[at..]) {
                *x += y;
            }
        }
    });
}

/// Scale, bias and activation of finished rows of `n` columns.
pub(super) fn finish<T: Real>(c: &mut [T], n: usize, epilogue: Epilogue<'_, T>) {
    match (epilogue.scale, epilogue.bias) {
        (None, None) => {}
        (Some(scale), Some(bias)) => dispatch(Columns::<_, true, true> { c, scale, bias, n }),
        (Some(scale), None) => dispatch(Columns::<_, true, false> {
            c,
            scale,
            bias: scale,
            n,
        }),
        (None, Some(bias)) => dispatch(Columns::<_, false, true> {
            c,
            scale: bias,
            bias,
            n,
        }),
    }
    if let Some(activation) = epilogue.activation {
        activation(c);
    }
}

/// c = c scale + bias, column by column, in rows of n.
struct Columns<'a, T, const SCALE: bool, const BIAS: bool> {
    c: &'a mut [T],
    scale: &'a [T],
    bias: &'a [T],
    n: usize,
}

impl<T: Real, const SCALE: bool, const BIAS: bool> Kernel<T> for Columns<'_, T, SCALE, BIAS> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (scale, bias) = (&self.scale[..self.n], &self.bias[..self.n]);
        let at = |x: L, scale: L, bias: L| {
            let x = if SCALE { x.mul(scale) } else { x };
            if BIAS { x.add(bias) } else { x }
        };
        if self.n == 1 {
            let (scale, bias) = (L::splat(scale[0]), L::splat(bias[0]));
            let mut chunks = self.c.chunks_exact_mut(L::N);
            for c in &mut chunks {
                at(L::from_slice(c), scale, bias).to_slice(c);
            }
            let rest = chunks.into_remainder();
            return at(L::from_part(rest), scale, bias).to_part(rest);
        }
        for row in self.c.chunks_exact_mut(self.n) {
            let whole = self.n / L::N * L::N;
            for j in (0..whole).step_by(L::N) {
                let (scale, bias) = (L::from_slice(&scale[j..]), L::from_slice(&bias[j..]));
                at(L::from_slice(&row[j..]), scale, bias).to_slice(&mut row[j..]);
            }
            if whole < self.n {
                let (scale, bias) = (L::from_part(&scale[whole..]), L::from_part(&bias[whole..]));
                at(L::from_part(&row[whole..]), scale, bias).to_part(&mut row[whole..]);
            }
        }
    }
}

/// c = alpha * a b + beta * c on the calling thread, for kernels that are themselves one piece of work; rows of `c` are
/// `ldc` apart.
///
/// # Safety
/// `c` must be valid for m rows of n numbers, which nobody else touches meanwhile.
pub(super) unsafe fn serial<T: Real>(
    size: Size,
    alpha: T,
    a: Mat<'_, T>,
    b: Mat<'_, T>,
    beta: T,
    c: *mut T,
    ldc: usize,
) {
    a.check("a", size.m, size.k);
    b.check("b", size.k, size.n);
    if size.m > 0 && size.n > 0 {
        block(size, alpha, a, b, beta, c, ldc);
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

//! Matrix products by register tiles.
//!
//! A tile of R rows and V registers of columns of C stays in registers while the contraction runs. The columns of B
//! that a tile needs are copied, `DEPTH` rows at a time, to a panel on the stack when they are not contiguous or when
//! enough rows of A reuse them. There is nothing to plan, so that small products start in tens of nanoseconds, and
//! narrow outputs and transposed right-hand sides run like any other. A transposed left-hand side that is too large for
//! the nearest cache is copied to slivers of a tile's rows, whose numbers then follow each other.

use core::mem::MaybeUninit;

use super::{Mat, Size};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes};
use crate::kernels::tile::{Panels, Run, accumulate};

/// Rows of B in a panel: 256 rows of 48 `f32` are 48 KiB, which stays near L1 while all rows of A pass by.
const DEPTH: usize = 256;
/// Columns of a panel: three registers of the widest kind in `f32`.
const WIDTH: usize = 48;
/// With fewer rows of A than this, copying contiguous columns of B costs more than it saves.
const ROWS_TO_PACK: usize = 24;
/// Nor does it pay while all of B stays in L1 anyway.
const BYTES_TO_PACK: usize = 24 * 1024;

/// Rows of a sliver of A: those of the highest tile.
const SLIVER: usize = 8;
/// A transposed A is copied if a panel's depth of it is larger than this and if it meets more than one panel of B.
const BYTES_OF_A: usize = 64 * 1024;

/// c = alpha * a b + beta * c; `c` is row-major with rows `ldc` apart; `beta` 0 means that `c` is not read.
pub struct Tiles<'a, T> {
    pub size: Size,
    pub alpha: T,
    pub a: Mat<'a, T>,
    pub b: Mat<'a, T>,
    pub beta: T,
    pub c: *mut T,
    pub ldc: usize,
}

impl<T: Real> Kernel<T> for Tiles<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Size { m, n, k } = self.size;
        let reused = m >= ROWS_TO_PACK && k * n * size_of::<T>() > BYTES_TO_PACK;
        let pack = self.b.columns != 1 || reused;
        let panels = Panels::new(n, L::N, 3);
        let mut panel = MaybeUninit::<[T; DEPTH * WIDTH]>::uninit();
        let panel = panel.as_mut_ptr().cast::<T>();
        let slivers = self.a.rows == 1
            && self.a.columns != 1
            && self.b.columns == 1
            && panels.count > 1
            && m * DEPTH.min(k) * size_of::<T>() > BYTES_OF_A;
        let mut scratch = slivers.then(Scratch::take);
        let mut k0 = 0;
        loop {
            let depth = DEPTH.min(k - k0);
            let packed = scratch.as_mut().map(|scratch| {
                let of_a = (m.next_multiple_of(SLIVER) * depth).next_multiple_of(SLIVER);
                let (a, b) = scratch
                    .get::<T>(of_a + panels.padded() * depth)
                    .split_at_mut(of_a);
                // SAFETY: A has m rows and columns k0..k0 + depth, B has rows k0..k0 + depth; `a` and `b` hold as many,
                // in whole slivers and registers.
                unsafe {
                    pack_slivers(self.a.at(0, k0), self.a.columns, m, depth, a.as_mut_ptr());
                    pack_panels::<T, L>(self.b.at(k0, 0), self.b.rows, depth, panels, b.as_mut_ptr());
                }
                (a.as_ptr(), b.as_ptr())
            });
            let beta = if k0 == 0 { self.beta } else { T::ONE };
            for (j, columns) in (0..panels.count).map(|i| panels.get(i)) {
                let b = self.b.at(k0, j);
                // SAFETY: columns <= 3 * L::N <= WIDTH and depth <= DEPTH, so the panel is large enough; all indices
                // are inside the m x n x k problem, which `gemm` has checked against the slices.
                unsafe {
                    let ld = columns.next_multiple_of(L::N);
                    let (b, ldb) = match packed {
                        // Panels follow each other, and all but the last are whole registers wide.
                        Some((_, packed)) => (packed.add(j * depth), ld),
                        None if pack => {
                            pack_panel::<T, L>(b, self.b.rows, self.b.columns, depth, columns, panel);
                            (panel.cast_const(), ld)
                        }
                        None => (b, self.b.rows),
                    };
                    let tile = Tile {
                        alpha: self.alpha,
                        depth,
                        b,
                        ldb,
                        beta,
                        ldc: self.ldc,
                        columns,
                    };
                    match packed {
                        Some((a, _)) => tile.slivers::<L>(m, a, self.c.add(j)),
                        None => tile.rows::<L>(m, &self.a, k0, self.c.add(j)),
                    }
                }
            }
            k0 += depth;
            if k0 >= k {
                break;
            }
        }
    }
}

/// Copies `depth` rows of `columns` columns to rows of whole registers; what is beyond `columns` is never used.
///
/// # Safety
/// `b` must hold `depth` rows of `columns` numbers at the strides given, `to` as many rows of whole registers.
#[inline(always)]
unsafe fn pack_panel<T: Real, L: Lanes<T>>(
    b: *const T,
    row: usize,
    column: usize,
    depth: usize,
    columns: usize,
    to: *mut T,
) {
    let ld = columns.next_multiple_of(L::N);
    // SAFETY: p < depth and j < columns inside b; p < depth and j < ld inside the panel.
    unsafe {
        if column == 1 {
            for p in 0..depth {
                for v in (0..columns).step_by(L::N) {
                    L::load_part(b.add(p * row + v), columns - v).store(to.add(p * ld + v));
                }
            }
            return;
        }
        let by_blocks = if row == 1 {
            (depth - depth % L::N, columns - columns % L::N)
        } else {
            (0, 0)
        };
        for j in (0..by_blocks.1).step_by(L::N) {
            for p in (0..by_blocks.0).step_by(L::N) {
                L::transpose(b.add(p + j * column), column, to.add(p * ld + j), ld);
            }
        }
        for j in 0..columns {
            let first = if j < by_blocks.1 { by_blocks.0 } else { 0 };
            for p in first..depth {
                *to.add(p * ld + j) = *b.add(p * row + j * column);
            }
        }
    }
}

/// Rows that are packed together: memory is read row by row, which is as it lies, and not column by column of panels.
const BAND: usize = 16;

/// to[i / 8][p][i % 8] = a[p * column + i] for m rows i and `depth` columns p.
///
/// # Safety
/// `a` must hold m x `depth` numbers, `to` as many with m rounded up to whole slivers.
#[inline(always)]
unsafe fn pack_slivers<T: Real>(a: *const T, column: usize, m: usize, depth: usize, to: *mut T) {
    for first in (0..depth).step_by(BAND) {
        for i in (0..m).step_by(SLIVER) {
            let (count, to) = (SLIVER.min(m - i), to.wrapping_add(i * depth));
            for p in first..depth.min(first + BAND) {
                // SAFETY: i + count <= m, p < depth; slivers have room for eight rows.
                unsafe {
                    let (from, to) = (a.add(p * column + i), to.add(p * SLIVER));
                    if count == SLIVER {
                        let eight = from.cast::<[T; SLIVER]>().read_unaligned();
                        to.cast::<[T; SLIVER]>().write_unaligned(eight);
                    } else {
                        for r in 0..count {
                            *to.add(r) = *from.add(r);
                        }
                    }
                }
            }
        }
    }
}

/// All panels of `depth` rows of B, one after the other, each as by `pack_panel`.
///
/// # Safety
/// As for `pack_panel`, for all panels.
#[inline(always)]
unsafe fn pack_panels<T: Real, L: Lanes<T>>(
    b: *const T,
    row: usize,
    depth: usize,
    panels: Panels,
    to: *mut T,
) {
    for first in (0..depth).step_by(BAND) {
        for (j, columns) in (0..panels.count).map(|i| panels.get(i)) {
            let (ld, to) = (columns.next_multiple_of(L::N), to.wrapping_add(j * depth));
            for p in first..depth.min(first + BAND) {
                for v in (0..columns).step_by(L::N) {
                    // SAFETY: p < depth and j + v < n inside B; the panels have room for whole registers.
                    unsafe {
                        L::load_part(b.add(p * row + j + v), columns - v).store(to.add(p * ld + v));
                    }
                }
            }
        }
    }
}

/// What all tiles of one panel share.
#[derive(Clone, Copy)]
struct Tile<T> {
    alpha: T,
    depth: usize,
    b: *const T,
    ldb: usize,
    beta: T,
    ldc: usize,
    columns: usize,
}

impl<T: Real> Tile<T> {
    /// All rows of A against one panel.
    ///
    /// # Safety
    /// As for `tile`, for m rows.
    #[inline(always)]
    unsafe fn rows<L: Lanes<T>>(self, m: usize, a: &Mat<'_, T>, k0: usize, c: *mut T) {
        // SAFETY: as for `tile`.
        unsafe {
            match self.columns.div_ceil(L::N) {
                1 => self.tiles::<L, 1>(m, a, k0, c),
                2 => self.tiles::<L, 2>(m, a, k0, c),
                _ => self.tiles::<L, 3>(m, a, k0, c),
            }
        }
    }

    /// The same with A in slivers.
    ///
    /// # Safety
    /// `a` must hold m rows in slivers of `self.depth` columns; the rest as for `tile`.
    #[inline(always)]
    unsafe fn slivers<L: Lanes<T>>(self, m: usize, a: *const T, c: *mut T) {
        for i in (0..m).step_by(SLIVER) {
            let (a, c) = (a.wrapping_add(i * self.depth), c.wrapping_add(i * self.ldc));
            // SAFETY: as for `tile`; a sliver's rows are one apart and its columns eight.
            unsafe {
                let a = core::slice::from_raw_parts(a, SLIVER * self.depth);
                self.rows::<L>(SLIVER.min(m - i), &Mat::new(a, 1, SLIVER), 0, c);
            }
        }
    }

    /// # Safety
    /// As for `tile`, for m rows.
    #[inline(always)]
    unsafe fn tiles<L: Lanes<T>, const V: usize>(self, m: usize, a: &Mat<'_, T>, k0: usize, c: *mut T) {
        let mut i = 0;
        while i < m {
            let (p, c) = (a.at(i, k0), c.wrapping_add(i * self.ldc));
            // SAFETY: the tile's rows i..i + R are below m.
            i += unsafe {
                match m - i {
                    8.. if const { L::REGISTERS >= 32 } => self.tile::<L, 8, V>(p, a, c),
                    4.. => self.tile::<L, 4, V>(p, a, c),
                    2..=3 => self.tile::<L, 2, V>(p, a, c),
                    _ => self.tile::<L, 1, V>(p, a, c),
                }
            };
        }
    }

    /// R rows by V registers; returns R.
    ///
    /// # Safety
    /// `a` must hold R rows of `self.depth` numbers at `strides`, the panel `depth` rows of V registers, and `c` R
    /// rows of `self.columns` numbers, `ldc` apart.
    #[inline(always)]
    unsafe fn tile<L: Lanes<T>, const R: usize, const V: usize>(
        self,
        a: *const T,
        strides: &Mat<'_, T>,
        c: *mut T,
    ) -> usize {
        let mut sums = [[L::splat(T::ZERO); V]; R];
        let last = self.columns - (V - 1) * L::N;
        // SAFETY: a has R rows of `depth` numbers at its strides, b has `depth` rows of `columns`, c has R rows.
        unsafe {
            let run = Run {
                a_row: strides.rows,
                a_step: strides.columns,
                b_step: self.ldb,
                length: self.depth,
            };
            if last < L::N {
                accumulate::<T, L, R, V, true>(&mut sums, a, self.b, run, last);
            } else {
                accumulate::<T, L, R, V, false>(&mut sums, a, self.b, run, last);
            }
            let (alpha, beta) = (L::splat(self.alpha), L::splat(self.beta));
            for r in 0..R {
                for v in 0..V {
                    let to = c.add(r * self.ldc + v * L::N);
                    let count = if v == V - 1 { last } else { L::N };
                    let mut x = sums[r][v].mul(alpha);
                    if self.beta != T::ZERO {
                        x = L::load_part(to, count).mul_add(beta, x);
                    }
                    x.store_part(to, count);
                }
            }
        }
        R
    }
}

/// c = alpha * a b + beta * c where rows of A and columns of B are contiguous and one of C's sides is short: dot
/// products, without a copy of B.
pub struct Dots<'a, T>(pub Tiles<'a, T>);

impl<T: Real> Kernel<T> for Dots<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Size { m, n, .. } = self.0.size;
        for i in 0..m {
            let mut j = 0;
            while j < n {
                // SAFETY: columns j..j + V are below n.
                j += unsafe {
                    match n - j {
                        4.. => self.0.dots::<L, 4>(i, j),
                        _ => self.0.dots::<L, 1>(i, j),
                    }
                };
            }
        }
    }
}

impl<T: Real> Tiles<'_, T> {
    /// Row i of A against columns j..j + V of B; returns V.
    ///
    /// # Safety
    /// i must be a row of A, and j..j + V columns of B.
    #[inline(always)]
    unsafe fn dots<L: Lanes<T>, const V: usize>(&self, i: usize, j: usize) -> usize {
        let k = self.size.k;
        let (a, mut sums) = (self.a.at(i, 0), [[L::splat(T::ZERO); 2]; V]);
        let b: [*const T; V] = core::array::from_fn(|v| self.b.at(0, j + v));
        // SAFETY: p + count <= k; `gemm` has checked the sizes against the slices.
        unsafe {
            let mut p = 0;
            while p + 2 * L::N <= k {
                let x = [L::load(a.add(p)), L::load(a.add(p + L::N))];
                for v in 0..V {
                    for h in 0..2 {
                        sums[v][h] = x[h].mul_add(L::load(b[v].add(p + h * L::N)), sums[v][h]);
                    }
                }
                p += 2 * L::N;
            }
            while p < k {
                let count = L::N.min(k - p);
                let x = L::load_part(a.add(p), count);
                for v in 0..V {
                    sums[v][0] = x.mul_add(L::load_part(b[v].add(p), count), sums[v][0]);
                }
                p += count;
            }
            for v in 0..V {
                let to = self.c.add(i * self.ldc + j + v);
                let x = self.alpha * sums[v][0].add(sums[v][1]).reduce_sum();
                *to = if self.beta == T::ZERO {
                    x
                } else {
                    self.beta * *to + x
                };
            }
        }
        V
    }
}

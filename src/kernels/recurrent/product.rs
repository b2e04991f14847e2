//! The small products of one time step: a few rows of the batch times weights that were packed once for the whole
//! sequence.

use super::{read, write};
use crate::kernels::math::Math;
use crate::kernels::real::Real;
use crate::kernels::simd::Lanes;
use crate::kernels::tile::{Run, accumulate};

/// Registers of columns in a panel. Two of them leave room for 12 rows of sums, so that a panel is read from L2 at a
/// fraction of what L2 gives.
pub const WIDE: usize = 2;

/// One part of a contraction: element (r, p) of the left side is `a[r * row + p * step]`, the right side are `length`
/// packed rows.
#[derive(Debug, Clone, Copy)]
pub struct Term<T> {
    pub a: *const T,
    pub row: usize,
    pub step: usize,
    pub length: usize,
    pub b: *const T,
}

impl<T> Term<T> {
    pub const NONE: Self = Self {
        a: core::ptr::null(),
        row: 0,
        step: 0,
        length: 0,
        b: core::ptr::null(),
    };
}

/// Where the sums begin: at a packed row of biases, or at what is there already.
#[derive(Debug, Clone, Copy)]
pub enum Start<T> {
    Bias(*const T),
    There,
    Zero,
}

/// c = start + the terms' products, V registers wide, for `rows` rows that are `ldc` apart. The last register has
/// `last` columns in c; panels are packed in whole registers.
///
/// # Safety
/// All that the terms reach must be valid for reading, and the rows of c for writing.
#[inline(always)]
pub unsafe fn product<T: Math, L: Lanes<T>, const V: usize>(
    rows: usize,
    start: Start<T>,
    terms: [Term<T>; 2],
    c: *mut T,
    ldc: usize,
    last: usize,
) {
    let mut r = 0;
    while r < rows {
        let left = rows - r;
        let at = [r; 2];
        let terms = [0, 1].map(|i| Term {
            a: terms[i].a.wrapping_add(at[i] * terms[i].row),
            ..terms[i]
        });
        let c = c.wrapping_add(r * ldc);
        // SAFETY: rows r.. of the caller's.
        r += unsafe {
            match left {
                12.. if const { L::REGISTERS >= 32 } && left != 16 => {
                    tile::<T, L, 12, V>(start, terms, c, ldc, last)
                }
                8.. if const { L::REGISTERS >= 32 } => tile::<T, L, 8, V>(start, terms, c, ldc, last),
                6.. if const { L::REGISTERS < 32 } => tile::<T, L, 6, V>(start, terms, c, ldc, last),
                4.. => tile::<T, L, 4, V>(start, terms, c, ldc, last),
                2.. => tile::<T, L, 2, V>(start, terms, c, ldc, last),
                _ => tile::<T, L, 1, V>(start, terms, c, ldc, last),
            }
        };
    }
}

/// # Safety
/// The terms must hold R rows of their lengths and panels of V registers, `c` R rows, `ldc` apart, whose last
/// register has `last` numbers.
#[inline(always)]
unsafe fn tile<T: Math, L: Lanes<T>, const R: usize, const V: usize>(
    start: Start<T>,
    terms: [Term<T>; 2],
    c: *mut T,
    ldc: usize,
    last: usize,
) -> usize {
    let mut sums = [[L::splat(T::ZERO); V]; R];
    let count = |v: usize| if v == V - 1 { last } else { L::N };
    // SAFETY: by the caller's promise.
    unsafe {
        match start {
            Start::Bias(bias) => {
                for v in 0..V {
                    let x = L::load(bias.add(v * L::N));
                    for sums in &mut sums {
                        sums[v] = x;
                    }
                }
            }
            Start::There => {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = read(c.add(r * ldc + v * L::N), count(v));
                    }
                }
            }
            Start::Zero => {}
        }
        for term in terms {
            let run = Run {
                a_row: term.row,
                a_step: term.step,
                b_step: V * L::N,
                length: term.length,
            };
            accumulate::<T, L, R, V, false>(&mut sums, term.a, term.b, run, L::N);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                write(*sum, c.add(r * ldc + v * L::N), count(v));
            }
        }
    }
    R
}

/// Copies columns of a matrix to panels: element (p, j) is `from[p * row + j * column]`, and one of the steps is 1.
/// `to` gets `length` registers, `ld` numbers apart, zeros beyond `columns`.
#[derive(Debug, Clone, Copy)]
pub struct Pack<T> {
    pub from: *const T,
    pub row: usize,
    pub column: usize,
    pub length: usize,
    pub columns: usize,
    pub to: *mut T,
    pub ld: usize,
}

impl<T: Real> Pack<T> {
    /// # Safety
    /// The elements must be valid for reading, and `to` for writing.
    #[inline(always)]
    pub unsafe fn run<L: Lanes<T>>(self) {
        let Self {
            from,
            row,
            column,
            length,
            columns,
            to,
            ld,
        } = self;
        // SAFETY: p < length and j < columns inside `from`; registers p < length of `to`.
        unsafe {
            if column == 1 {
                for p in 0..length {
                    L::load_part(from.wrapping_add(p * row), columns).store(to.add(p * ld));
                }
                return;
            }
            let blocks = if columns == L::N {
                length - length % L::N
            } else {
                0
            };
            for p in (0..blocks).step_by(L::N) {
                L::transpose(from.add(p), column, to.add(p * ld), ld);
            }
            for p in blocks..length {
                L::splat(T::ZERO).store(to.add(p * ld));
                for j in 0..columns {
                    *to.add(p * ld + j) = *from.add(p * row + j * column);
                }
            }
        }
    }
}

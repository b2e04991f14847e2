//! The matrix of one head among those of all heads.

use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// A head's matrix among others: rows `step` apart, from `start` on.
#[derive(Clone, Copy)]
pub struct Head {
    pub start: usize,
    pub step: usize,
    pub width: usize,
}

impl Head {
    /// Head `n` of `heads` in sample `b`, from row `row` of `rows` on.
    pub fn new(b: usize, rows: usize, row: usize, n: usize, heads: usize, width: usize) -> Self {
        Self {
            start: ((b * rows + row) * heads + n) * width,
            step: heads * width,
            width,
        }
    }

    /// The rows, one after the other.
    pub fn pack<T: Real>(self, from: &[T], rows: usize, to: &mut [T]) {
        for i in 0..rows {
            let row = &from[self.start + i * self.step..][..self.width];
            to[i * self.width..][..self.width].copy_from_slice(row);
        }
    }
}

struct Transpose<'a, T> {
    from: &'a [T],
    rows: usize,
    width: usize,
    to: &'a mut [T],
    to_row: usize,
}

impl<T: Real> Kernel<T> for Transpose<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Self {
            from,
            rows,
            width,
            to,
            to_row,
        } = self;
        assert!(from.len() >= rows * width && to.len() >= width * to_row && to_row >= rows);
        let (whole_rows, whole) = (rows - rows % L::N, width - width % L::N);
        for i in (0..whole_rows).step_by(L::N) {
            for j in (0..whole).step_by(L::N) {
                // SAFETY: the block lies inside both, by the assertion; they are different slices.
                unsafe {
                    L::transpose(
                        from.as_ptr().add(i * width + j),
                        width,
                        to.as_mut_ptr().add(j * to_row + i),
                        to_row,
                    );
                }
            }
        }
        for i in 0..rows {
            for j in if i < whole_rows { whole } else { 0 }..width {
                to[j * to_row + i] = from[i * width + j];
            }
        }
    }
}

/// to[j * to_row + i] = from[i * width + j] for `rows` rows of `width` numbers.
pub fn transpose<T: Real>(from: &[T], rows: usize, width: usize, to: &mut [T], to_row: usize) {
    dispatch(Transpose {
        from,
        rows,
        width,
        to,
        to_row,
    });
}

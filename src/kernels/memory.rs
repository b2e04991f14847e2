//! Moving elements: one strided copy serves transposition, slices, concatenation, padding, tiling and flips.
//!
//! Elements are moved by their size alone (1, 4 or 8 bytes), whatever they mean.

use smallvec::SmallVec;

use super::elementwise::Shared;
use super::parallel::{GRAIN, for_ranges};
use super::real::Real;
use super::simd::{Kernel, Lanes, dispatch};

/// A type that only stands for its size.
pub trait Bits: Copy + Send + Sync + 'static {
    /// Moves a block: to[j * to_row + i] = from[i * from_row + j] for i < rows, j < columns.
    ///
    /// # Safety
    /// Both blocks are valid and do not overlap.
    unsafe fn transpose(
        from: *const Self,
        from_row: isize,
        to: *mut Self,
        to_row: isize,
        rows: usize,
        columns: usize,
    );
}

/// # Safety
/// As for [`Bits::transpose`].
unsafe fn transpose_plain<T: Copy>(
    from: *const T,
    from_row: isize,
    to: *mut T,
    to_row: isize,
    rows: usize,
    columns: usize,
) {
    for i in 0..rows as isize {
        for j in 0..columns as isize {
            // SAFETY: inside the blocks.
            unsafe { to.offset(j * to_row + i).write(*from.offset(i * from_row + j)) }
        }
    }
}

struct Transpose<T> {
    from: *const T,
    from_row: isize,
    to: *mut T,
    to_row: isize,
    rows: usize,
    columns: usize,
}

impl<T: Real> Kernel<T> for Transpose<T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Self {
            from,
            from_row,
            to,
            to_row,
            rows,
            columns,
        } = self;
        // SAFETY: every block lies inside those that `Bits::transpose`'s caller promises.
        unsafe {
            if from_row < 0 || to_row < 0 {
                return transpose_plain(from, from_row, to, to_row, rows, columns);
            }
            let (whole_rows, whole_columns) = (rows / L::N * L::N, columns / L::N * L::N);
            for i in (0..whole_rows).step_by(L::N) {
                for j in (0..whole_columns).step_by(L::N) {
                    let a = from.offset(i as isize * from_row + j as isize);
                    let b = to.offset(j as isize * to_row + i as isize);
                    L::transpose(a, from_row as usize, b, to_row as usize);
                }
            }
            let right = (
                from.add(whole_columns),
                to.offset(whole_columns as isize * to_row),
            );
            transpose_plain(right.0, from_row, right.1, to_row, rows, columns - whole_columns);
            let below = (from.offset(whole_rows as isize * from_row), to.add(whole_rows));
            transpose_plain(
                below.0,
                from_row,
                below.1,
                to_row,
                rows - whole_rows,
                whole_columns,
            );
        }
    }
}

macro_rules! bits_as {
    ($($t:ty as $real:ty),*) => {$(
        impl Bits for $t {
            unsafe fn transpose(from: *const Self, from_row: isize, to: *mut Self, to_row: isize, rows: usize, columns: usize) {
                dispatch(Transpose::<$real> { from: from.cast(), from_row, to: to.cast(), to_row, rows, columns });
            }
        }
    )*};
}
bits_as!(u32 as f32, u64 as f64);

impl Bits for u8 {
    unsafe fn transpose(
        from: *const Self,
        from_row: isize,
        to: *mut Self,
        to_row: isize,
        rows: usize,
        columns: usize,
    ) {
        // SAFETY: by the caller's promise.
        unsafe { transpose_plain(from, from_row, to, to_row, rows, columns) }
    }
}

/// Runs an expression for the type that stands for elements of this many bytes.
#[macro_export]
macro_rules! sized {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            _ => {
                type $T = u64;
                $body
            }
        }
    };
}

/// A list of steps, one an axis.
pub type Steps = SmallVec<[isize; 6]>;

/// The steps of a row-major array.
pub fn row_major(shape: &[usize]) -> Steps {
    let mut steps: Steps = smallvec::smallvec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        steps[axis - 1] = steps[axis] * shape[axis] as isize;
    }
    steps
}

#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    from: isize,
    to: isize,
}

/// Side of the square that a transposition works on at a time: its lines fit the first-level cache.
const TILE: usize = 64;

/// to[index * to_steps] = from[index * from_steps] for every index of `shape`.
///
/// # Safety
/// All those places are valid, those of `to` differ from each other and from those of `from`.
pub unsafe fn strided<T: Bits>(
    shape: &[usize],
    from: *const T,
    from_steps: &[isize],
    to: *mut T,
    to_steps: &[isize],
) {
    if shape.contains(&0) {
        return;
    }
    // Axes that continue each other in both arrays are one axis.
    let mut axes: SmallVec<[Axis; 6]> = SmallVec::new();
    for axis in 0..shape.len() {
        let next = Axis {
            size: shape[axis],
            from: from_steps[axis],
            to: to_steps[axis],
        };
        if next.size == 1 {
            continue;
        }
        match axes.last_mut() {
            Some(last)
                if last.from == next.from * next.size as isize && last.to == next.to * next.size as isize =>
            {
                *last = Axis {
                    size: last.size * next.size,
                    ..next
                };
            }
            _ => axes.push(next),
        }
    }
    let (from, to) = (Shared(from.cast_mut()), Shared(to));
    let Some(inner) = axes.pop() else {
        // SAFETY: one element each.
        unsafe { to.0.write(*from.0) };
        return;
    };
    // A second axis that is contiguous where the innermost is not makes a transposition.
    let (reads, writes) = (
        inner.from.abs() != 1 && inner.to == 1,
        inner.to.abs() != 1 && inner.from == 1,
    );
    let partner = axes
        .iter()
        .position(|a| (reads && a.from == 1) || (writes && a.to == 1));
    if let Some(at) = partner {
        let other = axes.remove(at);
        // Rows are contiguous in `to`, columns in `from`.
        let (row, column) = if reads { (inner, other) } else { (other, inner) };
        let bands = column.size.div_ceil(TILE);
        let outer: usize = axes.iter().map(|a| a.size).product();
        let work = TILE.min(column.size) * row.size;
        for_ranges(outer * bands, (GRAIN / work.max(1)).max(1), |range| {
            for job in range {
                let (f, t) = offsets(&axes, job / bands);
                let first = job % bands * TILE;
                let columns = TILE.min(column.size - first);
                for line in (0..row.size).step_by(TILE) {
                    let rows = TILE.min(row.size - line);
                    // SAFETY: inside the places that the caller promises.
                    unsafe {
                        let source = from
                            .offset(f + line as isize * row.from + first as isize)
                            .cast_const();
                        let target = to.offset(t + first as isize * column.to + line as isize);
                        T::transpose(source, row.from, target, column.to, rows, columns);
                    }
                }
            }
        });
        return;
    }
    let outer: usize = axes.iter().map(|a| a.size).product();
    let run = |f: isize, t: isize, first: usize, n: usize| {
        // SAFETY: inside the places that the caller promises.
        unsafe {
            let source = from.offset(f + first as isize * inner.from).cast_const();
            let target = to.offset(t + first as isize * inner.to);
            match (inner.from, inner.to) {
                (1, 1) => std::ptr::copy_nonoverlapping(source, target, n),
                (0, 1) => std::slice::from_raw_parts_mut(target, n).fill(*source),
                (step, 1) => (0..n as isize).for_each(|i| *target.offset(i) = *source.offset(i * step)),
                (a, b) => (0..n as isize).for_each(|i| *target.offset(i * b) = *source.offset(i * a)),
            }
        }
    };
    if inner.size >= GRAIN {
        let pieces = inner.size.div_ceil(GRAIN);
        for_ranges(outer * pieces, 1, |range| {
            for job in range {
                let (f, t) = offsets(&axes, job / pieces);
                let first = job % pieces * GRAIN;
                run(f, t, first, GRAIN.min(inner.size - first));
            }
        });
    } else {
        for_ranges(outer, GRAIN / inner.size, |range| {
            let mut index = start_index(&axes, range.start);
            for _ in range {
                let (mut f, mut t) = (0, 0);
                for (axis, &i) in axes.iter().zip(&index) {
                    f += i as isize * axis.from;
                    t += i as isize * axis.to;
                }
                run(f, t, 0, inner.size);
                for (axis, i) in axes.iter().zip(&mut index).rev() {
                    *i += 1;
                    if *i < axis.size {
                        break;
                    }
                    *i = 0;
                }
            }
        });
    }
}

fn start_index(axes: &[Axis], mut row: usize) -> SmallVec<[usize; 6]> {
    let mut index: SmallVec<[usize; 6]> = smallvec::smallvec![0; axes.len()];
    for (axis, i) in axes.iter().zip(&mut index).rev() {
        *i = row % axis.size;
        row /= axis.size;
    }
    index
}

fn offsets(axes: &[Axis], row: usize) -> (isize, isize) {
    let index = start_index(axes, row);
    axes.iter().zip(index).fold((0, 0), |(f, t), (axis, i)| {
        (f + i as isize * axis.from, t + i as isize * axis.to)
    })
}

/// Sets `n` elements.
///
/// # Safety
/// `out` holds `n` elements.
pub unsafe fn fill<T: Bits>(out: *mut T, n: usize, value: T) {
    let out = Shared(out);
    for_ranges(n, 4 * GRAIN, |r| {
        // SAFETY: r lies inside 0..n.
        unsafe { std::slice::from_raw_parts_mut(out.add(r.start), r.len()).fill(value) }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::{levels, with_level};

    fn naive(shape: &[usize], from: &[u32], fs: &[isize], f0: isize, to: &mut [u32], ts: &[isize]) {
        for flat in 0..shape.iter().product::<usize>() {
            let (mut rest, mut f, mut t) = (flat, f0, 0);
            for axis in (0..shape.len()).rev() {
                let i = (rest % shape[axis]) as isize;
                rest /= shape[axis];
                f += i * fs[axis];
                t += i * ts[axis];
            }
            to[t as usize] = from[f as usize];
        }
    }

    #[test]
    fn strided_copies_follow_the_naive_loop() {
        // (shape, from steps, from start, to steps)
        type Row = (&'static [usize], &'static [isize], isize, &'static [isize]);
        let rows: &[Row] = &[
            (&[], &[], 0, &[]),
            (&[7], &[1], 0, &[1]),
            (&[7], &[-1], 6, &[1]),
            (&[7], &[0], 3, &[1]),
            (&[5, 7], &[1, 5], 0, &[7, 1]),
            (&[37, 71], &[1, 37], 0, &[71, 1]),
            (&[129, 200], &[1, 129], 0, &[200, 1]),
            (&[3, 37, 71], &[71 * 37, 1, 37], 0, &[37 * 71, 71, 1]),
            (&[2, 3, 4, 5], &[60, 5, 15, 1], 0, &[60, 20, 5, 1]),
            (&[2, 3, 4, 5], &[1, 2, 6, 24], 0, &[60, 20, 5, 1]),
            (&[4, 6], &[20, 2], 1, &[6, 1]),
            (&[4, 6], &[6, 1], 0, &[20, 2]),
            (&[33, 40], &[40, 1], 0, &[1, 33]),
            (&[40_000], &[1], 0, &[1]),
            (&[3, 20_000], &[20_000, 1], 0, &[20_010, 1]),
            (&[0, 3], &[3, 1], 0, &[3, 1]),
            (&[6, 5], &[5, -1], 4, &[5, 1]),
            (&[50, 60], &[-1, 50], 49, &[60, 1]),
            (&[50, 60], &[1, -50], 59 * 50, &[60, 1]),
        ];
        let from: Vec<u32> = (0..100_000).map(|i| i * 7 + 1).collect();
        for at in levels() {
            with_level(at, || {
                for (shape, fs, start, ts) in rows {
                    let (mut want, mut got) = (vec![0; 100_000], vec![0; 100_000]);
                    naive(shape, &from, fs, *start, &mut want, ts);
                    // SAFETY: every place lies inside the arrays.
                    unsafe {
                        let source = from.as_ptr().offset(*start);
                        strided(shape, source, fs, got.as_mut_ptr(), ts);
                        assert_eq!(want, got, "{shape:?} {fs:?} {ts:?}");
                        let bytes: Vec<u8> = from.iter().map(|&x| x as u8).collect();
                        let mut out = vec![0_u8; 100_000];
                        strided(shape, bytes.as_ptr().offset(*start), fs, out.as_mut_ptr(), ts);
                        assert!(want.iter().zip(&out).all(|(&a, &b)| a as u8 == b));
                    }
                }
            });
        }
    }
}

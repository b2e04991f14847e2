//! Means of rows of a table, named by index, and their gradient: an embedding that is averaged over a sequence, without
//! writing down the sequence of rows.

use super::index::Place;
use super::math::Math;
use super::parallel::{self, Disjoint};
use super::simd::{Kernel, Lanes, dispatch};

/// Numbers read or added in a chunk of work, about.
const CHUNK: usize = 1 << 16;
/// Registers of a row that are summed at a time.
const V: usize = 4;

/// out[b, :] = mean over j of table[index[b, j], :], with `count` indices for each b.
pub fn mean<T: Math, I: Place>(table: &[T], width: usize, index: &[I], count: usize, out: &mut [T]) {
    assert!(
        out.len() * count == index.len() * width,
        "sizes of an average of rows"
    );
    if width == 0 {
        return;
    }
    let bags = (CHUNK / (count * width).max(1)).max(1);
    parallel::for_chunks_mut(out, bags * width, |first, out| {
        let index = &index[first / width * count..];
        dispatch(Mean {
            table,
            width,
            index,
            count,
            out,
        });
    });
}

struct Mean<'a, T, I> {
    table: &'a [T],
    width: usize,
    index: &'a [I],
    count: usize,
    out: &'a mut [T],
}

impl<T: Math, I: Place> Kernel<T> for Mean<'_, T, I> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let count = L::splat(T::from_usize(self.count));
        for (b, out) in self.out.chunks_exact_mut(self.width).enumerate() {
            let index = &self.index[b * self.count..][..self.count];
            let mut c = 0;
            while c + V * L::N <= self.width {
                let mut sums = [L::splat(T::ZERO); V];
                for i in index {
                    let row = &self.table[i.place() * self.width + c..][..V * L::N];
                    for v in 0..V {
                        sums[v] = sums[v].add(L::from_slice(&row[v * L::N..]));
                    }
                }
                for v in 0..V {
                    sums[v].div(count).to_slice(&mut out[c + v * L::N..]);
                }
                c += V * L::N;
            }
            while c < self.width {
                let n = L::N.min(self.width - c);
                let mut sum = L::splat(T::ZERO);
                for i in index {
                    let row = &self.table[i.place() * self.width + c..][..n];
                    sum = sum.add(L::from_part(row));
                }
                sum.div(count).to_part(&mut out[c..c + n]);
                c += n;
            }
        }
    }
}

/// Tables that a sum by index is made in, side by side, before they are added up: more where the numbers to add are many
/// more than those of a table. A function of the sizes alone.
pub fn tables(added: usize, table: usize) -> usize {
    let worth = (added / (2 * table).max(1)).clamp(1, 8);
    if worth.is_power_of_two() {
        worth
    } else {
        worth.next_power_of_two() / 2
    }
}

/// Bands of rows, each added up by one thread, where there is one table.
const BANDS: usize = 4;

/// out[index[j], :] = scale * sum of g[j / repeat, :], in a fixed order; 0 where no index points. `scratch` holds
/// `tables(..) - 1` more tables.
pub fn add_at<T: Math, I: Place>(
    g: &[T],
    repeat: usize,
    scale: T,
    width: usize,
    index: &[I],
    out: &mut [T],
    scratch: &mut [T],
) {
    let size = out.len();
    assert!(g.len() * repeat == index.len() * width, "sizes of a sum by index");
    if size == 0 || width == 0 {
        return;
    }
    let tables = tables(index.len() * width, size);
    let job = |rows: core::ops::Range<usize>, part: core::ops::Range<usize>, out: &mut [T]| {
        out.fill(T::ZERO);
        dispatch(AddAt {
            g,
            repeat,
            scale,
            width,
            index,
            part,
            rows,
            out,
        });
    };
    let rows = size / width;
    if tables == 1 {
        let bands = if index.len() * width < CHUNK { 1 } else { BANDS };
        let band = rows.div_ceil(bands);
        parallel::for_chunks_mut(out, band * width, |first, out| {
            let first = first / width;
            job(first..first + out.len() / width, 0..index.len(), out);
        });
        return;
    }
    {
        let (first, others) = (Disjoint::new(out), Disjoint::new(scratch));
        parallel::for_ranges(tables, 1, |range| {
            for t in range {
                // SAFETY: each table is taken once.
                let table = unsafe {
                    if t == 0 {
                        first.slice(0..size)
                    } else {
                        others.slice((t - 1) * size..t * size)
                    }
                };
                let at = |t: usize| t * index.len() / tables;
                job(0..rows, at(t)..at(t + 1), table);
            }
        });
    }
    parallel::for_chunks_mut(out, parallel::GRAIN, |first, out| {
        for table in scratch[..(tables - 1) * size].chunks_exact(size) {
            out.iter_mut().zip(&table[first..]).for_each(|(o, &t)| *o += t);
        }
    });
}

/// Adds the numbers of the indices `part` that name one of `rows` to `out`, which holds these rows.
struct AddAt<'a, T, I> {
    g: &'a [T],
    repeat: usize,
    scale: T,
    width: usize,
    index: &'a [I],
    part: core::ops::Range<usize>,
    rows: core::ops::Range<usize>,
    out: &'a mut [T],
}

impl<T: Math, I: Place> Kernel<T> for AddAt<'_, T, I> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let scale = L::splat(self.scale);
        let (width, rows) = (self.width, self.rows.len());
        let mut c = 0;
        while c < width {
            let n = L::N.min(width - c);
            let (mut last, mut g) = (usize::MAX, L::splat(T::ZERO));
            for j in self.part.clone() {
                let row = self.index[j].place().wrapping_sub(self.rows.start);
                if row >= rows {
                    continue;
                }
                // The gradient of a bag stays in a register for all of its rows.
                if j / self.repeat != last {
                    last = j / self.repeat;
                    g = L::from_part(&self.g[last * width + c..][..n]).mul(scale);
                }
                let to = &mut self.out[row * width + c..][..n];
                L::from_part(to).add(g).to_part(to);
            }
            c += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::tests::with_threads;
    use crate::kernels::real::Real;
    use crate::kernels::simd::{levels, with_level};

    fn numbers<T: Real>(n: usize) -> Vec<T> {
        (0..n)
            .map(|i| T::from_f64(((i * 7919) % 2003) as f64 / 1001.5 - 1.0))
            .collect()
    }

    fn check<T: Math>(rows: usize, width: usize, bags: usize, count: usize, tolerance: f64) {
        let (table, g) = (numbers::<T>(rows * width), numbers::<T>(bags * width));
        let index: Vec<i32> = (0..bags * count)
            .map(|j| ((j * 31 + j / 7) % rows) as i32)
            .collect();
        let mut y = vec![T::NAN; bags * width];
        mean(&table, width, &index, count, &mut y);
        for (i, y) in y.iter().enumerate() {
            let (b, c) = (i / width, i % width);
            let rows = index[b * count..][..count].iter().map(|&r| r as usize);
            let want: f64 = rows.map(|r| table[r * width + c].to_f64()).sum::<f64>() / count as f64;
            assert!((y.to_f64() - want).abs() < tolerance, "{i}: {y} {want}");
        }
        let run = || {
            let size = rows * width;
            let mut scratch = vec![T::NAN; (tables(index.len() * width, size) - 1) * size];
            let mut out = vec![T::NAN; size];
            add_at(&g, count, T::from_f64(0.5), width, &index, &mut out, &mut scratch);
            out
        };
        let got = run();
        let mut want = vec![0.0; rows * width];
        for (j, &row) in index.iter().enumerate() {
            for c in 0..width {
                want[row as usize * width + c] += 0.5 * g[j / count * width + c].to_f64();
            }
        }
        for (a, b) in got.iter().zip(&want) {
            assert!((a.to_f64() - b).abs() < tolerance * (1.0 + b.abs()), "{a} {b}");
        }
        assert_eq!(got, with_threads(3, run));
    }

    #[test]
    fn means_and_sums_of_rows_follow_the_naive_loops() {
        for level in levels() {
            with_level(level, || {
                for (rows, width, bags, count) in [
                    (5, 3, 4, 7),
                    (11, 16, 9, 1),
                    (40, 65, 6, 5),
                    (7, 130, 2, 3),
                    (9, 17, 300, 31),
                ] {
                    check::<f32>(rows, width, bags, count, 1e-4);
                    check::<f64>(rows, width, bags, count, 1e-11);
                }
                // Large enough for several bands and tables.
                check::<f32>(4000, 16, 40, 130, 1e-4);
                check::<f32>(50, 16, 90, 130, 2e-3);
            });
        }
    }
}

//! Reading and adding at places given by indices; sorting rows. Indices are checked before they come here.

use super::elementwise::Shared;
use super::memory::Bits;
use super::parallel::{GRAIN, for_ranges};
use super::real::Real;
use super::simd::{Kernel, Lanes, dispatch};

/// out[o, j, i] = x[o, index[j], i], with x of layout (outer, axis, inner).
pub fn take<T: Bits>(x: &[T], [outer, axis, inner]: [usize; 3], index: &[i64], out: &mut [T]) {
    assert!(
        x.len() == outer * axis * inner && out.len() == outer * index.len() * inner,
        "sizes of a gather"
    );
    let rows = outer * index.len();
    let target = Shared(out.as_mut_ptr());
    for_ranges(rows, (GRAIN / inner.max(1)).max(1), |range| {
        for row in range {
            let (o, j) = (row / index.len(), row % index.len());
            let from = (o * axis + index[j] as usize) * inner;
            // SAFETY: each row of the result is written once.
            let to = unsafe { std::slice::from_raw_parts_mut(target.add(row * inner), inner) };
            to.copy_from_slice(&x[from..from + inner]);
        }
    });
}

/// Bands that a sum by index is cut into: each thread adds up whole bands, so the order of additions is fixed.
const BANDS: usize = 16;

/// out[o, index[j], i] = sum of g[o, j, i], in the order of j; 0 where no index points.
pub fn add_at<T: Real>(g: &[T], [outer, axis, inner]: [usize; 3], index: &[i64], out: &mut [T]) {
    assert!(
        out.len() == outer * axis * inner && g.len() == outer * index.len() * inner,
        "sizes of a sum by index"
    );
    let band = if index.len() * inner < GRAIN {
        axis.max(1)
    } else {
        axis.div_ceil(BANDS).max(1)
    };
    let bands = axis.div_ceil(band);
    let target = Shared(out.as_mut_ptr());
    for_ranges(outer * bands, 1, |jobs| {
        for job in jobs {
            let (o, first) = (job / bands, job % bands * band);
            let rows = band.min(axis - first);
            // SAFETY: bands are apart.
            let part = unsafe {
                std::slice::from_raw_parts_mut(target.add((o * axis + first) * inner), rows * inner)
            };
            part.fill(T::ZERO);
            for (j, &at) in index.iter().enumerate() {
                let row = (at as usize).wrapping_sub(first);
                if row < rows {
                    let from = &g[(o * index.len() + j) * inner..][..inner];
                    for (sum, &v) in part[row * inner..][..inner].iter_mut().zip(from) {
                        *sum += v;
                    }
                }
            }
        }
    });
}

/// out[o, j, i] = x[o, index[o, j, i], i]; `count` indices along the axis.
pub fn take_along<T: Bits>(
    x: &[T],
    [outer, axis, inner]: [usize; 3],
    index: &[i64],
    count: usize,
    out: &mut [T],
) {
    assert!(
        x.len() == outer * axis * inner && index.len() == outer * count * inner && out.len() == index.len()
    );
    for o in 0..outer {
        for k in o * count * inner..(o + 1) * count * inner {
            out[k] = x[(o * axis + index[k] as usize) * inner + k % inner];
        }
    }
}

/// out[o, index[o, j, i], i] = sum of g[o, j, i]
pub fn add_along<T: Real>(
    g: &[T],
    [outer, axis, inner]: [usize; 3],
    index: &[i64],
    count: usize,
    out: &mut [T],
) {
    assert!(
        out.len() == outer * axis * inner && index.len() == outer * count * inner && g.len() == index.len()
    );
    out.fill(T::ZERO);
    for o in 0..outer {
        for k in o * count * inner..(o + 1) * count * inner {
            out[(o * axis + index[k] as usize) * inner + k % inner] += g[k];
        }
    }
}

/// An integer that names a row.
pub trait Place: Copy + Send + Sync {
    fn wide(self) -> i64;
    /// The row, of an index that was checked.
    fn place(self) -> usize;
}

macro_rules! place {
    ($($int:ty),*) => {
        $(impl Place for $int {
            #[inline(always)]
            fn wide(self) -> i64 {
                i64::from(self)
            }
            #[inline(always)]
            fn place(self) -> usize {
                self as usize
            }
        })*
    };
}
place!(i32, i64, u8);

/// Whether some index lies outside of [low, high): a plain loop without an early end, which vectorises.
struct Outside<'a, I> {
    index: &'a [I],
    low: i64,
    high: i64,
}

impl<I: Place> Kernel<f32> for Outside<'_, I> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Lanes<f32>>(self) -> bool {
        let out = |i: &I| i.wide() < self.low || i.wide() >= self.high;
        self.index.iter().fold(false, |any, i| any | out(i))
    }
}

/// The first index outside of [low, high).
pub fn first_outside<I: Place>(index: &[I], low: i64, high: i64) -> Option<usize> {
    if !dispatch(Outside { index, low, high }) {
        return None;
    }
    index.iter().position(|i| i.wide() < low || i.wide() >= high)
}

/// Writes places in [0, n) to `out`; the error is the first index that names none, with its place. Negative ones
/// count from the end where `from_end` holds, and name nothing elsewhere.
pub fn resolve<I: Place>(index: &[I], n: usize, from_end: bool, out: &mut [i64]) -> Result<(), (usize, i64)> {
    let n = n as i64;
    if let Some(place) = first_outside(index, if from_end { -n } else { 0 }, n) {
        return Err((place, index[place].wide()));
    }
    for (i, slot) in index.iter().zip(out) {
        let at = i.wide();
        *slot = if at < 0 { at + n } else { at };
    }
    Ok(())
}

/// Numbers in rising order, NaN last, as NumPy sorts.
pub trait Ordered: Copy + Send + Sync {
    fn order(self, other: Self) -> std::cmp::Ordering;
}

macro_rules! ordered {
    ($($float:ty),*; $($int:ty),*) => {
        $(impl Ordered for $float {
            fn order(self, other: Self) -> std::cmp::Ordering {
                self.partial_cmp(&other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }
        })*
        $(impl Ordered for $int {
            fn order(self, other: Self) -> std::cmp::Ordering {
                self.cmp(&other)
            }
        })*
    };
}
ordered!(f32, f64; i32, i64, u8);

/// The places of the first `keep` elements of each row in sorted order (equal elements in their order), and their
/// values.
pub fn sort_rows<T: Ordered>(
    x: &[T],
    columns: usize,
    keep: usize,
    descending: bool,
    values: &mut [T],
    places: &mut [i32],
) {
    let rows = x.len().checked_div(columns).unwrap_or(0);
    assert!(
        values.len() == rows * keep && places.len() == rows * keep && keep <= columns,
        "sizes of a sort"
    );
    let (values, places) = (Shared(values.as_mut_ptr()), Shared(places.as_mut_ptr()));
    for_ranges(rows, (GRAIN / 8 / columns.max(1)).max(1), |range| {
        let mut order: Vec<i32> = Vec::with_capacity(columns);
        for row in range {
            let x = &x[row * columns..(row + 1) * columns];
            order.clear();
            order.extend(0..columns as i32);
            let compare = |&a: &i32, &b: &i32| {
                let c = x[a as usize].order(x[b as usize]);
                (if descending { c.reverse() } else { c }).then(a.cmp(&b))
            };
            if keep < columns {
                if keep > 0 {
                    order.select_nth_unstable_by(keep - 1, compare);
                }
                order.truncate(keep);
            }
            order.sort_unstable_by(compare);
            for (k, &place) in order.iter().enumerate() {
                // SAFETY: each row writes its own places.
                unsafe {
                    places.add(row * keep + k).write(place);
                    values.add(row * keep + k).write(x[place as usize]);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_by_index_follow_the_naive_loop_and_undo_takes() {
        for (outer, axis, inner, count) in [
            (1, 5, 3, 4),
            (2, 7, 1, 9),
            (1, 50, 16, 3000),
            (3, 1, 2, 2),
            (2, 3, 4, 0),
        ] {
            let index: Vec<i64> = (0..count).map(|j| ((j * 31 + 7) % axis) as i64).collect();
            let g: Vec<f32> = (0..outer * count * inner).map(|i| (i % 13) as f32).collect();
            let mut want = vec![0.0_f32; outer * axis * inner];
            for o in 0..outer {
                for j in 0..count {
                    for i in 0..inner {
                        want[(o * axis + index[j] as usize) * inner + i] += g[(o * count + j) * inner + i];
                    }
                }
            }
            let mut got = vec![f32::NAN; want.len()];
            add_at(&g, [outer, axis, inner], &index, &mut got);
            assert_eq!(got, want);
            let bits: Vec<u32> = want.iter().map(|v| v.to_bits()).collect();
            let mut rows = vec![0_u32; g.len()];
            take(&bits, [outer, axis, inner], &index, &mut rows);
            for (k, row) in rows.iter().enumerate() {
                let (o, j, i) = (k / (count * inner), k / inner % count, k % inner);
                assert_eq!(*row, bits[(o * axis + index[j] as usize) * inner + i]);
            }
        }
    }

    #[test]
    fn rows_are_sorted_with_nan_last_and_ties_in_order() {
        let x = [2.0, f64::NAN, -1.0, 2.0, 0.5, 3.0, 3.0, 3.0, -0.0, 0.0];
        let (mut values, mut places) = ([0.0; 10], [0; 10]);
        sort_rows(&x, 5, 5, false, &mut values, &mut places);
        assert_eq!(places, [2, 4, 0, 3, 1, 3, 4, 0, 1, 2]);
        let (mut values, mut places) = ([0.0; 4], [0; 4]);
        sort_rows(&x, 5, 2, true, &mut values, &mut places);
        assert_eq!(places, [1, 0, 0, 1]);
        assert_eq!(&values[1..], [2.0, 3.0, 3.0]);
    }

    #[test]
    fn indices_are_checked() {
        let mut out = [0; 3];
        assert_eq!(resolve(&[-1_i64, 0, 2], 3, true, &mut out), Ok(()));
        assert_eq!(out, [2, 0, 2]);
        assert_eq!(resolve(&[0_i64, 3], 3, true, &mut out), Err((1, 3)));
        assert_eq!(resolve(&[i64::MIN], 3, true, &mut out), Err((0, i64::MIN)));
        assert_eq!(resolve(&[1_i64, -1], 3, false, &mut out), Err((1, -1)));
    }
}

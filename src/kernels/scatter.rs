//! Folding and writing rows at places. A place of -1 names no row: nothing is read from it or written to it.

use super::elementwise::Shared;
use super::parallel::{GRAIN, for_ranges};

/// Bands of rows: each is folded by one thread, so the order of operations is that of the places.
const BANDS: usize = 16;

/// out[p, i] = start folded with u[j, i] over the j with places[j] = p, in the order of j.
pub fn fold_rows<T: Copy + Send + Sync>(
    u: &[T],
    places: &[i64],
    inner: usize,
    start: T,
    f: impl Fn(T, T) -> T + Sync,
    out: &mut [T],
) {
    assert!(u.len() == places.len() * inner, "sizes of a fold by place");
    let rows = out.len().checked_div(inner).unwrap_or(0);
    let band = if u.len() < GRAIN {
        rows.max(1)
    } else {
        rows.div_ceil(BANDS).max(1)
    };
    let target = Shared(out.as_mut_ptr());
    for_ranges(rows.div_ceil(band), 1, |bands| {
        for first in bands.map(|b| b * band) {
            let count = band.min(rows - first);
            // SAFETY: bands are apart, and lie inside the output.
            let part = unsafe { std::slice::from_raw_parts_mut(target.add(first * inner), count * inner) };
            part.fill(start);
            for (j, &at) in places.iter().enumerate() {
                let row = (at as usize).wrapping_sub(first);
                if row < count {
                    for (y, &v) in part[row * inner..][..inner]
                        .iter_mut()
                        .zip(&u[j * inner..][..inner])
                    {
                        *y = f(*y, v);
                    }
                }
            }
        }
    });
}

/// y[j, i] = x[places[j], i]; `nothing` where the place is -1.
pub fn gather_rows<T: Copy + Send + Sync>(x: &[T], places: &[i64], inner: usize, nothing: T, out: &mut [T]) {
    assert!(out.len() == places.len() * inner, "sizes of a gather by place");
    let target = Shared(out.as_mut_ptr());
    for_ranges(places.len(), (GRAIN / inner.max(1)).max(1), |range| {
        for j in range {
            // SAFETY: each row of the result is written once.
            let to = unsafe { std::slice::from_raw_parts_mut(target.add(j * inner), inner) };
            match usize::try_from(places[j]) {
                Ok(at) => to.copy_from_slice(&x[at * inner..][..inner]),
                Err(_) => to.fill(nothing),
            }
        }
    });
}

/// y[places[j], i] = u[j, i]; of several rows for one place the last stays.
pub fn set_rows<T: Copy>(u: &[T], places: &[i64], inner: usize, y: &mut [T]) {
    assert!(u.len() == places.len() * inner, "sizes of a write by place");
    for (j, &at) in places.iter().enumerate() {
        if let Ok(at) = usize::try_from(at) {
            y[at * inner..][..inner].copy_from_slice(&u[j * inner..][..inner]);
        }
    }
}

/// Whether no later row goes to the same of `rows` places.
pub fn last_of_place(places: &[i64], mut mark: impl FnMut(usize, bool)) {
    let rows = places
        .iter()
        .copied()
        .max()
        .map_or(0, |m| (m + 1).max(0) as usize);
    let mut taken = vec![false; rows];
    for (j, &at) in places.iter().enumerate().rev() {
        let last = usize::try_from(at).is_ok_and(|at| !std::mem::replace(&mut taken[at], true));
        mark(j, last);
    }
}

/// y[j, i] = product of u[k, i] over the k != j with the place of j: what the product at a place is without one factor,
/// right also where factors are 0.
pub fn other_factors<T>(u: &[T], places: &[i64], inner: usize, y: &mut [T])
where
    T: super::math::Math,
{
    let rows = places
        .iter()
        .copied()
        .max()
        .map_or(0, |m| (m + 1).max(0) as usize);
    // (product of the factors that are not 0, how many are)
    let mut products: Vec<(T, usize)> = vec![(T::ONE, 0); rows * inner];
    let at = |k: usize| {
        usize::try_from(places[k / inner.max(1)])
            .ok()
            .map(|row| row * inner + k % inner)
    };
    for (k, &v) in u.iter().enumerate() {
        if let Some(at) = at(k) {
            let p = &mut products[at];
            if v == T::ZERO {
                p.1 += 1;
            } else {
                p.0 *= v;
            }
        }
    }
    for (k, y) in y.iter_mut().enumerate() {
        *y = match (at(k).map(|at| products[at]), u[k] == T::ZERO) {
            (Some((product, 0)), _) => product / u[k],
            (Some((product, 1)), true) => product,
            _ => T::ZERO,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_follow_the_naive_loop() {
        for (rows, inner, count) in [(5, 3, 4), (50, 16, 3000), (1, 2, 2), (4, 1, 0)] {
            let places: Vec<i64> = (0..count)
                .map(|j| ((j * 31 + 7) % (rows + 1)) as i64 - 1)
                .collect();
            let u: Vec<f32> = (0..count * inner).map(|i| (i % 13) as f32).collect();
            let mut want = vec![-1.0_f32; rows * inner];
            for (j, &p) in places.iter().enumerate().filter(|(_, p)| **p >= 0) {
                for i in 0..inner {
                    let w = &mut want[p as usize * inner + i];
                    *w = w.max(u[j * inner + i]);
                }
            }
            let mut got = vec![f32::NAN; want.len()];
            fold_rows(&u, &places, inner, -1.0, f32::max, &mut got);
            assert_eq!(got, want);
        }
    }

    #[test]
    fn other_factors_are_right_at_zeros() {
        let (places, u) = ([0, 1, 0, 1, 0, -1], [2.0_f64, 0.0, 3.0, 5.0, 4.0, 7.0]);
        let mut y = [0.0; 6];
        other_factors(&u, &places, 1, &mut y);
        assert_eq!(y, [12.0, 5.0, 8.0, 0.0, 6.0, 0.0]);
    }

    #[test]
    fn the_last_row_of_a_place_is_marked() {
        let mut last = [false; 5];
        last_of_place(&[2, 0, 2, -1, 0], |j, is| last[j] = is);
        assert_eq!(last, [false, false, true, false, true]);
    }
}

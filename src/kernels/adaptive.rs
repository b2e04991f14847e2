//! The maximum over windows that cut an axis into a given number of parts. Layout (outer, axis, inner).

use core::ops::Range;

use super::real::Real;

/// Window `o` of `size`: from floor(o n / size) to ceil((o + 1) n / size).
pub fn window(o: usize, n: usize, size: usize) -> Range<usize> {
    o * n / size..((o + 1) * n).div_ceil(size)
}

/// Calls f(place in the result, places in the window from first to last) for every result.
fn each<I: Iterator<Item = usize>>(
    [outer, axis, inner]: [usize; 3],
    size: usize,
    places: impl Fn(usize, Range<usize>) -> I,
    mut f: impl FnMut(usize, I),
) {
    for n in 0..outer {
        for o in 0..size {
            let window = window(o, axis, size);
            for i in 0..inner {
                f(
                    (n * size + o) * inner + i,
                    places(n * axis * inner + i, window.clone()),
                );
            }
        }
    }
}

/// y[n, o, i] = max of x[n, window o, i]; NaN if there is one.
pub fn max<T: Real>(x: &[T], layout: [usize; 3], size: usize, y: &mut [T]) {
    let step = layout[2];
    each(
        layout,
        size,
        |base, window| window.map(move |k| base + k * step),
        |to, window| {
            y[to] = window.fold(T::NEG_INFINITY, |m, at| {
                if x[at] > m || x[at].is_nan() { x[at] } else { m }
            });
        },
    );
}

/// Calls f(place in the result, the first place of its window where x = y).
fn each_maximum<T: Real>(x: &[T], y: &[T], layout: [usize; 3], size: usize, mut f: impl FnMut(usize, usize)) {
    let step = layout[2];
    each(
        layout,
        size,
        |base, window| window.map(move |k| base + k * step),
        |to, mut window| {
            if let Some(at) = window.find(|&at| x[at] == y[to]) {
                f(to, at);
            }
        },
    );
}

/// dx = dy at the maxima, summed where windows overlap.
pub fn max_gradient<T: Real>(x: &[T], y: &[T], dy: &[T], layout: [usize; 3], size: usize, dx: &mut [T]) {
    dx.fill(T::ZERO);
    each_maximum(x, y, layout, size, |to, at| dx[at] += dy[to]);
}

/// out = g at the maxima.
pub fn at_max<T: Real>(x: &[T], y: &[T], g: &[T], layout: [usize; 3], size: usize, out: &mut [T]) {
    out.fill(T::ZERO);
    each_maximum(x, y, layout, size, |to, at| out[to] = g[at]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_axis() {
        let windows: Vec<_> = (0..3).map(|o| window(o, 7, 3)).collect();
        assert_eq!(windows, [0..3, 2..5, 4..7]);
        assert_eq!(
            (0..4).map(|o| window(o, 2, 4)).collect::<Vec<_>>(),
            [0..1, 0..1, 1..2, 1..2]
        );
    }

    #[test]
    fn a_maximum_passes_its_gradient_on() {
        let (x, layout) = ([1_f32, 5.0, 2.0, 3.0, 4.0, 0.0], [1, 3, 2]);
        let mut y = [0.0; 4];
        max(&x, layout, 2, &mut y);
        assert_eq!(y, [2.0, 5.0, 4.0, 3.0]);
        let mut dx = [9.0; 6];
        max_gradient(&x, &y, &[1.0, 2.0, 3.0, 4.0], layout, 2, &mut dx);
        assert_eq!(dx, [0.0, 2.0, 1.0, 4.0, 3.0, 0.0]);
        let mut out = [0.0; 4];
        at_max(&x, &y, &x, layout, 2, &mut out);
        assert_eq!(out, y);
    }
}

//! Tiles of 2 x 2 outputs, and how the 4 x 4 pixels that they meet are transformed.

use core::ops::Range;

use crate::kernels::real::Real;
use crate::kernels::simd::Lanes;

/// Numbers of a transformed tile.
pub const PLACES: usize = 16;
/// Numbers between what belongs to two places, besides their own: otherwise powers of two would meet in the same lines of
/// the cache.
pub const LINE: usize = 16;

/// The distance of two places with so many numbers each.
pub const fn step(numbers: usize) -> usize {
    numbers.next_multiple_of(LINE) + LINE
}

/// Tiles of all planes, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Tiling {
    pub height: usize,
    pub width: usize,
    rows: usize,
    columns: usize,
}

/// Tiles side by side in one plane.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    pub plane: usize,
    pub row: usize,
    pub column: usize,
    pub count: usize,
    /// Tiles in front of it, of those asked for.
    pub skip: usize,
}

impl Tiling {
    pub fn new([_, height, width]: [usize; 3]) -> Self {
        Self {
            height,
            width,
            rows: height.div_ceil(2),
            columns: width.div_ceil(2),
        }
    }

    /// Tiles of a plane.
    pub fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Some tiles, counted through all planes, in stretches.
    pub fn stretches(self, tiles: Range<usize>) -> impl Iterator<Item = Stretch> {
        let mut at = tiles.start;
        core::iter::from_fn(move || {
            let (line, column) = (at / self.columns, at % self.columns);
            let count = (self.columns - column).min(tiles.end - at);
            let skip = at - tiles.start;
            at += count;
            (count > 0).then_some(Stretch {
                plane: line / self.rows,
                row: line % self.rows,
                column,
                count,
                skip,
            })
        })
    }
}

/// Images, channels last, with zeros around them.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a, T> {
    pub data: &'a [T],
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    /// Zeros in front of rows and columns; negative where the image begins before it is first read.
    pub before: [isize; 2],
    /// Whole registers of zeros for all channels.
    pub zeros: *const T,
}

/// A row of pixels: of the image, or of zeros.
#[derive(Debug, Clone, Copy)]
struct Row<T> {
    start: *const T,
    step: usize,
}

impl<T: Real> Pixels<'_, T> {
    fn row(&self, plane: usize, y: isize) -> Row<T> {
        if (0..self.height as isize).contains(&y) {
            let at = (plane * self.height + y as usize) * self.width * self.channels;
            let start = self.data[at..at + self.width * self.channels].as_ptr();
            let step = self.channels;
            return Row { start, step };
        }
        Row {
            start: self.zeros,
            step: 0,
        }
    }
}

/// B^T x B for the tiles of a stretch: to[i * place + t * row + c], with zeros after the last channel.
///
/// # Safety
/// `to` must have room for `count` rows at each place, `row` being the channels in whole registers.
#[inline(always)]
pub unsafe fn transform<T: Real, L: Lanes<T>>(
    from: &Pixels<'_, T>,
    s: &Stretch,
    to: *mut T,
    place: usize,
    row: usize,
) {
    let (y, x) = (
        2 * s.row as isize - from.before[0],
        2 * s.column as isize - from.before[1],
    );
    let rows = [
        from.row(s.plane, y),
        from.row(s.plane, y + 1),
        from.row(s.plane, y + 2),
        from.row(s.plane, y + 3),
    ];
    let mut c = 0;
    // SAFETY: channels of the pixels of these rows; room in `to` by the caller's promise.
    unsafe {
        while c + L::N <= from.channels {
            channels::<T, L, false>(from, &rows, x, c, s.count, to.add(c), place, row);
            c += L::N;
        }
        if c < from.channels {
            channels::<T, L, true>(from, &rows, x, c, s.count, to.add(c), place, row);
        }
    }
}

/// One register of channels, from `c` on. Neighbouring tiles share two columns, whose transforms are kept.
///
/// # Safety
/// As for `transform`; if `RAGGED`, the register ends after the last channel.
#[inline(always)]
unsafe fn channels<T: Real, L: Lanes<T>, const RAGGED: bool>(
    from: &Pixels<'_, T>,
    rows: &[Row<T>; 4],
    x: isize,
    c: usize,
    count: usize,
    to: *mut T,
    place: usize,
    row: usize,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut left = [
            column::<T, L, RAGGED>(from, rows, x, c),
            column::<T, L, RAGGED>(from, rows, x + 1, c),
        ];
        for t in 0..count {
            let x = x + 2 * t as isize;
            let right = [
                column::<T, L, RAGGED>(from, rows, x + 2, c),
                column::<T, L, RAGGED>(from, rows, x + 3, c),
            ];
            let to = to.add(t * row);
            for i in 0..4 {
                let all = four([left[0][i], left[1][i], right[0][i], right[1][i]]);
                let to = to.add(4 * i * place);
                all[0].store(to);
                all[1].store(to.add(place));
                all[2].store(to.add(2 * place));
                all[3].store(to.add(3 * place));
            }
            left = right;
        }
    }
}

/// B^T x, for one column of four pixels.
///
/// # Safety
/// Each of the four rows must hold a register of channels at the column, or what is left of one if `RAGGED`.
#[inline(always)]
unsafe fn column<T: Real, L: Lanes<T>, const RAGGED: bool>(
    from: &Pixels<'_, T>,
    rows: &[Row<T>; 4],
    x: isize,
    c: usize,
) -> [L; 4] {
    if x < 0 || x >= from.width as isize {
        return [L::splat(T::ZERO); 4];
    }
    let mut pixels = [L::splat(T::ZERO); 4];
    for (pixel, row) in pixels.iter_mut().zip(rows) {
        // SAFETY: a pixel of the row, or zeros.
        *pixel = unsafe {
            let at = row.start.add(x as usize * row.step + c);
            if RAGGED {
                L::load_part(at, from.channels - c)
            } else {
                L::load(at)
            }
        };
    }
    four(pixels)
}

/// A dy A^T for some channels of the tiles of a stretch, which are 2 x 2 pixels: to[i * place + t * row + c], with zeros after
/// the last channel.
///
/// # Safety
/// `to` must have room for `count` rows at each place, `row` being the channels in whole registers.
#[inline(always)]
pub unsafe fn transform_gradient<T: Real, L: Lanes<T>>(
    from: &Pixels<'_, T>,
    s: &Stretch,
    channels: Range<usize>,
    to: *mut T,
    place: usize,
    row: usize,
) {
    let rows = [
        from.row(s.plane, 2 * s.row as isize),
        from.row(s.plane, 2 * s.row as isize + 1),
    ];
    for c in channels.clone().step_by(L::N) {
        let count = (channels.end - c).min(L::N);
        for t in 0..s.count {
            let x = 2 * (s.column + t);
            // SAFETY: channels of the pixels of these rows; room in `to` by the caller's promise.
            unsafe {
                let pixel = |row: &Row<T>, x: usize| L::load_part(row.start.add(x * row.step + c), count);
                let left = spread(pixel(&rows[0], x), pixel(&rows[1], x));
                let right = if x + 1 < from.width {
                    spread(pixel(&rows[0], x + 1), pixel(&rows[1], x + 1))
                } else {
                    [L::splat(T::ZERO); 4]
                };
                let to = to.add(t * row + c - channels.start);
                for i in 0..4 {
                    let all = spread(left[i], right[i]);
                    let to = to.add(4 * i * place);
                    all[0].store(to);
                    all[1].store(to.add(place));
                    all[2].store(to.add(2 * place));
                    all[3].store(to.add(3 * place));
                }
            }
        }
    }
}

/// A (a, b)
#[inline(always)]
fn spread<T: Real, L: Lanes<T>>(a: L, b: L) -> [L; 4] {
    [a, a.add(b), a.sub(b), b]
}

/// B^T (a, b, c, d)
#[inline(always)]
fn four<T: Real, L: Lanes<T>>([a, b, c, d]: [L; 4]) -> [L; 4] {
    [a.sub(c), b.add(c), c.sub(b), d.sub(b)]
}

/// A^T (a, b, c, d)
#[inline(always)]
pub fn pair<T: Real, L: Lanes<T>>([a, b, c, d]: [L; 4]) -> [L; 2] {
    [b.add(c).add(a), b.sub(c).add(d)]
}

/// Which of a tile's other three outputs there are, as distances from the first.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub below: Option<usize>,
    pub right: Option<usize>,
}

impl Line {
    /// # Safety
    /// There must be `count` numbers to write at each output.
    #[inline(always)]
    pub unsafe fn store<T: Real, L: Lanes<T>>(self, y: [[L; 2]; 2], to: *mut T, count: usize) {
        // SAFETY: by the caller's promise.
        unsafe {
            y[0][0].store_part(to, count);
            if let Some(right) = self.right {
                y[0][1].store_part(to.add(right), count);
            }
            if let Some(below) = self.below {
                y[1][0].store_part(to.add(below), count);
                if let Some(right) = self.right {
                    y[1][1].store_part(to.add(below + right), count);
                }
            }
        }
    }
}

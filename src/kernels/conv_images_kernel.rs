//! The gradient of a convolution of small images by its kernel.
//!
//! dK[k, c, f] = sum over o, n of X[n, o * stride + k * dilation - before, c] dY[n, o, f]
//!
//! For each tap this is a matrix product over the pixels that it meets, in all images of a group. Both factors are copied
//! so that tiles sweep memory in order: pixel by pixel, images side by side. A tile is written once for each group of
//! images, which is what counts where the kernel is larger than the images.

use super::Geometry;
use super::direct::V;
use super::pack::Count;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Pixels of an image, at most.
const PIXELS: usize = 64;
/// Pixels of a group of images, about: a panel of dY with so many stays in L2.
const GROUP: usize = 2048;

/// Multiply-adds for each number copied, at least.
const WORTH: usize = 48;

pub fn suits(g: &Geometry) -> bool {
    let pixels = g.output.iter().product::<usize>();
    let worth = g.multiply_adds() >= (g.input_len() + g.output_len()).saturating_mul(WORTH);
    worth && g.groups == 1 && pixels <= PIXELS && g.batch >= 8 && g.in_channels >= 32 && g.out_channels >= 32
}

/// Numbers that the copies take, for one group of images.
pub fn copied(g: &Geometry) -> usize {
    if suits(g) {
        let images = images(g);
        images * (pixels(g.input) * g.in_channels + pixels(g.output) * g.out_channels.next_multiple_of(16))
    } else {
        0
    }
}

fn pixels(sizes: [usize; 3]) -> usize {
    sizes.iter().product()
}

/// Images of a group.
fn images(g: &Geometry) -> usize {
    let groups = (g.batch * pixels(g.output)).div_ceil(GROUP);
    g.batch.div_ceil(groups)
}

pub fn run<T: Real>(g: &Geometry, x: &[T], dy: &[T], dk: &mut [T], scratch: &mut [T]) {
    let panels = dispatch::<T, _>(Count(g.out_channels));
    let tiles = g.in_channels.div_ceil(dispatch::<T, _>(Rows));
    let (x_image, dy_image) = (pixels(g.input) * g.in_channels, pixels(g.output) * g.out_channels);
    for first in (0..g.batch).step_by(images(g)) {
        let images = images(g).min(g.batch - first);
        let (xs, dys) = scratch.split_at_mut(images * x_image);
        let dys = &mut dys[..images * pixels(g.output) * g.out_channels.next_multiple_of(16)];
        dys.fill(T::ZERO);
        let (x, dy) = (&x[first * x_image..], &dy[first * dy_image..]);
        let copy = Disjoint::new(xs);
        parallel::for_ranges(
            tiles,
            (parallel::GRAIN * tiles / (images * x_image)).max(1),
            |range| {
                for tile in range {
                    let (from, to) = (tile * g.in_channels / tiles, (tile + 1) * g.in_channels / tiles);
                    let per = pixels(g.input) * images;
                    // SAFETY: each tile of channels has its part of the copy.
                    let part = unsafe { copy.slice(from * per..to * per) };
                    let rows = part.chunks_exact_mut(to - from);
                    for (i, row) in rows.enumerate() {
                        let (pixel, image) = (i / images, i % images);
                        let at = image * x_image + pixel * g.in_channels;
                        row.copy_from_slice(&x[at + from..at + to]);
                    }
                }
            },
        );
        let copy = Disjoint::new(dys);
        parallel::for_ranges(
            panels,
            (parallel::GRAIN * panels / (images * dy_image)).max(1),
            |range| {
                for panel in range {
                    dispatch(Columns {
                        g,
                        dy,
                        panel,
                        images,
                        to: &copy,
                    });
                }
            },
        );
        let (xs, dys) = (&*xs, &*dys);
        let taps = pixels(g.kernel);
        let to = Disjoint::new(dk);
        parallel::for_ranges(panels * taps, 1, |range| {
            for task in range {
                dispatch(Tap {
                    g,
                    x: xs,
                    dy: dys,
                    images,
                    tiles,
                    panel: task / taps,
                    tap: task % taps,
                    add: first > 0,
                    to: &to,
                });
            }
        });
    }
}

/// Rows of a tile, at most.
struct Rows;

impl<T: Real> Kernel<T> for Rows {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> usize {
        rows(L::REGISTERS)
    }
}

/// Two fewer than there is room for: the compiler keeps these in registers over the two loops.
const fn rows(registers: usize) -> usize {
    let most = most_rows(registers, V);
    if most > 12 { 12 } else { most }
}

/// Copies a panel of dY: pixel by pixel, image by image, whole registers of columns.
struct Columns<'a, T> {
    g: &'a Geometry,
    dy: &'a [T],
    panel: usize,
    images: usize,
    to: &'a Disjoint<'a, T>,
}

impl<T: Real> Kernel<T> for Columns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let (f, per) = (self.g.out_channels, pixels(self.g.output) * self.images);
        let (first, columns) = Panels::new(f, L::N, V).get(self.panel);
        let width = columns.next_multiple_of(L::N);
        // SAFETY: each panel has its part of the copy.
        let to = unsafe { self.to.slice(first * per..(first + width) * per) };
        for (i, row) in to.chunks_exact_mut(width).enumerate() {
            let (pixel, image) = (i / self.images, i % self.images);
            let at = (image * pixels(self.g.output) + pixel) * f + first;
            row[..columns].copy_from_slice(&self.dy[at..at + columns]);
        }
    }
}

/// One tap, one panel of output channels, all input channels.
struct Tap<'a, T> {
    g: &'a Geometry,
    x: &'a [T],
    dy: &'a [T],
    images: usize,
    tiles: usize,
    panel: usize,
    tap: usize,
    add: bool,
    to: &'a Disjoint<'a, T>,
}

impl<T: Real> Kernel<T> for Tap<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let g = self.g;
        let (first, columns) = Panels::new(g.out_channels, L::N, V).get(self.panel);
        let width = columns.next_multiple_of(L::N);
        let dy = &self.dy[first * pixels(g.output) * self.images..][..width * pixels(g.output) * self.images];
        let [_, kh, kw] = g.kernel;
        let k = [self.tap / (kh * kw), self.tap / kw % kh, self.tap % kw];
        // Stretches of pixels of a row: (pixel of X, pixel of dY, how many).
        let mut met: smallvec::SmallVec<[(usize, usize, usize); 32]> = smallvec::SmallVec::new();
        let axes = [g.axis(0), g.axis(1), g.axis(2)];
        let meets = |a: usize, o: usize| axes[a].taps(o).contains(&k[a]);
        for z in (0..g.output[0]).filter(|&o| meets(0, o)) {
            for y in (0..g.output[1]).filter(|&o| meets(1, o)) {
                for x in (0..g.output[2]).filter(|&o| meets(2, o)) {
                    let place = |a: usize, o: usize| axes[a].place(o, k[a]) as usize;
                    let from = (place(0, z) * g.input[1] + place(1, y)) * g.input[2] + place(2, x);
                    let to = (z * g.output[1] + y) * g.output[2] + x;
                    match met.last_mut() {
                        Some((a, b, n)) if *a + *n == from && *b + *n == to => *n += 1,
                        _ => met.push((from, to, 1)),
                    }
                }
            }
        }
        for tile in 0..self.tiles {
            let (from, to) = (
                tile * g.in_channels / self.tiles,
                (tile + 1) * g.in_channels / self.tiles,
            );
            let per = pixels(g.input) * self.images;
            let product = Product {
                x: &self.x[from * per..to * per],
                dy,
                met: &met,
                images: self.images,
                add: self.add,
                columns,
            };
            let at = (self.tap * g.in_channels + from) * g.out_channels + first;
            let y = self
                .to
                .pointer(at..at + (to - from - 1) * g.out_channels + columns);
            // SAFETY: rows and columns of the tile lie in dK, and belong to this task.
            unsafe {
                if columns <= L::N {
                    with_rows!(to - from, rows(L::REGISTERS), R => product.run::<L, R, 1>(y, g.out_channels));
                } else {
                    with_rows!(to - from, rows(L::REGISTERS), R => product.run::<L, R, 2>(y, g.out_channels));
                }
            }
        }
    }
}

struct Product<'a, T> {
    x: &'a [T],
    dy: &'a [T],
    met: &'a [(usize, usize, usize)],
    images: usize,
    add: bool,
    columns: usize,
}

impl<T: Real> Product<'_, T> {
    /// # Safety
    /// The pieces of `self` must lie inside its arrays; `to` must hold R rows of `self.columns` numbers, `row` apart.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const R: usize, const W: usize>(&self, to: *mut T, row: usize) {
        let last = self.columns - (W - 1) * L::N;
        let count = |v: usize| if v < W - 1 { L::N } else { last };
        let mut sums = [[L::splat(T::ZERO); W]; R];
        if self.add {
            for r in 0..R {
                for v in 0..W {
                    // SAFETY: R rows of `columns` numbers, by the caller's promise.
                    sums[r][v] = unsafe { L::load_part(to.add(r * row + v * L::N), count(v)) };
                }
            }
        }
        // Plain pointers: with checks in this loop the compiler does not keep all sums in registers.
        let (x, dy, images) = (self.x.as_ptr(), self.dy.as_ptr(), self.images);
        for &(from, with, pixels) in self.met {
            let run = Run {
                a_row: 1,
                a_step: R,
                b_step: W * L::N,
                length: pixels * images,
            };
            let (a, b) = (
                x.wrapping_add(from * images * R),
                dy.wrapping_add(with * images * W * L::N),
            );
            // SAFETY: the pixels that the tap meets, in all images, of R channels and of the panel.
            unsafe { accumulate::<T, L, R, W, false>(&mut sums, a, b, run, 0) };
        }
        for r in 0..R {
            for v in 0..W {
                // SAFETY: as above.
                unsafe { sums[r][v].store_part(to.add(r * row + v * L::N), count(v)) };
            }
        }
    }
}

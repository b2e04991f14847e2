//! Convolution of small images: a tile is the same pixel of several images by output channels.
//!
//! All pixels of a tile meet the input with the same taps, so that nothing is multiplied by padding: in an image of 2 x 2
//! a kernel of 3 x 3 meets 16 of 36 pixels, in one of 8 x 8 still 5 in 6. The input is copied so that the images of a
//! tile lie side by side; the kernel is copied panel by panel, and the panels are what threads share out among them.

use smallvec::SmallVec;

use super::Geometry;
use super::direct::{Direct, Plan, V};
use super::pack::{Count, pack_tap};
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::kernels::tile::{Panels, Run, accumulate, most_rows, with_rows};

/// Tiles of images that one task works on, at most: they share its panel of the kernel.
const BLOCKS: usize = 4;
/// Tasks, at least, where there are as many tiles.
const TASKS: usize = 8;
/// Pixels of an image, at most.
const PIXELS: usize = 64;

/// Multiply-adds for each number copied, at least.
const WORTH: usize = 100;

/// Whether images are small, enough of them to fill tiles, and the work large against the copy.
pub fn suits(plan: &Plan) -> bool {
    let pixels: usize = plan.image.iter().product();
    let work = |d: &Direct| d.output.iter().product::<usize>() * d.terms() * d.columns;
    let copied = |d: &Direct| d.input.iter().product::<usize>() * d.in_channels;
    let worth = plan.parts.iter().map(work).sum::<usize>() >= plan.parts.first().map_or(0, copied) * WORTH;
    plan.parts.iter().all(|d| d.groups == 1 && d.in_channels >= 8)
        && pixels <= PIXELS
        && worth
        && plan.batch >= 8
        && plan.channels >= 32
}

/// Numbers of the copy that forward product or input gradient may need.
pub fn copied(g: &Geometry) -> usize {
    let small = |pixels: [usize; 3]| pixels.iter().product::<usize>() <= PIXELS;
    let forward = if small(g.output) { g.input_len() } else { 0 };
    forward.max(if small(g.input) { g.output_len() } else { 0 })
}

/// y = epilogue(the convolution that `plan` describes); `scratch` holds the input.
pub fn run<T: Real>(
    plan: &Plan,
    x: &[T],
    k: &[T],
    y: &mut [T],
    epilogue: Epilogue<'_, T>,
    scratch: &mut [T],
) {
    let Some(d) = plan.parts.first() else {
        return y.fill(T::ZERO);
    };
    let most = dispatch::<T, _>(Most);
    let blocks = plan.batch.div_ceil(most);
    let first_of = |block: usize| block * plan.batch / blocks;
    let image = d.input.iter().product::<usize>() * d.in_channels;
    let copy = Disjoint::new(&mut scratch[..plan.batch * image]);
    parallel::for_ranges(blocks, parallel::GRAIN / (image * most).max(1), |range| {
        for block in range {
            let images = first_of(block)..first_of(block + 1);
            // SAFETY: each block of images has its part of the copy.
            let to = unsafe { copy.slice(images.start * image..images.end * image) };
            let from = &x[images.start * image..images.end * image];
            dispatch(SideBySide { from, image, to });
        }
    });
    let x = &scratch[..plan.batch * image];
    let panels = dispatch::<T, _>(Count(plan.channels));
    let shares = blocks.div_ceil(BLOCKS).max(TASKS.div_ceil(panels)).min(blocks);
    let shared = Disjoint::new(y);
    parallel::for_ranges(panels * shares, 1, |range| {
        for task in range {
            let (panel, share) = (task % panels, task / panels);
            let blocks = share * blocks / shares..(share + 1) * blocks / shares;
            let images: SmallVec<[(usize, usize); BLOCKS]> = blocks
                .map(|b| (first_of(b), first_of(b + 1) - first_of(b)))
                .collect();
            dispatch(Task {
                plan,
                x,
                k,
                y: &shared,
                panel,
                images: &images,
                epilogue,
            });
        }
    });
}

/// Images of a tile, at most.
struct Most;

impl<T: Real> Kernel<T> for Most {
    type Output = usize;

    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> usize {
        most_rows(L::REGISTERS, V)
    }
}

/// to[p * images + i] = from[i * image + p].
struct SideBySide<'a, T> {
    from: &'a [T],
    image: usize,
    to: &'a mut [T],
}

impl<T: Real> Kernel<T> for SideBySide<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let count = self.from.len() / self.image;
        let mut square = [T::ZERO; 256];
        for first in (0..self.image).step_by(L::N) {
            let length = L::N.min(self.image - first);
            // Rows beyond the last image are whatever an earlier round has left.
            let mut lines = [T::ZERO; 256];
            for i in 0..count {
                let x = L::from_part(&self.from[i * self.image + first..][..length]);
                x.to_slice(&mut lines[i * L::N..][..L::N]);
                if i % L::N == L::N - 1 || i == count - 1 {
                    let start = i / L::N * L::N;
                    // SAFETY: N x N numbers, N being at most 16, at multiples of N * N: count <= 16 images.
                    unsafe { L::transpose(lines[start * L::N..].as_ptr(), L::N, square.as_mut_ptr(), L::N) };
                    for (p, row) in square.chunks_exact(L::N).take(length).enumerate() {
                        let to = &mut self.to[(first + p) * count + start..][..=i - start];
                        to.copy_from_slice(&row[..=i - start]);
                    }
                }
            }
        }
    }
}

/// One panel of output channels, all pixels, some tiles of images (first image, number of images).
struct Task<'a, T> {
    plan: &'a Plan,
    x: &'a [T],
    k: &'a [T],
    y: &'a Disjoint<'a, T>,
    panel: usize,
    images: &'a [(usize, usize)],
    epilogue: Epilogue<'a, T>,
}

impl<T: Real> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let plan = self.plan;
        let (first, columns) = Panels::new(plan.channels, L::N, V).get(self.panel);
        let width = columns.next_multiple_of(L::N);
        let [depth, height, row] = plan.image;
        let mut buffer = Scratch::take();
        let sizes = plan.parts.iter().map(|d| d.terms() * width);
        let mut rest = buffer.get(sizes.sum());
        let mut missing: SmallVec<[bool; PIXELS]> = smallvec::smallvec![true; depth * height * row];
        for d in &plan.parts {
            let (panel, others) = core::mem::take(&mut rest).split_at_mut(d.terms() * width);
            rest = others;
            let [_, kh, kw] = d.kernel;
            for (tap, to) in panel.chunks_exact_mut(d.in_channels * width).enumerate() {
                let from = d.tap([tap / (kh * kw), tap / kw % kh, tap % kw]);
                pack_tap::<T, L>(
                    d,
                    self.k,
                    from + (first as isize * d.taps.column) as usize,
                    columns,
                    to,
                );
            }
            for z in 0..d.output[0] {
                for y in 0..d.output[1] {
                    for x in 0..d.output[2] {
                        let [oz, oy, ox] = core::array::from_fn(|a| d.start[a] + [z, y, x][a] * d.step[a]);
                        let pixel = (oz * height + oy) * row + ox;
                        missing[pixel] = false;
                        self.pixel::<L>(d, [z, y, x], panel, pixel, (first, columns));
                    }
                }
            }
        }
        for pixel in (0..missing.len()).filter(|&p| missing[p]) {
            for image in self.each_image() {
                self.part(image, pixel, first, columns).fill(T::ZERO);
            }
        }
        if self.epilogue.does_something() {
            let epilogue = self.epilogue.of(first..first + columns);
            for image in self.each_image() {
                for pixel in 0..missing.len() {
                    let part = self.part(image, pixel, first, columns);
                    finish(part, columns, epilogue);
                }
            }
        }
    }
}

/// Input that lies in one piece, and the rows of the panel that meet it.
struct Piece {
    a: usize,
    b: usize,
    length: usize,
}

impl<T: Real> Task<'_, T> {
    fn each_image(&self) -> impl Iterator<Item = usize> + use<'_, T> {
        self.images
            .iter()
            .flat_map(|&(first, count)| first..first + count)
    }

    /// The columns of this task in one pixel of the result.
    #[allow(clippy::mut_from_ref)] // `Disjoint` hands out parts for writing
    fn part(&self, image: usize, pixel: usize, first: usize, columns: usize) -> &mut [T] {
        let pixels: usize = self.plan.image.iter().product();
        let at = (image * pixels + pixel) * self.plan.channels + first;
        // SAFETY: columns and images of this task alone, one part at a time.
        unsafe { self.y.slice(at..at + columns) }
    }

    /// Output pixel `o` of part `d`, at `pixel` of the result, in all images of the task.
    #[inline(always)]
    fn pixel<L: Lanes<T>>(
        &self,
        d: &Direct,
        o: [usize; 3],
        panel: &[T],
        pixel: usize,
        (first, columns): (usize, usize),
    ) {
        let [_, kh, kw] = d.kernel;
        let c = d.in_channels;
        let axes = [d.axis(0), d.axis(1), d.axis(2)];
        let mut pieces: SmallVec<[Piece; 32]> = SmallVec::new();
        for kz in axes[0].taps(o[0]) {
            for ky in axes[1].taps(o[1]) {
                let line = axes[0].place(o[0], kz) as usize * d.input[1] + axes[1].place(o[1], ky) as usize;
                for kx in axes[2].taps(o[2]) {
                    let a = (line * d.input[2] + axes[2].place(o[2], kx) as usize) * c;
                    let b = ((kz * kh + ky) * kw + kx) * c;
                    match pieces.last_mut() {
                        Some(last) if last.a + last.length == a && last.b + last.length == b => {
                            last.length += c
                        }
                        _ => pieces.push(Piece { a, b, length: c }),
                    }
                }
            }
        }
        let image = d.input.iter().product::<usize>() * c;
        let pixels: usize = self.plan.image.iter().product();
        for &(start, count) in self.images {
            let tile = Tile {
                pieces: &pieces,
                x: &self.x[start * image..][..count * image],
                panel,
                columns,
            };
            let step = pixels * self.plan.channels;
            let at = start * step + pixel * self.plan.channels + first;
            let y = self.y.pointer(at..at + (count - 1) * step + columns);
            // SAFETY: pieces lie in the images and in the panel; `count` images and `columns` columns of the result.
            unsafe {
                if columns <= L::N {
                    with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 1>(y, step));
                } else {
                    with_rows!(count, most_rows(L::REGISTERS, V), R => tile.run::<L, R, 2>(y, step));
                }
            }
        }
    }
}

struct Tile<'a, T> {
    pieces: &'a [Piece],
    x: &'a [T],
    panel: &'a [T],
    columns: usize,
}

impl<T: Real> Tile<'_, T> {
    /// # Safety
    /// The pieces of `self` must lie inside its arrays; `y` must hold R images of `self.columns` numbers, `step`
    /// apart.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const R: usize, const W: usize>(&self, y: *mut T, step: usize) {
        let mut sums = [[L::splat(T::ZERO); W]; R];
        for piece in self.pieces {
            let run = Run {
                a_row: 1,
                a_step: R,
                b_step: W * L::N,
                length: piece.length,
            };
            // Plain pointers: with checks in this loop the compiler does not keep all sums in registers.
            let a = self.x.as_ptr().wrapping_add(piece.a * R);
            let b = self.panel.as_ptr().wrapping_add(piece.b * W * L::N);
            // SAFETY: pieces lie in the images and in the panel, by the caller's promise.
            unsafe { accumulate::<T, L, R, W, false>(&mut sums, a, b, run, 0) };
        }
        let last = self.columns - (W - 1) * L::N;
        for r in 0..R {
            for v in 0..W {
                let count = if v < W - 1 { L::N } else { last };
                // SAFETY: R images of `columns` numbers, by the caller's promise.
                unsafe { sums[r][v].store_part(y.add(r * step + v * L::N), count) };
            }
        }
    }
}

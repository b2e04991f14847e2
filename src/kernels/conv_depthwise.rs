//! Depthwise convolution: one kernel for each channel, so the lanes are channels and there is nothing to contract.
//!
//! A tile is R pixels of a row by V registers of channels. Its taps are those that meet the input: at the edges there
//! are fewer, so that the input is read where it lies. Pixels that several taps meet are loaded once: the cache gives a
//! core about one register a cycle, and it could multiply two.

use core::ops::Range;

use smallvec::SmallVec;

use super::direct::{Direct, Plan};
use crate::kernels::gemm::{Epilogue, finish};
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::segments::Segment;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Multiply-adds in a chunk of work, at least.
const CHUNK: usize = 1 << 16;

/// A part of the plan with its outputs sorted by the taps that meet the input. Taps are given by two distances: in the
/// input, from the place of the first tap, and in the kernel; those of one kernel row follow each other.
pub struct Sorted<'a> {
    pub direct: &'a Direct,
    segments: [SmallVec<[Segment; 8]>; 3],
    taps: SmallVec<[(usize, usize); 64]>,
    /// The range of `taps` for each combination of segments of the three axes.
    cases: SmallVec<[Range<usize>; 16]>,
}

impl<'a> Sorted<'a> {
    pub fn new(direct: &'a Direct) -> Self {
        let segments = core::array::from_fn(|a| direct.axis(a).segments());
        let (mut taps, mut cases) = (SmallVec::new(), SmallVec::new());
        let [_, height, width] = direct.input;
        let [dz, dy, dx] = direct.dilation;
        for z in &segments[0] {
            for y in &segments[1] {
                for x in &segments[2] {
                    let first = taps.len();
                    for kz in z.taps.clone() {
                        for ky in y.taps.clone() {
                            for kx in x.taps.clone() {
                                let pixel = (kz * dz * height + ky * dy) * width + kx * dx;
                                taps.push((pixel * direct.in_channels, direct.tap([kz, ky, kx])));
                            }
                        }
                    }
                    cases.push(first..taps.len());
                }
            }
        }
        Self {
            direct,
            segments,
            taps,
            cases,
        }
    }

    /// The segments of a row of outputs, with their taps, and the place of the first tap (perhaps outside of the input)
    /// for the first output of each.
    #[inline(always)]
    pub fn row(
        &self,
        n: usize,
        z: usize,
        y: usize,
    ) -> impl Iterator<Item = (&Segment, &[(usize, usize)], isize)> {
        let d = self.direct;
        let [az, ay, ax] = [d.axis(0), d.axis(1), d.axis(2)];
        let at = |axis: usize, o: usize| {
            let ends = self.segments[axis].iter().take_while(|s| s.outputs.end <= o);
            ends.count()
        };
        let case = (at(0, z) * self.segments[1].len() + at(1, y)) * self.segments[2].len();
        let plane = (n * d.input[0]) as isize + az.place(z, 0);
        let line = (plane * d.input[1] as isize + ay.place(y, 0)) * d.input[2] as isize;
        let segments = self.segments[2].iter().zip(&self.cases[case..]);
        segments.map(move |(segment, case)| {
            let first = line + ax.place(segment.outputs.start, 0);
            (segment, &self.taps[case.clone()], first * d.in_channels as isize)
        })
    }
}

/// y = epilogue(the convolution that `plan` describes), each channel by itself.
pub fn run<T: Real>(plan: &Plan, x: &[T], k: &[T], y: &mut [T], epilogue: Epilogue<'_, T>) {
    let parts: SmallVec<[Sorted<'_>; 1]> = plan.parts.iter().map(Sorted::new).collect();
    let [depth, height, width] = plan.image;
    let taps: usize = plan
        .parts
        .iter()
        .map(|d| d.kernel.iter().product::<usize>())
        .sum();
    let row = width * plan.channels;
    let work = (row * taps).div_ceil(plan.parts.len().max(1)).max(1);
    let shared = Disjoint::new(y);
    parallel::for_ranges(plan.batch * depth * height, CHUNK.div_ceil(work), |range| {
        // SAFETY: rows of the result, which no other chunk writes.
        let own = unsafe { shared.slice(range.start * row..range.end * row) };
        if !plan.covered {
            own.fill(T::ZERO);
        }
        dispatch(Rows {
            plan,
            parts: &parts,
            x,
            k,
            y: own,
            rows: range,
            bias: epilogue.bias.filter(|_| epilogue.scale.is_none()),
        });
        // A bias alone goes into the sums; after a scale it has to wait.
        let bias = epilogue.bias.filter(|_| epilogue.scale.is_some());
        let rest = Epilogue { bias, ..epilogue };
        if rest.does_something() {
            finish(own, plan.channels, rest);
        }
    });
}

/// Some rows of the result, counted through the batch.
struct Rows<'a, T> {
    plan: &'a Plan,
    parts: &'a [Sorted<'a>],
    x: &'a [T],
    k: &'a [T],
    y: &'a mut [T],
    rows: Range<usize>,
    bias: Option<&'a [T]>,
}

impl<T: Real> Kernel<T> for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let [depth, height, width] = self.plan.image;
        let row = width * self.plan.channels;
        for at in self.rows.clone() {
            let (n, z, y) = (at / height / depth, at / height % depth, at % height);
            let to = &mut self.y[(at - self.rows.start) * row..][..row];
            for part in self.parts {
                let d = part.direct;
                let (Some(oz), Some(oy)) = (d.output_at(0, z), d.output_at(1, y)) else {
                    continue;
                };
                let c = d.in_channels;
                for (segment, taps, from) in part.row(n, oz, oy) {
                    let (run, first) = (segment.taps.len(), segment.outputs.start);
                    let pixels = Pixels {
                        taps,
                        run: if d.dilation[2] == 1 { run } else { 0 },
                        stride: d.stride[2],
                        x: self.x.as_ptr().wrapping_offset(from),
                        k: self.k.as_ptr(),
                        x_step: d.stride[2] * c,
                        y: to[(d.start[2] + first * d.step[2]) * c..].as_mut_ptr(),
                        y_step: d.step[2] * c,
                        channels: c,
                        bias: self.bias,
                    };
                    // SAFETY: the taps of a segment meet the input for all its outputs, and these lie in the row.
                    unsafe { pixels.run::<L>(segment.outputs.len()) };
                }
            }
        }
    }
}

/// Pixels of a row with the same taps; `x` is the place of the first tap (perhaps outside) for the first pixel.
struct Pixels<'a, T> {
    taps: &'a [(usize, usize)],
    /// Taps of a kernel row, whose pixels are neighbours; 0 if they are not.
    run: usize,
    stride: usize,
    x: *const T,
    k: *const T,
    x_step: usize,
    y: *mut T,
    y_step: usize,
    channels: usize,
    bias: Option<&'a [T]>,
}

impl<T: Real> Pixels<'_, T> {
    /// # Safety
    /// `self.x`, `self.k` and `self.y` must hold what `self` says for the first `count` pixels of the row.
    #[inline(always)]
    unsafe fn run<L: Lanes<T>>(&self, count: usize) {
        // SAFETY: by the caller's promise; a tile of K taps and stride S is what it says.
        unsafe {
            match (self.run, self.stride) {
                (3, 1) => self.tiles::<L, 3, 1>(count),
                (2, 1) => self.tiles::<L, 2, 1>(count),
                (5, 1) => self.tiles::<L, 5, 1>(count),
                _ => self.tiles::<L, 1, 0>(count),
            }
        }
    }

    /// # Safety
    /// As for `run`; K and S must be the run of taps and the stride of `self`, or 1 and 0.
    #[inline(always)]
    unsafe fn tiles<L: Lanes<T>, const K: usize, const S: usize>(&self, count: usize) {
        let mut i = 0;
        while i < count {
            // SAFETY: pixels i..i + R are below `count`.
            i += unsafe {
                match count - i {
                    8.. if const { K == 1 && L::REGISTERS >= 32 } => self.rows::<L, 8, 2, K, S>(i),
                    8.. => self.rows::<L, 8, 1, K, S>(i),
                    4.. => self.rows::<L, 4, 2, K, S>(i),
                    2..=3 => self.rows::<L, 2, 2, K, S>(i),
                    _ => self.rows::<L, 1, 4, 1, 0>(i),
                }
            };
        }
    }

    /// All channels of R pixels; returns R.
    ///
    /// # Safety
    /// As for `tiles`, for the pixels i..i + R.
    #[inline(always)]
    unsafe fn rows<L: Lanes<T>, const R: usize, const V: usize, const K: usize, const S: usize>(
        &self,
        i: usize,
    ) -> usize {
        let mut c = 0;
        // SAFETY: all channels below `self.channels`.
        unsafe {
            while c + V * L::N <= self.channels {
                self.tile::<L, R, V, K, S, false>(i, c, 0);
                c += V * L::N;
            }
            while c < self.channels {
                if V > 1 && c + L::N <= self.channels {
                    self.tile::<L, R, 1, 1, 0, false>(i, c, 0);
                } else {
                    self.tile::<L, R, 1, 1, 0, true>(i, c, self.channels - c);
                }
                c += L::N;
            }
        }
        R
    }

    /// R pixels by V registers. With stride S, K neighbouring taps read the same pixels, which are loaded once; K = 1
    /// and S = 0 stand for taps of any kind.
    ///
    /// # Safety
    /// As for `rows`, for V registers of channels from `c` on; if `RAGGED` the last of them has `last` channels.
    #[inline(always)]
    unsafe fn tile<
        L: Lanes<T>,
        const R: usize,
        const V: usize,
        const K: usize,
        const S: usize,
        const RAGGED: bool,
    >(
        &self,
        i: usize,
        c: usize,
        last: usize,
    ) {
        let mut start = [L::splat(T::ZERO); V];
        // SAFETY: R pixels of V registers of channels (the last with `last`), by the caller's promise.
        unsafe {
            if let Some(bias) = self.bias {
                start = load::<T, L, V, RAGGED>(bias.as_ptr().add(c), last);
            }
            let mut sums = [start; R];
            let from = self.x.wrapping_add(i * self.x_step + c);
            for taps in self.taps.chunks_exact(K) {
                let x = from.wrapping_add(taps[0].0);
                let mut ks = [[L::splat(T::ZERO); V]; K];
                for k in 0..K {
                    ks[k] = load::<T, L, V, RAGGED>(self.k.add(taps[k].1 + c), last);
                }
                if S == 0 {
                    for r in 0..R {
                        let x = load::<T, L, V, RAGGED>(x.add(r * self.x_step), last);
                        for v in 0..V {
                            sums[r][v] = x[v].mul_add(ks[0][v], sums[r][v]);
                        }
                    }
                } else {
                    for p in 0..(R - 1) * S + K {
                        let x = load::<T, L, V, RAGGED>(x.add(p * self.channels), last);
                        for k in 0..K {
                            if p >= k && (p - k) % S == 0 && (p - k) / S < R {
                                let sums = &mut sums[(p - k) / S];
                                for v in 0..V {
                                    sums[v] = x[v].mul_add(ks[k][v], sums[v]);
                                }
                            }
                        }
                    }
                }
            }
            for r in 0..R {
                let y = self.y.add((i + r) * self.y_step + c);
                for v in 0..V {
                    if RAGGED {
                        sums[r][v].store_part(y.add(v * L::N), last);
                    } else {
                        sums[r][v].store(y.add(v * L::N));
                    }
                }
            }
        }
    }
}

/// V registers, the last with `last` numbers if `RAGGED`.
///
/// # Safety
/// `p` must be valid for reading them.
#[inline(always)]
pub unsafe fn load<T: Real, L: Lanes<T>, const V: usize, const RAGGED: bool>(
    p: *const T,
    last: usize,
) -> [L; V] {
    let mut x = [L::splat(T::ZERO); V];
    for v in 0..V {
        // SAFETY: by the caller's promise.
        x[v] = unsafe {
            if RAGGED {
                L::load_part(p.add(v * L::N), last)
            } else {
                L::load(p.add(v * L::N))
            }
        };
    }
    x
}

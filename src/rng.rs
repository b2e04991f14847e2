//! Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
//! as easy as 1, 2, 3", SC 2011).
//!
//! A stream is named by a [`Key`] (seed, counter). Element `i` of a stream takes word `i mod 4` of block `i div 4`,
//! so it depends on (seed, counter, i) alone: any splitting of the work gives the same numbers.
//! The `fill` functions take the index of the first element they write.

pub use crate::philox::philox;

#[cfg(target_arch = "x86_64")]
use crate::kernels::simd::{Level, level};
use crate::philox::{eight_blocks, groups_of_blocks};

/// Names one stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Philox's key.
    pub seed: i64,
    /// The upper half of Philox's counter; the lower half numbers the blocks of the stream.
    pub counter: i64,
}

/// Elements worked on at a time: the words of one piece stay in the first-level cache.
const PIECE: usize = 256;
/// Marks, in the top bit of the block number, the second word of an element that needs 64 bits.
const LOW_WORDS: u64 = 1 << 63;

/// Writes the words of elements `start..start + out.len()`; `flag` chooses between high and low words.
fn fill_words(key: Key, flag: u64, start: u64, out: &mut [u32]) {
    let philox_key = [key.seed as u32, (key.seed >> 32) as u32];
    let upper = [key.counter as u32, (key.counter >> 32) as u32];
    let mut position = start;
    let mut rest = out;
    while !rest.is_empty() {
        if position.is_multiple_of(4) && rest.len() >= 64 {
            let (now, later) = rest.split_at_mut(rest.len() / 64 * 64);
            groups_of_blocks((position / 4) | flag, upper, philox_key, now);
            position += now.len() as u64;
            rest = later;
            continue;
        }
        let words = eight_blocks((position / 4) | flag, upper, philox_key);
        let skip = (position % 4) as usize;
        let count = rest.len().min(words.len() - skip);
        let (now, later) = rest.split_at_mut(count);
        now.copy_from_slice(&words[skip..skip + count]);
        position += count as u64;
        rest = later;
    }
}

/// Runs `f(elements, high words, low words)` over `out`, a piece at a time. `wide` asks for low words too.
fn pieces<T>(key: Key, start: u64, wide: bool, out: &mut [T], mut f: impl FnMut(&mut [T], &[u32], &[u32])) {
    let mut high = [0_u32; PIECE];
    let mut low = [0_u32; PIECE];
    let mut position = start;
    for piece in out.chunks_mut(PIECE) {
        let count = piece.len();
        fill_words(key, 0, position, &mut high[..count]);
        if wide {
            fill_words(key, LOW_WORDS, position, &mut low[..count]);
        }
        f(piece, &high[..count], &low[..count]);
        position += count as u64;
    }
}

/// The floating types that random numbers come in.
pub trait Sample: Copy {
    /// Whether an element takes a second word.
    const WIDE: bool;
    /// Uniform in [0, 1): the leading bits are the high word's, so float32 and float64 agree but for rounding down.
    fn unit(high: u32, low: u32) -> Self;
    /// Rounds to this type.
    fn from_f64(x: f64) -> Self;
    /// Widens exactly.
    fn to_f64(self) -> f64;
    /// The largest number below this one.
    #[must_use]
    fn below(self) -> Self;
}

impl Sample for f32 {
    const WIDE: bool = false;
    // u = floor(high / 2^8) / 2^24
    #[inline(always)]
    fn unit(high: u32, _low: u32) -> Self {
        (high >> 8) as f32 * (1.0 / 16_777_216.0)
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn below(self) -> Self {
        self.next_down()
    }
}

impl Sample for f64 {
    const WIDE: bool = true;
    // u = floor((2^32 high + low) / 2^11) / 2^53
    #[inline(always)]
    fn unit(high: u32, low: u32) -> Self {
        let bits = (u64::from(high) << 32) | u64::from(low);
        (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    fn below(self) -> Self {
        self.next_down()
    }
}

/// A uniform number in the open interval (0, 1), in double precision whatever the type asked for.
#[inline(always)]
fn open_unit<T: Sample>(high: u32, low: u32) -> f64 {
    if T::WIDE {
        // The half step keeps both ends out.
        (((u64::from(high) << 32 | u64::from(low)) >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    } else {
        (f64::from(high) + 0.5) * (1.0 / 4_294_967_296.0)
    }
}

/// x = minval + (maxval - minval) u, in [minval, maxval).
pub fn uniform<T: Sample>(key: Key, start: u64, minval: T, maxval: T, out: &mut [T]) {
    let (low_end, width) = (minval.to_f64(), maxval.to_f64() - minval.to_f64());
    // Rounding can reach maxval; the number below it is the last one of the half-open interval.
    let last = maxval.below();
    pieces(key, start, T::WIDE, out, |piece, high, low| {
        for ((x, &h), &l) in piece.iter_mut().zip(high).zip(low) {
            let value = T::from_f64(T::unit(h, l).to_f64() * width + low_end);
            *x = if width > 0.0 && value.to_f64() > last.to_f64() {
                last
            } else {
                value
            };
        }
    });
}

/// Standard normal numbers by Box and Muller (1958): elements 2j and 2j + 1 share
/// `r = sqrt(-2 ln u1)`, `x_2j = r cos(2 pi u2)`, `x_2j+1 = r sin(2 pi u2)`; then `mean + stddev x`.
pub fn normal<T: Sample>(key: Key, start: u64, mean: f64, stddev: f64, out: &mut [T]) {
    let pair = |h1: u32, l1: u32, h2: u32, l2: u32| {
        let radius = libm::sqrt(-2.0 * libm::log(open_unit::<T>(h1, l1)));
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * open_unit::<T>(h2, l2));
        (mean + stddev * (radius * cosine), mean + stddev * (radius * sine))
    };
    let mut high = [0_u32; PIECE];
    let mut low = [0_u32; PIECE];
    // Pieces begin at even elements; an odd start or end computes the other half of its pair and drops it.
    let mut position = start & !1;
    let mut rest = out;
    let mut skip = (start & 1) as usize;
    while !rest.is_empty() {
        let count = rest.len().min(PIECE - skip);
        let words = (skip + count).next_multiple_of(2);
        fill_words(key, 0, position, &mut high[..words]);
        if T::WIDE {
            fill_words(key, LOW_WORDS, position, &mut low[..words]);
        }
        let (now, later) = rest.split_at_mut(count);
        for j in (0..words).step_by(2) {
            let (even, odd) = pair(high[j], low[j], high[j + 1], low[j + 1]);
            if j >= skip {
                now[j - skip] = T::from_f64(even);
            }
            if j + 1 >= skip && j + 1 - skip < count {
                now[j + 1 - skip] = T::from_f64(odd);
            }
        }
        position += words as u64;
        skip = 0;
        rest = later;
    }
}

/// Normal numbers cut off at two standard deviations, by the inverse distribution function:
/// `x = mean + stddev Phi^-1(Phi(-2) + u (Phi(2) - Phi(-2)))`.
pub fn truncated_normal<T: Sample>(key: Key, start: u64, mean: f64, stddev: f64, out: &mut [T]) {
    let tail = 0.5 * libm::erfc(std::f64::consts::SQRT_2);
    pieces(key, start, T::WIDE, out, |piece, high, low| {
        for ((x, &h), &l) in piece.iter_mut().zip(high).zip(low) {
            let z = normal_quantile(tail + open_unit::<T>(h, l) * (1.0 - 2.0 * tail)).clamp(-2.0, 2.0);
            *x = T::from_f64(mean + stddev * z);
        }
    });
}

/// Writes `yes` with the given probability and `no` otherwise. The choice uses the high word alone,
/// so every element type sees the same mask.
pub fn bernoulli<T: Copy>(key: Key, start: u64, probability: f64, yes: T, no: T, out: &mut [T]) {
    // u < p  <=>  high < p 2^32
    let bound = (probability.clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64;
    pieces(key, start, false, out, |piece, high, _| {
        for (x, &h) in piece.iter_mut().zip(high) {
            *x = if u64::from(h) < bound { yes } else { no };
        }
    });
}

/// out = scale x where the element is kept (with the given probability), else 0. The choice is that of [`bernoulli`].
///
/// # Safety
/// `x` and `out` hold `n` elements; they are the same array or do not overlap.
pub unsafe fn keep<T>(key: Key, start: u64, probability: f64, scale: T, x: *const T, out: *mut T, n: usize)
where
    T: Copy + Default + std::ops::Mul<Output = T>,
{
    let bound = (probability.clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64;
    // word < bound as word <= last in 32 bits, which vectorises; nothing is kept when bound is 0.
    let (none, last) = (bound == 0, bound.saturating_sub(1) as u32);
    let (mut words, mut values) = ([0_u32; PIECE], [T::default(); PIECE]);
    let last = if none { None } else { Some(last) };
    let mut at = 0;
    while at < n {
        let count = PIECE.min(n - at);
        fill_words(key, 0, start + at as u64, &mut words[..count]);
        // By way of `values`, so that the compiler knows that reading and writing do not interfere.
        // SAFETY: at + count lies inside both arrays.
        let to = unsafe {
            std::ptr::copy_nonoverlapping(x.add(at), values.as_mut_ptr(), count);
            std::slice::from_raw_parts_mut(out.add(at), count)
        };
        choose(last, scale, &values[..count], &words[..count], to);
        at += count;
    }
}

/// to = scale x where word <= last, else 0; the loop is compiled for the registers of this machine.
fn choose<T>(last: Option<u32>, scale: T, x: &[T], words: &[u32], to: &mut [T])
where
    T: Copy + Default + std::ops::Mul<Output = T>,
{
    let Some(last) = last else {
        return to.fill(T::default());
    };
    #[cfg(target_arch = "x86_64")]
    match level() {
        // SAFETY: the processor has this instruction set.
        Level::Avx512 => return unsafe { choose_avx512(last, scale, x, words, to) },
        // SAFETY: as above.
        Level::Avx2 => return unsafe { choose_avx2(last, scale, x, words, to) },
        Level::Portable => {}
    }
    choose_any(last, scale, x, words, to);
}

#[inline(always)]
fn choose_any<T>(last: u32, scale: T, x: &[T], words: &[u32], to: &mut [T])
where
    T: Copy + Default + std::ops::Mul<Output = T>,
{
    for ((to, &x), &word) in to.iter_mut().zip(x).zip(words) {
        let product = x * scale;
        *to = if word <= last { product } else { T::default() };
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2")]
fn choose_avx512<T>(last: u32, scale: T, x: &[T], words: &[u32], to: &mut [T])
where
    T: Copy + Default + std::ops::Mul<Output = T>,
{
    choose_any(last, scale, x, words, to);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn choose_avx2<T>(last: u32, scale: T, x: &[T], words: &[u32], to: &mut [T])
where
    T: Copy + Default + std::ops::Mul<Output = T>,
{
    choose_any(last, scale, x, words, to);
}

/// Integers in [minval, maxval): `minval + floor(r w / 2^64)` with r = maxval - minval and 64 random bits w,
/// so that no value is likelier than another by more than r / 2^64. `minval < maxval`.
pub fn integers(key: Key, start: u64, minval: i64, maxval: i64, out: &mut [i64]) {
    let range = maxval.wrapping_sub(minval) as u64;
    pieces(key, start, true, out, |piece, high, low| {
        for ((x, &h), &l) in piece.iter_mut().zip(high).zip(low) {
            *x = minval.wrapping_add(scale(h, l, range) as i64);
        }
    });
}

#[inline(always)]
fn scale(high: u32, low: u32, range: u64) -> u64 {
    let word = (u64::from(high) << 32) | u64::from(low);
    ((u128::from(word) * u128::from(range)) >> 64) as u64
}

/// Shuffles in place (Fisher and Yates): for i = n-1, ..., 1 swap element i with element `floor((i + 1) u_i)`.
pub fn shuffle<T>(key: Key, items: &mut [T]) {
    let mut swaps = [0_u64; PIECE];
    let mut end = items.len();
    while end > 1 {
        let begin = end.saturating_sub(PIECE);
        let count = end - begin;
        pieces(
            key,
            begin as u64,
            true,
            &mut swaps[..count],
            |piece, high, low| {
                for (j, x) in piece.iter_mut().enumerate() {
                    *x = (u64::from(high[j]) << 32) | u64::from(low[j]);
                }
            },
        );
        for i in (begin.max(1)..end).rev() {
            let word = swaps[i - begin];
            let j = ((u128::from(word) * (i as u128 + 1)) >> 64) as usize;
            items.swap(i, j);
        }
        end = begin;
    }
}

/// A random order of `0..n`.
pub fn permutation(key: Key, n: usize) -> Vec<i64> {
    let mut order: Vec<i64> = (0..n as i64).collect();
    shuffle(key, &mut order);
    order
}

/// Phi^-1(p) for 0 < p < 1, to about 1e-16 relative: M. J. Wichura, Algorithm AS 241 (PPND16),
/// Applied Statistics 37 (1988).
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(&CENTRE, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let z = if r <= 5.0 {
        ratio(&SHOULDER, r - 1.6)
    } else {
        ratio(&TAIL, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

fn ratio([top, bottom]: &[[f64; 8]; 2], r: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, &a| sum * r + a);
    horner(top) / horner(bottom)
}

const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const SHOULDER: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_9,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

#[cfg(test)]
#[path = "rng_tests.rs"]
mod tests;

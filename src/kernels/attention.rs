//! Scaled dot-product attention, head by head, with the scores of a block of queries in the cache.
//!
//! P = softmax(scale Q K^T + bias) over the keys that are seen, O = dropout(P) V. Arrays are (batch, steps, heads,
//! features). Work is split over batch, heads and blocks of queries; no table of all scores is ever in memory. The
//! gradient computes P again from the logarithm of each row's sum, which is cheaper than reading it back.

use core::ops::Range;

use super::gemm::{Mat, Size, serial};
use super::math::{self, Math};
use super::parallel::{Disjoint, for_ranges};
use super::real::Real;
use super::scratch::Scratch;
use super::simd::{Kernel, Lanes, dispatch};
use crate::rng::{self, Key, Sample};

#[path = "attention_gradient.rs"]
mod gradient;
#[path = "attention_heads.rs"]
mod heads;
pub use gradient::{Gradients, Saved, gradient};
use heads::{Head, transpose};

/// Rows of queries whose scores are worked on at a time.
const BLOCK: usize = 64;
/// Numbers in such a block of scores, at most (unless a single row is longer): it stays in L2 beside the heads.
const BLOCK_SCORES: usize = 64 * 1024;
/// Rows of scores are padded to whole registers of the widest kind.
const PAD: usize = 16;
/// With fewer heads than this in all, blocks of queries are pieces of work of their own.
const MANY_HEADS: usize = 16;

/// Query (batch, queries, heads, size), key (batch, keys, key_heads, size), value (batch, keys, key_heads, value_size);
/// head n takes the keys of head n / (heads / key_heads).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub batch: usize,
    pub queries: usize,
    pub keys: usize,
    pub heads: usize,
    pub key_heads: usize,
    pub size: usize,
    pub value_size: usize,
}

impl Sizes {
    fn group(&self) -> usize {
        self.heads / self.key_heads
    }
    fn padded_keys(&self) -> usize {
        self.keys.next_multiple_of(PAD)
    }
    /// Rows of queries in a block.
    fn block(&self) -> usize {
        (BLOCK_SCORES / self.padded_keys())
            .clamp(8, BLOCK)
            .min(self.queries)
    }
}

/// A table of numbers for each (batch, head, query, key), of which axes may be repeated (step 0).
#[derive(Debug, Clone, Copy)]
pub struct Table<'a, X> {
    pub data: &'a [X],
    pub steps: [usize; 4],
}

impl<X: Copy> Table<'_, X> {
    #[inline]
    fn row(&self, [b, n, t]: [usize; 3]) -> usize {
        b * self.steps[0] + n * self.steps[1] + t * self.steps[2]
    }
    #[inline]
    fn at(&self, row: usize, s: usize) -> X {
        self.data[row + s * self.steps[3]]
    }
}

/// Which shares are dropped: by number in (batch, heads, queries, keys).
#[derive(Debug, Clone, Copy)]
pub struct Drops {
    pub key: Key,
    pub rate: f64,
}

/// How scores become shares.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a, T> {
    pub scale: T,
    pub bias: Option<Table<'a, T>>,
    /// Not 0 where a key is seen.
    pub mask: Option<Table<'a, u8>>,
    /// Query t sees keys up to t.
    pub causal: bool,
    /// A query that sees nothing gets 0, otherwise the mean of all values.
    pub empty_is_zero: bool,
    pub drops: Option<Drops>,
}

impl<T: Real> Rules<'_, T> {
    /// Keys that a block of queries up to `end` can see. With a mask all, since a query may see nothing.
    fn reach(&self, end: usize, keys: usize) -> usize {
        if self.causal && self.mask.is_none() {
            end.min(keys)
        } else {
            keys
        }
    }

    /// What is added to a row of scores: the bias, and -inf where a key is not seen; and whether any is seen.
    fn shift(&self, at: [usize; 3], to: &mut [T]) -> bool {
        match &self.bias {
            Some(bias) => {
                let row = bias.row(at);
                if bias.steps[3] == 1 {
                    to.copy_from_slice(&bias.data[row..row + to.len()]);
                } else {
                    to.iter_mut().enumerate().for_each(|(s, x)| *x = bias.at(row, s));
                }
            }
            None => to.fill(T::ZERO),
        }
        let seen_to = if self.causal {
            to.len().min(at[2] + 1)
        } else {
            to.len()
        };
        to[seen_to..].fill(T::NEG_INFINITY);
        let Some(mask) = &self.mask else { return true };
        let (row, mut seen) = (mask.row(at), false);
        for (s, x) in to[..seen_to].iter_mut().enumerate() {
            if mask.at(row, s) == 0 {
                *x = T::NEG_INFINITY;
            } else {
                seen = true;
            }
        }
        seen
    }

    /// Whether the shifts of a block of rows are all the same, so that one stands for all.
    fn same_for_all_queries(&self) -> bool {
        let still = |steps: Option<[usize; 4]>| steps.is_none_or(|s| s[2] == 0);
        !self.causal && still(self.bias.map(|b| b.steps)) && still(self.mask.map(|m| m.steps))
    }

    fn shifts(&self) -> bool {
        self.bias.is_some() || self.mask.is_some()
    }
}

/// Rows of scores become exp(score + shift - largest); the sums of their terms and the logarithms of the sums of
/// exp(score + shift) are kept.
struct Exponentials<'a, T> {
    scores: &'a mut [T],
    /// Numbers in a row, a multiple of `PAD`.
    row: usize,
    /// Keys in a row; what is beyond becomes 0.
    keys: usize,
    /// With `causal`, row r has at most `first + r + 1` keys.
    first: usize,
    causal: bool,
    shift: Option<&'a [T]>,
    sums: &'a mut [T],
    logs: &'a mut [T],
}

impl<T: Math> Kernel<T> for Exponentials<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for (r, x) in self.scores.chunks_exact_mut(self.row).enumerate() {
            let keys = if self.causal {
                self.keys.min(self.first + r + 1)
            } else {
                self.keys
            };
            let end = keys.next_multiple_of(L::N);
            x[keys..end].fill(T::NEG_INFINITY);
            if let Some(shift) = self.shift {
                for (x, s) in x[..end].chunks_exact_mut(L::N).zip(shift.chunks_exact(L::N)) {
                    L::from_slice(x).add(L::from_slice(s)).to_slice(x);
                }
            }
            let mut best = [L::splat(T::NEG_INFINITY); 2];
            for (i, x) in x[..end].chunks_exact(L::N).enumerate() {
                best[i % 2] = L::from_slice(x).max(best[i % 2]);
            }
            let largest = best[0].max(best[1]).reduce_max();
            let (m, mut sum) = (L::splat(largest), [L::splat(T::ZERO); 2]);
            for (i, x) in x[..end].chunks_exact_mut(L::N).enumerate() {
                let e = math::exp_below(L::from_slice(x).sub(m));
                e.to_slice(x);
                sum[i % 2] = sum[i % 2].add(e);
            }
            x[end..].fill(T::ZERO);
            let sum = sum[0].add(sum[1]).reduce_sum();
            self.sums[r] = sum;
            self.logs[r] = largest + sum.ln();
        }
    }
}

/// Rows `step` apart, each divided by its number. They must be valid, and nobody else's meanwhile.
struct DivideRows<'a, T> {
    to: *mut T,
    step: usize,
    width: usize,
    by: &'a [T],
}

impl<T: Real> Kernel<T> for DivideRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for (r, &sum) in self.by.iter().enumerate() {
            let by = L::splat(sum.recip());
            for v in (0..self.width).step_by(L::N) {
                // SAFETY: numbers v.. of row r, of which `width` are valid.
                unsafe {
                    let to = self.to.add(r * self.step + v);
                    let n = self.width - v;
                    L::load_part(to, n).mul(by).store_part(to, n);
                }
            }
        }
    }
}

/// O = dropout(P) V, and the logarithms of the rows' sums (batch, heads, queries): infinite where nothing is seen, with
/// the sign that says what comes of it (+ for 0, - for the mean).
pub fn forward<T: Math + Sample>(
    sizes: Sizes,
    rules: &Rules<'_, T>,
    query: &[T],
    key: &[T],
    value: &[T],
    out: &mut [T],
    logs: &mut [T],
) {
    let Sizes {
        batch,
        queries,
        keys,
        heads,
        value_size,
        ..
    } = sizes;
    if batch * queries * heads == 0 {
        return;
    }
    if keys == 0 {
        out.fill(T::ZERO);
        logs.fill(T::INFINITY);
        return;
    }
    let block = sizes.block();
    // Pieces of work: all blocks of a head, or one, as the sizes say.
    let per_head = if batch * heads >= MANY_HEADS {
        1
    } else {
        queries.div_ceil(block)
    };
    let rows = queries.div_ceil(per_head).next_multiple_of(block);
    let (out, logs) = (Disjoint::new(out), Disjoint::new(logs));
    let whole = out_length(sizes);
    for_ranges(batch * heads * per_head, 1, |piece| {
        let (head, part) = (piece.start / per_head, piece.start % per_head);
        let (b, n) = (head / heads, head % heads);
        let range = (part * rows).min(queries)..((part + 1) * rows).min(queries);
        if range.is_empty() {
            return;
        }
        let to = Head::new(b, queries, 0, n, heads, value_size);
        // SAFETY: each piece has its own rows of its own head.
        let logs = unsafe { logs.slice(head * queries + range.start..head * queries + range.end) };
        let to_rows = |rows: Range<usize>| {
            let start = to.start + rows.start * to.step;
            (out.pointer(start..whole), to.step)
        };
        one_head(sizes, rules, [b, n], range, [query, key, value], to_rows, logs);
    });
}

fn out_length(s: Sizes) -> usize {
    s.batch * s.queries * s.heads * s.value_size
}

/// The rows `range` of one head. `to_rows` says where rows of the result go, and how far they are apart.
fn one_head<T: Math + Sample>(
    sizes: Sizes,
    rules: &Rules<'_, T>,
    [b, n]: [usize; 2],
    range: Range<usize>,
    [query, key, value]: [&[T]; 3],
    to_rows: impl Fn(Range<usize>) -> (*mut T, usize),
    logs: &mut [T],
) {
    let Sizes {
        queries,
        keys,
        heads,
        key_heads,
        size,
        value_size,
        ..
    } = sizes;
    let (block, row) = (sizes.block(), sizes.padded_keys());
    let mut scratch = Scratch::take();
    let parts = [
        size * row,
        keys * size.max(value_size),
        block * row,
        row,
        block,
        block * size,
    ];
    let [kt, v, scores, shift, sums, q] = cut(&mut scratch, parts);
    let of_keys = |width: usize| Head::new(b, keys, 0, n / sizes.group(), key_heads, width);
    of_keys(size).pack(key, keys, v);
    transpose(v, keys, size, kt, row);
    of_keys(value_size).pack(value, keys, v);
    for first in range.clone().step_by(block) {
        let count = block.min(range.end - first);
        let reach = rules.reach(first + count, keys);
        Head::new(b, queries, first, n, heads, size).pack(query, count, q);
        let scores = &mut scores[..count * row];
        let product = Size {
            m: count,
            n: reach,
            k: size,
        };
        let (left, right) = (Mat::row_major(&*q, size), Mat::row_major(&*kt, row));
        into(product, rules.scale, left, right, T::ZERO, scores, row);
        let logs = &mut logs[first - range.start..][..count];
        shares(
            rules,
            [b, n],
            first,
            reach,
            scores,
            row,
            shift,
            &mut sums[..count],
            logs,
        );
        if let Some(drops) = rules.drops {
            drop_shares(
                drops,
                ((b * heads + n) * queries + first) * keys,
                keys,
                scores,
                row,
            );
        }
        let (to, step) = to_rows(first..first + count);
        let product = Size {
            m: count,
            n: value_size,
            k: reach,
        };
        let (left, right) = (Mat::row_major(&*scores, row), Mat::row_major(&*v, value_size));
        // The result is scaled and not the shares, of which there are more.
        // SAFETY: rows of this piece of work.
        unsafe { serial(product, T::ONE, left, right, T::ZERO, to, step) };
        dispatch(DivideRows {
            to,
            step,
            width: value_size,
            by: &sums[..count],
        });
    }
}

/// c = alpha a b + beta c, in a slice with rows `row` apart.
fn into<T: Real>(size: Size, alpha: T, a: Mat<'_, T>, b: Mat<'_, T>, beta: T, c: &mut [T], row: usize) {
    assert!(size.n <= row && size.m * row <= c.len());
    // SAFETY: m rows of n numbers lie inside the slice, by the assertion.
    unsafe { serial(size, alpha, a, b, beta, c.as_mut_ptr(), row) }
}

/// Scores of a block of rows become exponentials with their sums and logarithms, by the rules.
fn shares<T: Math>(
    rules: &Rules<'_, T>,
    [b, n]: [usize; 2],
    first: usize,
    reach: usize,
    scores: &mut [T],
    row: usize,
    shift: &mut [T],
    sums: &mut [T],
    logs: &mut [T],
) {
    if !rules.shifts() {
        return dispatch(Exponentials {
            scores,
            row,
            keys: reach,
            first,
            causal: rules.causal,
            shift: None,
            sums,
            logs,
        });
    }
    shift.fill(T::ZERO);
    let still = rules.same_for_all_queries();
    let mut seen = rules.shift([b, n, first], &mut shift[..reach]);
    let step = if still { sums.len() } else { 1 };
    for r in (0..sums.len()).step_by(step) {
        if r > 0 {
            seen = rules.shift([b, n, first + r], &mut shift[..reach]);
        }
        let rows = r..r + step;
        let scores = &mut scores[rows.start * row..rows.end * row];
        if seen {
            dispatch(Exponentials {
                scores,
                row,
                keys: reach,
                first: 0,
                causal: false,
                shift: Some(shift),
                sums: &mut sums[rows.clone()],
                logs: &mut logs[rows],
            });
        } else {
            let (share, log) = if rules.empty_is_zero {
                (T::ZERO, T::INFINITY)
            } else {
                (T::ONE, T::NEG_INFINITY)
            };
            scores.fill(share);
            sums[rows.clone()].fill(T::from_usize(reach));
            logs[rows].fill(log);
        }
    }
}

/// Rows of shares with some dropped and the others scaled, the first with the number `start`.
fn drop_shares<T: Real + Sample>(drops: Drops, start: usize, keys: usize, shares: &mut [T], row: usize) {
    let keep = 1.0 - drops.rate;
    let scale = if keep > 0.0 { 1.0 / keep } else { 0.0 };
    for (r, x) in shares.chunks_exact_mut(row).enumerate() {
        let at = (start + r * keys) as u64;
        let (x, scale) = (x.as_mut_ptr(), <T as Real>::from_f64(scale));
        // SAFETY: in place, inside a row.
        unsafe { rng::keep(drops.key, at, keep, scale, x, x, keys) };
    }
}

/// Parts of scratch memory of these sizes, each beginning at a whole register.
fn cut<const N: usize, T: Real>(scratch: &mut Scratch, sizes: [usize; N]) -> [&mut [T]; N] {
    let total = sizes.iter().map(|n| n.next_multiple_of(PAD)).sum();
    let mut rest = scratch.get::<T>(total);
    sizes.map(|n| {
        let (part, more) = core::mem::take(&mut rest).split_at_mut(n.next_multiple_of(PAD));
        rest = more;
        &mut part[..n]
    })
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;

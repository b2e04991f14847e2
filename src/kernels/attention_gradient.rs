//! The gradient of attention.
//!
//! With P the shares, M the dropout's factors (0 or 1 / (1 - rate)) and g the gradient of O:
//! dV = (P M)^T g;  dP = (g V^T) M;  dS = P (dP - sum over keys of dP P), where that sum is g . O;
//! dQ = scale dS K;  dK = scale dS^T Q;  dbias = dS.

use super::heads::{Head, transpose};
use super::{PAD, Rules, Sizes, cut, drop_shares, into};
use crate::kernels::gemm::{Mat, Size, serial};
use crate::kernels::math::{self, Math};
use crate::kernels::parallel::{Disjoint, for_ranges};
use crate::kernels::real::Real;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::{Kernel, Lanes, dispatch};
use crate::rng::Sample;

/// Inputs and outputs of the forward pass, and the gradient that arrived at O.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T> {
    pub query: &'a [T],
    pub key: &'a [T],
    pub value: &'a [T],
    pub out: &'a [T],
    pub logs: &'a [T],
    pub g: &'a [T],
}

/// Where the gradients go; that of the scores, (batch, heads, queries, keys), is the bias's before it is summed.
#[derive(Debug)]
pub struct Gradients<'a, T> {
    pub query: &'a mut [T],
    pub key: &'a mut [T],
    pub value: &'a mut [T],
    pub scores: Option<&'a mut [T]>,
}

/// Rows of scores become shares again: exp(score + shift - log of the row's sum).
struct Again<'a, T> {
    scores: &'a mut [T],
    row: usize,
    keys: usize,
    first: usize,
    causal: bool,
    shift: Option<&'a [T]>,
    logs: &'a [T],
}

impl<T: Math> Kernel<T> for Again<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for ((r, x), &log) in self.scores.chunks_exact_mut(self.row).enumerate().zip(self.logs) {
            let keys = if self.causal {
                self.keys.min(self.first + r + 1)
            } else {
                self.keys
            };
            let end = keys.next_multiple_of(L::N);
            x[keys..end].fill(T::NEG_INFINITY);
            let log = L::splat(log);
            match self.shift {
                Some(shift) => {
                    for (x, s) in x[..end].chunks_exact_mut(L::N).zip(shift.chunks_exact(L::N)) {
                        let sum = L::from_slice(x).add(L::from_slice(s));
                        math::exp_below(sum.sub(log)).to_slice(x);
                    }
                }
                None => {
                    for x in x[..end].chunks_exact_mut(L::N) {
                        math::exp_below(L::from_slice(x).sub(log)).to_slice(x);
                    }
                }
            }
            x[end..].fill(T::ZERO);
        }
    }
}

/// d = p (d - along), row by row.
struct Slope<'a, T> {
    p: &'a [T],
    d: &'a mut [T],
    row: usize,
    keys: usize,
    along: &'a [T],
}

impl<T: Real> Kernel<T> for Slope<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let end = self.keys.next_multiple_of(L::N);
        let rows = self
            .p
            .chunks_exact(self.row)
            .zip(self.d.chunks_exact_mut(self.row));
        for ((p, d), &along) in rows.zip(self.along) {
            let along = L::splat(along);
            for (p, d) in p[..end].chunks_exact(L::N).zip(d[..end].chunks_exact_mut(L::N)) {
                L::from_slice(d).sub(along).mul(L::from_slice(p)).to_slice(d);
            }
        }
    }
}

/// along[r] = a[r] . b[r], rows of b `step` apart.
struct Products<'a, T> {
    a: &'a [T],
    b: &'a [T],
    step: usize,
    width: usize,
    along: &'a mut [T],
}

impl<T: Real> Kernel<T> for Products<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for (r, along) in self.along.iter_mut().enumerate() {
            let a = &self.a[r * self.width..][..self.width];
            let b = &self.b[r * self.step..][..self.width];
            let mut sum = L::splat(T::ZERO);
            for (a, b) in a.chunks(L::N).zip(b.chunks(L::N)) {
                sum = L::from_part(a).mul_add(L::from_part(b), sum);
            }
            *along = sum.reduce_sum();
        }
    }
}

/// The gradients of query, key and value, and of the scores where they are wanted.
pub fn gradient<T: Math + Sample>(
    sizes: Sizes,
    rules: &Rules<'_, T>,
    saved: &Saved<'_, T>,
    to: Gradients<'_, T>,
) {
    if sizes.batch * sizes.queries * sizes.heads == 0 || sizes.keys == 0 {
        to.query.fill(T::ZERO);
        to.key.fill(T::ZERO);
        to.value.fill(T::ZERO);
        return;
    }
    let places = Places {
        query: Disjoint::new(to.query),
        key: Disjoint::new(to.key),
        value: Disjoint::new(to.value),
        scores: to.scores.map(Disjoint::new),
    };
    // A head of keys collects from all its queries, so it is one piece of work.
    for_ranges(sizes.batch * sizes.key_heads, 1, |piece| {
        let (b, head) = (piece.start / sizes.key_heads, piece.start % sizes.key_heads);
        one_head(sizes, rules, saved, &places, b, head);
    });
}

struct Places<'a, T> {
    query: Disjoint<'a, T>,
    key: Disjoint<'a, T>,
    value: Disjoint<'a, T>,
    scores: Option<Disjoint<'a, T>>,
}

/// A row-major matrix with `width` columns.
fn of<T>(x: &[T], width: usize) -> Mat<'_, T> {
    Mat::row_major(x, width)
}

/// One head of keys and values, with all its queries.
fn one_head<T: Math + Sample>(
    sizes: Sizes,
    rules: &Rules<'_, T>,
    saved: &Saved<'_, T>,
    to: &Places<'_, T>,
    b: usize,
    key_head: usize,
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
    let dropped = if rules.drops.is_some() { block * row } else { 0 };
    let mut scratch = Scratch::take();
    let parts = [
        keys * size,
        size * row,
        keys * value_size,
        value_size * row,
        keys * size,
        keys * value_size,
        block * size,
        block * value_size,
        block * row,
        block * row,
        dropped,
        row,
        block,
    ];
    let [k, kt, v, vt, dk, dv, q, g, p, d, pd, shift, along] = cut(&mut scratch, parts);
    let of_keys = Head::new(b, keys, 0, key_head, key_heads, size);
    let of_values = Head::new(b, keys, 0, key_head, key_heads, value_size);
    of_keys.pack(saved.key, keys, k);
    transpose(k, keys, size, kt, row);
    of_values.pack(saved.value, keys, v);
    transpose(v, keys, value_size, vt, row);
    dk.fill(T::ZERO);
    dv.fill(T::ZERO);

    let group = sizes.group();
    for n in key_head * group..(key_head + 1) * group {
        for first in (0..queries).step_by(block) {
            let count = block.min(queries - first);
            let reach = rules.reach(first + count, keys);
            let of_query = Head::new(b, queries, first, n, heads, size);
            let of_out = Head::new(b, queries, first, n, heads, value_size);
            of_query.pack(saved.query, count, q);
            of_out.pack(saved.g, count, g);
            let (p, d) = (&mut p[..count * row], &mut d[..count * row]);
            let along = &mut along[..count];
            let over = |k: usize| Size {
                m: count,
                n: reach,
                k,
            };

            let logs = &saved.logs[(b * heads + n) * queries + first..][..count];

            into(over(size), rules.scale, of(q, size), of(kt, row), T::ZERO, p, row);
            let flat = again(rules, [b, n], first, reach, p, row, shift, logs);
            into(
                over(value_size),
                T::ONE,
                of(g, value_size),
                of(vt, row),
                T::ZERO,
                d,
                row,
            );
            dispatch(Products {
                a: g,
                b: &saved.out[of_out.start..],
                step: of_out.step,
                width: value_size,
                along,
            });
            let mut shares = &*p;
            if let Some(drops) = rules.drops {
                let start = ((b * heads + n) * queries + first) * keys;
                let dropped = &mut pd[..count * row];
                dropped.copy_from_slice(p);
                drop_shares(drops, start, keys, dropped, row);
                drop_shares(drops, start, keys, d, row);
                shares = dropped;
            }
            let through = |n: usize| Size {
                m: reach,
                n,
                k: count,
            };
            into(
                through(value_size),
                T::ONE,
                Mat::transposed(shares, row),
                of(g, value_size),
                T::ONE,
                dv,
                value_size,
            );
            dispatch(Slope {
                p,
                d,
                row,
                keys: reach,
                along,
            });
            if flat {
                // Queries that see nothing: their shares are constants.
                for (d, &log) in d.chunks_exact_mut(row).zip(logs) {
                    if log == T::NEG_INFINITY {
                        d.fill(T::ZERO);
                    }
                }
            }
            if let Some(scores) = &to.scores {
                let start = ((b * heads + n) * queries + first) * keys;
                // SAFETY: the rows of this block of this head.
                let scores = unsafe { scores.slice(start..start + count * keys) };
                for (to, d) in scores.chunks_exact_mut(keys).zip(d.chunks_exact(row)) {
                    to[..reach].copy_from_slice(&d[..reach]);
                    to[reach..].fill(T::ZERO);
                }
            }
            let end = of_query.start + (count - 1) * of_query.step + size;
            let dq = to.query.pointer(of_query.start..end);
            let back = Size {
                m: count,
                n: size,
                k: reach,
            };
            // SAFETY: rows of this head; between them lie those of other heads, which are not touched.
            unsafe {
                serial(
                    back,
                    rules.scale,
                    of(d, row),
                    of(k, size),
                    T::ZERO,
                    dq,
                    of_query.step,
                )
            };
            into(
                through(size),
                rules.scale,
                Mat::transposed(d, row),
                of(q, size),
                T::ONE,
                dk,
                size,
            );
        }
    }
    for (head, from, to) in [(of_keys, &*dk, &to.key), (of_values, &*dv, &to.value)] {
        for i in 0..keys {
            let at = head.start + i * head.step;
            let row = &from[i * head.width..][..head.width];
            // SAFETY: a row of this head.
            unsafe { to.slice(at..at + head.width) }.copy_from_slice(row);
        }
    }
}

/// Scores of a block of rows become shares; true if some row sees nothing and has equal shares.
fn again<T: Math>(
    rules: &Rules<'_, T>,
    [b, n]: [usize; 2],
    first: usize,
    reach: usize,
    scores: &mut [T],
    row: usize,
    shift: &mut [T],
    logs: &[T],
) -> bool {
    if !rules.shifts() {
        dispatch(Again {
            scores,
            row,
            keys: reach,
            first,
            causal: rules.causal,
            shift: None,
            logs,
        });
        return false;
    }
    debug_assert_eq!(row % PAD, 0);
    shift.fill(T::ZERO);
    rules.shift([b, n, first], &mut shift[..reach]);
    let still = rules.same_for_all_queries();
    let step = if still { logs.len() } else { 1 };
    let mut flat = false;
    for r in (0..logs.len()).step_by(step) {
        if r > 0 {
            rules.shift([b, n, first + r], &mut shift[..reach]);
        }
        let scores = &mut scores[r * row..(r + step) * row];
        if logs[r] == T::NEG_INFINITY {
            flat = true;
            scores.fill(T::from_usize(reach).recip());
        } else if logs[r] == T::INFINITY {
            scores.fill(T::ZERO);
        } else {
            dispatch(Again {
                scores,
                row,
                keys: reach,
                first: 0,
                causal: false,
                shift: Some(shift),
                logs: &logs[r..r + step],
            });
        }
    }
    flat
}

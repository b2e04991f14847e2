//! Maps over arrays: one input, or two inputs under NumPy's broadcasting.
//!
//! The functions take raw pointers because an output may stand on the memory of an input of the same size;
//! every element is read before the element at its place is written.

use super::math::Math;
use super::parallel::{GRAIN, for_ranges};
use super::simd::{Kernel, Lanes, dispatch};

/// A function of one number, written over lanes.
pub trait Map<T: Math>: Copy + Send + Sync {
    fn at<L: Lanes<T>>(self, x: L) -> L;
}

/// A function of two numbers, written over lanes.
pub trait Zip<T: Math>: Copy + Send + Sync {
    fn at<L: Lanes<T>>(self, a: L, b: L) -> L;
}

/// A pointer that threads may share: each reads and writes places of its own.
#[derive(Debug)]
pub struct Shared<T>(pub *mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}
// SAFETY: the functions below give each thread a range of its own.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// # Safety
    /// `i` must lie inside the array.
    #[inline(always)]
    pub unsafe fn add(self, i: usize) -> *mut T {
        // SAFETY: by the caller's promise.
        unsafe { self.0.add(i) }
    }

    /// # Safety
    /// The place `i` elements on (or back) must lie inside the array.
    #[inline(always)]
    pub unsafe fn offset(self, i: isize) -> *mut T {
        // SAFETY: by the caller's promise.
        unsafe { self.0.offset(i) }
    }
}

struct MapJob<T, F> {
    f: F,
    x: *const T,
    out: *mut T,
    n: usize,
}

impl<T: Math, F: Map<T>> Kernel<T> for MapJob<T, F> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let mut i = 0;
        // SAFETY: `map`'s caller promises n elements at both places.
        unsafe {
            while i + L::N <= self.n {
                self.f.at(L::load(self.x.add(i))).store(self.out.add(i));
                i += L::N;
            }
            if i < self.n {
                self.f
                    .at(L::load_part(self.x.add(i), self.n - i))
                    .store_part(self.out.add(i), self.n - i);
            }
        }
    }
}

/// out[i] = f(x[i])
///
/// # Safety
/// `x` and `out` hold `n` elements; they are the same array or do not overlap.
pub unsafe fn map<T: Math, F: Map<T>>(f: F, x: *const T, out: *mut T, n: usize) {
    let (x, out) = (Shared(x.cast_mut()), Shared(out));
    for_ranges(n, GRAIN, |r| {
        // SAFETY: r lies inside 0..n.
        let (x, out) = unsafe { (x.add(r.start).cast_const(), out.add(r.start)) };
        dispatch(MapJob {
            f,
            x,
            out,
            n: r.len(),
        });
    });
}

/// x[i] <- f(x[i]), on the calling thread: for a piece of a larger job that is in cache.
pub fn map_slice<T: Math, F: Map<T>>(f: F, x: &mut [T]) {
    let n = x.len();
    let out = x.as_mut_ptr();
    dispatch(MapJob {
        f,
        x: out.cast_const(),
        out,
        n,
    });
}

/// out[i] = f(x[i]) for any types, by the scalar function.
///
/// # Safety
/// As for [`map`].
pub unsafe fn map_scalar<A: Copy + Send, O: Send>(
    f: impl Fn(A) -> O + Sync,
    x: *const A,
    out: *mut O,
    n: usize,
) {
    let (x, out) = (Shared(x.cast_mut()), Shared(out));
    for_ranges(n, GRAIN, |r| {
        for i in r {
            // SAFETY: i lies inside 0..n.
            unsafe { out.add(i).write(f(x.add(i).read())) }
        }
    });
}

struct ZipJob<T, F> {
    f: F,
    a: *const T,
    b: *const T,
    /// 1 for an array, 0 for a number that is repeated.
    steps: [usize; 2],
    out: *mut T,
    n: usize,
}

impl<T: Math, F: Zip<T>> Kernel<T> for ZipJob<T, F> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Self {
            f,
            a,
            b,
            steps,
            out,
            n,
        } = self;
        let mut i = 0;
        // SAFETY: `zip`'s caller promises the elements that the layout speaks of.
        unsafe {
            match steps {
                [1, 1] => {
                    while i + L::N <= n {
                        f.at(L::load(a.add(i)), L::load(b.add(i))).store(out.add(i));
                        i += L::N;
                    }
                    f.at(L::load_part(a.add(i), n - i), L::load_part(b.add(i), n - i))
                        .store_part(out.add(i), n - i);
                }
                [1, _] => {
                    let b = L::splat(*b);
                    while i + L::N <= n {
                        f.at(L::load(a.add(i)), b).store(out.add(i));
                        i += L::N;
                    }
                    f.at(L::load_part(a.add(i), n - i), b)
                        .store_part(out.add(i), n - i);
                }
                [_, 1] => {
                    let a = L::splat(*a);
                    while i + L::N <= n {
                        f.at(a, L::load(b.add(i))).store(out.add(i));
                        i += L::N;
                    }
                    f.at(a, L::load_part(b.add(i), n - i))
                        .store_part(out.add(i), n - i);
                }
                _ => {
                    let value = f.at(L::splat(*a), L::splat(*b));
                    while i + L::N <= n {
                        value.store(out.add(i));
                        i += L::N;
                    }
                    value.store_part(out.add(i), n - i);
                }
            }
        }
    }
}

/// How `K` arrays are walked together when broadcast: axes along which every array goes on evenly are one axis.
#[derive(Debug, Clone)]
pub struct Broadcast<const K: usize> {
    /// Outer axes from the outermost: size and each array's step.
    outer: Vec<(usize, [usize; K])>,
    /// Length of the innermost axis and each array's step there, 0 or 1.
    inner: usize,
    steps: [usize; K],
    len: usize,
}

impl<const K: usize> Broadcast<K> {
    /// `shapes` broadcast to `out`; all are row-major.
    pub fn new(out: &[usize], shapes: [&[usize]; K]) -> Self {
        let len = out.iter().product();
        // From the last axis: (size, steps), merged where the outer step continues the inner one.
        let mut axes: Vec<(usize, [usize; K])> = Vec::new();
        let mut stride = [1_usize; K];
        for axis in (0..out.len()).rev() {
            let mut steps = [0; K];
            for k in 0..K {
                let back = out.len() - axis;
                if back <= shapes[k].len() {
                    let size = shapes[k][shapes[k].len() - back];
                    steps[k] = if size == 1 { 0 } else { stride[k] };
                    stride[k] *= size;
                }
            }
            if out[axis] == 1 {
                continue;
            }
            match axes.last_mut() {
                Some((size, inner)) if (0..K).all(|k| steps[k] == inner[k] * *size) => *size *= out[axis],
                _ => axes.push((out[axis], steps)),
            }
        }
        let (inner, steps) = if axes.is_empty() {
            (1, [0; K])
        } else {
            axes.remove(0)
        };
        axes.reverse();
        Self {
            outer: axes,
            inner,
            steps,
            len,
        }
    }

    /// Number of elements of the result.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The step of each array along a run, 0 or 1.
    pub fn steps(&self) -> [usize; K] {
        self.steps
    }

    /// Calls `f(each array's offset, the result's offset, length)` for the runs that make up `range` of the result.
    #[inline(always)]
    pub fn runs(&self, range: std::ops::Range<usize>, mut f: impl FnMut([usize; K], usize, usize)) {
        let mut at = range.start;
        if at >= range.end {
            return;
        }
        let (mut row, mut column) = (at / self.inner, at % self.inner);
        let mut index = vec_index(&self.outer, &mut row);
        loop {
            let n = (self.inner - column).min(range.end - at);
            let mut offsets = [0; K];
            for (i, (_, steps)) in index.iter().zip(&self.outer) {
                for k in 0..K {
                    offsets[k] += i * steps[k];
                }
            }
            for k in 0..K {
                offsets[k] += column * self.steps[k];
            }
            f(offsets, at, n);
            at += n;
            column = 0;
            if at >= range.end {
                return;
            }
            for (i, (size, _)) in index.iter_mut().zip(&self.outer).rev() {
                *i += 1;
                if *i < *size {
                    break;
                }
                *i = 0;
            }
        }
    }

    /// Whether array `k` is as large as the result and in its order.
    fn is_full(&self, k: usize) -> bool {
        let mut expected = self.inner;
        let full = self.steps[k] == 1 || self.inner == 1;
        full && self.outer.iter().rev().all(|(size, steps)| {
            let even = steps[k] == expected;
            expected *= size;
            even
        })
    }

    /// Whether array `k` repeats the same run everywhere.
    fn is_one_run(&self, k: usize) -> bool {
        self.outer.iter().all(|(_, steps)| steps[k] == 0)
    }
}

/// The index along each outer axis of a row.
fn vec_index<const K: usize>(
    outer: &[(usize, [usize; K])],
    row: &mut usize,
) -> smallvec::SmallVec<[usize; 6]> {
    let mut index = smallvec::smallvec![0; outer.len()];
    for (i, (size, _)) in index.iter_mut().zip(outer).rev() {
        *i = *row % size;
        *row /= size;
    }
    index
}

/// Runs shorter than this are gathered, so that the vector loop has something to work on.
const SHORT: usize = 64;
/// Elements gathered at a time.
const PIECE: usize = 512;

/// out = f(a, b), broadcast.
///
/// # Safety
/// `a`, `b` and `out` hold the elements of the shapes that `plan` was made from; `out` may be the same array as an
/// input that is as large as the result, and overlaps neither otherwise.
pub unsafe fn zip<T: Math, F: Zip<T>>(f: F, plan: &Broadcast<2>, a: *const T, b: *const T, out: *mut T) {
    let (a, b, out) = (Shared(a.cast_mut()), Shared(b.cast_mut()), Shared(out));
    if plan.inner >= SHORT || plan.outer.is_empty() || plan.len == 0 {
        for_ranges(plan.len, GRAIN, |range| {
            plan.runs(range, |[i, j], at, n| {
                // SAFETY: the plan's offsets lie inside the arrays.
                let (a, b, out) = unsafe { (a.add(i).cast_const(), b.add(j).cast_const(), out.add(at)) };
                dispatch(ZipJob {
                    f,
                    a,
                    b,
                    steps: plan.steps,
                    out,
                    n,
                });
            });
        });
        return;
    }
    // Whole runs in a piece, so that a repeated run needs to be gathered only once.
    let piece = PIECE / plan.inner * plan.inner;
    for_ranges(plan.len, GRAIN / piece * piece, |range| {
        let mut gathered = [[T::ZERO; PIECE]; 2];
        let mut have = [0; 2];
        let mut at = range.start;
        while at < range.end {
            let n = piece.min(range.end - at);
            let mut from = [a, b].map(|p| p.0.cast_const());
            for k in 0..2 {
                if plan.is_full(k) {
                    // SAFETY: at lies inside an array as large as the result.
                    from[k] = unsafe { from[k].add(at) };
                    continue;
                }
                if have[k] < n {
                    let (source, target) = (from[k], &mut gathered[k]);
                    let mut fill = 0;
                    plan.runs(at..at + n, |offsets, _, m| {
                        for (i, slot) in target[fill..fill + m].iter_mut().enumerate() {
                            // SAFETY: the plan's offsets lie inside the array.
                            *slot = unsafe { *source.add(offsets[k] + i * plan.steps[k]) };
                        }
                        fill += m;
                    });
                    have[k] = if plan.is_one_run(k) { n } else { 0 };
                }
                from[k] = gathered[k].as_ptr();
            }
            // SAFETY: at + n lies inside the result.
            let out = unsafe { out.add(at) };
            dispatch(ZipJob {
                f,
                a: from[0],
                b: from[1],
                steps: [1, 1],
                out,
                n,
            });
            at += n;
        }
    });
}

/// out = f(a, b), broadcast, for any types, by the scalar function.
///
/// # Safety
/// As for [`zip`].
pub unsafe fn zip_scalar<A, B, O>(
    f: impl Fn(A, B) -> O + Sync,
    plan: &Broadcast<2>,
    a: *const A,
    b: *const B,
    out: *mut O,
) where
    A: Copy + Send,
    B: Copy + Send,
    O: Send,
{
    let (a, b, out) = (Shared(a.cast_mut()), Shared(b.cast_mut()), Shared(out));
    for_ranges(plan.len, GRAIN, |range| {
        plan.runs(range, |[i, j], at, n| {
            // SAFETY: the plan's offsets lie inside the arrays.
            unsafe {
                let (a, b, out) = (a.add(i), b.add(j), out.add(at));
                match plan.steps {
                    [1, 1] => (0..n).for_each(|k| out.add(k).write(f(*a.add(k), *b.add(k)))),
                    [1, _] => {
                        let b = *b;
                        (0..n).for_each(|k| out.add(k).write(f(*a.add(k), b)));
                    }
                    [_, 1] => {
                        let a = *a;
                        (0..n).for_each(|k| out.add(k).write(f(a, *b.add(k))));
                    }
                    _ => (0..n).for_each(|k| out.add(k).write(f(*a, *b))),
                }
            }
        });
    });
}

/// out = condition ? a : b, broadcast; `condition` is true where its byte is not zero.
///
/// # Safety
/// As for [`zip`].
pub unsafe fn choose<T: Copy + Send>(
    plan: &Broadcast<3>,
    condition: *const u8,
    a: *const T,
    b: *const T,
    out: *mut T,
) {
    let (condition, a, b, out) = (
        Shared(condition.cast_mut()),
        Shared(a.cast_mut()),
        Shared(b.cast_mut()),
        Shared(out),
    );
    let [sc, sa, sb] = plan.steps;
    for_ranges(plan.len, GRAIN, |range| {
        plan.runs(range, |[c, i, j], at, n| {
            for k in 0..n {
                // SAFETY: the plan's offsets lie inside the arrays.
                unsafe {
                    let (yes, no) = (*a.add(i + k * sa), *b.add(j + k * sb));
                    out.add(at + k)
                        .write(if *condition.add(c + k * sc) != 0 { yes } else { no });
                }
            }
        });
    });
}

/// out = x repeated to the result's shape.
///
/// # Safety
/// As for [`zip`]; `out` overlaps `x` nowhere.
pub unsafe fn repeat_to<T: Copy + Send>(plan: &Broadcast<1>, x: *const T, out: *mut T) {
    let (x, out) = (Shared(x.cast_mut()), Shared(out));
    for_ranges(plan.len, GRAIN, |range| {
        plan.runs(range, |[i], at, n| {
            // SAFETY: the plan's offsets lie inside the arrays.
            unsafe {
                if plan.steps[0] == 1 {
                    std::ptr::copy_nonoverlapping(x.add(i), out.add(at), n);
                } else {
                    let value = *x.add(i);
                    (0..n).for_each(|k| out.add(at + k).write(value));
                }
            }
        });
    });
}

#[cfg(test)]
#[path = "elementwise_tests.rs"]
mod tests;

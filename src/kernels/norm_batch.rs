//! Batch normalisation: statistics, result and gradient.

use core::ops::Range;

use super::{Layout, Repeated};
use crate::kernels::activate::{self, Activate};
use crate::kernels::conv::Buffer;
use crate::kernels::math::Math;
use crate::kernels::parallel::{self, Disjoint};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Numbers of a block: what passes over it one after the other, three or four arrays of it, stays in the second-level
/// cache; smaller ones do not pay for being begun.
const BLOCK: usize = 8192;

/// mean[c] and squares[c] = sum of (x - mean)^2 of one chunk. As in all kernels here, with inner = 1 a lane is a channel,
/// else a lane is a position of one channel.
struct Moments<'a, T> {
    layout: Layout,
    x: &'a [T],
    mean: &'a mut [T],
    squares: &'a mut [T],
}

/// Register v of a block of V registers of columns, the last of which holds `last` columns.
#[inline(always)]
unsafe fn get<T: Real, L: Lanes<T>, const V: usize>(p: *const T, v: usize, last: usize) -> L {
    // SAFETY: by the caller's promise, V - 1 whole registers and `last` numbers are readable.
    unsafe {
        if V > 1 {
            L::load(p.add(v * L::N))
        } else {
            L::load_part(p, last)
        }
    }
}

/// Moments of a block of columns of the rows at `x`, `row` apart: V whole registers, or `last` columns if V is 1.
#[inline(always)]
unsafe fn moments<T: Real, L: Lanes<T>, const V: usize>(
    x: *const T,
    rows: usize,
    row: usize,
    last: usize,
    mean: &mut [T],
    squares: &mut [T],
) -> usize {
    let (mut first, mut sums, mut deviations) = (
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
    );
    // SAFETY: by the caller's promise.
    unsafe {
        // Sums of distances to the first row: a large common part costs no digits.
        for v in 0..V {
            first[v] = get::<T, L, V>(x, v, last);
        }
        for r in 0..rows {
            for v in 0..V {
                sums[v] = sums[v].add(get::<T, L, V>(x.add(r * row), v, last).sub(first[v]));
            }
        }
        let scale = L::splat(T::ONE / T::from_usize(rows));
        for v in 0..V {
            sums[v] = sums[v].mul_add(scale, first[v]);
        }
        for r in 0..rows {
            for v in 0..V {
                let d = get::<T, L, V>(x.add(r * row), v, last).sub(sums[v]);
                deviations[v] = d.mul_add(d, deviations[v]);
            }
        }
    }
    for v in 0..V {
        let part = v * L::N..v * L::N + if V > 1 { L::N } else { last };
        sums[v].to_part(&mut mean[part.clone()]);
        deviations[v].to_part(&mut squares[part]);
    }
    if V > 1 { V * L::N } else { last }
}

impl<T: Real> Kernel<T> for Moments<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let rows = self.x.len() / (channels * inner);
        let scale = T::ONE / T::from_usize(rows * inner);
        if inner == 1 {
            let mut c = 0;
            while c < channels {
                let (x, mean, squares) = (&self.x[c..], &mut self.mean[c..], &mut self.squares[c..]);
                // SAFETY: `rows` rows of `channels` numbers, of which each column block begins at c and ends before
                // the row does; mean and squares hold as many numbers.
                c += unsafe {
                    if c + 4 * L::N <= channels {
                        moments::<T, L, 4>(x.as_ptr(), rows, channels, L::N, mean, squares)
                    } else {
                        moments::<T, L, 1>(x.as_ptr(), rows, channels, L::N.min(channels - c), mean, squares)
                    }
                };
            }
            return;
        }
        for c in 0..channels {
            let first = self.x[c * inner];
            let (mut sum, mut rest) = (L::splat(T::ZERO), T::ZERO);
            for row in self.x.chunks_exact(channels * inner) {
                let parts = row[c * inner..][..inner].chunks_exact(L::N);
                for &x in parts.remainder() {
                    rest += x - first;
                }
                for part in parts {
                    sum = sum.add(L::from_slice(part).sub(L::splat(first)));
                }
            }
            let mean = first + (sum.reduce_sum() + rest) * scale;
            let (mut squares, mut rest) = (L::splat(T::ZERO), T::ZERO);
            for row in self.x.chunks_exact(channels * inner) {
                let parts = row[c * inner..][..inner].chunks_exact(L::N);
                for &x in parts.remainder() {
                    rest += (x - mean) * (x - mean);
                }
                for part in parts {
                    let d = L::from_slice(part).sub(L::splat(mean));
                    squares = d.mul_add(d, squares);
                }
            }
            self.mean[c] = mean;
            self.squares[c] = squares.reduce_sum() + rest;
        }
    }
}

/// mean[c] = mean of x over all but the channels; variance[c] = mean of (x - mean)^2.
pub fn statistics<T: Real>(l: Layout, x: &[T], mean: &mut [T], variance: &mut [T], scratch: &mut [T]) {
    let (channels, scale) = (l.channels, T::ONE / T::from_usize(l.count()));
    if l.is_empty() {
        mean.fill(T::NAN);
        variance.fill(T::NAN);
        return;
    }
    let l = l.folded();
    let (c, row, grain) = (l.channels, l.channels * l.inner, l.grain());
    {
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(l.outer, grain, |r| {
            let at = r.start / grain * 2 * c;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (mean, squares) = unsafe { shared.slice(at..at + 2 * c) }.split_at_mut(c);
            let x = &x[r.start * row..r.end * row];
            dispatch(Moments {
                layout: l,
                x,
                mean,
                squares,
            });
        });
    }
    let (total, chunks) = scratch.split_at_mut(2 * c);
    let (means, squares) = total.split_at_mut(c);
    for (i, chunk) in chunks.chunks_exact(2 * c).take(l.chunks() - 1).enumerate() {
        let before = (i + 1) * grain;
        let counts = (before * l.inner, grain.min(l.outer - before) * l.inner);
        join(counts, means, squares, chunk.split_at(c));
    }
    // Columns that stand for the same channel.
    let (first, others) = means.split_at_mut(channels);
    let (first_squares, other_squares) = squares.split_at_mut(channels);
    let parts = others
        .chunks_exact(channels)
        .zip(other_squares.chunks_exact(channels));
    for (i, part) in parts.enumerate() {
        join(((i + 1) * l.count(), l.count()), first, first_squares, part);
    }
    mean.copy_from_slice(first);
    for (v, &s) in variance.iter_mut().zip(&*first_squares) {
        *v = s * scale;
    }
}

/// Joins the moments of m more numbers to those of n numbers, channel by channel:
/// mean += delta m / (n + m), squares += squares' + delta^2 n m / (n + m), with delta = mean' - mean.
fn join<T: Real>((n, m): (usize, usize), mean: &mut [T], squares: &mut [T], other: (&[T], &[T])) {
    let (n, m) = (T::from_usize(n), T::from_usize(m));
    let (part, weight) = (m / (n + m), n * m / (n + m));
    for i in 0..mean.len() {
        let delta = other.0[i] - mean[i];
        mean[i] += delta * part;
        squares[i] += other.1[i] + delta * delta * weight;
    }
}

/// y = (x - center[c]) * scale[c] + shift[c] (+ second * factor[c], or + second)
struct Affine<'a, T> {
    layout: Layout,
    x: &'a [T],
    second: Second<'a, T>,
    center: &'a [T],
    scale: &'a [T],
    shift: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> Kernel<T> for Affine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let row = channels * inner;
        for (r, y) in self.y.chunks_exact_mut(row).enumerate() {
            let x = &self.x[r * row..][..row];
            let second = self.second.part(r * row..(r + 1) * row);
            if inner == 1 {
                let whole = channels / L::N * L::N;
                for v in (0..whole).step_by(L::N) {
                    let (scale, shift) = (L::from_slice(&self.scale[v..]), L::from_slice(&self.shift[v..]));
                    let mut sum = L::from_slice(&x[v..])
                        .sub(L::from_slice(&self.center[v..]))
                        .mul_add(scale, shift);
                    sum = match second {
                        Second::None => sum,
                        Second::Plain(z) => L::from_slice(&z[v..]).add(sum),
                        Second::Scaled(z, f) => L::from_slice(&z[v..]).mul_add(L::from_slice(&f[v..]), sum),
                        Second::Rectified(z, f, to) => {
                            let before = L::from_slice(&x[v..])
                                .sub(L::from_slice(&self.center[v..]))
                                .mul_add(L::from_slice(&to.scale[v..]), L::from_slice(&to.shift[v..]));
                            let z = where_above_0(before, L::from_slice(&z[v..]));
                            z.mul_add(L::from_slice(&f[v..]), sum)
                        }
                    };
                    sum.to_slice(&mut y[v..]);
                }
                if whole < channels {
                    let rest = whole..channels;
                    let (scale, shift) = (
                        L::from_part(&self.scale[rest.clone()]),
                        L::from_part(&self.shift[rest.clone()]),
                    );
                    let centered =
                        L::from_part(&x[rest.clone()]).sub(L::from_part(&self.center[rest.clone()]));
                    let mut sum = centered.mul_add(scale, shift);
                    sum = match second {
                        Second::None => sum,
                        Second::Plain(z) => L::from_part(&z[rest.clone()]).add(sum),
                        Second::Scaled(z, f) => {
                            L::from_part(&z[rest.clone()]).mul_add(L::from_part(&f[rest.clone()]), sum)
                        }
                        Second::Rectified(z, f, to) => {
                            let before = centered.mul_add(
                                L::from_part(&to.scale[rest.clone()]),
                                L::from_part(&to.shift[rest.clone()]),
                            );
                            let z = where_above_0(before, L::from_part(&z[rest.clone()]));
                            z.mul_add(L::from_part(&f[rest.clone()]), sum)
                        }
                    };
                    sum.to_part(&mut y[rest]);
                }
            } else {
                for c in 0..channels {
                    let (center, scale, shift) = (
                        L::splat(self.center[c]),
                        L::splat(self.scale[c]),
                        L::splat(self.shift[c]),
                    );
                    for v in (c * inner..(c + 1) * inner).step_by(L::N) {
                        let part = v..((c + 1) * inner).min(v + L::N);
                        let mut sum = L::from_part(&x[part.clone()]).sub(center).mul_add(scale, shift);
                        sum = match second {
                            Second::None => sum,
                            Second::Plain(z) => L::from_part(&z[part.clone()]).add(sum),
                            Second::Scaled(z, f) => {
                                L::from_part(&z[part.clone()]).mul_add(L::splat(f[c]), sum)
                            }
                            Second::Rectified(z, f, to) => {
                                let before = L::from_part(&x[part.clone()])
                                    .sub(center)
                                    .mul_add(L::splat(to.scale[c]), L::splat(to.shift[c]));
                                let z = where_above_0(before, L::from_part(&z[part.clone()]));
                                z.mul_add(L::splat(f[c]), sum)
                            }
                        };
                        sum.to_part(&mut y[part]);
                    }
                }
            }
        }
    }
}

/// What numbers are normalised to: (x - mean) * scale + shift, channel by channel.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a, T> {
    pub scale: &'a [T],
    pub shift: &'a [T],
}

/// The slope of relu.
#[inline(always)]
fn where_above_0<T: Real, L: Lanes<T>>(a: L, dy: L) -> L {
    let zero = L::splat(T::ZERO);
    L::select(a.gt(zero), dy, zero)
}

/// Another array that goes into the sum: as it is, or times a factor for each channel.
#[derive(Debug, Clone, Copy)]
enum Second<'a, T> {
    None,
    Plain(&'a [T]),
    Scaled(&'a [T], &'a [T]),
    /// As scaled, but only where the normalised numbers are above 0.
    Rectified(&'a [T], &'a [T], Weights<'a, T>),
}

impl<T> Second<'_, T> {
    fn part(self, range: Range<usize>) -> Self {
        match self {
            Second::None => Second::None,
            Second::Plain(z) => Second::Plain(&z[range]),
            Second::Scaled(z, factor) => Second::Scaled(&z[range], factor),
            Second::Rectified(z, factor, to) => Second::Rectified(&z[range], factor, to),
        }
    }
}

/// What follows the normalisation, done to each block while it is in the cache: first the sum, then the function.
#[derive(Debug, Clone, Copy)]
pub struct Then<'a, T> {
    pub add: Option<&'a [T]>,
    pub activation: Option<Activate>,
}

impl<T> Then<'_, T> {
    pub const NOTHING: Self = Self {
        add: None,
        activation: None,
    };
}

/// y = (x - mean) * scale + shift, channel by channel, and what follows; `scale` is gamma / sqrt(variance + epsilon).
pub fn normalize<T: Math>(
    l: Layout,
    x: &[T],
    mean: &[T],
    scale: &[T],
    shift: &[T],
    then: Then<'_, T>,
    y: &mut [T],
) {
    let columns = Columns::new(l, [mean, scale, shift]);
    let second = then.add.map_or(Second::None, Second::Plain);
    blocks(l, y, |part, y| {
        columns.affine(&x[part.clone()], second.part(part), y);
        if let Some(f) = then.activation {
            // SAFETY: the same memory twice, of as many elements.
            unsafe { activate::forward(f, y.as_ptr(), y.as_mut_ptr(), y.len()) };
        }
    });
}

/// Calls `work` with blocks of whole rows that stay in the first-level cache, and where they lie.
fn blocks<T: Real>(l: Layout, y: &mut [T], work: impl Fn(Range<usize>, &mut [T]) + Sync) {
    if l.is_empty() {
        return;
    }
    let wide = l.folded();
    let row = wide.channels * wide.inner;
    let block = (BLOCK / row).max(1) * row;
    parallel::for_chunks_mut(y, wide.grain() * row, |first, y| {
        for (i, y) in y.chunks_mut(block).enumerate() {
            let at = first + i * block;
            work(at..at + y.len(), y);
        }
    });
}

/// Center, scale and shift of the columns of a folded layout.
struct Columns<'a, T> {
    layout: Layout,
    numbers: [Repeated<'a, T>; 3],
}

impl<'a, T: Real> Columns<'a, T> {
    fn new(l: Layout, numbers: [&'a [T]; 3]) -> Self {
        Self {
            layout: l.folded(),
            numbers: numbers.map(|n| Repeated::new(l, n)),
        }
    }

    fn affine(&self, x: &[T], second: Second<'_, T>, y: &mut [T]) {
        let [center, scale, shift] = &self.numbers;
        dispatch(Affine {
            layout: self.layout,
            x,
            second,
            center: center.get(),
            scale: scale.get(),
            shift: shift.get(),
            y,
        });
    }
}

/// Adds, per channel: the sum of dy, the sum of dy (x - mean).
struct GradientSums<'a, T> {
    layout: Layout,
    x: &'a [T],
    dy: &'a [T],
    /// Where the normalised numbers are not above 0, dy counts as 0.
    rectified: Option<Weights<'a, T>>,
    mean: &'a [T],
    sums: &'a mut [T],
    products: &'a mut [T],
}

/// The two sums for a block of columns, as `moments`.
#[inline(always)]
unsafe fn gradient_sums<T: Real, L: Lanes<T>, const V: usize, const RECTIFIED: bool>(
    x: *const T,
    dy: *const T,
    weights: [*const T; 2],
    mean: *const T,
    rows: usize,
    row: usize,
    last: usize,
    to_sums: &mut [T],
    to_products: &mut [T],
) -> usize {
    let (mut means, mut sums, mut products) = (
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
        [L::splat(T::ZERO); V],
    );
    // SAFETY: by the caller's promise.
    unsafe {
        let (mut scale, mut shift) = (means, means);
        for v in 0..V {
            means[v] = get::<T, L, V>(mean, v, last);
            if RECTIFIED {
                (scale[v], shift[v]) = (
                    get::<T, L, V>(weights[0], v, last),
                    get::<T, L, V>(weights[1], v, last),
                );
            }
        }
        for r in 0..rows {
            for v in 0..V {
                let centered = get::<T, L, V>(x.add(r * row), v, last).sub(means[v]);
                let mut dy = get::<T, L, V>(dy.add(r * row), v, last);
                if RECTIFIED {
                    dy = where_above_0(centered.mul_add(scale[v], shift[v]), dy);
                }
                sums[v] = sums[v].add(dy);
                products[v] = centered.mul_add(dy, products[v]);
            }
        }
    }
    for v in 0..V {
        let part = v * L::N..v * L::N + if V > 1 { L::N } else { last };
        let (to_sums, to_products) = (&mut to_sums[part.clone()], &mut to_products[part]);
        L::from_part(to_sums).add(sums[v]).to_part(to_sums);
        L::from_part(to_products).add(products[v]).to_part(to_products);
    }
    if V > 1 { V * L::N } else { last }
}

impl<T: Real> Kernel<T> for GradientSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Layout { channels, inner, .. } = self.layout;
        let row = channels * inner;
        let rows = self.x.len() / row;
        if inner == 1 {
            let mut c = 0;
            while c < channels {
                let (x, dy, mean) = (
                    self.x[c..].as_ptr(),
                    self.dy[c..].as_ptr(),
                    self.mean[c..].as_ptr(),
                );
                let weights = self
                    .rectified
                    .map(|w| [w.scale[c..].as_ptr(), w.shift[c..].as_ptr()]);
                let (s, p) = (&mut self.sums[c..], &mut self.products[c..]);
                macro_rules! columns {
                    ($V:literal, $last:expr) => {
                        // SAFETY: as in `Moments`.
                        unsafe {
                            match weights {
                                None => gradient_sums::<T, L, $V, false>(
                                    x, dy, [x; 2], mean, rows, row, $last, s, p,
                                ),
                                Some(w) => {
                                    gradient_sums::<T, L, $V, true>(x, dy, w, mean, rows, row, $last, s, p)
                                }
                            }
                        }
                    };
                }
                c += if c + 4 * L::N <= channels {
                    columns!(4, L::N)
                } else {
                    columns!(1, L::N.min(channels - c))
                };
            }
            return;
        }
        for c in 0..channels {
            let mean = L::splat(self.mean[c]);
            let (mut sum, mut products) = (L::splat(T::ZERO), L::splat(T::ZERO));
            for r in 0..rows {
                let (x, dy) = (
                    &self.x[r * row + c * inner..][..inner],
                    &self.dy[r * row + c * inner..][..inner],
                );
                for (x, dy) in x.chunks(L::N).zip(dy.chunks(L::N)) {
                    let centered = L::from_part(x).sub(mean);
                    // Lanes beyond the end hold dy = 0, whatever x - mean is there.
                    let mut dy = L::from_part(dy);
                    if let Some(w) = self.rectified {
                        let before = centered.mul_add(L::splat(w.scale[c]), L::splat(w.shift[c]));
                        dy = where_above_0(before, dy);
                    }
                    sum = sum.add(dy);
                    products = centered.mul_add(dy, products);
                }
            }
            self.sums[c] += sum.reduce_sum();
            self.products[c] += products.reduce_sum();
        }
    }
}

/// What the gradient of batch normalisation starts from.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, T> {
    pub x: &'a [T],
    pub mean: &'a [T],
    /// 1 / sqrt(variance + epsilon)
    pub inverse: &'a [T],
    /// None means ones.
    pub gamma: Option<&'a [T]>,
}

/// The gradient that arrives, through what followed the normalisation (see [`Then`]).
#[derive(Debug, Clone, Copy)]
pub struct Arriving<'a, T> {
    pub dy: &'a [T],
    pub through: Through<'a, T>,
}

/// What followed.
#[derive(Debug, Clone, Copy)]
pub enum Through<'a, T> {
    Nothing,
    /// A function f: f'(a) dy arrives, with a its output or input, as `Activate::from_output` says.
    Function(Activate, &'a [T]),
    /// max(y, 0) of the normalised numbers, which are cheaper to compute again than to read.
    Relu(Weights<'a, T>),
}

impl<T: Math> Arriving<'_, T> {
    /// The gradient at these places, in `memory` if it has to be computed; relu is left to the kernels.
    fn at<'b>(&'b self, part: Range<usize>, memory: &'b mut Buffer) -> &'b [T] {
        let dy = &self.dy[part.clone()];
        let Through::Function(f, a) = self.through else {
            return dy;
        };
        let out = memory.get::<T>(dy.len());
        // SAFETY: three arrays of one length; the last is apart from the others.
        unsafe { activate::gradient(f, a[part].as_ptr(), dy.as_ptr(), out.as_mut_ptr(), out.len()) };
        out
    }
}

/// With h = (x - mean) * inverse and means over all but the channels:
/// dbeta = sum of dy;  dgamma = sum of dy h;  dx = gamma * inverse * (dy - mean(dy) - h mean(dy h)).
///
/// `factors` is memory for three numbers a channel.
pub fn gradient<T: Math>(
    l: Layout,
    saved: Saved<'_, T>,
    arriving: Arriving<'_, T>,
    dx: Option<&mut [T]>,
    dgamma: &mut [T],
    dbeta: &mut [T],
    factors: &mut [T],
    scratch: &mut [T],
) {
    let c = l.channels;
    dgamma.fill(T::ZERO);
    dbeta.fill(T::ZERO);
    if l.is_empty() {
        return;
    }
    let wide = l.folded();
    let columns = wide.channels;
    let relu = match arriving.through {
        Through::Relu(w) => Some([w.scale, w.shift].map(|n| Repeated::new(l, n))),
        _ => None,
    };
    let rectified = relu.as_ref().map(|[scale, shift]| Weights {
        scale: scale.get(),
        shift: shift.get(),
    });
    {
        let (row, grain) = (columns * wide.inner, wide.grain());
        let block = (BLOCK / row).max(1) * row;
        let mean = Repeated::new(l, saved.mean);
        let shared = Disjoint::new(scratch);
        parallel::for_ranges(wide.outer, grain, |r| {
            let at = r.start / grain * 2 * columns;
            // SAFETY: each chunk has its own part of the scratch memory.
            let (sums, products) = unsafe { shared.slice(at..at + 2 * columns) }.split_at_mut(columns);
            sums.fill(T::ZERO);
            products.fill(T::ZERO);
            let mut memory = Buffer::take();
            let (first, end) = (r.start * row, r.end * row);
            // In one piece where nothing has to be computed first.
            let step = if matches!(arriving.through, Through::Function(..)) {
                block
            } else {
                end - first
            };
            for at in (first..end).step_by(step) {
                let part = at..end.min(at + step);
                dispatch(GradientSums {
                    layout: wide,
                    x: &saved.x[part.clone()],
                    rectified,
                    dy: arriving.at(part, &mut memory),
                    mean: mean.get(),
                    sums: &mut *sums,
                    products: &mut *products,
                });
            }
        });
    }
    for chunk in scratch.chunks_exact(2 * columns).take(wide.chunks()) {
        let (sums, products) = chunk.split_at(columns);
        for (sums, products) in sums.chunks_exact(c).zip(products.chunks_exact(c)) {
            for i in 0..c {
                dbeta[i] += sums[i];
                dgamma[i] += products[i];
            }
        }
    }
    for i in 0..c {
        dgamma[i] *= saved.inverse[i];
    }
    let Some(dx) = dx else { return };
    // dx = (x - mean) * scale + shift + dy * factor
    let (factor, rest) = factors.split_at_mut(c);
    let (scale, shift) = rest.split_at_mut(c);
    let count = T::from_usize(l.count());
    for i in 0..c {
        factor[i] = saved.inverse[i] * saved.gamma.map_or(T::ONE, |g| g[i]);
        scale[i] = -factor[i] * saved.inverse[i] * (dgamma[i] / count);
        shift[i] = -factor[i] * (dbeta[i] / count);
    }
    let (columns, factor) = (
        Columns::new(l, [saved.mean, scale, &shift[..c]]),
        Repeated::new(l, factor),
    );
    blocks(l, dx, |part, dx| {
        let mut memory = Buffer::take();
        let dy = arriving.at(part.clone(), &mut memory);
        let second = match rectified {
            Some(to) => Second::Rectified(dy, factor.get(), to),
            None => Second::Scaled(dy, factor.get()),
        };
        columns.affine(&saved.x[part], second, dx);
    });
}

//! What every optimizer does around its own rule, once for all of them: unscaling, gradient accumulation, clipping,
//! weight decay, the moving average of the weights.
//!
//! A tensor is walked over once, in blocks that stay in the first-level cache; each block goes through all of this
//! before the next one is touched. Norms need the gradients beforehand and take a pass of their own.

use std::ops::Range;

use super::config::Clip;
use super::rule::{Rule, Step};
use crate::dtype::Element;
use crate::kernels::parallel::{Disjoint, GRAIN, fold_ranges, for_ranges};
use crate::kernels::real::Real;
use crate::kernels::simd::{Kernel, Lanes, dispatch};

/// Elements of a block: five arrays of it fit in 32 KiB as `f32`.
const BLOCK: usize = 1024;

/// No optimizer has more slots.
const MAX_SLOTS: usize = 3;

/// What happens to the accumulator, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Add the gradient to the accumulator, and leave the weights.
    Collect,
    /// Take the mean with what was collected, clear the accumulator, and update.
    Update,
}

/// The moving average of the weights.
//
// a <- momentum a + (1 - momentum) w;   then w <- a if it is time to overwrite
#[derive(Debug, Clone, Copy)]
pub struct Average {
    pub momentum: f64,
    pub overwrite: bool,
}

/// One update, with its numbers worked out for one tensor.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    pub step: Step,
    pub phase: Phase,
    /// Turns what arrived (plus what was collected) into the gradient: 1 / (loss scale) and 1 / (steps collected).
    pub unscale: f64,
    pub mean: f64,
    /// From a norm; 1 where there is none.
    pub clip_factor: f64,
    /// `INFINITY` where there is none.
    pub clip_value: f64,
    pub weight_decay: f64,
    pub average: Option<Average>,
}

/// The memory of one variable and all that belongs to it.
#[derive(Debug)]
pub struct Tensors<'a, 's, T> {
    pub weights: &'a mut [T],
    /// None: nothing reached this variable; only its average moves.
    pub gradient: Option<&'a [T]>,
    pub slots: &'s mut [&'a mut [T]],
    pub accumulator: Option<&'a mut [T]>,
    pub average: Option<&'a mut [T]>,
    /// Elements from one row (along the first axis) to the next.
    pub row: usize,
}

/// Which of a rule's two methods serves `T`.
pub trait Ruled: Real + Element {
    fn update(
        rule: &dyn Rule,
        step: &Step,
        weights: &mut [Self],
        gradient: &[Self],
        slots: &mut [&mut [Self]],
    );
}

impl Ruled for f32 {
    fn update(
        rule: &dyn Rule,
        step: &Step,
        weights: &mut [Self],
        gradient: &[Self],
        slots: &mut [&mut [Self]],
    ) {
        rule.update_f32(step, weights, gradient, slots);
    }
}

impl Ruled for f64 {
    fn update(
        rule: &dyn Rule,
        step: &Step,
        weights: &mut [Self],
        gradient: &[Self],
        slots: &mut [&mut [Self]],
    ) {
        rule.update_f64(step, weights, gradient, slots);
    }
}

/// Updates one variable. Split among threads by size, when called inside the pool.
pub fn update<T: Ruled>(rule: &dyn Rule, pass: &Pass, tensors: Tensors<'_, '_, T>) {
    let Tensors {
        weights,
        gradient,
        slots,
        accumulator,
        average,
        row,
    } = tensors;
    let n = weights.len();
    let weights = Disjoint::new(weights);
    let accumulator = accumulator.map(Disjoint::new);
    let average = average.map(Disjoint::new);
    let mut shared: [Option<Disjoint<'_, T>>; MAX_SLOTS] = [const { None }; MAX_SLOTS];
    let count = slots.len();
    for (place, slot) in shared.iter_mut().zip(slots.iter_mut()) {
        *place = Some(Disjoint::new(slot));
    }
    let blocks = |range: Range<usize>, gradient: Option<&[T]>| {
        for start in range.clone().step_by(BLOCK) {
            let part = start..range.end.min(start + BLOCK);
            let mut slots: [&mut [T]; MAX_SLOTS] = Default::default();
            for (place, slot) in slots.iter_mut().zip(&shared) {
                if let Some(slot) = slot {
                    // SAFETY: the blocks of `for_ranges` do not overlap, and each is cut from every array once.
                    *place = unsafe { slot.slice(part.clone()) };
                }
            }
            // SAFETY: as above.
            let [weights, accumulator, average] = [Some(&weights), accumulator.as_ref(), average.as_ref()]
                .map(|array| array.map(|a| unsafe { a.slice(part.clone()) }));
            let gradient = gradient.map(|g| &g[part.clone()]);
            block(
                rule,
                pass,
                weights.unwrap_or_default(),
                gradient,
                &mut slots[..count],
                accumulator,
                average,
            );
        }
    };
    match gradient {
        Some(gradient) if rule.lazy_rows() && n > 0 => for_ranges(n / row, (GRAIN / row).max(1), |rows| {
            let used = |row_number: usize| {
                let part = row_number * row..(row_number + 1) * row;
                // SAFETY: these rows are no other thread's, and the slice is dropped before they are cut again.
                let collected = accumulator.as_ref().map(|a| &*unsafe { a.slice(part.clone()) });
                // NaN counts as used. No early exit within a chunk, so that comparisons vectorise.
                #[allow(clippy::needless_bitwise_bool)] // for that
                let any = |values: &[T]| {
                    let mut chunks = values.chunks(64);
                    chunks.any(|chunk| chunk.iter().fold(false, |found, &g| found | (g != T::ZERO)))
                };
                any(&gradient[part]) || collected.is_some_and(any)
            };
            let mut start = rows.start;
            while start < rows.end {
                let this = used(start);
                let end = (start + 1..rows.end)
                    .find(|&r| used(r) != this)
                    .unwrap_or(rows.end);
                blocks(start * row..end * row, this.then_some(gradient));
                start = end;
            }
        }),
        _ => for_ranges(n, GRAIN, |range| blocks(range, gradient)),
    }
}

/// All that happens to one block.
fn block<T: Ruled>(
    rule: &dyn Rule,
    pass: &Pass,
    weights: &mut [T],
    gradient: Option<&[T]>,
    slots: &mut [&mut [T]],
    accumulator: Option<&mut [T]>,
    average: Option<&mut [T]>,
) {
    if let Some(gradient) = gradient {
        let touched = accumulator.is_some()
            || pass.unscale != 1.0
            || pass.clip_factor != 1.0
            || pass.clip_value != f64::INFINITY;
        if touched {
            let mut buffer = [T::ZERO; BLOCK];
            let out = &mut buffer[..weights.len()];
            dispatch(Prepare {
                pass,
                gradient,
                accumulator,
                out,
            });
            change(rule, pass, weights, out, slots);
        } else {
            change(rule, pass, weights, gradient, slots);
        }
    }
    if let (Some(average), Some(how)) = (average, pass.average) {
        dispatch(Move {
            how,
            weights,
            average,
        });
    }
}

/// Decay, then the optimizer's own rule.
fn change<T: Ruled>(rule: &dyn Rule, pass: &Pass, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
    if pass.phase == Phase::Collect {
        return;
    }
    let mut step = pass.step;
    if rule.own_decay() {
        step.weight_decay = pass.weight_decay;
    } else if pass.weight_decay != 0.0 {
        let rate = T::from_f64(pass.weight_decay * pass.step.learning_rate);
        dispatch(Decay {
            weights: &mut *weights,
            rate,
        });
    }
    T::update(rule, &step, weights, gradient, slots);
}

// g <- clip(factor * mean * (g * unscale + collected))
struct Prepare<'a, T> {
    pass: &'a Pass,
    gradient: &'a [T],
    accumulator: Option<&'a mut [T]>,
    out: &'a mut [T],
}

impl<T: Real> Kernel<T> for Prepare<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let Self {
            pass,
            gradient,
            accumulator,
            out,
        } = self;
        let unscale = T::from_f64(pass.unscale);
        match (accumulator, pass.phase) {
            (Some(sum), Phase::Collect) => {
                for (s, &g) in sum.iter_mut().zip(gradient) {
                    *s += g * unscale;
                }
                return;
            }
            (Some(sum), Phase::Update) => {
                let mean = T::from_f64(pass.mean);
                for ((o, &g), s) in out.iter_mut().zip(gradient).zip(sum.iter_mut()) {
                    *o = (g * unscale + *s) * mean;
                    *s = T::ZERO;
                }
            }
            (None, _) => {
                for (o, &g) in out.iter_mut().zip(gradient) {
                    *o = g * unscale;
                }
            }
        }
        if pass.clip_factor != 1.0 {
            let factor = T::from_f64(pass.clip_factor);
            for o in out.iter_mut() {
                *o *= factor;
            }
        }
        if pass.clip_value != f64::INFINITY {
            let limit = T::from_f64(pass.clip_value);
            for o in out.iter_mut() {
                // Written so that NaN stays NaN.
                let low = if *o < -limit { -limit } else { *o };
                *o = if low > limit { limit } else { low };
            }
        }
    }
}

// w <- w - w * rate
struct Decay<'a, T> {
    weights: &'a mut [T],
    rate: T,
}

impl<T: Real> Kernel<T> for Decay<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        for w in self.weights.iter_mut() {
            *w -= *w * self.rate;
        }
    }
}

struct Move<'a, T> {
    how: Average,
    weights: &'a mut [T],
    average: &'a mut [T],
}

impl<T: Real> Kernel<T> for Move<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self) {
        let old = T::from_f64(self.how.momentum);
        let new = T::from_f64(1.0 - self.how.momentum);
        for (a, w) in self.average.iter_mut().zip(self.weights.iter()) {
            *a = old * *a + new * *w;
        }
        if self.how.overwrite {
            self.weights.copy_from_slice(self.average);
        }
    }
}

/// The sum of squares of one gradient as it will be used (unscaled, with what was collected), added in a fixed order.
pub fn square_sum<T: Ruled>(gradient: &[T], accumulator: Option<&[T]>, unscale: f64, mean: f64) -> f64 {
    fold_ranges(
        gradient.len(),
        GRAIN,
        |range| {
            let accumulator = accumulator.map(|a| &a[range.clone()]);
            dispatch(Squares {
                gradient: &gradient[range],
                accumulator,
                unscale,
                mean,
            })
        },
        |a, b| a + b,
    )
    .unwrap_or(0.0)
}

struct Squares<'a, T> {
    gradient: &'a [T],
    accumulator: Option<&'a [T]>,
    unscale: f64,
    mean: f64,
}

impl<T: Real> Kernel<T> for Squares<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run<L: Lanes<T>>(self) -> f64 {
        // Several sums in f64: they vectorise, and squares of f32 cannot overflow.
        const N: usize = 16;
        let mut sums = [0.0f64; N];
        match self.accumulator {
            None => {
                let blocks = self.gradient.chunks_exact(N);
                let rest = blocks.remainder();
                for block in blocks.chain([rest]) {
                    for (s, g) in sums.iter_mut().zip(block) {
                        let g = g.to_f64();
                        *s += g * g;
                    }
                }
                let scale = self.unscale;
                sums.iter().sum::<f64>() * scale * scale
            }
            Some(collected) => {
                for (block, collected) in self.gradient.chunks(N).zip(collected.chunks(N)) {
                    for ((s, g), c) in sums.iter_mut().zip(block).zip(collected) {
                        let g = (g.to_f64() * self.unscale + c.to_f64()) * self.mean;
                        *s += g * g;
                    }
                }
                sums.iter().sum()
            }
        }
    }
}

/// The factor that brings a gradient of this norm within the limit.
//
// clipnorm:          limit / max(norm, limit)
// global_clipnorm:   the same, but NaN for a norm that is not finite, so that the damage is seen
pub fn clip_factor(clip: Clip, square_sum: f64) -> f64 {
    let norm = square_sum.sqrt();
    match clip {
        Clip::Norm(limit) => {
            if norm > limit {
                limit / norm
            } else if norm.is_nan() {
                norm
            } else {
                1.0
            }
        }
        Clip::GlobalNorm(limit) => {
            if !norm.is_finite() {
                f64::NAN
            } else if norm > limit {
                limit / norm
            } else {
                1.0
            }
        }
        Clip::None | Clip::Value(_) => 1.0,
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;

//! Connectionist temporal classification of one sample (Graves et al. 2006): the logarithms of the sums over all ways to
//! read a sequence of labels off a sequence of distributions, forwards and backwards.
//!
//! The states of L labels are 2 L + 1: a blank before, between and after the labels. A state follows itself or the one
//! before it, and a label also follows the label before it unless both are the same.

use crate::kernels::real::Real;

/// The logarithm that stands for an impossible beginning or step: finite, so that labels that do not fit into their
/// sequence have a large loss instead of an infinite one, and gradients that are numbers.
const IMPOSSIBLE: f64 = -1e5;

/// One sample: its labels, its scores (steps x classes), and the class that is the blank.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a, T> {
    pub labels: &'a [i64],
    pub logits: &'a [T],
    pub classes: usize,
    pub blank: usize,
}

/// How many numbers of scratch memory a sample needs.
pub fn scratch_len(labels: usize, steps: usize) -> usize {
    let states = 2 * labels + 1;
    steps + (steps + 1) * states + 2 * states
}

/// ln(exp a + exp b)
pub fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + Real::ln_1p(Real::exp(low - high))
}

impl<T: Real> Sample<'_, T> {
    fn steps(&self) -> usize {
        self.logits.len() / self.classes
    }

    fn states(&self) -> usize {
        2 * self.labels.len() + 1
    }

    fn symbol(&self, state: usize) -> usize {
        if state.is_multiple_of(2) {
            self.blank
        } else {
            self.labels[state / 2] as usize
        }
    }

    /// What a step costs that skips the blank before this state.
    fn skip(&self, state: usize) -> f64 {
        if state.is_multiple_of(2) || state < 3 {
            f64::NEG_INFINITY
        } else if self.labels[state / 2] == self.labels[state / 2 - 1] {
            IMPOSSIBLE
        } else {
            0.0
        }
    }

    // ln of the sum of exp over each step's scores
    fn normalisers(&self, out: &mut [f64]) {
        for (row, out) in self.logits.chunks_exact(self.classes).zip(out) {
            let m = row.iter().fold(
                f64::NEG_INFINITY,
                |m, v| if v.to_f64() > m { v.to_f64() } else { m },
            );
            let sum: f64 = row.iter().map(|v| Real::exp(v.to_f64() - m)).sum();
            *out = m + Real::ln(sum);
        }
    }

    fn log_probability(&self, step: usize, state: usize, normalisers: &[f64]) -> f64 {
        self.logits[step * self.classes + self.symbol(state)].to_f64() - normalisers[step]
    }

    // a_0 = 0 in state 0;  a_(t+1)(s) = ln p_t(s) + ln(exp a_t(s) + exp a_t(s-1) + exp(a_t(s-2) + skip(s)))
    // The rows of `alpha` are a_0 to a_T; the result is ln of what the last two states of a_T have together.
    fn forwards(&self, normalisers: &[f64], alpha: &mut [f64]) -> f64 {
        let states = self.states();
        alpha[..states].fill(IMPOSSIBLE);
        alpha[0] = 0.0;
        for step in 0..self.steps() {
            let (before, after) = alpha[step * states..].split_at_mut(states);
            for s in 0..states {
                let mut sum = before[s];
                if s > 0 {
                    sum = log_add(sum, before[s - 1]);
                }
                if s > 2 {
                    sum = log_add(sum, before[s - 2] + self.skip(s));
                }
                after[s] = sum + self.log_probability(step, s, normalisers);
            }
        }
        let last = &alpha[self.steps() * states..][..states];
        if states == 1 {
            last[0]
        } else {
            log_add(last[states - 1], last[states - 2])
        }
    }

    /// -ln of the probability of the labels
    pub fn loss(&self, scratch: &mut [f64]) -> f64 {
        let (normalisers, alpha) = scratch.split_at_mut(self.steps());
        self.normalisers(normalisers);
        -self.forwards(normalisers, alpha)
    }

    /// d loss / d logits = softmax(logits) - the probability of being in a state of that class at that step, times g
    pub fn gradient(&self, g: f64, scratch: &mut [f64], out: &mut [T]) {
        let (steps, states) = (self.steps(), self.states());
        let (normalisers, rest) = scratch.split_at_mut(steps);
        let (alpha, rest) = rest.split_at_mut((steps + 1) * states);
        let (beta, next) = rest.split_at_mut(states);
        self.normalisers(normalisers);
        let total = self.forwards(normalisers, alpha);
        for (i, (out, v)) in out.iter_mut().zip(self.logits).enumerate() {
            *out = T::from_f64(g * Real::exp(v.to_f64() - normalisers[i / self.classes]));
        }
        // beta(s): ln of the probability of all that comes after this step, given state s at it.
        beta.fill(f64::NEG_INFINITY);
        beta[states - 1] = 0.0;
        if states > 1 {
            beta[states - 2] = 0.0;
        }
        for step in (0..steps).rev() {
            for s in 0..states {
                let here = Real::exp(alpha[(step + 1) * states + s] + beta[s] - total);
                let at = step * self.classes + self.symbol(s);
                out[at] = T::from_f64(out[at].to_f64() - g * here);
            }
            for s in 0..states {
                next[s] = beta[s] + self.log_probability(step, s, normalisers);
            }
            for s in 0..states {
                let mut sum = next[s];
                if s + 1 < states {
                    sum = log_add(sum, next[s + 1]);
                }
                if s + 2 < states && s % 2 == 1 {
                    sum = log_add(sum, next[s + 2] + self.skip(s + 2));
                }
                beta[s] = sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The naive twin: every sequence of classes, read as labels, and the probabilities of those that match.
    fn by_enumeration(labels: &[i64], logits: &[f64], classes: usize, blank: usize) -> f64 {
        let steps = logits.len() / classes;
        let mut total = 0.0;
        for number in 0..classes.pow(steps as u32) {
            let path: Vec<usize> = (0..steps)
                .map(|t| number / classes.pow(t as u32) % classes)
                .collect();
            let mut read: Vec<usize> = path.clone();
            read.dedup();
            read.retain(|&c| c != blank);
            if read.iter().map(|&c| c as i64).eq(labels.iter().copied()) {
                total += path
                    .iter()
                    .enumerate()
                    .map(|(t, &c)| {
                        let row = &logits[t * classes..][..classes];
                        row[c].exp() / row.iter().map(|v| v.exp()).sum::<f64>()
                    })
                    .product::<f64>();
            }
        }
        -total.ln()
    }

    fn scores(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 37 % 23) as f64 - 11.0) / 7.0).collect()
    }

    #[test]
    fn loss_agrees_with_the_sum_over_all_paths() {
        for (labels, steps, classes, blank) in [
            (&[1, 2][..], 4, 3, 0),
            (&[1, 1], 5, 3, 0),
            (&[0, 1, 0], 5, 3, 2),
            (&[], 3, 4, 0),
            (&[2], 1, 3, 0),
        ] {
            let logits = scores(steps * classes);
            let sample = Sample {
                labels,
                logits: &logits[..],
                classes,
                blank,
            };
            let mut scratch = vec![0.0; scratch_len(labels.len(), steps)];
            let want = by_enumeration(labels, &logits, classes, blank);
            assert!(
                (sample.loss(&mut scratch) - want).abs() < 1e-12,
                "{labels:?} {want}"
            );
        }
    }

    #[test]
    fn gradient_agrees_with_central_differences() {
        let (labels, steps, classes) = ([1, 1, 2], 6, 4);
        let logits = scores(steps * classes);
        let mut scratch = vec![0.0; scratch_len(3, steps)];
        let mut loss = |logits: &[f64]| {
            Sample {
                labels: &labels,
                logits,
                classes,
                blank: 0,
            }
            .loss(&mut scratch)
        };
        let mut want = vec![0.0; logits.len()];
        for (i, want) in want.iter_mut().enumerate() {
            let mut moved = logits.clone();
            moved[i] += 1e-6;
            let up = loss(&moved);
            moved[i] -= 2e-6;
            *want = 2.0 * (up - loss(&moved)) / 2e-6;
        }
        let mut got = vec![0.0; logits.len()];
        Sample {
            labels: &labels,
            logits: &logits[..],
            classes,
            blank: 0,
        }
        .gradient(2.0, &mut scratch, &mut got);
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < 1e-7, "{got} {want}");
        }
    }

    #[test]
    fn labels_that_do_not_fit_have_a_large_loss_and_a_finite_gradient() {
        let logits = scores(2 * 3);
        let sample = Sample {
            labels: &[1, 2, 1],
            logits: &logits[..],
            classes: 3,
            blank: 0,
        };
        let mut scratch = vec![0.0; scratch_len(3, 2)];
        let loss = sample.loss(&mut scratch);
        assert!(loss.is_finite() && loss > 9e4);
        let mut gradient = vec![0.0; logits.len()];
        sample.gradient(1.0, &mut scratch, &mut gradient);
        assert!(gradient.iter().all(|g| g.abs() <= 1.0));
    }
}

//! Schedule-free AdamW: an average of the weights takes the place of a falling learning rate.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_beta, check_range};
use crate::error::{Error, Result};
use crate::kernels::real::Real;

// r = lr min(1, t / warmup_steps)
// v <- v + (1 - beta_2) (g^2 - v)
// x = (w - (1 - beta_1) z) / beta_1,        z starts at w
// z <- z - r g / (sqrt(v / (1 - beta_2^t)) + epsilon)
// x <- x + (z - x) / t
// w <- (1 - beta_1) z + beta_1 x
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct ScheduleFreeAdamW {
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
    pub warmup_steps: u64,
}

impl Default for ScheduleFreeAdamW {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            warmup_steps: 0,
        }
    }
}

impl UpdateRule for ScheduleFreeAdamW {
    const NAME: &'static str = "ScheduleFreeAdamW";

    fn slots(&self) -> Vec<Vec<Slot>> {
        // Whoever makes the slots sets the first to the weights.
        vec![vec![Slot::zeros("momentum"), Slot::zeros("velocity")]]
    }

    fn check(&self) -> Result<()> {
        if !(self.beta_1 > 0.0 && self.beta_1 <= 1.0) {
            return Err(Error::value(Self::NAME)
                .expected("beta_1 > 0 and at most 1")
                .got(format!("beta_1={}", self.beta_1)));
        }
        check_beta(Self::NAME, "beta_2", self.beta_2)?;
        check_range(Self::NAME, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let t = step.number as f64;
        let warm = (t / self.warmup_steps.max(1) as f64).min(1.0);
        let rate = T::from_f64(step.learning_rate * warm);
        let fresh = T::from_f64(1.0 - self.beta_2);
        let unbiased = T::from_f64(1.0 / (1.0 - self.beta_2.powf(t)));
        let epsilon = T::from_f64(self.epsilon);
        let (share, kept) = (T::from_f64(1.0 / t), T::from_f64(1.0 - 1.0 / t));
        let (beta, rest) = (T::from_f64(self.beta_1), T::from_f64(1.0 - self.beta_1));
        let [z, v, ..] = slots else {
            return debug_assert!(false, "ScheduleFreeAdamW: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), z), v) in pairs.zip(z.iter_mut()).zip(v.iter_mut()) {
            *v = *v + fresh * (g * g - *v);
            let x = (*w - rest * *z) / beta;
            *z -= rate * g / ((*v * unbiased).sqrt() + epsilon);
            *w = rest * *z + beta * (kept * x + share * *z);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::Step;
    use super::*;

    #[test]
    fn follows_the_formula() {
        let rule = ScheduleFreeAdamW {
            warmup_steps: 3,
            ..ScheduleFreeAdamW::default()
        };
        let (mut w, mut z, mut v) = (vec![1.5; 3], vec![1.5; 3], vec![0.0; 3]);
        let (mut mean, mut fast, mut square) = (1.5, 1.5, 0.0f64);
        for (i, g) in [0.3, -1.0, 2.5, 0.0, 0.7].into_iter().enumerate() {
            let step = Step {
                learning_rate: 0.1,
                number: i as u64 + 1,
                weight_decay: 0.0,
            };
            rule.update(&step, &mut w, &[g; 3], &mut [&mut z, &mut v]);
            let t = (i + 1) as f64;
            square = 0.999 * square + 0.001 * g * g;
            let rate = 0.1 * f64::min(1.0, t / 3.0);
            fast -= rate * g / ((square / (1.0 - 0.999f64.powf(t))).sqrt() + 1e-8);
            mean += (fast - mean) / t;
            let want = 0.1 * fast + 0.9 * mean;
            assert!(w.iter().all(|&w| (w - want).abs() < 1e-13), "{t}: {w:?} {want}");
        }
    }
}

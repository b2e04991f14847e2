//! Adam, and its maximum-keeping variant AMSGrad.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_beta, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// m <- m + (1 - beta_1) (g - m)
// v <- v + (1 - beta_2) (g^2 - v)
// alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t)
// w <- w - alpha m / (sqrt(v) + epsilon)
// AMSGrad: h <- max(h, v), and h in v's place in the last line.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Adam {
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            amsgrad: false,
        }
    }
}

impl Adam {
    pub(super) fn check_named(&self, who: &str) -> Result<()> {
        check_beta(who, "beta_1", self.beta_1)?;
        check_beta(who, "beta_2", self.beta_2)?;
        check_range(who, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }
}

impl UpdateRule for Adam {
    const NAME: &'static str = "Adam";

    fn slots(&self) -> Vec<Vec<Slot>> {
        let mut groups = vec![vec![Slot::zeros("momentum"), Slot::zeros("velocity")]];
        if self.amsgrad {
            groups.push(vec![Slot::zeros("velocity_hat")]);
        }
        groups
    }

    fn check(&self) -> Result<()> {
        self.check_named(Self::NAME)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        // The powers are taken in f64: 1 - 0.999 loses four digits in f32.
        let t = step.number as f64;
        let correction = (1.0 - self.beta_2.powf(t)).sqrt() / (1.0 - self.beta_1.powf(t));
        let alpha = T::from_f64(step.learning_rate * correction);
        let (b1, b2) = (T::from_f64(1.0 - self.beta_1), T::from_f64(1.0 - self.beta_2));
        let epsilon = T::from_f64(self.epsilon);
        let pairs = weights.iter_mut().zip(gradient);
        match slots {
            [m, v] => {
                for (((w, &g), m), v) in pairs.zip(m.iter_mut()).zip(v.iter_mut()) {
                    *m = *m + b1 * (g - *m);
                    *v = *v + b2 * (g * g - *v);
                    *w -= alpha * *m / (v.sqrt() + epsilon);
                }
            }
            [m, v, h, ..] => {
                for ((((w, &g), m), v), h) in pairs.zip(m.iter_mut()).zip(v.iter_mut()).zip(h.iter_mut()) {
                    *m = *m + b1 * (g - *m);
                    *v = *v + b2 * (g * g - *v);
                    // NaN in `v` must reach the weights, so it wins over `h`.
                    *h = if *h > *v { *h } else { *v };
                    *w -= alpha * *m / (h.sqrt() + epsilon);
                }
            }
            // The caller hands over the slots listed above.
            _ => debug_assert!(false, "Adam: slots missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    fn reference(rule: &Adam, gradients: &[f64], mut w: f64, lr: f64) -> f64 {
        let (mut m, mut v, mut h) = (0.0, 0.0, 0.0f64);
        for (i, g) in gradients.iter().enumerate() {
            let t = (i + 1) as i32;
            m = rule.beta_1 * m + (1.0 - rule.beta_1) * g;
            v = rule.beta_2 * v + (1.0 - rule.beta_2) * g * g;
            h = h.max(v);
            let alpha = lr * (1.0 - rule.beta_2.powi(t)).sqrt() / (1.0 - rule.beta_1.powi(t));
            w -= alpha * m / (if rule.amsgrad { h } else { v }.sqrt() + rule.epsilon);
        }
        w
    }

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 3]).collect();
        for amsgrad in [false, true] {
            let rule = Adam {
                amsgrad,
                ..Adam::default()
            };
            let mut w = vec![1.5; 3];
            run(&rule, &steps, &mut w, 0.01);
            let want = reference(&rule, &g, 1.5, 0.01);
            assert!(
                w.iter().all(|&w| (w - want).abs() < 1e-12),
                "{amsgrad}: {w:?} {want}"
            );
        }
    }

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate() {
        let mut w = vec![0.0; 2];
        run(&Adam::default(), &[vec![5.0, -0.02]], &mut w, 0.1);
        assert!((w[0] + 0.1).abs() < 1e-6 && (w[1] - 0.1).abs() < 1e-4, "{w:?}");
    }
}

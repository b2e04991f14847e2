//! Adagrad: each weight's rate shrinks with the sum of its squared gradients.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// s <- s + g^2,   s starts at initial_accumulator_value
// w <- w - lr g / sqrt(s + epsilon)
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Adagrad {
    pub initial_accumulator_value: f64,
    pub epsilon: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self {
            initial_accumulator_value: 0.1,
            epsilon: 1e-7,
        }
    }
}

impl UpdateRule for Adagrad {
    const NAME: &'static str = "Adagrad";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot {
            name: "accumulator",
            initial: self.initial_accumulator_value,
        }]]
    }

    fn check(&self) -> Result<()> {
        check_range(
            Self::NAME,
            "initial_accumulator_value",
            self.initial_accumulator_value,
            0.0,
            f64::INFINITY,
        )?;
        check_range(Self::NAME, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let lr = T::from_f64(step.learning_rate);
        let epsilon = T::from_f64(self.epsilon);
        // The caller hands over the one slot listed above.
        for s in slots.iter_mut().take(1) {
            for ((w, &g), s) in weights.iter_mut().zip(gradient).zip(s.iter_mut()) {
                *s += g * g;
                *w -= lr * g / (*s + epsilon).sqrt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 3]).collect();
        let mut w = vec![1.5; 3];
        let slots = run(&Adagrad::default(), &steps, &mut w, 0.1);
        let (mut want, mut s) = (1.5, 0.1f64);
        for g in g {
            s += g * g;
            want -= 0.1 * g / (s + 1e-7).sqrt();
        }
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-14), "{w:?} {want}");
        assert!((slots[0][2] - s).abs() < 1e-14);
    }
}

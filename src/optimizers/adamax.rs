//! Adamax: Adam with the largest gradient, slowly forgotten, in place of the mean square.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_beta, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// m <- m + (1 - beta_1) (g - m)
// u <- max(beta_2 u, |g|)
// w <- w - lr / (1 - beta_1^t) m / (u + epsilon)
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Adamax {
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
}

impl Default for Adamax {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
        }
    }
}

impl UpdateRule for Adamax {
    const NAME: &'static str = "Adamax";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot::zeros("momentum"), Slot::zeros("norm")]]
    }

    fn check(&self) -> Result<()> {
        check_beta(Self::NAME, "beta_1", self.beta_1)?;
        check_beta(Self::NAME, "beta_2", self.beta_2)?;
        check_range(Self::NAME, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let alpha = T::from_f64(step.learning_rate / (1.0 - self.beta_1.powf(step.number as f64)));
        let (fresh, forget) = (T::from_f64(1.0 - self.beta_1), T::from_f64(self.beta_2));
        let epsilon = T::from_f64(self.epsilon);
        let [m, u, ..] = slots else {
            return debug_assert!(false, "Adamax: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), m), u) in pairs.zip(m.iter_mut()).zip(u.iter_mut()) {
            *m = *m + fresh * (g - *m);
            *u = (forget * *u).maximum(g.abs());
            *w -= alpha * *m / (*u + epsilon);
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
        let rule = Adamax {
            beta_2: 0.5,
            ..Adamax::default()
        };
        let mut w = vec![1.5; 3];
        run(&rule, &steps, &mut w, 0.01);
        let (mut want, mut m, mut u) = (1.5, 0.0, 0.0f64);
        for (i, g) in g.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            u = (0.5 * u).max(g.abs());
            want -= 0.01 / (1.0 - 0.9f64.powi(i as i32 + 1)) * m / (u + 1e-7);
        }
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-14), "{w:?} {want}");
    }
}

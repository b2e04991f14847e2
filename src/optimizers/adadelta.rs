//! Adadelta: steps in the unit of the weights, from two running mean squares.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// a <- rho a + (1 - rho) g^2
// d = - sqrt(s + epsilon) / sqrt(a + epsilon) g
// s <- rho s + (1 - rho) d^2
// w <- w + lr d
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Adadelta {
    pub rho: f64,
    pub epsilon: f64,
}

impl Default for Adadelta {
    fn default() -> Self {
        Self {
            rho: 0.95,
            epsilon: 1e-7,
        }
    }
}

impl UpdateRule for Adadelta {
    const NAME: &'static str = "Adadelta";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![
            Slot::zeros("accumulated_grad"),
            Slot::zeros("accumulated_delta_var"),
        ]]
    }

    fn check(&self) -> Result<()> {
        check_range(Self::NAME, "rho", self.rho, 0.0, 1.0)?;
        check_range(Self::NAME, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let lr = T::from_f64(step.learning_rate);
        let (rho, fresh) = (T::from_f64(self.rho), T::from_f64(1.0 - self.rho));
        let epsilon = T::from_f64(self.epsilon);
        let [a, s, ..] = slots else {
            return debug_assert!(false, "Adadelta: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), a), s) in pairs.zip(a.iter_mut()).zip(s.iter_mut()) {
            *a = rho * *a + fresh * (g * g);
            let d = -((*s + epsilon).sqrt() * g / (*a + epsilon).sqrt());
            *s = rho * *s + fresh * (d * d);
            *w += lr * d;
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
        run(&Adadelta::default(), &steps, &mut w, 0.5);
        let (mut want, mut a, mut s) = (1.5, 0.0f64, 0.0f64);
        for g in g {
            a = 0.95 * a + 0.05 * g * g;
            let d = (s + 1e-7).sqrt() / (a + 1e-7).sqrt() * g;
            s = 0.95 * s + 0.05 * d * d;
            want -= 0.5 * d;
        }
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-14), "{w:?} {want}");
    }
}

//! Averaged stochastic gradient descent: SGD with a falling rate, and the mean of the weights beside it.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// eta = lr / (1 + lambd lr (t - 1))^alpha
// w <- (1 - lambd eta) w - eta (g + weight_decay w)
// a <- a + (w - a) / max(1, t - 1 - t0)
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Asgd {
    pub lambd: f64,
    pub alpha: f64,
    pub t0: f64,
}

impl Default for Asgd {
    fn default() -> Self {
        Self {
            lambd: 1e-4,
            alpha: 0.75,
            t0: 1e6,
        }
    }
}

impl UpdateRule for Asgd {
    const NAME: &'static str = "ASGD";
    const OWN_DECAY: bool = true;

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot::zeros("averaged_weights")]]
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("lambd", self.lambd), ("alpha", self.alpha), ("t0", self.t0)] {
            check_range(Self::NAME, name, value, 0.0, f64::INFINITY)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let before = (step.number - 1) as f64;
        let rate = step.learning_rate / (1.0 + self.lambd * step.learning_rate * before).powf(self.alpha);
        let keep = T::from_f64(1.0 - self.lambd * rate);
        let eta = T::from_f64(rate);
        let decay = T::from_f64(step.weight_decay);
        let share = 1.0 / (before - self.t0).max(1.0);
        let [a, ..] = slots else {
            return debug_assert!(false, "ASGD: slots missing");
        };
        for ((w, &g), a) in weights.iter_mut().zip(gradient).zip(a.iter_mut()) {
            let g = g + decay * *w;
            *w = keep * *w - eta * g;
            // The first weights are their own mean, to the bit.
            *a = if share == 1.0 {
                *w
            } else {
                *a + (*w - *a) * T::from_f64(share)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7, 0.2];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 3]).collect();
        let rule = Asgd {
            lambd: 0.1,
            alpha: 0.5,
            t0: 2.0,
        };
        let mut w = vec![1.5; 3];
        let slots = run(&rule, &steps, &mut w, 0.1);
        let (mut want, mut mean, mut eta, mut mu) = (1.5, 0.0, 0.1, 1.0);
        for (i, g) in g.iter().enumerate() {
            want = want * (1.0 - 0.1 * eta) - eta * g;
            mean += (want - mean) * mu;
            let t = (i + 1) as f64;
            eta = 0.1 / (1.0f64 + 0.1 * 0.1 * t).sqrt();
            mu = 1.0 / f64::max(1.0, t - 2.0);
        }
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-14), "{w:?} {want}");
        assert!((slots[0][2] - mean).abs() < 1e-14, "{slots:?} {mean}");
    }
}

//! Lion: steps of the same size everywhere, along the sign of a mean.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::{Error, Result};
use crate::kernels::real::Real;

// w <- w - lr sign(beta_1 m + (1 - beta_1) g)
// m <- beta_2 m + (1 - beta_2) g
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Lion {
    pub beta_1: f64,
    pub beta_2: f64,
}

impl Default for Lion {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.99,
        }
    }
}

impl UpdateRule for Lion {
    const NAME: &'static str = "Lion";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot::zeros("momentum")]]
    }

    fn check(&self) -> Result<()> {
        if !(self.beta_1 > 0.0 && self.beta_1 <= 1.0) {
            return Err(Error::value(Self::NAME)
                .expected("beta_1 > 0 and at most 1")
                .got(format!("beta_1={}", self.beta_1))
                .hint("With 0 there is no mean left; use SGD on the signs of gradients for that"));
        }
        check_range(Self::NAME, "beta_2", self.beta_2, 0.0, 1.0)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let lr = T::from_f64(step.learning_rate);
        let [old_1, old_2] = [self.beta_1, self.beta_2].map(T::from_f64);
        let [new_1, new_2] = [self.beta_1, self.beta_2].map(|beta| T::from_f64(1.0 - beta));
        let [m, ..] = slots else {
            return debug_assert!(false, "Lion: slots missing");
        };
        for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(m.iter_mut()) {
            *w -= lr * sign(old_1 * *m + new_1 * g);
            *m = old_2 * *m + new_2 * g;
        }
    }
}

/// 1, -1, or the 0 or NaN that it is.
#[inline(always)]
pub(super) fn sign<T: Real>(x: T) -> T {
    if x > T::ZERO {
        T::ONE
    } else if x < T::ZERO {
        -T::ONE
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g, 0.0]).collect();
        let mut w = vec![1.5; 2];
        run(&Lion::default(), &steps, &mut w, 0.01);
        let (mut want, mut m) = (1.5, 0.0);
        for g in g {
            want -= 0.01 * f64::signum(0.9 * m + 0.1 * g);
            m = 0.99 * m + 0.01 * g;
        }
        assert!((w[0] - want).abs() < 1e-15 && w[1] == 1.5, "{w:?} {want}");
        assert!(sign(f64::NAN).is_nan());
    }

    #[test]
    fn refuses_a_mean_without_memory() {
        for beta_1 in [0.0, -0.5, 1.5, f64::NAN] {
            let rule = Lion {
                beta_1,
                ..Lion::default()
            };
            assert!(rule.check().unwrap_err().to_string().contains("beta_1 > 0"));
        }
    }
}

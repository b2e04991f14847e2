//! FTRL-proximal: follow the leader of a sum of gradients, kept at exactly 0 while L1 outweighs it.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// n' = n + g^2,   n starts at initial_accumulator_value,   p = -learning_rate_power
// z <- z + g + 2 shrinkage w - (n'^p - n^p) / lr w
// q = n'^p / lr + 2 (l2 + beta / (2 lr))
// w <- (clip(z, -l1, l1) - z) / q,   which is 0 where |z| <= l1
// n <- n'
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Ftrl {
    pub learning_rate_power: f64,
    pub initial_accumulator_value: f64,
    pub l1_regularization_strength: f64,
    pub l2_regularization_strength: f64,
    pub l2_shrinkage_regularization_strength: f64,
    pub beta: f64,
}

impl Default for Ftrl {
    fn default() -> Self {
        Self {
            learning_rate_power: -0.5,
            initial_accumulator_value: 0.1,
            l1_regularization_strength: 0.0,
            l2_regularization_strength: 0.0,
            l2_shrinkage_regularization_strength: 0.0,
            beta: 0.0,
        }
    }
}

impl Ftrl {
    #[inline(always)]
    fn run<T: Real>(
        &self,
        step: &Step,
        weights: &mut [T],
        gradient: &[T],
        slots: &mut [&mut [T]],
        power: impl Fn(T) -> T,
    ) {
        let rate = step.learning_rate;
        let per_rate = T::from_f64(1.0 / rate);
        let l1 = T::from_f64(self.l1_regularization_strength);
        let l2 = T::from_f64(2.0 * self.l2_regularization_strength + self.beta / rate);
        let shrinkage = T::from_f64(2.0 * self.l2_shrinkage_regularization_strength);
        let [n, z, ..] = slots else {
            return debug_assert!(false, "Ftrl: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), n), z) in pairs.zip(n.iter_mut()).zip(z.iter_mut()) {
            let sum = *n + g * g;
            let high = power(sum);
            *z += g + shrinkage * *w - (high - power(*n)) * per_rate * *w;
            // Written so that NaN stays NaN, and a difference of equal numbers is exactly 0.
            let low = if *z < -l1 { -l1 } else { *z };
            let clipped = if low > l1 { l1 } else { low };
            // Nothing was ever seen: 0 / 0 without this.
            let quadratic = high * per_rate + l2;
            let change = clipped - *z;
            *w = if change == T::ZERO {
                T::ZERO
            } else {
                change / quadratic
            };
            *n = sum;
        }
    }
}

impl UpdateRule for Ftrl {
    const NAME: &'static str = "Ftrl";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![
            Slot {
                name: "accumulator",
                initial: self.initial_accumulator_value,
            },
            Slot::zeros("linear"),
        ]]
    }

    fn check(&self) -> Result<()> {
        check_range(
            Self::NAME,
            "learning_rate_power",
            self.learning_rate_power,
            f64::MIN,
            0.0,
        )?;
        for (name, value) in [
            ("initial_accumulator_value", self.initial_accumulator_value),
            ("l1_regularization_strength", self.l1_regularization_strength),
            ("l2_regularization_strength", self.l2_regularization_strength),
            (
                "l2_shrinkage_regularization_strength",
                self.l2_shrinkage_regularization_strength,
            ),
            ("beta", self.beta),
        ] {
            check_range(Self::NAME, name, value, 0.0, f64::INFINITY)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        // The formula divides by the rate; a schedule that begins with 0 must not make NaN.
        if step.learning_rate == 0.0 {
            return;
        }
        let p = -self.learning_rate_power;
        if p == 0.5 {
            self.run(step, weights, gradient, slots, T::sqrt);
        } else {
            let p = T::from_f64(p);
            self.run(step, weights, gradient, slots, |n: T| n.powf(p));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    fn reference(rule: &Ftrl, gradients: &[f64], mut w: f64, lr: f64) -> f64 {
        let (mut n, mut z, p) = (rule.initial_accumulator_value, 0.0f64, -rule.learning_rate_power);
        for g in gradients {
            let sum = n + g * g;
            let sigma = (sum.powf(p) - n.powf(p)) / lr;
            z += g + 2.0 * rule.l2_shrinkage_regularization_strength * w - sigma * w;
            let l1 = rule.l1_regularization_strength;
            w = if z.abs() <= l1 {
                0.0
            } else {
                (l1 * z.signum() - z)
                    / (sum.powf(p) / lr + 2.0 * rule.l2_regularization_strength + rule.beta / lr)
            };
            n = sum;
        }
        w
    }

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 3]).collect();
        for power in [-0.5, -0.3, 0.0] {
            for strength in [0.0, 0.1, 0.5] {
                let rule = Ftrl {
                    learning_rate_power: power,
                    l1_regularization_strength: strength,
                    l2_regularization_strength: 0.2 * strength,
                    l2_shrinkage_regularization_strength: 0.3 * strength,
                    beta: strength,
                    ..Ftrl::default()
                };
                let mut w = vec![1.5; 3];
                run(&rule, &steps, &mut w, 0.1);
                let want = reference(&rule, &g, 1.5, 0.1);
                assert!(
                    w.iter().all(|&w| (w - want).abs() < 1e-13),
                    "{power} {strength}: {w:?} {want}"
                );
            }
        }
    }

    #[test]
    fn is_exactly_zero_while_the_sum_is_small() {
        let rule = Ftrl {
            l1_regularization_strength: 1.0,
            ..Ftrl::default()
        };
        let mut w = vec![0.0; 2];
        run(&rule, &vec![vec![0.2, 0.9]; 4], &mut w, 0.1);
        assert!(w[0] == 0.0 && w[1] < 0.0, "{w:?}");
    }

    #[test]
    fn no_rate_and_no_gradient_make_no_nan() {
        let rule = Ftrl {
            initial_accumulator_value: 0.0,
            ..Ftrl::default()
        };
        let mut w = vec![1.5; 2];
        run(&rule, &[vec![0.3, 0.0]], &mut w, 0.0);
        assert_eq!(w, [1.5, 1.5]);
        run(&rule, &[vec![0.3, 0.0]], &mut w, 0.1);
        assert!(w.iter().all(|w| w.is_finite()), "{w:?}");
    }
}

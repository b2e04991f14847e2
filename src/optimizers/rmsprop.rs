//! RMSprop: the gradient divided by a running root mean square of itself.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// v <- rho v + (1 - rho) g^2
// a <- rho a + (1 - rho) g                      centered only
// d = lr g / sqrt(v + epsilon)                  plain
// d = lr g / sqrt(v - a^2 + epsilon)            centered
// w <- w - d                                    without momentum
// m <- momentum m + d;  w <- w - m              with momentum
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct RmsProp {
    pub rho: f64,
    pub momentum: f64,
    pub epsilon: f64,
    pub centered: bool,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self {
            rho: 0.9,
            momentum: 0.0,
            epsilon: 1e-7,
            centered: false,
        }
    }
}

impl UpdateRule for RmsProp {
    const NAME: &'static str = "RMSprop";

    fn slots(&self) -> Vec<Vec<Slot>> {
        let mut groups = vec![vec![Slot::zeros("velocity")]];
        if self.momentum > 0.0 {
            groups.push(vec![Slot::zeros("momentum")]);
        }
        if self.centered {
            groups.push(vec![Slot::zeros("average_gradient")]);
        }
        groups
    }

    fn check(&self) -> Result<()> {
        check_range(Self::NAME, "rho", self.rho, 0.0, 1.0)?;
        check_range(Self::NAME, "momentum", self.momentum, 0.0, 1.0)?;
        check_range(Self::NAME, "epsilon", self.epsilon, 0.0, f64::INFINITY)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let lr = T::from_f64(step.learning_rate);
        let (rho, fresh) = (T::from_f64(self.rho), T::from_f64(1.0 - self.rho));
        let momentum = T::from_f64(self.momentum);
        let epsilon = T::from_f64(self.epsilon);
        let pairs = weights.iter_mut().zip(gradient);
        match (slots, self.centered) {
            ([v], false) => {
                for ((w, &g), v) in pairs.zip(v.iter_mut()) {
                    *v = rho * *v + fresh * (g * g);
                    *w -= lr * g / (*v + epsilon).sqrt();
                }
            }
            ([v, m, ..], false) => {
                for (((w, &g), v), m) in pairs.zip(v.iter_mut()).zip(m.iter_mut()) {
                    *v = rho * *v + fresh * (g * g);
                    *m = momentum * *m + lr * g / (*v + epsilon).sqrt();
                    *w -= *m;
                }
            }
            ([v, a], true) => {
                for (((w, &g), v), a) in pairs.zip(v.iter_mut()).zip(a.iter_mut()) {
                    *v = rho * *v + fresh * (g * g);
                    *a = rho * *a + fresh * g;
                    *w -= lr * g / (*v - *a * *a + epsilon).sqrt();
                }
            }
            ([v, m, a, ..], true) => {
                for ((((w, &g), v), m), a) in pairs.zip(v.iter_mut()).zip(m.iter_mut()).zip(a.iter_mut()) {
                    *v = rho * *v + fresh * (g * g);
                    *a = rho * *a + fresh * g;
                    *m = momentum * *m + lr * g / (*v - *a * *a + epsilon).sqrt();
                    *w -= *m;
                }
            }
            // The caller hands over the slots listed above.
            _ => debug_assert!(false, "RMSprop: slots missing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    fn reference(rule: &RmsProp, gradients: &[f64], mut w: f64, lr: f64) -> f64 {
        let (mut v, mut a, mut m) = (0.0, 0.0, 0.0);
        for g in gradients {
            v = rule.rho * v + (1.0 - rule.rho) * g * g;
            a = rule.rho * a + (1.0 - rule.rho) * g;
            let variance = if rule.centered { v - a * a } else { v };
            let d = lr * g / (variance + rule.epsilon).sqrt();
            m = rule.momentum * m + d;
            w -= if rule.momentum > 0.0 { m } else { d };
        }
        w
    }

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 3]).collect();
        for (momentum, centered) in [(0.0, false), (0.9, false), (0.0, true), (0.9, true)] {
            let rule = RmsProp {
                momentum,
                centered,
                ..RmsProp::default()
            };
            let mut w = vec![1.5; 3];
            run(&rule, &steps, &mut w, 0.01);
            let want = reference(&rule, &g, 1.5, 0.01);
            assert!(
                w.iter().all(|&w| (w - want).abs() < 1e-13),
                "{momentum} {centered}: {w:?} {want}"
            );
        }
    }
}

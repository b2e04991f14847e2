//! Stochastic gradient descent with momentum.

use serde::Deserialize;

use super::rule::{Slot, Step, UpdateRule, check_range};
use crate::error::Result;
use crate::kernels::real::Real;

// w <- w - lr g                                      without momentum
// m <- momentum m - lr g;  w <- w + m                with momentum
// m <- momentum m - lr g;  w <- w + momentum m - lr g    with Nesterov's look-ahead
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Sgd {
    pub momentum: f64,
    pub nesterov: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            momentum: 0.0,
            nesterov: false,
        }
    }
}

impl UpdateRule for Sgd {
    const NAME: &'static str = "SGD";

    fn slots(&self) -> Vec<Vec<Slot>> {
        if self.momentum == 0.0 {
            vec![]
        } else {
            vec![vec![Slot::zeros("momentum")]]
        }
    }

    fn check(&self) -> Result<()> {
        check_range(Self::NAME, "momentum", self.momentum, 0.0, 1.0)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let lr = T::from_f64(step.learning_rate);
        let momentum = T::from_f64(self.momentum);
        match slots {
            [] => {
                for (w, &g) in weights.iter_mut().zip(gradient) {
                    *w -= lr * g;
                }
            }
            [m, ..] => {
                let m = m.iter_mut();
                if self.nesterov {
                    for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(m) {
                        let push = lr * g;
                        *m = momentum * *m - push;
                        *w += momentum * *m - push;
                    }
                } else {
                    for ((w, &g), m) in weights.iter_mut().zip(gradient).zip(m) {
                        *m = momentum * *m - lr * g;
                        *w += *m;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    fn reference(momentum: f64, nesterov: bool, gradients: &[f64], mut w: f64, lr: f64) -> f64 {
        let mut m = 0.0;
        for g in gradients {
            m = momentum * m - lr * g;
            w += match (momentum == 0.0, nesterov) {
                (true, _) => -lr * g,
                (_, true) => momentum * m - lr * g,
                _ => m,
            };
        }
        w
    }

    #[test]
    fn follows_the_formula() {
        let g = [0.3, -1.0, 2.5, 0.0, 0.7];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 5]).collect();
        for (momentum, nesterov) in [(0.0, false), (0.0, true), (0.9, false), (0.9, true)] {
            let mut w = vec![1.5; 5];
            run(&Sgd { momentum, nesterov }, &steps, &mut w, 0.1);
            let want = reference(momentum, nesterov, &g, 1.5, 0.1);
            assert!(
                w.iter().all(|&w| (w - want).abs() < 1e-14),
                "{momentum} {nesterov}: {w:?} {want}"
            );
        }
    }

    #[test]
    fn refuses_momentum_outside_its_range() {
        for momentum in [-0.1, 1.5, f64::NAN] {
            let text = Sgd {
                momentum,
                nesterov: false,
            }
            .check()
            .unwrap_err()
            .to_string();
            assert!(text.contains("momentum in [0, 1]"), "{text}");
        }
    }
}

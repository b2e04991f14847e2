//! Resilient backpropagation: a step size for each weight, from the signs of its gradients alone.

use serde::Deserialize;

use super::lion::sign;
use super::rule::{Slot, Step, UpdateRule};
use crate::error::{Error, Result};
use crate::kernels::real::Real;

// s <- clip(s eta+, smallest, largest)    where g has the sign of the gradient before
// s <- clip(s eta-, smallest, largest)    where it has the other one; then g <- 0
// w <- w - s sign(g),   s starts at lr
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Rprop {
    pub etas: [f64; 2],
    pub step_sizes: [f64; 2],
}

impl Default for Rprop {
    fn default() -> Self {
        Self {
            etas: [0.5, 1.2],
            step_sizes: [1e-6, 50.0],
        }
    }
}

impl UpdateRule for Rprop {
    const NAME: &'static str = "Rprop";

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot::zeros("previous_gradient"), Slot::zeros("step_size")]]
    }

    fn check(&self) -> Result<()> {
        let ([low, high], [smallest, largest]) = (self.etas, self.step_sizes);
        if !(low > 0.0 && low < 1.0 && high > 1.0 && high.is_finite()) {
            return Err(Error::value(Self::NAME)
                .expected("etas of which the first is in (0, 1) and the second a finite number > 1")
                .got(format!("etas=({low}, {high})")));
        }
        if !(smallest > 0.0 && smallest <= largest && largest.is_finite()) {
            return Err(Error::value(Self::NAME)
                .expected("step_sizes of which the first is > 0 and the second a finite number not below it")
                .got(format!("step_sizes=({smallest}, {largest})")));
        }
        Ok(())
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        // The rate is where step sizes begin, and 0 switches the steps off.
        if step.learning_rate == 0.0 {
            return;
        }
        let lr = T::from_f64(step.learning_rate);
        let [shrink, grow] = self.etas.map(T::from_f64);
        let [smallest, largest] = self.step_sizes.map(T::from_f64);
        let [before, size, ..] = slots else {
            return debug_assert!(false, "Rprop: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), before), size) in pairs.zip(before.iter_mut()).zip(size.iter_mut()) {
            // Sizes are above 0 once they are set.
            let s = if *size == T::ZERO { lr } else { *size };
            let turn = g * *before;
            let s = if turn > T::ZERO {
                s * grow
            } else if turn < T::ZERO {
                s * shrink
            } else {
                s
            };
            let s = if s < smallest { smallest } else { s };
            let s = if s > largest { largest } else { s };
            let g = if turn < T::ZERO { T::ZERO } else { g };
            *w -= s * sign(g);
            *before = g;
            *size = s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::run;
    use super::*;

    #[test]
    fn follows_the_formula() {
        let g = [0.3, 1.0, -2.5, -1.0, -0.7, 0.0, -3.0];
        let steps: Vec<Vec<f64>> = g.iter().map(|&g| vec![g; 2]).collect();
        let mut w = vec![1.5; 2];
        let slots = run(&Rprop::default(), &steps, &mut w, 0.1);
        // Sizes: 0.1, 0.12, 0.06 (turned: no step), 0.06, 0.072, 0.072 (no gradient), 0.072
        let want = 1.5 - 0.1 - 0.12 + 0.06 + 0.072 + 0.072;
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-14), "{w:?} {want}");
        assert!((slots[1][0] - 0.072).abs() < 1e-15);
    }

    #[test]
    fn sizes_stay_within_their_limits() {
        let rule = Rprop {
            step_sizes: [0.09, 0.11],
            ..Rprop::default()
        };
        let mut w = vec![0.0];
        let steps: Vec<Vec<f64>> = [1.0, 1.0, -1.0, -1.0].iter().map(|&g| vec![g]).collect();
        let slots = run(&rule, &steps, &mut w, 0.1);
        assert!(
            (w[0] + 0.1 + 0.11 - 0.09).abs() < 1e-15 && slots[1][0] == 0.09,
            "{w:?} {slots:?}"
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for (etas, step_sizes) in [
            ([1.0, 1.2], [1e-6, 50.0]),
            ([0.5, 0.9], [1e-6, 50.0]),
            ([f64::NAN, 1.2], [1e-6, 50.0]),
            ([0.5, 1.2], [0.0, 50.0]),
            ([0.5, 1.2], [1.0, 0.5]),
        ] {
            assert!(
                Rprop { etas, step_sizes }.check().is_err(),
                "{etas:?} {step_sizes:?}"
            );
        }
    }
}

//! Nadam: Adam that looks ahead along its momentum, as Nesterov's does.

use std::sync::LazyLock;

use serde::Deserialize;

use super::adam::Adam;
use super::rule::{Slot, Step, UpdateRule};
use crate::error::Result;
use crate::kernels::real::Real;

// u_t = beta_1 (1 - 0.96^t / 2),   U_t = u_1 u_2 ... u_t
// m <- m + (1 - beta_1) (g - m)
// v <- v + (1 - beta_2) (g^2 - v)
// n = u_{t+1} m / (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t)
// w <- w - lr n / (sqrt(v / (1 - beta_2^t)) + epsilon)
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Nadam(Adam);

/// 0.96^t is lost beside 1 long before.
const LAST: usize = 1024;

/// The products of 1 - 0.96^i / 2 for i from 1 to t, by t.
static PRODUCTS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let mut product = 1.0;
    std::iter::once(1.0)
        .chain((1..=LAST).map(|t| {
            product *= warming(t as f64);
            product
        }))
        .collect()
});

fn warming(t: f64) -> f64 {
    1.0 - 0.5 * 0.96f64.powf(t)
}

impl Nadam {
    /// U_t, from t alone: so that a step does not depend on how many were made before it in this process.
    fn product(&self, t: u64) -> f64 {
        let warm = PRODUCTS[usize::try_from(t).map_or(LAST, |t| t.min(LAST))];
        self.0.beta_1.powf(t as f64) * warm
    }
}

impl UpdateRule for Nadam {
    const NAME: &'static str = "Nadam";
    const SHARED: Option<Slot> = Some(Slot {
        name: "variable",
        initial: 1.0,
    });

    fn slots(&self) -> Vec<Vec<Slot>> {
        vec![vec![Slot::zeros("momentum"), Slot::zeros("velocity")]]
    }

    fn check(&self) -> Result<()> {
        self.0.check_named(Self::NAME)
    }

    fn shared(&self, number: u64) -> f64 {
        self.product(number)
    }

    #[inline(always)]
    fn update<T: Real>(&self, step: &Step, weights: &mut [T], gradient: &[T], slots: &mut [&mut [T]]) {
        let t = step.number as f64;
        let [now, next] = [t, t + 1.0].map(|t| self.0.beta_1 * warming(t));
        let along = T::from_f64(next / (1.0 - self.product(step.number + 1)));
        let ahead = T::from_f64((1.0 - now) / (1.0 - self.product(step.number)));
        let unbiased = T::from_f64(1.0 / (1.0 - self.0.beta_2.powf(t)));
        let [b1, b2] = [self.0.beta_1, self.0.beta_2].map(|beta| T::from_f64(1.0 - beta));
        let (lr, epsilon) = (T::from_f64(step.learning_rate), T::from_f64(self.0.epsilon));
        let [m, v, ..] = slots else {
            return debug_assert!(false, "Nadam: slots missing");
        };
        let pairs = weights.iter_mut().zip(gradient);
        for (((w, &g), m), v) in pairs.zip(m.iter_mut()).zip(v.iter_mut()) {
            *m = *m + b1 * (g - *m);
            *v = *v + b2 * (g * g - *v);
            *w -= lr * (along * *m + ahead * g) / ((*v * unbiased).sqrt() + epsilon);
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
        run(&Nadam::default(), &steps, &mut w, 0.01);
        let u = |t: i32| 0.9 * (1.0 - 0.5 * 0.96f64.powi(t));
        let (mut want, mut m, mut v, mut product) = (1.5, 0.0, 0.0f64, 1.0);
        for (i, g) in g.iter().enumerate() {
            let t = i as i32 + 1;
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            product *= u(t);
            let n = u(t + 1) * m / (1.0 - product * u(t + 1)) + (1.0 - u(t)) * g / (1.0 - product);
            want -= 0.01 * n / ((v / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-7);
        }
        assert!(w.iter().all(|&w| (w - want).abs() < 1e-13), "{w:?} {want}");
    }

    #[test]
    fn products_go_on_for_ever() {
        let rule = Nadam::default();
        let mut product = 1.0;
        for t in 1..2000u64 {
            product *= 0.9 * warming(t as f64);
            assert!((rule.product(t) - product).abs() <= 1e-12 * product, "{t}");
        }
        assert!(rule.product(u64::MAX) == 0.0);
    }
}

//! Gamma, beta and binomial numbers, by rejection. Element `i` of a stream has blocks of its own: attempt `t` reads
//! blocks `(i << 16) | t`, so its number depends on (seed, counter, i) alone, however many attempts others need.

use crate::philox::philox;
use crate::rng::Key;

/// Attempts for one element before the last candidate is taken: each is refused with probability below 1/2, so this
/// many in a row are not met.
const ATTEMPTS: u64 = 1 << 15;

/// Random numbers of one element: uniform in the open interval (0, 1), two from each block.
struct Source {
    key: [u32; 2],
    upper: [u32; 2],
    block: u64,
    spare: Option<f64>,
}

impl Source {
    /// `stream` tells apart several numbers behind one element.
    fn new(key: Key, stream: u64, element: u64) -> Self {
        Self {
            key: [key.seed as u32, (key.seed >> 32) as u32],
            upper: [key.counter as u32, (key.counter >> 32) as u32],
            // Bit 62 keeps clear of the blocks of the other distributions.
            block: 1 << 62 | stream << 60 | element << 16,
            spare: None,
        }
    }

    fn uniform(&mut self) -> f64 {
        if let Some(u) = self.spare.take() {
            return u;
        }
        let words = philox(
            [
                self.block as u32,
                (self.block >> 32) as u32,
                self.upper[0],
                self.upper[1],
            ],
            self.key,
        );
        self.block += 1;
        // The half step keeps both ends out.
        let open = |high: u32, low: u32| {
            (((u64::from(high) << 32 | u64::from(low)) >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
        };
        self.spare = Some(open(words[2], words[3]));
        open(words[0], words[1])
    }

    fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

/// The logarithm of a Gamma(alpha, 1) number: G. Marsaglia, W. W. Tsang, "A simple method for generating gamma
/// variables", ACM Transactions on Mathematical Software 26 (2000).
///
/// For alpha >= 1, with d = alpha - 1/3 and c = 1 / sqrt(9 d): x normal, v = (1 + c x)^3, and d v is taken if
/// `ln u < x^2 / 2 + d - d v + d ln v`. For alpha < 1, a number of alpha + 1 times `u^(1 / alpha)`; in logarithms, since
/// it may be below the smallest float.
fn log_gamma_number(source: &mut Source, alpha: f64) -> f64 {
    let boosted = if alpha < 1.0 { alpha + 1.0 } else { alpha };
    let d = boosted - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    let mut log_v = 0.0;
    for _ in 0..ATTEMPTS {
        let x = source.normal();
        let root = 1.0 + c * x;
        let u = source.uniform();
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        log_v = 3.0 * libm::log(root);
        if libm::log(u) < 0.5 * x * x + d - d * v + d * log_v {
            break;
        }
    }
    let sample = libm::log(d) + log_v;
    if alpha < 1.0 {
        sample + libm::log(source.uniform()) / alpha
    } else {
        sample
    }
}

/// Element `i` of a stream of Gamma(alpha, 1) numbers, alpha > 0.
pub fn gamma(key: Key, i: u64, alpha: f64) -> f64 {
    libm::exp(log_gamma_number(&mut Source::new(key, 0, i), alpha))
}

/// Element `i` of a stream of Beta(a, b) numbers: x / (x + y) with x ~ Gamma(a), y ~ Gamma(b).
pub fn beta(key: Key, i: u64, a: f64, b: f64) -> f64 {
    let x = log_gamma_number(&mut Source::new(key, 0, i), a);
    let y = log_gamma_number(&mut Source::new(key, 1, i), b);
    1.0 / (1.0 + libm::exp(y - x))
}

/// Element `i` of a stream of Binomial(n, p) numbers, n >= 0 a whole number, 0 <= p <= 1.
pub fn binomial(key: Key, i: u64, n: f64, p: f64) -> f64 {
    let q = p.min(1.0 - p);
    let mut source = Source::new(key, 0, i);
    let k = if n * q < 10.0 {
        by_inversion(&mut source, n, q)
    } else {
        by_rejection(&mut source, n, q)
    };
    if p > 0.5 { n - k } else { k }
}

/// Walks up the distribution function: P(0) = (1 - p)^n, P(k) = P(k - 1) (n - k + 1) / k p / (1 - p).
fn by_inversion(source: &mut Source, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut probability = libm::exp(n * libm::log1p(-p));
    let (mut u, mut k) = (source.uniform(), 0.0);
    while u > probability && k < n {
        u -= probability;
        k += 1.0;
        probability *= (n - k + 1.0) / k * odds;
    }
    k
}

/// BTRS: W. Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and Simulation 46
/// (1993); n p >= 10, p <= 1/2. Its constants are those of the paper.
fn by_rejection(source: &mut Source, n: f64, p: f64) -> f64 {
    let spread = libm::sqrt(n * p * (1.0 - p));
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let alpha = (2.83 + 5.1 / b) * spread;
    let quick = 0.92 - 4.2 / b;
    let log_odds = libm::log(p / (1.0 - p));
    let mode = libm::floor((n + 1.0) * p);
    // ln P(k) / P(mode)
    let peak = libm::lgamma(mode + 1.0) + libm::lgamma(n - mode + 1.0);
    let height = |k: f64| peak - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0) + (k - mode) * log_odds;
    for _ in 0..ATTEMPTS {
        let (u, v) = (source.uniform() - 0.5, source.uniform());
        let edge = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / edge + b) * u + c);
        if !(0.0..=n).contains(&k) {
            continue;
        }
        if edge >= 0.07 && v <= quick {
            return k;
        }
        if libm::log(v * alpha / (a / (edge * edge) + b)) <= height(k) {
            return k;
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key { seed: 3, counter: 5 };
    const N: u64 = 40_000;

    /// Mean and variance of many elements, against what they should be, within five standard errors.
    fn check(what: &str, draw: impl Fn(u64) -> f64, mean: f64, variance: f64, kurtosis: f64) {
        let x: Vec<f64> = (0..N).map(draw).collect();
        let n = N as f64;
        let m = x.iter().sum::<f64>() / n;
        let v = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        assert!(
            (m - mean).abs() <= 5.0 * (variance / n).sqrt(),
            "{what}: mean {m}, not {mean}"
        );
        let error = variance * ((kurtosis - 1.0) / n).sqrt();
        assert!(
            (v - variance).abs() <= 5.0 * error,
            "{what}: variance {v}, not {variance}"
        );
    }

    #[test]
    fn moments() {
        for alpha in [0.1, 0.7, 1.0, 2.5, 30.0] {
            check("gamma", |i| gamma(KEY, i, alpha), alpha, alpha, 3.0 + 6.0 / alpha);
        }
        for (a, b) in [(0.3_f64, 0.4_f64), (2.0, 3.0), (20.0, 0.5)] {
            let s = a + b;
            check(
                "beta",
                |i| beta(KEY, i, a, b),
                a / s,
                a * b / (s * s * (s + 1.0)),
                9.0,
            );
        }
        for (n, p) in [
            (1.0, 0.3),
            (20.0, 0.1),
            (40.0, 0.5),
            (1000.0, 0.97),
            (1e6, 0.2),
            (7.0, 1.0),
            (0.0, 0.5),
        ] {
            let v = n * p * (1.0 - p);
            check("binomial", |i| binomial(KEY, i, n, p), n * p, v, 6.0);
        }
    }

    #[test]
    fn small_shapes_stay_inside() {
        for i in 0..1000 {
            let x = beta(KEY, i, 1e-3, 1e-3);
            assert!((0.0..=1.0).contains(&x), "{x}");
            assert!(gamma(KEY, i, 1e-4) >= 0.0);
        }
    }
}

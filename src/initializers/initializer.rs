//! What an initializer is, and how one is called by name.

use serde::Deserialize;

use super::INITIALIZERS;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::rng::Key;
use crate::shape::show_shape;
use crate::tensor::Tensor;

/// From a shape and a dtype to values.
pub trait Initializer {
    fn values(&self, shape: &[usize], dtype: DType) -> Result<Tensor>;
}

/// From a config to an initializer.
pub type Make = fn(&str) -> Result<Box<dyn Initializer>>;

/// The values that the initializer of this name and config gives a weight.
pub fn initialize(class_name: &str, config: &str, shape: &[usize], dtype: DType) -> Result<Tensor> {
    let Some((_, make)) = INITIALIZERS.iter().find(|(name, _)| *name == class_name) else {
        return Err(Error::unknown(
            "initialize",
            "an initializer",
            class_name,
            &names(),
        ));
    };
    make(config)?.values(shape, dtype)
}

/// Class names of all initializers.
pub fn names() -> Vec<&'static str> {
    INITIALIZERS.iter().map(|(name, _)| *name).collect()
}

/// A seed as it comes from Python: an integer, or the pair that names one stream.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "an integer or a pair of integers")]
pub enum Seed {
    Single(i64),
    Pair(i64, i64),
}

impl Seed {
    pub fn key(self) -> Key {
        match self {
            Seed::Single(seed) => Key { seed, counter: 0 },
            Seed::Pair(seed, counter) => Key { seed, counter },
        }
    }
}

/// Refuses dtypes other than floats.
pub fn floats_only(who: &str, dtype: DType) -> Result<()> {
    if dtype.is_float() {
        return Ok(());
    }
    Err(Error::type_error(who)
        .expected("a float dtype")
        .got(dtype.name())
        .hint("Pass dtype='float32' or 'float64'"))
}

/// A tensor of floats in a float dtype.
pub fn from_f64(shape: &[usize], values: &[f64], dtype: DType) -> Result<Tensor> {
    if dtype == DType::F64 {
        return Tensor::from_slice(shape, values);
    }
    let narrow: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    Tensor::from_slice(shape, &narrow)
}

/// The error of an initializer for a shape it has no values for.
pub fn shape_error(who: &str, expected: &str, shape: &[usize]) -> Error {
    Error::value(who)
        .expected(expected)
        .got(format!("shape {}", show_shape(shape)))
        .hint("Use another initializer for such a weight")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(class_name: &str, config: &str, shape: &[usize]) -> Vec<f64> {
        initialize(class_name, config, shape, DType::F64)
            .unwrap()
            .slice::<f64>()
            .to_vec()
    }

    fn moments(x: &[f64]) -> (f64, f64) {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        (mean, x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn constants() {
        assert_eq!(floats("Zeros", "{}", &[2]), [0.0, 0.0]);
        assert_eq!(floats("Ones", "{}", &[2]), [1.0, 1.0]);
        assert_eq!(floats("Constant", r#"{"value": 0.5}"#, &[2]), [0.5, 0.5]);
        assert_eq!(
            floats("Identity", r#"{"gain": 2.0}"#, &[2, 3]),
            [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]
        );
        assert_eq!(
            initialize("Ones", "{}", &[3], DType::I32).unwrap().slice::<i32>(),
            [1, 1, 1]
        );
    }

    #[test]
    fn random_numbers_have_the_right_moments() {
        let (mean, var) = moments(&floats(
            "RandomNormal",
            r#"{"mean": 1.0, "stddev": 0.5, "seed": 3}"#,
            &[100, 200],
        ));
        assert!(
            (mean - 1.0).abs() < 0.02 && (var - 0.25).abs() < 0.01,
            "{mean} {var}"
        );
        let u = floats(
            "RandomUniform",
            r#"{"minval": -1.0, "maxval": 3.0, "seed": [3, 1]}"#,
            &[20000],
        );
        let (mean, var) = moments(&u);
        assert!(
            (mean - 1.0).abs() < 0.05 && (var - 16.0 / 12.0).abs() < 0.05,
            "{mean} {var}"
        );
        assert!(u.iter().all(|v| (-1.0..3.0).contains(v)));
        let t = floats("TruncatedNormal", r#"{"stddev": 0.1, "seed": 3}"#, &[20000]);
        assert!(t.iter().all(|v| v.abs() <= 0.2));
    }

    #[test]
    fn variance_is_scaled_by_the_fans() {
        for (class, config, shape, want) in [
            ("GlorotUniform", r#"{"seed": 1}"#, &[300, 100][..], 2.0 / 400.0),
            ("GlorotNormal", r#"{"seed": 1}"#, &[300, 100], 2.0 / 400.0),
            ("HeUniform", r#"{"seed": 1}"#, &[300, 100], 2.0 / 300.0),
            ("HeNormal", r#"{"seed": 1}"#, &[300, 100], 2.0 / 300.0),
            ("LecunUniform", r#"{"seed": 1}"#, &[300, 100], 1.0 / 300.0),
            ("LecunNormal", r#"{"seed": 1}"#, &[3, 3, 32, 100], 1.0 / 288.0),
            (
                "VarianceScaling",
                r#"{"seed": 1, "scale": 3.0, "mode": "fan_out", "distribution": "untruncated_normal"}"#,
                &[300, 100],
                0.03,
            ),
            (
                "VarianceScaling",
                r#"{"seed": 1, "scale": 1.0, "mode": "fan_in", "distribution": "uniform", "input_axes": [1], "output_axes": [0]}"#,
                &[300, 100],
                0.01,
            ),
        ] {
            let (mean, var) = moments(&floats(class, config, shape));
            assert!(
                mean.abs() < 0.01 && (var / want - 1.0).abs() < 0.05,
                "{class}: {mean} {var} {want}"
            );
        }
    }

    #[test]
    fn one_seed_gives_one_set_of_numbers() {
        let a = floats("GlorotUniform", r#"{"seed": 7}"#, &[3, 4]);
        assert_eq!(a, floats("GlorotUniform", r#"{"seed": [7, 0]}"#, &[3, 4]));
        assert_ne!(a, floats("GlorotUniform", r#"{"seed": [7, 1]}"#, &[3, 4]));
    }

    #[test]
    fn orthogonal_matrices_are_orthogonal() {
        for shape in [&[5, 3][..], &[3, 5], &[4, 4], &[2, 2, 6]] {
            let columns = shape[shape.len() - 1];
            let rows = shape[..shape.len() - 1].iter().product::<usize>();
            let w = floats("Orthogonal", r#"{"gain": 2.0, "seed": 5}"#, shape);
            let small = rows.min(columns);
            for i in 0..small {
                for j in 0..small {
                    let dot: f64 = if rows < columns {
                        (0..columns)
                            .map(|k| w[i * columns + k] * w[j * columns + k])
                            .sum()
                    } else {
                        (0..rows).map(|k| w[k * columns + i] * w[k * columns + j]).sum()
                    };
                    let want = if i == j { 4.0 } else { 0.0 };
                    assert!((dot - want).abs() < 1e-12, "{shape:?} {i} {j}: {dot}");
                }
            }
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        for (class, config, shape, dtype, parts) in [
            (
                "HeNormall",
                "{}",
                &[2][..],
                DType::F32,
                &["unknown", "'HeNormall'", "HeNormal"][1..],
            ),
            (
                "Identity",
                "{}",
                &[2],
                DType::F32,
                &["Identity: expected a matrix", "(2,)"],
            ),
            (
                "Orthogonal",
                r#"{"seed": 1}"#,
                &[2],
                DType::F32,
                &["Orthogonal: expected", "(2,)"],
            ),
            (
                "RandomNormal",
                r#"{"seed": 1}"#,
                &[2],
                DType::I32,
                &["RandomNormal", "float dtype", "int32"],
            ),
            (
                "VarianceScaling",
                r#"{"seed": 1, "scale": 0.0}"#,
                &[2],
                DType::F32,
                &["`scale`", "0"],
            ),
            (
                "VarianceScaling",
                r#"{"seed": 1, "mode": "fan"}"#,
                &[2],
                DType::F32,
                &["`mode`", "fan_in"],
            ),
            ("RandomNormal", r#"{"seed": "x"}"#, &[2], DType::F32, &["`seed`"]),
        ] {
            let e = initialize(class, config, shape, dtype).unwrap_err().to_string();
            for part in parts {
                assert!(e.contains(part), "{class}: {e}");
            }
        }
    }
}

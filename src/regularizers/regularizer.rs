//! What a regularizer is, and how one is called by name.

use serde::de::DeserializeOwned;

use super::REGULARIZERS;
use crate::autograd::Value;
use crate::config::parse;
use crate::error::{Error, Result};

/// From a weight to a scalar.
pub trait Regularizer {
    fn penalty(&self, weight: &Value) -> Result<Value>;
}

/// From a config to a regularizer.
pub type Make = fn(&str, &str) -> Result<Box<dyn Regularizer>>;

pub fn make<R: Regularizer + DeserializeOwned + 'static>(
    who: &str,
    config: &str,
) -> Result<Box<dyn Regularizer>> {
    Ok(Box::new(parse::<R>(who, config)?))
}

/// The penalty that the regularizer of this name and config puts on a weight.
pub fn penalty(class_name: &str, config: &str, weight: &Value) -> Result<Value> {
    let Some((class, make)) = REGULARIZERS.iter().find(|(name, _)| *name == class_name) else {
        return Err(Error::unknown("penalty", "a regularizer", class_name, &names()));
    };
    make(class, config)?.penalty(weight).map_err(|e| e.inside(class))
}

/// Class names of all regularizers.
pub fn names() -> Vec<&'static str> {
    REGULARIZERS.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn value(class_name: &str, config: &str, shape: &[usize], w: &[f64]) -> f64 {
        let w = Value::from(Tensor::from_slice(shape, w).unwrap());
        penalty(class_name, config, &w)
            .unwrap()
            .tensor()
            .unwrap()
            .view()
            .item()
    }

    #[test]
    fn penalties() {
        let w = [1.0, -2.0, 3.0, 0.0];
        assert_eq!(value("L1", r#"{"l1": 0.5}"#, &[2, 2], &w), 3.0);
        assert_eq!(value("L2", r#"{"l2": 0.5}"#, &[4], &w), 7.0);
        assert_eq!(value("L1L2", r#"{"l1": 0.5, "l2": 0.5}"#, &[4], &w), 10.0);
        assert_eq!(value("L1L2", r#"{"l1": 0.0, "l2": 0.0}"#, &[4], &w), 0.0);
        let rows = r#"{"factor": 2.0, "mode": "rows"}"#;
        assert_eq!(
            value("OrthogonalRegularizer", rows, &[2, 2], &[1.0, 0.0, 0.0, 3.0]),
            0.0
        );
        assert!((value("OrthogonalRegularizer", rows, &[2, 2], &[1.0, 0.0, -3.0, 0.0]) - 2.0).abs() < 1e-12);
        let columns = r#"{"factor": 2.0, "mode": "columns"}"#;
        assert!((value("OrthogonalRegularizer", columns, &[1, 2], &[4.0, 5.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn errors_say_what_to_do() {
        let w = Value::from(Tensor::from_slice(&[2], &[1.0, 2.0]).unwrap());
        for (class, config, parts) in [
            ("L3", "{}", &["'L3'", "L1, L1L2, L2"][..]),
            ("L2", r#"{"l2": "much"}"#, &["L2", "`l2` to be a number", "much"]),
            (
                "OrthogonalRegularizer",
                r#"{"factor": 1.0, "mode": "rows"}"#,
                &["a matrix", "(2,)"],
            ),
            (
                "OrthogonalRegularizer",
                r#"{"factor": 1.0, "mode": "row"}"#,
                &["`mode`", "rows"],
            ),
        ] {
            let e = penalty(class, config, &w).unwrap_err().to_string();
            for part in parts {
                assert!(e.contains(part), "{class}: {e}");
            }
        }
    }
}

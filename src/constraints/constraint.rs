//! What a constraint is, and how one is called by name.

use serde::de::DeserializeOwned;

use super::CONSTRAINTS;
use crate::autograd::Value;
use crate::config::parse;
use crate::error::{Error, Result};

/// From a weight to a weight.
pub trait Constraint {
    fn project(&self, weight: &Value) -> Result<Value>;
}

/// From a config to a constraint.
pub type Make = fn(&str, &str) -> Result<Box<dyn Constraint>>;

pub fn make<C: Constraint + DeserializeOwned + 'static>(
    who: &str,
    config: &str,
) -> Result<Box<dyn Constraint>> {
    Ok(Box::new(parse::<C>(who, config)?))
}

/// The weight as the constraint of this name and config leaves it.
pub fn constrain(class_name: &str, config: &str, weight: &Value) -> Result<Value> {
    let Some((class, make)) = CONSTRAINTS.iter().find(|(name, _)| *name == class_name) else {
        return Err(Error::unknown("constrain", "a constraint", class_name, &names()));
    };
    make(class, config)?.project(weight).map_err(|e| e.inside(class))
}

/// Class names of all constraints.
pub fn names() -> Vec<&'static str> {
    CONSTRAINTS.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn values(class_name: &str, config: &str, shape: &[usize], w: &[f64]) -> Vec<f64> {
        let w = Value::from(Tensor::from_slice(shape, w).unwrap());
        constrain(class_name, config, &w)
            .unwrap()
            .tensor()
            .unwrap()
            .slice::<f64>()
            .to_vec()
    }

    #[test]
    fn projections() {
        for (class, config, want) in [
            ("NonNeg", "{}", [3.0, 0.0]),
            ("UnitNorm", r#"{"axis": 0}"#, [0.6, -0.8]),
            ("MaxNorm", r#"{"max_value": 10, "axis": 0}"#, [3.0, -4.0]),
            ("MaxNorm", r#"{"max_value": 2.5, "axis": [0]}"#, [1.5, -2.0]),
            (
                "MinMaxNorm",
                r#"{"min_value": 10.0, "max_value": 20.0, "rate": 0.5, "axis": 0}"#,
                [4.5, -6.0],
            ),
        ] {
            let got = values(class, config, &[2, 1], &[3.0, -4.0]);
            assert!(
                got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5),
                "{class}: {got:?}"
            );
        }
        assert_eq!(
            values("MaxNorm", r#"{"max_value": 2.0, "axis": 0}"#, &[2], &[0.0, 0.0]),
            [0.0, 0.0]
        );
    }

    #[test]
    fn errors_say_what_to_do() {
        let w = Value::from(Tensor::from_slice(&[2], &[1.0, 2.0]).unwrap());
        for (class, config, parts) in [
            ("MaxNorms", "{}", &["'MaxNorms'", "MaxNorm, MinMaxNorm"][..]),
            (
                "MaxNorm",
                r#"{"max_value": 2.0, "axis": 3}"#,
                &["MaxNorm", "axis", "3"],
            ),
            (
                "UnitNorm",
                r#"{"axis": "x"}"#,
                &["`axis` to be an integer or a list of integers"],
            ),
        ] {
            let e = constrain(class, config, &w).unwrap_err().to_string();
            for part in parts {
                assert!(e.contains(part), "{class}: {e}");
            }
        }
    }
}

//! From Keras's JSON to a struct: unknown keys are ignored, wrong ones named.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serializer};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};

/// Reads a config. An error names the key, what was expected there, and what was found.
pub fn parse<T: DeserializeOwned>(who: &str, text: &str) -> Result<T> {
    let json: Json = serde_json::from_str(text).map_err(|e| {
        Error::value(who)
            .expected("a config that is JSON")
            .got(e.to_string())
            .hint("Pass what get_config returned")
    })?;
    let Json::Object(map) = json else {
        return Err(Error::value(who)
            .expected("a config that is a JSON object")
            .got(kind(&json))
            .hint("Pass what get_config returned"));
    };
    serde_json::from_value(Json::Object(map.clone())).map_err(|e| explain::<T>(who, &map, &e.to_string()))
}

fn explain<T: DeserializeOwned>(who: &str, map: &Map<String, Json>, text: &str) -> Error {
    let error = Error::value(who);
    match (culprit::<T>(map, text), text.split_once(", expected ")) {
        (Some(key), Some((found, expected))) => error
            .expected(format!("`{key}` to be {}", plain(expected)))
            .got(format!("{key}={} ({found})", map[key]))
            .hint("Pass a value of that kind"),
        // Types that may be one thing or another say what they expect, and no more.
        (Some(key), None) => error
            .expected(format!("`{key}` to be {text}"))
            .got(format!("{key}={}", map[key]))
            .hint("Pass a value of that kind"),
        (None, _) => error
            .expected("a complete config")
            .got(text)
            .hint("Pass what get_config returned"),
    }
}

/// The key whose absence changes the error: serde's errors do not name it.
fn culprit<'a, T: DeserializeOwned>(map: &'a Map<String, Json>, text: &str) -> Option<&'a String> {
    map.keys().find(|key| {
        let mut rest = map.clone();
        rest.remove(*key);
        serde_json::from_value::<T>(Json::Object(rest)).map_or_else(|e| e.to_string() != text, |_| true)
    })
}

/// Rust's names of types, in words.
fn plain(expected: &str) -> String {
    match expected {
        "usize" | "u64" => "a whole number of at least 0".into(),
        "a nonzero usize" => "a positive whole number".into(),
        "i64" => "a whole number".into(),
        "f64" => "a number".into(),
        other => other.to_string(),
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// For `#[serde(default = "...")]`.
pub fn yes() -> bool {
    true
}

/// For `#[serde(serialize_with = "...")]`: JSON has no infinities, so they are the strings that attributes have for them.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
pub fn any_float<S: Serializer>(x: &f64, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    if x.is_finite() {
        serializer.serialize_f64(*x)
    } else if x.is_nan() {
        serializer.serialize_str("nan")
    } else {
        serializer.serialize_str(if *x > 0.0 { "inf" } else { "-inf" })
    }
}

/// For `#[serde(deserialize_with = "...")]`: the other way round.
pub fn read_any_float<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a number, \"inf\", \"-inf\" or \"nan\"")]
    enum Raw {
        Number(f64),
        Name(String),
    }
    match Raw::deserialize(deserializer)? {
        Raw::Number(x) => Ok(x),
        Raw::Name(name) => name.parse().map_err(serde::de::Error::custom),
    }
}

/// One axis, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "an integer or a list of integers")]
pub enum Axes {
    One(i64),
    Many(Vec<i64>),
}

impl Axes {
    pub fn last() -> Self {
        Axes::One(-1)
    }

    pub fn to_vec(&self) -> Vec<i64> {
        match self {
            Axes::One(axis) => vec![*axis],
            Axes::Many(axes) => axes.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Config {
        units: NonZeroUsize,
        #[serde(default = "yes")]
        use_bias: bool,
    }

    #[test]
    fn unknown_keys_are_ignored() {
        let c: Config = parse("Dense", r#"{"name": "d", "units": 3}"#).unwrap();
        assert_eq!((c.units.get(), c.use_bias), (3, true));
    }

    #[test]
    fn errors_name_the_key() {
        for (text, parts) in [
            (
                r#"{"units": 0}"#,
                vec!["Dense: expected `units` to be a positive whole number", "units=0"],
            ),
            (r#"{"units": -1}"#, vec!["`units`", "-1"]),
            (r#"{"units": 1.5, "use_bias": true}"#, vec!["`units`", "1.5"]),
            (
                r#"{"use_bias": 3, "units": 3}"#,
                vec!["`use_bias` to be a boolean", "3"],
            ),
            (
                r#"{"units": 3, "use_bias": null}"#,
                vec!["`use_bias` to be a boolean", "null"],
            ),
            (r"{}", vec!["missing field `units`"]),
            ("[1]", vec!["JSON object", "an array"]),
            ("{", vec!["JSON"]),
        ] {
            let e = parse::<Config>("Dense", text).unwrap_err().to_string();
            for part in parts {
                assert!(e.contains(part), "{text}: {e}");
            }
        }
    }
}

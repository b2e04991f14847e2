//! What an op is made of besides its inputs, as plain data: for whoever turns a trace into another format.

use serde::Serialize;
use serde_json::Value as Json;

use super::op::Attrs;
use crate::error::{Error, Result};

/// Every op has it by deriving `Serialize`; what only the core understands is skipped there.
pub trait Attributes {
    /// The op's fields by name. One that has no name is called `value`.
    fn attributes(&self) -> Result<Attrs>;
}

impl<T: Serialize> Attributes for T {
    fn attributes(&self) -> Result<Attrs> {
        match serde_json::to_value(self) {
            Ok(json) => Ok(named(json)),
            Err(e) => Err(Error::runtime("attributes")
                .expected("an op whose fields are plain data")
                .got(e.to_string())),
        }
    }
}

fn named(json: Json) -> Attrs {
    match json {
        Json::Object(fields) => fields,
        Json::Null => Attrs::new(),
        other => std::iter::once(("value".into(), other)).collect(),
    }
}

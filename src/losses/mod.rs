//! Losses: one value for each sample, from targets and predictions. Reductions over the batch belong to the caller.

mod common;
mod hinges;
mod probabilistic;
mod regression;

use common::LossFn;
pub use common::Options;

use crate::autograd::Value;
use crate::error::{Error, Result};

/// The losses by name.
static LOSSES: &[&[(&str, LossFn)]] = &[hinges::LOSSES, probabilistic::LOSSES, regression::LOSSES];

fn all() -> impl Iterator<Item = &'static (&'static str, LossFn)> {
    LOSSES.iter().flat_map(|family| family.iter())
}

/// The names of all losses.
pub fn names() -> Vec<&'static str> {
    all().map(|(name, _)| *name).collect()
}

/// The loss called `name`; `options` is a JSON object with its arguments.
pub fn loss(name: &str, options: &str, y_true: &Value, y_pred: &Value) -> Result<Value> {
    let (name, function) = all()
        .find(|(n, _)| *n == name)
        .ok_or_else(|| Error::unknown("loss", "a loss", name, &names()))?;
    let options: Options = serde_json::from_str(options).map_err(|e| {
        Error::value(*name)
            .expected("arguments of the right names and types")
            .got(e.to_string())
    })?;
    function(y_true, y_pred, &options)
}

#[cfg(test)]
mod tests;

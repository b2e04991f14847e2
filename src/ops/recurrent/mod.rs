//! Recurrent layers over whole sequences, one op each: `lstm`, `gru` and `simple_rnn`.

mod formula;
mod gradient;
mod run;
mod settings;
#[cfg(test)]
mod tests;

pub(super) use run::OPS;
pub use run::recurrent;
pub use settings::{Kind, Settings};

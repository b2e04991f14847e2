//! Dense, Embedding, Identity.

mod dense;
mod embedding;
mod identity;

pub use dense::Dense;
pub use embedding::Embedding;
pub use identity::Identity;

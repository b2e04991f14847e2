//! Dense, Identity.

mod dense;
mod identity;

pub use dense::Dense;
pub use identity::Identity;

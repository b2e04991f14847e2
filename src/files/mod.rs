//! Files that are read with every check, and written so that a crash leaves the old one.

mod atomic;
mod failure;
mod reading;
pub mod safetensors;
pub mod snapshot;
mod snapshot_index;
#[cfg(test)]
mod snapshot_tests;

pub use atomic::replace;
pub use failure::{FileError, Result};
pub use reading::reserve;

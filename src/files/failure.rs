//! What can go wrong with a file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

pub type Result<T, E = FileError> = std::result::Result<T, E>;

/// Kept apart, because Python has an exception for each refusal of the system (`FileNotFoundError`, ...).
#[derive(Debug)]
pub enum FileError {
    /// The system refused.
    System { path: PathBuf, error: io::Error },
    /// The content, or an argument, is not what it must be.
    Content(Error),
}

impl FileError {
    pub fn system(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::System {
            path: path.into(),
            error,
        }
    }
}

impl From<Error> for FileError {
    fn from(error: Error) -> Self {
        Self::Content(error)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Content(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}

//! Opening for reading.

use std::fs::{self, File, Metadata};
use std::path::Path;

use super::{FileError, Result};
use crate::error::Error;

/// A file and its size. Folders, pipes and devices are refused: they have no size, and reading them may never end.
pub fn open(path: &Path) -> Result<(File, u64)> {
    // Asked before opening, because opening a pipe waits for its other end; and after, because it may be another by then.
    check_regular(path, &fs::metadata(path).map_err(FileError::system(path))?)?;
    let file = File::open(path).map_err(FileError::system(path))?;
    let found = file.metadata().map_err(FileError::system(path))?;
    check_regular(path, &found)?;
    Ok((file, found.len()))
}

pub(super) fn check_regular(path: &Path, found: &Metadata) -> Result<()> {
    if found.is_file() {
        return Ok(());
    }
    Err(Error::os(path.display().to_string())
        .expected("the path of a file")
        .got(if found.is_dir() {
            "a folder"
        } else {
            "a pipe or device"
        })
        .hint("Pass the path of a file")
        .into())
}

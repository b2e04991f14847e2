//! What all readers share: only files are opened, and neither an early end nor a lack of memory ends the process.

use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
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

/// Fills `memory` with bytes that are there by the size of the file; `part` is what they are of.
pub(super) fn read_exact(
    source: &mut impl Read,
    memory: &mut [u8],
    who: &str,
    part: impl Fn() -> String,
) -> Result<()> {
    source.read_exact(memory).map_err(|error| {
        if error.kind() == ErrorKind::UnexpectedEof {
            Error::value(who)
                .expected("a file that keeps its size")
                .got(format!(
                    "an end within {}: it was changed while being read",
                    part()
                ))
                .hint("Read it again when nothing writes to it")
                .into()
        } else {
            FileError::system(Path::new(who))(error)
        }
    })
}

/// Zeros, or an error where memory is short: a plain allocation would end the process.
pub fn reserve(who: &str, bytes: usize) -> Result<Vec<u8>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| {
        Error::runtime(who)
            .expected("enough memory for a part of the file")
            .got(format!("a request for {bytes} bytes"))
            .hint("Close other programs, or use a machine with more memory")
    })?;
    memory.resize(bytes, 0);
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_end_says_where() {
        let error = read_exact(&mut &[1_u8, 2][..], &mut [0; 3], "file", || "its header".into()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("file") && text.contains("an end within its header"),
            "{text}"
        );
    }

    #[test]
    fn too_much_memory_is_an_error() {
        assert_eq!(reserve("file", 3).unwrap(), [0; 3]);
        assert!(
            reserve("file", isize::MAX as usize)
                .unwrap_err()
                .to_string()
                .contains("memory")
        );
    }
}

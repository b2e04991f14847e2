//! Files that are replaced as a whole: a crash, a full disk or an error leaves what was there before.
//!
//! The twin of `python/oxhorn/saving/atomic.py`, with the same names of temporary files: `.NAME.RANDOM.part`.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::reading::check_regular;
use super::{FileError, Result};

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// Of the name of a file, what goes into that of its temporary file: names of 255 bytes are the limit of most systems.
const MAX_PREFIX: usize = 100;

/// Calls `write` with a new file beside `path`, which then takes the place of `path`. Its bytes are on the disk before its
/// name changes, so that not even a power cut leaves half a file. A link is followed; permissions are kept.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let target = followed(path)?;
    let system = FileError::system(path);
    let replaced = match fs::metadata(&target) {
        Ok(found) => {
            check_regular(path, &found)?;
            Some(found.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(system(error)),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = target.file_name().unwrap_or(OsStr::new("file"));
    let (mut file, mut temporary) = create(folder, name, replaced.is_some()).map_err(&system)?;
    write(&mut file)?;
    file.sync_all().map_err(&system)?;
    if let Some(permissions) = replaced {
        file.set_permissions(permissions).map_err(&system)?;
    }
    // Some systems do not rename a file that is open.
    drop(file);
    fs::rename(&temporary.path, &target).map_err(&system)?;
    temporary.renamed = true;
    sync_folder(folder);
    Ok(())
}

/// A temporary file, which goes with this value unless it got its name.
struct Temporary {
    path: PathBuf,
    renamed: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing can be done about it here, and the error that led here says more.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file that a chain of links ends at; it need not exist.
fn followed(path: &Path) -> Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(target),
        }
    }
    // The system has its own words for a circle of links.
    fs::metadata(path).map_err(FileError::system(path))?;
    Ok(target)
}

/// Private if it replaces a file, whose permissions it gets at the end; otherwise it has those of any new file.
fn create(folder: &Path, name: &OsStr, private: bool) -> io::Result<(File, Temporary)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let prefix = prefix(name);
    let random = RandomState::new();
    let mut attempt = 0_u32;
    loop {
        let mut own = OsString::from(".");
        own.push(&prefix);
        own.push(format!(".{:016x}.part", random.hash_one(attempt)));
        let path = folder.join(own);
        match options.open(&path) {
            Ok(file) => {
                return Ok((file, Temporary { path, renamed: false }));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

fn prefix(name: &OsStr) -> String {
    let name = name.to_string_lossy();
    let mut prefix = String::new();
    for c in name.chars() {
        if prefix.len() + c.len_utf8() > MAX_PREFIX {
            break;
        }
        prefix.push(c);
    }
    prefix
}

/// Makes the new name last through a power cut, where the system can.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::Error;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("oxhorn-atomic-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn put(path: &Path, text: &str) -> Result<()> {
        replace(path, |file| {
            file.write_all(text.as_bytes()).map_err(FileError::system(path))
        })
    }

    #[test]
    fn an_error_leaves_the_old_file_and_nothing_else() {
        let folder = folder("error");
        let path = folder.join("a");
        put(&path, "old").unwrap();
        let result = replace(&path, |file| {
            file.write_all(b"new").unwrap();
            Err(Error::value("test").into())
        });
        assert!(result.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        put(&path, "newer").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"newer");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(put(&folder, "x").is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = folder("links");
        fs::create_dir(folder.join("elsewhere")).unwrap();
        let file = folder.join("elsewhere/file");
        let link = folder.join("link");
        symlink("elsewhere/file", &link).unwrap();
        put(&link, "through a link to nothing").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"through a link to nothing");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        put(&link, "again").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        symlink("circle", folder.join("circle")).unwrap();
        assert!(put(&folder.join("circle"), "x").is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}

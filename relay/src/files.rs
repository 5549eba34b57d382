//! Small files of the data folder: written whole, durable, and readable by the relay's user alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A file operation that failed, and on what.
#[derive(Debug, thiserror::Error)]
#[error("{doing} {path}")]
pub(crate) struct FileError {
    /// What was being done.
    pub(crate) doing: &'static str,
    /// To which file.
    pub(crate) path: PathBuf,
    /// What the system said.
    #[source]
    pub(crate) source: io::Error,
}

/// Makes an error's text from an `io::Error`.
pub(crate) fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> FileError + 'a {
    move |source| FileError {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// Makes a folder (and those above it) for the relay's user alone.
pub(crate) fn make_folder(path: &Path) -> Result<(), FileError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("making the folder", path))
}

/// Reads a secret file; `None` if there is none.
pub(crate) fn read_secret(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("opening", path)(error)),
    };
    let mut bytes = Zeroizing::new(Vec::new());
    file.read_to_end(&mut bytes)
        .map_err(failed("reading", path))?;
    Ok(Some(bytes))
}

/// Writes a file whole or not at all, durably, with mode 0600.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    };
    write().map_err(failed("writing", path))
}

/// Makes what happened in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

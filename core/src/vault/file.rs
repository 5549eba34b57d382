//! Small files beside the store: private to their owner, replaced whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Makes a folder that only its owner may enter; an existing one is left as it is.
pub(crate) fn make_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Options for a file that only its owner may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Reads a small file; `None` where there is none. A file of more than `limit` bytes is cut, and so does not decode.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(limit).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a file in place: after a crash there is the old one or the new one, never a half.
pub(crate) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&fresh, dir.join(name))?;
    sync_dir(dir)
}

/// Overwrites the beginning of a file with zeros, once, and makes that durable.
pub(crate) fn overwrite(path: &Path, length: u64) -> io::Result<()> {
    zeros(&mut OpenOptions::new().write(true).open(path)?, length)
}

/// Writes so many zeros from where an open file stands, and makes them durable.
pub(crate) fn zeros(file: &mut File, length: u64) -> io::Result<()> {
    let zeros = [0u8; 4096];
    let mut left = length;
    while left > 0 {
        let part = usize::try_from(left)
            .unwrap_or(zeros.len())
            .min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part as u64;
    }
    file.sync_all()
}

/// Makes renamed and new names durable. Windows has no such call and needs none.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

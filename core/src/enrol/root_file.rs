//! The offline root key's file: never over another file, never half written.

use std::io;
use std::path::Path;

use super::EnrolError;
use crate::vault::file;

/// Longest file that is compared: a root file has a few hundred bytes.
const LIMIT: u64 = 64 * 1024;

fn failed(error: io::Error) -> EnrolError {
    EnrolError::RootFile(error.kind())
}

/// Refuses a place that is taken, before anything is begun.
pub(crate) fn refuse_taken(path: &Path) -> Result<(), EnrolError> {
    if path.try_exists().map_err(failed)? {
        Err(EnrolError::RootFileExists)
    } else {
        Ok(())
    }
}

/// Puts the text in place durably. The same text there already is what an interrupted founding left.
pub(crate) fn place(path: &Path, text: &str) -> Result<(), EnrolError> {
    if let Some(there) = file::read(path, LIMIT).map_err(failed)? {
        return if there == text.as_bytes() {
            Ok(())
        } else {
            Err(EnrolError::RootFileExists)
        };
    }
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or(EnrolError::RootFile(io::ErrorKind::InvalidInput))?;
    let dir = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    file::replace(dir, name, text.as_bytes()).map_err(failed)
}

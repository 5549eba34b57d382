//! Opening the file of the offline root key.

use std::path::Path;

use zeroize::Zeroizing;

use super::{Error, ErrorKind, Retry};
use crate::base::{Random, SigningKey, Timestamp};
use crate::enrol::root_file;
use crate::roster::rootfile::Cost;
use crate::roster::{Anchor, RootFile, RosterError};
use crate::vault::file;

/// Longest file that is read.
const LIMIT: u64 = 64 * 1024;

fn refused(kind: ErrorKind, code: &'static str, text: &str) -> Error {
    Error::new(kind, code, Retry::NeedsUser, text)
}

fn unreadable() -> Error {
    refused(
        ErrorKind::BadInput,
        "root.file",
        "this is not the file of an organisation's root key, or it is damaged",
    )
}

/// Reads and decrypts it. Takes about a second and much memory, by design.
///
/// # Errors
/// `file.failed`, `root.file`, `root.passphrase`.
pub(super) fn open(
    path: &Path,
    passphrase: &Zeroizing<String>,
) -> Result<(Anchor, SigningKey), Error> {
    let text = file::read(path, LIMIT)
        .map_err(|error| {
            let text = format!("the root file could not be read: {}", error.kind());
            refused(ErrorKind::BadInput, "file.failed", &text)
        })?
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(unreadable)?;
    let sealed = RootFile::parse(&text).map_err(|_| unreadable())?;
    let root = sealed.open(passphrase).map_err(|error| match error {
        RosterError::Passphrase => refused(
            ErrorKind::Locked,
            "root.passphrase",
            "this is not the passphrase of the root file",
        ),
        _ => unreadable(),
    })?;
    Ok((sealed.anchor, root))
}

/// The key in a file that an earlier call made, or a new one in a new file. Never over another file.
///
/// # Errors
/// As [`open`]; `enrol.root_file_exists`, `enrol.root_file`.
pub(super) fn open_or_make(
    path: &Path,
    passphrase: &Zeroizing<String>,
    organisation: crate::base::OrganisationId,
    made: Timestamp,
    cost: Cost,
    random: &dyn Random,
) -> Result<SigningKey, Error> {
    if path.try_exists().unwrap_or(true) {
        let (anchor, root) = open(path, passphrase)?;
        return if anchor.organisation == organisation {
            Ok(root)
        } else {
            Err(unreadable())
        };
    }
    let root = SigningKey::random(random);
    let sealed = RootFile::seal(organisation, &root, made, passphrase, cost, random)
        .map_err(crate::enrol::EnrolError::from)?;
    root_file::place(path, &sealed.to_text())?;
    Ok(root)
}

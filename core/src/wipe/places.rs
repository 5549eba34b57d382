//! What is erased: everything in the store's folder but the stub, the keyring's part of the key, and the places that
//! shells register.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use minicbor::{Decode, Encode};

use super::error::while_doing;
use super::{WipeError, file as stub};
use crate::store::{FileKind, Store};
use crate::vault::file;

/// A place of a shell's: previews, notifications, an index of the operating system. Registered with the builder and the
/// stand-by, and erased by whichever of them meets the order.
pub trait Erase: Send + Sync {
    /// What it is called on the certificate: a few words, the same in every release, without anybody's name.
    fn place(&self) -> &'static str;
    /// Erases it. Called again after a crash, and then finds nothing. One that takes longer than ten seconds counts as
    /// failed.
    ///
    /// # Errors
    /// [`EraseError`]; it goes onto the certificate.
    fn erase(&self) -> Result<(), EraseError>;
}

/// Why a place was not erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// There was nothing.
    #[error("there is nothing to erase")]
    Absent,
    /// The system denied it.
    #[error("the system denied it")]
    Denied,
    /// Something else is using it.
    #[error("it is in use")]
    InUse,
    /// Something else.
    #[error("it failed")]
    Failed,
}

/// A place that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Place {
    /// The wrapped database key.
    #[n(0)]
    KeyRecord,
    /// The keyring's part of it.
    #[n(1)]
    Keyring,
    /// The database with its journals.
    #[n(2)]
    Database,
    /// The one-way value that tells a wrong key.
    #[n(3)]
    KeyCheck,
    /// Encrypted copies of attachments.
    #[n(4)]
    Attachments,
    /// Whatever else lies in the folder.
    #[n(5)]
    OtherFiles,
}

impl Place {
    /// Those that are files of the folder, without the key.
    pub(super) const DATA: [Self; 4] = [
        Self::Database,
        Self::KeyCheck,
        Self::Attachments,
        Self::OtherFiles,
    ];
    /// What it is called on the certificate.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::KeyRecord => "key record",
            Self::Keyring => "keyring entry",
            Self::Database => "database",
            Self::KeyCheck => "key check",
            Self::Attachments => "attachments",
            Self::OtherFiles => "other files",
        }
    }
    const fn of(kind: FileKind) -> Self {
        match kind {
            FileKind::Database | FileKind::Journal | FileKind::JournalIndex => Self::Database,
            FileKind::KeyRecord => Self::KeyRecord,
            FileKind::KeyCheck => Self::KeyCheck,
            FileKind::Attachment => Self::Attachments,
            _ => Self::OtherFiles,
        }
    }
}

/// Why something may still be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Failure {
    /// Something went wrong.
    #[n(0)]
    Failed,
    /// The system denied it.
    #[n(1)]
    Denied,
    /// Another process was using it.
    #[n(2)]
    InUse,
    /// No answer in time.
    #[n(3)]
    NoAnswer,
    /// It was registered when the order came, and the process that carried the order out did not know it.
    #[n(4)]
    Unknown,
}

/// What became of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// It was there and is gone.
    #[n(0)]
    Erased,
    /// It was not there.
    #[n(1)]
    Absent,
    /// It may still be there.
    #[n(2)]
    Failed(#[n(0)] Failure),
}

impl Outcome {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::Absent => "absent",
            Self::Failed(Failure::Failed) => "NOT erased: it failed",
            Self::Failed(Failure::Denied) => "NOT erased: the system denied it",
            Self::Failed(Failure::InUse) => "NOT erased: in use by another process",
            Self::Failed(Failure::NoAnswer) => "NOT erased: no answer in time",
            Self::Failed(Failure::Unknown) => "NOT erased: unknown to the process that erased",
        }
    }
}

/// A line of the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Erased {
    /// Which place.
    #[n(0)]
    pub place: String,
    /// What became of it.
    #[n(1)]
    pub outcome: Outcome,
}

impl Erased {
    pub(super) fn of(place: Place, outcome: Outcome) -> Self {
        Self {
            place: place.words().to_owned(),
            outcome,
        }
    }
}

const KEEP: [&str; 2] = [stub::STUB, stub::LOCK];
/// Larger files are unlinked only: their content is ciphertext without a key.
const OVERWRITE: u64 = 1 << 20;
/// How often what another process holds open is tried again, and how long is waited in between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// How long one place outside the folder may take.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// The places of the folder that are there now. A folder that cannot be listed counts as one that holds something, and
/// keeps nothing else alive.
pub(super) fn present(home: &Path) -> Vec<Place> {
    let survey = Store::survey(home);
    let mut places: Vec<Place> = survey
        .items
        .iter()
        .filter(|item| !KEEP.contains(&item.name.as_str()) && item.name != fresh())
        .map(|item| Place::of(item.kind))
        .collect();
    for (folder, kind) in &survey.unread {
        match folder.split('/').next() {
            _ if *kind == ErrorKind::NotFound => {}
            Some("attachments") => places.push(Place::Attachments),
            // Where not even the folder itself can be listed, anything may be there.
            Some("") | None => places.extend(Place::DATA.into_iter().chain([Place::KeyRecord])),
            Some(_) => places.push(Place::OtherFiles),
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// A stub half written.
fn fresh() -> String {
    format!("{}.new", stub::STUB)
}

/// Erases the folder's files but the stub, and says what became of each place that was there before.
pub(super) fn sweep(home: &Path, before: &[Place]) -> Result<Vec<Erased>, WipeError> {
    let mut failure = None;
    for attempt in 0..TRIES {
        failure = clear(home, true);
        if failure.is_none() {
            break;
        }
        if attempt + 1 < TRIES {
            std::thread::sleep(PAUSE);
        }
    }
    file::sync_dir(home).map_err(while_doing("making the erasure durable"))?;
    let left = present(home);
    Ok(Place::DATA
        .into_iter()
        .map(|place| {
            let outcome = if left.contains(&place) {
                Outcome::Failed(failure.unwrap_or(Failure::InUse))
            } else if before.contains(&place) {
                Outcome::Erased
            } else {
                Outcome::Absent
            };
            Erased::of(place, outcome)
        })
        .collect())
}

/// Removes what lies in a folder, as far as it goes; at the top, the stub stays and the database goes first.
fn clear(dir: &Path, top: bool) -> Option<Failure> {
    let mut failure = None;
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => return Some(told_apart(error.kind())),
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    let is = |path: &Path, start: &str| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(start))
    };
    paths.sort_by_key(|path| (!is(path, "sotto.db"), path.clone()));
    for path in paths {
        let kept = top && KEEP.iter().any(|name| path.ends_with(name));
        if kept {
            continue;
        }
        let gone = match std::fs::symlink_metadata(&path) {
            Err(error) => Err(error),
            // A link is removed, and what it leads to left alone.
            Ok(found) if found.is_dir() => {
                let below = clear(&path, false);
                // What a path is too long for, or a mode forbids to list, goes this way.
                let gone = std::fs::remove_dir(&path).or_else(|_| {
                    admit(&path);
                    std::fs::remove_dir_all(&path)
                });
                failure = failure.or(below.filter(|_| gone.is_err()));
                gone
            }
            Ok(found) => {
                if found.is_file() && found.len() <= OVERWRITE && alone(&found) {
                    // Where it cannot be overwritten it is unlinked all the same.
                    let _ = file::overwrite(&path, found.len());
                }
                std::fs::remove_file(&path)
            }
        };
        if let Err(error) = gone
            && error.kind() != ErrorKind::NotFound
        {
            failure = failure.or(Some(told_apart(error.kind())));
        }
    }
    failure
}

/// Gives this user a folder of their own back.
#[cfg(unix)]
fn admit(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    // Where it is not theirs, what follows says so.
    let _ = std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700));
}

#[cfg(not(unix))]
const fn admit(_: &Path) {}

/// Whether a file has no other name: overwriting it would destroy what somebody else keeps elsewhere.
#[cfg(unix)]
fn alone(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(found) == 1
}

#[cfg(not(unix))]
const fn alone(_: &std::fs::Metadata) -> bool {
    true
}

const fn told_apart(kind: ErrorKind) -> Failure {
    match kind {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Failure::Denied,
        ErrorKind::ResourceBusy | ErrorKind::DirectoryNotEmpty => Failure::InUse,
        _ => Failure::Failed,
    }
}

/// Erases the shells' places. One that was registered when the order came and is not known here cannot be erased.
pub(super) fn elsewhere(registered: &[String], places: &[Arc<dyn Erase>]) -> Vec<Erased> {
    let mut erased: Vec<Erased> = places
        .iter()
        .map(|place| {
            let (name, asked) = (place.place().to_owned(), Arc::clone(place));
            let outcome = match bounded(ELSEWHERE, move || asked.erase()) {
                None => Outcome::Failed(Failure::NoAnswer),
                Some(Ok(())) => Outcome::Erased,
                Some(Err(EraseError::Absent)) => Outcome::Absent,
                Some(Err(EraseError::Denied)) => Outcome::Failed(Failure::Denied),
                Some(Err(EraseError::InUse)) => Outcome::Failed(Failure::InUse),
                Some(Err(EraseError::Failed)) => Outcome::Failed(Failure::Failed),
            };
            Erased {
                place: name,
                outcome,
            }
        })
        .collect();
    for name in registered {
        if !erased.iter().any(|line| line.place == *name) {
            erased.push(Erased {
                place: name.clone(),
                outcome: Outcome::Failed(Failure::Unknown),
            });
        }
    }
    erased
}

/// Runs something that may hang, or panic, on a thread of its own; `None` where it does not answer in time.
pub(super) fn bounded<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, asked) = mpsc::sync_channel(1);
    let apart = std::thread::Builder::new().spawn(move || {
        // Nobody waits any more where this fails.
        let _ = answer.send(work());
    });
    apart.ok()?;
    asked.recv_timeout(patience).ok()
}

//! What an operator does beside serving: organisations, checks, backups. All of it works on the data folder, also while
//! a relay serves from it, unless it says otherwise.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod tenant;

use std::path::PathBuf;

use crate::clock::NoRandomness;
use crate::files::FileError;
use crate::lock::LockError;
use crate::store::sqlite::OpenError;

/// Why an administration command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    /// Opening the database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Using the database.
    #[error("using the database")]
    Database(#[from] rusqlite::Error),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A relay serves from the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No randomness for a token.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The terminal or pipe.
    #[error("writing the answer")]
    Output(#[source] std::io::Error),
    /// There is no such organisation.
    #[error("there is no organisation of that name")]
    NoTenant,
    /// The folder exists.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The folder holds no relay.
    #[error("{0} holds no relay's data")]
    NoData(PathBuf),
}

/// A line on standard output.
fn say(text: std::fmt::Arguments<'_>) -> Result<(), AdminError> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").map_err(AdminError::Output)
}

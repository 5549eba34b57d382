//! What can go wrong with the store, told apart. No path, no content, no key; of SQLite's own words only those that
//! name the schema.

use std::io;

use rusqlite::ErrorCode;

/// The store could not do what it was asked to. Nothing was changed, nothing deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no store in this folder.
    #[error("no store in this folder")]
    NotFound,
    /// There is a store in this folder already.
    #[error("this folder has a store already")]
    AlreadyExists,
    /// The key is not the one this store was made with.
    #[error("the key does not open this store")]
    WrongKey,
    /// The key is right and the bytes are not.
    #[error("the store is damaged")]
    Corrupt,
    /// Written by a newer release. Update, then open again.
    #[error("the store has schema {found}, this release knows up to {known}")]
    NewerSchema {
        /// Newest migration found in the store.
        found: u32,
        /// Newest migration this release has.
        known: u32,
    },
    /// The store went through another migration of this number than the one this release has.
    #[error("migration {version} of the store is not the one of this release")]
    ForeignMigration {
        /// Number of the migration.
        version: u32,
    },
    /// Another process is writing, for longer than the caller wants to wait.
    #[error("the store is locked by another process")]
    LockedByAnotherProcess,
    /// Another process (or another part of this one) already runs this store.
    #[error("this store is already running elsewhere")]
    AlreadyRunning,
    /// A write was begun inside a write on the same thread.
    #[error("a write ({label}) inside a write")]
    Nested {
        /// Label of the inner write.
        label: &'static str,
    },
    /// Locks and memory maps do not hold on a network file system: two machines would tear the store.
    #[error("the store is on a network or shared file system ({kind})")]
    NetworkFileSystem {
        /// The kind of file system.
        kind: &'static str,
    },
    /// No room left on the device.
    #[error("no room left on the device while {doing}")]
    DiskFull {
        /// What was being done.
        doing: &'static str,
    },
    /// SQLite's own locks were held for longer than the busy timeout.
    #[error("the database was busy while {doing}")]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// The file system refused.
    #[error("while {doing}: {kind}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The operating system's answer.
        kind: io::ErrorKind,
    },
    /// A stored value is not what its table's code writes.
    #[error("a stored value does not decode while {doing}")]
    Value {
        /// What was being done.
        doing: &'static str,
    },
    /// A value is outside what a column can hold: a number that somebody else chose.
    #[error("a value is out of range while {doing}")]
    OutOfRange {
        /// What was being done.
        doing: &'static str,
    },
    /// SQLite refused a statement: a broken constraint, or a mistake in this program.
    #[error("while {doing}: SQLite code {code} {detail}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// SQLite's extended result code, 0 where the library between refused.
        code: i32,
        /// What it names of the schema; never a value.
        detail: String,
    },
}

impl StoreError {
    /// Whether one statement and its values were at fault rather than the disk, the file or its locks: the store works,
    /// and the same again fails again.
    #[must_use]
    pub const fn is_about_values(&self) -> bool {
        matches!(
            self,
            Self::OutOfRange { .. } | Self::Value { .. } | Self::Sql { .. }
        )
    }

    /// Adds what was being done to an input/output error and drops the rest: paths do not belong in errors.
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { doing },
            kind => Self::Io { doing, kind },
        }
    }

    fn sqlite(error: &rusqlite::Error, doing: &'static str) -> Self {
        let (failure, message) = match error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                (failure, message.as_deref().unwrap_or_default())
            }
            rusqlite::Error::SqlInputError { error, msg, .. } => (error, msg.as_str()),
            rusqlite::Error::ToSqlConversionFailure(_) => return Self::OutOfRange { doing },
            other => {
                return Self::Sql {
                    doing,
                    code: 0,
                    detail: library_detail(other).into(),
                };
            }
        };
        match failure.code {
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Self::Corrupt,
            ErrorCode::DiskFull => Self::DiskFull { doing },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { doing },
            ErrorCode::SystemIoFailure => Self::Io {
                doing,
                kind: io::ErrorKind::Other,
            },
            ErrorCode::CannotOpen => Self::Io {
                doing,
                kind: io::ErrorKind::NotFound,
            },
            ErrorCode::PermissionDenied | ErrorCode::ReadOnly => Self::Io {
                doing,
                kind: io::ErrorKind::PermissionDenied,
            },
            _ => Self::Sql {
                doing,
                code: failure.extended_code,
                detail: schema_words(message),
            },
        }
    }
}

/// Lets through what SQLite says about the schema. Other messages may repeat input (a search expression).
fn schema_words(message: &str) -> String {
    const SAFE: [&str; 9] = [
        "UNIQUE constraint failed",
        "NOT NULL constraint failed",
        "CHECK constraint failed",
        "FOREIGN KEY constraint failed",
        "no such table",
        "no such column",
        "cannot store",
        "datatype mismatch",
        "attempt to write a readonly database",
    ];
    if SAFE.iter().any(|safe| message.starts_with(safe)) {
        message.to_owned()
    } else {
        String::new()
    }
}

fn library_detail(error: &rusqlite::Error) -> &'static str {
    match error {
        rusqlite::Error::QueryReturnedNoRows => "no row",
        rusqlite::Error::QueryReturnedMoreThanOneRow => "more than one row",
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => "a column of another type",
        rusqlite::Error::InvalidColumnIndex(_) | rusqlite::Error::InvalidColumnName(_) => {
            "no such column"
        }
        rusqlite::Error::InvalidParameterCount(..) | rusqlite::Error::InvalidParameterName(_) => {
            "parameters"
        }
        rusqlite::Error::ExecuteReturnedResults => "a statement returned rows",
        rusqlite::Error::MultipleStatement => "more than one statement",
        _ => "",
    }
}

/// For `?` in a table's file; [`Doing::doing`] says more.
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::sqlite(&error, "using a table")
    }
}

/// Adds to an error of SQLite what was being done.
pub trait Doing<T> {
    /// Turns the error into a [`StoreError`] that says `doing`.
    ///
    /// # Errors
    /// The error, told apart.
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::sqlite(&error, doing))
    }
}

//! The error a caller sees: a stable code, a class, what can be done, and a sentence for a human. No content inside.

mod acts;
mod floors;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

/// What the caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same again, at once.
    Now,
    /// The same later, where known after so long.
    Later(Option<Duration>),
    /// Not like this.
    Never,
    /// A person must act first.
    NeedsUser,
}

/// Classes of errors; each has its exit code on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The call itself is off.
    Usage,
    /// Not allowed, or refused by a rule.
    Refused,
    /// The relay was not reached, or refused for now.
    Network,
    /// The store is locked, or the key does not open it.
    Locked,
    /// No such thing.
    NotFound,
    /// A file or value that cannot be used.
    BadInput,
    /// This program or this machine failed.
    Internal,
}

/// An error of the client.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    code: &'static str,
    retry: Retry,
    text: String,
}

impl Error {
    pub(super) fn new(
        kind: ErrorKind,
        code: &'static str,
        retry: Retry,
        text: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code,
            retry,
            text: text.into(),
        }
    }
    /// The store is not open in this client.
    pub(super) fn locked() -> Self {
        Self::new(
            ErrorKind::Locked,
            "store.locked",
            Retry::NeedsUser,
            "the store is locked: unlock it first",
        )
    }
    /// Its class.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// A stable string, such as `relay.unreachable`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
    /// What can be done.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        self.retry
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.code)
    }
}

impl std::error::Error for Error {}

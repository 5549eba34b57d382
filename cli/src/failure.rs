//! How a command ends when it does not end well: one calm sentence on standard error, with what to do next, and an
//! exit code that a script can act on.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use sotto_core::{ErrorKind, Retry};

use crate::output::text::{clean, sentence};

/// What a command gives back; its output has been written by then.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Core said no.
    Core(sotto_core::Error),
    /// This program said no. The code is stable, the message is for a human.
    Own {
        kind: ErrorKind,
        code: &'static str,
        message: String,
    },
    /// Whoever read our output has gone: nothing is left to say, and nobody to say it to.
    ReaderGone,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, code: &'static str, message: impl Into<String>) -> Self {
        Self::Own {
            kind,
            code,
            message: message.into(),
        }
    }
    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, code, message)
    }
    pub(crate) fn bad_input(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadInput, code, message)
    }
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, code, message)
    }
    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, code, message)
    }
    /// The operating system refused something; `doing` reads after "while".
    pub(crate) fn io(doing: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            io::ErrorKind::NotFound => {
                Self::not_found("file.not_found", format!("no such file, while {doing}"))
            }
            kind => Self::new(
                ErrorKind::Internal,
                "file.io",
                format!("{kind}, while {doing}"),
            ),
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Own { kind, .. } => *kind,
            Self::ReaderGone => ErrorKind::Internal,
        }
    }
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Own { code, .. } => code,
            Self::ReaderGone => "output.closed",
        }
    }
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Core(error) => error.retry(),
            Self::Own { .. } | Self::ReaderGone => Retry::NeedsUser,
        }
    }

    /// The stable JSON of an error: `docs/CLI.md`.
    pub(crate) fn to_json(&self) -> Value {
        let (retry, after) = match self.retry() {
            Retry::Now => ("now", None),
            Retry::Later(after) => ("later", after.map(millis)),
            Retry::Never => ("never", None),
            Retry::NeedsUser => ("needs_user", None),
        };
        let mut error =
            json!({ "code": self.code(), "message": clean(&self.to_string()), "retry": retry });
        if let (Some(after), Some(object)) = (after, error.as_object_mut()) {
            object.insert("retry_after_ms".into(), after.into());
        }
        error
    }

    /// Says it on standard error.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if matches!(self, Self::ReaderGone) {
            return ExitCode::from(1);
        }
        let line = if json {
            json!({ "error": self.to_json() }).to_string()
        } else {
            format!("sotto: {self}")
        };
        // Where standard error is closed, the exit code still tells.
        let _ = writeln!(io::stderr(), "{line}");
        ExitCode::from(exit_code(self.kind()))
    }

    fn next_step(&self) -> Option<String> {
        if let Some(next) = next_of_code(self.code()) {
            return Some(next.to_owned());
        }
        match (self.retry(), self.kind()) {
            (Retry::Now, _) => Some("Try again.".into()),
            (Retry::Later(Some(after)), _) => Some(format!("Try again in {}.", crate::parse::duration_text(after))),
            (Retry::Later(None), ErrorKind::Network) => {
                Some("Nothing is lost; try again when the network is back, or see `sotto doctor --network`.".into())
            }
            (Retry::Later(None), _) => Some("Try again in a moment.".into()),
            (_, ErrorKind::NotFound)
                if matches!(self, Self::Core(_)) && !self.code().starts_with("admin.") =>
            {
                Some("`sotto people`, `sotto devices`, `sotto chat list` and `sotto inbox` show what there is.".into())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self {
            Self::Core(error) => error.to_string(),
            Self::Own { message, .. } => message.clone(),
            Self::ReaderGone => "the reader of the output has gone".into(),
        };
        f.write_str(&sentence(&clean(&said)))?;
        self.next_step().map_or(Ok(()), |next| write!(f, " {next}"))
    }
}

impl From<sotto_core::Error> for Failure {
    fn from(error: sotto_core::Error) -> Self {
        Self::Core(error)
    }
}

/// What helps for errors whose kind says too little.
fn next_of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "verify.needed" => {
            "Where the keyring opens the store, its PIN proves that; `sotto pin set` sets one."
        }
        "admin.no_device" => "`sotto devices` lists them.",
        "admin.no_proposal" => "`sotto admin proposals --all` lists them.",
        "admin.unknown_role" | "admin.no_grant" => "`sotto admin roles` shows who holds which.",
        "admin.unknown_permission" => "`sotto admin roles matrix` shows them.",
        "admin.no_campaign" => "`sotto admin recertify status` lists them.",
        _ => return None,
    })
}

/// The exit code of each kind of error: `docs/CLI.md`.
pub(crate) const fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Refused => 3,
        ErrorKind::Network => 4,
        ErrorKind::Locked => 5,
        ErrorKind::NotFound => 6,
        ErrorKind::BadInput => 7,
        ErrorKind::Internal => 1,
    }
}

/// A command line that could not be read; `--help` and `--version` come this way too.
pub(crate) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if error.use_stderr() && json {
        // The first paragraph says what is wrong; what follows is help for a human.
        let message = error.to_string();
        let said: Vec<&str> = message
            .lines()
            .take_while(|line| !line.is_empty())
            .map(str::trim)
            .collect();
        return Failure::usage("usage", said.join(" ").trim_start_matches("error: ")).report(true);
    }
    let _ = error.print();
    ExitCode::from(if error.use_stderr() {
        exit_code(ErrorKind::Usage)
    } else {
        0
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_the_exit_code_the_documentation_names() {
        let kinds = [
            (ErrorKind::Internal, 1),
            (ErrorKind::Usage, 2),
            (ErrorKind::Refused, 3),
            (ErrorKind::Network, 4),
            (ErrorKind::Locked, 5),
            (ErrorKind::NotFound, 6),
            (ErrorKind::BadInput, 7),
        ];
        for (kind, code) in kinds {
            assert_eq!(exit_code(kind), code);
        }
    }

    #[test]
    fn an_error_of_administration_names_its_own_list() {
        assert!(next_of_code("admin.no_device").is_some_and(|next| next.contains("sotto devices")));
        assert_eq!(next_of_code("relay.unreachable"), None);
    }

    #[test]
    fn an_error_is_one_sentence_without_control_characters() {
        let failure = Failure::bad_input("x.y", "this name\u{1b}[31m is not known\n");
        assert_eq!(failure.to_string(), "This name[31m is not known.");
        assert_eq!(failure.to_json()["code"], "x.y");
    }
}

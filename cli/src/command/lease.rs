//! `lease`: how long this device goes on without word of its organisation, and the extension that lets it go on longer.
//! Both work while it is locked.

use std::path::Path;

use serde::Serialize;
use sotto_core::{Client, LeaseStanding, LeaseView};

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::output::moment::Wall;
use crate::terminal;

/// Longest text that is taken for a path or an extension.
const LONGEST: u64 = 64 * 1024;

/// The offline lease.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Lease {
    /// How it stands
    Show,
    /// Take an extension that an administrator made
    Extend {
        /// The text that the QR code holds, a file with it, or `-` for standard input
        #[arg(value_name = "TEXT|FILE|-")]
        extension: String,
    },
}

/// How a lease stands, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    state: &'static str,
    until: Option<String>,
    extended_until: Option<String>,
}

impl Answer {
    pub(crate) fn of(view: LeaseView) -> Self {
        Self {
            state: match view.standing {
                LeaseStanding::None => "none",
                LeaseStanding::Good => "good",
                LeaseStanding::Stale => "stale",
                LeaseStanding::Clock => "clock",
                LeaseStanding::EraseDue => "erase_due",
            },
            until: view.until.map(sotto_core::Timestamp::to_rfc3339),
            extended_until: view.extended_until.map(sotto_core::Timestamp::to_rfc3339),
        }
    }

    /// Whether somebody has to do something.
    pub(crate) fn is_well(&self) -> bool {
        matches!(self.state, "good" | "none")
    }

    pub(crate) fn words(&self, wall: &Wall) -> String {
        match self.state {
            "good" => match &self.until {
                Some(until) => format!(
                    "The lease is good until {}, and longer with every contact.",
                    wall.at(until)
                ),
                None => "The lease is good and has no end.".into(),
            },
            "stale" => "This device is locked: it had no fresh word of its organisation for too long. Nothing is lost; \
                        connect it, or take an extension with `sotto lease extend`."
                .into(),
            "clock" => "This device is locked: the clock is behind a time that it has already seen. Nothing is lost; set \
                        the clock right, connect it, or take an extension."
                .into(),
            "erase_due" => "This device was excluded, and erases itself at its next start.".into(),
            _ => "This folder has no lease yet: nothing limits it.".into(),
        }
    }
}

impl Lease {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        // A folder whose device was wiped says that, rather than that nothing limits it.
        context.exists()?;
        let view = match self {
            Self::Show => Client::lease(context.home())?,
            Self::Extend { extension } => {
                Client::extend_lease(context.home(), read(&extension)?.trim())?
            }
        };
        let answer = Answer::of(view);
        context
            .out
            .answer(&answer, || answer.words(&context.out.wall))
    }
}

/// The extension itself, or the file that holds it.
fn read(text: &str) -> Outcome<String> {
    if text == "-" {
        return Ok(terminal::line()?.as_str().to_owned());
    }
    let path = Path::new(text);
    // An extension is no path: the system answers that there is no such file, or that the name is too long.
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= LONGEST => {
            std::fs::read_to_string(path)
                .map_err(|error| Failure::io("reading the extension", &error))
        }
        Ok(_) => Err(Failure::bad_input(
            "lease.extension",
            "that is not a file with a lease extension",
        )),
        Err(_) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_lease_says_that_nothing_is_lost_and_what_helps() {
        let wall = Wall::fixed(jiff::civil::date(2031, 5, 6));
        let answer = |standing| {
            Answer::of(LeaseView {
                standing,
                until: None,
                extended_until: None,
            })
        };
        for standing in [LeaseStanding::Stale, LeaseStanding::Clock] {
            let answer = answer(standing);
            assert!(answer.words(&wall).contains("Nothing is lost"));
            assert!(!answer.is_well());
        }
        assert!(answer(LeaseStanding::Good).is_well());
    }

    #[test]
    fn an_extension_is_read_from_a_file_or_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("extension.txt");
        std::fs::write(&path, "sotto-lease:abc\n").unwrap();
        assert_eq!(read(path.to_str().unwrap()).unwrap(), "sotto-lease:abc\n");
        assert_eq!(read("sotto-lease:abc").unwrap(), "sotto-lease:abc");
        assert_eq!(
            read(folder.path().to_str().unwrap()).unwrap_err().code(),
            "lease.extension"
        );
    }
}

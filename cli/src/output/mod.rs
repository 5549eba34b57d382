//! Everything that is written, for a human or for a program. A command hands over one serialisable answer and a way to
//! say it in words; which of the two is written is decided here, so that no command prints by itself.

pub(crate) mod card;
pub(crate) mod message;
pub(crate) mod moment;
pub(crate) mod progress;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod text;

use std::io::Write as _;

use serde::Serialize;
use serde_json::json;
use sotto_core::ErrorKind;

use crate::failure::{Failure, Outcome};
use moment::Wall;

/// Where a command's answer goes.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    json: bool,
    /// The reader's clock and zone, for times in words.
    pub(crate) wall: Wall,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            wall: Wall::now(),
        }
    }

    /// Whether a program reads.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Writes the command's answer: one JSON document, or the words.
    pub(crate) fn answer<T: Serialize + ?Sized>(
        &self,
        value: &T,
        words: impl FnOnce() -> String,
    ) -> Outcome {
        if self.json {
            self.document(value)
        } else {
            write(&words())
        }
    }

    /// Writes a JSON document and a line feed.
    pub(crate) fn document<T: Serialize + ?Sized>(&self, value: &T) -> Outcome {
        let text = serde_json::to_string(value).map_err(|error| {
            Failure::new(
                ErrorKind::Internal,
                "output.json",
                format!("writing JSON: {error}"),
            )
        })?;
        write(&text)
    }

    /// Writes text as it is, in both modes: documents that somebody else defined, such as FHIR.
    pub(crate) fn verbatim(&self, text: &str) -> Outcome {
        write(text)
    }

    /// A remark beside the answer, on standard error. The command goes on.
    pub(crate) fn note(&self, code: &str, message: &str) {
        let message = text::clean(message);
        let line = if self.json {
            json!({ "note": { "code": code, "message": message } }).to_string()
        } else {
            message
        };
        // A remark that nobody can read changes nothing about the command.
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    /// Lines for a human before a question, on standard error; a program gets none.
    pub(crate) fn before_question(&self, lines: &str) {
        if !self.json {
            // What cannot be shown leaves the question, and nothing is done without an answer.
            let _ = writeln!(std::io::stderr(), "{}", lines.trim_end());
        }
    }

    /// A remark that carries a value a program needs while the command still runs.
    pub(crate) fn note_value(&self, code: &str, message: &str, name: &str, value: &str) {
        if !self.json {
            return self.note(code, message);
        }
        let mut note = json!({ "code": code, "message": text::clean(message) });
        if let Some(object) = note.as_object_mut() {
            object.insert(name.to_owned(), value.into());
        }
        let _ = writeln!(std::io::stderr(), "{}", json!({ "note": note }));
    }
}

/// One write for the whole answer, flushed: a program that reads line by line gets whole lines.
fn write(text: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    write!(stdout, "{text}{end}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::io("writing the answer", &error))
}

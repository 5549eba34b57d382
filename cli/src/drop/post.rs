//! Handing a dropped file to core.

use sotto_core::{Client, ErrorKind, Recipient, Retry, SendResult, SentResultView};

use super::answer::Answer;
use crate::failure::Failure;

/// What became of one file.
#[derive(Debug)]
pub(crate) enum Posted {
    /// Core has it, durably, or had it already.
    Accepted {
        answer: Answer,
        results: Vec<SentResultView>,
    },
    /// It will not become better by waiting.
    Refused { answer: Answer, failure: Failure },
    /// Not now: the file stays in hand.
    Later(Failure),
}

/// The door to core, so that the folder's steps can be tested without one.
pub(crate) trait Post {
    /// Posts a file's content. Called again with the same content after a crash; must then not send twice.
    fn post(&self, source: Vec<u8>) -> Posted;
}

/// Core itself.
pub(crate) struct ClientPost {
    client: Client,
    to: Recipient,
}

impl ClientPost {
    pub(crate) const fn new(client: Client, to: Recipient) -> Self {
        Self { client, to }
    }

    fn answer(&self, source: &[u8], outcome: Result<(), &Failure>) -> Answer {
        let hl7 = match outcome {
            Ok(()) => self.client.hl7_answer(source, Ok(())),
            Err(Failure::Core(error)) => self.client.hl7_answer(source, Err(error)),
            Err(_) => None,
        };
        hl7.map_or_else(|| Answer::outcome(outcome), Answer::hl7)
    }
}

impl Post for ClientPost {
    fn post(&self, source: Vec<u8>) -> Posted {
        let request = SendResult {
            to: self.to.clone(),
            source: source.clone(),
            critical: None,
            expires: None,
        };
        match self.client.send_result(request) {
            Ok(results) => Posted::Accepted {
                answer: self.answer(&source, Ok(())),
                results,
            },
            Err(error) if passes(error.kind(), error.retry()) => Posted::Later(error.into()),
            Err(error) => {
                let failure = Failure::from(error);
                Posted::Refused {
                    answer: self.answer(&source, Err(&failure)),
                    failure,
                }
            }
        }
    }
}

/// Whether an error says something about the moment or this machine rather than about the file.
const fn passes(kind: ErrorKind, retry: Retry) -> bool {
    let elsewhere = matches!(
        kind,
        ErrorKind::Locked | ErrorKind::Network | ErrorKind::Internal
    );
    elsewhere || matches!(retry, Retry::Now | Retry::Later(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_file_itself_is_guilty_of_is_refused() {
        assert!(!passes(ErrorKind::BadInput, Retry::Never));
        assert!(!passes(ErrorKind::NotFound, Retry::NeedsUser));
        assert!(!passes(ErrorKind::Refused, Retry::NeedsUser));
        assert!(passes(ErrorKind::Locked, Retry::NeedsUser));
        assert!(passes(ErrorKind::Refused, Retry::Later(None)));
        assert!(
            passes(ErrorKind::Internal, Retry::NeedsUser),
            "a full disk is not the file's fault"
        );
    }
}

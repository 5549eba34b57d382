//! Result cards from HL7 v2 ORU^R01, 2.3 to 2.8, as interfaces really send them.
//!
//! A file may hold one message or a batch, with any line ends, a byte-order mark, MLLP framing or none. Each message is
//! taken or refused by itself, so that one bad message does not hold back another patient's result, and a refusal
//! names segment and field: `OBX[3]-11` is field 11 of the third OBX of the message.

mod ack;
mod coding;
mod escape;
mod frame;
mod message;
mod observation;
mod order;
mod patient;
mod segment;
mod status;
mod value;

pub use ack::{AckCode, acknowledge};
pub use frame::MAX_MESSAGES;
pub use status::{TABLE_0085, TABLE_0123};

use crate::refusal::{Cause, Import, MAX_FILE_BYTES, Note, NoteKind, Refusal};
use segment::Separators;

/// One message of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What its MSH says, as far as it could be read.
    pub header: Header,
    /// The cards, one for each report (OBR), or why there are none.
    pub outcome: Result<Import, Refusal>,
}

/// The header of a message: what an answer needs.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Header {
    separators: Separators,
    /// MSH-3 to MSH-6 as sent, still escaped.
    sending_application: String,
    sending_facility: String,
    receiving_application: String,
    receiving_facility: String,
    message_type: String,
    control_id: String,
    processing_id: String,
    version: String,
}

/// Names of systems and numbers of messages stay out of logs.
impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Header({})",
            crate::refusal::TypeName::new(&self.message_type)
        )
    }
}

impl Header {
    /// MSH-10: the same number with the same content is the same message.
    #[must_use]
    pub fn control_id(&self) -> &str {
        &self.control_id
    }

    /// MSH-9, such as `ORU^R01`.
    #[must_use]
    pub fn message_type(&self) -> &str {
        &self.message_type
    }

    /// Whether MSH-11 says training (T) or debugging (D).
    #[must_use]
    pub fn is_test(&self) -> bool {
        matches!(self.processing_id.as_str(), "T" | "D")
    }
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The messages, in order.
    pub messages: Vec<Message>,
    /// What was noticed about the file as a whole.
    pub notes: Vec<Note>,
}

/// Whether bytes look like HL7 v2 rather than FHIR JSON.
#[must_use]
pub fn looks_like_hl7(bytes: &[u8]) -> bool {
    let start = frame::without_frame(bytes);
    [b"MSH", b"FHS", b"BHS"]
        .iter()
        .any(|name| start.starts_with(*name))
}

/// Reads a file of one message or a batch.
///
/// # Errors
/// A [`Refusal`] when the file as a whole is no HL7 v2; what is wrong with one message is in its outcome.
pub fn import(bytes: &[u8]) -> Result<File, Refusal> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Refusal::new("file", Cause::TooLarge(MAX_FILE_BYTES)));
    }
    let text = frame::decode(bytes)?;
    let lines = frame::lines(&text);
    let batch = frame::split(&lines)?;
    let messages: Vec<Message> = batch
        .messages
        .iter()
        .map(|lines| message::read(lines))
        .collect();
    let mut notes = Vec::new();
    if batch
        .counted
        .is_some_and(|counted| counted != messages.len())
    {
        notes.push(Note::new("BTS-1", NoteKind::CountDiffers));
    }
    Ok(File { messages, notes })
}

#[cfg(test)]
mod tests;

//! MIMI content (draft-ietf-mimi-content-08): the container of every message body.
//!
//! One message is a deterministic CBOR array of salt, references to other messages, expiry, extensions and one body
//! part. Decoding accepts exactly the bytes that encoding writes. [`message_id()`] is the draft's message id.

mod body;
mod compose;
mod extension;
mod message_id;
mod part;

pub use body::Meaning;
pub use extension::{ExtensionKey, ExtensionValue, Extensions, ROOM_URI, SENDER_TIME, SENDER_URI};
pub use message_id::{MessageId, device_uri, message_id};
pub use part::{Disposition, ExternalPart, MAX_PART_DEPTH, NestedPart, PartContent, PartSemantics};

use crate::cbor::{CborError, Reader, Writer};

/// Largest encoded message that is decoded: what one submission to the relay can carry.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// `text/markdown;variant=GFM-MIMI`: the text of people, shown as text.
pub const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
/// `text/plain;charset=utf-8`: reactions.
pub const PLAIN: &str = "text/plain;charset=utf-8";
/// `application/fhir+json`: result cards.
pub const FHIR_JSON: &str = "application/fhir+json";
/// A signed statement of this project.
pub const STATEMENT: &str = "application/vnd.sotto.statement+cbor";

/// Why bytes are not a MIMI message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MimiError {
    /// Not deterministic CBOR of the expected shape.
    #[error("while decoding {part} of a MIMI message: {source}")]
    Cbor {
        /// Which part was being read.
        part: &'static str,
        /// What was wrong with it.
        source: CborError,
    },
    /// More bytes than [`MAX_MESSAGE_BYTES`].
    #[error("the MIMI message is larger than {MAX_MESSAGE_BYTES} bytes")]
    TooLarge,
    /// Parts or extension values nested deeper than four levels.
    #[error("the MIMI message is nested deeper than the draft allows")]
    TooDeep,
    /// A cardinality, disposition or semantics number outside its table.
    #[error("a MIMI part has a {0} outside its table")]
    UnknownNumber(&'static str),
    /// A multipart with fewer than two parts.
    #[error("a MIMI multipart has fewer than two parts")]
    TooFewParts,
    /// An extension key out of range, or map keys repeated or out of order.
    #[error("a MIMI extension has a key that is out of range, repeated or out of order")]
    ExtensionKey,
    /// A float, NaN or key type that the data model of the draft excludes.
    #[error("a MIMI extension holds a value outside the draft's data model")]
    ExtensionValue,
}

/// Names the part that was being read when plain CBOR reading failed.
pub(crate) trait InPart<T> {
    fn part(self, part: &'static str) -> Result<T, MimiError>;
}

impl<T> InPart<T> for Result<T, CborError> {
    fn part(self, part: &'static str) -> Result<T, MimiError> {
        self.map_err(|source| MimiError::Cbor { part, source })
    }
}

/// When a message is to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// Seconds after it was read.
    AfterReading(u32),
    /// Seconds since the start of the UNIX epoch.
    At(u32),
}

/// One MIMI message.
#[derive(Clone, PartialEq)]
pub struct MimiContent {
    /// 16 random bytes, drawn by the caller for each message.
    pub salt: [u8; 16],
    /// The message this one edits or retracts.
    pub replaces: Option<MessageId>,
    /// A logical grouping; empty when there is none.
    pub topic_id: Vec<u8>,
    /// When to delete it.
    pub expires: Option<Expiration>,
    /// The message this one answers or reacts to.
    pub in_reply_to: Option<MessageId>,
    /// Extension fields.
    pub extensions: Extensions,
    /// The body.
    pub body: NestedPart,
}

/// Content is what this product protects, so debug output shows shape only.
impl std::fmt::Debug for MimiContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MimiContent")
            .field("replaces", &self.replaces.is_some())
            .field("in_reply_to", &self.in_reply_to.is_some())
            .finish_non_exhaustive()
    }
}

impl MimiContent {
    /// The deterministic encoding.
    ///
    /// # Errors
    /// What decoding would refuse: nesting, key and part rules of the draft.
    pub fn encode(&self) -> Result<Vec<u8>, MimiError> {
        let mut w = Writer::new();
        w.array(7).bytes(&self.salt);
        message_id::write_optional(&mut w, self.replaces.as_ref());
        w.bytes(&self.topic_id);
        match self.expires {
            None => w.null(),
            Some(Expiration::AfterReading(seconds)) => {
                w.array(2).boolean(true).uint(u64::from(seconds))
            }
            Some(Expiration::At(seconds)) => w.array(2).boolean(false).uint(u64::from(seconds)),
        };
        message_id::write_optional(&mut w, self.in_reply_to.as_ref());
        self.extensions.write(&mut w)?;
        self.body.write(&mut w, 1)?;
        let bytes = w.finish();
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MimiError::TooLarge);
        }
        Ok(bytes)
    }

    /// Decodes one message; bytes that [`Self::encode`] would not write are refused.
    ///
    /// # Errors
    /// See [`MimiError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, MimiError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MimiError::TooLarge);
        }
        let mut r = Reader::new(bytes);
        r.array_of(7, "an array of seven").part("the container")?;
        let message = Self {
            salt: r.byte_array("a salt of 16 bytes").part("the salt")?,
            replaces: message_id::read_optional(&mut r).part("replaces")?,
            topic_id: r.bytes().part("the topic")?.to_vec(),
            expires: r.nullable(read_expiration).part("the expiry")?,
            in_reply_to: message_id::read_optional(&mut r).part("inReplyTo")?,
            extensions: Extensions::read(&mut r)?,
            body: NestedPart::read(&mut r, 1)?,
        };
        r.finish().part("the end")?;
        Ok(message)
    }
}

fn read_expiration(r: &mut Reader<'_>) -> Result<Expiration, CborError> {
    r.array_of(2, "an array of two")?;
    let relative = r.boolean()?;
    let seconds = r.uint_as("seconds of 32 bits")?;
    Ok(if relative {
        Expiration::AfterReading(seconds)
    } else {
        Expiration::At(seconds)
    })
}

#[cfg(test)]
mod tests;

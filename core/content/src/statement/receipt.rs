//! The delivery receipt: a device says that it holds a message, committed to its store.

use super::codec::{read_speaker, write_speaker};
use super::{Body, Speaker, StatementError};
use crate::cbor::{Reader, Writer};
use crate::mimi::MessageId;

/// The version of the format.
const VERSION: u64 = 1;

/// Says that a message reached a device. A device says it, with or without a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReceipt {
    /// The message.
    pub message: MessageId,
    /// The device.
    pub speaker: Speaker,
    /// When, in milliseconds since the UNIX epoch.
    pub at_ms: i64,
    /// The newest entry of the roster that the device had replayed.
    pub roster_seq: u64,
}

impl Body for DeliveryReceipt {
    const LABEL: &'static str = "delivery receipt";

    fn signing_bytes(&self) -> Result<Vec<u8>, StatementError> {
        let mut w = Writer::new();
        w.array(5).uint(VERSION).bytes(&self.message.0);
        write_speaker(&mut w, &self.speaker);
        w.int(self.at_ms).uint(self.roster_seq);
        Ok(w.finish())
    }

    fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut r = Reader::new(bytes);
        r.array_of(5, "an array of five")?;
        if r.uint()? != VERSION {
            return Err(StatementError::Version);
        }
        let receipt = Self {
            message: MessageId(r.byte_array("a message id of 32 bytes")?),
            speaker: read_speaker(&mut r)?,
            at_ms: r.int()?,
            roster_seq: r.uint()?,
        };
        r.finish()?;
        Ok(receipt)
    }
}

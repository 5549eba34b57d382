//! The message id: one byte that names the hash function, then the first 31 bytes of the hash.

use crate::cbor::{CborError, Reader, Writer};
use crate::hash::sha256;
use crate::id::{DeviceId, hex};
use std::fmt;

/// The number of SHA-256 in the IANA registry of named-information hash algorithms.
const SHA_256: u8 = 1;

/// The 32-byte id of a MIMI message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub [u8; 32]);

impl MessageId {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 lower-case hexadecimal digits.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageId(..)")
    }
}

/// The id of an encoded message (draft-ietf-mimi-content-08, "Message ID"): a hash over sender URI and room URI, each
/// with a 16-bit length before it, the whole message, and its salt again (which defeats length extension).
///
/// `None` when a URI is longer than 65,535 bytes or the bytes do not begin as a message.
#[must_use]
pub fn message_id(encoded: &[u8], sender_uri: &str, room_uri: &str) -> Option<MessageId> {
    // array(7), bytes(16): the salt sits at a fixed place in a deterministic encoding.
    let salt = encoded.strip_prefix(&[0x87, 0x50])?.get(..16)?;
    let mut input = Vec::with_capacity(encoded.len() + sender_uri.len() + room_uri.len() + 20);
    for uri in [sender_uri, room_uri] {
        input.extend_from_slice(&u16::try_from(uri.len()).ok()?.to_be_bytes());
        input.extend_from_slice(uri.as_bytes());
    }
    input.extend_from_slice(encoded);
    input.extend_from_slice(salt);
    let hash = sha256(&input);
    let mut id = [SHA_256; 32];
    id[1..].copy_from_slice(&hash[..31]);
    Some(MessageId(id))
}

/// `mimi://<organisation>/d/<device>`: the sender URI of a device.
#[must_use]
pub fn device_uri(organisation: &str, device: &DeviceId) -> String {
    format!("mimi://{organisation}/d/{device}")
}

pub(super) fn write_optional(w: &mut Writer, id: Option<&MessageId>) {
    match id {
        None => w.null(),
        Some(id) => w.bytes(&id.0),
    };
}

pub(super) fn read_optional(r: &mut Reader<'_>) -> Result<Option<MessageId>, CborError> {
    r.nullable(|r| r.byte_array("a message id of 32 bytes").map(MessageId))
}

//! What is sealed to one device rather than to a conversation: a Welcome with everything a new member needs beside it.
//! Signed by the sender's device, so that the parts MLS does not know of are as trustworthy as those it does.

use minicbor::{Decode, Encode};
use sotto_content::padding;

use crate::base::seal::{self, SealingKey};
use crate::base::{
    ConversationId, CryptoError, DeviceId, Owner, Secret, Signature, SigningKey, VerifyingKey,
    codec,
};
use crate::roster::RosterHead;

/// First byte of a payload sealed to a device.
pub const VERSION: u8 = 2;
/// First byte of a claim on an invitation, which the relay passes on as a notice.
pub const CLAIM: u8 = 5;
const INFO: &str = "to one device";
const LABEL: &str = "direct";
/// `version ‖ length ‖ enc` and the tag: what sealing adds, for padding to whole buckets.
const OVERHEAD: usize = 1 + 2 + 1120 + 16;

/// A member's device and the alias it wants traffic under.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub struct AliasOf {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its alias in this conversation.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub alias: [u8; 16],
}

/// Redacted: an alias is an address.
impl std::fmt::Debug for AliasOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AliasOf(..)")
    }
}

/// Everything a new member's device needs to take part.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct WelcomeBundle {
    /// The conversation.
    #[n(0)]
    pub conversation: ConversationId,
    /// Whether it is the one direct conversation of two owners.
    #[n(1)]
    pub direct: bool,
    /// Its title.
    #[n(2)]
    pub title: String,
    /// Digest of the patient it is about; empty for none.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub patient: Vec<u8>,
    /// The relay's slot.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub slot: [u8; 16],
    /// Generation of the conversation key.
    #[n(5)]
    pub key_generation: u64,
    /// The conversation key.
    #[n(6)]
    pub key: Secret<32>,
    /// Where the others want their traffic.
    #[n(7)]
    pub aliases: Vec<AliasOf>,
    /// The roster as the committer saw it.
    #[n(8)]
    pub head: RosterHead,
    /// The MLS Welcome (RFC 9420 §12.4.3.1).
    #[n(9)]
    #[cbor(with = "minicbor::bytes")]
    pub welcome: Vec<u8>,
    /// The two owners of a direct conversation, also where one of them has no device in it yet; empty otherwise.
    #[n(10)]
    pub pair: Vec<Owner>,
}

impl std::fmt::Debug for WelcomeBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WelcomeBundle(..)")
    }
}

/// A message to one device. New kinds get new numbers.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(flat)]
pub enum Direct {
    /// Join this conversation.
    #[n(1)]
    Welcome(#[n(0)] Box<WelcomeBundle>),
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Signed {
    #[n(0)]
    sender: DeviceId,
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    body: Vec<u8>,
    #[n(2)]
    signature: Signature,
}

/// A direct message whose sender is claimed, not yet proven.
pub struct Unverified {
    /// Who says it is from them.
    pub sender: DeviceId,
    body: Vec<u8>,
    signature: Signature,
    addressee: Vec<u8>,
}

/// Redacted: the body is content.
impl std::fmt::Debug for Unverified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unverified(..)")
    }
}

fn signed_bytes(addressee: &[u8], body: &[u8]) -> Vec<u8> {
    [crate::base::sha256(addressee).as_bytes().as_slice(), body].concat()
}

/// Signs and seals a message to one device. The addressee's key is signed along: it cannot be passed on as one's own.
///
/// # Errors
/// [`CryptoError::Provider`] where the addressee's key is not one.
pub fn seal(
    addressee: &[u8],
    sender: DeviceId,
    key: &SigningKey,
    message: &Direct,
) -> Result<Vec<u8>, CryptoError> {
    let body = codec::encode(message);
    let signature = key.sign(LABEL, &signed_bytes(addressee, &body));
    let plain = codec::encode(&Signed {
        sender,
        body,
        signature,
    });
    let padded = padding::pad(&plain, OVERHEAD).map_err(|_| CryptoError::Provider)?;
    seal::seal(addressee, INFO, &padded)
}

/// Opens a message to this device; who sent it is still to be verified.
///
/// # Errors
/// [`CryptoError`].
pub fn open(key: &SealingKey, payload: &[u8]) -> Result<Unverified, CryptoError> {
    let padded = key.open(INFO, payload)?;
    let plain = padding::unpad(&padded).map_err(|_| CryptoError::Malformed)?;
    let Signed {
        sender,
        body,
        signature,
    } = codec::decode(plain).map_err(|_| CryptoError::Malformed)?;
    Ok(Unverified {
        sender,
        body,
        signature,
        addressee: key.public()?,
    })
}

impl Unverified {
    /// The message, if the sender's key in the roster made the signature.
    ///
    /// # Errors
    /// [`CryptoError::Signature`], or [`CryptoError::Malformed`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<Direct, CryptoError> {
        key.verify(
            LABEL,
            &signed_bytes(&self.addressee, &self.body),
            &self.signature,
        )?;
        codec::decode(&self.body).map_err(|_| CryptoError::Malformed)
    }
}

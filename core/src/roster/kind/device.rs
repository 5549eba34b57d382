//! Devices: enrolled, approved, revoked.

use std::fmt;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::base::{DeviceId, InvitationId, Signature, VerifyingKey};
use crate::roster::entry::Owner;
use crate::roster::{ChannelDetails, ContactAlias, RosterError, Text};

/// Length of a public sealing key in bytes (ML-KEM-768 and X25519).
pub const SEALING_KEY_LEN: usize = 1216;

/// A public sealing key of the right length.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingPublic(Box<[u8; SEALING_KEY_LEN]>);

impl SealingPublic {
    /// Takes the bytes over.
    ///
    /// # Errors
    /// [`RosterError::Codec`] where the length is wrong.
    pub fn new(bytes: &[u8]) -> Result<Self, RosterError> {
        let bytes: [u8; SEALING_KEY_LEN] = bytes
            .try_into()
            .map_err(|_| crate::base::codec::CodecError::Malformed)?;
        Ok(Self(Box::new(bytes)))
    }
    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for SealingPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingPublic(..)")
    }
}

impl<C> Encode<C> for SealingPublic {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SealingPublic {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        ByteArray::<SEALING_KEY_LEN>::decode(d, ctx).map(|b| Self(Box::new(b.into())))
    }
}

/// A device as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceDetails {
    /// Its id, in its MLS credential too.
    #[n(0)]
    pub device: DeviceId,
    /// Whose it is.
    #[n(1)]
    pub owner: Owner,
    /// What its owner calls it.
    #[n(2)]
    pub label: Text<64>,
    /// MLS leaf, roster entries, statements.
    #[n(3)]
    pub signature_key: VerifyingKey,
    /// Roster keys, Welcomes, grants.
    #[n(4)]
    pub sealing_key: SealingPublic,
    /// The certificate of a wipe.
    #[n(5)]
    pub receipt_key: VerifyingKey,
    /// Where Welcomes and roster keys reach it.
    #[n(6)]
    pub contact_alias: ContactAlias,
    /// Where an order to wipe itself reaches it. Absent in what release 0.1 wrote, until the device adds it
    /// ([`DeviceChannel`]).
    #[n(7)]
    pub channel: Option<ChannelDetails>,
}

/// A device takes an invitation. Both proofs are independent of the place in the log, so that a device that cannot
/// read the log yet (approval mode) can hand its claim to one that can.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceEnrolled {
    /// Which invitation.
    #[n(0)]
    pub invitation: InvitationId,
    /// The new device.
    #[n(1)]
    pub details: DeviceDetails,
    /// By the invitation's key.
    #[n(2)]
    pub invitation_proof: Signature,
    /// By the new device's signature key.
    #[n(3)]
    pub device_proof: Signature,
}

/// An administrator compared the short code, or lifts a suspension.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceApproved {
    /// Which.
    #[n(0)]
    pub device: DeviceId,
}

/// What the excluded device is to do when it learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RevocationMode {
    /// Nothing: it is only excluded.
    #[n(0)]
    Revoke,
    /// Destroy its keys and data and certify it.
    #[n(1)]
    Wipe,
    /// The same, ordered by one administrator where policy asks for two; counted against the cap.
    #[n(2)]
    EmergencyWipe,
}

/// A device is excluded. This entry is the order that the device itself verifies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceRevoked {
    /// Which.
    #[n(0)]
    pub device: DeviceId,
    /// What it is to do.
    #[n(1)]
    pub mode: RevocationMode,
    /// From this entry on, what it signed here is not trusted: enrolments, invitations, approvals and grants are
    /// suspended with it.
    #[n(2)]
    pub suspect_since: Option<u64>,
    /// For the record.
    #[n(3)]
    pub reason: Option<Text<256>>,
}

/// A device that enrolled without a wipe channel adds its own, once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DeviceChannel {
    /// The public half.
    #[n(0)]
    pub channel: ChannelDetails,
}

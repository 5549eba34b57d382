//! A lease extension: an administrator, or the offline root key, lets a device go on that cannot reach the others.
//! It travels as a QR code or a file.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use super::RosterError;
use super::order::Authorities;
use crate::base::{DeviceId, OrganisationId, Signature, SigningKey, Timestamp, codec};

const LABEL: &str = "lease extension";
const PREFIX: &str = "sotto-lease:";
/// Longest accepted text in characters; a real one has about 200.
const MAX_TEXT: usize = 1_024;

/// The longest extension.
pub const MAX_EXTENSION: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Whose key signs an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Extender {
    /// The organisation's root key, kept offline.
    #[n(0)]
    Root,
    /// A device of somebody who may approve or wipe devices, or manage people.
    #[n(1)]
    Device(#[n(0)] DeviceId),
}

/// "This device, or every device, may go on until then."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LeaseExtension {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// For which device; every device if absent.
    #[n(1)]
    pub device: Option<DeviceId>,
    /// Until when; at most 14 days after it was made.
    #[n(2)]
    pub until: Timestamp,
    /// When it was made.
    #[n(3)]
    pub made: Timestamp,
    /// Whose key signed.
    #[n(4)]
    pub by: Extender,
    /// By that key over everything above.
    #[n(5)]
    pub signature: Signature,
}

#[derive(Encode)]
#[cbor(array)]
struct Signed<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    device: &'a Option<DeviceId>,
    #[n(2)]
    until: Timestamp,
    #[n(3)]
    made: Timestamp,
    #[n(4)]
    by: &'a Extender,
}

impl LeaseExtension {
    /// Signs an extension. A device's signature counts only where that device holds the right when it is verified.
    ///
    /// # Errors
    /// [`RosterError::Extension`] where it would last longer than [`MAX_EXTENSION`], or not at all.
    pub fn make(
        organisation: OrganisationId,
        device: Option<DeviceId>,
        until: Timestamp,
        made: Timestamp,
        by: Extender,
        key: &SigningKey,
    ) -> Result<Self, RosterError> {
        let mut extension = Self {
            organisation,
            device,
            until,
            made,
            by,
            signature: Signature::new([0; 64]),
        };
        if !extension.lasts() {
            return Err(RosterError::Extension);
        }
        extension.signature = key.sign(LABEL, &extension.signing_bytes());
        Ok(extension)
    }
    fn lasts(&self) -> bool {
        self.made < self.until && self.until <= self.made.plus(MAX_EXTENSION)
    }
    fn signing_bytes(&self) -> Vec<u8> {
        codec::encode(&Signed {
            organisation: &self.organisation,
            device: &self.device,
            until: self.until,
            made: self.made,
            by: &self.by,
        })
    }
    /// Checks it for `device` by what that device last knew: of its organisation, for it, of bounded length, and
    /// signed by the root key or by another device that may extend leases.
    ///
    /// # Errors
    /// [`RosterError::Extension`].
    pub fn verify(&self, device: &DeviceId, authorities: &Authorities) -> Result<(), RosterError> {
        let addressed = self.device.is_none_or(|addressee| addressee == *device);
        let key = match self.by {
            Extender::Root => authorities.root().map(|root| root.current),
            Extender::Device(by) => authorities
                .list()
                .iter()
                .find(|authority| authority.device == by && by != *device)
                .filter(|authority| authority.may_extend)
                .map(|authority| authority.key),
        };
        let key = key.ok_or(RosterError::Extension)?;
        if !addressed || !self.lasts() || authorities.organisation() != &self.organisation {
            return Err(RosterError::Extension);
        }
        key.verify(LABEL, &self.signing_bytes(), &self.signature)
            .map_err(|_| RosterError::Extension)
    }
    /// The encoded extension, for a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
    /// Reads an encoded extension, strictly.
    ///
    /// # Errors
    /// [`RosterError::Codec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RosterError> {
        Ok(codec::decode(bytes)?)
    }
    /// The text of a QR code: `sotto-lease:` and base64url without padding (RFC 4648 §5).
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.to_bytes()))
    }
    /// Reads a QR code's text. White space around it does not matter.
    ///
    /// # Errors
    /// [`RosterError::Extension`].
    pub fn parse(text: &str) -> Result<Self, RosterError> {
        let text = text.trim();
        let bytes = text
            .strip_prefix(PREFIX)
            .filter(|_| text.len() <= MAX_TEXT)
            .and_then(|code| URL_SAFE_NO_PAD.decode(code).ok())
            .ok_or(RosterError::Extension)?;
        Self::from_bytes(&bytes).map_err(|_| RosterError::Extension)
    }
}

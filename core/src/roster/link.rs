//! The invitation link: everything a new device must know before it trusts anybody, and no key of the roster.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};

use super::RosterError;
use super::head::RosterHead;
use super::invitation::{InvitationSecret, WORDS};
use super::kind::RelayDescriptor;
use super::state::Anchor;
use super::words::Words;
use crate::base::{InvitationId, Secret, codec};

/// What every link begins with. The rest is a URL fragment, so that no server sees it where a link is opened.
pub const PREFIX: &str = "sotto://join#";
const VERSION: u8 = 1;
/// Longest fragment that is looked at.
const MAX_FRAGMENT: usize = 4096;

/// A decoded link.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InvitationLink {
    #[n(0)]
    version: u8,
    /// The relay, its pins and its signing key.
    #[n(1)]
    pub relay: RelayDescriptor,
    /// The organisation and its founding root key's fingerprint.
    #[n(2)]
    pub anchor: Anchor,
    /// The log must hold this entry: a relay cannot show an older one.
    #[n(3)]
    pub minimum: RosterHead,
    /// The invitation, and its rendezvous at the relay.
    #[n(4)]
    pub invitation: InvitationId,
    #[n(5)]
    secret: Secret<32>,
    #[n(6)]
    words: Option<Words<WORDS>>,
}

impl InvitationLink {
    /// A link for an invitation. `in_person` puts the words in: only for a QR code shown face to face.
    #[must_use]
    pub fn new(
        relay: RelayDescriptor,
        anchor: Anchor,
        minimum: RosterHead,
        invitation: InvitationId,
        secret: &InvitationSecret,
        in_person: bool,
    ) -> Self {
        let words = in_person.then(|| secret.words.clone());
        Self {
            version: VERSION,
            relay,
            anchor,
            minimum,
            invitation,
            secret: secret.link.clone(),
            words,
        }
    }
    /// Whether the words are inside.
    #[must_use]
    pub const fn in_person(&self) -> bool {
        self.words.is_some()
    }
    /// The secret, with the words from inside or as told.
    ///
    /// # Errors
    /// [`RosterError::Words`] where the link travels without them and none were given.
    pub fn secret(&self, told: Option<&Words<WORDS>>) -> Result<InvitationSecret, RosterError> {
        let words = self
            .words
            .as_ref()
            .or(told)
            .ok_or(RosterError::Words { expected: WORDS })?;
        Ok(InvitationSecret {
            link: self.secret.clone(),
            words: words.clone(),
        })
    }
    /// The link as text. It is a secret until it is used.
    #[must_use]
    pub fn to_url(&self) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(codec::encode(self)))
    }
    /// Reads a link; spaces and line breaks that mail programs add are ignored.
    ///
    /// # Errors
    /// [`RosterError::Link`].
    pub fn parse(text: &str) -> Result<Self, RosterError> {
        let text: String = text.split_whitespace().collect();
        let fragment = text
            .strip_prefix(PREFIX)
            .filter(|f| f.len() <= MAX_FRAGMENT)
            .ok_or(RosterError::Link)?;
        let bytes = URL_SAFE_NO_PAD
            .decode(fragment)
            .map_err(|_| RosterError::Link)?;
        let link: Self = codec::decode(&bytes).map_err(|_| RosterError::Link)?;
        let fits = link.version == VERSION
            && link.relay.address.as_str().starts_with("https://")
            && (1..=4).contains(&link.relay.pins.len());
        if fits {
            Ok(link)
        } else {
            Err(RosterError::Link)
        }
    }
}

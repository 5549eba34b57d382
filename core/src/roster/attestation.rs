//! Signed freshness: another device says which entry was the newest, and when. The relay's word never counts.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::authorize::{Action, Actor, Scope};
use super::head::{HeadRelation, RosterHead};
use super::{Roster, RosterError};
use crate::base::{DeviceId, OrganisationId, Signature, SigningKey, Timestamp, codec};

const LABEL: &str = "roster attestation";
/// How far ahead of the verifier's clock an attestation may lie.
const TOLERANCE: Duration = Duration::from_secs(120);

/// "At this time, this was the newest entry." Short-lived; only the latest is kept.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Attestation {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// The relay's position after which nothing had been read.
    #[n(1)]
    pub position: u64,
    /// The newest valid entry.
    #[n(2)]
    pub head: RosterHead,
    /// When.
    #[n(3)]
    pub time: Timestamp,
    /// Who says so.
    #[n(4)]
    pub device: DeviceId,
    /// By that device over everything above.
    #[n(5)]
    pub signature: Signature,
}

/// A verified attestation's worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When it was made. Leases count from the newest one.
    pub time: Timestamp,
    /// How old it is by the verifier's clock.
    pub age: Duration,
    /// How many entries the verifier knows beyond it.
    pub behind: u64,
}

#[derive(Encode)]
#[cbor(array)]
struct Signed<'a> {
    #[n(0)]
    organisation: &'a OrganisationId,
    #[n(1)]
    position: u64,
    #[n(2)]
    head: &'a RosterHead,
    #[n(3)]
    time: Timestamp,
    #[n(4)]
    device: &'a DeviceId,
}

impl Attestation {
    fn signing_bytes(&self) -> Vec<u8> {
        let Self {
            organisation,
            position,
            head,
            time,
            device,
            ..
        } = self;
        codec::encode(&Signed {
            organisation,
            position: *position,
            head,
            time: *time,
            device,
        })
    }
    /// Attests the head of a roster.
    ///
    /// # Errors
    /// [`RosterError::NotFounded`].
    pub fn make(
        roster: &Roster,
        time: Timestamp,
        device: DeviceId,
        key: &SigningKey,
    ) -> Result<Self, RosterError> {
        let mut attestation = Self {
            organisation: roster.anchor.organisation,
            position: roster.next_position,
            head: roster.head().ok_or(RosterError::NotFounded)?,
            time,
            device,
            signature: Signature::new([0; 64]),
        };
        attestation.signature = key.sign(LABEL, &attestation.signing_bytes());
        Ok(attestation)
    }
    /// The encoded attestation, to be sealed under the roster key.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }
    /// Reads an encoded attestation.
    ///
    /// # Errors
    /// [`RosterError::Codec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RosterError> {
        Ok(codec::decode(bytes)?)
    }
    /// Checks it against the roster: signed by another confirmed device with the right to attest, naming an entry
    /// that this roster holds too. How old it may be is the caller's policy.
    ///
    /// # Errors
    /// The `Attestation…` variants of [`RosterError`]. On `AttestationAhead` read the log first; `AttestationFork`
    /// is evidence of two rosters.
    pub fn verify(
        &self,
        roster: &Roster,
        own: &DeviceId,
        now: Timestamp,
    ) -> Result<Freshness, RosterError> {
        if self.organisation != roster.anchor.organisation {
            return Err(RosterError::AttestationForeign);
        }
        let record = roster
            .devices
            .get(&self.device)
            .ok_or(RosterError::AttestationForged)?;
        let signed =
            record
                .details
                .signature_key
                .verify(LABEL, &self.signing_bytes(), &self.signature);
        signed.map_err(|_| RosterError::AttestationForged)?;
        let entitled = roster
            .may(
                Actor::device(self.device),
                Action::Attest,
                &Scope::organisation(),
            )
            .is_ok();
        if !entitled || self.device == *own {
            return Err(RosterError::AttestationRight);
        }
        if self.time > now.plus(TOLERANCE) {
            return Err(RosterError::AttestationFuture);
        }
        match roster.compare(&self.head) {
            HeadRelation::Known { by } => Ok(Freshness {
                time: self.time,
                age: now.since(self.time),
                behind: by,
            }),
            HeadRelation::Ahead => Err(RosterError::AttestationAhead),
            HeadRelation::Fork => Err(RosterError::AttestationFork),
        }
    }
}

//! The order to wipe, proven to a device that is locked.
//!
//! The order is an entry of the log: `device revoked` with a mode that wipes, or the countersign of such a proposal.
//! A locked device cannot read the log. It holds what it last knew of who may order its wipe ([`Authorities`]) and is
//! shown the order with the few entries since then that gave its author the right ([`OrderProof`]). It judges them by
//! the rules of the whole log, and by nothing else: no clock, no key of the store, nobody's word.
//!
//! What this cannot see: a right that was *withdrawn* after the device's last contact. Who had it then can, together
//! with the relay, still order the wipe; the lease bounds for how long.

mod authorities;
mod bench;
mod build;
mod veil;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

pub use authorities::{Authorities, Authority, RootKeys};

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::entry::{Author, Entry};
use super::kind::{Body, RevocationMode};
use super::{Junk, Owner, RosterError};
use crate::base::{DeviceId, Digest, OrganisationId, Timestamp, VerifyingKey, codec};

/// Most entries in a proof, the order included.
pub const MAX_ENTRIES: usize = 64;
/// Most devices and owners that a proof names beside its entries.
const MAX_KNOWN: usize = 256;
/// Largest encoded proof in bytes.
pub const MAX_PROOF: usize = 120 * 1024;

/// Somebody whom the device knew by digest only, named so that it recognises them. Gives no right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum Known {
    /// A person or place that took part.
    #[n(0)]
    Owner(#[n(0)] Owner),
    /// A device that counted.
    #[n(1)]
    Device(#[n(0)] DeviceId, #[n(1)] VerifyingKey, #[n(2)] Owner),
}

/// An order and what gives its author the right.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OrderProof {
    /// Encoded entries in order of the log; the last one is the order. At most [`MAX_ENTRIES`].
    #[n(0)]
    entries: Vec<ByteVec>,
    /// Who the entries' authors are, where the device knew them by digest.
    #[n(1)]
    known: Vec<Known>,
}

impl std::fmt::Debug for OrderProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrderProof")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

/// An order that the device is to obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct VerifiedOrder {
    /// The entry's number.
    #[n(0)]
    pub seq: u64,
    /// Its author's time.
    #[n(1)]
    pub time: Timestamp,
    /// Wipe, or emergency wipe.
    #[n(2)]
    pub mode: RevocationMode,
    /// Who ordered it; of a countersigned order, who proposed it.
    #[n(3)]
    pub by: DeviceId,
    /// Who countersigned it.
    #[n(4)]
    pub second: Option<DeviceId>,
    /// Hash of the entry, as the log chains it.
    #[n(5)]
    pub entry_digest: Digest,
}

/// Why an order is not obeyed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// Larger than a proof may be.
    #[error("the proof is larger than the format allows")]
    Oversize,
    /// Not a proof, or its entries are not in order of the log.
    #[error("the proof is malformed")]
    Malformed,
    /// Of another organisation, or the device never knew its own.
    #[error("the order is of another organisation")]
    Foreign,
    /// Not newer than what the device last read of the log.
    #[error("the order is older than what the device last read")]
    Replayed,
    /// Its last entry orders no wipe.
    #[error("this is not an order to wipe")]
    NotAnOrder,
    /// The order is for another device.
    #[error("the order is for another device")]
    OtherDevice,
    /// A countersign without its proposal.
    #[error("the proposal that is countersigned is missing")]
    NoProposal,
    /// Its author had no right, as far as the device can know, or the act was not in order.
    #[error("the order does not hold: {0}")]
    Refused(Junk),
}

impl crate::base::log::LogSafe for OrderRefusal {}

impl From<Junk> for OrderRefusal {
    fn from(reason: Junk) -> Self {
        Self::Refused(reason)
    }
}

impl OrderProof {
    /// A proof of these encoded entries.
    #[must_use]
    pub fn new(entries: Vec<Vec<u8>>) -> Self {
        Self {
            entries: entries.into_iter().map(ByteVec::from).collect(),
            known: Vec::new(),
        }
    }
    /// The encoded entries in order of the log; the last one is the order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.entries.iter().map(|entry| entry.as_slice())
    }
    /// The encoded proof, to be sealed for the device's channel.
    ///
    /// # Errors
    /// [`RosterError::Proof`] where it is too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RosterError> {
        let bytes = codec::encode(self);
        if self.fits() && bytes.len() <= MAX_PROOF {
            Ok(bytes)
        } else {
            Err(RosterError::Proof)
        }
    }
    /// Reads an encoded proof, strictly.
    ///
    /// # Errors
    /// [`OrderRefusal::Oversize`], [`OrderRefusal::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OrderRefusal> {
        if bytes.len() > MAX_PROOF {
            return Err(OrderRefusal::Oversize);
        }
        codec::decode(bytes).map_err(|_| OrderRefusal::Malformed)
    }
    fn fits(&self) -> bool {
        let bytes: usize = self.entries().map(<[u8]>::len).sum();
        self.entries.len() <= MAX_ENTRIES && self.known.len() <= MAX_KNOWN && bytes <= MAX_PROOF
    }

    /// Whether `device` is to obey, by what it last knew: an order for it, newer than what it has read, by who could
    /// give it then or got the right since. An entry that the device had read already gives nobody anything: it may
    /// have been taken back. `root` is the fingerprint pinned at enrolment.
    ///
    /// # Errors
    /// [`OrderRefusal`]. Then nothing is to change.
    pub fn verify(
        &self,
        organisation: &OrganisationId,
        root: &Digest,
        device: &DeviceId,
        authorities: &Authorities,
    ) -> Result<VerifiedOrder, OrderRefusal> {
        if !self.fits() {
            return Err(OrderRefusal::Oversize);
        }
        let entries = self.decoded(authorities.seq())?;
        let (order, support) = entries.split_last().ok_or(OrderRefusal::Malformed)?;
        let pinned = authorities
            .root()
            .is_some_and(|root_keys| root_keys.founding == *root);
        if authorities.organisation() != organisation || authorities.device() != device || !pinned {
            return Err(OrderRefusal::Foreign);
        }
        if order.seq <= authorities.seq() {
            return Err(OrderRefusal::Replayed);
        }
        let mut bench = authorities.bench(&self.known);
        for entry in support.iter().filter(|e| e.seq > authorities.seq()) {
            // What does not hold is as if it were not there; but whoever could sign this did not.
            if authorities.hear(&mut bench, entry) == Err(Junk::Signature) {
                return Err(Junk::Signature.into());
            }
        }
        let verified = order_of(order, &bench, device)?;
        authorities.hear(&mut bench, order)?;
        let digest = self.entries.last().map(|bytes| Entry::hash_of(bytes));
        Ok(VerifiedOrder {
            entry_digest: digest.ok_or(OrderRefusal::Malformed)?,
            ..verified
        })
    }

    /// Decodes the entries, which must stand in order of the log, each once.
    fn decoded(&self, known: u64) -> Result<Vec<Entry>, OrderRefusal> {
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for bytes in self.entries() {
            if bytes.len() > super::entry::MAX_ENTRY {
                return Err(OrderRefusal::Oversize);
            }
            let entry = Entry::from_bytes(bytes).map_err(|_| OrderRefusal::Malformed)?;
            let follows = entries.last().is_none_or(|last| last.seq < entry.seq);
            if !follows || entry.seq > known.saturating_add(bench::MAX_GAP) {
                return Err(OrderRefusal::Malformed);
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// What the last entry orders, before its author's right is judged.
fn order_of(
    entry: &Entry,
    bench: &super::Roster,
    device: &DeviceId,
) -> Result<VerifiedOrder, OrderRefusal> {
    let Author::Device(author) = entry.author else {
        return Err(Junk::WrongAuthor.into());
    };
    let body = Body::from_bytes(entry.kind, &entry.body).map_err(|_| OrderRefusal::Malformed)?;
    let (by, second, order) = match body {
        Some(Body::DeviceRevoked(order)) => (author, None, order),
        Some(Body::Countersign(agreed)) => {
            let record = bench
                .proposals()
                .get(&agreed.proposal)
                .ok_or(OrderRefusal::NoProposal)?;
            let inner = Body::from_bytes(record.proposal.kind, &record.proposal.body);
            let Ok(Some(Body::DeviceRevoked(order))) = inner else {
                return Err(OrderRefusal::NotAnOrder);
            };
            (record.device, Some(author), order)
        }
        _ => return Err(OrderRefusal::NotAnOrder),
    };
    if order.mode == RevocationMode::Revoke {
        return Err(OrderRefusal::NotAnOrder);
    }
    if order.device != *device {
        return Err(OrderRefusal::OtherDevice);
    }
    Ok(VerifiedOrder {
        seq: entry.seq,
        time: entry.time,
        mode: order.mode,
        by,
        second,
        entry_digest: Digest::ZERO,
    })
}

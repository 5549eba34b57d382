//! `info`: what a device learns about a relay before it does anything else. No proof is asked.

use minicbor::{Decode, Encode};

use crate::{PublicKey, SignedTime};

/// Nothing is asked; the request is a `GET` without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct InfoRequest {}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RelayInfo {
    /// Oldest version of the contract the relay answers.
    #[n(0)]
    pub version_min: u16,
    /// Newest version of the contract the relay answers.
    #[n(1)]
    pub version_max: u16,
    /// Signs `queued` answers and times. A device pins it at enrolment and does not learn it here.
    #[n(2)]
    pub signing_key: PublicKey,
    /// What the operator allows.
    #[n(3)]
    pub limits: RelayLimits,
    /// The relay's time now.
    #[n(4)]
    pub time: SignedTime,
}

/// The numbers an operator sets; those of [`crate::limits`] hold besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RelayLimits {
    /// Entries that may wait behind one alias.
    #[n(0)]
    pub alias_entries: u32,
    /// Bytes that may wait behind one alias.
    #[n(1)]
    pub alias_bytes: u64,
    /// Entries that may wait in one mailbox.
    #[n(2)]
    pub mailbox_entries: u32,
    /// Bytes that may wait in one mailbox.
    #[n(3)]
    pub mailbox_bytes: u64,
    /// Aliases of one mailbox.
    #[n(4)]
    pub mailbox_aliases: u32,
    /// Mailboxes of one organisation.
    #[n(5)]
    pub tenant_mailboxes: u32,
    /// Bytes an organisation may keep at the relay.
    #[n(6)]
    pub tenant_bytes: u64,
    /// Longest life of a delivery, in seconds.
    #[n(7)]
    pub ttl_max_s: u32,
    /// Bytes of one blob.
    #[n(8)]
    pub blob_bytes: u64,
}

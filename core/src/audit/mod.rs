//! Who did what, when, where and why on this device, in a hash chain: a record cannot be changed, removed or moved
//! without `verify` naming the place. Records are appended within the transaction of the act they tell of, so that an
//! act without its record does not exist (45 CFR 164.312(b)).

use minicbor::{Decode, Encode};

use crate::base::{Digest, MessageId, PersonId, Timestamp, codec, digest};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What was done. Numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Act {
    /// A message or card was sent.
    #[n(1)]
    Sent,
    /// A message or card was received.
    #[n(2)]
    Received,
    /// A card was displayed.
    #[n(3)]
    Seen,
    /// Identifiers were shown in clear.
    #[n(4)]
    Unmasked,
    /// A person took responsibility, having read back.
    #[n(5)]
    Acknowledged,
    /// A read-back did not match.
    #[n(6)]
    Mismatched,
    /// A conversation or message left as an export.
    #[n(7)]
    Exported,
    /// The device was unlocked.
    #[n(8)]
    Unlocked,
    /// A membership changed.
    #[n(9)]
    MembershipChanged,
    /// Something was refused for want of a right.
    #[n(10)]
    Refused,
    /// Content was purged at the end of its life.
    #[n(11)]
    Purged,
    /// A result was declined.
    #[n(12)]
    Declined,
    /// An act of administration: invited, approved, left.
    #[n(13)]
    Administered,
    /// An attachment was saved outside the store.
    #[n(14)]
    Saved,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    /// What.
    #[n(0)]
    pub act: Act,
    /// When, by this device's clock.
    #[n(1)]
    pub at: Timestamp,
    /// Who, where a person is known.
    #[n(2)]
    pub person: Option<PersonId>,
    /// About which message.
    #[n(3)]
    pub message: Option<MessageId>,
    /// About which patient: the token, never an identifier.
    #[n(4)]
    pub patient: Option<String>,
    /// Purpose of use (v3 PurposeOfUse code).
    #[n(5)]
    pub purpose: Option<String>,
    /// Why, in words of the person.
    #[n(6)]
    pub reason: Option<String>,
}

impl Record {
    /// A record of an act, nothing else known.
    #[must_use]
    pub const fn of(act: Act, at: Timestamp) -> Self {
        Self { act, at, person: None, message: None, patient: None, purpose: None, reason: None }
    }
    /// By whom.
    #[must_use]
    pub const fn by(mut self, person: Option<PersonId>) -> Self {
        self.person = person;
        self
    }
    /// About which message.
    #[must_use]
    pub const fn about(mut self, message: MessageId) -> Self {
        self.message = Some(message);
        self
    }
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Every link holds; so many records.
    Intact(u64),
    /// The chain breaks at this record: it was changed, removed before it, or moved.
    BrokenAt(i64),
}

fn link(previous: &Digest, record: &[u8]) -> Digest {
    digest::sha256_parts(&[b"sotto/audit\0", previous.as_bytes(), record])
}

/// Appends a record to the chain, in the caller's transaction.
///
/// # Errors
/// [`StoreError`].
pub fn append(tx: &WriteTx, record: &Record) -> Result<(), StoreError> {
    let previous = tx.audit_head()?.map_or(Digest::ZERO, |head| head.hash);
    let record = codec::encode(record);
    tx.add_audit(&previous, &record, &link(&previous, &record))
}

/// Follows the whole chain.
///
/// # Errors
/// [`StoreError`].
pub fn verify(tx: &ReadTx) -> Result<Finding, StoreError> {
    let (mut previous, mut next, mut count) = (Digest::ZERO, 1_i64, 0_u64);
    loop {
        let rows = tx.audit_from(next, 1000)?;
        if rows.is_empty() {
            return Ok(Finding::Intact(count));
        }
        for row in rows {
            if row.seq != next || row.previous != previous || row.hash != link(&previous, &row.record) {
                return Ok(Finding::BrokenAt(row.seq));
            }
            (previous, next, count) = (row.hash, row.seq + 1, count + 1);
        }
    }
}

/// The newest records, newest first.
///
/// # Errors
/// [`StoreError`].
pub fn newest(tx: &ReadTx, limit: u32) -> Result<Vec<Record>, StoreError> {
    let Some(head) = tx.audit_head()? else { return Ok(Vec::new()) };
    let rows = tx.audit_from((head.seq - i64::from(limit) + 1).max(1), limit)?;
    Ok(rows.iter().rev().filter_map(|row| codec::decode(&row.record).ok()).collect())
}

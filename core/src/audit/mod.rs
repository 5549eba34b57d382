//! Who did what, when, where and why on this device, in a hash chain: a record cannot be changed, removed or moved
//! without `verify` naming the place. Records are appended within the transaction of the act they tell of, so that an
//! act without its record does not exist (45 CFR 164.312(b)).

use minicbor::{Decode, Encode};
use sotto_content::masking::PatientToken;

use crate::base::{DeviceId, Digest, MessageId, PersonId, Timestamp, codec, digest};
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
    /// Something was refused for want of a right, or what came from others was refused: the reason says why, and what
    /// came is kept as evidence.
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
    /// History was restored from an archive.
    #[n(15)]
    Restored,
    /// History left in an archive, as a backup or a handover.
    #[n(16)]
    Archived,
}

/// One record.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
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
    /// From which device, where the act was another's.
    #[n(7)]
    pub device: Option<DeviceId>,
}

/// Redacted: reasons are people's words.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("act", &self.act)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// A record of an act, nothing else known.
    #[must_use]
    pub const fn of(act: Act, at: Timestamp) -> Self {
        Self {
            act,
            at,
            person: None,
            message: None,
            patient: None,
            purpose: None,
            reason: None,
            device: None,
        }
    }
    /// By whom.
    #[must_use]
    pub const fn by(mut self, person: Option<PersonId>) -> Self {
        self.person = person;
        self
    }
    /// From which device of somebody else's.
    #[must_use]
    pub const fn from(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }
    /// Why, in words of this program.
    #[must_use]
    pub fn for_reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
    /// About which message.
    #[must_use]
    pub const fn about(mut self, message: MessageId) -> Self {
        self.message = Some(message);
        self
    }
    /// About which patient, by the token.
    #[must_use]
    pub fn of_patient(mut self, token: Option<&[u8; 16]>) -> Self {
        self.patient = token.map(|token| PatientToken::new(*token).to_string());
        self
    }
    /// For what, and why.
    #[must_use]
    pub fn because(mut self, purpose: &str, reason: &str) -> Self {
        self.purpose = Some(purpose.to_owned());
        self.reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
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
            if row.seq != next
                || row.previous != previous
                || row.hash != link(&previous, &row.record)
            {
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
    let Some(head) = tx.audit_head()? else {
        return Ok(Vec::new());
    };
    let rows = tx.audit_from((head.seq - i64::from(limit) + 1).max(1), limit)?;
    Ok(rows
        .iter()
        .rev()
        .filter_map(|row| codec::decode(&row.record).ok())
        .collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::store::{Store, StoreOptions};
    use crate::vault::DatabaseKey;

    /// A chain of five records, then somebody with the key at work.
    fn after(tampering: &str) -> Finding {
        let dir = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new(Secret::new([1; 32]));
        let store =
            Store::create(&dir.path().join("store"), &key, StoreOptions::default()).unwrap();
        for at in 1..=5 {
            let record =
                Record::of(Act::Sent, Timestamp::from_millis(at)).because("TREAT", "on call");
            store.write("test", |tx| append(tx, &record)).unwrap();
        }
        let tamper = |tx: &WriteTx<'_>| Ok::<_, StoreError>(tx.conn().execute_batch(tampering)?);
        store.write("test", tamper).unwrap();
        store.read(verify).unwrap()
    }

    #[test]
    fn a_record_cannot_be_changed_removed_added_or_moved_unnoticed() {
        assert_eq!(after(""), Finding::Intact(5));
        let broken = [
            (
                "UPDATE audit SET record = (SELECT record FROM audit WHERE seq = 1) WHERE seq = 3",
                3,
            ),
            ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 3", 3),
            ("UPDATE audit SET previous = zeroblob(32) WHERE seq = 3", 3),
            ("DELETE FROM audit WHERE seq = 3", 4),
            ("DELETE FROM audit WHERE seq = 1", 2),
            (
                "INSERT INTO audit (previous, record, hash) SELECT previous, record, hash FROM audit WHERE seq = 5",
                6,
            ),
            (
                "UPDATE audit SET seq = 9 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 9",
                2,
            ),
        ];
        for (tampering, at) in broken {
            assert_eq!(after(tampering), Finding::BrokenAt(at), "{tampering}");
        }
    }

    #[test]
    fn a_record_that_is_undone_leaves_no_gap() {
        let dir = tempfile::tempdir().unwrap();
        let key = DatabaseKey::new(Secret::new([1; 32]));
        let store =
            Store::create(&dir.path().join("store"), &key, StoreOptions::default()).unwrap();
        for undo in [false, true, false] {
            let _ = store.write("test", |tx| {
                append(tx, &Record::of(Act::Sent, Timestamp::from_millis(1)))?;
                if undo {
                    Err(StoreError::Corrupt)
                } else {
                    Ok(())
                }
            });
        }
        assert_eq!(store.read(verify).unwrap(), Finding::Intact(2));
    }

    #[test]
    fn a_record_shows_what_was_done_and_no_more() {
        let record = Record::of(Act::Unmasked, Timestamp::from_millis(1)).because("BTG", "CANARY");
        assert_eq!(format!("{record:?}"), "Record { act: Unmasked, .. }");
    }
}

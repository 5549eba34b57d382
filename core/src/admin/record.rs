//! Acts of administration in this device's audit: that one was begun is recorded before anything leaves, and its outcome
//! when that is known. Who and whom stands in the organisation's log, signed.

use std::time::Duration;

use minicbor::{Decode, Encode};

use super::AdminError;
use crate::audit::{self, Act, Record};
use crate::base::Timestamp;
use crate::membership::Context;
use crate::roster::kind::RevocationMode;
use crate::roster::{Body, HeadRelation, RosterHead};
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::Engine;

const BEGUN: &str = "administration begun";
/// What the log does not hold so long after it was begun has not come about.
const GIVEN_UP: Duration = Duration::from_secs(600);

/// An act of administration. Numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum What {
    #[n(1)]
    Invitation,
    #[n(2)]
    Approval,
    #[n(3)]
    Departure,
    #[n(4)]
    Key,
    #[n(5)]
    Exclusion,
    #[n(6)]
    Wipe,
    #[n(7)]
    Proposal,
    #[n(8)]
    Countersign,
    #[n(9)]
    Refusal,
    #[n(10)]
    Rights,
    #[n(11)]
    Rules,
    #[n(12)]
    Suspension,
    #[n(13)]
    Review,
    #[n(14)]
    Details,
    #[n(15)]
    Recovery,
    #[n(16)]
    Root,
}

impl What {
    /// The act that an entry is; `None` where it only belongs to one.
    pub(super) const fn of(body: &Body) -> Option<Self> {
        match body {
            Body::Invited(_) => Some(Self::Invitation),
            Body::DeviceApproved(_) => Some(Self::Approval),
            Body::PersonLeft(_) | Body::PlaceClosed(_) => Some(Self::Departure),
            Body::KeyRotated(_) => Some(Self::Key),
            Body::DeviceRevoked(body) => Some(match body.mode {
                RevocationMode::Revoke => Self::Exclusion,
                RevocationMode::Wipe | RevocationMode::EmergencyWipe => Self::Wipe,
            }),
            Body::Proposal(_) | Body::ElevationRequested(_) => Some(Self::Proposal),
            Body::Countersign(_) => Some(Self::Countersign),
            Body::Refused(_) => Some(Self::Refusal),
            Body::RoleDefined(_)
            | Body::RoleGranted(_)
            | Body::RoleWithdrawn(_)
            | Body::RoleRetired(_)
            | Body::ExceptionGranted(_)
            | Body::ElevationGranted(_) => Some(Self::Rights),
            Body::Policy(_) | Body::RulesAdopted(_) => Some(Self::Rules),
            Body::PersonSuspended(_) => Some(Self::Suspension),
            Body::CampaignOpened(_) | Body::CampaignAnswered(_) => Some(Self::Review),
            Body::PersonChanged(_) | Body::PlaceChanged(_) => Some(Self::Details),
            Body::RecoveryAnnounced(_) | Body::RecoveryDone(_) => Some(Self::Recovery),
            Body::RecoveryVetoed(_) => Some(Self::Refusal),
            Body::RootRotated(_) => Some(Self::Root),
            _ => None,
        }
    }
    const fn begun(self) -> &'static str {
        match self {
            Self::Invitation => "begins to invite",
            Self::Approval => "begins to approve a device",
            Self::Departure => "begins to enter a departure",
            Self::Key => "begins to replace the key",
            Self::Exclusion => "begins to exclude a device",
            Self::Wipe => "begins to order a wipe",
            Self::Proposal => "begins to propose",
            Self::Countersign => "begins to countersign",
            Self::Refusal => "begins to refuse a proposal",
            Self::Rights => "begins to change rights",
            Self::Rules => "begins to change the rules",
            Self::Suspension => "begins to suspend or readmit",
            Self::Review => "begins to review roles",
            Self::Details => "begins to change details",
            Self::Recovery => "begins a step of a recovery with the root key",
            Self::Root => "begins to replace the root key",
        }
    }
    const fn ended(self, done: bool) -> &'static str {
        match (self, done) {
            (Self::Invitation, true) => "invited",
            (Self::Invitation, false) => "did not invite",
            (Self::Approval, true) => "approved a device",
            (Self::Approval, false) => "did not approve a device",
            (Self::Departure, true) => "entered a departure",
            (Self::Departure, false) => "did not enter a departure",
            (Self::Key, true) => "replaced the key",
            (Self::Key, false) => "did not replace the key",
            (Self::Exclusion, true) => "excluded a device",
            (Self::Exclusion, false) => "did not exclude a device",
            (Self::Wipe, true) => "ordered a wipe",
            (Self::Wipe, false) => "did not order a wipe",
            (Self::Proposal, true) => "proposed",
            (Self::Proposal, false) => "did not propose",
            (Self::Countersign, true) => "countersigned",
            (Self::Countersign, false) => "did not countersign",
            (Self::Refusal, true) => "refused a proposal",
            (Self::Refusal, false) => "did not refuse a proposal",
            (Self::Rights, true) => "changed rights",
            (Self::Rights, false) => "did not change rights",
            (Self::Rules, true) => "changed the rules",
            (Self::Rules, false) => "did not change the rules",
            (Self::Suspension, true) => "suspended or readmitted",
            (Self::Suspension, false) => "did not suspend or readmit",
            (Self::Review, true) => "reviewed roles",
            (Self::Review, false) => "did not review roles",
            (Self::Details, true) => "changed details",
            (Self::Details, false) => "did not change details",
            (Self::Recovery, true) => "took a step of a recovery with the root key",
            (Self::Recovery, false) => "did not take a step of a recovery",
            (Self::Root, true) => "replaced the root key",
            (Self::Root, false) => "did not replace the root key",
        }
    }
}

/// What a draft is for the audit.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// The acts among its entries.
    pub(super) acts: Vec<What>,
    /// The log's newest entry once they stand there.
    pub(super) head: RosterHead,
}

/// Acts whose outcome is not known.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Begun {
    #[n(0)]
    acts: Vec<What>,
    /// The log's newest entry once they stand there.
    #[n(1)]
    head: RosterHead,
    #[n(2)]
    at: Timestamp,
}

fn all(tx: &ReadTx<'_>) -> Result<Vec<Begun>, StoreError> {
    Ok(tx.meta(BEGUN)?.unwrap_or_default())
}

fn put(tx: &WriteTx<'_>, all: &Vec<Begun>) -> Result<(), StoreError> {
    if all.is_empty() {
        tx.delete_meta(BEGUN)
    } else {
        tx.put_meta(BEGUN, all)
    }
}

fn append(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    acts: &[What],
    words: impl Fn(What) -> &'static str,
) -> Result<(), StoreError> {
    for act in acts {
        let record = Record::of(Act::Administered, context.now)
            .by(context.me.owner.person())
            .for_reason(words(*act));
        audit::append(tx, &record)?;
    }
    Ok(())
}

/// Records that acts are begun, which will stand in the log up to `head`. After a lost race the same acts are begun
/// under another head, and recorded once.
pub(super) fn begin(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    acts: &[What],
    head: RosterHead,
    replaces: Option<RosterHead>,
) -> Result<(), StoreError> {
    if acts.is_empty() {
        return Ok(());
    }
    let mut all = all(tx)?;
    let before = all.len();
    all.retain(|begun| Some(begun.head) != replaces);
    if all.len() == before {
        append(tx, context, acts, What::begun)?;
    }
    all.push(Begun {
        acts: acts.to_vec(),
        head,
        at: context.now,
    });
    put(tx, &all)
}

/// Records the outcome of the acts up to `head`, if it was not known before.
pub(super) fn end(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    head: RosterHead,
    done: bool,
) -> Result<(), StoreError> {
    let (ended, open): (Vec<_>, Vec<_>) =
        all(tx)?.into_iter().partition(|begun| begun.head == head);
    for begun in &ended {
        append(tx, context, &begun.acts, |act| act.ended(done))?;
    }
    if ended.is_empty() {
        return Ok(());
    }
    put(tx, &open)
}

/// Whether the outcome of something is not known.
pub(super) fn open(tx: &ReadTx<'_>) -> Result<bool, StoreError> {
    Ok(!all(tx)?.is_empty())
}

/// Records the outcomes that the log tells, as far as it was read: what a crash, or a lost answer, left open.
pub(super) fn settle(engine: &Engine) -> Result<(), AdminError> {
    if !engine.store().read::<_, StoreError>(open)? {
        return Ok(());
    }
    engine.write("recording what became of administration", |tx, context| {
        Ok(settle_in(tx, context)?)
    })?;
    Ok(())
}

fn settle_in(tx: &WriteTx<'_>, context: &Context<'_>) -> Result<(), StoreError> {
    for begun in all(tx)? {
        let done = match context.relate(&begun.head) {
            HeadRelation::Known { .. } => true,
            // Another entry stands in its place.
            HeadRelation::Fork => false,
            HeadRelation::Ahead if context.now.since(begun.at) < GIVEN_UP => continue,
            HeadRelation::Ahead => false,
        };
        end(tx, context, begun.head, done)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::timeline::tests::fixture::Ward;

    fn head(seq: u64, byte: u8) -> RosterHead {
        RosterHead {
            seq,
            hash: Digest::new([byte; 32]),
        }
    }

    /// What the audit tells of administration, oldest first.
    fn told(ward: &Ward) -> Vec<String> {
        let mut told: Vec<String> = ward
            .read(|tx| audit::newest(tx, 50))
            .into_iter()
            .filter(|record| record.act == Act::Administered)
            .filter_map(|record| record.reason)
            .collect();
        told.reverse();
        told
    }

    #[test]
    fn what_is_begun_is_told_once_whatever_races_are_lost_and_then_its_outcome() {
        let ward = Ward::new();
        let begin = |at, replaces| {
            ward.write(|tx, context| Ok(begin(tx, context, &[What::Invitation], at, replaces)?));
        };
        begin(head(90, 1), None);
        begin(head(91, 2), Some(head(90, 1)));
        assert_eq!(told(&ward), ["begins to invite"]);
        for _ in 0..2 {
            ward.write(|tx, context| Ok(end(tx, context, head(91, 2), true)?));
        }
        assert_eq!(told(&ward), ["begins to invite", "invited"]);
        assert!(!ward.read(open));
    }

    #[test]
    fn what_a_crash_left_open_is_told_by_the_log() {
        let mut ward = Ward::new();
        let here = ward.world.roster.head().unwrap();
        ward.write(|tx, context| {
            begin(tx, context, &[What::Approval], here, None)?;
            begin(tx, context, &[What::Departure], head(here.seq, 9), None)?;
            Ok(begin(
                tx,
                context,
                &[What::Key],
                head(here.seq + 9, 9),
                None,
            )?)
        });
        ward.write(|tx, context| Ok(settle_in(tx, context)?));
        let outcomes = |ward: &Ward| told(ward).split_off(3);
        assert_eq!(
            outcomes(&ward),
            ["approved a device", "did not enter a departure"]
        );
        assert!(ward.read(open), "it may still arrive");
        ward.now = ward.now.plus(GIVEN_UP);
        ward.write(|tx, context| Ok(settle_in(tx, context)?));
        assert_eq!(outcomes(&ward)[2], "did not replace the key");
        assert!(!ward.read(open));
    }
}

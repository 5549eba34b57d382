//! The only administrator is lost. Whoever has the offline root file and its passphrase, at any device of the
//! organisation, announces another one. Everybody sees it, whoever administers can object, and after the delay that policy
//! names, seen to have passed by others' clocks, the same device finishes it: the announced person becomes an
//! administrator and gets an invitation, with the relay's administration capability, which the root key opens.
//!
//! The root key is handed in and kept nowhere. The invitation's secrets are drawn and committed before the announcement
//! leaves; each step can be repeated until it is done.

use std::sync::Arc;
use std::time::Duration;

use minicbor::{Decode, Encode};

use super::append::{Draft, append, rehearse};
use super::control::{self, Outcome, Step};
use super::invite::{self, Drawn, Invitation};
use super::{AdminError, REQUEST, offers};
use crate::base::{
    Digest, InvitationId, Owner, PersonId, Secret, SigningKey, Timestamp, codec, sha256,
};
use crate::membership::Context;
use crate::roster::kind::{
    PersonDetails, RecoveryAnnounced, RecoveryDone, RecoveryVetoed, RulesAdopted, Setting, Subject,
};
use crate::roster::oversight::{RecoveryRecord, RecoveryState};
use crate::roster::{Action, Actor, FORMAT, Junk, Roster, Scope, Text};
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, put_capability};

redacted!(Announce, Recovery, Recovered);

const ANNOUNCED: &str = "recovery announced";
/// No policy allows less.
const SHORTEST: Duration = Duration::from_secs(24 * 3_600);
/// The longest time to carry it out after the delay.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Who is to administer.
#[derive(Clone, Encode)]
#[cbor(flat)]
pub enum Successor {
    /// Somebody who is not in the roster.
    #[n(1)]
    New {
        /// Name as it will be shown.
        #[n(0)]
        name: String,
        /// Unit; empty where none.
        #[n(1)]
        unit: String,
    },
    /// Somebody who is, or was: the administrator whose device is lost, too.
    #[n(2)]
    Known(#[n(0)] PersonId),
}

/// A recovery to be announced.
#[derive(Clone, Encode)]
#[cbor(array)]
pub struct Announce {
    /// Who is to administer.
    #[n(0)]
    pub successor: Successor,
    /// Why. Every member can read it.
    #[n(1)]
    pub reason: String,
    /// How long after the delay it may be carried out, and the invitation taken; at most 30 days.
    #[n(2)]
    pub valid: Duration,
    /// The link is shown face to face: it holds the six words too.
    #[n(3)]
    pub in_person: bool,
    /// Adopt the newest rules with it, where the organisation still has those of the first release, which know no
    /// recovery. Older releases then ask for an update.
    #[n(4)]
    pub adopt_rules: bool,
}

/// How far a recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its time has not come, or not enough others have seen it come.
    Waits,
    /// It can be finished.
    Ready,
    /// Somebody objected.
    Vetoed,
    /// Nobody finished it in time.
    Expired,
    /// The announced person administers.
    Done,
}

/// A recovery, as every member can see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The announcement's entry.
    pub seq: u64,
    /// Who is to administer.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Log time of the announcement.
    pub announced: Timestamp,
    /// Not before.
    pub effective: Timestamp,
    /// Not after.
    pub expires: Timestamp,
    /// Others whose clocks have seen the delay pass.
    pub witnesses: usize,
    /// How many are needed.
    pub needed: usize,
    /// How far it has come.
    pub standing: Standing,
    /// Whether this device announced it and holds the invitation.
    pub mine: bool,
}

impl Recovery {
    /// As a sentence without its stop.
    #[must_use]
    pub fn words(&self) -> String {
        let what = format!(
            "the offline root key announced {} as administrator",
            self.name
        );
        match self.standing {
            Standing::Waits => format!(
                "{what}, from {} on, once {} of {} needed others have seen it: veto it if it is not wanted",
                self.effective.to_rfc3339(),
                self.witnesses,
                self.needed
            ),
            Standing::Ready => format!("{what}, and it can be carried out now"),
            Standing::Vetoed => format!("{what}; it was vetoed"),
            Standing::Expired => format!("{what}; nobody carried it out in time"),
            Standing::Done => format!("{what}; it was carried out"),
        }
    }
}

/// What finishing came to.
#[derive(Clone)]
pub struct Recovered {
    /// The new administrator's invitation.
    pub invitation: Invitation,
    /// Whether it brings the relay's administration capability. Without it the new administrator cannot replace the roster
    /// key, and so not exclude devices, until somebody who has it does it once.
    pub capability: bool,
}

/// What this device keeps of its own announcement.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct Kept {
    /// What was asked.
    #[n(0)]
    asked: Digest,
    #[n(1)]
    person: PersonId,
    #[n(2)]
    pub(super) drawn: Drawn,
}

pub(super) fn kept(tx: &ReadTx<'_>) -> Result<Option<Kept>, StoreError> {
    tx.meta(ANNOUNCED)
}

/// Texts of a request that are in order.
#[derive(Clone)]
pub(super) struct Plan {
    details: Option<PersonDetails>,
    reason: Text<256>,
    request: Announce,
}

impl Plan {
    pub(super) fn new(request: &Announce) -> Result<Self, AdminError> {
        let details = match &request.successor {
            Successor::Known(_) => None,
            Successor::New { name, unit } => Some(PersonDetails {
                name: Text::new(name.trim()).map_err(|_| AdminError::Text("name"))?,
                unit: match unit.trim() {
                    "" => None,
                    unit => Some(Text::new(unit).map_err(|_| AdminError::Text("unit"))?),
                },
                title: None,
                phone: None,
                external: Default::default(),
            }),
        };
        Ok(Self {
            details,
            reason: Text::new(request.reason.trim()).map_err(|_| AdminError::Text("reason"))?,
            request: request.clone(),
        })
    }
    fn digest(&self) -> Digest {
        sha256(&codec::encode(&self.request))
    }
    /// Draws the secrets, or takes those of the same request before.
    pub(super) fn draw(
        &self,
        context: &Context<'_>,
        before: Option<Kept>,
    ) -> Result<Kept, AdminError> {
        let asked = self.digest();
        if let Some(before) = before {
            let known = record_of(context.roster, &before.drawn.id);
            let standing = known.map(|(_, record)| standing(record, time(context)));
            let matters = match standing {
                // It was drawn and did not reach the log.
                None => before.asked == asked,
                Some(Standing::Waits | Standing::Ready) => true,
                Some(Standing::Done) => open(context, &before.drawn.id),
                Some(Standing::Vetoed | Standing::Expired) => false,
            };
            if matters && before.asked == asked {
                return Ok(before);
            }
            if matters {
                return Err(AdminError::RecoveryWaits);
            }
        }
        let person = match self.request.successor {
            Successor::New { .. } => PersonId::random(context.random),
            Successor::Known(person) => person,
        };
        let owner = Owner::Person(person);
        Ok(Kept {
            asked,
            person,
            drawn: Drawn::random(owner, self.request.in_person, context.random),
        })
    }
    /// Adds the announcement, unless it stands there already. Names its entry.
    pub(super) fn announce(
        &self,
        draft: &mut Draft<'_>,
        root: &SigningKey,
        kept: &Kept,
    ) -> Result<u64, AdminError> {
        if let Some((seq, _)) = record_of(draft.roster(), &kept.drawn.id) {
            return Ok(seq);
        }
        own_root(draft.roster(), root)?;
        if self.request.adopt_rules && draft.roster().rules() < FORMAT {
            draft.add_by_root(root, RulesAdopted { rules: FORMAT })?;
        }
        let delay = draft.roster().policy()?.duration(Setting::RecoveryDelay);
        let effective = draft.time().plus(delay.max(SHORTEST));
        let keys = kept.drawn.keys();
        let subject = match &self.details {
            Some(details) => Subject::NewPerson(kept.person, details.clone()),
            None => Subject::Person(kept.person),
        };
        let body = RecoveryAnnounced {
            subject,
            invitation: kept.drawn.id,
            key: keys.signing.verifying_key(),
            sealing_key: keys.sealing_public()?,
            effective,
            expires: effective.plus(
                self.request
                    .valid
                    .clamp(Duration::from_secs(3_600), LONGEST),
            ),
            reason: self.reason.clone(),
        };
        draft.add_by_root(root, body).map_err(told)?;
        Ok(draft.head())
    }
}

/// Says why in the words of recoveries.
fn told(error: AdminError) -> AdminError {
    match error {
        AdminError::Refused(Junk::TooSoon) => AdminError::RecoveryTooSoon,
        AdminError::Refused(Junk::WrongState) => AdminError::RecoveryWaits,
        AdminError::Refused(Junk::UnknownSubject) => AdminError::NoOwner,
        AdminError::InvitationExpired => AdminError::RecoveryOver,
        other => other,
    }
}

pub(super) fn own_root(roster: &Roster, root: &SigningKey) -> Result<(), AdminError> {
    if roster.organisation()?.root == root.verifying_key() {
        Ok(())
    } else {
        Err(AdminError::WrongRoot)
    }
}

fn record_of<'a>(
    roster: &'a Roster,
    invitation: &InvitationId,
) -> Option<(u64, &'a RecoveryRecord)> {
    let mut all = roster.recoveries().iter();
    all.find(|(_, record)| record.announced.invitation == *invitation)
        .map(|(seq, record)| (*seq, record))
}

fn time(context: &Context<'_>) -> Timestamp {
    context
        .now
        .max(context.roster.log_time().unwrap_or_default())
}

fn open(context: &Context<'_>, id: &InvitationId) -> bool {
    let mut open = context.roster.open_invitations(context.now);
    open.any(|(known, _)| known == id)
}

fn standing(record: &RecoveryRecord, now: Timestamp) -> Standing {
    match record.state {
        RecoveryState::Done(_) => Standing::Done,
        RecoveryState::Vetoed(_) => Standing::Vetoed,
        RecoveryState::Announced if record.announced.expires <= now => Standing::Expired,
        RecoveryState::Announced
            if record.announced.effective <= now
                && usize::from(record.quorum) <= record.witnesses.len() =>
        {
            Standing::Ready
        }
        RecoveryState::Announced => Standing::Waits,
    }
}

/// Every recovery, the newest first.
///
/// # Errors
/// [`AdminError`].
pub fn recoveries(engine: &Engine) -> Result<Vec<Recovery>, AdminError> {
    Ok(engine.read(|tx, context| {
        let mine = kept(tx)?.map(|kept| kept.drawn.id);
        let mut all = list(context);
        for one in &mut all {
            let record = context.roster.recoveries().get(&one.seq);
            one.mine = mine.is_some() && record.map(|r| r.announced.invitation) == mine;
        }
        Ok(all)
    })?)
}

/// The same without what this device keeps.
pub(super) fn list(context: &Context<'_>) -> Vec<Recovery> {
    let now = time(context);
    let mut all = Vec::new();
    for (seq, record) in context.roster.recoveries().iter().rev() {
        let (person, name) = match &record.announced.subject {
            Subject::NewPerson(id, details) => (*id, details.name.as_str().to_owned()),
            Subject::Person(id) => (*id, context.name_of(&Owner::Person(*id))),
            Subject::Place(_) => continue,
        };
        all.push(Recovery {
            seq: *seq,
            person,
            name,
            reason: record.announced.reason.as_str().to_owned(),
            announced: record.time,
            effective: record.announced.effective,
            expires: record.announced.expires,
            witnesses: record.witnesses.len(),
            needed: usize::from(record.quorum),
            standing: standing(record, now),
            mine: false,
        });
    }
    all
}

/// Announces a recovery with the root key. The same request again goes on with what it began; nothing happens before
/// [`finish`].
///
/// # Errors
/// [`AdminError::WrongRoot`], [`AdminError::RecoveryWaits`], [`AdminError::NotAdopted`] and others.
pub async fn announce(
    engine: &Arc<Engine>,
    root: &SigningKey,
    request: &Announce,
) -> Result<Recovery, AdminError> {
    let plan = Plan::new(request)?;
    engine.read_roster(REQUEST).await?;
    // What would be refused leaves nothing behind.
    engine.read(|tx, context| {
        let before = kept(tx)?;
        Ok(plan.draw(context, before).and_then(|drawn| {
            let mut draft = Draft::new(context)?;
            plan.announce(&mut draft, root, &drawn).map(drop)
        }))
    })??;
    let drawn = engine.write("beginning a recovery", |tx, context| {
        let drawn = plan.draw(context, kept(tx)?);
        if let Ok(drawn) = &drawn {
            tx.put_meta(ANNOUNCED, drawn)?;
        }
        Ok(drawn)
    })??;
    let seq = append(engine, |draft| plan.announce(draft, root, &drawn)).await?;
    let mut all = recoveries(engine)?.into_iter();
    all.find(|one| one.seq == seq).ok_or(AdminError::NoRecovery)
}

/// Objects to a recovery: it is off, and may be announced again. Whoever holds a privileged role may, until it is done.
///
/// # Errors
/// [`AdminError::NoRecovery`], [`AdminError::RecoveryOver`], [`AdminError::NotPermitted`] and others.
pub async fn veto(
    engine: &Arc<Engine>,
    announcement: u64,
    why: Option<&str>,
) -> Result<Outcome, AdminError> {
    let reason = control::reason(why)?;
    control::act(engine, None, |draft| {
        let record = draft.roster().recoveries().get(&announcement);
        match record.ok_or(AdminError::NoRecovery)?.state {
            RecoveryState::Vetoed(_) => Ok(Step::Done(announcement)),
            RecoveryState::Done(_) => Err(AdminError::RecoveryOver),
            RecoveryState::Announced => Ok(RecoveryVetoed {
                announcement,
                reason: reason.clone(),
            }
            .into()),
        }
    })
    .await
}

/// Adds the entry that carries a recovery out, unless it stands there already.
pub(super) fn draft_done(
    draft: &mut Draft<'_>,
    root: &SigningKey,
    kept: &Kept,
) -> Result<(), AdminError> {
    let (announcement, record) =
        record_of(draft.roster(), &kept.drawn.id).ok_or(AdminError::NoRecovery)?;
    match record.state {
        RecoveryState::Done(_) => return Ok(()),
        RecoveryState::Vetoed(_) => return Err(AdminError::RecoveryOver),
        RecoveryState::Announced => own_root(draft.roster(), root)?,
    }
    draft
        .add_by_root(root, RecoveryDone { announcement })
        .map_err(told)
}

/// The relay's administration capability, as the root key opens it from the log; `None` where the log holds none for it.
pub(super) fn capability(roster: &Roster, root: &SigningKey) -> Option<Secret<32>> {
    let own = roster.organisation().ok()?;
    let organisation = &roster.anchor().organisation;
    own.root_seal
        .as_ref()?
        .open(root, organisation, own.key.epoch)
        .ok()
}

/// Carries out the recovery that this device announced, and leaves the new administrator's keys at the relay. Again, with
/// an invitation that nobody took yet, leaves them anew: after the roster key was replaced, it must be done again.
///
/// # Errors
/// [`AdminError::NoRecovery`], [`AdminError::RecoveryTooSoon`], [`AdminError::RecoveryOver`], [`AdminError::WrongRoot`].
pub async fn finish(engine: &Arc<Engine>, root: &SigningKey) -> Result<Recovered, AdminError> {
    engine.read_roster(REQUEST).await?;
    let kept = engine.store().read::<_, StoreError>(kept)?;
    let kept = kept.ok_or(AdminError::NoRecovery)?;
    rehearse(engine, |draft| {
        own_root(draft.roster(), root)?;
        draft_done(draft, root, &kept)
    })?;
    append(engine, |draft| draft_done(draft, root, &kept)).await?;
    let capability = engine.read(|_, context| Ok(capability(context.roster, root)))?;
    let take_hash = kept.drawn.keys().take_hash();
    offers::hand_over(engine, kept.drawn.id, take_hash, capability.as_ref()).await?;
    let invitation = engine.write("a recovery is carried out", |tx, context| {
        invite::keep(tx, context, [kept.drawn.clone()])?;
        invite::describe(context, &kept.drawn)
    })?;
    Ok(Recovered {
        invitation: invitation.ok_or(AdminError::NoRecovery)?,
        capability: capability.is_some(),
    })
}

/// Gives this device the administration capability from the root key, where its owner may replace the roster key: for an
/// administrator who was recovered while the key was being replaced.
///
/// # Errors
/// [`AdminError::WrongRoot`], [`AdminError::NoRootSeal`], [`AdminError::NotPermitted`].
pub async fn take_capability(engine: &Arc<Engine>, root: &SigningKey) -> Result<(), AdminError> {
    engine.read_roster(REQUEST).await?;
    engine.write("taking the administration capability", |tx, context| {
        let actor = Actor::device(context.me.device);
        let scope = Scope::organisation();
        if let Err(refusal) = context.roster.may(actor, Action::RotateKey, &scope) {
            return Ok(Err(AdminError::NotPermitted(refusal)));
        }
        if let Err(error) = own_root(context.roster, root) {
            return Ok(Err(error));
        }
        let Some(capability) = capability(context.roster, root) else {
            return Ok(Err(AdminError::NoRootSeal));
        };
        put_capability(tx, &capability)?;
        Ok(Ok(()))
    })?
}

//! Inviting: the entries first, then what the relay keeps for whoever has the link and the words.
//!
//! The secrets are committed before the entries leave, so that a crash between costs nothing: the same request again,
//! or [`resume`](super::resume), goes on. They stay in the encrypted store until the invitation is used, taken back or
//! over, so that [`invitations`] can show a link that nobody has seen yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::{Decode, Encode};

use super::append::{Draft, append, rehearse};
use super::plan::{self, Invite, Plan};
use super::{AdminError, REQUEST};
use super::{control, offers};
use crate::base::{Digest, InvitationId, Owner, Random, Secret, Timestamp};
use crate::membership::Context;
use crate::roster::invitation::WORDS;
use crate::roster::kind::ApprovalMode;
use crate::roster::{InvitationKeys, InvitationLink, InvitationSecret, Words};
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::{Engine, SyncError};

const UNDERWAY: &str = "invitations underway";
const KEPT: &str = "invitations made";
/// Requests per append; each is at most two entries.
const CHUNK: usize = sotto_wire::limits::ROSTER_ENTRIES_PER_CALL / 2;

/// An invitation that was made. Whoever has link and words can take it, once.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// For whom.
    pub owner: Owner,
    /// Their name.
    pub name: String,
    /// The link: a secret until it is used.
    pub link: String,
    /// The six words, for another channel; absent where the link holds them.
    pub words: Option<String>,
    /// Until when.
    pub expires: Timestamp,
    /// Whether an administrator must approve.
    pub approval: bool,
}

/// Says that it is one, not which.
impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation")
            .field("approval", &self.approval)
            .finish_non_exhaustive()
    }
}

/// An invitation that nobody has taken yet.
#[derive(Clone)]
pub struct OpenInvitation {
    /// Its id.
    pub id: InvitationId,
    /// For whom.
    pub name: String,
    /// Until when.
    pub expires: Timestamp,
    /// Whether an administrator must approve.
    pub approval: bool,
    /// With link and words, where this device made it.
    pub mine: Option<Invitation>,
}

/// Says that it is one, not which.
impl std::fmt::Debug for OpenInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenInvitation")
            .field("approval", &self.approval)
            .field("mine", &self.mine.is_some())
            .finish_non_exhaustive()
    }
}

/// An invitation between its first thought and the relay's last word.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct Drawn {
    #[n(0)]
    pub(super) id: InvitationId,
    #[n(1)]
    owner: Owner,
    #[n(2)]
    link: Secret<32>,
    #[n(3)]
    words: Words<WORDS>,
    #[n(4)]
    in_person: bool,
}

impl Drawn {
    /// Draws the secrets of an invitation.
    pub(super) fn random(owner: Owner, in_person: bool, random: &dyn Random) -> Self {
        let secret = InvitationSecret::random(random);
        Self {
            id: InvitationId::random(random),
            owner,
            link: secret.link,
            words: secret.words,
            in_person,
        }
    }
    fn secret(&self) -> InvitationSecret {
        InvitationSecret {
            link: self.link.clone(),
            words: self.words.clone(),
        }
    }
    pub(super) fn keys(&self) -> InvitationKeys {
        self.secret().keys(&self.id)
    }
}

/// Requests that were made together, by what was asked.
pub(super) type Batches = BTreeMap<Digest, Vec<Drawn>>;

/// What a crash, or a failure, left.
pub(super) fn underway(tx: &ReadTx<'_>) -> Result<Batches, StoreError> {
    Ok(tx.meta(UNDERWAY)?.unwrap_or_default())
}

/// Forgets the secrets of one batch.
pub(super) fn forget(tx: &WriteTx<'_>, batch: &Digest) -> Result<(), StoreError> {
    let mut batches = underway(tx)?;
    batches.remove(batch);
    if batches.is_empty() {
        tx.delete_meta(UNDERWAY)
    } else {
        tx.put_meta(UNDERWAY, &batches)
    }
}

/// Keeps the secrets of what has been made, and forgets those of what is not open any more.
pub(super) fn keep(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    made: impl IntoIterator<Item = Drawn>,
) -> Result<(), StoreError> {
    let all: Vec<Drawn> = tx.meta(KEPT)?.unwrap_or_default();
    let before = all.len();
    let open = |drawn: &Drawn| {
        let mut open = context.roster.open_invitations(context.now);
        open.any(|(id, _)| *id == drawn.id)
    };
    let mut kept: Vec<Drawn> = all.into_iter().filter(&open).collect();
    let ended = kept.len() != before;
    let stayed = kept.len();
    for drawn in made.into_iter().filter(&open) {
        if kept.iter().all(|known| known.id != drawn.id) {
            kept.push(drawn);
        }
    }
    match (kept.is_empty(), ended || kept.len() != stayed) {
        (_, false) => Ok(()),
        (true, true) => tx.delete_meta(KEPT),
        (false, true) => tx.put_meta(KEPT, &kept),
    }
}

/// Forgets the secrets of invitations that were used or taken back, or whose time is over.
pub(super) fn forget_ended(engine: &Engine) -> Result<(), AdminError> {
    Ok(
        engine.write("forgetting invitations that are over", |tx, context| {
            Ok(keep(tx, context, [])?)
        })?,
    )
}

/// The open invitations, those that end first at the beginning. Link and words are there where this device made them.
///
/// # Errors
/// [`AdminError`].
pub fn invitations(engine: &Engine) -> Result<Vec<OpenInvitation>, AdminError> {
    forget_ended(engine)?;
    Ok(engine.read(list)?)
}

pub(super) fn list(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
) -> Result<Vec<OpenInvitation>, SyncError> {
    let kept: Vec<Drawn> = tx.meta(KEPT)?.unwrap_or_default();
    let mut open = Vec::new();
    for (id, record) in context.roster.open_invitations(context.now) {
        let drawn = kept.iter().find(|drawn| drawn.id == *id);
        open.push(OpenInvitation {
            id: *id,
            name: context.name_of(&record.owner),
            expires: record.expires,
            approval: record.mode == ApprovalMode::Approval,
            mine: match drawn {
                Some(drawn) => describe(context, drawn)?,
                None => None,
            },
        });
    }
    open.sort_by_key(|invitation| invitation.expires);
    Ok(open)
}

/// Invites one.
///
/// # Errors
/// [`AdminError`].
pub async fn invite(engine: &Arc<Engine>, request: Invite) -> Result<Invitation, AdminError> {
    let mut made = invite_many(engine, std::slice::from_ref(&request)).await?;
    made.pop().ok_or(AdminError::NoInvitation)
}

/// Invites several in as few entries' time as possible: all, or none where one of them would be refused. The same
/// list again after a failure goes on instead of inviting twice.
///
/// # Errors
/// [`AdminError`]; [`AdminError::Item`] names which of several, [`AdminError::Proposed`] that another must agree first.
pub async fn invite_many(
    engine: &Arc<Engine>,
    requests: &[Invite],
) -> Result<Vec<Invitation>, AdminError> {
    let one = requests.len() == 1;
    let item = |index: usize, cause: AdminError| {
        if one {
            cause
        } else {
            AdminError::Item {
                number: index + 1,
                cause: Box::new(cause),
            }
        }
    };
    let plans = requests
        .iter()
        .enumerate()
        .map(|(i, request)| Plan::new(request).map_err(|cause| item(i, cause)));
    let plans = plans.collect::<Result<Vec<_>, _>>()?;
    let batch = plan::digest(requests);
    engine.read_roster(REQUEST).await?;
    let drawn = draw(engine, batch, requests, &plans)?;
    let work: Vec<_> = plans
        .iter()
        .zip(&drawn)
        .map(|(plan, drawn)| (plan, drawn, drawn.keys()))
        .collect();

    // Everything is judged before anything leaves; what an earlier call has brought in is passed over.
    let add = |draft: &mut Draft<'_>, from: usize, until: usize| -> Result<(), AdminError> {
        for (index, (plan, drawn, keys)) in work.iter().enumerate().take(until).skip(from) {
            let known = draft.roster().invitations().contains_key(&drawn.id)
                || control::proposed_invitation(draft.roster(), draft.time(), &drawn.id).is_some();
            if !known {
                plan.draft(draft, drawn.id, drawn.owner, keys)
                    .map_err(|cause| item(index, cause))?;
            }
        }
        Ok(())
    };
    if let Err(refused) = rehearse(engine, |draft| add(draft, 0, work.len())) {
        // Nothing of a batch that is refused as a whole has left; a batch half in stays, and its rest is refused.
        let begun = engine.read(|_, context| {
            Ok(drawn
                .iter()
                .any(|drawn| context.roster.invitations().contains_key(&drawn.id)))
        })?;
        if !begun {
            engine
                .store()
                .write::<_, StoreError>("invitations were refused", |tx| forget(tx, &batch))?;
        }
        return Err(refused);
    }
    for from in (0..work.len()).step_by(CHUNK) {
        append(engine, |draft| add(draft, from, from + CHUNK)).await?;
    }
    let made = finish(engine, batch, &drawn).await?;
    match waiting(engine, &drawn)? {
        // Those that could be made are among the open invitations.
        Some(proposal) => Err(AdminError::Proposed(proposal)),
        None => Ok(made),
    }
}

/// The proposal of the first invitation that waits for a second administrator.
pub(super) fn waiting(engine: &Engine, drawn: &[Drawn]) -> Result<Option<u64>, AdminError> {
    Ok(engine.read(|_, context| {
        let now = context
            .now
            .max(context.roster.log_time().unwrap_or_default());
        let mut proposals = drawn
            .iter()
            .filter_map(|drawn| control::proposed_invitation(context.roster, now, &drawn.id));
        Ok(proposals.next())
    })?)
}

/// Draws ids and secrets and commits them, or takes those of the same request before.
fn draw(
    engine: &Engine,
    batch: Digest,
    requests: &[Invite],
    plans: &[Plan],
) -> Result<Vec<Drawn>, AdminError> {
    let random = engine.random();
    let drawn = engine
        .store()
        .write::<_, StoreError>("beginning to invite", |tx| {
            let mut batches = underway(tx)?;
            if let Some(drawn) = batches.get(&batch) {
                return Ok(drawn.clone());
            }
            let drawn: Vec<Drawn> = requests
                .iter()
                .zip(plans)
                .map(|(request, plan)| Drawn::random(plan.owner(random), request.in_person, random))
                .collect();
            batches.insert(batch, drawn.clone());
            tx.put_meta(UNDERWAY, &batches)?;
            Ok(drawn)
        })?;
    Ok(drawn)
}

/// Leaves the offers at the relay for those that are in the log, and keeps the secrets of those that are open.
pub(super) async fn finish(
    engine: &Arc<Engine>,
    batch: Digest,
    drawn: &[Drawn],
) -> Result<Vec<Invitation>, AdminError> {
    let mut made = Vec::with_capacity(drawn.len());
    let mut left = Vec::with_capacity(drawn.len());
    for drawn in drawn {
        let Some(invitation) = engine.read(|_, context| describe(context, drawn))? else {
            continue;
        };
        let take_hash = drawn.keys().take_hash();
        let epoch = offers::leave(engine, drawn.id, take_hash).await?;
        left.extend(epoch.map(|epoch| offers::Left {
            invitation: drawn.id,
            take_hash,
            epoch,
        }));
        made.push(invitation);
    }
    // What waits for a second administrator needs its secrets until it is decided.
    let waits = waiting(engine, drawn)?.is_some();
    engine.write("invitations are made", |tx, context| {
        offers::remember(tx, left)?;
        keep(tx, context, drawn.iter().cloned())?;
        if waits {
            return Ok(());
        }
        Ok(forget(tx, &batch)?)
    })?;
    Ok(made)
}

/// The invitation as it is handed over; `None` where it never came into the log.
pub(super) fn describe(
    context: &Context<'_>,
    drawn: &Drawn,
) -> Result<Option<Invitation>, SyncError> {
    let roster = context.roster;
    let Some(record) = roster.invitations().get(&drawn.id) else {
        return Ok(None);
    };
    let secret = drawn.secret();
    let relay = roster.organisation()?.relay.clone();
    let link = InvitationLink::new(
        relay,
        *roster.anchor(),
        roster.minimum()?,
        drawn.id,
        &secret,
        drawn.in_person,
    );
    Ok(Some(Invitation {
        id: drawn.id,
        owner: record.owner,
        name: context.name_of(&record.owner),
        link: link.to_url(),
        words: (!drawn.in_person).then(|| drawn.words.reveal()),
        expires: record.expires,
        approval: record.mode == ApprovalMode::Approval,
    }))
}

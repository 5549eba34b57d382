//! Inviting: the entries first, then what the relay keeps for whoever has the link and the words.
//!
//! The secrets are committed before the entries leave and forgotten once the relay holds the offers, so that a crash
//! between costs nothing: the same request again, or [`resume`](super::resume), goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::{Decode, Encode};

use super::append::{Draft, append, rehearse};
use super::offers;
use super::plan::{self, Invite, Plan};
use super::{AdminError, REQUEST};
use crate::base::{Digest, InvitationId, Owner, Secret, Timestamp};
use crate::roster::invitation::WORDS;
use crate::roster::kind::ApprovalMode;
use crate::roster::{InvitationKeys, InvitationLink, InvitationSecret, Words};
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::Engine;

const UNDERWAY: &str = "invitations underway";
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
/// [`AdminError`]; [`AdminError::Item`] names which of several.
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
            if !draft.roster().invitations().contains_key(&drawn.id) {
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
    finish(engine, batch, &drawn).await
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
                .map(|(request, plan)| {
                    let secret = InvitationSecret::random(random);
                    let (id, owner) = (InvitationId::random(random), plan.owner(random));
                    Drawn {
                        id,
                        owner,
                        link: secret.link,
                        words: secret.words,
                        in_person: request.in_person,
                    }
                })
                .collect();
            batches.insert(batch, drawn.clone());
            tx.put_meta(UNDERWAY, &batches)?;
            Ok(drawn)
        })?;
    Ok(drawn)
}

/// Leaves the offers at the relay for those that are in the log, and forgets the secrets.
pub(super) async fn finish(
    engine: &Arc<Engine>,
    batch: Digest,
    drawn: &[Drawn],
) -> Result<Vec<Invitation>, AdminError> {
    let mut made = Vec::with_capacity(drawn.len());
    let mut left = Vec::with_capacity(drawn.len());
    for drawn in drawn {
        let Some(invitation) = describe(engine, drawn)? else {
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
    engine
        .store()
        .write::<_, StoreError>("invitations are made", |tx| {
            offers::remember(tx, left)?;
            forget(tx, &batch)
        })?;
    Ok(made)
}

/// The invitation as it is handed over; `None` where it never came into the log.
fn describe(engine: &Engine, drawn: &Drawn) -> Result<Option<Invitation>, AdminError> {
    let described = engine.read(|_, context| {
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
    })?;
    Ok(described)
}

//! Making conversations and wishing for members. A wish is stored at once; the commit that fulfils it follows when the
//! relay is reached.

use super::ConversationError;
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, Owner};
use crate::membership::{Context, join};
use crate::outbox;
use crate::roster::{Action, Actor, Scope};
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::membership::WishKind;
use crate::store::{Topic, WriteTx};
use crate::sync::{Engine, SyncError};

/// Runs a write whose refusals are this floor's.
pub(crate) fn write<T>(
    engine: &Engine,
    label: &'static str,
    work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> Result<T, ConversationError>,
) -> Result<T, ConversationError> {
    let mut refusal = None;
    let result = engine.write(label, |tx, context| {
        work(tx, context).map_err(|error| match error {
            ConversationError::Sync(error) => error,
            other => {
                refusal = Some(other);
                SyncError::Stopped
            }
        })
    });
    match (result, refusal) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(refusal)) => {
            if matches!(refusal, ConversationError::NotAllowed) {
                refused(engine)?;
            }
            Err(refusal)
        }
        (Err(error), None) => Err(error.into()),
    }
}

/// Records that something was refused to this device's owner for want of a right. What was refused left no trace.
pub(crate) fn refused(engine: &Engine) -> Result<(), ConversationError> {
    engine.write("recording a refusal", |tx, context| {
        Ok(audit::append(
            tx,
            &Record::of(Act::Refused, context.now).by(context.me.owner.person()),
        )?)
    })?;
    Ok(())
}

pub(crate) fn allowed(context: &Context<'_>, action: Action) -> Result<(), ConversationError> {
    let actor = Actor::device(context.me.device);
    context
        .roster
        .may(actor, action, &Scope::organisation())
        .map_err(|_| ConversationError::NotAllowed)
}

fn present(context: &Context<'_>, owner: &Owner) -> Result<(), ConversationError> {
    let acts = context
        .roster
        .view()
        .is_ok_and(|view| view.owner_acts(*owner).is_ok());
    if acts {
        Ok(())
    } else {
        Err(ConversationError::NoOwner)
    }
}

/// A direct conversation whose other side has left reaches nobody: what is written there would be lost in silence.
pub(super) fn reachable(
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<(), ConversationError> {
    let mut peers = [1, 2]
        .into_iter()
        .filter_map(|kind| Owner::from_parts(kind, &conversation.peer));
    let somebody = conversation.kind != ConversationKind::Direct
        || peers.any(|peer| present(context, &peer).is_ok());
    if somebody {
        Ok(())
    } else {
        Err(ConversationError::NoOwner)
    }
}

/// The one direct conversation with somebody: the existing one, or a new one.
///
/// # Errors
/// [`ConversationError`].
pub fn direct(engine: &Engine, with: Owner) -> Result<ConversationId, ConversationError> {
    write(engine, "opening a direct conversation", |tx, context| {
        direct_in(tx, context, with)
    })
}

pub(crate) fn direct_in(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    with: Owner,
) -> Result<ConversationId, ConversationError> {
    if with == context.me.owner {
        return Err(ConversationError::Alone);
    }
    let usable = |state: ConversationState| {
        matches!(
            state,
            ConversationState::Active | ConversationState::Creating
        )
    };
    if let Some(known) = tx
        .direct_with(with.as_bytes())?
        .into_iter()
        .find(|c| usable(c.state))
    {
        return Ok(known.id);
    }
    present(context, &with)?;
    allowed(context, Action::StartConversation)
        .or_else(|refusal| allowed(context, Action::SendResult).map_err(|_| refusal))?;
    create(tx, context, ConversationKind::Direct, "", &[with])
}

/// A new group.
///
/// # Errors
/// [`ConversationError`].
pub fn new_group(
    engine: &Engine,
    title: &str,
    members: &[Owner],
) -> Result<ConversationId, ConversationError> {
    write(engine, "making a group", |tx, context| {
        allowed(context, Action::StartConversation)?;
        let mut others: Vec<Owner> = members
            .iter()
            .copied()
            .filter(|owner| *owner != context.me.owner)
            .collect();
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            return Err(ConversationError::Alone);
        }
        for owner in &others {
            present(context, owner)?;
        }
        create(tx, context, ConversationKind::Group, title.trim(), &others)
    })
}

fn create(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    kind: ConversationKind,
    title: &str,
    owners: &[Owner],
) -> Result<ConversationId, ConversationError> {
    let (row, request) = join::create(tx, context, kind, title, owners)?;
    outbox::file_slot(tx, context, &row, &request)?;
    tx.emit(Topic::Conversation, row.id.as_bytes().to_vec());
    Ok(row.id)
}

/// Wishes for somebody's devices in a group.
///
/// # Errors
/// [`ConversationError`].
pub fn add(engine: &Engine, id: ConversationId, owner: Owner) -> Result<(), ConversationError> {
    wish(engine, id, owner, WishKind::Add, WishKind::Remove)
}

/// Wishes for somebody's devices to go from a group.
///
/// # Errors
/// [`ConversationError`].
pub fn remove(engine: &Engine, id: ConversationId, owner: Owner) -> Result<(), ConversationError> {
    wish(engine, id, owner, WishKind::Remove, WishKind::Add)
}

fn wish(
    engine: &Engine,
    id: ConversationId,
    owner: Owner,
    wanted: WishKind,
    opposite: WishKind,
) -> Result<(), ConversationError> {
    write(engine, "wishing for a change of members", |tx, context| {
        let row = tx
            .conversation(id)?
            .ok_or(ConversationError::NoConversation)?;
        if row.kind == ConversationKind::Direct {
            return Err(ConversationError::Direct);
        }
        if !matches!(
            row.state,
            ConversationState::Active | ConversationState::Creating
        ) {
            return Err(ConversationError::Closed);
        }
        if owner == context.me.owner && wanted == WishKind::Remove {
            return Err(ConversationError::Oneself);
        }
        allowed(context, Action::ManageMembers)?;
        if wanted == WishKind::Add {
            present(context, &owner)?;
        }
        for wish in tx
            .wishes(id)?
            .into_iter()
            .filter(|w| w.kind == opposite && w.owner == owner.as_bytes())
        {
            tx.drop_wish(wish.id)?;
        }
        tx.add_wish(id, wanted, owner.kind(), owner.as_bytes(), context.now)?;
        tx.emit(Topic::Conversation, id.as_bytes().to_vec());
        Ok(())
    })
}

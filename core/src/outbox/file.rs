//! Filing: a draft takes its place in the conversation's lane, and is encrypted as soon as nothing must come first. The
//! ratchet's step and the row with the ciphertext are one transaction, so the same bytes leave on every attempt.

use sotto_wire::submit::{Class, Delivery, Submit};
use sotto_wire::{IdempotencyId, ReceiptHandle, Sealed};

use super::{OutboxError, withdraw};
use crate::base::{ConversationId, MessageId, Timestamp, codec, random, sha256};
use crate::membership::envelope::{self, Frame};
use crate::membership::{Body, Context, Inner, MembershipError, Outgoing, commit, load_group};
use crate::mls::{Group, Member};
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::membership::WishKind;
use crate::store::table::queue::{OutboxKind, OutboxRow, ReceiptWantedRow};
use crate::store::{Topic, WriteTx};

/// Files something for a conversation, behind all that waits there already, and encrypts what may be.
///
/// # Errors
/// [`OutboxError::Closed`] where this device is no member any more.
pub fn file(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    message: Option<MessageId>,
    outgoing: &Outgoing,
) -> Result<(), OutboxError> {
    if matches!(
        conversation.state,
        ConversationState::Left | ConversationState::ReadOnly
    ) {
        return Err(OutboxError::Closed);
    }
    keep(tx, context, conversation, message, outgoing)?;
    encrypt_ready(tx, context, conversation)
}

/// Files a draft and leaves it one.
///
/// # Errors
/// [`OutboxError`].
pub fn keep(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    message: Option<MessageId>,
    outgoing: &Outgoing,
) -> Result<(), OutboxError> {
    tx.push_outbox(
        conversation.id,
        OutboxKind::Draft,
        message,
        &codec::encode(outgoing),
        context.now,
    )?;
    tx.emit(Topic::Outbox, conversation.id.as_bytes().to_vec());
    Ok(())
}

/// Files the request that makes a new conversation's slot: the first row of its lane.
///
/// # Errors
/// [`OutboxError`].
pub fn file_slot(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    request: &sotto_wire::slot::Create,
) -> Result<(), OutboxError> {
    let request = sotto_wire::encode(request);
    tx.push_outbox(
        conversation.id,
        OutboxKind::CreateSlot,
        None,
        &request,
        context.now,
    )?;
    tx.emit(Topic::Outbox, conversation.id.as_bytes().to_vec());
    Ok(())
}

/// Encrypts the drafts of a lane unless a membership change must come first: the first commit of a new conversation,
/// or the removal of a device that may not read on. Drafts of a conversation that this device has been removed from
/// come to their visible end here.
///
/// # Errors
/// [`OutboxError`].
pub fn encrypt_ready(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<(), OutboxError> {
    if conversation.state == ConversationState::Left {
        return give_up(tx, context, conversation, false);
    }
    // A read-only one still carries what was written before it became that.
    if !matches!(
        conversation.state,
        ConversationState::Active | ConversationState::ReadOnly
    ) {
        return Ok(());
    }
    if !drafts(tx, conversation)?
        .iter()
        .any(|row| row.kind == OutboxKind::Draft)
    {
        return Ok(());
    }
    let Some(mut group) = load_group(tx, conversation)? else {
        return Ok(());
    };
    if must_wait(tx, context, conversation, &group)? {
        return Ok(());
    }
    if conversation.kind == ConversationKind::Direct && !anybody(context, &group.members()?) {
        // The other one is gone for good: words still go between one's own devices, messages have nobody to reach.
        give_up(tx, context, conversation, true)?;
    }
    key_first(tx, conversation)?;
    loop {
        let rows = drafts(tx, conversation)?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let outgoing: Outgoing =
                codec::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
            let request = encrypt(tx, context, conversation, &mut group, row.message, outgoing)?;
            let request = past_full(tx, row.message, request, context.now)?;
            if request.deliveries.is_empty() {
                tx.drop_outbox(row.id)?;
            } else {
                tx.outbox_replace(
                    row.id,
                    OutboxKind::Submit,
                    row.message,
                    &sotto_wire::encode(&request),
                )?;
            }
        }
    }
}

fn drafts(tx: &WriteTx<'_>, conversation: &ConversationRow) -> Result<Vec<OutboxRow>, OutboxError> {
    Ok(tx.outbox_drafts(conversation.id, 200)?)
}

/// A new conversation key leaves before everything that is encrypted under it: drafts that waited for the removal move
/// one place back, each into the row of the next.
fn key_first(tx: &WriteTx<'_>, conversation: &ConversationRow) -> Result<(), OutboxError> {
    let rows = tx.outbox_drafts(conversation.id, u32::MAX)?;
    let is_key = |row: &OutboxRow| {
        codec::decode::<Outgoing>(&row.request).is_ok_and(|out| matches!(out.body, Body::Key(..)))
    };
    let (keys, others): (Vec<&OutboxRow>, Vec<&OutboxRow>) =
        rows.iter().partition(|row| is_key(row));
    let wanted: Vec<&OutboxRow> = keys.into_iter().chain(others).collect();
    for (place, row) in rows.iter().zip(wanted) {
        if place.id != row.id {
            tx.outbox_replace(place.id, row.kind, row.message, &row.request)?;
        }
    }
    Ok(())
}

/// What goes to somebody whose mailbox is full waits behind what waits for them already, so that it cannot overtake.
fn past_full(
    tx: &WriteTx<'_>,
    message: Option<MessageId>,
    mut request: Submit,
    now: Timestamp,
) -> Result<Submit, OutboxError> {
    let mut direct = Vec::with_capacity(request.deliveries.len());
    for delivery in std::mem::take(&mut request.deliveries) {
        if tx.outbox_has(full_lane(&delivery))? {
            file_for_one(tx, message, &request, delivery, now)?;
        } else {
            direct.push(delivery);
        }
    }
    request.deliveries = direct;
    Ok(request)
}

/// Where what one full mailbox refused waits.
pub(super) const fn full_lane(delivery: &Delivery) -> ConversationId {
    ConversationId::new(*delivery.alias.as_bytes())
}

/// Files the same payload for one addressee alone, behind what waits for them.
pub(super) fn file_for_one(
    tx: &WriteTx<'_>,
    message: Option<MessageId>,
    request: &Submit,
    delivery: Delivery,
    now: Timestamp,
) -> Result<i64, OutboxError> {
    // An identity of its own, derived: the same addressee of the same request never gets two.
    let id = sha256(
        &[
            request.idempotency.as_bytes().as_slice(),
            delivery.alias.as_bytes(),
        ]
        .concat(),
    );
    let mut idempotency = [0; 16];
    idempotency.copy_from_slice(&id.as_bytes()[..16]);
    let rest = Submit {
        idempotency: IdempotencyId::new(idempotency),
        deliveries: vec![delivery],
        ..request.clone()
    };
    Ok(tx.push_outbox(
        full_lane(&delivery),
        OutboxKind::Submit,
        message,
        &sotto_wire::encode(&rest),
        now,
    )?)
}

/// This device is a member no more, or nobody else is: its drafts, or those for people, reach nobody, and each says so.
fn give_up(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    only_messages: bool,
) -> Result<(), OutboxError> {
    let others = withdraw::addressees(tx, context, conversation)?;
    for row in tx.outbox_drafts(conversation.id, u32::MAX)? {
        if only_messages && row.message.is_none() {
            continue;
        }
        if let Some(message) = row.message {
            withdraw::revoked(tx, context, message, &others)?;
        }
        tx.drop_outbox(row.id)?;
    }
    Ok(())
}

/// A device that knows of a removal commits it before it sends anything else there; and nothing is said to nobody
/// where somebody is expected.
fn must_wait(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &Group<'_>,
) -> Result<bool, OutboxError> {
    let wishes = tx.wishes(conversation.id)?;
    let removal_wished = wishes.iter().any(|w| w.kind == WishKind::Remove);
    let removal_staged = tx
        .pending_commit(conversation.id)?
        .is_some_and(|p| p.resync || !p.next_key.is_empty());
    let members = group.members()?;
    let others: Vec<_> = members
        .iter()
        .filter(|m| m.device != context.me.device)
        .collect();
    let removal_owed = others.iter().any(|m| !context.stands(conversation, m));
    let expected = match conversation.kind {
        ConversationKind::Direct => context
            .peer_of(conversation)
            .is_some_and(|peer| context.acts(&peer)),
        ConversationKind::Group => wishes
            .iter()
            .any(|w| matches!(w.kind, WishKind::Add | WishKind::Heal)),
    };
    Ok(removal_wished
        || removal_staged
        || removal_owed
        || (expected && !anybody(context, &members)))
}

/// Whether somebody else has a device here.
fn anybody(context: &Context<'_>, members: &[Member]) -> bool {
    members.iter().any(|m| {
        context
            .owner_of(&m.device)
            .is_some_and(|owner| owner != context.me.owner)
    })
}

fn encrypt(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &mut Group<'_>,
    message: Option<MessageId>,
    outgoing: Outgoing,
) -> Result<Submit, OutboxError> {
    let keys = tx.conversation_keys(conversation.id)?;
    let wanted = outgoing.generation.unwrap_or(conversation.key_generation);
    let (_, key) = keys
        .iter()
        .find(|(generation, _)| *generation == wanted)
        .or_else(|| keys.first())
        .ok_or(MembershipError::NoConversation)?;
    let inner = Inner {
        head: context.head(),
        sent: context.now,
        body: outgoing.body,
    };
    let ciphertext = group.encrypt(&context.identity(), &codec::encode(&inner))?;
    let payload = envelope::wrap(key, &Frame::Mls(ciphertext), context.random)?;
    tx.mark_payload_seen(sha256(&payload).as_bytes(), context.now)?;

    let mut deliveries = Vec::new();
    for member in group.members()? {
        let Some(alias) = commit::alias_of(tx, context, conversation, &member.device)? else {
            continue;
        };
        let receipt = match message {
            Some(message) if outgoing.receipts && member.device != context.me.device => {
                let handle: [u8; 16] = random::array(context.random);
                tx.want_receipt(&ReceiptWantedRow {
                    handle,
                    message,
                    device: member.device,
                    conversation: conversation.id,
                    since: context.now,
                })?;
                Some(ReceiptHandle::new(handle))
            }
            _ => None,
        };
        deliveries.push(Delivery { alias, receipt });
    }
    Ok(Submit {
        idempotency: IdempotencyId::new(random::array(context.random)),
        payload: Sealed::new(payload),
        deliveries,
        class: if outgoing.urgent {
            Class::Urgent
        } else {
            Class::Routine
        },
        ttl_s: outgoing.ttl_s,
        escrow: Vec::new(),
    })
}

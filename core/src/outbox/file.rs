//! Filing: a draft takes its place in the conversation's lane, and is encrypted as soon as nothing must come first. The
//! ratchet's step and the row with the ciphertext are one transaction, so the same bytes leave on every attempt.

use sotto_wire::submit::{Class, Delivery, Submit};
use sotto_wire::{IdempotencyId, ReceiptHandle, Sealed};

use super::OutboxError;
use crate::base::{MessageId, codec, random, sha256};
use crate::membership::envelope::{self, Frame};
use crate::membership::{Context, Inner, MembershipError, Outgoing, commit, load_group};
use crate::mls::Group;
use crate::store::table::conversation::{ConversationRow, ConversationState};
use crate::store::table::membership::WishKind;
use crate::store::table::queue::{OutboxKind, ReceiptWantedRow};
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
    if matches!(conversation.state, ConversationState::Left | ConversationState::ReadOnly) {
        return Err(OutboxError::Closed);
    }
    tx.push_outbox(conversation.id, OutboxKind::Draft, message, &codec::encode(outgoing), context.now)?;
    tx.emit(Topic::Outbox, conversation.id.as_bytes().to_vec());
    encrypt_ready(tx, context, conversation)
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
    tx.push_outbox(conversation.id, OutboxKind::CreateSlot, None, &request, context.now)?;
    tx.emit(Topic::Outbox, conversation.id.as_bytes().to_vec());
    Ok(())
}

/// Encrypts the drafts of a lane unless a membership change must come first: the first commit of a new conversation,
/// or the removal of a device that may not read on.
///
/// # Errors
/// [`OutboxError`].
pub fn encrypt_ready(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<(), OutboxError> {
    // A read-only one still carries what was written before it became that.
    if !matches!(conversation.state, ConversationState::Active | ConversationState::ReadOnly) {
        return Ok(());
    }
    let Some(mut group) = load_group(tx, conversation)? else { return Ok(()) };
    if must_wait(tx, context, conversation, &group)? {
        return Ok(());
    }
    for row in tx.outbox_lane(conversation.id, 1000)? {
        if row.kind == OutboxKind::Draft {
            let outgoing: Outgoing = codec::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
            let request = encrypt(tx, context, conversation, &mut group, row.message, outgoing)?;
            tx.outbox_encrypted(row.id, &request)?;
        }
    }
    Ok(())
}

/// A device that knows of a removal commits it before it sends anything else there.
fn must_wait(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &Group<'_>,
) -> Result<bool, OutboxError> {
    let removal_wished = tx.wishes(conversation.id)?.iter().any(|w| w.kind == WishKind::Remove);
    let removal_staged = tx.pending_commit(conversation.id)?.is_some_and(|p| p.resync || !p.next_key.is_empty());
    let members = group.members()?;
    let removal_owed = members.iter().any(|m| !context.is_confirmed(&m.device));
    Ok(removal_wished || removal_staged || removal_owed)
}

fn encrypt(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &mut Group<'_>,
    message: Option<MessageId>,
    outgoing: Outgoing,
) -> Result<Vec<u8>, OutboxError> {
    let keys = tx.conversation_keys(conversation.id)?;
    let wanted = outgoing.generation.unwrap_or(conversation.key_generation);
    let (_, key) = keys
        .iter()
        .find(|(generation, _)| *generation == wanted)
        .or_else(|| keys.first())
        .ok_or(MembershipError::NoConversation)?;
    let inner = Inner { head: context.head(), sent: context.now, body: outgoing.body };
    let ciphertext = group.encrypt(&context.identity(), &codec::encode(&inner))?;
    let payload = envelope::wrap(key, &Frame::Mls(ciphertext), context.random)?;
    tx.mark_payload_seen(sha256(&payload).as_bytes(), context.now)?;

    let mut deliveries = Vec::new();
    for member in group.members()? {
        let Some(alias) = commit::alias_of(tx, context, conversation, &member.device)? else { continue };
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
    Ok(sotto_wire::encode(&Submit {
        idempotency: IdempotencyId::new(random::array(context.random)),
        payload: Sealed::new(payload),
        deliveries,
        class: if outgoing.urgent { Class::Urgent } else { Class::Routine },
        ttl_s: outgoing.ttl_s,
        escrow: Vec::new(),
    }))
}

/// A device has been removed: what was encrypted before and has not left is no longer addressed to it.
///
/// # Errors
/// [`OutboxError`].
pub fn withdraw_from(
    tx: &WriteTx<'_>,
    conversation: &ConversationRow,
    aliases: &[sotto_wire::Alias],
) -> Result<(), OutboxError> {
    for row in tx.outbox_lane(conversation.id, 1000)? {
        if row.kind == OutboxKind::Submit {
            let mut request: Submit = sotto_wire::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
            let before = request.deliveries.len();
            request.deliveries.retain(|d| !aliases.contains(&d.alias));
            if request.deliveries.len() != before {
                tx.outbox_encrypted(row.id, &sotto_wire::encode(&request))?;
            }
        }
    }
    Ok(())
}

//! A message that can never leave: what it named is lost on this device. It is taken out of the lanes, so that what was
//! said after it goes on, and its end is shown to whoever wrote it.

use std::collections::BTreeSet;

use sotto_wire::submit::Submit;

use super::{OutboxError, end};
use crate::base::{DeviceId, MessageId};
use crate::membership::{Context, commit, load_group};
use crate::store::table::conversation::ConversationRow;
use crate::store::table::queue::OutboxKind;
use crate::store::table::state::StateRow;
use crate::store::{Topic, WriteTx};
use crate::timeline::State;

/// Takes a message that no addressee has got out of the outbox. For each addressee it ends as revoked: it will not
/// arrive.
///
/// # Errors
/// [`OutboxError`].
pub fn withdraw(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    message: MessageId,
) -> Result<(), OutboxError> {
    let others = addressees(tx, context, conversation)?;
    // What a full mailbox refused waits in a lane of its own.
    let mut lanes = BTreeSet::from([conversation.id]);
    for device in &others {
        if let Some(alias) = commit::alias_of(tx, context, conversation, device)? {
            lanes.insert(crate::base::ConversationId::new(*alias.as_bytes()));
        }
    }
    for lane in lanes {
        for row in tx.outbox_lane(lane, u32::MAX)? {
            if row.message != Some(message) {
                continue;
            }
            if row.kind == OutboxKind::Submit {
                let request: Submit =
                    sotto_wire::decode(&row.request).map_err(|_| OutboxError::Damaged)?;
                for handle in request.deliveries.iter().filter_map(|d| d.receipt) {
                    end(tx, handle.as_bytes(), State::Revoked, context.now)?;
                }
            }
            tx.drop_outbox(row.id)?;
        }
    }
    revoked(tx, context, message, &others)?;
    tx.emit(Topic::Outbox, conversation.id.as_bytes().to_vec());
    Ok(())
}

/// The devices a message here is for; this one where there is nobody else, so that an end has somewhere to stand.
pub(super) fn addressees(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<Vec<DeviceId>, OutboxError> {
    let members = match load_group(tx, conversation)? {
        Some(group) => group.members()?,
        None => Vec::new(),
    };
    let mut others: Vec<_> = members
        .iter()
        .map(|member| member.device)
        .filter(|device| *device != context.me.device)
        .collect();
    if others.is_empty() {
        others.push(context.me.device);
    }
    Ok(others)
}

/// The message reaches none of these devices, and says so.
pub(super) fn revoked(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    message: MessageId,
    devices: &[DeviceId],
) -> Result<(), OutboxError> {
    for device in devices {
        tx.add_message_state(&StateRow {
            message,
            device: Some(*device),
            state: State::Revoked.code(),
            at: context.now,
            proof: Vec::new(),
        })?;
    }
    tx.emit(Topic::Receipt, message.as_bytes().to_vec());
    Ok(())
}

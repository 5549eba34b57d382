//! Who gets a correction: everybody who received, saw or answered any version, wherever they are now.

use std::collections::BTreeSet;

use super::ClinicalError;
use crate::base::{ConversationId, Owner};
use crate::conversation::ConversationError;
use crate::conversation::members::direct_in;
use crate::membership::{Context, MembershipError, load_group};
use crate::store::WriteTx;
use crate::store::table::card::CardRow;
use crate::store::table::conversation::{ConversationRow, ConversationState};
use crate::store::table::membership::WishKind;
use crate::sync::SyncError;

/// The conversations that reach everybody who had a version of `known`. One that is over for this device is replaced by
/// direct conversations with those who have proven that they had the result there.
pub(super) fn holders(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    known: &[CardRow],
) -> Result<BTreeSet<ConversationId>, ClinicalError> {
    let view = context
        .roster
        .view()
        .map_err(SyncError::from)
        .map_err(ConversationError::from)?;
    let (mut open, mut reached, mut had) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for row in known {
        if let Some(conversation) = tx.conversation(row.conversation)? {
            if !matches!(
                conversation.state,
                ConversationState::Left | ConversationState::ReadOnly
            ) {
                open.insert(row.conversation);
                reached.extend(owners(tx, context, &conversation)?);
            } else {
                // A direct conversation's other one, person or place: whichever the roster knows.
                had.extend(
                    [1, 2]
                        .into_iter()
                        .filter_map(|kind| Owner::from_parts(kind, &conversation.peer)),
                );
            }
        }
        let proven = tx.message_states(row.message)?;
        had.extend(
            proven
                .iter()
                .filter_map(|state| context.owner_of(&state.device?)),
        );
    }
    for owner in had
        .difference(&reached)
        .filter(|owner| **owner != context.me.owner)
    {
        // Who has left reads nothing any more.
        if view.owner_acts(*owner).is_ok() {
            open.insert(direct_in(tx, context, *owner)?);
        }
    }
    Ok(open)
}

/// Owners of the devices in a conversation, or wished for.
pub(super) fn owners(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<BTreeSet<Owner>, ConversationError> {
    let mut owners = BTreeSet::new();
    if let Some(group) = load_group(tx, conversation)? {
        let members = group.members().map_err(MembershipError::from)?;
        owners.extend(
            members
                .iter()
                .filter_map(|member| context.owner_of(&member.device)),
        );
    }
    let wished = tx.wishes(conversation.id)?;
    let wished = wished.iter().filter(|wish| wish.kind == WishKind::Add);
    owners.extend(wished.filter_map(|wish| Owner::from_parts(wish.owner_kind, &wish.owner)));
    Ok(owners)
}

//! Who may be sent a result: whoever may view results, by the roster as it is now.

use super::ClinicalError;
use super::spread::owners;
use crate::base::Owner;
use crate::conversation::ConversationError;
use crate::membership::Context;
use crate::roster::{Action, Relation, Scope};
use crate::store::WriteTx;
use crate::store::table::conversation::{ConversationKind, ConversationRow};
use crate::sync::SyncError;

/// Refuses a conversation in which somebody besides this device's owner may not view results. What is sent to a person
/// is addressed to them: that is the relation by which their role is judged.
///
/// # Errors
/// [`ClinicalError::RecipientMayNotView`], [`ClinicalError::MemberMayNotView`].
pub(super) fn may_view(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<(), ClinicalError> {
    let view = context
        .roster
        .view()
        .map_err(SyncError::from)
        .map_err(ConversationError::from)?;
    let scope = Scope::organisation().with(Relation::Addressed);
    let mut recipients = owners(tx, context, conversation)?;
    recipients.extend(context.peer_of(conversation));
    // Who has left is a member until the next commit, and reads nothing any more.
    let barred = |owner: &&Owner| {
        view.owner_acts(**owner).is_ok()
            && view
                .holder_may(**owner, Action::ViewResult, &scope)
                .is_err()
    };
    let others = recipients
        .iter()
        .filter(|owner| **owner != context.me.owner);
    match (others.filter(barred).count(), conversation.kind) {
        (0, _) => Ok(()),
        (_, ConversationKind::Direct) => Err(ClinicalError::RecipientMayNotView),
        (_, ConversationKind::Group) => Err(ClinicalError::MemberMayNotView),
    }
}

//! Whether somebody else's commit may stand. The answer depends on the roster at the position the commit names and on
//! the group before it, and on nothing else, so that every device decides the same.
//!
//! | who | may add | may remove |
//! |---|---|---|
//! | member of a group | any confirmed device of any owner | devices the roster no longer confirms; with the right to manage members, any |
//! | member of a direct conversation | devices of the two owners | devices the roster no longer confirms, or of others |
//! | a device that lost its state (external commit) | itself, with the same key | its own old leaf, exactly |

use super::Context;
use crate::base::{DeviceId, codec};
use crate::mls::StagedRemote;
use crate::roster::{Action, Actor, HeadRelation, RosterHead, Scope};
use crate::store::table::conversation::{ConversationKind, ConversationRow};

/// Judgement on a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It stands; its epoch is judged at this roster position.
    Stands(u64),
    /// It names a roster position this device has not reached.
    RosterBehind,
    /// It names another roster than ours: two rosters exist.
    RosterFork,
    /// It does what its committer may not do.
    Refused,
}

/// Judges a commit against the roster.
#[must_use]
pub fn admit(
    context: &Context<'_>,
    conversation: &ConversationRow,
    commit: &StagedRemote,
) -> Admission {
    let Ok(head) = codec::decode::<RosterHead>(&commit.authenticated_data) else {
        return Admission::Refused;
    };
    match context.relate(&head) {
        HeadRelation::Ahead => return Admission::RosterBehind,
        HeadRelation::Fork => return Admission::RosterFork,
        HeadRelation::Known { .. } => {}
    }
    let at = head.seq;
    if !context.was_confirmed(&commit.committer, at) {
        return Admission::Refused;
    }
    if commit.external
        && !(commit.added.is_empty() && commit.removed.iter().all(|d| *d == commit.committer))
    {
        return Admission::Refused;
    }
    for (device, key) in &commit.added {
        let Some(entry) = context.device(device) else {
            return Admission::Refused;
        };
        let known = entry.details.signature_key == *key && context.was_confirmed(device, at);
        if !known || !context.belongs(conversation, &entry.details.owner) {
            return Admission::Refused;
        }
    }
    let stays = |device: &DeviceId| {
        context.was_confirmed(device, at)
            && context
                .owner_of(device)
                .is_some_and(|owner| context.belongs(conversation, &owner))
    };
    let direct = conversation.kind == ConversationKind::Direct;
    if direct && !commit.external && commit.removed.iter().any(stays) {
        return Admission::Refused;
    }
    Admission::Stands(at)
}

/// Whether a commit's author has the right to put somebody out whom the roster confirms. Following the roster, and one's
/// own devices, needs none; bringing somebody in is open to every member, and everybody sees it.
#[must_use]
pub fn entitled(
    context: &Context<'_>,
    conversation: &ConversationRow,
    commit: &StagedRemote,
    at: u64,
) -> bool {
    if conversation.kind == ConversationKind::Direct || commit.external {
        return true;
    }
    let author = context.owner_of(&commit.committer);
    let expels = commit
        .removed
        .iter()
        .any(|device| context.was_confirmed(device, at) && context.owner_of(device) != author);
    let actor = Actor::device(commit.committer);
    let manages = |view: crate::roster::View<'_>| {
        view.may(actor, Action::ManageMembers, &Scope::organisation())
            .is_ok()
    };
    !expels || context.roster.at(at).is_some_and(manages)
}

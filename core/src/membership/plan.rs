//! Which leaves should be there: the roster and the wishes of people against the group as it is.

use std::collections::BTreeSet;

use super::{Context, MembershipError};
use crate::base::{DeviceId, Owner, Timestamp};
use crate::mls::{Group, MAX_ADDS};
use crate::store::WriteTx;
use crate::store::table::conversation::{ConversationKind, ConversationRow};
use crate::store::table::membership::WishKind;

/// The next commit of one conversation, or nothing to do.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Devices to add: their key packages must be claimed first. At most one batch.
    pub add: Vec<DeviceId>,
    /// Devices to remove.
    pub remove: Vec<DeviceId>,
    /// Replace this device's own leaf keys.
    pub update: bool,
    /// Introduce a new conversation key, as every removal does.
    pub renew: bool,
}

impl Plan {
    /// Nothing to commit.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty() && !self.update
    }
}

/// A wish that waits for the roster to move: for somebody who has no device at the moment.
const PARKED: Timestamp = Timestamp::from_millis(i64::MAX);

/// Compares what should be with what is. Wishes that are fulfilled already are dropped here.
///
/// # Errors
/// [`MembershipError`].
pub fn plan(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &Group<'_>,
) -> Result<Plan, MembershipError> {
    let members = group.members()?;
    let here: BTreeSet<DeviceId> = members.iter().map(|m| m.device).collect();
    let owed: BTreeSet<DeviceId> = members
        .iter()
        .filter(|m| m.device != context.me.device && !context.stands(conversation, m))
        .map(|m| m.device)
        .collect();
    let mut add: BTreeSet<DeviceId> = BTreeSet::new();
    let mut remove = owed.clone();
    let (mut update, mut renew) = (false, false);
    for wish in tx.wishes(conversation.id)? {
        let due = wish.not_before <= context.now;
        let owner = Owner::from_parts(wish.owner_kind, &wish.owner);
        let fulfilled = match (wish.kind, owner) {
            (kind @ (WishKind::Add | WishKind::Heal), Some(owner))
                if context.belongs(conversation, &owner) =>
            {
                let missing: Vec<_> = context
                    .confirmed_devices(&owner)
                    .into_iter()
                    .filter(|d| !here.contains(d))
                    .collect();
                if due {
                    add.extend(missing.iter().copied());
                }
                // Somebody without a device is expected until there is one, or until they are gone.
                let there = here.iter().any(|d| context.owner_of(d) == Some(owner))
                    || !context.acts(&owner);
                missing.is_empty() && there && (kind != WishKind::Heal || owed.is_empty())
            }
            (WishKind::Remove, Some(owner)) if conversation.kind == ConversationKind::Group => {
                let leaves: Vec<_> = here
                    .iter()
                    .copied()
                    .filter(|d| *d != context.me.device && context.owner_of(d) == Some(owner))
                    .collect();
                remove.extend(leaves.iter().copied());
                leaves.is_empty()
            }
            (WishKind::Update, _) => {
                update |= due;
                false
            }
            (WishKind::Renew, _) => {
                update |= due;
                renew |= due;
                false
            }
            _ => true,
        };
        if fulfilled {
            tx.drop_wish(wish.id)?;
        }
    }
    Ok(Plan {
        add: add.into_iter().take(MAX_ADDS).collect(),
        remove: remove.into_iter().collect(),
        update,
        renew,
    })
}

/// Notes wishes where group and roster differ: devices that no longer count go at once; devices that joined an owner who
/// is a member already are added by the owner's other devices at once, and by everybody else after a while that differs
/// from device to device, in case those are switched off.
///
/// # Errors
/// [`MembershipError`].
pub fn heal(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
) -> Result<(), MembershipError> {
    let Some(group) = super::load_group(tx, conversation)? else {
        return Ok(());
    };
    let members = group.members()?;
    let here: BTreeSet<DeviceId> = members.iter().map(|m| m.device).collect();
    let excluded = members
        .iter()
        .any(|m| m.device != context.me.device && !context.stands(conversation, m));
    if excluded {
        // Anybody's wish brings the removal about; one's own is always there to have.
        let me = context.me.owner;
        tx.add_wish(
            conversation.id,
            WishKind::Heal,
            me.kind(),
            me.as_bytes(),
            context.now,
        )?;
    }
    let mut owners: BTreeSet<Owner> = here.iter().filter_map(|d| context.owner_of(d)).collect();
    owners.extend(context.peer_of(conversation));
    // Those who are expected to come back with another device.
    owners.extend(
        tx.wishes(conversation.id)?
            .iter()
            .filter(|wish| matches!(wish.kind, WishKind::Add | WishKind::Heal))
            .filter_map(|wish| Owner::from_parts(wish.owner_kind, &wish.owner)),
    );
    for owner in owners
        .into_iter()
        .filter(|owner| context.belongs(conversation, owner))
    {
        if context
            .confirmed_devices(&owner)
            .iter()
            .all(|d| here.contains(d))
        {
            continue;
        }
        let wait = if owner == context.me.owner {
            0
        } else {
            5_000 + rank(context) % 25_000
        };
        let not_before = context.now.plus(std::time::Duration::from_millis(wait));
        tx.add_wish(
            conversation.id,
            WishKind::Heal,
            owner.kind(),
            owner.as_bytes(),
            not_before,
        )?;
    }
    Ok(())
}

/// Devices were removed. An owner who is still there and lost their last one is expected back with the next; whom
/// somebody removed on purpose is not: their devices count still.
///
/// # Errors
/// [`MembershipError`].
pub(super) fn expect_back(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    here: &[DeviceId],
    removed: &[DeviceId],
) -> Result<(), MembershipError> {
    for owner in removed
        .iter()
        .filter(|d| !context.is_confirmed(d))
        .filter_map(|d| context.owner_of(d))
    {
        let gone = here.iter().all(|d| context.owner_of(d) != Some(owner));
        if gone && context.acts(&owner) && context.belongs(conversation, &owner) {
            tx.add_wish(
                conversation.id,
                WishKind::Heal,
                owner.kind(),
                owner.as_bytes(),
                PARKED,
            )?;
        }
    }
    Ok(())
}

/// A number that differs from device to device and stays the same on each.
fn rank(context: &Context<'_>) -> u64 {
    let bytes = context.me.device.as_bytes();
    u64::from_le_bytes([
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ])
}

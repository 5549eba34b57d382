//! Making a conversation, and joining one by a Welcome.

use std::collections::BTreeSet;

use super::direct::WelcomeBundle;
use super::{Context, MembershipError, envelope, keys};
use crate::base::{ConversationId, DeviceId, Owner, Secret, random};
use crate::mls::{Group, GroupId, StagedJoin, Suite};
use crate::roster::HeadRelation;
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::membership::WishKind;
use crate::store::{Topic, WriteTx};

/// Makes a conversation with this device alone in it, wishes for the others' devices, and returns the request that
/// makes its slot.
///
/// # Errors
/// [`MembershipError`].
pub fn create(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    kind: ConversationKind,
    title: &str,
    owners: &[Owner],
) -> Result<(ConversationRow, sotto_wire::slot::Create), MembershipError> {
    let group_id = GroupId::random(context.random);
    let group = Group::create(
        tx,
        &context.identity(),
        group_id,
        Suite::default(),
        context.now,
    )?;
    let key = Secret::random(context.random);
    let peer = match (kind, owners) {
        (ConversationKind::Direct, [peer]) => peer.as_bytes().to_vec(),
        _ => Vec::new(),
    };
    let row = ConversationRow {
        id: ConversationId::random(context.random),
        kind,
        title: title.to_owned(),
        patient: Vec::new(),
        mls_group: group_id.as_bytes().to_vec(),
        slot: random::array(context.random),
        key_generation: 0,
        alias: random::array(context.random),
        state: ConversationState::Creating,
        peer,
        created: context.now,
        updated: context.now,
    };
    tx.put_conversation(&row)?;
    tx.add_conversation_key(row.id, 0, &key)?;
    tx.add_alias(&row.alias, Some(row.id))?;
    tx.put_epoch(
        &row.mls_group,
        group.epoch(),
        context.head().seq,
        context.me.device,
    )?;
    tx.add_wish(
        row.id,
        WishKind::Add,
        context.me.owner.kind(),
        context.me.owner.as_bytes(),
        context.now,
    )?;
    for owner in owners {
        tx.add_wish(
            row.id,
            WishKind::Add,
            owner.kind(),
            owner.as_bytes(),
            context.now,
        )?;
    }
    let info = group.export_group_info(&context.identity())?;
    let sealed = envelope::seal_for_members(
        &key,
        super::commit::GROUP_INFO,
        &row.slot,
        &info,
        context.random,
    )?;
    let request = sotto_wire::slot::Create {
        slot: sotto_wire::SlotId::new(row.slot),
        epoch: sotto_wire::Epoch(group.epoch()),
        epoch_key: keys::on_wire(&keys::epoch_key(&group.epoch_seed()?).verifying_key()),
        resync_key: keys::on_wire(&keys::resync_key(&key).verifying_key()),
        group_info: sotto_wire::Sealed::new(sealed),
    };
    Ok((row, request))
}

/// How a Welcome ended.
#[derive(Debug)]
pub enum Joined {
    /// A member now; or, where the conversation stands as stalled, as soon as this device has come back to it by an
    /// external commit. The caller announces the alias of this device.
    Member(Box<ConversationRow>),
    /// The roster this device has does not reach as far as the Welcome.
    RosterBehind,
    /// Somebody is in it, or sent it, who may not.
    Refused,
    /// It was made with a key package this device does not have (any more), and there is no way in without it.
    NoKeyPackage,
}

/// Joins by a Welcome whose sender's signature has been verified.
///
/// # Errors
/// [`MembershipError`].
pub fn accept(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    sender: DeviceId,
    bundle: &WelcomeBundle,
) -> Result<Joined, MembershipError> {
    match context.relate(&bundle.head) {
        HeadRelation::Ahead => return Ok(Joined::RosterBehind),
        HeadRelation::Fork => return Ok(Joined::Refused),
        HeadRelation::Known { .. } => {}
    }
    let staged = match StagedJoin::open(tx, &bundle.welcome) {
        Ok(staged) => staged,
        Err(crate::mls::Error::NoKeyPackage) => {
            return enter_later(tx, context, sender, bundle);
        }
        Err(other) => return Err(other.into()),
    };
    let members = &staged.members;
    let confirmed = members.iter().all(|m| {
        context
            .device(&m.device)
            .is_some_and(|d| d.details.signature_key == m.key)
            && context.was_confirmed(&m.device, bundle.head.seq)
    });
    let owners: BTreeSet<Owner> = members
        .iter()
        .filter_map(|m| context.owner_of(&m.device))
        .collect();
    let Some(peer) = peer_of(context, bundle, &owners) else {
        return Ok(Joined::Refused);
    };
    if !confirmed || staged.sender != sender || !may_replace(tx, sender, staged.group, bundle)? {
        return Ok(Joined::Refused);
    }
    let group = staged.accept()?;
    tx.drop_pending_commit(bundle.conversation)?;
    let known = tx.conversation(bundle.conversation)?;
    let row = ConversationRow {
        id: bundle.conversation,
        kind: if bundle.direct {
            ConversationKind::Direct
        } else {
            ConversationKind::Group
        },
        title: bundle.title.clone(),
        patient: bundle.patient.clone(),
        mls_group: group.id().as_bytes().to_vec(),
        slot: bundle.slot,
        key_generation: bundle.key_generation,
        alias: known
            .as_ref()
            .map_or_else(|| random::array(context.random), |old| old.alias),
        state: ConversationState::Active,
        peer,
        created: known.map_or(context.now, |old| old.created),
        updated: context.now,
    };
    tx.put_conversation(&row)?;
    // What the roster has learnt since the Welcome was made is compared at the next round.
    super::plan::heal(tx, context, &row)?;
    tx.add_conversation_key(row.id, bundle.key_generation, &bundle.key)?;
    tx.add_alias(&row.alias, Some(row.id))?;
    for entry in &bundle.aliases {
        tx.put_member_alias(row.id, entry.device, &entry.alias)?;
    }
    tx.put_epoch(&row.mls_group, group.epoch(), bundle.head.seq, sender)?;
    // A leaf that has committed once makes later commits small; when, differs from device to device.
    let soon = context.now.plus(std::time::Duration::from_secs(
        30 + random::below(context.random, 270),
    ));
    tx.add_wish(row.id, WishKind::Update, 0, &[], soon)?;
    settle_direct(tx, &row)?;
    Ok(Joined::Member(Box::new(row)))
}

/// Most conversations that stand still before a Welcome that does not open adds no further one.
const STALLED: usize = 64;

/// Somebody has added this device with a key package whose private half is gone. The Welcome's signed company says where
/// the group is and what opens its GroupInfo: the conversation stands as stalled, until an external commit has put a
/// living leaf in place of the silent one. What is known here already is left as it is.
fn enter_later(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    sender: DeviceId,
    bundle: &WelcomeBundle,
) -> Result<Joined, MembershipError> {
    let Some(peer) = peer_of(context, bundle, &BTreeSet::new()) else {
        return Ok(Joined::NoKeyPackage);
    };
    let known = tx
        .conversations()?
        .iter()
        .any(|row| row.id == bundle.conversation || row.slot == bundle.slot);
    let stalled = tx.conversations_in(ConversationState::Stalled)?.len();
    if known || stalled >= STALLED || !context.was_confirmed(&sender, bundle.head.seq) {
        return Ok(Joined::NoKeyPackage);
    }
    let row = ConversationRow {
        id: bundle.conversation,
        kind: if bundle.direct {
            ConversationKind::Direct
        } else {
            ConversationKind::Group
        },
        title: bundle.title.clone(),
        patient: bundle.patient.clone(),
        // The GroupInfo names it.
        mls_group: GroupId::random(context.random).as_bytes().to_vec(),
        slot: bundle.slot,
        key_generation: bundle.key_generation,
        alias: random::array(context.random),
        state: ConversationState::Stalled,
        peer,
        created: context.now,
        updated: context.now,
    };
    tx.put_conversation(&row)?;
    tx.add_conversation_key(row.id, bundle.key_generation, &bundle.key)?;
    tx.add_alias(&row.alias, Some(row.id))?;
    for entry in &bundle.aliases {
        tx.put_member_alias(row.id, entry.device, &entry.alias)?;
    }
    Ok(Joined::Member(Box::new(row)))
}

/// The other owner of a direct conversation, empty for a group; `None` where the bundle is not true of its members.
fn peer_of(
    context: &Context<'_>,
    bundle: &WelcomeBundle,
    owners: &BTreeSet<Owner>,
) -> Option<Vec<u8>> {
    if !bundle.direct {
        return Some(Vec::new());
    }
    let [one, other] = bundle.pair.as_slice() else {
        return None;
    };
    let peer = if *one == context.me.owner { other } else { one };
    let ours = |owner: &Owner| *owner == context.me.owner || owner == peer;
    let pair = [one, other].contains(&&context.me.owner) && one != other;
    (pair && owners.iter().all(ours)).then(|| peer.as_bytes().to_vec())
}

/// A conversation that is known here goes on as the same group, and while this device is in it only somebody in it may
/// bring it anew: whoever was removed knows its identifier, and could otherwise draw its members into a group of their
/// own. A device that has left is asked back by whoever is in it now.
fn may_replace(
    tx: &WriteTx<'_>,
    sender: DeviceId,
    group: GroupId,
    bundle: &WelcomeBundle,
) -> Result<bool, MembershipError> {
    let Some(known) = tx.conversation(bundle.conversation)? else {
        return Ok(tx.conversation_of_group(group.as_bytes())?.is_none());
    };
    let same = GroupId::from_slice(&known.mls_group) == Some(group)
        && (known.kind == ConversationKind::Direct) == bundle.direct;
    let insider = known.state == ConversationState::Left
        || super::load_group(tx, &known)?.is_none_or(|group| group.contains(sender));
    Ok(same && insider)
}

/// Of the direct conversations of one pair that are in use, the lowest id lives; the others become read-only.
///
/// # Errors
/// [`MembershipError`].
pub fn settle_direct(tx: &WriteTx<'_>, row: &ConversationRow) -> Result<(), MembershipError> {
    if row.kind != ConversationKind::Direct || row.peer.is_empty() {
        return Ok(());
    }
    let all = tx.direct_with(&row.peer)?;
    for other in all
        .iter()
        .filter(|c| c.state == ConversationState::Active)
        .skip(1)
    {
        tx.set_conversation_state(other.id, ConversationState::ReadOnly)?;
        tx.emit(Topic::Conversation, other.id.as_bytes().to_vec());
    }
    Ok(())
}

//! One commit from here: staged with its request in one transaction, resent until its fate is known, then merged or
//! withdrawn. The request registers the next epoch's key before anybody else can derive it.

use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Post};
use sotto_wire::submit::{Class, Delivery};
use sotto_wire::{Alias, Epoch, IdempotencyId, Sealed, SlotId, TenantId, signed};

use super::direct::{self, AliasOf, Direct, WelcomeBundle};
use super::envelope::{self, Frame};
use super::{Context, MembershipError, Plan, keys};
use crate::base::{ConversationId, DeviceId, Secret, codec, random, sha256};
use crate::mls::{Change, Group};
use crate::roster::RosterHead;
use crate::store::table::conversation::{ConversationKind, ConversationRow, ConversationState};
use crate::store::table::membership::{PendingCommitRow, WishKind};
use crate::store::{Topic, WriteTx};

/// Label of a sealed GroupInfo.
pub const GROUP_INFO: &str = "group info";
/// How long commits and Welcomes wait at the relay.
pub const TTL_SECONDS: u32 = 30 * 24 * 3600;

/// What the caller files in the same transaction after a commit was accepted.
#[derive(Debug, Default)]
pub struct Accepted {
    /// A new conversation key to announce as the first message of the new epoch: its generation and the key.
    pub key: Option<(u64, Secret<32>)>,
    /// Devices that came.
    pub added: Vec<DeviceId>,
    /// Devices that went.
    pub removed: Vec<DeviceId>,
}

/// Where a member's device wants this conversation's traffic: its own alias, else its contact alias.
///
/// # Errors
/// [`MembershipError`].
pub fn alias_of(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    device: &DeviceId,
) -> Result<Option<Alias>, MembershipError> {
    if *device == context.me.device {
        return Ok(Some(Alias::new(conversation.alias)));
    }
    if let Some(alias) = tx.member_alias(conversation.id, *device)? {
        return Ok(Some(Alias::new(alias)));
    }
    Ok(context.contact_alias(device).map(Alias::new))
}

/// Stages the commit that fulfils a plan and files its request. Key packages are those claimed for `plan.add`.
///
/// # Errors
/// [`MembershipError::CommitPending`] where one is on its way; otherwise what store or engine refuse.
pub fn stage(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    group: &mut Group<'_>,
    plan: &Plan,
    key_packages: &[Vec<u8>],
) -> Result<(), MembershipError> {
    if tx.pending_commit(conversation.id)?.is_some() {
        return Err(MembershipError::CommitPending);
    }
    let head = context.head();
    let before = group.members()?;
    let epoch_seed = group.epoch_seed()?;
    let change = Change {
        add: key_packages,
        remove: &plan.remove,
        update: plan.update,
    };
    let staged = group.stage_commit(&context.identity(), change, &codec::encode(&head))?;

    let keys = tx.conversation_keys(conversation.id)?;
    let (generation, current) = keys.first().ok_or(MembershipError::NoConversation)?;
    let rotated = (plan.renew || !plan.remove.is_empty()).then(|| Secret::random(context.random));
    let next = rotated.as_ref().unwrap_or(current);
    let next_generation = if rotated.is_some() {
        staged.from_epoch + 1
    } else {
        *generation
    };

    let commit = envelope::wrap(current, &Frame::Mls(staged.commit), context.random)?;
    let commit_digest = sha256(&commit);
    let mut deliveries = Vec::with_capacity(before.len());
    for member in &before {
        if let Some(alias) = alias_of(tx, context, conversation, &member.device)? {
            deliveries.push(Delivery {
                alias,
                receipt: None,
            });
        }
    }
    let mut posts = vec![Post {
        payload: Sealed::new(commit),
        deliveries,
    }];
    if let Some(welcome) = staged.welcome {
        let bundle = bundle(
            tx,
            context,
            conversation,
            &before,
            (next_generation, next),
            head,
            welcome,
        )?;
        posts.extend(welcome_posts(context, &plan.add, &bundle)?);
    }
    let group_info = envelope::seal_for_members(
        next,
        GROUP_INFO,
        &conversation.slot,
        &staged.group_info,
        context.random,
    )?;
    let body = AdvanceBody {
        idempotency: IdempotencyId::new(random::array(context.random)),
        slot: SlotId::new(conversation.slot),
        from_epoch: Epoch(staged.from_epoch),
        next_epoch_key: keys::on_wire(&keys::epoch_key(&staged.next_epoch_seed).verifying_key()),
        next_resync_key: rotated
            .as_ref()
            .map(|key| keys::on_wire(&keys::resync_key(key).verifying_key())),
        group_info: Sealed::new(group_info),
        posts,
        class: Class::Routine,
        ttl_s: TTL_SECONDS,
    };
    let tenant = TenantId::new(context.me.tenant);
    let signature =
        keys::epoch_key(&epoch_seed).sign_raw(&signed::slot_advance(&tenant, &body).bytes());
    let request = Advance {
        body,
        auth: AdvanceAuth::EpochKey(sotto_wire::Sig::new(*signature.as_bytes())),
    };
    tx.put_pending_commit(
        &PendingCommitRow {
            conversation: conversation.id,
            from_epoch: staged.from_epoch,
            request: sotto_wire::encode(&request),
            commit_digest,
            next_key: rotated.map(|key| key.expose().to_vec()).unwrap_or_default(),
            roster_seq: head.seq,
            resync: false,
        },
        context.now,
    )?;
    Ok(())
}

fn bundle(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    members: &[crate::mls::Member],
    (key_generation, key): (u64, &Secret<32>),
    head: RosterHead,
    welcome: Vec<u8>,
) -> Result<WelcomeBundle, MembershipError> {
    let mut aliases = vec![AliasOf {
        device: context.me.device,
        alias: conversation.alias,
    }];
    for member in members {
        if let Some(alias) = tx.member_alias(conversation.id, member.device)? {
            aliases.push(AliasOf {
                device: member.device,
                alias,
            });
        }
    }
    Ok(WelcomeBundle {
        conversation: conversation.id,
        direct: conversation.kind == ConversationKind::Direct,
        title: conversation.title.clone(),
        patient: conversation.patient.clone(),
        slot: conversation.slot,
        key_generation,
        key: key.clone(),
        aliases,
        head,
        welcome,
        pair: match conversation.kind {
            ConversationKind::Direct => [context.me.owner]
                .into_iter()
                .chain(context.peer_of(conversation))
                .collect(),
            ConversationKind::Group => Vec::new(),
        },
    })
}

fn welcome_posts(
    context: &Context<'_>,
    added: &[DeviceId],
    bundle: &WelcomeBundle,
) -> Result<Vec<Post>, MembershipError> {
    let message = Direct::Welcome(Box::new(bundle.clone()));
    let mut posts = Vec::with_capacity(added.len());
    for device in added {
        let (Some(sealing), Some(alias)) =
            (context.sealing_key(device), context.contact_alias(device))
        else {
            continue;
        };
        let payload = direct::seal(sealing, context.me.device, &context.me.signing, &message)?;
        let delivery = Delivery {
            alias: Alias::new(alias),
            receipt: None,
        };
        posts.push(Post {
            payload: Sealed::new(payload),
            deliveries: vec![delivery],
        });
    }
    Ok(posts)
}

/// The relay accepted the staged commit: its epoch begins.
///
/// # Errors
/// [`MembershipError`].
pub fn accepted(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    pending: &PendingCommitRow,
) -> Result<Accepted, MembershipError> {
    let mut group = super::load_group(tx, conversation)?.ok_or(MembershipError::NoConversation)?;
    let before: Vec<DeviceId> = group.members()?.iter().map(|m| m.device).collect();
    if !pending.resync {
        group.merge_pending()?;
    }
    let after: Vec<DeviceId> = group.members()?.iter().map(|m| m.device).collect();
    tx.put_epoch(
        &conversation.mls_group,
        group.epoch(),
        pending.roster_seq,
        context.me.device,
    )?;
    tx.drop_pending_commit(conversation.id)?;
    let removed: Vec<_> = before
        .iter()
        .copied()
        .filter(|d| !after.contains(d))
        .collect();
    let added: Vec<_> = after
        .iter()
        .copied()
        .filter(|d| !before.contains(d))
        .collect();
    departed(tx, context, conversation, &after, &removed)?;
    group.forget_old_epochs(context.now)?;
    renew_later(tx, context, conversation.id)?;
    let key = match Secret::from_slice(&pending.next_key) {
        None => None,
        Some(key) => {
            let generation = pending.from_epoch + 1;
            tx.add_conversation_key(conversation.id, generation, &key)?;
            Some((generation, key))
        }
    };
    if conversation.state == ConversationState::Creating {
        tx.set_conversation_state(conversation.id, ConversationState::Active)?;
    }
    super::join::settle_direct(tx, conversation)?;
    tx.touch_conversation(conversation.id, context.now)?;
    Ok(Accepted {
        key,
        added,
        removed,
    })
}

/// What follows where devices have gone, for whoever stays.
///
/// # Errors
/// [`MembershipError`].
pub fn departed(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    here: &[DeviceId],
    removed: &[DeviceId],
) -> Result<(), MembershipError> {
    for device in removed {
        tx.drop_member_alias(conversation.id, *device)?;
    }
    super::plan::expect_back(tx, context, conversation, here, removed)
}

/// This device is a member no more: nothing is committed here again.
///
/// # Errors
/// [`MembershipError`].
pub fn left(tx: &WriteTx<'_>, conversation: &ConversationRow) -> Result<(), MembershipError> {
    tx.set_conversation_state(conversation.id, ConversationState::Left)?;
    tx.drop_wishes(conversation.id)?;
    tx.drop_pending_commit(conversation.id)?;
    tx.emit(Topic::Conversation, conversation.id.as_bytes().to_vec());
    Ok(())
}

/// The relay refused a staged commit: it is withdrawn and planned anew. An external one has left a group that exists
/// nowhere else; nothing may be encrypted in it, so the conversation stands still until the next.
///
/// # Errors
/// [`MembershipError`].
pub fn lost(
    tx: &WriteTx<'_>,
    conversation: &ConversationRow,
    pending: &PendingCommitRow,
) -> Result<(), MembershipError> {
    let still = tx
        .pending_commit(conversation.id)?
        .is_some_and(|p| p.commit_digest == pending.commit_digest);
    if !still {
        return Ok(());
    }
    if let Some(mut group) =
        super::load_group(tx, conversation)?.filter(|group| group.has_pending())
    {
        group.clear_pending()?;
    }
    tx.drop_pending_commit(conversation.id)?;
    if pending.resync {
        tx.set_conversation_state(conversation.id, ConversationState::Stalled)?;
    }
    Ok(())
}

/// Any commit of one's own replaces the own leaf's keys; the next renewal is due in a week, each device at its own time.
fn renew_later(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: ConversationId,
) -> Result<(), MembershipError> {
    for wish in tx.wishes(conversation)? {
        if matches!(wish.kind, WishKind::Update | WishKind::Renew) {
            tx.drop_wish(wish.id)?;
        }
    }
    let day = 24 * 3600;
    let week = std::time::Duration::from_secs(7 * day + random::below(context.random, day));
    tx.add_wish(
        conversation,
        WishKind::Update,
        0,
        &[],
        context.now.plus(week),
    )
    .map_err(MembershipError::from)
}

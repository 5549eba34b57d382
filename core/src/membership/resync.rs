//! Coming back after state was lost or forked: an external commit that removes exactly this device's own old leaf and
//! adds it again with the same identity and key, authorised by the resync key (RFC 9420 §12.4.3.2).

use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Post};
use sotto_wire::submit::{Class, Delivery};
use sotto_wire::{Epoch, IdempotencyId, Sealed, SlotId, TenantId, signed};

use super::commit::{GROUP_INFO, TTL_SECONDS, alias_of};
use super::envelope::{self, Frame};
use super::{Context, MembershipError, keys};
use crate::base::{codec, random, sha256};
use crate::mls;
use crate::store::WriteTx;
use crate::store::table::conversation::{ConversationRow, ConversationState};
use crate::store::table::membership::PendingCommitRow;

/// Builds the external commit from the GroupInfo the relay served and files its request. The group in the store is
/// replaced in this transaction; nothing is encrypted in it before the relay has accepted. If the relay refuses, the
/// caller tries again with a newer GroupInfo.
///
/// # Errors
/// [`MembershipError`]; [`MembershipError::NoConversation`] where the GroupInfo does not open.
pub fn rejoin(
    tx: &WriteTx<'_>,
    context: &Context<'_>,
    conversation: &ConversationRow,
    sealed_group_info: &[u8],
) -> Result<(), MembershipError> {
    let all_keys = tx.conversation_keys(conversation.id)?;
    let (_, current) = all_keys.first().ok_or(MembershipError::NoConversation)?;
    let info =
        envelope::open_as_member(&all_keys, GROUP_INFO, &conversation.slot, sealed_group_info)
            .ok_or(MembershipError::NoConversation)?;
    tx.drop_pending_commit(conversation.id)?;
    let head = context.head();
    let resynced = match mls::resync(tx, &context.identity(), &info, &codec::encode(&head)) {
        Ok(resynced) => resynced,
        // The members have gone on without this device.
        Err(mls::Error::NoOldLeaf) => return super::commit::left(tx, conversation),
        Err(other) => return Err(other.into()),
    };
    // What the relay keeps in one conversation's slot cannot take another's group.
    if tx
        .conversation_of_group(resynced.group.id().as_bytes())?
        .is_some_and(|other| other.id != conversation.id)
    {
        return Err(MembershipError::NoConversation);
    }

    let payload = envelope::wrap(current, &Frame::Mls(resynced.commit), context.random)?;
    let commit_digest = sha256(&payload);
    let mut deliveries = Vec::new();
    for member in resynced.group.members()? {
        if let Some(alias) = alias_of(tx, context, conversation, &member.device)? {
            deliveries.push(Delivery {
                alias,
                receipt: None,
            });
        }
    }
    let group_info = envelope::seal_for_members(
        current,
        GROUP_INFO,
        &conversation.slot,
        &resynced.group_info,
        context.random,
    )?;
    let body = AdvanceBody {
        idempotency: IdempotencyId::new(random::array(context.random)),
        slot: SlotId::new(conversation.slot),
        from_epoch: Epoch(resynced.from_epoch),
        next_epoch_key: keys::on_wire(&keys::epoch_key(&resynced.next_epoch_seed).verifying_key()),
        next_resync_key: None,
        group_info: Sealed::new(group_info),
        posts: vec![Post {
            payload: Sealed::new(payload),
            deliveries,
        }],
        class: Class::Routine,
        ttl_s: TTL_SECONDS,
    };
    let tenant = TenantId::new(context.me.tenant);
    let signature =
        keys::resync_key(current).sign_raw(&signed::slot_advance(&tenant, &body).bytes());
    let mut row = conversation.clone();
    row.mls_group = resynced.group.id().as_bytes().to_vec();
    if row.state != ConversationState::ReadOnly {
        row.state = ConversationState::Active;
    }
    tx.put_conversation(&row)?;
    // Whoever is in there and may not be goes before anything is sent.
    super::plan::heal(tx, context, &row)?;
    tx.put_epoch(
        &row.mls_group,
        resynced.group.epoch(),
        head.seq,
        context.me.device,
    )?;
    let request = Advance {
        body,
        auth: AdvanceAuth::ResyncKey(sotto_wire::Sig::new(*signature.as_bytes())),
    };
    tx.put_pending_commit(
        &PendingCommitRow {
            conversation: conversation.id,
            from_epoch: resynced.from_epoch,
            request: sotto_wire::encode(&request),
            commit_digest,
            next_key: Vec::new(),
            roster_seq: head.seq,
            resync: true,
        },
        context.now,
    )?;
    Ok(())
}

//! What lies at the relay for invitations that nobody has taken yet. An offer with a roster key is good only while
//! that key is in force, so the device that made it renews it after a rotation; for that it keeps the hash of the take
//! token, which is no secret.

use std::sync::Arc;
use std::time::Duration;

use minicbor::{Decode, Encode};
use sotto_wire::grant::{Create, Drop};
use sotto_wire::{Alias, ErrorCode, GrantId, Sealed, limits, op};

use super::{AdminError, REQUEST};
use crate::base::{Digest, InvitationId, Owner, Secret};
use crate::enrol::{Inviter, Offer};
use crate::membership::Context;
use crate::roster::key::KeyGift;
use crate::roster::kind::{ApprovalMode, SealingPublic};
use crate::roster::record::InvitationState;
use crate::roster::{Action, Scope};
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::sync::{Engine, SyncError, capability, keyring};

const LEFT: &str = "offers left";

/// An offer that holds a roster key.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct Left {
    #[n(0)]
    pub(super) invitation: InvitationId,
    #[n(1)]
    pub(super) take_hash: Digest,
    /// Of the key inside.
    #[n(2)]
    pub(super) epoch: u64,
}

fn left(tx: &ReadTx<'_>) -> Result<Vec<Left>, StoreError> {
    Ok(tx.meta(LEFT)?.unwrap_or_default())
}

/// Remembers offers that may have to be renewed, in place of what was remembered of the same invitations.
pub(super) fn remember(tx: &WriteTx<'_>, offers: Vec<Left>) -> Result<(), StoreError> {
    let mut all = left(tx)?;
    all.retain(|old| !offers.iter().any(|new| new.invitation == old.invitation));
    all.extend(offers);
    put(tx, &all)
}

fn put(tx: &WriteTx<'_>, all: &[Left]) -> Result<(), StoreError> {
    if all.is_empty() {
        tx.delete_meta(LEFT)
    } else {
        tx.put_meta(LEFT, &all.to_vec())
    }
}

/// The roster key for an owner's device: with the administration capability, where the owner may rotate and this
/// device has it.
pub(super) fn gift(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    owner: Owner,
) -> Result<KeyGift, SyncError> {
    let key = keyring(tx)?
        .newest()
        .cloned()
        .ok_or(SyncError::NoRosterKey)?;
    let rotates = context
        .roster
        .view()?
        .holder_may(owner, Action::RotateKey, &Scope::organisation())
        .is_ok();
    let admin_capability = if rotates { capability(tx)? } else { None };
    Ok(KeyGift {
        key,
        admin_capability,
    })
}

pub(super) fn prepare(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    id: InvitationId,
    take_hash: Digest,
    handed: Option<&Secret<32>>,
) -> Result<Option<(Create, Option<u64>)>, SyncError> {
    let record = context.roster.invitations().get(&id);
    let Some(record) =
        record.filter(|r| r.state == InvitationState::Open && context.now < r.expires)
    else {
        return Ok(None);
    };
    let waits = record.mode == ApprovalMode::Approval;
    let gift = if waits {
        None
    } else {
        let mut gift = gift(tx, context, record.owner)?;
        if let Some(handed) = handed {
            gift.admin_capability = Some(handed.clone());
        }
        Some(gift)
    };
    let epoch = gift.as_ref().map(|gift| gift.key.epoch());
    let sealing_key = SealingPublic::new(&context.me.sealing_key().public()?)?;
    let inviter = Inviter {
        device: context.me.device,
        sealing_key,
    };
    let offer = Offer {
        owner: record.owner,
        inviter,
        gift,
    }
    .seal(&record.sealing_key)?;
    let life = record
        .expires
        .since(context.now)
        .max(Duration::from_secs(1));
    let request = Create {
        grant: GrantId::new(*id.as_bytes()),
        take_hash: sotto_wire::Digest::new(*take_hash.as_bytes()),
        offer: Sealed::new(offer),
        expires_s: u32::try_from(life.as_secs())
            .unwrap_or(u32::MAX)
            .clamp(1, limits::GRANT_MAX_S),
        // Word of a claim; who needs no approval leaves none.
        notify: waits.then(|| Alias::new(context.me.contact_alias)),
    };
    Ok(Some((request, epoch)))
}

/// Leaves the offer of an open invitation. Says which key it holds, if one; nothing is left for one that is not open.
pub(super) async fn leave(
    engine: &Arc<Engine>,
    id: InvitationId,
    take_hash: Digest,
) -> Result<Option<u64>, AdminError> {
    let Some((request, epoch)) =
        engine.read(|tx, context| prepare(tx, context, id, take_hash, None))?
    else {
        return Ok(None);
    };
    match engine
        .bearer_call::<op::GrantCreate>(&request, REQUEST)
        .await
    {
        Ok(_) => Ok(epoch),
        // Left by an earlier call; sealing draws, so the bytes are others. Which key that one holds is not known.
        Err(error) if AdminError::relay_code(&error) == Some(ErrorCode::AlreadyExists) => {
            Ok(epoch.map(|_| STALE))
        }
        Err(error) => Err(error.into()),
    }
}

/// Leaves the offer of a recovered administrator, with the administration capability that the root key opened. What lay
/// there before, from a call whose answer was lost or with a key that was replaced, goes first.
pub(super) async fn hand_over(
    engine: &Arc<Engine>,
    id: InvitationId,
    take_hash: Digest,
    capability: Option<&Secret<32>>,
) -> Result<(), AdminError> {
    let prepared = engine.read(|tx, context| prepare(tx, context, id, take_hash, capability))?;
    let Some((request, _)) = prepared else {
        return Err(AdminError::RecoveryOver);
    };
    let drop = Drop {
        grant: request.grant,
    };
    engine.bearer_call::<op::GrantDrop>(&drop, REQUEST).await?;
    engine
        .bearer_call::<op::GrantCreate>(&request, REQUEST)
        .await?;
    Ok(())
}

/// No key has this epoch: such an offer is renewed at the next occasion.
const STALE: u64 = u64::MAX;

/// Renews offers whose key is no longer in force and forgets those that are of no use any more.
pub(super) async fn renew(engine: &Arc<Engine>) -> Result<(), AdminError> {
    let (all, epoch, open) = engine.read(|tx, context| {
        let open: Vec<InvitationId> = context
            .roster
            .open_invitations(context.now)
            .map(|(id, _)| *id)
            .collect();
        Ok((left(tx)?, context.roster.organisation()?.key.epoch, open))
    })?;
    for offer in all
        .into_iter()
        .filter(|offer| offer.epoch != epoch || !open.contains(&offer.invitation))
    {
        let drop = Drop {
            grant: GrantId::new(*offer.invitation.as_bytes()),
        };
        engine.bearer_call::<op::GrantDrop>(&drop, REQUEST).await?;
        let renewed = leave(engine, offer.invitation, offer.take_hash).await?;
        engine
            .store()
            .write::<_, StoreError>("an offer was renewed", |tx| match renewed {
                Some(epoch) => remember(tx, vec![Left { epoch, ..offer }]),
                None => {
                    let mut all = left(tx)?;
                    all.retain(|other| other.invitation != offer.invitation);
                    put(tx, &all)
                }
            })?;
    }
    Ok(())
}

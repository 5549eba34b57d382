//! Letting go: a person leaves or a place closes, and the roster key is replaced with it. The relay takes entries, new
//! bearer, seals and closed mailboxes as one operation, so that nobody who is gone can read or send a moment longer.
//!
//! The operation is committed before it is sent and repeated with the same bytes until the relay's answer is known.

use std::sync::Arc;
use std::time::Duration;

use minicbor::{Decode, Encode};
use sotto_wire::roster::{Rotate, Seal};
use sotto_wire::{
    Alias, Bearer, Digest, ErrorCode, IdempotencyId, Position, PublicKey, Sealed, limits, op,
};

use super::append::Draft;
use super::control::Outcome;
use super::exclude::{self, Excluding};
use super::record::{self, Told};
use super::{AdminError, RACES, REQUEST, certificate, offers, rotation};
use crate::base::{DeviceId, Owner, Secret, Timestamp, random, sha256};
use crate::membership::Context;
use crate::roster::key::SealedAs;
use crate::roster::{RosterHead, RosterKey, Rotation};
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, SyncError, capability, keyring, put_capability, put_keyring};

const ROTATION: &str = "rotation underway";
/// Excluded devices for which the last rotation had no room.
const REST: &str = "devices still to be closed";
/// A rotation carries a seal for each device.
const ROTATE: Duration = Duration::from_secs(120);

/// A rotation that was prepared and whose fate is not known.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Prepared {
    /// The encoded `roster/rotate`.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub(super) request: Vec<u8>,
    #[n(1)]
    key: RosterKey,
    #[n(2)]
    capability: Secret<32>,
    /// Devices for which there is no room in this one; `None` where there are none.
    #[n(3)]
    pub(super) rest: Option<Vec<DeviceId>>,
    /// Devices whose order it lays, and those whose order could not be proven.
    #[n(4)]
    served: Option<(Vec<DeviceId>, Vec<DeviceId>)>,
}

/// Excluded devices whose mailboxes are still open, because there were too many for one rotation.
pub(super) fn rest(tx: &ReadTx<'_>) -> Result<Vec<DeviceId>, StoreError> {
    Ok(tx.meta(REST)?.unwrap_or_default())
}

/// A person leaves, or a place closes: their devices are excluded at once and the roster key is replaced. Again is no
/// error.
///
/// # Errors
/// [`AdminError`]; [`AdminError::OwnDeparture`] for oneself, [`AdminError::Proposed`] where another must agree.
pub async fn leave(engine: &Arc<Engine>, who: Owner) -> Result<(), AdminError> {
    match exclude::depart(engine, who, None).await?.outcome {
        Outcome::Done { .. } => Ok(()),
        Outcome::Proposed { seq } => Err(AdminError::Proposed(seq)),
    }
}

/// Replaces the roster key: after an exclusion that did not, or when its time is over.
///
/// # Errors
/// [`AdminError`].
pub async fn rotate_key(engine: &Arc<Engine>) -> Result<(), AdminError> {
    turn(engine, Cause::Order).await.map(drop)
}

/// Replaces the roster key where its time is over at `now` (the relay's time) and this device may. Of several devices
/// that find it due, the relay takes one: the others see the new key and stop. Says whether this one replaced it.
///
/// # Errors
/// [`AdminError`].
pub async fn rotate_due_key(engine: &Arc<Engine>, now: Timestamp) -> Result<bool, AdminError> {
    if !engine.read(|tx, context| rotation::due_here(tx, context, now))? {
        return Ok(false);
    }
    turn(engine, Cause::Due(now)).await
}

/// How long this device still waits before it lays an order to wipe that somebody entered who may not replace the key;
/// `None` where there is none, or it may not either.
///
/// # Errors
/// [`AdminError`].
pub fn order_waits(engine: &Engine, now: Timestamp) -> Result<Option<Duration>, AdminError> {
    Ok(engine.read(|tx, context| rotation::urgent(tx, context, now))?)
}

/// Why the key is replaced.
#[derive(Clone)]
pub(super) enum Cause {
    /// Devices are excluded.
    Act(Excluding),
    Order,
    /// Its time was over then.
    Due(Timestamp),
}

/// Replaces the key, and again while one operation has no room for all who go. Says whether it was replaced.
pub(super) async fn turn(engine: &Arc<Engine>, cause: Cause) -> Result<bool, AdminError> {
    let turned = turn_once(engine, cause).await?;
    while engine
        .store()
        .read::<_, StoreError>(|tx| Ok(!rest(tx)?.is_empty()))?
    {
        turn_once(engine, Cause::Order).await?;
    }
    Ok(turned)
}

async fn turn_once(engine: &Arc<Engine>, cause: Cause) -> Result<bool, AdminError> {
    settle(engine).await?;
    let mut begun = None;
    for _ in 0..RACES {
        engine.read_roster(REQUEST).await?;
        let prepared = engine.read(|tx, context| {
            let act = match &cause {
                Cause::Act(act) => Some(act),
                Cause::Order => None,
                // Asked again after each lost race: another's rotation is as good.
                Cause::Due(now) if !rotation::due_here(tx, context, *now)? => return Ok(Ok(None)),
                Cause::Due(_) => None,
            };
            Ok(prepare(tx, context, act))
        })??;
        let Some((prepared, Told { acts, head })) = prepared else {
            return Ok(false);
        };
        engine.write("preparing a new roster key", |tx, context| {
            record::begin(tx, context, &acts, head, begun)?;
            Ok(tx.put_meta(ROTATION, &prepared)?)
        })?;
        begun = Some(head);
        match settle(engine).await {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => {
                // Without an answer it is still prepared, and its outcome is for the log to tell.
                let prepared: Option<Prepared> = engine
                    .store()
                    .read::<_, StoreError>(|tx| tx.meta(ROTATION))?;
                if prepared.is_none() {
                    failed(engine, head)?;
                }
                return Err(error);
            }
        }
    }
    if let Some(head) = begun {
        failed(engine, head)?;
    }
    Err(AdminError::Contended)
}

/// Records that it has not come about.
fn failed(engine: &Engine, head: RosterHead) -> Result<(), AdminError> {
    engine.write("recording that a key was not replaced", |tx, context| {
        Ok(record::end(tx, context, head, false)?)
    })?;
    Ok(())
}

/// Makes the operation. `None` where there is nothing to do: the act stands in the log, and the key was replaced since.
/// Whoever was excluded since the key in force began loses the mailbox and what lies in their channel here too, and gets
/// their order, whoever entered it. An order that cannot be proven, or for which there is no room, keeps nobody else in.
pub(super) fn prepare(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    act: Option<&Excluding>,
) -> Result<Option<(Prepared, Told)>, AdminError> {
    let roster = context.roster;
    let (organisation, current) = (context.me.organisation, &roster.organisation()?.key);
    let mut draft = Draft::new(context)?;
    if let Some(act) = act {
        act.draft(&mut draft)?;
    }
    let mut gone = rest(tx)?;
    gone.extend(exclude::unserved(draft.roster())?);
    gone.extend(certificate::lost(tx, draft.roster())?);
    if act.is_some() && draft.is_empty() && gone.is_empty() && !current.due {
        return Ok(None);
    }
    let capability = capability(tx)?.ok_or(AdminError::NoCapability)?;
    let keys = keyring(tx)?;
    let old = keys.get(current.epoch).ok_or(SyncError::NoRosterKey)?;
    let first = act.map_or_else(Vec::new, |act| act.devices(draft.roster()));
    let page = exclude::page(draft.roster(), first, gone);
    let orders = exclude::orders(tx, context, &draft, &keys, &page.now)?;
    let shown = |id| draft.roster().device(id).map(|record| &record.details);
    let going: Vec<_> = page.now.iter().filter_map(shown).collect();
    let close = going
        .iter()
        .map(|device| Alias::new(*device.contact_alias.as_bytes()))
        .collect();
    let refuse: Vec<PublicKey> = going
        .iter()
        .filter_map(|device| Some(PublicKey::new(*device.channel?.key.as_bytes())))
        .collect();
    let recipients = draft.roster().recipients()?;
    if recipients.len() > limits::SEALS {
        return Err(AdminError::TooMany);
    }
    let Rotation {
        key,
        admin_capability,
        seals,
        body,
    } = Rotation::prepare(&organisation, old, &recipients, context.random)?
        .for_root(draft.roster())?;
    draft.add(body)?;
    // The last entry is the rotation, the first one under the new key; what comes before it can still be read by those
    // whom it excludes.
    let acts = draft.acts()?;
    let mut entries = draft.into_entries();
    let rotation = entries.pop().ok_or(SyncError::NoRosterKey)?;
    let mut sealed = Vec::with_capacity(2);
    for entry in entries {
        sealed.push(Sealed::new(old.seal(
            SealedAs::Entry,
            &organisation,
            &entry,
            context.random,
        )?));
    }
    sealed.push(Sealed::new(key.seal(
        SealedAs::Entry,
        &organisation,
        &rotation,
        context.random,
    )?));
    let hash = |secret: &Secret<32>| Digest::new(*sha256(secret.expose()).as_bytes());
    let request = Rotate {
        idempotency: IdempotencyId::new(random::array(context.random)),
        admin_capability: Bearer::new(*capability.expose()),
        expect: Position(roster.next_position()),
        entries: sealed,
        new_bearer_hash: hash(&key.submit_bearer()),
        new_admin_capability_hash: hash(&admin_capability),
        seals: seals
            .into_iter()
            .map(|(alias, seal)| Seal {
                alias: Alias::new(*alias.as_bytes()),
                seal: Sealed::new(seal),
            })
            .collect(),
        close,
        orders: (!orders.laid.is_empty()).then_some(orders.laid),
        refuse: (!refuse.is_empty()).then_some(refuse),
    };
    let prepared = Prepared {
        request: sotto_wire::encode(&request),
        key,
        capability: admin_capability,
        rest: (!page.rest.is_empty()).then_some(page.rest),
        served: Some((orders.served, orders.unproven)),
    };
    Ok(Some((prepared, acts)))
}

/// Sends what is prepared, if anything is. Says whether nothing is left to do; `false` asks for another preparation,
/// from the log as it is then.
pub(super) async fn settle(engine: &Arc<Engine>) -> Result<bool, AdminError> {
    let prepared: Option<Prepared> = engine
        .store()
        .read::<_, StoreError>(|tx| tx.meta(ROTATION))?;
    let Some(prepared) = prepared else {
        return Ok(true);
    };
    let Ok(request) = sotto_wire::decode::<Rotate>(&prepared.request) else {
        drop_prepared(engine)?;
        return Ok(false);
    };
    match engine
        .bearer_call::<op::RosterRotate>(&request, ROTATE)
        .await
    {
        Ok(_) => {
            accepted(engine, prepared)?;
            engine.read_roster(REQUEST).await?;
            record::settle(engine)?;
            offers::renew(engine).await?;
            Ok(true)
        }
        Err(error) => match AdminError::relay_code(&error) {
            Some(ErrorCode::PositionConflict) => {
                drop_prepared(engine)?;
                Ok(false)
            }
            Some(ErrorCode::Unauthorized) => {
                // Another rotation came first, and with it a new capability; or this device has lost its right.
                drop_prepared(engine)?;
                engine.read_roster(REQUEST).await?;
                let now = engine.store().read::<_, StoreError>(capability)?;
                let used = Secret::new(*request.admin_capability.expose());
                if now.is_none_or(|now| now == used) {
                    Err(AdminError::CapabilityRefused)
                } else {
                    Ok(false)
                }
            }
            Some(ErrorCode::BadRequest | ErrorCode::TooLarge | ErrorCode::QuotaExceeded) => {
                drop_prepared(engine)?;
                Err(error.into())
            }
            // Its fate is not known: the same bytes again.
            _ => Err(error.into()),
        },
    }
}

/// The relay has taken it: the new key and capability are this device's too. Where a later rotation has been read
/// meanwhile, they stay as they are.
fn accepted(engine: &Engine, prepared: Prepared) -> Result<(), AdminError> {
    engine
        .store()
        .write::<_, StoreError>("the roster key is replaced", |tx| {
            let mut keys = keyring(tx)?;
            if keys
                .newest()
                .is_none_or(|newest| newest.epoch() < prepared.key.epoch())
            {
                put_capability(tx, &prepared.capability)?;
                keys.insert(prepared.key);
                put_keyring(tx, &keys)?;
            }
            let (laid, unproven) = prepared.served.unwrap_or_default();
            certificate::served(tx, &laid, &unproven)?;
            match &prepared.rest {
                Some(rest) => tx.put_meta(REST, rest)?,
                None => tx.delete_meta(REST)?,
            }
            tx.delete_meta(ROTATION)
        })?;
    Ok(())
}

fn drop_prepared(engine: &Engine) -> Result<(), AdminError> {
    engine
        .store()
        .write::<_, StoreError>("a rotation is to be prepared anew", |tx| {
            tx.delete_meta(ROTATION)
        })?;
    Ok(())
}

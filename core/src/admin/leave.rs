//! Letting go: a person leaves or a place closes, and the roster key is replaced with it. The relay takes entries, new
//! bearer, seals and closed mailboxes as one operation, so that nobody who is gone can read or send a moment longer.
//!
//! The operation is committed before it is sent and repeated with the same bytes until the relay's answer is known.

use std::sync::Arc;
use std::time::Duration;

use minicbor::{Decode, Encode};
use sotto_wire::roster::{Rotate, Seal};
use sotto_wire::{Alias, Bearer, Digest, ErrorCode, IdempotencyId, Position, Sealed, limits, op};

use super::append::Draft;
use super::{AdminError, RACES, REQUEST, offers};
use crate::base::{Owner, Secret, random, sha256};
use crate::membership::Context;
use crate::roster::key::SealedAs;
use crate::roster::kind::{PersonLeft, PlaceClosed};
use crate::roster::{Refusal, RosterKey, Rotation};
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, SyncError, capability, keyring, put_capability, put_keyring};

const ROTATION: &str = "rotation underway";
/// A rotation carries a seal for each device.
const ROTATE: Duration = Duration::from_secs(120);

/// A rotation that was prepared and whose fate is not known.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Prepared {
    /// The encoded `roster/rotate`.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    request: Vec<u8>,
    #[n(1)]
    key: RosterKey,
    #[n(2)]
    capability: Secret<32>,
}

/// A person leaves, or a place closes: their devices are excluded at once and the roster key is replaced. Again is no
/// error.
///
/// # Errors
/// [`AdminError`]; [`AdminError::OwnDeparture`] for oneself.
pub async fn leave(engine: &Arc<Engine>, who: Owner) -> Result<(), AdminError> {
    turn(engine, Some(who)).await
}

/// Replaces the roster key: after an exclusion that did not, or when its time is over.
///
/// # Errors
/// [`AdminError`].
pub async fn rotate_key(engine: &Arc<Engine>) -> Result<(), AdminError> {
    turn(engine, None).await
}

async fn turn(engine: &Arc<Engine>, who: Option<Owner>) -> Result<(), AdminError> {
    settle(engine).await?;
    for _ in 0..RACES {
        engine.read_roster(REQUEST).await?;
        let prepared = engine.read(|tx, context| Ok(prepare(tx, context, who)))??;
        let Some(prepared) = prepared else {
            return Ok(());
        };
        engine
            .store()
            .write::<_, StoreError>("preparing a new roster key", |tx| {
                tx.put_meta(ROTATION, &prepared)
            })?;
        if settle(engine).await? {
            return Ok(());
        }
    }
    Err(AdminError::Contended)
}

/// Whether an owner has gone already.
fn gone(context: &Context<'_>, who: Owner) -> Result<bool, AdminError> {
    match context.roster.view()?.owner_acts(who) {
        Err(Refusal::OwnerLeft) => Ok(true),
        Err(Refusal::UnknownOwner) => Err(AdminError::NoOwner),
        _ => Ok(false),
    }
}

/// Makes the operation. `None` where there is nothing to do: they have gone, and the key was replaced since.
fn prepare(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    who: Option<Owner>,
) -> Result<Option<Prepared>, AdminError> {
    let roster = context.roster;
    let (organisation, current) = (context.me.organisation, &roster.organisation()?.key);
    if who == Some(context.me.owner) {
        return Err(AdminError::OwnDeparture);
    }
    let mut draft = Draft::new(context)?;
    let mut close = Vec::new();
    if let Some(who) = who {
        let gone = gone(context, who)?;
        if gone && !current.due {
            return Ok(None);
        }
        match who {
            Owner::Person(person) if !gone => draft.add(PersonLeft { person })?,
            Owner::Place(place) if !gone => draft.add(PlaceClosed { place })?,
            _ => {}
        }
        let devices = roster
            .devices_of(who)
            .iter()
            .filter_map(|id| roster.device(id));
        close = devices
            .map(|device| Alias::new(*device.details.contact_alias.as_bytes()))
            .collect();
    }
    let capability = capability(tx)?.ok_or(AdminError::NoCapability)?;
    let keys = keyring(tx)?;
    let old = keys.get(current.epoch).ok_or(SyncError::NoRosterKey)?;
    let recipients = draft.roster().recipients()?;
    if recipients.len() > limits::SEALS || close.len() > limits::CLOSE_PER_CALL {
        return Err(AdminError::TooMany);
    }
    let Rotation {
        key,
        admin_capability,
        seals,
        body,
    } = Rotation::prepare(&organisation, old, &recipients, context.random)?;
    draft.add(body)?;
    // The last entry is the rotation, the first one under the new key; what comes before it can still be read by those
    // whom it excludes.
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
    };
    Ok(Some(Prepared {
        request: sotto_wire::encode(&request),
        key,
        capability: admin_capability,
    }))
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

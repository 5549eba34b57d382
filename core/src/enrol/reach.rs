//! Becoming reachable: the mailbox, its first session, and the contact alias that the roster names.

use sotto_wire::mailbox::{AliasCreate, Open};
use sotto_wire::{Alias, Bearer, ErrorCode, Generation, MailboxId, PublicKey, op};

use super::{EnrolError, REQUEST};
use crate::base::{Random, random};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError};
use crate::sync::SyncError;
use crate::transport::{Auth, Transport, session};

/// The device's record, which was committed before the relay heard of it.
pub(super) fn me(store: &Store) -> Result<DeviceSelf, EnrolError> {
    store
        .read::<_, StoreError>(|tx| tx.device_self())?
        .ok_or(EnrolError::NotJoining)
}

/// Opens the mailbox. That the relay takes the bearer also proves that it is the one in force.
pub(super) async fn open_mailbox(
    transport: &Transport,
    me: &DeviceSelf,
    bearer: &Bearer,
) -> Result<(), EnrolError> {
    let request = Open {
        mailbox: MailboxId::new(me.mailbox),
        key: PublicKey::new(*me.mailbox_key.verifying_key().as_bytes()),
        generation: Generation::new(me.generation),
    };
    match transport
        .call::<op::MailboxOpen>(&Auth::Submit(bearer.clone()), &request, REQUEST)
        .await
    {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.code() {
            Some(ErrorCode::Unauthorized) => EnrolError::KeysReplaced,
            Some(ErrorCode::MailboxClosed) => EnrolError::Excluded,
            _ => error.into(),
        }),
    }
}

/// Starts a session and makes the contact alias known. The next generation is stored before it is asked for, so that
/// a lost answer is none.
pub(super) async fn be_known(
    store: &Store,
    transport: &Transport,
    random: &dyn Random,
) -> Result<(), EnrolError> {
    let next: [u8; 16] = random::array(random);
    let me = store.write::<_, EnrolError>("choosing the first session generation", |tx| {
        let mut me = tx.device_self()?.ok_or(EnrolError::NotJoining)?;
        if me.next_generation == me.generation {
            me.next_generation = next;
            tx.put_device_self(&me)?;
        }
        Ok(me)
    })?;
    let (expect, next) = (
        Generation::new(me.generation),
        Generation::new(me.next_generation),
    );
    let mailbox = MailboxId::new(me.mailbox);
    let session = session::start(transport, &me.mailbox_key, mailbox, expect, next, REQUEST)
        .await
        .map_err(refused)?;
    store.write::<_, StoreError>("confirming the first session generation", |tx| {
        if let Some(mut stored) = tx.device_self()? {
            stored.generation = me.next_generation;
            tx.put_device_self(&stored)?;
        }
        Ok(())
    })?;
    let request = AliasCreate {
        aliases: vec![Alias::new(me.contact_alias)],
    };
    transport
        .call::<op::AliasCreate>(&session.auth(), &request, REQUEST)
        .await
        .map_err(refused)?;
    store.write::<_, StoreError>("the contact alias is known to the relay", |tx| {
        tx.add_alias(&me.contact_alias, None)?;
        tx.alias_registered(&me.contact_alias)
    })?;
    Ok(())
}

fn refused(error: crate::transport::TransportError) -> EnrolError {
    match error.code() {
        Some(ErrorCode::GenerationConflict) => SyncError::CopiedStore.into(),
        Some(ErrorCode::MailboxClosed) => EnrolError::Excluded,
        _ => error.into(),
    }
}

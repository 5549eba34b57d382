//! The store's own copy of the stub. Whoever has the folder can delete the stub or put an older one back, and would so end
//! the lease and the wipe; the copy lies under the database key, and says what the stub was.

use std::path::Path;

use super::file;
use super::stub::{Armed, Stub};
use super::{Protection, WipeError};
use crate::roster::Lease;
use crate::store::{ReadTx, Store, StoreError};

const MIRROR: &str = "wipe stub";

/// What an open store knows of its stub.
#[derive(Debug, Clone)]
pub enum Known {
    /// There is none to be expected: this device belongs nowhere yet, or has no wipe channel.
    Nothing,
    /// There should be one, and neither the folder nor the store has it.
    Missing,
    /// It is this one.
    Armed(Box<Armed>),
}

pub(super) fn read(tx: &ReadTx<'_>) -> Result<Option<Armed>, StoreError> {
    tx.meta(MIRROR)
}

pub(super) fn write(store: &Store, armed: &Armed) -> Result<(), StoreError> {
    store.write("keeping what a locked device knows", |tx| {
        tx.put_meta(MIRROR, armed)
    })
}

/// What holds of a stub in the folder and the store's copy. What only the open store changes comes from the copy; what a
/// locked device learns (times, refusals, extensions) from the stub, unless it is one from before the copy was written.
pub(super) fn reconciled(mirror: Option<Armed>, stub: Option<Armed>) -> Option<Armed> {
    let (mirror, stub) = match (mirror, stub) {
        (None, either) | (either, None) => return either,
        (Some(mirror), Some(stub)) => (mirror, stub),
    };
    if stub.identity != mirror.identity || stub.written < mirror.written {
        return Some(mirror);
    }
    if stub.written > mirror.written {
        // The store is the older one: it was restored, or could not be written to.
        return Some(stub);
    }
    let (kept, heard) = (mirror.lease, stub.lease);
    Some(Armed {
        unlocked_at: stub.unlocked_at.max(mirror.unlocked_at),
        opened: stub.opened,
        protection: stub.protection,
        lease: Lease {
            attested_at: kept.attested_at.min(heard.attested_at),
            attested_here: kept.attested_here.min(heard.attested_here),
            lock_after: kept.lock_after,
            erase_after: kept.erase_after,
            alone: kept.alone,
            ..heard
        },
        ..mirror
    })
}

/// The stub of an open store's device.
///
/// # Errors
/// [`WipeError::Begun`], [`WipeError::Newer`]; what the disk and the store answer.
pub fn known(store: &Store, home: &Path) -> Result<Known, WipeError> {
    let stub = match super::read(home)? {
        Some(Stub::Armed(armed)) => Some(*armed),
        Some(_) => return Err(WipeError::Begun),
        None => None,
    };
    let (mirror, expected) = store.read::<_, StoreError>(|tx| {
        let expected = tx
            .device_self()?
            .is_some_and(|me| me.enrolled && me.channel.is_some());
        Ok((read(tx)?, expected))
    })?;
    Ok(match reconciled(mirror, stub) {
        Some(armed) => Known::Armed(Box::new(armed)),
        None if expected => Known::Missing,
        None => Known::Nothing,
    })
}

/// Puts the stub back where it is missing, damaged, or not the one that the store knows.
///
/// # Errors
/// As [`known`].
pub fn put_back(store: &Store, home: &Path, protection: Protection) -> Result<Known, WipeError> {
    let known = known(store, home)?;
    let Known::Armed(armed) = &known else {
        return Ok(known);
    };
    let mirror = Some((**armed).clone());
    file::update(home, |stub| {
        let missing = stub.is_none();
        let mut armed = reconciled(mirror, stub)?;
        if missing {
            // What is protected how is seen at the record; and whether the relay knows the channel is asked again.
            (armed.protection, armed.opened) = (protection, None);
        }
        Some(armed)
    })?;
    Ok(known)
}

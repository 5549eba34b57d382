//! How a device comes to belong to an organisation: by founding one, or by taking an invitation.
//!
//! Both work before there is anything to sync, over the store and the relay alone, and while every administrator
//! sleeps. Both survive a crash at any point: what is drawn is committed in one transaction before the relay hears of
//! it, each step at the relay may be repeated, and a second call with the same request goes on where the first one
//! stopped. Until the last transaction the device's record says that it is not enrolled.
//!
//! Nothing that the relay says is believed: its TLS and signing keys come from the link or the founder, the log is
//! replayed from the organisation's root key, and it must hold the entry that the link names.

mod claim;
mod connect;
mod enter;
mod error;
mod found;
mod join;
mod joining;
mod log;
mod offer;
mod reach;
pub(crate) mod root_file;

#[cfg(test)]
mod tests;

pub use claim::open_request;
pub use connect::RelayAddress;
pub use error::EnrolError;
pub use found::{Founding, NewOrganisation, found};
pub use join::{Join, await_approval, join};
pub use offer::{Inviter, Offer};

use std::time::Duration;

use crate::base::{DeviceId, OrganisationId};
use crate::roster::Name;
use crate::roster::kind::RelayDescriptor;
use crate::store::Store;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// This device belongs to an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// This device.
    pub device: DeviceId,
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its name.
    pub name: Name,
    /// Its relay, as the roster names it now.
    pub relay: RelayDescriptor,
}

/// Who this store's device is and which relay its roster names; `None` where it is not enrolled (yet).
///
/// # Errors
/// [`EnrolError`] where the store cannot be read, or the roster in it not be replayed.
pub fn member(store: &Store) -> Result<Option<Member>, EnrolError> {
    store.read(|tx| {
        let Some(me) = tx.device_self()?.filter(|me| me.enrolled) else {
            return Ok(None);
        };
        let roster = crate::sync::rebuild(tx, &me, None)?;
        let own = roster.organisation()?;
        Ok(Some(Member {
            device: me.device,
            organisation: me.organisation,
            name: own.name.clone(),
            relay: own.relay.clone(),
        }))
    })
}

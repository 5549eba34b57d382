//! Organisations and their registration tokens.

use std::path::Path;

use sotto_wire::base64url;

use super::{AdminError, say};
use crate::clock::{Clock, Random, SystemClock, SystemRandomness};
use crate::crypto::sha256;
use crate::files;
use crate::serve::database;
use crate::store::sqlite::{open_writer, tenant};

/// Prints a new token. Only its digest is kept.
pub(crate) fn add(data: &Path) -> Result<(), AdminError> {
    files::make_folder(data)?;
    let conn = open_writer(&database(data))?;
    let token = SystemRandomness::new().bytes()?;
    tenant::add_token(&conn, &sha256(&token), SystemClock::start().now().0)?;
    say(format_args!("{}", base64url::encode(&token)))
}

/// Prints a line for each organisation.
pub(crate) fn list(data: &Path) -> Result<(), AdminError> {
    let (tenants, unused) = tenant::list(&open_writer(&database(data))?)?;
    for one in tenants {
        say(format_args!(
            "{} created-ms={} mailboxes={} roster-entries={} bytes={}",
            base64url::encode(&one.tenant),
            one.created,
            one.mailboxes,
            one.roster,
            one.bytes
        ))?;
    }
    say(format_args!("unused-tokens={unused}"))
}

/// Lets nobody of the organisation in any more. A serving relay deletes what it kept within moments, another one when it
/// next serves.
pub(crate) fn remove(data: &Path, name: &str) -> Result<(), AdminError> {
    let id = base64url::decode::<16>(name).ok_or(AdminError::NoTenant)?;
    if tenant::remove(&open_writer(&database(data))?, &id)? {
        Ok(())
    } else {
        Err(AdminError::NoTenant)
    }
}

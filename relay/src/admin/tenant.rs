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
    let random = SystemRandomness::new();
    // One that begins like a flag would be a nuisance to hand on.
    let token = loop {
        let token = random.bytes()?;
        if !base64url::encode(&token).starts_with('-') {
            break token;
        }
    };
    tenant::add_token(&conn, &sha256(&token), SystemClock::start().now().0)?;
    say(format_args!("{}", base64url::encode(&token)))
}

/// Prints a line for each organisation.
pub(crate) fn list(data: &Path) -> Result<(), AdminError> {
    let (tenants, unused) = tenant::list(&open_writer(&database(data))?)?;
    for one in tenants {
        say(format_args!(
            "{} created-ms={} mailboxes={} roster-entries={} bytes={}",
            hex(&one.tenant),
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
    let id = unhex(name).ok_or(AdminError::NoTenant)?;
    if tenant::remove(&open_writer(&database(data))?, &id)? {
        Ok(())
    } else {
        Err(AdminError::NoTenant)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok()?;
    let id = number.to_be_bytes();
    (hex(&id) == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let id = [0x0f; 16];
        assert_eq!(unhex(&hex(&id)), Some(id));
        for other in [
            "",
            "0f",
            "+0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "zz",
        ] {
            assert_eq!(unhex(other), None, "{other}");
        }
    }
}

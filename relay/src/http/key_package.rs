//! Key packages.

use std::sync::Arc;

use sotto_wire::{LimitKind, WireError, key_package, limits};

use super::Call;
use crate::memory::rates::{Key, Kind};
use crate::relay::{Relay, at_most, distinct, some_of};

pub(super) async fn publish(
    relay: Arc<Relay>,
    call: Call,
    request: key_package::Publish,
) -> Result<key_package::Published, WireError> {
    let session = relay.session(&call.tenant()?, &call.bearer()?)?;
    at_most(
        LimitKind::KeyPackages,
        request.one_time.len() as u64,
        limits::KEY_PACKAGES_PER_CALL as u64,
    )?;
    for package in request.one_time.iter().chain(&request.last_resort) {
        at_most(
            LimitKind::KeyPackageBytes,
            package.len() as u64,
            limits::KEY_PACKAGE_BYTES as u64,
        )?;
    }
    relay.disk.check()?;
    let published = relay
        .store
        .publish_key_packages(session.owner, request)
        .await;
    Ok(key_package::Published {
        remaining: published.map_err(|error| relay.refusal(error))?,
    })
}

pub(super) async fn claim(
    relay: Arc<Relay>,
    call: Call,
    request: key_package::Claim,
) -> Result<key_package::Claimed, WireError> {
    some_of(LimitKind::Claims, &request.aliases, limits::CLAIMS_PER_CALL)?;
    distinct(request.aliases.iter())?;
    let n = u32::try_from(request.aliases.len()).unwrap_or(u32::MAX);
    let who = call.admit(&relay, Kind::Claim, n).await?;
    // Nobody can drain a device's one-time key packages: who is claimed too often gives its last-resort one.
    let drained = |alias: &sotto_wire::Alias| {
        relay
            .rate(
                Key::of_two(Kind::ClaimedAlias, who.tenant.as_bytes(), alias.as_bytes()),
                1,
            )
            .is_err()
    };
    let last_resort_only = request.aliases.iter().map(drained).collect();
    relay
        .store
        .claim_key_packages(who, request, last_resort_only)
        .await
        .map_err(|error| relay.refusal(error))
}

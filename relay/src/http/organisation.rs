//! What the relay is, and how an organisation comes to it.

use std::sync::Arc;

use sotto_wire::{VERSION, WireError, info, tenant};

use super::Call;
use crate::crypto::sha256;
use crate::relay::Relay;

pub(super) fn info(relay: &Relay, call: &Call) -> Result<info::RelayInfo, WireError> {
    relay.rate_stranger(call.peer())?;
    Ok(info::RelayInfo {
        version_min: VERSION,
        version_max: VERSION,
        signing_key: relay.key.public(),
        limits: relay.config.told(),
        time: relay.key.time(relay.now()),
    })
}

pub(super) async fn register(
    relay: Arc<Relay>,
    call: Call,
    request: tenant::Register,
) -> Result<tenant::Registered, WireError> {
    relay.rate_register(call.peer())?;
    relay.disk.check()?;
    let token = sha256(request.token.expose());
    relay
        .store
        .register(request, token)
        .await
        .map_err(|error| relay.refusal(error))?;
    Ok(tenant::Registered {})
}

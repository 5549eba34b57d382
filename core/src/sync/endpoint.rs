//! From the roster's description of a relay to the way there: the roster knows no network, and transport no roster.

use sotto_wire::TenantId;

use crate::roster::kind::RelayDescriptor;
use crate::transport::{Endpoint, EndpointError, ProxySetting, Timeouts, TransportError};

/// The endpoint that a descriptor names.
///
/// # Errors
/// [`TransportError`] where its address cannot be read.
pub fn endpoint(relay: &RelayDescriptor, proxy: ProxySetting) -> Result<Endpoint, TransportError> {
    let url = url::Url::parse(relay.address.as_str()).map_err(|_| EndpointError::Host)?;
    let host = url.host_str().ok_or(EndpointError::Host)?;
    Ok(Endpoint {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default().ok_or(EndpointError::Host)?,
        pins: relay.pins.iter().map(|pin| *pin.as_bytes()).collect(),
        signing_key: relay.signing_key,
        tenant: TenantId::new(relay.tenant),
        proxy,
        timeouts: Timeouts::default(),
    })
}

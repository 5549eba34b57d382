//! From an address and its pins to a transport. A founder learns the relay's signing key over the pinned connection,
//! once; everybody else has it from their link or the roster.

use std::time::Duration;

use sotto_wire::info::InfoRequest;
use sotto_wire::op;

use super::{EnrolError, REQUEST};
use crate::base::{Clock, Digest, Timestamp, VerifyingKey};
use crate::roster::Text;
use crate::roster::kind::RelayDescriptor;
use crate::sync::endpoint;
use crate::transport::{
    Auth, ClockError, Endpoint, EndpointError, ProxySetting, RelayClock, Transport,
};

/// Where the relay is and how it proves itself.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// SHA-256 over the SubjectPublicKeyInfo of its TLS key, then of its backup key. 1 to 4.
    pub pins: Vec<[u8; 32]>,
}

/// Redacted: where an organisation's relay stands is nobody's business in a log.
impl std::fmt::Debug for RelayAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayAddress(..)")
    }
}

/// A transport to the relay of a descriptor.
pub(super) fn transport(
    relay: &RelayDescriptor,
    proxy: &ProxySetting,
) -> Result<Transport, EnrolError> {
    Ok(Transport::new(endpoint(relay, proxy.clone())?)?)
}

/// Asks the relay behind an address for its signing key, over the pinned connection, and describes it for the roster.
pub(super) async fn describe(
    address: &RelayAddress,
    tenant: [u8; 16],
    clock: &dyn Clock,
    proxy: &ProxySetting,
) -> Result<RelayDescriptor, EnrolError> {
    let host = match address.host.parse::<std::net::Ipv6Addr>() {
        Ok(literal) => format!("[{literal}]"),
        Err(_) => address.host.clone(),
    };
    let mut relay = RelayDescriptor {
        address: Text::new(format!("https://{host}:{}", address.port))
            .map_err(|_| EndpointError::Host)?,
        pins: address.pins.iter().copied().map(Digest::new).collect(),
        // Replaced below; until then no answer is asked for that would be checked with it.
        signing_key: VerifyingKey::new([0; 32]),
        tenant,
    };
    if !(1..=4).contains(&address.pins.len()) {
        return Err(EndpointError::NoPin.into());
    }
    // The host as it was given, so that nothing in it can lead elsewhere unnoticed.
    let asked = Endpoint {
        host: address.host.clone(),
        ..endpoint(&relay, proxy.clone())?
    };
    let unproven = Transport::new(asked)?;
    let before = clock.now();
    let info = unproven
        .call::<op::Info>(&Auth::None, &InfoRequest {}, REQUEST)
        .await?;
    let key = VerifyingKey::new(*info.signing_key.as_bytes());
    match RelayClock::measure(&key, &info.time, before, clock.now()) {
        // How long the answer took says nothing about who gave it.
        Ok(_) | Err(ClockError::Window) => {}
        Err(ClockError::Signature) => return Err(EnrolError::RelayIdentity),
    }
    if !(info.version_min..=info.version_max).contains(&sotto_wire::VERSION) {
        return Err(EnrolError::RelayVersion);
    }
    relay.signing_key = key;
    Ok(relay)
}

/// The relay's time now, from its signed word; the device's own where the measurement says nothing.
pub(super) async fn relay_now(
    transport: &Transport,
    clock: &dyn Clock,
    patience: Duration,
) -> Result<Timestamp, EnrolError> {
    let before = clock.now();
    let info = transport.info(patience).await?;
    let after = clock.now();
    let key = transport.endpoint().signing_key;
    Ok(RelayClock::measure(&key, &info.time, before, after)
        .map_or(after, |measured| measured.relay_time(after)))
}

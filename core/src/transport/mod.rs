//! How a device talks to its relay: HTTPS calls, the live socket, pins, proxies, back-off, attachments. Nothing here
//! keeps a store, knows what a message is, or decides whether to try again: every failure is typed and says what could
//! help ([`TransportError::retry`]), and the floor above decides.
//!
//! - One [`Endpoint`] names the relay and pins its keys; it can be replaced while running ([`Transport::set_endpoint`]).
//! - One verifier of pins, one proxy route and TLS 1.3 only serve calls and the socket alike.
//! - Operations that prove the submit bearer travel on connections of their own, never on one that has named a mailbox.
//! - Every call ends at its deadline; dropping a future is safe, because each operation may be sent again.

pub mod backoff;
pub mod blob;
mod client;
pub mod clock;
mod endpoint;
mod error;
mod exchange;
mod lane;
pub mod live;
mod points;
mod probe;
mod proxy;
pub mod session;
mod tls;
mod verified;

#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use blob::{BlobSink, BlobSource};
pub use client::Transport;
pub use clock::{ClockError, RelayClock};
pub use endpoint::{Endpoint, EndpointError, ProxySetting, Timeouts};
pub use error::{NetworkError, Retry, TransportError};
pub use lane::Auth;
pub use live::Live;
pub use probe::{Probe, probe};
pub use session::Session;

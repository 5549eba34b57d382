//! The floor against a real TLS server on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blobs;
mod calls;
mod pins;
mod proxies;
mod relay;
mod sockets;

use std::time::Duration;

use sotto_wire::submit::{Class, Submit};
use sotto_wire::{Bearer, IdempotencyId, Sealed};

/// Far longer than anything on loopback takes: a test that waits for it has failed.
const LONG: Duration = Duration::from_secs(20);

fn bearer() -> Bearer {
    Bearer::new([7; 32])
}

fn token() -> Bearer {
    Bearer::new([8; 32])
}

fn submission(id: u8, payload: &[u8]) -> Submit {
    Submit {
        idempotency: IdempotencyId::new([id; 16]),
        payload: Sealed::new(payload.to_vec()),
        deliveries: Vec::new(),
        class: Class::Routine,
        ttl_s: 60,
        escrow: Vec::new(),
    }
}

//! The exact bytes each signature covers: `sotto/<label>\0` and then a deterministic CBOR array. The label keeps a
//! signature made for one purpose from being taken for another; the tenant keeps it inside one organisation.

use minicbor::Encode;

use crate::slot::AdvanceBody;
use crate::{
    Digest, Epoch, Generation, GrantId, IdempotencyId, MailboxId, Nonce, PublicKey, RelayTime,
    Sealed, SlotId,
};
use crate::{TenantId, codec};

/// Something to sign or to verify.
#[derive(Clone, PartialEq, Eq)]
pub struct ToSign {
    label: &'static str,
    message: Vec<u8>,
}

impl ToSign {
    fn new<T: Encode<()>>(label: &'static str, message: &T) -> Self {
        Self {
            label,
            message: codec::encode(message),
        }
    }

    /// The purpose, for a signer that adds the domain separation itself.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.label
    }

    /// The message without the domain separation.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// `sotto/<label>\0<message>`: what an Ed25519 signature covers.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(7 + self.label.len() + self.message.len());
        out.extend_from_slice(b"sotto/");
        out.extend_from_slice(self.label.as_bytes());
        out.push(0);
        out.extend_from_slice(&self.message);
        out
    }
}

impl core::fmt::Debug for ToSign {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ToSign({}, {} bytes)", self.label, self.message.len())
    }
}

/// [`crate::SignedTime`], by the relay's signing key.
#[must_use]
pub fn time(time: RelayTime) -> ToSign {
    ToSign::new("time", &(time,))
}

/// [`crate::submit::Queued`] and [`crate::slot::Advanced`], by the relay's signing key: this intent, with this payload,
/// was stored durably at this time.
#[must_use]
pub fn queued(idempotency: &IdempotencyId, payload_sha256: &Digest, time: RelayTime) -> ToSign {
    ToSign::new("queued", &(idempotency, payload_sha256, time))
}

/// [`crate::session::Start`], by the mailbox key.
#[must_use]
pub fn session(
    nonce: &Nonce,
    tenant: &TenantId,
    mailbox: &MailboxId,
    expect: &Generation,
    next: &Generation,
) -> ToSign {
    ToSign::new("session", &(nonce, tenant, mailbox, expect, next))
}

/// [`crate::slot::Advance`], by the epoch key or the resync key: the whole operation.
#[must_use]
pub fn slot_advance(tenant: &TenantId, body: &AdvanceBody) -> ToSign {
    ToSign::new("slot-advance", &(tenant, body))
}

/// [`crate::slot::Read`], by the resync key.
#[must_use]
pub fn slot_read(tenant: &TenantId, slot: &SlotId, since: Epoch, at: RelayTime) -> ToSign {
    ToSign::new("slot-read", &(tenant, slot, since, at))
}

/// [`crate::grant::Take`], by the taker's key.
#[must_use]
pub fn grant_take(tenant: &TenantId, grant: &GrantId, taker: &PublicKey) -> ToSign {
    ToSign::new("grant-take", &(tenant, grant, taker))
}

/// [`crate::grant::Request`], by the taker's key.
#[must_use]
pub fn grant_request(tenant: &TenantId, grant: &GrantId, request: &Sealed) -> ToSign {
    ToSign::new("grant-request", &(tenant, grant, request))
}

/// [`crate::grant::Poll`], by the taker's key.
#[must_use]
pub fn grant_poll(tenant: &TenantId, grant: &GrantId, at: RelayTime) -> ToSign {
    ToSign::new("grant-poll", &(tenant, grant, at))
}

/// [`crate::channel::Open`], by the channel key.
#[must_use]
pub fn channel_open(
    tenant: &TenantId,
    key: &PublicKey,
    share: Option<&Sealed>,
    at: RelayTime,
) -> ToSign {
    ToSign::new("channel-open", &(tenant, key, share, at))
}

/// [`crate::channel::Poll`], by the channel key.
#[must_use]
pub fn channel_poll(nonce: &Nonce, tenant: &TenantId, key: &PublicKey) -> ToSign {
    ToSign::new("channel-poll", &(nonce, tenant, key))
}

/// [`crate::channel::Certify`], by the channel key: the SHA-256 of the certificate's bytes.
#[must_use]
pub fn channel_certify(
    nonce: &Nonce,
    tenant: &TenantId,
    key: &PublicKey,
    certificate_sha256: &Digest,
) -> ToSign {
    ToSign::new("channel-certify", &(nonce, tenant, key, certificate_sha256))
}

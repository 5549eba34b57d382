//! A device's channel, and the acts of both sides.

use sotto_wire::channel::{
    Certified, Certify, Challenge, Challenged, ChannelState, Collect, Done, Ended, Open, Opened,
    Poll, Polled,
};
use sotto_wire::roster::{Order, Rotate, Rotated};
use sotto_wire::{
    Alias, Bearer, IdempotencyId, Position, PublicKey, Sealed, WireError, op, signed,
};

use crate::client::sha256;
use crate::world::{Key, World, random, sealed};

pub(crate) struct Channel(pub(crate) Key);

impl Channel {
    pub(crate) fn new() -> Self {
        Self(Key::new())
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.0.public()
    }

    pub(crate) async fn challenge(&self, world: &World) -> Result<Challenged, WireError> {
        let request = Challenge { key: self.key() };
        world.call_bare(op::ChannelChallenge, &request).await
    }

    pub(crate) async fn opening(&self, world: &World, share: Option<&[u8]>) -> Open {
        let (share, at) = (share.map(sealed), self.challenge(world).await.unwrap().time);
        let message = signed::channel_open(&world.tenant, &self.key(), share.as_ref(), at);
        Open {
            key: self.key(),
            share,
            at,
            sig: self.0.sign(&message),
        }
    }

    pub(crate) async fn open(
        &self,
        world: &World,
        share: Option<&[u8]>,
    ) -> Result<Opened, WireError> {
        let open = self.opening(world, share).await;
        world.call(op::ChannelOpen, &open).await
    }

    pub(crate) async fn polling(&self, world: &World, wait_s: u16) -> Poll {
        let nonce = self.challenge(world).await.unwrap().nonce;
        let message = signed::channel_poll(&nonce, &world.tenant, &self.key());
        Poll {
            key: self.key(),
            nonce,
            sig: self.0.sign(&message),
            wait_s,
        }
    }

    pub(crate) async fn poll(&self, world: &World, wait_s: u16) -> Result<Polled, WireError> {
        let poll = self.polling(world, wait_s).await;
        world.call_bare(op::ChannelPoll, &poll).await
    }

    pub(crate) async fn certificate(&self, world: &World, certificate: Sealed) -> Certify {
        let nonce = self.challenge(world).await.unwrap().nonce;
        let digest = sha256(certificate.as_bytes());
        let message = signed::channel_certify(&nonce, &world.tenant, &self.key(), &digest);
        Certify {
            key: self.key(),
            nonce,
            sig: self.0.sign(&message),
            certificate,
        }
    }

    pub(crate) async fn certify(
        &self,
        world: &World,
        certificate: &[u8],
    ) -> Result<Certified, WireError> {
        let certify = self.certificate(world, sealed(certificate)).await;
        world.call_bare(op::ChannelCertify, &certify).await
    }

    /// How its order stands, as a colleague sees it.
    pub(crate) async fn state(&self, world: &World) -> ChannelState {
        let keys = vec![self.key()];
        let collected = world.call(op::ChannelCollect, &Collect { keys }).await;
        collected.unwrap().channels.remove(0)
    }

    pub(crate) async fn done(&self, world: &World, admin: &Bearer) -> Result<Ended, WireError> {
        let done = Done {
            admin_capability: admin.clone(),
            keys: vec![self.key()],
        };
        world.call(op::ChannelDone, &done).await
    }
}

/// A rotation that lays orders and closes mailboxes; bearer and capability stay as they were, which a relay cannot see.
pub(crate) fn rotation(
    world: &World,
    expect: u64,
    orders: &[(&Channel, &[u8])],
    close: &[Alias],
) -> Rotate {
    Rotate {
        idempotency: IdempotencyId::new(random()),
        admin_capability: world.admin.clone(),
        expect: Position(expect),
        entries: vec![sealed(b"revoked"), sealed(b"rotated")],
        new_bearer_hash: sha256(world.bearer.expose()),
        new_admin_capability_hash: sha256(world.admin.expose()),
        seals: Vec::new(),
        close: close.to_vec(),
        orders: Some(
            orders
                .iter()
                .map(|(channel, order)| Order {
                    key: channel.key(),
                    order: sealed(order),
                })
                .collect(),
        ),
        refuse: None,
    }
}

/// Lays one order in a fresh log position.
pub(crate) async fn lay(world: &World, expect: u64, channel: &Channel, order: &[u8]) -> Rotated {
    let rotate = rotation(world, expect, &[(channel, order)], &[]);
    world.call(op::RosterRotate, &rotate).await.unwrap()
}

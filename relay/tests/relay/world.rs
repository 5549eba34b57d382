//! An organisation with devices, as far as a relay can see them.

use std::path::PathBuf;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sotto_wire::live::{Ack, Entry, Fetch, LeftReceipt};
use sotto_wire::submit::{Class, Delivery, Queued, Submit};
use sotto_wire::{
    Alias, Bearer, EntrySeq, ErrorCode, Generation, IdempotencyId, MailboxId, Operation, PublicKey,
    ReceiptHandle, Sealed, Sig, TenantId, ToSign, WireError, base64url, mailbox, op, session,
    signed, tenant,
};
use tempfile::TempDir;

use crate::client::{Client, Live, sha256};
use crate::process::{Relay, run};

pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).unwrap();
    out
}

/// A signing key of a device or a group.
pub(crate) struct Key(Ed25519KeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&random::<32>()).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::try_from(self.0.public_key().as_ref()).unwrap()
    }

    pub(crate) fn sign(&self, message: &ToSign) -> Sig {
        Sig::try_from(self.0.sign(&message.bytes()).as_ref()).unwrap()
    }
}

pub(crate) fn verified(key: &PublicKey, message: &ToSign, sig: &Sig) -> bool {
    UnparsedPublicKey::new(&ED25519, key.as_bytes())
        .verify(&message.bytes(), sig.as_bytes())
        .is_ok()
}

/// A relay and one organisation on it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) relay: Option<Relay>,
    pub(crate) client: Client,
    pub(crate) tenant: TenantId,
    pub(crate) bearer: Bearer,
    pub(crate) admin: Bearer,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token = token(&folder);
        let relay = Relay::start_with(&folder.path().join("data"), flags, &[]);
        let mut world = Self {
            client: Client::new(relay.address, relay.pin),
            relay: Some(relay),
            folder,
            tenant: TenantId::new(random()),
            bearer: Bearer::new(random()),
            admin: Bearer::new(random()),
        };
        world.register(token).await.unwrap();
        world
    }

    pub(crate) async fn register(
        &mut self,
        token: Bearer,
    ) -> Result<tenant::Registered, WireError> {
        let request = tenant::Register {
            token,
            tenant: self.tenant,
            bearer_hash: sha256(self.bearer.expose()),
            admin_capability_hash: sha256(self.admin.expose()),
        };
        self.client
            .try_call(op::TenantRegister, None, None, &request)
            .await
            .unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn relay(&self) -> &Relay {
        self.relay.as_ref().unwrap()
    }

    /// Takes the process out, to end it in a special way.
    pub(crate) fn take_relay(&mut self) -> Relay {
        self.relay.take().unwrap()
    }

    /// Starts the relay again on the same folder.
    pub(crate) fn restart(&mut self, flags: &[&str], env: &[(&str, &str)]) {
        drop(self.relay.take());
        let relay = Relay::start_with(&self.data(), flags, env);
        self.client = Client::new(relay.address, relay.pin);
        self.relay = Some(relay);
    }

    /// Calls with the submit bearer.
    pub(crate) async fn call<O: Operation>(
        &self,
        operation: O,
        request: &O::Request,
    ) -> Result<O::Response, WireError> {
        self.client
            .try_call(operation, Some(&self.tenant), Some(&self.bearer), request)
            .await
            .unwrap()
    }

    /// Calls with a session token.
    pub(crate) async fn call_as<O: Operation>(
        &self,
        device: &Device,
        operation: O,
        request: &O::Request,
    ) -> Result<O::Response, WireError> {
        let token = device.token.as_ref().unwrap();
        self.client
            .try_call(operation, Some(&self.tenant), Some(token), request)
            .await
            .unwrap()
    }

    /// Calls with no bearer at all.
    pub(crate) async fn call_bare<O: Operation>(
        &self,
        operation: O,
        request: &O::Request,
    ) -> Result<O::Response, WireError> {
        self.client
            .try_call(operation, Some(&self.tenant), None, request)
            .await
            .unwrap()
    }

    /// A device with an open mailbox, a session and one alias.
    pub(crate) async fn device(&self) -> Device {
        let mut device = Device::unopened();
        self.call(op::MailboxOpen, &device.open()).await.unwrap();
        self.start(&mut device).await.unwrap();
        self.alias(&device, device.alias).await;
        device
    }

    pub(crate) async fn alias(&self, device: &Device, alias: Alias) {
        self.call_as(
            device,
            op::AliasCreate,
            &mailbox::AliasCreate {
                aliases: vec![alias],
            },
        )
        .await
        .unwrap();
    }

    /// Starts a session with the generations the device holds.
    pub(crate) async fn start(&self, device: &mut Device) -> Result<session::Started, WireError> {
        let next = Generation::new(random());
        let started = self.start_as(device, device.generation, next).await?;
        device.generation = next;
        device.token = Some(started.token.clone());
        Ok(started)
    }

    pub(crate) async fn start_as(
        &self,
        device: &Device,
        expect: Generation,
        next: Generation,
    ) -> Result<session::Started, WireError> {
        let request = session::Challenge {
            mailbox: device.mailbox,
        };
        let nonce = self.call_bare(op::SessionChallenge, &request).await?.nonce;
        let message = signed::session(&nonce, &self.tenant, &device.mailbox, &expect, &next);
        let sig = device.key.sign(&message);
        let request = session::Start {
            mailbox: device.mailbox,
            nonce,
            expect,
            next,
            sig,
        };
        self.call_bare(op::SessionStart, &request).await
    }

    pub(crate) async fn submit(&self, submit: &Submit) -> Result<Queued, WireError> {
        self.call(op::Submit, submit).await
    }

    /// What waits now.
    pub(crate) async fn fetch(&self, device: &Device) -> Vec<Entry> {
        self.call_as(
            device,
            op::MailboxFetch,
            &Fetch {
                max: 256,
                wait_ms: 0,
            },
        )
        .await
        .unwrap()
        .entries
    }

    pub(crate) async fn ack(
        &self,
        device: &Device,
        seqs: Vec<EntrySeq>,
        receipts: Vec<LeftReceipt>,
    ) {
        self.call_as(device, op::MailboxAck, &Ack { seqs, receipts })
            .await
            .unwrap();
    }

    pub(crate) async fn live(&self, device: &Device) -> Live {
        let mut live = self
            .client
            .live(&self.tenant, device.token.as_ref().unwrap())
            .await
            .unwrap();
        let first = live.next().await;
        assert!(
            matches!(first, Some(sotto_wire::live::ServerFrame::Time(_))),
            "{first:?}"
        );
        live
    }
}

/// A registration token for a world's data folder.
pub(crate) fn token(folder: &TempDir) -> Bearer {
    let data = folder.path().join("data");
    let (good, out, err) = run(&[
        "tenant".as_ref(),
        "add".as_ref(),
        "--data".as_ref(),
        data.as_os_str(),
    ]);
    assert!(good, "{err}");
    Bearer::new(base64url::decode(out.trim_end()).unwrap())
}

/// A device.
pub(crate) struct Device {
    pub(crate) mailbox: MailboxId,
    pub(crate) key: Key,
    pub(crate) generation: Generation,
    pub(crate) token: Option<Bearer>,
    pub(crate) alias: Alias,
}

impl Device {
    pub(crate) fn unopened() -> Self {
        Self {
            mailbox: MailboxId::new(random()),
            key: Key::new(),
            generation: Generation::new(random()),
            token: None,
            alias: Alias::new(random()),
        }
    }

    pub(crate) fn open(&self) -> mailbox::Open {
        mailbox::Open {
            mailbox: self.mailbox,
            key: self.key.public(),
            generation: self.generation,
        }
    }
}

/// A payload for some aliases, without receipts.
pub(crate) fn message(payload: &[u8], aliases: &[Alias]) -> Submit {
    Submit {
        idempotency: IdempotencyId::new(random()),
        payload: Sealed::new(payload.to_vec()),
        deliveries: aliases
            .iter()
            .map(|alias| Delivery {
                alias: *alias,
                receipt: None,
            })
            .collect(),
        class: Class::Routine,
        ttl_s: 3_600,
        escrow: Vec::new(),
    }
}

/// The same with a receipt handle for each.
pub(crate) fn with_receipts(mut submit: Submit) -> (Submit, Vec<ReceiptHandle>) {
    let handles: Vec<ReceiptHandle> = submit
        .deliveries
        .iter()
        .map(|_| ReceiptHandle::new(random()))
        .collect();
    for (delivery, handle) in submit.deliveries.iter_mut().zip(&handles) {
        delivery.receipt = Some(*handle);
    }
    (submit, handles)
}

pub(crate) fn sealed(bytes: &[u8]) -> Sealed {
    Sealed::new(bytes.to_vec())
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, WireError>) -> ErrorCode {
    result.unwrap_err().code
}

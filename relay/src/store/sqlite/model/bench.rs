//! A real store on a real file, with a clock set by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sotto_wire::{Bearer, Generation, MailboxId, PublicKey, RelayTime, TenantId, mailbox, tenant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::clock::Clock;
use crate::crypto::sha256;
use crate::store::sqlite::{
    SqliteStore, WriterHandle, contradictions, open_reader, tenant as tokens,
};
use crate::store::{Answer, Event, Listener, Owner, Quotas, Store, StoreError, Submitter};

struct Quiet;

impl Listener for Quiet {
    fn after_commit(&self, _: &[Event]) {}
    fn committed(&self, _: usize) {}
}

pub(super) struct HandClock(pub(super) AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> RelayTime {
        RelayTime(self.0.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

pub(super) const QUOTAS: Quotas = Quotas {
    alias_entries: 4,
    alias_bytes: 4_000,
    mailbox_entries: 6,
    mailbox_bytes: 6_000,
    mailbox_aliases: 10,
    tenant_mailboxes: 10,
    tenant_bytes: 1 << 20,
    tenant_slots: 10,
    tenant_grants: 10,
    tenant_channels: 10,
    tenant_blobs: 10,
    tenant_receipts: 1_000,
    roster_entries: 100,
};

pub(super) struct Bench {
    pub(super) runtime: Runtime,
    pub(super) folder: TempDir,
    pub(super) clock: Arc<HandClock>,
    pub(super) store: Option<SqliteStore>,
    pub(super) writer: WriterHandle,
    pub(super) who: Submitter,
    pub(super) admin: Bearer,
}

impl Bench {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(1_000_000)));
        let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let path = folder.path().join("relay.db");
        let (store, writer) =
            SqliteStore::open(&path, 1, &as_clock, Arc::new(Quiet), QUOTAS).unwrap();
        let (token, bearer, admin) = (
            Bearer::new([1; 32]),
            Bearer::new([2; 32]),
            Bearer::new([3; 32]),
        );
        tokens::add_token(
            &super::super::open_writer(&path).unwrap(),
            &sha256(token.expose()),
            0,
        )
        .unwrap();
        let tenant = TenantId::new([4; 16]);
        let who = Submitter {
            tenant,
            bearer: sha256(bearer.expose()),
        };
        let bench = Self {
            runtime,
            folder,
            clock,
            store: Some(store),
            writer,
            who,
            admin,
        };
        let (digest, bearer_hash) = (sha256(token.expose()), who.bearer);
        let admin_capability_hash = sha256(bench.admin.expose());
        let request = tenant::Register {
            token,
            tenant,
            bearer_hash,
            admin_capability_hash,
        };
        bench.wait(bench.store().register(request, digest)).unwrap();
        bench
    }

    pub(super) fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }

    pub(super) fn wait<T>(&self, answer: Answer<T>) -> Result<T, StoreError> {
        self.runtime.block_on(answer)
    }

    pub(super) fn mailbox(&self, n: u8) -> Owner {
        let id = MailboxId::new([n; 16]);
        let open = mailbox::Open {
            mailbox: id,
            key: PublicKey::new([n; 32]),
            generation: Generation::new([n; 16]),
        };
        self.wait(self.store().open_mailbox(self.who, open))
            .unwrap();
        self.wait(self.store().find_mailbox(self.who.tenant, id))
            .unwrap()
            .unwrap()
            .owner
    }

    pub(super) fn check_sums(&self) {
        let conn = open_reader(&self.folder.path().join("relay.db")).unwrap();
        for (rule, wrong) in contradictions(&conn).unwrap() {
            assert_eq!(wrong, 0, "{rule}");
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.store.take());
        self.writer.join();
    }
}

//! The embedded store: one SQLite file in write-ahead mode, one writing thread with group commit, several readers.

mod answered;
mod blob;
mod channel;
mod connection;
mod delivery;
mod grant;
mod key_package;
mod mailbox;
mod readers;
mod receipt;
mod roster;
mod slot;
mod sums;
mod sweep;
pub(crate) mod tenant;
mod tx;
mod writer;

#[cfg(test)]
mod model;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use sotto_wire::{
    Alias, BlobId, Digest, EntrySeq, Generation, GrantId, MailboxId, Position, PublicKey,
    RelayTime, Sealed, SlotId, TenantId,
};

pub(crate) use self::connection::{OpenError, SCHEMA_VERSION, open_reader, open_writer, own_file};
use self::readers::Readers;
pub(crate) use self::sums::contradictions;
use self::writer::{Writer, WriterThread};
use super::{
    Accepted, Answer, BlobKey, FoundBlob, FoundChannel, FoundMailbox, GrantTaker, Listener, Owner,
    Quotas, Reader, SlotKeys, Store, Submitter, Swept, TenantKey, VerifiedBy,
};
use crate::clock::Clock;

/// The embedded store.
pub(crate) struct SqliteStore {
    writer: Writer,
    readers: Readers,
}

/// The writing thread, to wait for at the end.
pub(crate) struct WriterHandle(Mutex<Option<JoinHandle<()>>>);

impl WriterHandle {
    /// Waits until everything queued is durable. The last [`SqliteStore`] must be gone.
    pub(crate) fn join(&self) {
        let handle = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            // A panic of the writing thread was reported when it happened.
            let _reported = handle.join();
        }
    }
}

impl SqliteStore {
    /// Opens the file and starts the writing thread.
    pub(crate) fn open(
        path: &Path,
        readers: usize,
        clock: &Arc<dyn Clock>,
        listener: Arc<dyn Listener>,
        quotas: Quotas,
    ) -> Result<(Self, WriterHandle), OpenError> {
        let conn = open_writer(path)?;
        let readers = Readers::open(path, readers, Arc::clone(clock))?;
        let thread = WriterThread {
            conn,
            clock: Arc::clone(clock),
            listener,
            quotas,
        };
        let (writer, handle) = Writer::start(thread)?;
        Ok((
            Self { writer, readers },
            WriterHandle(Mutex::new(Some(handle))),
        ))
    }
}

/// About how many bytes an operation without a payload writes; only used to bound a group commit.
const SMALL: usize = 256;

fn bytes_of(sealed: &[Sealed]) -> usize {
    SMALL + sealed.iter().map(Sealed::len).sum::<usize>()
}

impl Store for SqliteStore {
    fn health(&self) -> Answer<()> {
        self.writer
            .run("health", 0, |tx| Ok(tx.conn.execute_batch("SELECT 1")?))
    }

    fn register(&self, request: sotto_wire::tenant::Register, token: Digest) -> Answer<()> {
        self.writer.run("tenant-register", SMALL, move |tx| {
            tenant::register(tx, &request, token)
        })
    }

    fn authenticate(&self, who: Submitter) -> Answer<TenantKey> {
        self.readers.run(move |rx| tx::authenticate(rx.conn, &who))
    }

    fn authenticate_earlier(&self, who: Submitter) -> Answer<TenantKey> {
        self.readers
            .run(move |rx| tx::authenticate_reader(rx.conn, &who))
    }

    fn open_mailbox(&self, who: Submitter, request: sotto_wire::mailbox::Open) -> Answer<()> {
        self.writer.run("mailbox-open", SMALL, move |tx| {
            mailbox::open(tx, &who, &request)
        })
    }

    fn find_mailbox(&self, tenant: TenantId, id: MailboxId) -> Answer<Option<FoundMailbox>> {
        self.readers.run(move |rx| mailbox::find(rx, &tenant, &id))
    }

    fn set_generation(&self, owner: Owner, expect: Generation, next: Generation) -> Answer<()> {
        self.writer.run("session-start", SMALL, move |tx| {
            mailbox::set_generation(tx, owner, &expect, &next)
        })
    }

    fn create_aliases(&self, owner: Owner, aliases: Vec<Alias>) -> Answer<()> {
        self.writer.run("alias-create", SMALL, move |tx| {
            mailbox::create_aliases(tx, owner, &aliases)
        })
    }

    fn drop_aliases(&self, owner: Owner, aliases: Vec<Alias>) -> Answer<()> {
        self.writer.run("alias-drop", SMALL, move |tx| {
            mailbox::drop_aliases(tx, owner, &aliases)
        })
    }

    fn submit(
        &self,
        who: Submitter,
        request: Digest,
        submit: sotto_wire::submit::Submit,
    ) -> Answer<Accepted> {
        let bytes = SMALL + submit.payload.len() + submit.deliveries.len() * 64;
        self.writer.run("submit", bytes, move |tx| {
            delivery::submit(tx, &who, &request, &submit)
        })
    }

    fn waiting(
        &self,
        owner: Owner,
        skip: BTreeSet<EntrySeq>,
        entries: usize,
        bytes: usize,
    ) -> Answer<Vec<sotto_wire::live::Entry>> {
        self.readers
            .run(move |rx| delivery::waiting(rx, owner, &skip, entries, bytes))
    }

    fn acknowledge(&self, owner: Owner, ack: sotto_wire::live::Ack) -> Answer<()> {
        let bytes = SMALL
            + ack
                .receipts
                .iter()
                .map(|left| left.receipt.len())
                .sum::<usize>();
        self.writer.run("mailbox-ack", bytes, move |tx| {
            delivery::acknowledge(tx, owner, &ack)
        })
    }

    fn collect(
        &self,
        who: Submitter,
        request: sotto_wire::receipt::Collect,
    ) -> Answer<sotto_wire::receipt::Collected> {
        if request.done.is_empty() {
            return self
                .readers
                .run(move |rx| receipt::look(rx, &who, &request));
        }
        self.writer.run("receipts-collect", SMALL, move |tx| {
            receipt::collect(tx, &who, &request)
        })
    }

    fn create_slot(
        &self,
        who: Submitter,
        request: Digest,
        create: sotto_wire::slot::Create,
    ) -> Answer<()> {
        let bytes = SMALL + create.group_info.len();
        self.writer.run("slot-create", bytes, move |tx| {
            slot::create(tx, &who, &request, &create)
        })
    }

    fn slot_keys(&self, who: Submitter, id: SlotId) -> Answer<SlotKeys> {
        self.readers.run(move |rx| slot::keys(rx, &who, &id))
    }

    fn advance_slot(
        &self,
        who: Submitter,
        request: Digest,
        body: sotto_wire::slot::AdvanceBody,
        verified: Option<VerifiedBy>,
    ) -> Answer<Accepted> {
        let bytes = SMALL
            + body.group_info.len()
            + body
                .posts
                .iter()
                .map(|post| post.payload.len())
                .sum::<usize>();
        self.writer.run("slot-advance", bytes, move |tx| {
            slot::advance(tx, &who, &request, &body, verified)
        })
    }

    fn read_slot(
        &self,
        who: Submitter,
        request: sotto_wire::slot::Read,
        resync_key: PublicKey,
    ) -> Answer<sotto_wire::slot::Slot> {
        self.readers
            .run(move |rx| slot::read(rx, &who, &request, &resync_key))
    }

    fn append_roster(
        &self,
        who: Submitter,
        request: sotto_wire::roster::Append,
    ) -> Answer<Position> {
        self.writer
            .run("roster-append", bytes_of(&request.entries), move |tx| {
                roster::append(tx, &who, &request)
            })
    }

    fn read_roster(
        &self,
        who: Reader,
        request: sotto_wire::roster::Read,
    ) -> Answer<sotto_wire::roster::Entries> {
        self.readers.run(move |rx| roster::read(rx, &who, &request))
    }

    fn rotate_roster(
        &self,
        who: Submitter,
        request: Digest,
        rotate: sotto_wire::roster::Rotate,
        admin: Digest,
    ) -> Answer<sotto_wire::roster::Rotated> {
        let bytes = bytes_of(&rotate.entries)
            + rotate
                .seals
                .iter()
                .map(|seal| seal.seal.len())
                .sum::<usize>()
            + rotate
                .orders
                .iter()
                .flatten()
                .map(|order| order.order.len())
                .sum::<usize>();
        self.writer.run("roster-rotate", bytes, move |tx| {
            roster::rotate(tx, &who, &request, &rotate, &admin)
        })
    }

    fn read_seals(
        &self,
        owner: Owner,
        request: sotto_wire::roster::ReadSeals,
    ) -> Answer<sotto_wire::roster::Seals> {
        self.readers
            .run(move |rx| roster::seals(rx, owner, &request))
    }

    fn put_attestation(
        &self,
        who: Submitter,
        request: sotto_wire::roster::PutAttestation,
    ) -> Answer<bool> {
        self.writer.run("attestation-put", SMALL, move |tx| {
            roster::put_attestation(tx, &who, &request)
        })
    }

    fn get_attestation(&self, who: Reader) -> Answer<sotto_wire::roster::Attestation> {
        self.readers
            .run(move |rx| roster::get_attestation(rx, &who))
    }

    fn publish_key_packages(
        &self,
        owner: Owner,
        request: sotto_wire::key_package::Publish,
    ) -> Answer<u32> {
        self.writer
            .run("kp-publish", bytes_of(&request.one_time), move |tx| {
                key_package::publish(tx, owner, &request)
            })
    }

    fn claim_key_packages(
        &self,
        who: Submitter,
        request: sotto_wire::key_package::Claim,
        last_resort_only: Vec<bool>,
    ) -> Answer<sotto_wire::key_package::Claimed> {
        self.writer.run("kp-claim", SMALL, move |tx| {
            key_package::claim(tx, &who, &request, &last_resort_only)
        })
    }

    fn create_grant(
        &self,
        who: Submitter,
        request: Digest,
        create: sotto_wire::grant::Create,
    ) -> Answer<RelayTime> {
        let bytes = SMALL + create.offer.len();
        self.writer.run("grant-create", bytes, move |tx| {
            grant::create(tx, &who, &request, &create)
        })
    }

    fn take_grant(
        &self,
        tenant: TenantId,
        id: GrantId,
        token: Digest,
        taker: PublicKey,
    ) -> Answer<sotto_wire::grant::Taken> {
        self.writer.run("grant-take", SMALL, move |tx| {
            grant::take(tx, &tenant, &id, &token, &taker)
        })
    }

    fn grant_taker(&self, tenant: TenantId, id: GrantId) -> Answer<(TenantKey, GrantTaker)> {
        self.readers.run(move |rx| grant::taker(rx, &tenant, &id))
    }

    fn request_grant(
        &self,
        tenant: TenantId,
        request: sotto_wire::grant::Request,
        taker: PublicKey,
    ) -> Answer<()> {
        let bytes = SMALL + request.request.len();
        self.writer.run("grant-request", bytes, move |tx| {
            grant::request(tx, &tenant, &request, &taker)
        })
    }

    fn grant_status(&self, who: Submitter, id: GrantId) -> Answer<sotto_wire::grant::Grant> {
        self.readers.run(move |rx| grant::status(rx, &who, &id))
    }

    fn answer_grant(&self, who: Submitter, answer: sotto_wire::grant::Answer) -> Answer<()> {
        let bytes = SMALL + answer.answer.len();
        self.writer.run("grant-answer", bytes, move |tx| {
            grant::answer(tx, &who, &answer)
        })
    }

    fn drop_grant(&self, who: Submitter, id: GrantId) -> Answer<()> {
        self.writer
            .run("grant-drop", SMALL, move |tx| grant::end(tx, &who, &id))
    }

    fn open_channel(&self, who: Submitter, request: sotto_wire::channel::Open) -> Answer<()> {
        self.writer.run("channel-open", SMALL, move |tx| {
            channel::open(tx, &who, &request)
        })
    }

    fn find_channel(&self, tenant: TenantId, key: PublicKey) -> Answer<FoundChannel> {
        self.readers.run(move |rx| channel::look(rx, &tenant, &key))
    }

    fn fetch_order(&self, tenant: TenantId, key: PublicKey) -> Answer<Option<Sealed>> {
        self.writer.run("channel-poll", SMALL, move |tx| {
            channel::fetch(tx, &tenant, &key)
        })
    }

    fn certify_order(
        &self,
        tenant: TenantId,
        key: PublicKey,
        digest: Digest,
        certificate: Sealed,
    ) -> Answer<()> {
        let bytes = SMALL + certificate.len();
        self.writer.run("channel-certify", bytes, move |tx| {
            channel::certify(tx, &tenant, &key, &digest, &certificate)
        })
    }

    fn collect_orders(
        &self,
        who: Submitter,
        keys: Vec<PublicKey>,
    ) -> Answer<sotto_wire::channel::Collected> {
        self.readers
            .run(move |rx| channel::collect(rx, &who, &keys))
    }

    fn end_orders(&self, who: Submitter, admin: Digest, keys: Vec<PublicKey>) -> Answer<()> {
        self.writer.run("channel-done", SMALL, move |tx| {
            channel::done(tx, &who, &admin, &keys)
        })
    }

    fn create_blob(
        &self,
        who: Submitter,
        request: sotto_wire::blob::Create,
    ) -> Answer<sotto_wire::blob::Status> {
        self.writer.run("blob-create", SMALL, move |tx| {
            blob::create(tx, &who, &request)
        })
    }

    fn find_blob(&self, who: Submitter, id: BlobId) -> Answer<FoundBlob> {
        self.readers
            .run(move |rx| blob::find_for_submitter(rx, &who, &id))
    }

    fn find_blob_for_owner(&self, owner: Owner, id: BlobId) -> Answer<FoundBlob> {
        self.readers
            .run(move |rx| blob::find_for_owner(rx, owner, &id))
    }

    fn blob_received(
        &self,
        who: Submitter,
        key: BlobKey,
        from: u64,
        to: u64,
    ) -> Answer<sotto_wire::blob::Status> {
        self.writer.run("blob-put", SMALL, move |tx| {
            blob::received(tx, &who, key, from, to)
        })
    }

    fn sweep(&self) -> Answer<Swept> {
        self.writer.run("sweep", SMALL, sweep::sweep)
    }
}

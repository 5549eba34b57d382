//! The door to what the relay keeps. [`Store`] speaks of mailboxes, slots and positions, never of tables: the embedded
//! store behind it is [`sqlite`], and a store on a database server fits behind the same door.
//!
//! Rules every implementation keeps. A write is answered only after it is durable. Each operation is atomic. Whatever
//! depends on who may do it is checked inside the same transaction as the change. `accepted` times never decrease
//! within a mailbox, and neither do sequence numbers in the order in which readers can see them. Events are told to
//! the [`Listener`] after they are durable and not before.

pub(crate) mod sqlite;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use sotto_wire::{
    Alias, BlobId, Digest, EntrySeq, Epoch, Generation, GrantId, MailboxId, Position, PublicKey,
    RelayTime, SlotId, TenantId, WireError, blob, channel, grant, key_package, live, mailbox,
    receipt, roster, slot, submit, tenant,
};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A rule of the contract says no; this is the caller's answer.
    #[error(transparent)]
    Refused(#[from] WireError),
    /// The disk is full.
    #[error("the store's disk is full")]
    Full,
    /// The store itself failed while doing what the text says.
    #[error("the store failed while {doing}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What the engine said. It holds no values.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
}

/// An answer that comes when it is durable.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// The store's own name of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TenantKey(pub(crate) i64);

/// The store's own name of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MailboxKey(pub(crate) i64);

/// The store's own name of a blob; names its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlobKey(pub(crate) i64);

/// Whoever holds the submit bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Submitter {
    pub(crate) tenant: TenantId,
    pub(crate) bearer: Digest,
}

/// Whoever holds a session of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) tenant: TenantKey,
    pub(crate) mailbox: MailboxKey,
}

/// Either of the two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader {
    Submitter(Submitter),
    Owner(Owner),
}

/// A mailbox, for starting a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoundMailbox {
    pub(crate) owner: Owner,
    pub(crate) key: PublicKey,
    pub(crate) closed: bool,
}

/// When it was accepted and who does not get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) time: RelayTime,
    pub(crate) refused: Vec<submit::Refused>,
}

/// What a slot's signatures are verified with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotKeys {
    pub(crate) epoch: Epoch,
    pub(crate) epoch_key: PublicKey,
    pub(crate) resync_key: PublicKey,
}

/// The key a slot operation's signature was verified with, so that the store can see whether it still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerifiedBy {
    EpochKey(PublicKey),
    ResyncKey(PublicKey),
}

/// A grant as the taker's signature is verified against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantTaker {
    pub(crate) taker: PublicKey,
    pub(crate) answer: Option<sotto_wire::Sealed>,
}

/// A wipe channel as its key's holder is answered from it. Never an order and a share together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundChannel {
    pub(crate) tenant: TenantKey,
    pub(crate) order: Option<sotto_wire::Sealed>,
    /// Whether the order was given out before.
    pub(crate) fetched: bool,
    pub(crate) share: Option<sotto_wire::Sealed>,
}

/// A blob and where its bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundBlob {
    pub(crate) key: BlobKey,
    pub(crate) status: blob::Status,
    /// Bytes that its organisation keeps here already.
    pub(crate) used: u64,
}

/// What one sweep found.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Whether there may be more to sweep at once.
    pub(crate) more: bool,
    /// Blobs whose files can go.
    pub(crate) blobs: Vec<BlobKey>,
}

/// A milestone of something the relay keeps, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Milestone {
    PayloadStored,
    EntryQueued,
    EntryRefused,
    EntryAcknowledged,
    EntryExpired,
    EntryRevoked,
    ReceiptLeft,
    ReceiptExpired,
    ReceiptRevoked,
    ReceiptForgotten,
    EpochOpened,
    RosterEntry,
    KeyPackageClaimed,
    LastResortClaimed,
    BlobCompleted,
    BlobExpired,
    GrantExpired,
    OrderLaid,
    OrderFetched,
    OrderCertified,
    OrderCollected,
    OrderExpired,
}

/// Something that is now durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// There is something new in a mailbox.
    Arrived(MailboxKey),
    /// A mailbox was closed.
    Closed(MailboxKey),
    /// A grant was answered or ended.
    GrantChanged(TenantKey, GrantId),
    /// An order was laid in a wipe channel, or it was closed.
    Ordered(TenantKey, PublicKey),
    /// A rotation replaced an organisation's bearer.
    BearerReplaced(TenantId),
    /// So many reached a milestone.
    Count(Milestone, u64),
}

/// Who is told after a commit. It must not block.
pub(crate) trait Listener: Send + Sync + 'static {
    /// These are durable.
    fn after_commit(&self, events: &[Event]);
    /// So many operations shared one commit.
    fn committed(&self, operations: usize);
}

/// What an operator allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quotas {
    pub(crate) alias_entries: u32,
    pub(crate) alias_bytes: u64,
    pub(crate) mailbox_entries: u32,
    pub(crate) mailbox_bytes: u64,
    pub(crate) mailbox_aliases: u32,
    pub(crate) tenant_mailboxes: u32,
    pub(crate) tenant_bytes: u64,
    pub(crate) tenant_slots: u32,
    pub(crate) tenant_grants: u32,
    pub(crate) tenant_channels: u32,
    pub(crate) tenant_blobs: u32,
    pub(crate) tenant_receipts: u32,
    pub(crate) roster_entries: u64,
}

/// Everything the relay keeps. See the module for the rules.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether the store can write and read.
    fn health(&self) -> Answer<()>;

    // organisations
    fn register(&self, request: tenant::Register, token: Digest) -> Answer<()>;
    /// `Unauthorized` unless the bearer is the current one.
    fn authenticate(&self, who: Submitter) -> Answer<TenantKey>;
    /// The same for a bearer that is the current one or an earlier one.
    fn authenticate_earlier(&self, who: Submitter) -> Answer<TenantKey>;

    // mailboxes
    fn open_mailbox(&self, who: Submitter, request: mailbox::Open) -> Answer<()>;
    fn find_mailbox(&self, tenant: TenantId, mailbox: MailboxId) -> Answer<Option<FoundMailbox>>;
    fn set_generation(&self, owner: Owner, expect: Generation, next: Generation) -> Answer<()>;
    fn create_aliases(&self, owner: Owner, aliases: Vec<Alias>) -> Answer<()>;
    fn drop_aliases(&self, owner: Owner, aliases: Vec<Alias>) -> Answer<()>;

    // deliveries
    /// `request` is the digest of the whole request, to tell a repetition from another request.
    fn submit(&self, who: Submitter, request: Digest, submit: submit::Submit) -> Answer<Accepted>;
    /// What waits, oldest first, without `skip`; at least one entry if there is one, else within both limits.
    fn waiting(
        &self,
        owner: Owner,
        skip: BTreeSet<EntrySeq>,
        entries: usize,
        bytes: usize,
    ) -> Answer<Vec<live::Entry>>;
    fn acknowledge(&self, owner: Owner, ack: live::Ack) -> Answer<()>;
    fn collect(&self, who: Submitter, request: receipt::Collect) -> Answer<receipt::Collected>;

    // group slots
    fn create_slot(&self, who: Submitter, request: Digest, create: slot::Create) -> Answer<()>;
    fn slot_keys(&self, who: Submitter, slot: SlotId) -> Answer<SlotKeys>;
    /// `verified` is absent where no signature could be verified; then only a repetition is answered.
    fn advance_slot(
        &self,
        who: Submitter,
        request: Digest,
        body: slot::AdvanceBody,
        verified: Option<VerifiedBy>,
    ) -> Answer<Accepted>;
    /// Only after the resync key's signature was verified; refused if that is no longer the key.
    fn read_slot(
        &self,
        who: Submitter,
        request: slot::Read,
        resync_key: PublicKey,
    ) -> Answer<slot::Slot>;

    // roster
    fn append_roster(&self, who: Submitter, request: roster::Append) -> Answer<Position>;
    /// An earlier submit bearer may read too.
    fn read_roster(&self, who: Reader, request: roster::Read) -> Answer<roster::Entries>;
    /// `admin` is the digest of the capability in the request. The bearer may be an earlier one for a repetition.
    fn rotate_roster(
        &self,
        who: Submitter,
        request: Digest,
        rotate: roster::Rotate,
        admin: Digest,
    ) -> Answer<roster::Rotated>;
    fn read_seals(&self, owner: Owner, request: roster::ReadSeals) -> Answer<roster::Seals>;
    fn put_attestation(&self, who: Submitter, request: roster::PutAttestation) -> Answer<bool>;
    fn get_attestation(&self, who: Reader) -> Answer<roster::Attestation>;

    // key packages
    fn publish_key_packages(&self, owner: Owner, request: key_package::Publish) -> Answer<u32>;
    /// Of the aliases in `last_resort_only` no one-time key package is given.
    fn claim_key_packages(
        &self,
        who: Submitter,
        request: key_package::Claim,
        last_resort_only: Vec<bool>,
    ) -> Answer<key_package::Claimed>;

    // grants
    fn create_grant(
        &self,
        who: Submitter,
        request: Digest,
        create: grant::Create,
    ) -> Answer<RelayTime>;
    fn take_grant(
        &self,
        tenant: TenantId,
        grant: GrantId,
        token: Digest,
        taker: PublicKey,
    ) -> Answer<grant::Taken>;
    fn grant_taker(&self, tenant: TenantId, grant: GrantId) -> Answer<(TenantKey, GrantTaker)>;
    /// Only after the signature of `taker` was verified.
    fn request_grant(
        &self,
        tenant: TenantId,
        request: grant::Request,
        taker: PublicKey,
    ) -> Answer<()>;
    fn grant_status(&self, who: Submitter, grant: GrantId) -> Answer<grant::Grant>;
    fn answer_grant(&self, who: Submitter, answer: grant::Answer) -> Answer<()>;
    fn drop_grant(&self, who: Submitter, grant: GrantId) -> Answer<()>;

    // wipe channels
    /// Only after the channel key's signature was verified.
    fn open_channel(&self, who: Submitter, request: channel::Open) -> Answer<()>;
    /// `NotFound` where it was never opened and no order laid.
    fn find_channel(&self, tenant: TenantId, key: PublicKey) -> Answer<FoundChannel>;
    /// The order that stands, noted as given out. Only after the channel key's signature was verified.
    fn fetch_order(&self, tenant: TenantId, key: PublicKey) -> Answer<Option<sotto_wire::Sealed>>;
    /// `digest` is the certificate's. Only after the channel key's signature was verified.
    fn certify_order(
        &self,
        tenant: TenantId,
        key: PublicKey,
        digest: Digest,
        certificate: sotto_wire::Sealed,
    ) -> Answer<()>;
    fn collect_orders(&self, who: Submitter, keys: Vec<PublicKey>) -> Answer<channel::Collected>;
    /// `admin` is the digest of the capability in the request.
    fn end_orders(&self, who: Submitter, admin: Digest, keys: Vec<PublicKey>) -> Answer<()>;

    // blobs
    fn create_blob(&self, who: Submitter, request: blob::Create) -> Answer<blob::Status>;
    fn find_blob(&self, who: Submitter, blob: BlobId) -> Answer<FoundBlob>;
    fn find_blob_for_owner(&self, owner: Owner, blob: BlobId) -> Answer<FoundBlob>;
    /// The bytes from `from` to `to` are durably in the blob's file.
    fn blob_received(
        &self,
        who: Submitter,
        blob: BlobKey,
        from: u64,
        to: u64,
    ) -> Answer<blob::Status>;

    // time
    /// Ends what is over, a bounded number of rows at a time.
    fn sweep(&self) -> Answer<Swept>;
}

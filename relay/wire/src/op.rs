//! The list of operations: number, path, what the caller proves, how large the request may be, and which types go in and
//! out. Numbers and paths are stable. [`RESERVED`] names those of this version that are refused as unsupported for now.

use minicbor::{Decode, Encode};

use crate::{
    blob, channel, grant, info, key_package, limits, live, mailbox, receipt, roster, session, slot,
    submit, tenant,
};

/// What an operation asks its caller to prove, in the `authorization` header or inside the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Nothing, or a signature or token inside the request.
    None,
    /// The submit bearer of the organisation's current roster epoch. It names no device.
    Submit,
    /// The same, or an earlier submit bearer: only to repeat what retired it.
    SubmitOrEarlier,
    /// The token of a session of one mailbox.
    Session,
    /// A submit bearer or a session token.
    Either,
    /// A session token, the submit bearer or an earlier one.
    EitherOrEarlier,
}

/// One operation, as a type: the client names it, and request and answer follow.
pub trait Operation {
    /// What goes in.
    type Request: Encode<()> + for<'b> Decode<'b, ()>;
    /// What comes out with status 200.
    type Response: Encode<()> + for<'b> Decode<'b, ()>;
    /// Number, path, proof, size.
    const DESCRIPTOR: Descriptor;
}

/// The constant facts of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// Stable number.
    pub number: u16,
    /// Full path, version included.
    pub path: &'static str,
    /// What the caller proves.
    pub auth: Auth,
    /// Largest request body in bytes.
    pub body: usize,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $path:literal, $auth:ident, $body:ident,
        $request:ty => $response:ty;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Operation for $name {
                type Request = $request;
                type Response = $response;
                const DESCRIPTOR: Descriptor = Descriptor {
                    number: $number,
                    path: concat!("/v1/", $path),
                    auth: Auth::$auth,
                    body: limits::$body,
                };
            }
        )*

        /// Every operation with a CBOR body, in order of number.
        pub const OPERATIONS: &[Descriptor] = &[$(<$name as Operation>::DESCRIPTOR),*];

        /// The names of the operations and of their types, for the schema.
        pub const NAMES: &[(u16, &str, &str, &str)] =
            &[$(($number, stringify!($name), stringify!($request), stringify!($response))),*];
    };
}

operations! {
    /// What the relay is: versions, signing key, limits, time. The only `GET` among these.
    Info = 1, "info", None, OPEN_BODY_BYTES, info::InfoRequest => info::RelayInfo;
    /// Makes the organisation's place at the relay, with a token of the operator.
    TenantRegister = 2, "tenant/register", None, OPEN_BODY_BYTES, tenant::Register => tenant::Registered;
    /// Opens a device's mailbox.
    MailboxOpen = 3, "mailbox/open", Submit, BODY_BYTES, mailbox::Open => mailbox::Opened;
    /// Asks for a nonce to prove ownership of a mailbox with.
    SessionChallenge = 4, "session/challenge", None, OPEN_BODY_BYTES, session::Challenge => session::Challenged;
    /// Proves it, and compares and sets the session generation.
    SessionStart = 5, "session/start", None, OPEN_BODY_BYTES, session::Start => session::Started;
    /// Makes aliases of the mailbox.
    AliasCreate = 6, "alias/create", Session, BODY_BYTES, mailbox::AliasCreate => mailbox::AliasCreated;
    /// Drops aliases; what already waits stays.
    AliasDrop = 7, "alias/drop", Session, BODY_BYTES, mailbox::AliasDrop => mailbox::AliasDropped;
    /// Hands in one payload for many aliases.
    Submit = 8, "submit", Submit, BODY_BYTES, submit::Submit => submit::Queued;
    /// Makes a group's slot.
    SlotCreate = 9, "slot/create", Submit, LARGE_BODY_BYTES, slot::Create => slot::Created;
    /// Opens the next epoch of a slot: commit, welcomes, GroupInfo and fan-out are one.
    SlotAdvance = 10, "slot/advance", Submit, LARGE_BODY_BYTES, slot::Advance => slot::Advanced;
    /// Reads a slot's epoch, GroupInfo and recent commits.
    SlotRead = 11, "slot/read", Submit, BODY_BYTES, slot::Read => slot::Slot;
    /// Long poll of the mailbox.
    MailboxFetch = 12, "mailbox/fetch", Session, BODY_BYTES, live::Fetch => live::Fetched;
    /// Acknowledges entries, with receipts.
    MailboxAck = 13, "mailbox/ack", Session, LARGE_BODY_BYTES, live::Ack => live::Acked;
    /// Collects what became of deliveries.
    ReceiptsCollect = 14, "receipts/collect", Submit, BODY_BYTES, receipt::Collect => receipt::Collected;
    /// Appends to the roster log.
    RosterAppend = 15, "roster/append", Submit, LARGE_BODY_BYTES, roster::Append => roster::Appended;
    /// Reads the roster log; earlier submit bearers may too.
    RosterRead = 16, "roster/read", EitherOrEarlier, BODY_BYTES, roster::Read => roster::Entries;
    /// Rotates the roster key: entries, bearers, seals and closed mailboxes are one.
    RosterRotate = 17, "roster/rotate", SubmitOrEarlier, ROTATE_BODY_BYTES, roster::Rotate => roster::Rotated;
    /// Reads the seals addressed to this mailbox.
    RosterSeals = 18, "roster/seals", Session, BODY_BYTES, roster::ReadSeals => roster::Seals;
    /// Replaces the newest attestation.
    AttestationPut = 19, "attestation/put", Submit, BODY_BYTES, roster::PutAttestation => roster::AttestationPutDone;
    /// Reads the newest attestation.
    AttestationGet = 20, "attestation/get", Either, BODY_BYTES, roster::GetAttestation => roster::Attestation;
    /// Publishes key packages under an alias of the mailbox.
    KeyPackagePublish = 21, "kp/publish", Session, LARGE_BODY_BYTES, key_package::Publish => key_package::Published;
    /// Claims one key package of each alias.
    KeyPackageClaim = 22, "kp/claim", Submit, BODY_BYTES, key_package::Claim => key_package::Claimed;
    /// Makes the rendezvous of an invitation.
    GrantCreate = 23, "grant/create", Submit, BODY_BYTES, grant::Create => grant::Created;
    /// Takes the offer; the first key to do so is bound.
    GrantTake = 24, "grant/take", None, OPEN_BODY_BYTES, grant::Take => grant::Taken;
    /// The taker leaves one request.
    GrantRequest = 25, "grant/request", None, OPEN_BODY_BYTES, grant::Request => grant::Requested;
    /// The inviter looks at what the taker did.
    GrantStatus = 26, "grant/status", Submit, BODY_BYTES, grant::Status => grant::Grant;
    /// The inviter answers the request.
    GrantAnswer = 27, "grant/answer", Submit, BODY_BYTES, grant::Answer => grant::Answered;
    /// The taker waits for the answer.
    GrantPoll = 28, "grant/poll", None, OPEN_BODY_BYTES, grant::Poll => grant::Polled;
    /// Ends the rendezvous.
    GrantDrop = 29, "grant/drop", Submit, BODY_BYTES, grant::Drop => grant::Dropped;
    /// Announces an attachment.
    BlobCreate = 30, "blob/create", Submit, BODY_BYTES, blob::Create => blob::Status;
    /// How much of an attachment has arrived.
    BlobStatus = 31, "blob/status", Submit, BODY_BYTES, blob::AskStatus => blob::Status;
    /// A short-lived token to download an attachment with.
    BlobLink = 32, "blob/link", Session, BODY_BYTES, blob::AskLink => blob::Link;
    /// Opens a device's wipe channel, or replaces its share.
    ChannelOpen = 33, "channel/open", Submit, BODY_BYTES, channel::Open => channel::Opened;
    /// Asks for a nonce to prove possession of a channel key with.
    ChannelChallenge = 34, "channel/challenge", None, OPEN_BODY_BYTES, channel::Challenge => channel::Challenged;
    /// The device waits for an order.
    ChannelPoll = 35, "channel/poll", None, OPEN_BODY_BYTES, channel::Poll => channel::Polled;
    /// The device leaves its certificate.
    ChannelCertify = 36, "channel/certify", None, OPEN_BODY_BYTES, channel::Certify => channel::Certified;
    /// How orders stand, with the certificates.
    ChannelCollect = 37, "channel/collect", Submit, BODY_BYTES, channel::Collect => channel::Collected;
    /// Ends orders.
    ChannelDone = 38, "channel/done", Submit, BODY_BYTES, channel::Done => channel::Ended;
}

/// Operations whose place this version keeps and which are refused as [`crate::ErrorCode::Unsupported`], whatever the
/// body: releasing escrows and push registration. Number 65 was a reserved `mailbox/revoke`; orders go with `roster/rotate`, and
/// the number is not given out again.
pub const RESERVED: &[(u16, &str)] = &[(64, "/v1/escrow"), (66, "/v1/push/register")];

//! Every number a request must stay within. The relay refuses beyond them with [`crate::ErrorCode::TooLarge`] naming the
//! [`crate::LimitKind`]; quotas and rates, which an operator may set, are in [`crate::info::RelayLimits`].

/// Bytes of one payload (a message, a Welcome, a commit).
pub const PAYLOAD_BYTES: usize = 1 << 20;
/// Addressees of one `submit`, or of all posts of one `slot/advance` together.
pub const DELIVERIES: usize = 2_000;
/// Posts (the commit and its welcomes) of one `slot/advance`.
pub const POSTS: usize = 1_001;
/// Bytes of one sealed GroupInfo: a full tree of 1,000 leaves with post-quantum keys.
pub const GROUP_INFO_BYTES: usize = 4 << 20;
/// Bytes of the body of an operation that asks for no proof in its headers.
pub const OPEN_BODY_BYTES: usize = 128 << 10;
/// Bytes of the body of any operation that has no other limit of its own.
pub const BODY_BYTES: usize = 2 << 20;
/// Bytes of the body of the operations that carry many payloads: slots, acknowledgements, roster, key packages.
pub const LARGE_BODY_BYTES: usize = 12 << 20;
/// Bytes of the body of `roster/rotate`: a seal for each device of a large organisation.
pub const ROTATE_BODY_BYTES: usize = 32 << 20;
/// Shortest life of a delivery, in seconds.
pub const TTL_MIN_S: u32 = 1;
/// Longest life of a delivery or blob, in seconds: 60 days.
pub const TTL_MAX_S: u32 = 60 * 24 * 3600;
/// How long the same idempotency id gets the same answer, in seconds: 48 hours.
pub const IDEMPOTENCY_S: u32 = 48 * 3600;
/// Aliases in one `alias/create` or `alias/drop`.
pub const ALIASES_PER_CALL: usize = 256;
/// Receipt handles in each list of one `receipts/collect`.
pub const RECEIPTS_PER_CALL: usize = 500;
/// Bytes of one sealed delivery receipt.
pub const RECEIPT_BYTES: usize = 4 << 10;
/// How long a receipt's end state waits to be collected, in seconds: 30 days.
pub const RECEIPT_KEEP_S: u32 = 30 * 24 * 3600;
/// Entries in one server frame or one `mailbox/fetch`, unless their bytes end it sooner.
pub const FETCH_ENTRIES: usize = 256;
/// Bytes of payload in one server frame or one `mailbox/fetch`; one entry always fits.
pub const FETCH_BYTES: usize = 1 << 20;
/// Entries sent on one live socket and not yet acknowledged.
pub const IN_FLIGHT_ENTRIES: usize = 256;
/// Bytes sent on one live socket and not yet acknowledged.
pub const IN_FLIGHT_BYTES: usize = 4 << 20;
/// Sequence numbers, and receipts, in one acknowledgement.
pub const ACKS_PER_CALL: usize = 1_000;
/// Longest wait of a long poll, in milliseconds.
pub const WAIT_MAX_MS: u32 = 55_000;
/// Commits the relay keeps per slot.
pub const COMMITS_KEPT: usize = 128;
/// How long the relay keeps them, in seconds: 30 days.
pub const COMMITS_KEPT_S: u32 = 30 * 24 * 3600;
/// Bytes of commits in one `slot/read`; one commit always fits. Ask again from the last one received.
pub const SLOT_READ_BYTES: usize = 4 << 20;
/// How far a time inside a signed request may be from the relay's, in milliseconds: 10 minutes.
pub const SIGNED_AT_WINDOW_MS: i64 = 600_000;
/// Life of a challenge, in seconds.
pub const NONCE_S: u32 = 60;
/// Life of a session token, in seconds: 12 hours.
pub const SESSION_S: u32 = 12 * 3600;
/// Bytes of one roster entry.
pub const ROSTER_ENTRY_BYTES: usize = 64 << 10;
/// Entries of one `roster/append` or `roster/rotate`.
pub const ROSTER_ENTRIES_PER_CALL: usize = 256;
/// Entries of one `roster/read`, unless their bytes end it sooner.
pub const ROSTER_READ_ENTRIES: usize = 1_000;
/// Bytes of entries in one `roster/read`; one entry always fits.
pub const ROSTER_READ_BYTES: usize = 1 << 20;
/// Seals of one rotation.
pub const SEALS: usize = 10_000;
/// Bytes of one seal.
pub const SEAL_BYTES: usize = 4 << 10;
/// Seals in one answer of `roster/seals`, newest last. Ask again after the last one received.
pub const SEALS_READ: usize = 256;
/// Mailboxes closed by one rotation.
pub const CLOSE_PER_CALL: usize = 256;
/// Bytes of one attestation.
pub const ATTESTATION_BYTES: usize = 4 << 10;
/// Bytes of one key package.
pub const KEY_PACKAGE_BYTES: usize = 32 << 10;
/// One-time key packages the relay keeps per alias.
pub const KEY_PACKAGES_PER_ALIAS: usize = 100;
/// One-time key packages of one `kp/publish`.
pub const KEY_PACKAGES_PER_CALL: usize = 50;
/// How long the relay keeps a key package, in seconds: 28 days.
pub const KEY_PACKAGE_KEEP_S: u32 = 28 * 24 * 3600;
/// Aliases of one `kp/claim`.
pub const CLAIMS_PER_CALL: usize = 100;
/// Bytes of a grant's offer: sealed roster keys.
pub const GRANT_OFFER_BYTES: usize = 64 << 10;
/// Bytes of a grant's request or answer.
pub const GRANT_MESSAGE_BYTES: usize = 64 << 10;
/// Longest life of a grant, in seconds: 30 days.
pub const GRANT_MAX_S: u32 = 30 * 24 * 3600;
/// Bytes of one blob.
pub const BLOB_BYTES: u64 = 256 << 20;
/// Bytes of one blob upload request, and of one ranged download.
pub const BLOB_CHUNK_BYTES: usize = 1 << 20;
/// Life of a blob link token, in seconds.
pub const BLOB_LINK_S: u32 = 600;
/// Bytes of an unlock share.
pub const SHARE_BYTES: usize = 128;
/// Longest wait of a `channel/poll`, in seconds.
pub const CHANNEL_WAIT_S: u16 = 55;
/// Orders of one rotation: one for each mailbox it may close.
pub const ORDERS_PER_CALL: usize = CLOSE_PER_CALL;
/// Bytes of one order: the entries that prove it.
pub const ORDER_BYTES: usize = 128 << 10;
/// How long an order and its certificates are kept, in seconds: 400 days. The key stays refused afterwards.
pub const ORDER_KEEP_S: u32 = 400 * 24 * 3600;
/// Bytes of one certificate.
pub const CERTIFICATE_BYTES: usize = 32 << 10;
/// Different certificates the relay keeps for one order.
pub const CERTIFICATES: usize = 4;
/// Channels of one `channel/collect` or `channel/done`.
pub const CHANNELS_PER_CALL: usize = 256;
/// Bytes of certificates in one `channel/collect`; those of one channel always fit.
pub const COLLECT_BYTES: usize = 1 << 20;

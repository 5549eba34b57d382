//! The contract between a Sotto device and the blind relay, and nothing else: what may be asked, what is answered, how
//! large it may be, which errors exist and which bytes are signed. Both sides link this crate, so neither can drift.
//!
//! A request is an HTTPS `POST` to `/v1/<operation>` with a deterministic CBOR body ([`codec`]), the tenant in
//! [`http::TENANT_HEADER`] and, where the operation asks for one ([`Auth`]), a bearer in `authorization`. Blobs and the
//! live socket have paths of their own in [`http`]. There is no text in the contract: every value is a number, a fixed
//! number of bytes, or a [`Sealed`] ciphertext, so nothing readable can travel by accident.
//!
//! The crate knows no cryptography. [`signed`] builds the bytes a signature covers; who signs and verifies is elsewhere.

pub mod base64url;
pub mod blob;
pub mod channel;
pub mod codec;
pub mod error;
pub mod grant;
pub mod http;
pub mod id;
pub mod info;
pub mod key_package;
pub mod limits;
pub mod live;
pub mod mailbox;
pub mod op;
pub mod receipt;
pub mod roster;
pub mod sealed;
pub mod session;
pub mod signed;
pub mod slot;
pub mod submit;
pub mod tenant;
pub mod time;

pub use codec::{DecodeError, decode, encode};
pub use error::{Detail, ErrorCode, LimitKind, WireError};
pub use id::{
    Alias, BlobId, Digest, EntrySeq, Epoch, Generation, GrantId, IdempotencyId, MailboxId, Nonce,
    Position, PublicKey, ReceiptHandle, Sig, SlotId, TenantId,
};
pub use op::{Auth, Descriptor, OPERATIONS, Operation, RESERVED};
pub use sealed::{Bearer, Sealed};
pub use signed::ToSign;
pub use time::{RelayTime, SignedTime};

/// The version of the contract this crate speaks; it is the first segment of every path.
pub const VERSION: u16 = 1;

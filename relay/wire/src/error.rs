//! What the relay answers when it does not do what was asked. Codes are stable: a number never changes its meaning.

use minicbor::{Decode, Encode};

use crate::{Epoch, Position};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal;)*) => {
        /// Why the relay refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $name = $code,)*
        }

        impl ErrorCode {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                self as u16
            }

            /// The code with that number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The HTTP status that carries this code.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }
        }
    };
}

error_codes! {
    /// The request is not what the contract says: malformed, a rule between fields broken.
    BadRequest = 1, 400;
    /// The relay does not speak this version; ask `info` for the range.
    UnsupportedVersion = 2, 426;
    /// The bearer, capability or signature is not the right one.
    Unauthorized = 3, 401;
    /// The session has ended, was superseded, or the relay restarted: start another.
    SessionExpired = 4, 401;
    /// The store's session generation is neither the expected nor the next one: it was copied or restored.
    GenerationConflict = 5, 409;
    /// There is no such thing here.
    NotFound = 6, 404;
    /// Another commit opened the next epoch; the detail names the current one.
    EpochConflict = 7, 409;
    /// The roster log has moved on; the detail names its current length.
    PositionConflict = 8, 409;
    /// The id is taken by something different.
    AlreadyExists = 9, 409;
    /// A limit of the contract is exceeded; the detail names it.
    TooLarge = 10, 413;
    /// A quota of the tenant, mailbox or alias is used up; the detail names it.
    QuotaExceeded = 11, 403;
    /// Too often; `retry_after_ms` says when again.
    RateLimited = 12, 429;
    /// The relay's disk is nearly full and takes nothing new.
    StorageFull = 13, 507;
    /// The relay cannot answer now: stopping, overloaded, or not complete yet.
    Unavailable = 14, 503;
    /// The grant was taken by another key.
    GrantTaken = 15, 409;
    /// It existed and its time is over.
    Expired = 16, 410;
    /// Reserved by this version and not offered by this relay.
    Unsupported = 17, 501;
    /// The mailbox was closed by its organisation.
    MailboxClosed = 18, 403;
    /// The device of this channel was excluded; it is not opened again.
    ChannelClosed = 19, 403;
}

impl<C> Encode<C> for ErrorCode {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for ErrorCode {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_code(d.u16()?)
            .ok_or_else(|| minicbor::decode::Error::message("unknown error code"))
    }
}

/// Which limit or quota was hit. Numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum LimitKind {
    /// Bytes of a request body.
    #[n(1)]
    Body,
    /// Bytes of a payload.
    #[n(2)]
    Payload,
    /// Addressees.
    #[n(3)]
    Deliveries,
    /// Posts of an advance.
    #[n(4)]
    Posts,
    /// Bytes of a GroupInfo.
    #[n(5)]
    GroupInfo,
    /// Life in seconds.
    #[n(6)]
    Ttl,
    /// Aliases in a call.
    #[n(7)]
    Aliases,
    /// Receipt handles in a call.
    #[n(8)]
    Receipts,
    /// Bytes of a receipt.
    #[n(9)]
    ReceiptBytes,
    /// Acknowledgements in a call.
    #[n(10)]
    Acks,
    /// Milliseconds of waiting.
    #[n(11)]
    Wait,
    /// Roster entries in a call.
    #[n(12)]
    RosterEntries,
    /// Bytes of a roster entry.
    #[n(13)]
    RosterEntryBytes,
    /// Seals in a rotation.
    #[n(14)]
    Seals,
    /// Bytes of a seal.
    #[n(15)]
    SealBytes,
    /// Mailboxes closed in a call.
    #[n(16)]
    Close,
    /// Bytes of an attestation.
    #[n(17)]
    Attestation,
    /// Bytes of a key package.
    #[n(18)]
    KeyPackageBytes,
    /// Key packages in a call or kept for an alias.
    #[n(19)]
    KeyPackages,
    /// Claims in a call.
    #[n(20)]
    Claims,
    /// Bytes of a grant's offer, request or answer.
    #[n(21)]
    GrantBytes,
    /// Bytes of a blob or of one chunk of it.
    #[n(22)]
    Blob,
    /// Quota: mailboxes of a tenant.
    #[n(23)]
    TenantMailboxes,
    /// Quota: bytes of a tenant.
    #[n(24)]
    TenantBytes,
    /// Quota: slots of a tenant.
    #[n(25)]
    TenantSlots,
    /// Quota: aliases of a mailbox.
    #[n(26)]
    MailboxAliases,
    /// Quota: entries of a tenant's roster log.
    #[n(27)]
    RosterLog,
    /// Quota: grants of a tenant.
    #[n(28)]
    TenantGrants,
    /// Quota: blobs of a tenant.
    #[n(29)]
    TenantBlobs,
    /// Quota: live sockets of the relay.
    #[n(30)]
    Sockets,
    /// Quota: receipt handles of a tenant that wait or are not yet collected.
    #[n(31)]
    TenantReceipts,
    /// Bytes of a share.
    #[n(32)]
    ShareBytes,
    /// Orders in a rotation.
    #[n(33)]
    Orders,
    /// Bytes of an order.
    #[n(34)]
    OrderBytes,
    /// Bytes of a certificate.
    #[n(35)]
    CertificateBytes,
    /// Channels in a call.
    #[n(36)]
    Channels,
    /// Quota: different certificates of one order.
    #[n(37)]
    Certificates,
    /// Quota: channels a tenant opened.
    #[n(38)]
    TenantChannels,
    /// Quota: polls that wait.
    #[n(39)]
    Polls,
}

/// What a caller needs to act on the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
#[non_exhaustive]
pub enum Detail {
    /// With `EpochConflict`: the slot's current epoch.
    #[n(1)]
    Epoch(#[n(0)] Epoch),
    /// With `PositionConflict`: the roster log's current length.
    #[n(2)]
    Position(#[n(0)] Position),
    /// With `TooLarge` and `QuotaExceeded`: what was exceeded, and its number.
    #[n(3)]
    Limit(#[n(0)] LimitKind, #[n(1)] u64),
    /// With `PositionConflict` on an upload: the offset the blob expects next.
    #[n(4)]
    Offset(#[n(0)] u64),
}

/// A refusal, as it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("the relay refused: {code:?}")]
#[cbor(map)]
pub struct WireError {
    /// What happened.
    #[n(0)]
    pub code: ErrorCode,
    /// Not before this many milliseconds; absent where waiting alone does not help.
    #[n(1)]
    pub retry_after_ms: Option<u32>,
    /// Numbers that belong to the code.
    #[n(2)]
    pub detail: Option<Detail>,
}

impl WireError {
    /// A refusal with neither delay nor detail.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self {
            code,
            retry_after_ms: None,
            detail: None,
        }
    }

    /// The same, to be tried again after a delay.
    #[must_use]
    pub const fn retry_after(code: ErrorCode, ms: u32) -> Self {
        Self {
            code,
            retry_after_ms: Some(ms),
            detail: None,
        }
    }

    /// The same, with its numbers.
    #[must_use]
    pub const fn detailed(code: ErrorCode, detail: Detail) -> Self {
        Self {
            code,
            retry_after_ms: None,
            detail: Some(detail),
        }
    }

    /// `TooLarge`, naming the limit.
    #[must_use]
    pub const fn too_large(kind: LimitKind, max: u64) -> Self {
        Self::detailed(ErrorCode::TooLarge, Detail::Limit(kind, max))
    }

    /// `QuotaExceeded`, naming the quota; it may free itself, so a delay comes with it.
    #[must_use]
    pub const fn quota(kind: LimitKind, max: u64, retry_after_ms: u32) -> Self {
        Self {
            code: ErrorCode::QuotaExceeded,
            retry_after_ms: Some(retry_after_ms),
            detail: Some(Detail::Limit(kind, max)),
        }
    }
}

impl From<ErrorCode> for WireError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

//! The names of things on the wire: random, opaque, each its own type so that none is passed for another. Their `Debug`
//! shows no byte of them, because the relay's logs may hold no id.

use core::fmt;

use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Write};
use minicbor::{Decode, Encode};

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps bytes made or stored elsewhere.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = core::array::TryFromSliceError;

            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let wrong = |_| minicbor::decode::Error::message(concat!("length of ", stringify!($name)));
                d.bytes()?.try_into().map(Self).map_err(wrong)
            }
        }
    };
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u64);
    };
}

fixed_bytes!(
    /// An organisation at this relay. 16 random bytes.
    TenantId, 16
);
fixed_bytes!(
    /// One device's mailbox. 16 random bytes, unlinkable to the device's id inside the organisation.
    MailboxId, 16
);
fixed_bytes!(
    /// An address of a mailbox: one per conversation, plus one contact alias in the roster. 16 random bytes.
    Alias, 16
);
fixed_bytes!(
    /// A group's place at the relay, where its epochs are compared and set. 16 random bytes, not the MLS group id.
    SlotId, 16
);
fixed_bytes!(
    /// Chosen once per intent by the caller; the same one gets the same answer for 48 hours. 16 random bytes.
    IdempotencyId, 16
);
fixed_bytes!(
    /// Under which a device leaves its sealed delivery receipt and the sender collects it. 16 random bytes.
    ReceiptHandle, 16
);
fixed_bytes!(
    /// An encrypted attachment. 16 random bytes, a new one for each forward.
    BlobId, 16
);
fixed_bytes!(
    /// The rendezvous of one invitation. 16 random bytes.
    GrantId, 16
);
fixed_bytes!(
    /// Which run of a device's store holds the session. 16 random bytes, replaced by compare-and-set at each session.
    Generation, 16
);
fixed_bytes!(
    /// An Ed25519 public key (RFC 8032).
    PublicKey, 32
);
fixed_bytes!(
    /// An Ed25519 signature over [`crate::ToSign::bytes`].
    Sig, 64
);
fixed_bytes!(
    /// A SHA-256 digest.
    Digest, 32
);
fixed_bytes!(
    /// A single-use challenge of the relay. 32 random bytes.
    Nonce, 32
);

counter!(
    /// Order of entries in one mailbox: increasing, not gapless.
    EntrySeq
);
counter!(
    /// The epoch of a group slot; each accepted commit adds one.
    Epoch
);
counter!(
    /// A place in the organisation's roster log; also its length. The first entry is at position 0.
    Position
);

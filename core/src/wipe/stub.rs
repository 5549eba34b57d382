//! What a locked device can read about itself: who it is to the relay and to those who may order its wipe, how its lease
//! stands, and how far an order has been carried out. No name, no content, nothing that opens the store.

use std::fmt;

use minicbor::{Decode, Encode};

use super::places::{Erased, Place};
use crate::base::{DeviceId, Digest, OrganisationId, SigningKey, Timestamp};
use crate::roster::kind::RelayDescriptor;
use crate::roster::{Authorities, ChannelSecret, Lease, VerifiedOrder};
use crate::vault::{Factors, SlotId};

/// What stands between a thief and the database key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Protection(#[n(0)] pub Factors);

impl Protection {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        let has = |factor| self.0.contain(factor);
        match (
            has(Factors::KEPT),
            has(Factors::PASSPHRASE),
            has(Factors::UNLOCK_SHARE),
        ) {
            (true, true, false) => "keyring and passphrase",
            (true, false, false) => "keyring",
            (false, true, false) => "passphrase",
            (true, true, true) => "keyring, passphrase and a share kept by the relay",
            (true, false, true) => "keyring and a share kept by the relay",
            (false, true, true) => "passphrase and a share kept by the relay",
            (false, false, true) => "a share kept by the relay",
            (false, false, false) => "unknown",
        }
    }
}

/// Which device of which organisation, and the root key that everything is verified up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Identity {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// This device.
    #[n(1)]
    pub device: DeviceId,
    /// Fingerprint of the organisation's root key.
    #[n(2)]
    pub root: Digest,
}

/// A stub that waits.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Armed {
    /// Who this is.
    #[n(0)]
    pub identity: Identity,
    /// Where the order will lie, with the pins; the tenant is in it.
    #[n(1)]
    pub relay: RelayDescriptor,
    /// Fetches and opens the order.
    #[n(2)]
    pub channel: ChannelSecret,
    /// Signs the certificate.
    #[n(3)]
    pub receipt: SigningKey,
    /// Who may order the wipe, as this device last read the log.
    #[n(4)]
    pub authorities: Authorities,
    /// How long it goes on without word of the organisation.
    #[n(5)]
    pub lease: Lease,
    /// What protects the key.
    #[n(6)]
    pub protection: Protection,
    /// When the store was last opened, by this device's clock.
    #[n(7)]
    pub unlocked_at: Option<Timestamp>,
    /// The relay at which the channel has been opened, as a digest of its descriptor.
    #[n(8)]
    pub opened: Option<Digest>,
    /// Counts what the open store has written here. The store keeps a copy: so it sees a stub that was taken away, or an
    /// older one that was put in its place.
    #[n(9)]
    pub written: Option<u64>,
}

/// How far an order has been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Step {
    /// The order was verified and is durable here; nothing is destroyed yet.
    #[n(0)]
    Ordered,
    /// The key record is destroyed: what the store holds is ciphertext without a key.
    #[n(1)]
    KeyDestroyed,
    /// Everything is gone that can be reached.
    #[n(2)]
    DataDestroyed,
}

/// A stub whose device is destroying itself.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Underway {
    /// Who this is.
    #[n(0)]
    pub identity: Identity,
    /// Where the certificate goes.
    #[n(1)]
    pub relay: RelayDescriptor,
    /// Seals and proves it.
    #[n(2)]
    pub channel: ChannelSecret,
    /// Signs it.
    #[n(3)]
    pub receipt: SigningKey,
    /// What is carried out; `None` where the lease has run out on an excluded device.
    #[n(4)]
    pub order: Option<VerifiedOrder>,
    /// When that began, by this device's clock.
    #[n(5)]
    pub began: Timestamp,
    /// What protected the key.
    #[n(6)]
    pub protection: Protection,
    /// When the store was last opened.
    #[n(7)]
    pub unlocked_at: Option<Timestamp>,
    /// Where the keyring keeps its part.
    #[n(8)]
    pub slot: Option<SlotId>,
    /// The places that were there when it began.
    #[n(9)]
    pub present: Vec<Place>,
    /// The shells' places that were registered when it began.
    #[n(10)]
    pub registered: Vec<String>,
    /// What has been done.
    #[n(11)]
    pub step: Step,
    /// What became of each place so far.
    #[n(12)]
    pub erased: Vec<Erased>,
    /// Without an order: the signed time of the refusal that nothing had answered since.
    #[n(13)]
    pub lapsed: Option<Timestamp>,
}

/// A stub whose device is destroyed and has not been able to say so yet. The receipt key is gone.
#[derive(Clone, Encode, Decode)]
#[cbor(map)]
pub struct Certified {
    /// Where the certificate goes.
    #[n(0)]
    pub relay: RelayDescriptor,
    /// Proves whose it is.
    #[n(1)]
    pub channel: ChannelSecret,
    /// The certificate, sealed once: the relay takes only so many different ones.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// What will be left.
    #[n(3)]
    pub wiped: Wiped,
}

/// What is left in the end.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wiped {
    /// SHA-256 of the certificate.
    #[n(0)]
    pub certificate: Digest,
    /// When the wipe ended, by this device's clock.
    #[n(1)]
    pub ended: Timestamp,
}

/// The stub.
#[derive(Clone, Encode, Decode)]
pub enum Stub {
    /// It waits for an order.
    #[n(0)]
    Armed(#[n(0)] Box<Armed>),
    /// An order is being carried out.
    #[n(1)]
    Underway(#[n(0)] Box<Underway>),
    /// Carried out and certified, not reported yet.
    #[n(2)]
    Certified(#[n(0)] Box<Certified>),
    /// Carried out and reported.
    #[n(3)]
    Wiped(#[n(0)] Wiped),
}

impl Stub {
    /// Whether an order is being or was carried out: then nothing is opened.
    #[must_use]
    pub const fn begun(&self) -> bool {
        !matches!(self, Self::Armed(_))
    }
}

/// How the lease stands; `None` once an order is being or was carried out.
#[must_use]
pub fn lease_of(stub: &Stub) -> Option<&Lease> {
    match stub {
        Stub::Armed(armed) => Some(&armed.lease),
        _ => None,
    }
}

macro_rules! named_alone {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })*
    };
}
named_alone!(Armed, Underway, Certified, Wiped);

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Armed(_) => "Stub::Armed",
            Self::Underway(_) => "Stub::Underway",
            Self::Certified(_) => "Stub::Certified",
            Self::Wiped(_) => "Stub::Wiped",
        })
    }
}

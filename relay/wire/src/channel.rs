//! The wipe channel: how an order reaches a device that is locked or excluded, and how its certificate comes back. A
//! channel is a key and nothing else; whoever can sign with it may ask. While no order stands the relay keeps the unlock
//! share there; the order takes its place in one instant, and from then on the key is refused for ever.

use minicbor::{Decode, Encode};

use crate::{Bearer, Nonce, PublicKey, RelayTime, Sealed, Sig, SignedTime};

/// Opens a channel, or replaces its share. The same again is no error. Refused as [`crate::ErrorCode::ChannelClosed`] once
/// its device was excluded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Open {
    /// The channel.
    #[n(0)]
    pub key: PublicKey,
    /// What unlocking needs from the relay; at most [`crate::limits::SHARE_BYTES`]. Absent, what is kept stays.
    #[n(1)]
    pub share: Option<Sealed>,
    /// The caller's idea of the relay's time, within [`crate::limits::SIGNED_AT_WINDOW_MS`].
    #[n(2)]
    pub at: RelayTime,
    /// By the channel key over [`crate::signed::channel_open`]: colleagues know the key from the roster, and none of
    /// them may replace the share.
    #[n(3)]
    pub sig: Sig,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opened {}

/// Asks for a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenge {
    /// Whose possession will be proven.
    #[n(0)]
    pub key: PublicKey,
}

/// The nonce. It is good once, for [`crate::limits::NONCE_S`]; whether the channel exists is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Challenged {
    /// To be signed.
    #[n(0)]
    pub nonce: Nonce,
    /// The relay's time now.
    #[n(1)]
    pub time: RelayTime,
}

/// Asks for the order. Answered at once if one stands, else when one is laid or the wait is over. `NotFound` where the
/// channel was never opened and no order laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Poll {
    /// The channel.
    #[n(0)]
    pub key: PublicKey,
    /// From the challenge.
    #[n(1)]
    pub nonce: Nonce,
    /// By the channel key over [`crate::signed::channel_poll`].
    #[n(2)]
    pub sig: Sig,
    /// Wait at most so many seconds; at most [`crate::limits::CHANNEL_WAIT_S`].
    #[n(3)]
    pub wait_s: u16,
}

/// The order or the share: never both.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Polled {
    /// As it was laid. The relay notes when it gave it out first.
    #[n(0)]
    pub order: Option<Sealed>,
    /// As it was left.
    #[n(1)]
    pub share: Option<Sealed>,
    /// The relay's time now.
    #[n(2)]
    pub time: SignedTime,
}

/// Leaves a certificate. The same bytes again are no error; `NotFound` where no order stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Certify {
    /// The channel.
    #[n(0)]
    pub key: PublicKey,
    /// From the challenge.
    #[n(1)]
    pub nonce: Nonce,
    /// By the channel key over [`crate::signed::channel_certify`].
    #[n(2)]
    pub sig: Sig,
    /// At most [`crate::limits::CERTIFICATE_BYTES`], and [`crate::limits::CERTIFICATES`] different ones for an order.
    #[n(3)]
    pub certificate: Sealed,
}

/// The certificate is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Certified {}

/// Asks how orders stand.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Collect {
    /// At most [`crate::limits::CHANNELS_PER_CALL`].
    #[n(0)]
    pub keys: Vec<PublicKey>,
}

/// How an order stands, as far as the relay can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
#[non_exhaustive]
pub enum OrderState {
    /// None was laid.
    #[n(1)]
    None,
    /// Laid at this time; nobody fetched it.
    #[n(2)]
    Ordered(#[n(0)] RelayTime),
    /// The holder of the channel key fetched it, first at this time.
    #[n(3)]
    Fetched(#[n(0)] RelayTime),
    /// None stands and the key is refused: one was laid and is over (`channel/done`, or its time), or the device was
    /// excluded without one.
    #[n(4)]
    Ended,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ChannelState {
    /// As asked.
    #[n(0)]
    pub key: PublicKey,
    /// Its order.
    #[n(1)]
    pub state: OrderState,
    /// What the device left, in the order in which it came.
    #[n(2)]
    pub certificates: Vec<Sealed>,
}

/// How the orders stand.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Collected {
    /// In the order asked, ended by [`crate::limits::COLLECT_BYTES`]; one always fits. Ask again for the rest.
    #[n(0)]
    pub channels: Vec<ChannelState>,
}

/// Ends orders: they and their certificates go, the keys stay refused. Keys without an order are no error; an order
/// without a certificate is `BadRequest`, and nothing ends.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Done {
    /// The administration capability, besides the submit bearer in the header.
    #[n(0)]
    pub admin_capability: Bearer,
    /// At most [`crate::limits::CHANNELS_PER_CALL`].
    #[n(1)]
    pub keys: Vec<PublicKey>,
}

/// They are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ended {}

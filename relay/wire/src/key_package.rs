//! Key packages: published by a device under one of its aliases, claimed once each by whoever adds it to a group.

use minicbor::{Decode, Encode};

use crate::{Alias, Sealed};

/// Publishes under an alias of the session's mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Publish {
    /// The alias.
    #[n(0)]
    pub alias: Alias,
    /// Each is given out once.
    #[n(1)]
    pub one_time: Vec<Sealed>,
    /// Given out when there is no other; replaces the earlier one. Absent where that stays.
    #[n(2)]
    pub last_resort: Option<Sealed>,
    /// Whether everything published earlier under the alias is forgotten first: its private keys are gone.
    #[n(3)]
    pub replace: bool,
}

/// Published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Published {
    /// One-time key packages the relay has now.
    #[n(0)]
    pub remaining: u32,
}

/// Claims one of each alias.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claim {
    /// The aliases.
    #[n(0)]
    pub aliases: Vec<Alias>,
}

/// What was claimed of one alias.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ClaimedPackage {
    /// The alias.
    #[n(0)]
    pub alias: Alias,
    /// The key package; absent where there is none.
    #[n(1)]
    pub key_package: Option<Sealed>,
    /// Whether it is the last-resort one, which others may get too. An alias claimed too often gives only that.
    #[n(2)]
    pub last_resort: bool,
}

/// In the order asked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Claimed {
    /// One for each alias.
    #[n(0)]
    pub packages: Vec<ClaimedPackage>,
}

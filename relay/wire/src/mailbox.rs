//! `mailbox/open` and the aliases of a mailbox.

use minicbor::{Decode, Encode};

use crate::{Alias, Generation, MailboxId, PublicKey};

/// Opens a mailbox. The same mailbox with the same key again is no error; its generation is then left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Open {
    /// Chosen at random by the device.
    #[n(0)]
    pub mailbox: MailboxId,
    /// The mailbox key: proves ownership in `session/start`.
    #[n(1)]
    pub key: PublicKey,
    /// What the first `session/start` expects.
    #[n(2)]
    pub generation: Generation,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opened {}

/// Makes aliases, all or none. One that is already this mailbox's is no error.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AliasCreate {
    /// Chosen at random by the device.
    #[n(0)]
    pub aliases: Vec<Alias>,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AliasCreated {}

/// Drops aliases. Nothing new arrives behind them; entries that wait stay until their end. Unknown ones are no error.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AliasDrop {
    /// The aliases.
    #[n(0)]
    pub aliases: Vec<Alias>,
}

/// Done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AliasDropped {}

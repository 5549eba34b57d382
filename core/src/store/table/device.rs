//! Who this device is: its keys, its mailbox, its place in the organisation. One record, kept in `meta`.

use minicbor::{Decode, Encode};

use crate::base::seal::SealingKey;
use crate::base::{DeviceId, Digest, OrganisationId, Owner, Secret, SigningKey};
use crate::store::{ReadTx, StoreError, WriteTx};

/// The device's own record. Made once at founding or enrolment; only the session generation changes.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
pub struct DeviceSelf {
    /// The organisation.
    #[n(0)]
    pub organisation: OrganisationId,
    /// Its name at the relay, unlinkable to the one above.
    #[n(13)]
    #[cbor(with = "minicbor::bytes")]
    pub tenant: [u8; 16],
    /// This device.
    #[n(1)]
    pub device: DeviceId,
    /// Whom it belongs to.
    #[n(2)]
    pub owner: Owner,
    /// MLS leaf, roster entries, statements.
    #[n(3)]
    pub signing: SigningKey,
    /// Seed of the sealing key.
    #[n(4)]
    pub sealing: Secret<32>,
    /// Certificate of a wipe.
    #[n(5)]
    pub receipt: SigningKey,
    /// The mailbox at the relay.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub mailbox: [u8; 16],
    /// Proves ownership of the mailbox; unlinkable to the keys above.
    #[n(7)]
    pub mailbox_key: SigningKey,
    /// Where Welcomes arrive.
    #[n(8)]
    #[cbor(with = "minicbor::bytes")]
    pub contact_alias: [u8; 16],
    /// Fingerprint of the organisation's founding root key, pinned at enrolment.
    #[n(9)]
    pub root: Digest,
    /// Session generation the relay holds, as far as this store knows.
    #[n(10)]
    #[cbor(with = "minicbor::bytes")]
    pub generation: [u8; 16],
    /// Session generation asked for and not yet known to be set.
    #[n(11)]
    #[cbor(with = "minicbor::bytes")]
    pub next_generation: [u8; 16],
    /// Whether the mailbox is open and the roster knows this device.
    #[n(12)]
    pub enrolled: bool,
    /// Secret of the wipe channel; absent in a store of release 0.1 until it is drawn.
    #[n(14)]
    pub channel: Option<Secret<32>>,
}

impl DeviceSelf {
    /// The sealing key pair.
    #[must_use]
    pub fn sealing_key(&self) -> SealingKey {
        SealingKey::from_seed(self.sealing.clone())
    }
}

const KEY: &str = "device";

impl ReadTx<'_> {
    /// This device's own record; `None` before founding or enrolment.
    pub fn device_self(&self) -> Result<Option<DeviceSelf>, StoreError> {
        self.meta(KEY)
    }
}

impl WriteTx<'_> {
    /// Stores this device's own record.
    pub fn put_device_self(&self, record: &DeviceSelf) -> Result<(), StoreError> {
        self.put_meta(KEY, record)
    }
}

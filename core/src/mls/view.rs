//! Reading a group: who is in it, which epoch it is in, what that epoch derives.

use std::fmt;

use openmls::group::MlsGroup;
use openmls_traits::OpenMlsProvider;
use zeroize::Zeroizing;

use super::provider::Provider;
use super::{Error, GroupId, Member, Suite};
use crate::base::{DeviceId, Secret};
use crate::store::ReadTx;

/// Exporter label (RFC 9420 §8.5) of the seed of an epoch's verification key at the relay.
pub(super) const EPOCH_SEED_LABEL: &str = "sotto epoch key";
pub(super) const EPOCH_SEED: usize = 32;

/// One group as a transaction sees it. Changes nothing.
pub struct View<'tx> {
    pub(super) provider: Provider<'tx>,
    pub(super) id: GroupId,
    pub(super) inner: MlsGroup,
}

impl<'tx> View<'tx> {
    /// Loads a group; `None` where this device has no state of it.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn load(tx: &'tx ReadTx, id: GroupId) -> Result<Option<Self>, Error> {
        let provider = Provider::new(tx.conn());
        let inner = MlsGroup::load(provider.storage(), &id.engine())?;
        Ok(inner.map(|inner| Self {
            provider,
            id,
            inner,
        }))
    }

    /// The group's id.
    #[must_use]
    pub const fn id(&self) -> GroupId {
        self.id
    }

    /// The group's ciphersuite.
    ///
    /// # Errors
    /// [`Error::Suite`] where stored state was not made by this floor.
    pub fn suite(&self) -> Result<Suite, Error> {
        Suite::from_engine(self.inner.ciphersuite()).ok_or(Error::Suite)
    }

    /// The current epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.inner.epoch().as_u64()
    }

    /// False once a merged commit has removed this device.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    /// The epoch authenticator (RFC 9420 §8.7): two devices with equal ones share the whole state of the epoch. It
    /// has the length of the suite's hash.
    #[must_use]
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.inner.epoch_authenticator().as_slice().to_vec()
    }

    /// All leaves, by index.
    ///
    /// # Errors
    /// [`Error::ForeignLeaf`] where stored state was not made by this floor.
    pub fn members(&self) -> Result<Vec<Member>, Error> {
        self.inner
            .members()
            .map(|m| Member::read(&m))
            .collect::<Option<_>>()
            .ok_or(Error::ForeignLeaf)
    }

    /// True if a leaf claims to be this device.
    #[must_use]
    pub fn contains(&self, device: DeviceId) -> bool {
        self.inner
            .members()
            .any(|m| super::identity::device_of(&m.credential) == Some(device))
    }

    /// The seed of this epoch's verification key at the relay.
    ///
    /// # Errors
    /// [`Error::Removed`].
    pub fn epoch_seed(&self) -> Result<Secret<EPOCH_SEED>, Error> {
        secret(self.exporter(EPOCH_SEED_LABEL, &[], EPOCH_SEED)?)
    }

    /// A secret of `length` bytes derived from this epoch (RFC 9420 §8.5). All members derive the same.
    ///
    /// # Errors
    /// [`Error::Removed`]; [`Error::Engine`] for a length beyond what the suite's key derivation gives.
    pub fn exporter(
        &self,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if !self.is_active() {
            return Err(Error::Removed);
        }
        self.inner
            .export_secret(self.provider.crypto(), label, context, length)
            .map(Zeroizing::new)
            .map_err(|_| Error::Engine("exporting a secret"))
    }

    /// True while a commit of ours waits for the relay's answer.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.inner.pending_commit().is_some()
    }

    /// The seed of the epoch that the pending commit leads to; `None` without one.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn pending_epoch_seed(&self) -> Result<Option<Secret<EPOCH_SEED>>, Error> {
        self.inner
            .pending_commit()
            .map(|staged| staged_seed(&self.provider, staged))
            .transpose()
    }
}

/// The seed of the epoch that a staged commit leads to.
pub(super) fn staged_seed(
    provider: &Provider<'_>,
    staged: &openmls::group::StagedCommit,
) -> Result<Secret<EPOCH_SEED>, Error> {
    let exported = staged
        .export_secret(provider.crypto(), EPOCH_SEED_LABEL, &[], EPOCH_SEED)
        .map_err(|_| Error::Engine("exporting a secret of the next epoch"))?;
    secret(Zeroizing::new(exported))
}

fn secret(bytes: Zeroizing<Vec<u8>>) -> Result<Secret<EPOCH_SEED>, Error> {
    Secret::from_slice(&bytes).ok_or(Error::Engine("exporting a secret"))
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("epoch", &self.epoch())
            .field("active", &self.is_active())
            .finish_non_exhaustive()
    }
}

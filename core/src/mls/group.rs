//! Changing a group: create, load, encrypt, merge, delete.

use std::fmt;
use std::ops::Deref;

use openmls::group::{GroupContext, MlsGroup, MlsGroupStateError};
use openmls::prelude::{CreateMessageError, MergeCommitError, MergePendingCommitError};
use openmls_traits::OpenMlsProvider;

use super::provider::{Kind, Provider};
use super::{Error, GroupId, Identity, StagedRemote, StateError, Suite, View, config};
use crate::base::Timestamp;
use crate::store::WriteTx;

/// One group inside the write transaction that loaded it. Every change is written through at once; a rollback of the
/// transaction ends this object with it.
pub struct Group<'tx>(View<'tx>);

impl<'tx> Deref for Group<'tx> {
    type Target = View<'tx>;
    fn deref(&self) -> &View<'tx> {
        &self.0
    }
}

impl<'tx> Group<'tx> {
    /// Creates a group whose only member is this device, at epoch 0.
    ///
    /// # Errors
    /// [`Error::GroupExists`], [`Error::State`], [`Error::Engine`].
    pub fn create(
        tx: &'tx WriteTx,
        identity: &Identity<'_>,
        id: GroupId,
        suite: Suite,
        now: Timestamp,
    ) -> Result<Self, Error> {
        use openmls::group::NewGroupError as E;
        let provider = Provider::new(tx.conn());
        let config = config::create(suite, now);
        let inner = MlsGroup::new_with_group_id(
            &provider,
            identity,
            &config,
            id.engine(),
            identity.credential(),
        )
        .map_err(|e| match e {
            E::StorageError(e) => Error::State(e),
            E::GroupAlreadyExists => Error::GroupExists,
            _ => Error::Engine("creating a group"),
        })?;
        Ok(Self::from_parts(provider, id, inner))
    }

    /// Loads a group; `None` where this device has no state of it.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn load(tx: &'tx WriteTx, id: GroupId) -> Result<Option<Self>, Error> {
        Ok(View::load(tx, id)?.map(Self))
    }

    /// Deletes all state of a group, also of one that could not be loaded any more. What stays is the number of its
    /// last epoch, so that an old Welcome cannot bring this device back to used keys.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn delete(tx: &WriteTx, id: GroupId) -> Result<(), Error> {
        let provider = Provider::new(tx.conn());
        let id = id.engine();
        if let Some(last) = last_epoch(&provider, &id)? {
            provider.table().put(Kind::Left, &id, &[], &last)?;
        }
        Ok(provider.table().delete_group(&id)?)
    }

    pub(super) const fn from_parts(provider: Provider<'tx>, id: GroupId, inner: MlsGroup) -> Self {
        Self(View {
            provider,
            id,
            inner,
        })
    }

    /// Runs one engine call. The engine's object may have run ahead of what it wrote before it failed, so after a
    /// failure it is read anew.
    pub(super) fn run<T, E: From<Error>>(
        &mut self,
        call: impl FnOnce(&mut MlsGroup, &Provider<'tx>) -> Result<T, E>,
    ) -> Result<T, E> {
        let View {
            provider,
            id,
            inner,
        } = &mut self.0;
        call(inner, provider).or_else(|error| {
            *inner = MlsGroup::load(provider.storage(), &id.engine())
                .map_err(Error::State)?
                .ok_or(Error::Engine("reading a group again"))?;
            Err(error)
        })
    }

    /// Encrypts an application message under the current epoch. Allowed while a commit of ours is pending. The bytes
    /// may leave the device only after the transaction has committed.
    ///
    /// # Errors
    /// [`Error::PendingProposal`], [`Error::Removed`], [`Error::Engine`].
    pub fn encrypt(&mut self, identity: &Identity<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        self.run(|group, provider| {
            let message = group
                .create_message(provider, identity, plaintext)
                .map_err(|e| match e {
                    CreateMessageError::GroupStateError(MlsGroupStateError::PendingProposal) => {
                        Error::PendingProposal
                    }
                    CreateMessageError::GroupStateError(MlsGroupStateError::UseAfterEviction) => {
                        Error::Removed
                    }
                    _ => Error::Engine("encrypting a message"),
                })?;
            message
                .to_bytes()
                .map_err(|_| Error::Engine("encoding a message"))
        })
    }

    /// Enters the epoch of our pending commit, once the relay has accepted it.
    ///
    /// # Errors
    /// [`Error::NoPendingCommit`], [`Error::Removed`], [`Error::State`], [`Error::Engine`].
    pub fn merge_pending(&mut self) -> Result<(), Error> {
        use MergePendingCommitError as E;
        if !self.has_pending() {
            return Err(Error::NoPendingCommit);
        }
        self.run(|group, provider| {
            group.merge_pending_commit(provider).map_err(|e| match e {
                E::MergeCommitError(MergeCommitError::StorageError(e)) => Error::State(e),
                E::MlsGroupStateError(MlsGroupStateError::UseAfterEviction) => Error::Removed,
                _ => Error::Engine("merging our commit"),
            })
        })?;
        self.settle()
    }

    /// Gives our pending commit up: the relay refused it. Nothing happens without one.
    ///
    /// # Errors
    /// [`Error::State`].
    pub fn clear_pending(&mut self) -> Result<(), Error> {
        self.run(|group, provider| {
            group
                .clear_pending_commit(provider.storage())
                .map_err(Error::State)
        })
    }

    /// Enters the epoch of another member's commit, once the floor above has admitted it. A pending commit of ours
    /// has lost the race and is gone: build it anew. A commit that is refused is simply dropped.
    ///
    /// # Errors
    /// [`Error::StaleCommit`], [`Error::State`], [`Error::Engine`].
    pub fn merge_remote(&mut self, staged: StagedRemote) -> Result<(), Error> {
        if staged.group != self.id() || staged.from_epoch != self.epoch() || !self.is_active() {
            return Err(Error::StaleCommit);
        }
        self.run(|group, provider| {
            group
                .merge_staged_commit(provider, staged.into_staged())
                .map_err(|e| match e {
                    MergeCommitError::StorageError(e) => Error::State(e),
                    _ => Error::Engine("merging a commit"),
                })
        })?;
        self.settle()
    }

    /// Adapts the number of kept past epochs to the number of members.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        self.run(|group, provider| {
            let wanted = config::past_epochs(group.members().count());
            if group.is_active() && *group.past_epoch_deletion_policy() != wanted {
                group
                    .set_past_epoch_deletion_policy(provider, wanted)
                    .map_err(|e| match e {
                        openmls::group::SetPastEpochDeletionPolicyError::StorageError(e) => {
                            Error::State(e)
                        }
                    })?;
            }
            Ok(())
        })
    }

    /// A GroupInfo of the current epoch with ratchet tree and external key, for devices that resync.
    ///
    /// # Errors
    /// [`Error::Removed`], [`Error::Engine`].
    pub fn export_group_info(&self, identity: &Identity<'_>) -> Result<Vec<u8>, Error> {
        if !self.is_active() {
            return Err(Error::Removed);
        }
        self.inner
            .export_group_info(self.provider.crypto(), identity, true)
            .ok()
            .and_then(|info| info.to_bytes().ok())
            .ok_or(Error::Engine("exporting a GroupInfo"))
    }
}

/// The epoch that stored state is in; `None` without state.
pub(super) fn stored_epoch(
    provider: &Provider<'_>,
    id: &openmls::group::GroupId,
) -> Result<Option<u64>, Error> {
    match provider
        .table()
        .get::<_, GroupContext>(Kind::Context, id, &[])
    {
        Ok(context) => Ok(context.map(|c| c.epoch().as_u64())),
        // Damaged state must still be replaceable.
        Err(StateError::Decode) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The highest epoch of a group that this device was ever in, as far as it knows.
pub(super) fn last_epoch(
    provider: &Provider<'_>,
    id: &openmls::group::GroupId,
) -> Result<Option<u64>, Error> {
    let left: Option<u64> = provider.table().get(Kind::Left, id, &[])?;
    Ok(left.max(stored_epoch(provider, id)?))
}

impl fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

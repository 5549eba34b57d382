//! Our own commits: staged here, decided by the relay's compare-and-set, then merged or cleared.

use openmls::group::MlsGroup;
use openmls::prelude::{CommitBuilderStageError, CommitMessageBundle, KeyPackage, LeafNodeIndex};
use openmls_traits::OpenMlsProvider;

use super::provider::Provider;
use super::view::staged_seed;
use super::{Error, Group, Identity, MAX_ADDS, Member, key_package};
use crate::base::{DeviceId, Secret};

/// What a commit changes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change<'a> {
    /// Key packages of devices to add, at most [`MAX_ADDS`].
    pub add: &'a [Vec<u8>],
    /// Devices to remove; not this one.
    pub remove: &'a [DeviceId],
    /// True to renew this device's own keys too. Removals always do.
    pub update: bool,
}

/// A commit that waits for the relay's answer. The group keeps its half in storage until
/// [`Group::merge_pending`] or [`Group::clear_pending`].
pub struct Staged {
    /// The commit, for the members of the current epoch.
    pub commit: Vec<u8>,
    /// One Welcome for all added devices.
    pub welcome: Option<Vec<u8>>,
    /// The GroupInfo of the next epoch with ratchet tree and external key.
    pub group_info: Vec<u8>,
    /// The epoch that the commit ends.
    pub from_epoch: u64,
    /// The seed of the next epoch's verification key.
    pub next_epoch_seed: Secret<32>,
}

/// Lengths only: a GroupInfo is not for logs.
impl std::fmt::Debug for Staged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Staged")
            .field("from_epoch", &self.from_epoch)
            .field("commit_bytes", &self.commit.len())
            .finish_non_exhaustive()
    }
}

impl Group<'_> {
    /// Builds a commit and leaves it pending in storage. `authenticated_data` is signed with it and readable by
    /// every member; inside the outer envelope nobody else sees it.
    ///
    /// # Errors
    /// [`Error::PendingCommit`], [`Error::EmptyChange`], [`Error::TooManyAdds`], [`Error::KeyPackage`],
    /// [`Error::AlreadyMember`], [`Error::CannotRemove`], [`Error::Removed`], [`Error::Unfit`], [`Error::State`],
    /// [`Error::Engine`].
    pub fn stage_commit(
        &mut self,
        identity: &Identity<'_>,
        change: Change<'_>,
        authenticated_data: &[u8],
    ) -> Result<Staged, Error> {
        if !self.is_active() {
            return Err(Error::Removed);
        }
        if self.has_pending() {
            return Err(Error::PendingCommit);
        }
        let (adds, removals) = self.resolve(identity, change)?;
        let from_epoch = self.epoch();
        self.run(|group, provider| {
            group.set_aad(authenticated_data.to_vec());
            let bundle = build(group, provider, identity, adds, removals, change.update)?;
            let pending = group
                .pending_commit()
                .ok_or(Error::Engine("staging a commit"))?;
            let next_epoch_seed = staged_seed(provider, pending)?;
            let (commit, welcome, group_info) = bundle.into_messages();
            let encode = |m: openmls::prelude::MlsMessageOut| {
                m.to_bytes().map_err(|_| Error::Engine("encoding a commit"))
            };
            Ok(Staged {
                commit: encode(commit)?,
                welcome: welcome.map(encode).transpose()?,
                group_info: encode(group_info.ok_or(Error::Engine("making a GroupInfo"))?)?,
                from_epoch,
                next_epoch_seed,
            })
        })
    }

    /// Checks a change against the members and turns devices into leaves.
    fn resolve(
        &self,
        identity: &Identity<'_>,
        change: Change<'_>,
    ) -> Result<(Vec<KeyPackage>, Vec<LeafNodeIndex>), Error> {
        if change.add.is_empty() && change.remove.is_empty() && !change.update {
            return Err(Error::EmptyChange);
        }
        if change.add.len() > MAX_ADDS {
            return Err(Error::TooManyAdds);
        }
        let members = self.members()?;
        let leaf_of = |device: &DeviceId| -> Result<LeafNodeIndex, Error> {
            let found = members
                .iter()
                .find(|m| m.device == *device && *device != identity.device);
            found
                .map(|m: &Member| LeafNodeIndex::new(m.leaf))
                .ok_or(Error::CannotRemove)
        };
        let removals = change
            .remove
            .iter()
            .map(leaf_of)
            .collect::<Result<Vec<_>, _>>()?;
        let mut present: Vec<DeviceId> = members
            .iter()
            .map(|m| m.device)
            .filter(|d| !change.remove.contains(d))
            .collect();
        let mut adds = Vec::with_capacity(change.add.len());
        for bytes in change.add {
            let (package, info) = key_package::parse(self.provider.crypto(), bytes)?;
            if info.suite != self.suite()? {
                return Err(Error::Suite);
            }
            if present.contains(&info.device) {
                return Err(Error::AlreadyMember);
            }
            present.push(info.device);
            adds.push(package);
        }
        Ok((adds, removals))
    }
}

fn build(
    group: &mut MlsGroup,
    provider: &Provider<'_>,
    identity: &Identity<'_>,
    adds: Vec<KeyPackage>,
    removals: Vec<LeafNodeIndex>,
    update: bool,
) -> Result<CommitMessageBundle, Error> {
    group
        .commit_builder()
        .consume_proposal_store(false)
        .force_self_update(update)
        .propose_adds(adds)
        .propose_removals(removals)
        .load_psks(provider.storage())
        .and_then(|builder| builder.build(provider.rand(), provider.crypto(), identity, |_| true))
        .map_err(|_| Error::Unfit)?
        .stage_commit(provider)
        .map_err(|e| match e {
            CommitBuilderStageError::KeyStoreError(e) => Error::State(e),
            CommitBuilderStageError::LibraryError(_) => Error::Engine("staging a commit"),
        })
}

//! Resync: a device that lost or forked its state comes back by an external commit (RFC 9420 §12.4.3.2) that
//! replaces its own old leaf, under the same device id and key.

use std::fmt;

use openmls::group::MlsGroup;
use openmls::messages::group_info::VerifiableGroupInfo;
use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::prelude::{
    ExternalCommitBuilderError, ExternalCommitBuilderFinalizeError, LeafNodeParameters,
    MlsMessageBodyIn, MlsMessageIn, Proposal,
};
use openmls_traits::OpenMlsProvider;

use super::group::stored_epoch;
use super::provider::Provider;
use super::{Error, Group, GroupId, Identity, Suite, config};
use crate::base::Secret;
use crate::store::WriteTx;

/// A group entered anew, and what the relay must be told.
pub struct Resynced<'tx> {
    /// The group, already in the next epoch. If the relay refuses the commit, roll back or [`Group::delete`] it and
    /// try again with a newer GroupInfo.
    pub group: Group<'tx>,
    /// The external commit, for the members of the epoch it ends. Always a public MLS message.
    pub commit: Vec<u8>,
    /// The GroupInfo of the next epoch.
    pub group_info: Vec<u8>,
    /// The epoch that the commit ends.
    pub from_epoch: u64,
    /// The seed of the next epoch's verification key.
    pub next_epoch_seed: Secret<32>,
}

impl fmt::Debug for Resynced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resynced")
            .field("from_epoch", &self.from_epoch)
            .finish_non_exhaustive()
    }
}

/// Builds and enters the external commit. State of the group that this device still has is replaced; messages of
/// its epochs can no longer be opened.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Suite`], [`Error::StaleGroupInfo`], [`Error::BadGroupInfo`],
/// [`Error::NoOldLeaf`], [`Error::ForeignLeaf`], [`Error::State`], [`Error::Engine`].
pub fn resync<'tx>(
    tx: &'tx WriteTx,
    identity: &Identity<'_>,
    group_info: &[u8],
    authenticated_data: &[u8],
) -> Result<Resynced<'tx>, Error> {
    let info = parse(group_info)?;
    let id = GroupId::from_slice(info.group_id().as_slice()).ok_or(Error::BadGroupInfo)?;
    let from_epoch = info.epoch().as_u64();
    let provider = Provider::new(tx.conn());
    if stored_epoch(&provider, &id.engine())?.is_some_and(|own| own > from_epoch) {
        return Err(Error::StaleGroupInfo);
    }
    provider.table().delete_group(&id.engine())?;

    let (inner, commit) = external_commit(&provider, identity, info, authenticated_data)?;
    let mut group = Group::from_parts(provider, id, inner);
    group.settle()?;
    let leaves = group
        .members()?
        .into_iter()
        .filter(|m| m.device == identity.device)
        .count();
    if leaves != 1 {
        return Err(Error::NoOldLeaf);
    }
    let group_info = group.export_group_info(identity)?;
    let next_epoch_seed = group.epoch_seed()?;
    Ok(Resynced {
        group,
        commit,
        group_info,
        from_epoch,
        next_epoch_seed,
    })
}

fn parse(bytes: &[u8]) -> Result<VerifiableGroupInfo, Error> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Error::Malformed)?;
    let MlsMessageBodyIn::GroupInfo(info) = message.extract() else {
        return Err(Error::Malformed);
    };
    Suite::from_engine(info.ciphersuite()).ok_or(Error::Suite)?;
    Ok(info)
}

fn external_commit(
    provider: &Provider<'_>,
    identity: &Identity<'_>,
    info: VerifiableGroupInfo,
    authenticated_data: &[u8],
) -> Result<(MlsGroup, Vec<u8>), Error> {
    // The engine removes the leaf with our signature key, if there is one, and adds nothing else of its own.
    let mut removals = 0usize;
    let leaf = LeafNodeParameters::builder()
        .with_capabilities(config::capabilities())
        .build();
    let built = MlsGroup::external_commit_builder()
        .with_config(config::join())
        .with_aad(authenticated_data.to_vec())
        .skip_lifetime_validation()
        .build_group(provider, info, identity.credential())
        .map_err(|e| match e {
            ExternalCommitBuilderError::StorageError(e) => Error::State(e),
            _ => Error::BadGroupInfo,
        })?
        .leaf_node_parameters(leaf)
        .load_psks(provider.storage())
        .and_then(|builder| {
            builder.build(provider.rand(), provider.crypto(), identity, |queued| {
                removals += usize::from(matches!(queued.proposal(), Proposal::Remove(_)));
                true
            })
        })
        .map_err(|_| Error::Engine("building an external commit"))?;
    if removals != 1 {
        return Err(Error::NoOldLeaf);
    }
    let (group, bundle) = built.finalize(provider).map_err(|e| match e {
        ExternalCommitBuilderFinalizeError::StorageError(e) => Error::State(e),
        _ => Error::Engine("entering a group from outside"),
    })?;
    let commit = bundle
        .commit()
        .to_bytes()
        .map_err(|_| Error::Engine("encoding a commit"))?;
    Ok((group, commit))
}

//! Joining by Welcome: opened and inspected first, accepted after the floor above has checked every leaf.

use std::fmt;

use openmls::group::{StagedWelcome, WelcomeError};
use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::prelude::{MlsMessageBodyIn, MlsMessageIn};

use super::group::{last_epoch, stored_epoch};
use super::provider::Provider;
use super::{Error, Group, GroupId, Member, StateError, Suite, config};
use crate::base::DeviceId;
use crate::store::WriteTx;

/// An opened Welcome. The key package it was made for is used up within this transaction, unless it was a last
/// resort.
pub struct StagedJoin<'tx> {
    /// The group.
    pub group: GroupId,
    /// The epoch that this device would enter.
    pub epoch: u64,
    /// The group's ciphersuite.
    pub suite: Suite,
    /// All leaves, this device's among them.
    pub members: Vec<Member>,
    /// The device that made the Welcome.
    pub sender: DeviceId,
    /// True if this device has an older state of the group, which accepting replaces.
    pub replaces: bool,
    provider: Provider<'tx>,
    staged: StagedWelcome,
}

impl<'tx> StagedJoin<'tx> {
    /// Opens a Welcome. Lifetimes of other leaves are not asked: one expired leaf would keep everyone out.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::NoKeyPackage`], [`Error::StaleWelcome`], [`Error::BadWelcome`],
    /// [`Error::Suite`], [`Error::ForeignLeaf`], [`Error::State`].
    pub fn open(tx: &'tx WriteTx, welcome: &[u8]) -> Result<Self, Error> {
        let message =
            MlsMessageIn::tls_deserialize_exact_bytes(welcome).map_err(|_| Error::Malformed)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(Error::Malformed);
        };
        let suite = Suite::from_engine(welcome.ciphersuite()).ok_or(Error::Suite)?;
        let provider = Provider::new(tx.conn());

        let builder = StagedWelcome::build_from_welcome(&provider, &config::join(), welcome)
            .map_err(refused)?;
        let context = builder
            .processed_welcome()
            .unverified_group_info()
            .group_context();
        let group = GroupId::from_slice(context.group_id().as_slice()).ok_or(Error::BadWelcome)?;
        let epoch = context.epoch().as_u64();
        let replaces = may_replace(&provider, group, epoch)?;
        let staged = builder
            .skip_lifetime_validation()
            .replace_old_group()
            .build()
            .map_err(refused)?;

        let members: Vec<Member> = staged
            .members()
            .map(|m| Member::read(&m))
            .collect::<Option<_>>()
            .ok_or(Error::ForeignLeaf)?;
        let sender_leaf = staged.welcome_sender_index().u32();
        let sender = members
            .iter()
            .find(|m| m.leaf == sender_leaf)
            .ok_or(Error::BadWelcome)?
            .device;
        Ok(Self {
            group,
            epoch,
            suite,
            members,
            sender,
            replaces,
            provider,
            staged,
        })
    }

    /// Joins the group. Older state of it is deleted.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::BadWelcome`].
    pub fn accept(self) -> Result<Group<'tx>, Error> {
        self.provider.table().delete_group(&self.group.engine())?;
        let inner = self.staged.into_group(&self.provider).map_err(refused)?;
        let mut group = Group::from_parts(self.provider, self.group, inner);
        group.settle()?;
        Ok(group)
    }
}

/// Whether there is older state to replace. Entering an epoch a second time would start its ratchets anew and use
/// their keys again, so an epoch known already is refused.
fn may_replace(provider: &Provider<'_>, group: GroupId, epoch: u64) -> Result<bool, Error> {
    let id = group.engine();
    if last_epoch(provider, &id)?.is_some_and(|known| known >= epoch) {
        return Err(Error::StaleWelcome);
    }
    Ok(stored_epoch(provider, &id)?.is_some())
}

fn refused(error: WelcomeError<StateError>) -> Error {
    match error {
        WelcomeError::StorageError(e) => Error::State(e),
        WelcomeError::NoMatchingKeyPackage | WelcomeError::PrivateInitKeyNotFound => {
            Error::NoKeyPackage
        }
        WelcomeError::UnsupportedCiphersuite(_) | WelcomeError::CiphersuiteMismatch => Error::Suite,
        _ => Error::BadWelcome,
    }
}

impl fmt::Debug for StagedJoin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedJoin")
            .field("epoch", &self.epoch)
            .field("members", &self.members.len())
            .field("replaces", &self.replaces)
            .finish_non_exhaustive()
    }
}

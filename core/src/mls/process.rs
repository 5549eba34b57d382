//! Received messages: decrypted, told apart, and never applied without the floor above having agreed.

use std::fmt;

use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::group::{
    ProcessMessageError, ProposalValidationError, StageCommitError, StagedCommit, ValidationError,
};
use openmls::prelude::tls_codec::DeserializeBytes as _;
use openmls::prelude::{
    KeyPackageVerifyError, MlsMessageIn, ProcessedMessage, ProcessedMessageContent, ProtocolMessage,
};
use zeroize::Zeroizing;

use super::identity::device_of;
use super::view::staged_seed;
use super::{Group, GroupId, ProcessError, Refusal, StateError, shape};
use crate::base::{DeviceId, Secret, VerifyingKey};

/// What a received message was.
#[derive(Debug)]
pub enum Processed {
    /// An application message.
    Application {
        /// The device whose leaf signed it, in its epoch.
        sender: DeviceId,
        /// The epoch it was sent in.
        epoch: u64,
        /// The content.
        plaintext: Zeroizing<Vec<u8>>,
    },
    /// Another member's commit, verified and not yet applied: decide, then [`Group::merge_remote`] or drop it.
    Commit(Box<StagedRemote>),
    /// A message that this device's own leaf sent: the relay fans out to the sender too. Its content cannot be read
    /// back. That it is truly ours is not authenticated; compare the bytes with what was sent.
    OwnEcho {
        /// The epoch it names.
        epoch: u64,
        /// True for a commit: the relay has accepted it.
        commit: bool,
    },
}

/// Another member's commit, checked by the engine and of an allowed shape, not yet applied.
pub struct StagedRemote {
    /// The group it is for.
    pub group: GroupId,
    /// The device that made it.
    pub committer: DeviceId,
    /// True for a resync: the committer replaced its own lost leaf from outside. `added` and `removed` are then
    /// empty, since the set of devices stays the same.
    pub external: bool,
    /// Devices added, with the signature keys of their new leaves.
    pub added: Vec<(DeviceId, VerifyingKey)>,
    /// Devices removed.
    pub removed: Vec<DeviceId>,
    /// True if the committer renewed its own keys.
    pub updated: bool,
    /// What the committer authenticated with the commit.
    pub authenticated_data: Vec<u8>,
    /// The epoch that the commit ends.
    pub from_epoch: u64,
    /// The seed of the next epoch's verification key; `None` if the commit removes this device.
    pub next_epoch_seed: Option<Secret<32>>,
    /// True if the commit removes this device. Merging it ends the group here. Together with `external`, someone
    /// else holds this device's identity.
    pub removes_me: bool,
    staged: Box<StagedCommit>,
}

impl StagedRemote {
    pub(super) fn into_staged(self) -> StagedCommit {
        *self.staged
    }
}

impl fmt::Debug for StagedRemote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedRemote")
            .field("from_epoch", &self.from_epoch)
            .field("external", &self.external)
            .field("added", &self.added.len())
            .field("removed", &self.removed.len())
            .field("removes_me", &self.removes_me)
            .finish_non_exhaustive()
    }
}

impl Group<'_> {
    /// Decrypts and verifies one message. On success its key is used up within this transaction, also where a commit
    /// is then dropped; what is needed to decide whether to process at all is in [`super::peek`].
    ///
    /// # Errors
    /// [`ProcessError`]: a verdict on the message, or [`ProcessError::Fault`].
    pub fn process(&mut self, bytes: &[u8]) -> Result<Processed, ProcessError> {
        let message = self.admit(bytes)?;
        let epoch = message.epoch().as_u64();
        let handshake = message.is_handshake_message();
        let processed = self.run(|group, provider| {
            group
                .process_message(provider, message)
                .map_err(|e| verdict(e, epoch))
        })?;
        self.sort(processed, epoch, handshake)
    }

    /// Parses a message and refuses what needs no key to be refused.
    fn admit(&self, bytes: &[u8]) -> Result<ProtocolMessage, ProcessError> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes)
            .ok()
            .and_then(|m| m.try_into_protocol_message().ok())
            .ok_or(ProcessError::Malformed)?;
        if message.group_id().as_slice() != self.id().as_bytes() {
            return Err(ProcessError::WrongGroup);
        }
        if !self.is_active() {
            return Err(ProcessError::Removed);
        }
        let epoch = message.epoch().as_u64();
        if epoch > self.epoch() {
            return Err(ProcessError::FutureEpoch { epoch });
        }
        if message.is_handshake_message() && epoch < self.epoch() {
            return Err(ProcessError::TooOld { epoch });
        }
        Ok(message)
    }

    fn sort(
        &self,
        processed: ProcessedMessage,
        epoch: u64,
        handshake: bool,
    ) -> Result<Processed, ProcessError> {
        let sender = processed.sender().clone();
        let device = device_of(processed.credential());
        let authenticated_data = processed.aad().to_vec();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => Ok(Processed::Application {
                sender: device.ok_or(ProcessError::Unauthorised(Refusal::ForeignLeaf))?,
                epoch,
                plaintext: Zeroizing::new(message.into_bytes()),
            }),
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let facts = shape::check(&self.members()?, &sender, &staged)
                    .map_err(ProcessError::Unauthorised)?;
                let removes_me = staged.self_removed();
                let next_epoch_seed = if removes_me {
                    None
                } else {
                    Some(staged_seed(&self.provider, &staged)?)
                };
                Ok(Processed::Commit(Box::new(StagedRemote {
                    group: self.id(),
                    committer: facts.committer,
                    external: facts.external,
                    added: facts.added,
                    removed: facts.removed,
                    updated: facts.updated,
                    authenticated_data,
                    from_epoch: epoch,
                    next_epoch_seed,
                    removes_me,
                    staged,
                })))
            }
            ProcessedMessageContent::OwnPrivateMessage
            | ProcessedMessageContent::OwnPendingCommit => Ok(Processed::OwnEcho {
                epoch,
                commit: handshake,
            }),
            // Not stored, so it can never be committed by reference.
            ProcessedMessageContent::ProposalMessage(_)
            | ProcessedMessageContent::ExternalJoinProposalMessage(_) => {
                Err(ProcessError::Unauthorised(Refusal::Proposal))
            }
        }
    }
}

/// Sorts the engine's errors by what the caller must do.
fn verdict(error: ProcessMessageError<StateError>, epoch: u64) -> ProcessError {
    use ProcessMessageError as E;
    match error {
        E::StorageError(e) => e.into(),
        E::ValidationError(e) => invalid(e, epoch),
        E::InvalidCommit(e) => unstageable(&e, epoch),
        E::GroupStateError(_) => ProcessError::Removed,
        E::IncompatibleWireFormat | E::UnauthorizedExternalApplicationMessage => {
            ProcessError::Unauthorised(Refusal::Framing)
        }
        E::UnauthorizedExternalCommitMessage | E::UnsupportedProposalType => {
            ProcessError::Unauthorised(Refusal::Proposal)
        }
        // Rolling back for it would let one hostile message block everything behind it.
        E::LibraryError(_) => ProcessError::Undecryptable { epoch },
    }
}

fn invalid(error: ValidationError, epoch: u64) -> ProcessError {
    use ValidationError as E;
    match error {
        E::UnableToDecrypt(MessageDecryptionError::SecretTreeError(
            SecretTreeError::SecretReuseError,
        )) => ProcessError::Duplicate,
        E::NoPastEpochData
        | E::UnableToDecrypt(MessageDecryptionError::SecretTreeError(
            SecretTreeError::TooDistantInThePast,
        )) => ProcessError::TooOld { epoch },
        E::WrongGroupId => ProcessError::WrongGroup,
        E::KeyPackageVerifyError(KeyPackageVerifyError::LifetimeError(_)) => {
            ProcessError::ExpiredAdd
        }
        E::UnknownMember
        | E::MissingMembershipTag
        | E::InvalidMembershipTag
        | E::InvalidSignature
        | E::UnauthorizedExternalSender
        | E::NoExternalSendersExtension => ProcessError::Unauthorised(Refusal::Sender),
        E::NotACommit
        | E::NotAnExternalAddProposal
        | E::UnencryptedApplicationMessage
        | E::WrongWireFormat
        | E::NonMemberApplicationMessage
        | E::InvalidSenderType => ProcessError::Unauthorised(Refusal::Framing),
        E::NoPath
        | E::MissingConfirmationTag
        | E::KeyPackageVerifyError(_)
        | E::UpdatePathError(_)
        | E::InvalidLeafNodeSignature
        | E::InvalidLeafNodeSourceType
        | E::CommitterIncludedOwnUpdate
        | E::InvalidAddProposalCiphersuite
        | E::ExternalCommitValidation(_)
        | E::InvalidExtension(_) => ProcessError::JunkCommit,
        E::LibraryError(_) | E::WrongEpoch | E::UnableToDecrypt(_) => {
            ProcessError::Undecryptable { epoch }
        }
    }
}

fn unstageable(error: &StageCommitError, epoch: u64) -> ProcessError {
    use openmls::treesync::errors::LeafNodeValidationError::Lifetime;
    match error {
        StageCommitError::LeafNodeValidation(Lifetime(_))
        | StageCommitError::ProposalValidationError(ProposalValidationError::LeafNodeValidation(
            Lifetime(_),
        )) => ProcessError::ExpiredAdd,
        // Our own keys are missing, not the sender's fault.
        StageCommitError::MissingDecryptionKey | StageCommitError::LibraryError(_) => {
            ProcessError::Undecryptable { epoch }
        }
        _ => ProcessError::JunkCommit,
    }
}

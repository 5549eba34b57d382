//! Which commits a device of this project makes. Decided from the commit and the tree alone, without clock or
//! network, so that every member decides the same.

use std::collections::BTreeSet;

use openmls::group::StagedCommit;
use openmls::prelude::{LeafNode, Proposal, ProposalOrRefType, Sender};

use super::identity::leaf_identity;
use super::{Member, Refusal};
use crate::base::{DeviceId, VerifyingKey};

/// What an allowed commit does.
pub(super) struct Facts {
    pub(super) committer: DeviceId,
    pub(super) external: bool,
    pub(super) added: Vec<(DeviceId, VerifyingKey)>,
    pub(super) removed: Vec<DeviceId>,
    pub(super) updated: bool,
}

/// Checks a staged commit against the members before it.
pub(super) fn check(
    before: &[Member],
    sender: &Sender,
    staged: &StagedCommit,
) -> Result<Facts, Refusal> {
    let path = staged.update_path_leaf_node();
    let (added, removed) = changes(before, sender, staged)?;
    match sender {
        Sender::Member(leaf) => {
            let committer = before
                .iter()
                .find(|m| m.leaf == leaf.u32())
                .ok_or(Refusal::Sender)?;
            if let Some(new) = path {
                same_identity(committer, new, Refusal::IdentityChange)?;
            }
            let gone: BTreeSet<u32> = removed.iter().map(|m| m.leaf).collect();
            let mut present = BTreeSet::new();
            let kept = before
                .iter()
                .filter(|m| !gone.contains(&m.leaf))
                .map(|m| m.device);
            if !kept
                .chain(added.iter().map(|(device, _)| *device))
                .all(|device| present.insert(device))
            {
                return Err(Refusal::DuplicateDevice);
            }
            Ok(Facts {
                committer: committer.device,
                external: false,
                added,
                removed: removed.iter().map(|m| m.device).collect(),
                updated: path.is_some(),
            })
        }
        Sender::NewMemberCommit => {
            let new = path.ok_or(Refusal::NotAResync)?;
            let [old] = removed.as_slice() else {
                return Err(Refusal::NotAResync);
            };
            if !added.is_empty() {
                return Err(Refusal::NotAResync);
            }
            same_identity(old, new, Refusal::NotAResync)?;
            Ok(Facts {
                committer: old.device,
                external: true,
                added,
                removed: Vec::new(),
                updated: true,
            })
        }
        Sender::External(_) | Sender::NewMemberProposal => Err(Refusal::Sender),
    }
}

type Changes = (Vec<(DeviceId, VerifyingKey)>, Vec<Member>);

/// Additions and removals; refuses every other proposal and all that came by reference.
fn changes(before: &[Member], sender: &Sender, staged: &StagedCommit) -> Result<Changes, Refusal> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for queued in staged.queued_proposals() {
        if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
            return Err(Refusal::Proposal);
        }
        match queued.proposal() {
            Proposal::Add(add) => {
                added.push(
                    leaf_identity(add.key_package().leaf_node()).ok_or(Refusal::ForeignLeaf)?,
                );
            }
            Proposal::Remove(remove) => {
                let leaf = remove.removed().u32();
                removed.push(
                    *before
                        .iter()
                        .find(|m| m.leaf == leaf)
                        .ok_or(Refusal::ProposalKind)?,
                );
            }
            Proposal::ExternalInit(_) if matches!(sender, Sender::NewMemberCommit) => {}
            _ => return Err(Refusal::ProposalKind),
        }
    }
    Ok((added, removed))
}

fn same_identity(old: &Member, new: &LeafNode, otherwise: Refusal) -> Result<(), Refusal> {
    let new = leaf_identity(new).ok_or(Refusal::ForeignLeaf)?;
    if new == (old.device, old.key) {
        Ok(())
    } else {
        Err(otherwise)
    }
}

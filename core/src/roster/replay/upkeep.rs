//! Policy, roster key, relay and partners.

use super::Act;
use super::dual::SECOND;
use super::founding::relay_fits;
use crate::roster::authorize::Action;
use crate::roster::kind::{KeyRotated, PartnerChanged, Policy, RelayChanged};
use crate::roster::{Junk, Roster};

/// Settings in a policy.
const MAX_SETTINGS: usize = 256;

impl Roster {
    pub(super) fn policy_changed(&mut self, act: &Act, body: Policy) -> Result<(), Junk> {
        self.require(act, Action::ChangePolicy, None)?;
        if body.settings.len() > MAX_SETTINGS {
            return Err(Junk::OutOfBounds);
        }
        if self.rules() >= SECOND {
            body.check().map_err(|_| Junk::OutOfBounds)?;
            let before = self.policy().map_err(|_| Junk::Founding)?;
            if before.controlled() && body.loosens(before) {
                self.two(act, Action::ChangePolicy, None)?;
            }
        }
        let own = self.organisation.as_mut().ok_or(Junk::Founding)?;
        if own
            .policy
            .now()
            .is_none_or(|policy| body.version != policy.version.saturating_add(1))
        {
            return Err(Junk::PolicyVersion);
        }
        own.policy.set(act.seq, body);
        Ok(())
    }

    pub(super) fn key_rotated(&mut self, act: &Act, body: &KeyRotated) -> Result<(), Junk> {
        self.require(act, Action::RotateKey, None)?;
        let second = self.rules() >= SECOND;
        let own = self.organisation.as_mut().ok_or(Junk::Founding)?;
        match &body.root_seal {
            // Release 0.1 calls it malformed.
            Some(_) if !second => return Err(Junk::Malformed),
            Some(seal) if own.root_sealing.is_none() || !seal.fits() => return Err(Junk::Rotation),
            None if own.root_sealing.is_some() => return Err(Junk::Rotation),
            Some(_) | None => {}
        }
        let key = &mut own.key;
        if body.epoch != key.epoch + 1 || key.commitments.contains(&body.commitment) {
            return Err(Junk::Rotation);
        }
        key.epoch = body.epoch;
        key.commitments.push(body.commitment);
        key.since = act.seq;
        key.time = act.time;
        key.due = false;
        key.seals_root = Some(body.seals_root);
        own.root_seal.clone_from(&body.root_seal);
        Ok(())
    }

    pub(super) fn relay_changed(&mut self, act: &Act, body: RelayChanged) -> Result<(), Junk> {
        self.require(act, Action::ChangeRelay, None)?;
        relay_fits(&body.relay)?;
        self.organisation.as_mut().ok_or(Junk::Founding)?.relay = body.relay;
        Ok(())
    }

    pub(super) fn partner_changed(&mut self, act: &Act, body: PartnerChanged) -> Result<(), Junk> {
        self.require(act, Action::ManagePartners, None)?;
        relay_fits(&body.relay)?;
        if body.organisation == self.anchor.organisation {
            return Err(Junk::IdTaken);
        }
        self.partners.insert(body.organisation, body);
        Ok(())
    }
}

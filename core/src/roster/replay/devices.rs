//! Devices: enrolled, approved, revoked.

use std::time::Duration;

use super::Act;
use super::dual::SECOND;
use crate::base::{DeviceId, VerifyingKey};
use crate::roster::authorize::Action;
use crate::roster::entry::{Author, Owner};
use crate::roster::kind::{
    ApprovalMode, DeviceApproved, DeviceChannel, DeviceDetails, DeviceEnrolled, DeviceRevoked,
    RevocationMode, Setting,
};
use crate::roster::record::{DeviceRecord, DeviceState, InvitationState, Revocation};
use crate::roster::{Junk, Roster, Versioned};

const DAY: Duration = Duration::from_secs(24 * 3_600);

impl Roster {
    /// Nothing of a new device may have stood in the log before.
    pub(super) fn device_free(&self, details: &DeviceDetails) -> Result<(), Junk> {
        if self.devices.contains_key(&details.device) {
            return Err(Junk::IdTaken);
        }
        let taken = details.signature_key == details.receipt_key
            || self.taken.keys.contains(&details.signature_key)
            || self.taken.keys.contains(&details.receipt_key)
            || self.taken.aliases.contains_key(&details.contact_alias)
            || details.channel.is_some_and(|channel| {
                self.channel_taken(&channel.key)
                    || channel.key == details.signature_key
                    || channel.key == details.receipt_key
            });
        if taken { Err(Junk::KeyTaken) } else { Ok(()) }
    }

    pub(super) fn insert_device(&mut self, record: DeviceRecord) {
        let details = &record.details;
        self.taken
            .keys
            .extend([details.signature_key, details.receipt_key]);
        self.taken
            .aliases
            .insert(details.contact_alias, details.device);
        let devices = match details.owner {
            Owner::Person(id) => self.persons.get_mut(&id).map(|p| &mut p.devices),
            Owner::Place(id) => self.places.get_mut(&id).map(|p| &mut p.devices),
        };
        if let Some(devices) = devices {
            devices.push(details.device);
        }
        self.devices.insert(details.device, record);
    }

    pub(super) fn device_enrolled(&mut self, act: &Act, body: DeviceEnrolled) -> Result<(), Junk> {
        // Release 0.1 takes no enrolment with a channel for one, so none is where its rules are in force.
        if body.details.channel.is_some() && self.rules() < SECOND {
            return Err(Junk::Malformed);
        }
        match act.author {
            Author::Invitation(id) if id == body.invitation => {}
            // A confirmed device may carry the claim of one that cannot read the log yet.
            Author::Device(_) => {}
            _ => return Err(Junk::WrongAuthor),
        }
        let invitation = self
            .invitations
            .get(&body.invitation)
            .ok_or(Junk::UnknownSubject)?;
        match invitation.state {
            InvitationState::Open => {}
            InvitationState::Used(_) => return Err(Junk::InvitationUsed),
            InvitationState::Void => return Err(Junk::InvitationVoid),
        }
        if act.time >= invitation.expires {
            return Err(Junk::Expired);
        }
        if body.details.owner != invitation.owner {
            return Err(Junk::WrongOwner);
        }
        body.verify(&self.anchor.organisation, &invitation.key)
            .map_err(|_| Junk::Signature)?;
        act.view(self)
            .owner_acts(invitation.owner)
            .map_err(|_| Junk::WrongState)?;
        self.device_free(&body.details)?;
        // Judged again here: the person may have become privileged since the invitation.
        let wait =
            invitation.mode == ApprovalMode::Approval || self.must_wait(act, invitation.owner);
        let state = if wait {
            DeviceState::Pending
        } else {
            DeviceState::Confirmed
        };
        if let Some(invitation) = self.invitations.get_mut(&body.invitation) {
            invitation.state = InvitationState::Used(body.details.device);
        }
        self.insert_device(DeviceRecord {
            details: body.details,
            state: Versioned::new(act.seq, state),
            invitation: Some(body.invitation),
            enrolled: act.seq,
            approved: None,
            revocation: None,
        });
        Ok(())
    }

    /// A device adds its own wipe channel, once. Releases before this kind chain whatever stands here and ignore it;
    /// so what is not acceptable is chained too and changes nothing.
    pub(super) fn device_channel(&mut self, act: &Act, body: &DeviceChannel) -> Result<(), Junk> {
        let device = act.device().ok_or(Junk::WrongAuthor)?;
        if self.channel_taken(&body.channel.key) {
            return Err(Junk::KeyTaken);
        }
        let record = self.devices.get_mut(&device).ok_or(Junk::UnknownSubject)?;
        if record.details.channel.is_some() {
            return Err(Junk::WrongState);
        }
        record.details.channel = Some(body.channel);
        Ok(())
    }

    /// Channel keys are accounted for beside [`Taken`](crate::roster::record), so that nothing else is judged by an
    /// entry that earlier releases ignore.
    fn channel_taken(&self, key: &VerifyingKey) -> bool {
        let shown = |device: &DeviceRecord| device.details.channel.map(|channel| channel.key);
        self.taken.keys.contains(key) || self.devices.values().any(|d| shown(d) == Some(*key))
    }

    pub(super) fn device_approved(&mut self, act: &Act, body: &DeviceApproved) -> Result<(), Junk> {
        let record = self.devices.get(&body.device).ok_or(Junk::UnknownSubject)?;
        if !matches!(
            record.state.now(),
            Some(DeviceState::Pending | DeviceState::Suspended)
        ) {
            return Err(Junk::WrongState);
        }
        let owner = record.details.owner;
        self.require(act, Action::ApproveDevice, self.unit_of(owner))?;
        act.view(self)
            .owner_acts(owner)
            .map_err(|_| Junk::WrongState)?;
        let approver = act.device().ok_or(Junk::WrongAuthor)?;
        if let Some(record) = self.devices.get_mut(&body.device) {
            record.state.set(act.seq, DeviceState::Confirmed);
            record.approved = Some((approver, act.seq));
        }
        Ok(())
    }

    pub(super) fn device_revoked(&mut self, act: &Act, body: &DeviceRevoked) -> Result<(), Junk> {
        let record = self.devices.get(&body.device).ok_or(Junk::UnknownSubject)?;
        if body.suspect_since.is_some_and(|since| since > act.seq) {
            return Err(Junk::OutOfBounds);
        }
        // A revoked device can still be ordered to wipe itself, once.
        let wiped = record
            .revocation
            .is_some_and(|r| r.mode != RevocationMode::Revoke);
        let gone = record.state.now() == Some(&DeviceState::Revoked);
        if gone && (wiped || body.mode == RevocationMode::Revoke) {
            return Err(Junk::WrongState);
        }
        self.may_revoke(act, record.details.owner, body.mode)?;
        let revocation = Revocation {
            seq: act.seq,
            by: act.author,
            mode: body.mode,
            suspect_since: body.suspect_since,
        };
        self.exclude_device(act, body.device, revocation);
        if let Some(since) = body.suspect_since {
            self.suspect(act, body.device, since);
        }
        Ok(())
    }

    /// Any other device of the person may, and who has the right; for wipes within policy's cap.
    fn may_revoke(&self, act: &Act, owner: Owner, mode: RevocationMode) -> Result<(), Junk> {
        if matches!(owner, Owner::Person(_)) && act.owner == Some(owner) {
            return Ok(());
        }
        let unit = self.unit_of(owner);
        if mode == RevocationMode::Revoke {
            return self.require(act, Action::RevokeDevice, unit);
        }
        if mode == RevocationMode::EmergencyWipe {
            self.require_alone(act, Action::WipeDevice, unit)?;
        } else {
            self.require(act, Action::WipeDevice, unit)?;
        }
        let cap = self
            .policy()
            .map_or(0, |policy| policy.number(Setting::WipeCap));
        if act.second.is_none() && self.wipes_alone(act) >= cap {
            Err(Junk::NeedsTwo)
        } else {
            Ok(())
        }
    }

    /// Wipes of others' devices that the author's owner ordered within the last day, which two clocks must have seen
    /// pass: one alone could make the count start anew.
    fn wipes_alone(&self, act: &Act) -> u64 {
        let since = act.seen().minus(DAY);
        let counted = self.devices.values().filter(|device| {
            let Some(revocation) = device.revocation else {
                return false;
            };
            let Author::Device(by) = revocation.by else {
                return false;
            };
            let time = usize::try_from(revocation.seq)
                .ok()
                .and_then(|seq| self.times.get(seq));
            revocation.mode != RevocationMode::Revoke
                && time.is_some_and(|time| *time > since)
                && self.devices.get(&by).map(|d| d.details.owner) == act.owner
                && Some(device.details.owner) != act.owner
        });
        u64::try_from(counted.count()).unwrap_or(u64::MAX)
    }

    /// Excludes one device for good. Its unused invitations fall with it; a new roster key is due.
    pub(super) fn exclude_device(&mut self, act: &Act, device: DeviceId, revocation: Revocation) {
        let Some(record) = self.devices.get_mut(&device) else {
            return;
        };
        let knew_the_key = record.state.now() != Some(&DeviceState::Pending);
        if record.state.now() != Some(&DeviceState::Revoked) {
            record.state.set(act.seq, DeviceState::Revoked);
            if let Some(own) = &mut self.organisation {
                own.key.due |= knew_the_key;
            }
        }
        record.revocation = Some(revocation);
        self.void_invitations_by(device);
    }
}

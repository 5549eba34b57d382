//! With a roster key in hand: read the log from its beginning, be reachable, be in the log, be a member.

use sotto_wire::grant::Drop as DropGrant;
use sotto_wire::roster::Append;
use sotto_wire::{Bearer, ErrorCode, GrantId, Position, Sealed, op};

use super::joining::{JOINING, Joining};
use super::log::{self, Replayed};
use super::{EnrolError, Member, REQUEST, reach};
use crate::base::{Clock, DeviceId, Random};
use crate::roster::key::KeyGift;
use crate::roster::record::{DeviceState, InvitationState};
use crate::roster::{Author, Body, Junk, Keyring, Roster, ShortCode, Verdict};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError, Topic};
use crate::sync::{put_capability, put_entries, put_keyring};
use crate::transport::{Auth, Transport};

/// Lost races for a place in the log after which something else must be wrong.
const RACES: usize = 32;

/// Where the device stands.
pub(super) enum Entered {
    /// Confirmed, and all of it is in the store.
    Member(Box<Member>),
    /// In the log, and waiting there for an administrator.
    Pending(ShortCode),
}

/// Everything that one attempt shares.
struct Attempt<'a> {
    transport: &'a Transport,
    me: DeviceSelf,
    joining: &'a Joining,
    gift: &'a KeyGift,
    keys: Keyring,
    bearer: Bearer,
}

/// Goes in.
pub(super) async fn enter(
    store: &Store,
    transport: &Transport,
    clock: &dyn Clock,
    random: &dyn Random,
    joining: &Joining,
) -> Result<Entered, EnrolError> {
    let gift = joining.gift.as_ref().ok_or(EnrolError::NotJoining)?;
    let mut keys = Keyring::new();
    keys.insert(gift.key.clone());
    let bearer = log::bearer_of(&gift.key);
    let mut attempt = Attempt {
        transport,
        me: reach::me(store)?,
        joining,
        gift,
        keys,
        bearer,
    };
    let anchor = joining.link.anchor;
    let sealed = log::read(transport, &attempt.bearer, 0).await?;
    attempt
        .keys
        .unwind(&anchor.organisation, sealed.iter().map(Vec::as_slice));
    let mut replayed = Replayed::new(anchor);
    // Only now: that the bearer is in force after the log was read makes what claims a later key junk.
    reach::open_mailbox(transport, &attempt.me, &attempt.bearer).await?;
    replayed.follow(sealed, &attempt.keys)?;
    replayed.check(&attempt.keys, &joining.link.minimum)?;
    attempt.is_offered(&replayed.roster)?;
    let mut races = 0;
    while !attempt.is_in(&replayed.roster)? {
        if races == 0 {
            // Before anybody can know of it, so that what is sent to it arrives.
            reach::be_known(store, transport, random).await?;
        }
        attempt.append(&mut replayed, clock, random).await?;
        races += 1;
        if races > RACES {
            return Err(EnrolError::RosterUnreadable);
        }
    }
    match state_of(&replayed.roster, &attempt.me.device)? {
        DeviceState::Confirmed => {}
        DeviceState::Pending => {
            return Ok(Entered::Pending(
                joining.code(&joining.claim(attempt.me.owner)?)?,
            ));
        }
        DeviceState::Suspended | DeviceState::Revoked => return Err(EnrolError::Excluded),
    }
    if races == 0 {
        reach::be_known(store, transport, random).await?;
    }
    let member = attempt.finish(store, &replayed)?;
    attempt.drop_grant().await;
    Ok(Entered::Member(Box::new(member)))
}

fn state_of(roster: &Roster, device: &DeviceId) -> Result<DeviceState, EnrolError> {
    let record = roster.device(device).ok_or(EnrolError::RosterUnreadable)?;
    if roster.view()?.owner_acts(record.details.owner).is_err() {
        return Err(EnrolError::Excluded);
    }
    record
        .state
        .now()
        .copied()
        .ok_or(EnrolError::RosterUnreadable)
}

impl Attempt<'_> {
    /// The log must say the same about the invitation as link and offer do.
    fn is_offered(&self, roster: &Roster) -> Result<(), EnrolError> {
        let record = roster
            .invitations()
            .get(&self.joining.link.invitation)
            .ok_or(EnrolError::InvitationUnknown)?;
        let fits = record.owner == self.me.owner
            && record.key == self.joining.invitation()?.signing.verifying_key();
        if fits {
            Ok(())
        } else {
            Err(EnrolError::OfferAltered)
        }
    }

    /// Whether this device has taken the invitation in the log.
    fn is_in(&self, roster: &Roster) -> Result<bool, EnrolError> {
        let record = roster
            .invitations()
            .get(&self.joining.link.invitation)
            .ok_or(EnrolError::InvitationUnknown)?;
        match record.state {
            InvitationState::Open => Ok(false),
            InvitationState::Used(device) if device == self.me.device => Ok(true),
            InvitationState::Used(_) => Err(EnrolError::InvitationTaken),
            InvitationState::Void => Err(EnrolError::InvitationVoid),
        }
    }

    /// One attempt to append this device's own entry; on a lost race the log is read further instead.
    async fn append(
        &self,
        replayed: &mut Replayed,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(), EnrolError> {
        if self.joining.request.is_some() {
            // An administrator has said yes, and the relay does not show where.
            return Err(EnrolError::RosterOlder);
        }
        let roster = &replayed.roster;
        let body = Body::from(self.joining.claim(self.me.owner)?);
        let author = Author::Invitation(self.joining.link.invitation);
        let key = self.joining.invitation()?.signing;
        let entry = roster.composer()?.entry(author, clock.now(), &body, &key)?;
        if let Some(Verdict::Junk(reason)) = roster.rehearse(&[&entry]).first() {
            return Err(match reason {
                Junk::Expired => EnrolError::InvitationExpired,
                other => EnrolError::Refused(*other),
            });
        }
        let epoch = self.gift.key.epoch();
        let sealed = self
            .keys
            .seal_entry(epoch, &self.me.organisation, &entry, random)?;
        let expect = Position(roster.next_position());
        let request = Append {
            expect,
            entries: vec![Sealed::new(sealed.clone())],
        };
        let auth = Auth::Submit(self.bearer.clone());
        match self
            .transport
            .call::<op::RosterAppend>(&auth, &request, REQUEST)
            .await
        {
            Ok(_) => replayed.follow(vec![sealed], &self.keys),
            Err(error) => match error.code() {
                Some(ErrorCode::PositionConflict) => {
                    let more = log::read(self.transport, &self.bearer, expect.0).await?;
                    reach::open_mailbox(self.transport, &self.me, &self.bearer).await?;
                    replayed.follow(more, &self.keys)
                }
                Some(ErrorCode::Unauthorized) => Err(EnrolError::KeysReplaced),
                _ => Err(error.into()),
            },
        }
    }

    /// The last transaction: from here on this device is a member.
    fn finish(&self, store: &Store, replayed: &Replayed) -> Result<Member, EnrolError> {
        store.write::<_, StoreError>("this device is a member", |tx| {
            put_entries(tx, &replayed.rows)?;
            put_keyring(tx, &self.keys)?;
            if let Some(capability) = &self.gift.admin_capability {
                put_capability(tx, capability)?;
            }
            if let Some(mut me) = tx.device_self()? {
                me.enrolled = true;
                tx.put_device_self(&me)?;
            }
            tx.delete_meta(JOINING)?;
            tx.emit(Topic::Settings, Vec::new());
            Ok(())
        })?;
        let own = replayed.roster.organisation()?;
        Ok(Member {
            device: self.me.device,
            organisation: self.me.organisation,
            name: own.name.clone(),
            relay: own.relay.clone(),
        })
    }

    /// The offer is of no use any more. If the relay does not hear of it, it ends by itself.
    async fn drop_grant(&self) {
        let request = DropGrant {
            grant: GrantId::new(*self.joining.link.invitation.as_bytes()),
        };
        let _ = self
            .transport
            .call::<op::GrantDrop>(&Auth::Submit(self.bearer.clone()), &request, REQUEST)
            .await;
    }
}

//! Keeping the stub true while the store is open: who may order the wipe, where the relay is, how the lease stands.

use std::path::Path;
use std::time::Duration;

use sotto_wire::Bearer;

use super::WipeError;
use super::line::Line;
use super::stub::{Armed, Identity, Protection, Stub};
use super::{file, mirror};
use crate::base::{DeviceId, Digest, Timestamp, codec, sha256};
use crate::membership::Context;
use crate::roster::authorize::Scope;
use crate::roster::kind::{RelayDescriptor, Setting};
use crate::roster::{Action, Actor, Authorities, ChannelSecret, Lease, Roster};
use crate::store::StoreError;
use crate::sync::{self, Engine, SyncError};
use crate::vault::{Factors, Vault};

/// The clocks run on without anything having happened; they are written this often.
const CLOCKS: Duration = Duration::from_secs(300);

/// What the store says.
struct Known {
    identity: Identity,
    relay: RelayDescriptor,
    channel: ChannelSecret,
    receipt: crate::base::SigningKey,
    authorities: Authorities,
    attested: Option<Timestamp>,
    limits: (u64, u64),
    alone: bool,
}

impl Known {
    fn of(tx: &crate::store::ReadTx<'_>, context: &Context<'_>) -> Result<Option<Self>, SyncError> {
        let (me, roster) = (context.me, context.roster);
        // A device that has read of its own exclusion learns nothing more: by what it knew before, it judges the order.
        let counts = me.enrolled && context.is_confirmed(&me.device);
        let Some(secret) = me.channel.clone().filter(|_| counts) else {
            return Ok(None);
        };
        let organisation = roster.organisation()?;
        Ok(Some(Self {
            identity: Identity {
                organisation: me.organisation,
                device: me.device,
                root: me.root,
            },
            relay: organisation.relay.clone(),
            channel: ChannelSecret::new(secret),
            receipt: me.receipt.clone(),
            authorities: Authorities::of(roster, me.device),
            attested: sync::freshness(tx)?,
            limits: (
                roster.policy()?.number(Setting::LeaseLock),
                roster.policy()?.number(Setting::LeaseErase),
            ),
            alone: alone(roster, &me.device),
        }))
    }
}

/// Whether no other device could attest.
fn alone(roster: &Roster, me: &DeviceId) -> bool {
    !roster.devices().keys().any(|device| {
        device != me
            && roster
                .may(
                    Actor::device(*device),
                    Action::Attest,
                    &Scope::organisation(),
                )
                .is_ok()
    })
}

/// Brings the stub up to date, or makes the first one. Says whether it was written: it is where something changed, and
/// every few minutes for the clocks. Nothing is written for a device that has no wipe channel yet, or that the roster
/// excludes.
///
/// # Errors
/// [`WipeError::Begun`] where an order is being carried out: then the store is to be closed at once.
pub fn refresh(engine: &Engine, home: &Path) -> Result<bool, WipeError> {
    let Some(known) = engine.read(Known::of)? else {
        return Ok(false);
    };
    // As it was signed, and not as this device's clock would have moved it on: a clock alone witnesses nothing.
    let heard = engine
        .status()
        .clock
        .map(|clock| (clock.relay_time(clock.measured_at), clock.measured_at));
    let now = engine.clock().now();
    let protection = protection(home);
    let mirror = engine.store().read::<_, StoreError>(mirror::read)?;
    let kept = mirror.as_ref().map(codec::encode);
    file::update(home, |stub| {
        let whole = stub.as_ref().map(codec::encode) == kept;
        let before = mirror::reconciled(mirror, stub);
        let lease = followed(&known, before.as_ref().map(|armed| armed.lease), heard, now);
        let opened = before.as_ref().and_then(|armed| armed.opened);
        let mut armed = Armed {
            opened: opened.filter(|at| *at == place(&known.relay, &known.channel)),
            unlocked_at: before.as_ref().and_then(|armed| armed.unlocked_at),
            written: before.as_ref().and_then(|armed| armed.written),
            identity: known.identity,
            relay: known.relay,
            channel: known.channel,
            receipt: known.receipt,
            authorities: known.authorities,
            lease,
            protection,
        };
        if whole && before.is_some_and(|before| codec::encode(&before) == codec::encode(&armed)) {
            return None;
        }
        armed.written = Some(armed.written.unwrap_or(0).saturating_add(1));
        // First the copy: a stub that is older than it is put right, and one that is newer is believed. On a full disk
        // the stub goes without.
        if mirror::write(engine.store(), &armed).is_err() {
            crate::log_event!(DEBUG, "the store's copy of the stub waits");
        }
        Some(armed)
    })
}

/// The lease as it stands now. It is the one from before where nothing but the clocks went on, and those by little.
fn followed(
    known: &Known,
    before: Option<Lease>,
    heard: Option<(Timestamp, Timestamp)>,
    now: Timestamp,
) -> Lease {
    let signed = heard.map(|(signed, _)| signed);
    let coarse = before.unwrap_or_else(|| first_lease(known, signed, now));
    let mut lease = coarse;
    (lease.lock_after, lease.erase_after) = known.limits;
    // A time that was heard before says nothing of now.
    if let Some((signed, at)) = heard.filter(|(signed, _)| *signed != lease.witnessed) {
        lease.witness(signed, at);
    }
    if let Some(attested) = known.attested {
        lease.attested(attested, now, signed);
    }
    // Whoever nobody can attest for is not late, and not at once when the first colleague has come.
    if known.alone {
        let at = signed.unwrap_or(now);
        lease.attested_at = lease.attested_at.max(at);
        lease.attested_here = lease.attested_here.max(Some(now));
    }
    lease.alone = known.alone;
    lease.tick(now);
    if same_but_for_clocks(&coarse, &lease) {
        coarse
    } else {
        lease
    }
}

fn first_lease(known: &Known, signed: Option<Timestamp>, now: Timestamp) -> Lease {
    let (lock, erase) = known.limits;
    // A device that has just been let in is not late.
    Lease {
        latest_time_seen: now,
        attested_here: Some(now),
        ..Lease::new(signed.unwrap_or(now), lock, erase)
    }
}

/// Whether nothing but the clocks went on, and those by less than is worth a write.
fn same_but_for_clocks(before: &Lease, after: &Lease) -> bool {
    let close =
        |one: Timestamp, other: Timestamp| one.since(other) < CLOCKS && other.since(one) < CLOCKS;
    let still = before.alone && after.alone && close(before.attested_at, after.attested_at);
    let same = Lease {
        latest_time_seen: before.latest_time_seen,
        witnessed: before.witnessed,
        attested_at: if still {
            before.attested_at
        } else {
            after.attested_at
        },
        attested_here: if still {
            before.attested_here
        } else {
            after.attested_here
        },
        ..*after
    };
    same == *before
        && close(before.latest_time_seen, after.latest_time_seen)
        && close(before.witnessed, after.witnessed)
}

/// The channel at a relay, as a digest.
fn place(relay: &RelayDescriptor, channel: &ChannelSecret) -> Digest {
    sha256(&codec::encode(&(
        relay.address.clone(),
        relay.tenant.to_vec(),
        channel.details().key,
    )))
}

/// What protects the key of the store in a folder.
#[must_use]
pub fn protection(home: &Path) -> Protection {
    Protection(Vault::at(home).factors().unwrap_or(Factors::NONE))
}

/// Notes that the store was opened.
///
/// # Errors
/// [`WipeError::Begun`] where an order is being carried out: then the store is to be closed at once.
pub fn note_unlocked(home: &Path, now: Timestamp) -> Result<(), WipeError> {
    let protection = protection(home);
    file::update(home, |armed| {
        let mut armed = armed?;
        armed.unlocked_at = Some(now);
        armed.protection = protection;
        armed.lease.tick(now);
        Some(armed)
    })
    .map(drop)
}

/// Changes what an armed stub remembers; `false` where there is none, or another process holds it.
///
/// # Errors
/// [`WipeError::Begun`]; what the disk answers.
pub fn amend(home: &Path, change: impl FnOnce(&mut Armed)) -> Result<bool, WipeError> {
    file::update(home, |armed| {
        let mut armed = armed?;
        change(&mut armed);
        Some(armed)
    })
}

/// Notes that the relay refused this device, at a time that it signed.
pub(super) fn note_refused(
    home: &Path,
    signed: Timestamp,
    own: Timestamp,
) -> Result<(), WipeError> {
    amend(home, |armed| {
        armed.lease.refused(signed, own);
        armed.lease.tick(own);
    })
    .map(drop)
}

/// Notes that the relay let this device in: an earlier refusal is taken back.
///
/// # Errors
/// As [`amend`].
pub fn note_accepted(home: &Path) -> Result<(), WipeError> {
    amend(home, |armed| armed.lease.accepted()).map(drop)
}

/// Notes a time that the relay signed; the stub is not written for minutes.
pub(super) fn note_time(home: &Path, signed: Timestamp, own: Timestamp) -> Result<(), WipeError> {
    file::update(home, |armed| {
        let mut armed = armed?;
        let before = armed.lease;
        armed.lease.witness(signed, own);
        armed.lease.tick(own);
        (!same_but_for_clocks(&before, &armed.lease)).then_some(armed)
    })
    .map(drop)
}

/// Opens the channel at the relay, once; with a share, again each time. Where the relay is not reached, the next round
/// does it.
///
/// # Errors
/// [`WipeError`]; the refusal `ChannelClosed` says that an order stands.
pub async fn open_channel(
    engine: &Engine,
    home: &Path,
    share: Option<Vec<u8>>,
    deadline: Duration,
) -> Result<(), WipeError> {
    let Some(Stub::Armed(armed)) = file::read(home)? else {
        return Ok(());
    };
    let here = place(&armed.relay, &armed.channel);
    if armed.opened == Some(here) && share.is_none() {
        return Ok(());
    }
    let keys = engine.store().read::<_, StoreError>(sync::keyring)?;
    let key = keys.newest().ok_or(SyncError::NoRosterKey)?;
    let bearer = Bearer::new(*key.submit_bearer().expose());
    let proxy = engine.transport().endpoint().proxy;
    let line = Line::new(&armed.relay, &armed.channel, proxy)?;
    line.open(bearer, share, deadline).await?;
    file::update(home, |armed| {
        let mut armed = armed?;
        if place(&armed.relay, &armed.channel) == here {
            armed.opened = Some(here);
        }
        Some(armed)
    })
    .map(drop)
}

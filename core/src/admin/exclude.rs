//! A device is excluded: only that, or with the order to wipe itself. The entry is the order; mailbox, roster key and the
//! order's way to the device change with it in one operation of the relay ([`leave`](super::leave)).
//!
//! Whoever may not replace the roster key, such as a physician at their other phone, enters the exclusion alone. The
//! rest is done by the next device that may, which looks for it ([`unserved`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sotto_wire::roster::Order;
use sotto_wire::{PublicKey, Sealed, limits};

use super::append::{Draft, append, rehearse};
use super::certificate::{self, Fate};
use super::control::{Outcome, Reason, draft_countersign, reason};
use super::leave::{self, Cause};
use super::{AdminError, REQUEST, control};
use crate::base::{DeviceId, Owner, Timestamp};
use crate::membership::Context;
use crate::roster::entry::Entry;
use crate::roster::key::{SealedAs, split};
use crate::roster::kind::{DeviceApproved, DeviceRevoked, PersonLeft, PlaceClosed, RevocationMode};
use crate::roster::record::{DeviceRecord, DeviceState, Revocation};
use crate::roster::{Action, Actor, Body, Keyring, OrderProof, Refusal, Roster, Scope, SealedFor};
use crate::store::table::roster::RosterEntryRow;
use crate::store::{ReadTx, StoreError};
use crate::sync::{Engine, capability};

redacted!(Revoke);

/// Owners who are let go in one operation of the relay.
const TOGETHER: usize = 16;

/// A device to be excluded.
#[derive(Clone, PartialEq, Eq)]
pub struct Revoke {
    /// Which.
    pub device: DeviceId,
    /// What it is to do.
    pub mode: RevocationMode,
    /// From this entry of the roster on, what it signed there is suspended with it.
    pub suspect_since: Option<u64>,
    /// For the record; every member can read it.
    pub reason: Option<String>,
}

/// How an excluded device gets its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Laid {
    /// It gets none: it is only excluded.
    NotAsked,
    /// It waits at the relay, sealed to the device.
    Laid,
    /// The device has no wipe channel. Its mailbox is closed; it wipes itself only if it reads the roster.
    NoChannel,
    /// The next device of an administrator lays it and closes the mailbox.
    Later,
    /// What gave its author the right does not fit into a proof, so the device would not obey. It is only excluded.
    NotProven,
}

/// A device that an act excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excluded {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub owner: Owner,
    /// What it is to do.
    pub mode: RevocationMode,
    /// How it gets its order.
    pub order: Laid,
}

/// What an excluding act came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// Whether it stands in the log, or waits for a second administrator.
    pub outcome: Outcome,
    /// The devices that it excluded.
    pub devices: Vec<Excluded>,
}

/// An act that excludes devices.
#[derive(Clone)]
pub(super) enum Excluding {
    /// One device.
    Device(DeviceRevoked),
    /// All devices of somebody.
    Owner(Owner),
    /// All devices of several.
    Owners(Vec<Owner>),
    /// As somebody else has proposed.
    Countersign(u64),
}

/// Whether carrying an act out excludes devices.
pub(super) const fn excludes(body: &Body) -> bool {
    matches!(
        body,
        Body::DeviceRevoked(_) | Body::PersonLeft(_) | Body::PlaceClosed(_)
    )
}

impl Excluding {
    /// Adds what is not in the log yet.
    pub(super) fn draft(&self, draft: &mut Draft<'_>) -> Result<Outcome, AdminError> {
        match self {
            Self::Device(body) => revoked(draft, body),
            Self::Owner(owner) => departed(draft, *owner),
            Self::Owners(owners) => owners
                .iter()
                .try_fold(Outcome::Done { seq: draft.head() }, |_, owner| {
                    departed(draft, *owner)
                }),
            Self::Countersign(proposal) => draft_countersign(draft, *proposal),
        }
    }
    /// The devices that it is about, once it stands in the log.
    pub(super) fn devices(&self, roster: &Roster) -> Vec<DeviceId> {
        let of = |body: &Body| match body {
            Body::DeviceRevoked(body) => vec![body.device],
            Body::PersonLeft(body) => roster.devices_of(Owner::Person(body.person)).to_vec(),
            Body::PlaceClosed(body) => roster.devices_of(Owner::Place(body.place)).to_vec(),
            _ => Vec::new(),
        };
        match self {
            Self::Device(body) => vec![body.device],
            Self::Owner(owner) => roster.devices_of(*owner).to_vec(),
            Self::Owners(owners) => owners
                .iter()
                .flat_map(|owner| roster.devices_of(*owner).to_vec())
                .collect(),
            Self::Countersign(proposal) => control::inner(roster, *proposal)
                .map(|body| of(&body))
                .unwrap_or_default(),
        }
    }
    /// The entry to propose where it needs two.
    fn proposable(&self) -> Option<Body> {
        match self {
            Self::Device(body) => Some(body.clone().into()),
            Self::Owner(Owner::Person(person)) => Some(PersonLeft { person: *person }.into()),
            Self::Owner(Owner::Place(place)) => Some(PlaceClosed { place: *place }.into()),
            Self::Owners(_) | Self::Countersign(_) => None,
        }
    }
}

/// An earlier exclusion that is as strong as what is asked for.
fn excluded_already(record: &DeviceRecord, mode: RevocationMode) -> Option<Revocation> {
    let wiped = |earlier: &Revocation| earlier.mode != RevocationMode::Revoke;
    record
        .revocation
        .filter(|earlier| wiped(earlier) || mode == RevocationMode::Revoke)
}

fn revoked(draft: &mut Draft<'_>, body: &DeviceRevoked) -> Result<Outcome, AdminError> {
    if body.device == draft.me.device {
        return Err(AdminError::OwnDevice);
    }
    let record = draft.roster().device(&body.device);
    let record = record.ok_or(AdminError::NoDevice)?;
    if let Some(earlier) = excluded_already(record, body.mode) {
        return Ok(Outcome::Done { seq: earlier.seq });
    }
    draft.add(body.clone())?;
    Ok(Outcome::Done { seq: draft.head() })
}

fn departed(draft: &mut Draft<'_>, owner: Owner) -> Result<Outcome, AdminError> {
    if owner == draft.me.owner {
        return Err(AdminError::OwnDeparture);
    }
    let roster = draft.roster();
    let since = match owner {
        Owner::Person(id) => roster.person(&id).map(|person| person.state.since()),
        Owner::Place(id) => roster.place(&id).map(|place| place.state.since()),
    };
    let since = since.ok_or(AdminError::NoOwner)?;
    if roster.view()?.owner_acts(owner) == Err(Refusal::OwnerLeft) {
        return Ok(Outcome::Done { seq: since });
    }
    match owner {
        Owner::Person(person) => draft.add(PersonLeft { person })?,
        Owner::Place(place) => draft.add(PlaceClosed { place })?,
    }
    Ok(Outcome::Done { seq: draft.head() })
}

/// Excludes a device, and where asked orders it to wipe itself. Any other device of its person may, and whoever has the
/// right. The same again is no error and finishes what was left.
///
/// # Errors
/// [`AdminError`].
pub async fn revoke(engine: &Arc<Engine>, wish: Revoke) -> Result<Exclusion, AdminError> {
    let body = DeviceRevoked {
        device: wish.device,
        mode: wish.mode,
        suspect_since: wish.suspect_since,
        reason: reason(wish.reason.as_deref())?,
    };
    let why = body.reason.clone();
    carry_out(engine, Excluding::Device(body), why).await
}

/// Lets a person go, or closes a place, with all their devices.
///
/// # Errors
/// [`AdminError`]; [`AdminError::OwnDeparture`] for oneself.
pub async fn depart(
    engine: &Arc<Engine>,
    owner: Owner,
    why: Option<&str>,
) -> Result<Exclusion, AdminError> {
    carry_out(engine, Excluding::Owner(owner), reason(why)?).await
}

/// Lets several go at once, so that the roster key is replaced once for all of them. Where a second administrator must
/// agree, there is a proposal for each.
pub(super) async fn depart_many(
    engine: &Arc<Engine>,
    owners: &[Owner],
) -> Result<Vec<Outcome>, AdminError> {
    let mut outcomes = Vec::with_capacity(owners.len());
    for some in owners.chunks(TOGETHER) {
        let together = carry_out(engine, Excluding::Owners(some.to_vec()), None).await;
        match together {
            Ok(exclusion) => outcomes.extend(some.iter().map(|_| exclusion.outcome)),
            Err(AdminError::NeedsTwo) => {
                for owner in some {
                    outcomes.push(depart(engine, *owner, None).await?.outcome);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcomes)
}

pub(super) async fn countersign(
    engine: &Arc<Engine>,
    proposal: u64,
) -> Result<Exclusion, AdminError> {
    carry_out(engine, Excluding::Countersign(proposal), None).await
}

async fn carry_out(
    engine: &Arc<Engine>,
    act: Excluding,
    why: Reason,
) -> Result<Exclusion, AdminError> {
    let (served, again) = engine.read(|tx, context| {
        let served = may_rotate(context) && capability(tx)?.is_some();
        let ordered = |id: &DeviceId| context.device(id)?.revocation;
        let mut devices = act.devices(context.roster).into_iter();
        Ok((served, devices.any(|id| ordered(&id).is_some())))
    })?;
    if served && again {
        // Ordered before: whether the order still lies there, only the relay knows.
        certificate::collect(engine).await?;
    }
    let entered = if served {
        leave::turn(engine, Cause::Act(act.clone())).await.map(drop)
    } else {
        append(engine, |draft| act.draft(draft)).await.map(drop)
    };
    match entered {
        Ok(()) => engine.read(|tx, context| {
            let laid = |device: &DeviceId| certificate::fate(tx, device);
            Ok(told(context.roster, &act, served, &laid))
        })?,
        Err(AdminError::NeedsTwo) => {
            let body = act.proposable().ok_or(AdminError::NeedsTwo)?;
            let outcome = append(engine, |draft| draft.propose(&body, why.clone())).await?;
            Ok(Exclusion {
                outcome,
                devices: Vec::new(),
            })
        }
        Err(error) => Err(error),
    }
}

fn may_rotate(context: &Context<'_>) -> bool {
    let actor = Actor::device(context.me.device);
    let may = context
        .roster
        .may(actor, Action::RotateKey, &Scope::organisation());
    may.is_ok()
}

/// What an act that stands in the log came to.
fn told(
    roster: &Roster,
    act: &Excluding,
    served: bool,
    fate: &dyn Fn(&DeviceId) -> Result<Option<Fate>, StoreError>,
) -> Result<Exclusion, AdminError> {
    let mut devices = Vec::new();
    for id in act.devices(roster) {
        let Some(record) = roster.device(&id) else {
            continue;
        };
        let Some(revocation) = record.revocation else {
            continue;
        };
        devices.push(Excluded {
            device: id,
            owner: record.details.owner,
            mode: revocation.mode,
            order: match (revocation.mode, served, record.details.channel) {
                (RevocationMode::Revoke, true, _) => Laid::NotAsked,
                (_, false, _) => Laid::Later,
                (_, true, None) => Laid::NoChannel,
                (_, true, Some(_)) => match fate(&id)? {
                    None => Laid::Laid,
                    Some(Fate::Missing) => Laid::Later,
                    Some(Fate::Unproven) => Laid::NotProven,
                },
            },
        });
    }
    let newest = || {
        let revocations = devices
            .iter()
            .filter_map(|device| roster.device(&device.device)?.revocation);
        revocations.map(|revocation| revocation.seq).max()
    };
    let seq = match act {
        // A person who goes may have had no device, or none that counted.
        Excluding::Countersign(proposal) => newest().unwrap_or(*proposal),
        Excluding::Device(_) | Excluding::Owners(_) => newest().unwrap_or_default(),
        Excluding::Owner(Owner::Person(id)) => {
            roster.person(id).map_or(0, |person| person.state.since())
        }
        Excluding::Owner(Owner::Place(id)) => {
            roster.place(id).map_or(0, |place| place.state.since())
        }
    };
    Ok(Exclusion {
        outcome: Outcome::Done { seq },
        devices,
    })
}

/// Confirms a device again that fell with a suspect one, and renews the roster key so that it gets one.
///
/// # Errors
/// [`AdminError`].
pub async fn lift(engine: &Arc<Engine>, device: DeviceId) -> Result<Outcome, AdminError> {
    let outcome = control::act(engine, None, |draft| {
        let record = draft.roster().device(&device).ok_or(AdminError::NoDevice)?;
        Ok(match record.state.now() {
            Some(DeviceState::Confirmed) => control::Step::Done(record.state.since()),
            Some(DeviceState::Suspended) => DeviceApproved { device }.into(),
            _ => return Err(AdminError::NotSuspended),
        })
    })
    .await?;
    let lacks_key = engine.read(|_, context| {
        let since = context.roster.organisation()?.key.since;
        let approved = context.device(&device).and_then(|record| record.approved);
        Ok(approved.is_some_and(|(_, seq)| seq > since))
    })?;
    if matches!(outcome, Outcome::Done { .. }) && lacks_key {
        leave::rotate_key(engine).await?;
    }
    Ok(outcome)
}

/// Devices whose exclusion the roster key in force does not know of: entered by whoever may not replace the key.
pub(super) fn unserved(roster: &Roster) -> Result<Vec<DeviceId>, AdminError> {
    let since = roster.organisation()?.key.since;
    let later = |record: &&DeviceRecord| record.revocation.is_some_and(|r| r.seq > since);
    let devices = roster.devices().values().filter(later);
    Ok(devices.map(|record| record.details.device).collect())
}

/// When the first order to wipe was entered that the roster key in force does not know of.
pub(super) fn unlaid(roster: &Roster) -> Result<Option<Timestamp>, AdminError> {
    let wipes = |device: &DeviceId| {
        let revocation = roster.device(device)?.revocation?;
        let at = roster.at(revocation.seq)?.time();
        (revocation.mode != RevocationMode::Revoke).then_some(at)
    };
    Ok(unserved(roster)?.iter().filter_map(wipes).min())
}

/// Orders that go with one rotation. With their proofs and the seals of a large organisation they stay below what the
/// relay takes.
const ORDERS_AT_ONCE: usize = 64;

/// The excluded devices of one rotation, and those for which it has no room.
#[derive(Default)]
pub(super) struct Page {
    pub(super) now: Vec<DeviceId>,
    pub(super) rest: Vec<DeviceId>,
}

/// Chooses who comes first: those of the act, then whoever is to wipe themselves.
pub(super) fn page(roster: &Roster, first: Vec<DeviceId>, others: Vec<DeviceId>) -> Page {
    let wipes = |id: &DeviceId| {
        let revocation = roster.device(id).and_then(|record| record.revocation);
        revocation.is_some_and(|revocation| revocation.mode != RevocationMode::Revoke)
    };
    let (urgent, later): (Vec<_>, Vec<_>) = others.into_iter().partition(wipes);
    let (mut page, mut seen, mut orders) = (Page::default(), BTreeSet::new(), 0);
    for id in first.into_iter().chain(urgent).chain(later) {
        if !seen.insert(id) {
            continue;
        }
        let order = usize::from(wipes(&id));
        if page.now.len() < limits::CLOSE_PER_CALL && orders + order <= ORDERS_AT_ONCE {
            orders += order;
            page.now.push(id);
        } else {
            page.rest.push(id);
        }
    }
    page
}

/// The orders of one rotation.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) laid: Vec<Order>,
    /// Whose they are.
    pub(super) served: Vec<DeviceId>,
    /// Who should have one, and what gave its author the right does not fit.
    pub(super) unproven: Vec<DeviceId>,
}

/// The orders for those of the devices that are to wipe themselves and can be reached.
pub(super) fn orders(
    tx: &ReadTx<'_>,
    context: &Context<'_>,
    draft: &Draft<'_>,
    keys: &Keyring,
    devices: &[DeviceId],
) -> Result<Orders, AdminError> {
    let wipes = |id: &DeviceId| {
        let record = draft.roster().device(id)?;
        let revocation = record.revocation?;
        (revocation.mode != RevocationMode::Revoke).then_some((
            record.details.device,
            revocation.seq,
            record.details.channel?,
        ))
    };
    let wanted: Vec<_> = devices.iter().filter_map(wipes).collect();
    let mut orders = Orders::default();
    if wanted.is_empty() {
        return Ok(orders);
    }
    let log = Log {
        context,
        keys,
        rows: tx.roster_entries(0)?,
        opened: RefCell::default(),
    };
    let entries = |seq: u64| draft.entry(seq).cloned().or_else(|| log.entry(seq));
    let organisation = &context.me.organisation;
    for (device, seq, channel) in wanted {
        let proof = OrderProof::build(draft.roster(), &entries, seq, None);
        let Ok(proof) = proof.and_then(|proof| proof.to_bytes()) else {
            // Whoever made it so long must not keep a device in, neither this one nor any other.
            orders.unproven.push(device);
            continue;
        };
        let sealed = channel.seal(
            SealedFor::Order,
            organisation,
            &device,
            &proof,
            context.random,
        )?;
        orders.served.push(device);
        orders.laid.push(Order {
            key: PublicKey::new(*channel.key.as_bytes()),
            order: Sealed::new(sealed),
        });
    }
    Ok(orders)
}

/// The stored log, by entry number.
struct Log<'a> {
    context: &'a Context<'a>,
    keys: &'a Keyring,
    rows: Vec<RosterEntryRow>,
    /// What was opened already: each order looks through the log again.
    opened: RefCell<BTreeMap<u64, Option<Vec<u8>>>>,
}

impl Log<'_> {
    /// An entry, opened. Positions run ahead of entry numbers by the junk before them.
    fn entry(&self, seq: u64) -> Option<Vec<u8>> {
        let mut opened = self.opened.borrow_mut();
        opened.entry(seq).or_insert_with(|| self.open(seq)).clone()
    }
    fn open(&self, seq: u64) -> Option<Vec<u8>> {
        let hash = self.context.roster.hash_at(seq)?;
        let from = usize::try_from(seq).ok()?;
        self.rows.get(from..)?.iter().find_map(|row| {
            let (epoch, _) = split(&row.entry)?;
            let key = self.keys.get(epoch)?;
            let organisation = &self.context.me.organisation;
            let plain = key.open(SealedAs::Entry, organisation, &row.entry).ok()?;
            (Entry::hash_of(&plain) == hash).then_some(plain)
        })
    }
}

/// Whether an exclusion would be taken, without anything leaving: at once, or as a proposal.
pub(super) fn rehearsed(engine: &Engine, act: &Excluding) -> Result<Outcome, AdminError> {
    rehearse(engine, |draft| match act.draft(draft) {
        Err(AdminError::NeedsTwo) => {
            let body = act.proposable().ok_or(AdminError::NeedsTwo)?;
            draft.propose(&body, None)
        }
        other => other,
    })
}

/// Reads the log anew, so that a rehearsal is about the newest.
pub(super) async fn refresh(engine: &Arc<Engine>) -> Result<(), AdminError> {
    Ok(engine.read_roster(REQUEST).await.map(drop)?)
}

//! Following the organisation's log: read, open, judge, store. New keys come by this device's own seal; the relay's
//! order is taken, its word is not.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::roster::{GetAttestation, PutAttestation, Read, ReadSeals};
use sotto_wire::{ErrorCode, Position, RelayTime, Sealed, limits, op};

use super::judge::{Judging, Mine, Stop};
use super::{Engine, SyncError};
use crate::base::{Secret, Timestamp};
use crate::inbox;
use crate::roster::key::SealedAs;
use crate::roster::verdict::Junk;
use crate::roster::{Anchor, Attestation, Keyring, Roster, RosterKey, Verdict};
use crate::store::table::device::DeviceSelf;
use crate::store::table::held::HeldCause;
use crate::store::table::roster::RosterEntryRow;
use crate::store::{ReadTx, StoreError, Topic, WriteTx};
use crate::transport::{Auth, Endpoint, TransportError};

const KEYRING: &str = "roster keyring";
const CAPABILITY: &str = "administration capability";
const SNAPSHOT: &str = "roster snapshot";
const FRESHNESS: &str = "roster freshness";
const ATTESTED: &str = "attested at";
const PASSED: &str = "passed for want of a key";
const AWAITED: &str = "roster key awaited";
const REPLAYED: &str = "roster replayed";
const JUDGED: u8 = 1;
const SET_ASIDE: u8 = 2;
/// Entries after which the replayed state is stored again.
const SNAPSHOT_EVERY: u64 = 32;
const ATTEST_EVERY: Duration = Duration::from_secs(3600);
/// A locked device that asks again and again does not attest each time.
const AGAIN: Duration = Duration::from_secs(30);

/// The roster keys of this device.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn keyring(tx: &ReadTx<'_>) -> Result<Keyring, StoreError> {
    Ok(tx.meta(KEYRING)?.unwrap_or_default())
}

/// Stores the roster keys of this device.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn put_keyring(tx: &WriteTx<'_>, keyring: &Keyring) -> Result<(), StoreError> {
    tx.put_meta(KEYRING, keyring)
}

/// The relay's administration capability, where this device may rotate.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn capability(tx: &ReadTx<'_>) -> Result<Option<Secret<32>>, StoreError> {
    tx.meta(CAPABILITY)
}

/// Stores the administration capability.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn put_capability(tx: &WriteTx<'_>, capability: &Secret<32>) -> Result<(), StoreError> {
    tx.put_meta(CAPABILITY, capability)
}

/// Stores positions that were read and judged before.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn put_entries(
    tx: &WriteTx<'_>,
    rows: &[(u64, Vec<u8>, bool)],
) -> Result<(), StoreError> {
    for (position, entry, judged) in rows {
        let verdict = if *judged { JUDGED } else { SET_ASIDE };
        tx.put_roster_entry(&RosterEntryRow {
            position: *position,
            entry: entry.clone(),
            verdict,
        })?;
    }
    tx.emit(Topic::Roster, Vec::new());
    Ok(())
}

/// When the newest attestation by another device was made.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn freshness(tx: &ReadTx<'_>) -> Result<Option<Timestamp>, StoreError> {
    tx.meta(FRESHNESS)
}

/// The roster that the stored positions come to: from the cached one or the snapshot where they are older, else by
/// replaying everything.
pub(crate) fn rebuild(
    tx: &ReadTx<'_>,
    me: &DeviceSelf,
    cached: Option<&Roster>,
) -> Result<Roster, SyncError> {
    let end = tx.roster_end()?;
    let start = match cached.filter(|roster| roster.next_position() <= end) {
        Some(roster) => Some(roster.clone()),
        None => tx
            .meta_bytes(SNAPSHOT)?
            .and_then(|bytes| Roster::restore(&bytes).ok())
            .filter(|roster| roster.next_position() <= end),
    };
    replay(tx, me, start, &keyring(tx)?)
}

/// Replays the stored positions from where `roster` stands, or from the first. What was passed for want of a key is
/// judged where the key is here now.
fn replay(
    tx: &ReadTx<'_>,
    me: &DeviceSelf,
    roster: Option<Roster>,
    keys: &Keyring,
) -> Result<Roster, SyncError> {
    let anchor = Anchor {
        organisation: me.organisation,
        root: me.root,
    };
    let mut roster = roster.unwrap_or_else(|| Roster::new(anchor));
    for row in tx.roster_entries(roster.next_position())? {
        let mut verdict = roster.ingest(row.position, &row.entry, keys);
        if matches!(verdict, Verdict::NeedsKey { .. }) && row.verdict == SET_ASIDE {
            verdict = roster.set_aside(row.position, Junk::NoSeals);
        }
        match verdict {
            Verdict::Valid { .. } | Verdict::Ignored { .. } | Verdict::Junk(_) => {}
            Verdict::Halt { .. } => return Err(SyncError::UpdateRequired),
            Verdict::NeedsKey { .. } => return Err(SyncError::NoRosterKey),
            Verdict::OutOfOrder { .. } => return Err(SyncError::RosterFork),
        }
    }
    Ok(roster)
}

/// Keys that came with the log, and the capability that came with the newest.
fn keep_gifts(
    tx: &WriteTx<'_>,
    gifts: &[RosterKey],
    capability: Option<&Secret<32>>,
) -> Result<(), StoreError> {
    if !gifts.is_empty() {
        let mut stored = keyring(tx)?;
        for key in gifts {
            stored.insert(key.clone());
        }
        put_keyring(tx, &stored)?;
        // The epoch that was passed by has begun elsewhere.
        tx.delete_meta(PASSED)?;
    }
    capability.map_or(Ok(()), |capability| put_capability(tx, capability))
}

/// Remembers the first position that was passed for want of a key.
pub(super) fn remember_passed(tx: &WriteTx<'_>, passed: Option<u64>) -> Result<(), StoreError> {
    match passed {
        Some(passed) if tx.meta::<u64>(PASSED)?.is_none() => tx.put_meta(PASSED, &passed),
        _ => Ok(()),
    }
}

/// Judges the stored log anew with a key whose rotation was passed by before it came.
pub(super) fn reconsider(
    tx: &WriteTx<'_>,
    me: &DeviceSelf,
    seals: &[Mine],
) -> Result<bool, SyncError> {
    let keys = keyring(tx)?;
    let rows = tx.roster_entries(0)?;
    for mine in seals {
        let epoch = mine.gift.key.epoch();
        if keys.newest().is_some_and(|newest| newest.epoch() >= epoch) {
            continue;
        }
        let mut with = keys.clone();
        with.insert(mine.gift.key.clone());
        // Of several rotations that were passed by, the newest key leads back to the others.
        with.unwind(
            &me.organisation,
            rows.iter().map(|row| row.entry.as_slice()),
        );
        for key in keys.newest_first() {
            with.insert(key.clone());
        }
        let Ok(roster) = replay(tx, me, None, &with) else {
            continue;
        };
        if !roster.key_in_force(&mine.gift.key)
            || mine.record.belongs_to(&me.device, &roster).is_err()
        {
            continue;
        }
        let gifts: Vec<RosterKey> = with
            .newest_first()
            .filter(|key| keys.get(key.epoch()).is_none())
            .cloned()
            .collect();
        keep_gifts(tx, &gifts, mine.gift.admin_capability.as_ref())?;
        tx.put_meta_bytes(SNAPSHOT, &roster.snapshot())?;
        tx.put_meta(REPLAYED, &(replayed(tx)? + 1))?;
        tx.emit(Topic::Roster, Vec::new());
        return Ok(true);
    }
    Ok(false)
}

/// How often the stored log was judged anew: what is cached of it holds only for the same count.
pub(super) fn replayed(tx: &ReadTx<'_>) -> Result<u64, StoreError> {
    Ok(tx.meta(REPLAYED)?.unwrap_or(0))
}

/// The epoch whose roster key this device waits for: the relay has replaced the key and has not served the new one.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn awaited_key(tx: &ReadTx<'_>) -> Result<Option<u64>, StoreError> {
    tx.meta(AWAITED)
}

impl Engine {
    /// Reads what the relay's log has beyond this store. Says how many positions.
    ///
    /// # Errors
    /// [`SyncError`]; [`SyncError::UpdateRequired`] where an entry may not be skipped; [`SyncError::AwaitsRosterKey`]
    /// where the log goes on under a key that has not come: what lies before it is read and stored.
    pub async fn read_roster(self: &Arc<Self>, deadline: Duration) -> Result<usize, SyncError> {
        let mut read = usize::from(self.reconsider(deadline).await?);
        let mut waiting = None;
        loop {
            let roster = self.read(|_, context| Ok(context.roster.clone()))?;
            let limit = u16::try_from(limits::ROSTER_READ_ENTRIES).unwrap_or(u16::MAX);
            let request = Read {
                from: Position(roster.next_position()),
                limit,
            };
            // Under a bearer, earlier ones too: the mailbox's session may be another process's.
            let bearer = Auth::Submit(self.bearer()?);
            let answer = self
                .transport
                .call::<op::RosterRead>(&bearer, &request, deadline)
                .await?;
            if answer.end.0 < roster.next_position() {
                return Err(SyncError::RosterFork);
            }
            if answer.entries.is_empty() {
                break;
            }
            let entries = answer
                .entries
                .into_iter()
                .map(|e| (e.position.0, e.entry.into_bytes()));
            let (count, wanted) = self.judge(roster, entries.collect(), deadline).await?;
            read += count;
            waiting = wanted;
            if count == 0 || waiting.is_some() {
                break;
            }
        }
        let known = self.read(|tx, _| Ok(awaited_key(tx)?))?;
        if known != waiting {
            self.store
                .write::<_, StoreError>("whether a roster key is waited for", |tx| {
                    tx.emit(Topic::Roster, Vec::new());
                    match waiting {
                        Some(epoch) => tx.put_meta(AWAITED, &epoch),
                        None => tx.delete_meta(AWAITED),
                    }
                })?;
        }
        if read > 0 {
            self.follow_relay()?;
            self.retry_held().await?;
        }
        waiting.map_or(Ok(read), |epoch| Err(SyncError::AwaitsRosterKey { epoch }))
    }

    /// Judges positions in memory, fetching the seals where a new key begins, and stores them in one transaction. Says
    /// how many, and the epoch whose key has to be waited for.
    async fn judge(
        self: &Arc<Self>,
        roster: Roster,
        entries: Vec<(u64, Vec<u8>)>,
        deadline: Duration,
    ) -> Result<(usize, Option<u64>), SyncError> {
        let (me, keys) = self.read(|tx, context| Ok((context.me.clone(), keyring(tx)?)))?;
        let first = roster.next_position();
        let mut judging = Judging::new(roster, keys, me.device, entries);
        let stop = loop {
            match judging.run() {
                Stop::Seals(from) => {
                    judging.seals = Some(self.own_seals(&me, from, deadline).await?);
                }
                Stop::Bearer => {
                    judging.bearer = Some(
                        self.bearer_stands(&judging.roster, &judging.keys, deadline)
                            .await?,
                    );
                }
                other => break other,
            }
        };
        let waiting = match stop {
            Stop::Waiting(epoch) => Some(epoch),
            Stop::Update => return Err(SyncError::UpdateRequired),
            Stop::Fork => return Err(SyncError::RosterFork),
            Stop::End | Stop::Seals(_) | Stop::Bearer => None,
        };
        let (rows, roster) = (&judging.rows, &judging.roster);
        let count = rows.len();
        let snapshot = (roster.next_position() % SNAPSHOT_EVERY
            < u64::try_from(count).unwrap_or(0))
        .then(|| roster.snapshot());
        self.store
            .write::<_, StoreError>("following the roster", |tx| {
                if tx.roster_end()? != first {
                    // Another process was faster; what it stored is read next.
                    return Ok(());
                }
                put_entries(tx, rows)?;
                keep_gifts(tx, &judging.gifts, judging.capability.as_ref())?;
                remember_passed(tx, judging.passed)?;
                if let Some(snapshot) = &snapshot {
                    tx.put_meta_bytes(SNAPSHOT, snapshot)?;
                }
                Ok(())
            })?;
        Ok((count, waiting))
    }

    /// The seals for this device from a position on.
    async fn own_seals(
        self: &Arc<Self>,
        me: &DeviceSelf,
        from: u64,
        deadline: Duration,
    ) -> Result<Vec<Mine>, SyncError> {
        let request = ReadSeals {
            from: Position(from),
        };
        let seals = self
            .mailbox_call::<op::RosterSeals>(&request, deadline)
            .await?
            .seals;
        let seals: Vec<(u64, Vec<u8>)> = seals
            .into_iter()
            .map(|seal| (seal.rotation.0, seal.seal.into_bytes()))
            .collect();
        Ok(Mine::open(&seals, &me.sealing_key()))
    }

    /// Whether the relay takes the bearer of the key that a roster has in force.
    async fn bearer_stands(
        self: &Arc<Self>,
        roster: &Roster,
        keys: &Keyring,
        deadline: Duration,
    ) -> Result<bool, SyncError> {
        let Some(key) = keys.get(roster.organisation()?.key.epoch) else {
            return Ok(false);
        };
        let bearer = Auth::Submit(super::engine::bearer_of(key));
        match self
            .transport
            .call::<op::AttestationGet>(&bearer, &GetAttestation {}, deadline)
            .await
        {
            Ok(_) => Ok(true),
            Err(error) => match error.code() {
                Some(ErrorCode::NotFound) => Ok(true),
                Some(ErrorCode::Unauthorized) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }

    /// Looks again at what was passed for want of a key: where a seal for it has come since, the log is judged anew from
    /// the beginning. Says whether it was.
    async fn reconsider(self: &Arc<Self>, deadline: Duration) -> Result<bool, SyncError> {
        let (me, passed) =
            self.read(|tx, context| Ok((context.me.clone(), tx.meta::<u64>(PASSED)?)))?;
        let Some(passed) = passed else {
            return Ok(false);
        };
        let seals = self.own_seals(&me, passed, deadline).await?;
        self.store
            .write::<_, SyncError>("looking again at the roster", |tx| {
                reconsider(tx, &me, &seals)
            })
    }

    /// Uses the relay that the roster names: a signed rotation of pins takes effect here.
    fn follow_relay(&self) -> Result<(), SyncError> {
        let current = self.transport.endpoint();
        let wanted = self.read(|_, context| {
            let relay = &context.roster.organisation()?.relay;
            // One whose address cannot be read is passed over.
            Ok(super::endpoint(relay, current.proxy.clone())
                .map(|named| Endpoint {
                    timeouts: current.timeouts,
                    ..named
                })
                .ok())
        })?;
        if let Some(endpoint) = wanted.filter(|wanted| !same(wanted, &current)) {
            self.transport
                .set_endpoint(endpoint)
                .map_err(TransportError::from)?;
        }
        Ok(())
    }

    /// Whether something that has come since this was last asked names more of the roster than this device has read.
    /// What the log does not have yet is looked for again with every round.
    pub(super) fn needs_roster(&self) -> Result<bool, SyncError> {
        let wanted = self.read(|tx, context| {
            Ok((
                tx.newest_held_for(HeldCause::RosterBehind)?,
                inbox::roster_seen_ahead(tx, context)?,
            ))
        })?;
        Ok(wanted != (None, None)
            && self.asked(|asked| std::mem::replace(&mut asked.roster, wanted) != wanted))
    }

    /// Fresh word of the roster, and nothing else, for a device that is locked for want of it. It attests what it has
    /// read at once: after a long outage every device is locked, and each waits for another one's word.
    ///
    /// # Errors
    /// [`SyncError`]; [`SyncError::Excluded`] where the relay has closed the mailbox.
    pub(crate) async fn renew(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
        let before = self.clock.now();
        let info = self.transport.info(deadline).await?;
        self.note_time(&info.time, before);
        self.session(deadline).await?;
        self.read_roster(deadline).await?;
        self.attest_after(AGAIN, Duration::ZERO, deadline).await
    }

    /// Reads the newest attestation, and renews it where it is old and this device may.
    pub(super) async fn attest(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
        self.attest_after(ATTEST_EVERY, ATTEST_EVERY / 2, deadline)
            .await
    }

    /// The same where one's own is older than `own` and the newest of others older than `others`.
    async fn attest_after(
        self: &Arc<Self>,
        own: Duration,
        others: Duration,
        deadline: Duration,
    ) -> Result<(), SyncError> {
        let (keys, me) = self.read(|tx, context| Ok((keyring(tx)?, context.me.clone())))?;
        let Some(key) = keys.newest() else {
            return Ok(());
        };
        let here = self.clock.now();
        // Ages are counted by the relay's signed time, where there is one.
        let now = Timestamp::from_millis(
            here.millis()
                .saturating_add(self.status().clock.map_or(0, |c| c.offset_ms)),
        );
        let bearer = Auth::Submit(self.bearer()?);
        let newest = match self
            .transport
            .call::<op::AttestationGet>(&bearer, &GetAttestation {}, deadline)
            .await
        {
            Ok(answer) => key
                .open(
                    SealedAs::Attestation,
                    &me.organisation,
                    answer.attestation.as_bytes(),
                )
                .ok()
                .and_then(|bytes| Attestation::from_bytes(&bytes).ok()),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let fresh = match &newest {
            Some(attestation) => self
                .read(|_, context| Ok(attestation.verify(context.roster, &me.device, now).ok()))?,
            None => None,
        };
        if let Some(fresh) = fresh {
            self.store
                .write::<_, StoreError>("noting freshness", |tx| {
                    tx.put_meta(FRESHNESS, &fresh.time)
                })?;
        }
        let mine: Option<Timestamp> = self.store.read::<_, StoreError>(|tx| tx.meta(ATTESTED))?;
        let recent = fresh.is_some_and(|f| f.age < others)
            || mine.is_some_and(|at| at <= here && here.since(at) < own);
        let entitled = self.read(|_, context| Ok(context.may_attest()))?;
        if recent || !entitled {
            return Ok(());
        }
        let sealed = self.read(|_, context| {
            let attestation = Attestation::make(context.roster, now, me.device, &me.signing)?;
            Ok(key.seal(
                SealedAs::Attestation,
                &me.organisation,
                &attestation.to_bytes(),
                context.random,
            )?)
        })?;
        let at = RelayTime(now.millis());
        let request = PutAttestation {
            attestation: Sealed::new(sealed),
            at,
        };
        self.bearer_call::<op::AttestationPut>(&request, deadline)
            .await?;
        self.store
            .write::<_, StoreError>("attested", |tx| tx.put_meta(ATTESTED, &here))?;
        Ok(())
    }
}

fn same(one: &Endpoint, other: &Endpoint) -> bool {
    (&one.host, one.port, &one.pins, one.signing_key)
        == (&other.host, other.port, &other.pins, other.signing_key)
}

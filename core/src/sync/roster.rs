//! Following the organisation's log: read, open, judge, store. New keys come by this device's own seal; the relay's
//! order is taken, its word is not.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::roster::{GetAttestation, PutAttestation, Read, ReadSeals};
use sotto_wire::{ErrorCode, Position, RelayTime, Sealed, limits, op};

use super::{Engine, SyncError};
use crate::base::{Secret, Timestamp};
use crate::inbox;
use crate::roster::key::SealedAs;
use crate::roster::rotation::SealRecord;
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
const JUDGED: u8 = 1;
const SET_ASIDE: u8 = 2;
/// Entries after which the replayed state is stored again.
const SNAPSHOT_EVERY: u64 = 32;
const ATTEST_EVERY: Duration = Duration::from_secs(3600);

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
    let anchor = Anchor {
        organisation: me.organisation,
        root: me.root,
    };
    let mut roster = start.unwrap_or_else(|| Roster::new(anchor));
    let keys = keyring(tx)?;
    for row in tx.roster_entries(roster.next_position())? {
        let verdict = if row.verdict == SET_ASIDE {
            roster.set_aside(row.position, Junk::NoSeals)
        } else {
            roster.ingest(row.position, &row.entry, &keys)
        };
        match verdict {
            Verdict::Valid { .. } | Verdict::Ignored { .. } | Verdict::Junk(_) => {}
            Verdict::Halt { .. } => return Err(SyncError::UpdateRequired),
            Verdict::NeedsKey { .. } => return Err(SyncError::NoRosterKey),
            Verdict::OutOfOrder { .. } => return Err(SyncError::RosterFork),
        }
    }
    Ok(roster)
}

impl Engine {
    /// Reads what the relay's log has beyond this store. Says how many positions.
    ///
    /// # Errors
    /// [`SyncError`]; [`SyncError::UpdateRequired`] where an entry may not be skipped.
    pub async fn read_roster(self: &Arc<Self>, deadline: Duration) -> Result<usize, SyncError> {
        let mut read = 0;
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
            let count = self.judge(roster, entries.collect(), deadline).await?;
            if count == 0 {
                break;
            }
            read += count;
        }
        if read > 0 {
            self.follow_relay()?;
            self.retry_held().await?;
        }
        Ok(read)
    }

    /// Judges positions in memory, fetching the seals where a new key begins, and stores them in one transaction.
    async fn judge(
        self: &Arc<Self>,
        mut roster: Roster,
        entries: Vec<(u64, Vec<u8>)>,
        deadline: Duration,
    ) -> Result<usize, SyncError> {
        let (me, mut keys) = self.read(|tx, context| Ok((context.me.clone(), keyring(tx)?)))?;
        let first = roster.next_position();
        let mut gifts: Vec<RosterKey> = Vec::new();
        let mut capability = None;
        let mut rows: Vec<(u64, Vec<u8>, bool)> = Vec::with_capacity(entries.len());
        for (position, sealed) in entries {
            let mut verdict = roster.ingest(position, &sealed, &keys);
            let mut judged = true;
            if let Verdict::NeedsKey { .. } = verdict {
                let request = ReadSeals {
                    from: Position(position),
                };
                let seals = self
                    .mailbox_call::<op::RosterSeals>(&request, deadline)
                    .await?
                    .seals;
                let mine = seals
                    .iter()
                    .filter(|seal| seal.rotation.0 == position)
                    .find_map(|seal| {
                        let record = SealRecord::from_bytes(seal.seal.as_bytes()).ok()?;
                        let gift = record.open(&me.sealing_key()).ok()?;
                        Some((record, gift))
                    });
                match mine {
                    Some((record, gift)) => {
                        let mut with = keys.clone();
                        let key = gift.key.clone();
                        with.insert(gift.key);
                        verdict = roster.ingest(position, &sealed, &with);
                        if matches!(verdict, Verdict::Valid { .. })
                            && record.belongs_to(&me.device, &roster).is_ok()
                        {
                            keys = with;
                            gifts.push(key);
                            capability = gift.admin_capability.or(capability);
                        }
                    }
                    // Junk that claims to be a rotation comes without seals, also where a true one follows. Whoever is
                    // excluded is told by the mailbox, which is closed with the rotation and serves no seals.
                    None => {
                        verdict = roster.set_aside(position, Junk::NoSeals);
                        judged = false;
                    }
                }
            }
            match verdict {
                Verdict::Valid { .. } | Verdict::Ignored { .. } | Verdict::Junk(_) => {
                    rows.push((position, sealed, judged));
                }
                Verdict::Halt { .. } => return Err(SyncError::UpdateRequired),
                Verdict::NeedsKey { .. } => return Err(SyncError::NoRosterKey),
                Verdict::OutOfOrder { .. } => return Err(SyncError::RosterFork),
            }
        }
        let count = rows.len();
        let next = roster.next_position();
        let snapshot =
            (next % SNAPSHOT_EVERY < u64::try_from(count).unwrap_or(0)).then(|| roster.snapshot());
        self.store
            .write::<_, StoreError>("following the roster", |tx| {
                if tx.roster_end()? != first {
                    // Another process was faster; what it stored is read next.
                    return Ok(());
                }
                put_entries(tx, &rows)?;
                if !gifts.is_empty() {
                    let mut stored = keyring(tx)?;
                    for key in &gifts {
                        stored.insert(key.clone());
                    }
                    put_keyring(tx, &stored)?;
                }
                if let Some(capability) = &capability {
                    put_capability(tx, capability)?;
                }
                if let Some(snapshot) = &snapshot {
                    tx.put_meta_bytes(SNAPSHOT, snapshot)?;
                }
                Ok(())
            })?;
        Ok(count)
    }

    /// Uses the relay that the roster names: a signed rotation of pins takes effect here.
    fn follow_relay(&self) -> Result<(), SyncError> {
        let current = self.transport.endpoint();
        let wanted = self.read(|_, context| {
            let relay = &context.roster.organisation()?.relay;
            Ok(endpoint_of(relay, &current))
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

    /// Reads the newest attestation, and renews it where it is old and this device may.
    pub(super) async fn attest(self: &Arc<Self>, deadline: Duration) -> Result<(), SyncError> {
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
        let recent = fresh.is_some_and(|f| f.age < ATTEST_EVERY / 2)
            || mine.is_some_and(|at| at <= here && here.since(at) < ATTEST_EVERY);
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

/// The endpoint that a descriptor names; `None` where its address cannot be read.
#[must_use]
pub(crate) fn endpoint_of(
    relay: &crate::roster::kind::RelayDescriptor,
    like: &Endpoint,
) -> Option<Endpoint> {
    let url = url::Url::parse(relay.address.as_str()).ok()?;
    Some(Endpoint {
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port_or_known_default()?,
        pins: relay.pins.iter().map(|pin| *pin.as_bytes()).collect(),
        signing_key: relay.signing_key,
        tenant: sotto_wire::TenantId::new(relay.tenant),
        proxy: like.proxy.clone(),
        timeouts: like.timeouts,
    })
}

fn same(one: &Endpoint, other: &Endpoint) -> bool {
    (&one.host, one.port, &one.pins, one.signing_key)
        == (&other.host, other.port, &other.pins, other.signing_key)
}

//! The roster log, its rotations with their seals, and the newest attestation.

use sotto_wire::{
    Detail, Digest, ErrorCode, LimitKind, Position, RelayTime, Sealed, WireError, encode, limits,
    roster,
};

use super::tx::{
    QUOTA_RETRY_MS, Rx, Tx, after, all, authenticate, authenticate_reader, check_open, one, refuse,
    signed, size, unsigned,
};
use super::{answered, channel, delivery};
use crate::store::{Event, Milestone, Owner, Reader, StoreError, Submitter, TenantKey};

/// How long a seal waits for its device: 400 days.
const SEAL_KEEP_S: u32 = 400 * 24 * 3600;
/// How far the log may grow where an organisation's bytes are used up: who fills them with something else is still
/// proposed to be excluded, and excluded.
const ROSTER_RESERVE: u64 = 64 << 20;

pub(super) fn append(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &roster::Append,
) -> Result<Position, StoreError> {
    let tenant = tx.authenticate(who)?;
    let end = extend(tx, tenant, request.expect, &request.entries)?;
    if end.0 > tx.quotas.roster_entries {
        return refuse(WireError::quota(
            LimitKind::RosterLog,
            tx.quotas.roster_entries,
            QUOTA_RETRY_MS,
        ));
    }
    let bytes = request.entries.iter().map(Sealed::len).sum();
    tx.charge_beyond(tenant, size(bytes), ROSTER_RESERVE)?;
    Ok(end)
}

fn end(conn: &rusqlite::Connection, tenant: TenantKey) -> Result<Position, rusqlite::Error> {
    let end = one(
        conn,
        "SELECT roster_end FROM tenant WHERE id = ?1",
        [tenant.0],
        |row| row.get(0),
    )?;
    Ok(Position(unsigned(end.unwrap_or(0))))
}

/// Appends by compare-and-set. Bills nothing and asks for no quota.
fn extend(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    expect: Position,
    entries: &[Sealed],
) -> Result<Position, StoreError> {
    let current = end(tx.conn, tenant)?;
    if current != expect {
        return refuse(WireError::detailed(
            ErrorCode::PositionConflict,
            Detail::Position(current),
        ));
    }
    let next = Position(current.0 + entries.len() as u64);
    for (n, entry) in entries.iter().enumerate() {
        tx.execute(
            "INSERT INTO roster (tenant, position, body) VALUES (?1, ?2, ?3)",
            (tenant.0, signed(current.0 + n as u64), entry.as_bytes()),
        )?;
    }
    tx.execute(
        "UPDATE tenant SET roster_end = ?2 WHERE id = ?1",
        (tenant.0, signed(next.0)),
    )?;
    tx.count(Milestone::RosterEntry, entries.len());
    Ok(next)
}

fn reader(rx: &Rx<'_>, who: &Reader, earlier: bool) -> Result<TenantKey, StoreError> {
    match who {
        Reader::Owner(owner) => check_open(rx.conn, *owner).map(|()| owner.tenant),
        Reader::Submitter(who) if earlier => authenticate_reader(rx.conn, who),
        Reader::Submitter(who) => authenticate(rx.conn, who),
    }
}

pub(super) fn read(
    rx: &Rx<'_>,
    who: &Reader,
    request: &roster::Read,
) -> Result<roster::Entries, StoreError> {
    let tenant = reader(rx, who, true)?;
    let snapshot = rx.conn.unchecked_transaction()?;
    let end = end(&snapshot, tenant)?;
    let limit = usize::from(request.limit).min(limits::ROSTER_READ_ENTRIES);
    let mut statement = snapshot.prepare_cached(
        "SELECT position, body FROM roster WHERE tenant = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
    )?;
    let mut rows = statement.query((tenant.0, signed(request.from.0), size(limit)))?;
    let mut entries = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        bytes += body.len();
        if !entries.is_empty() && bytes > limits::ROSTER_READ_BYTES {
            break;
        }
        entries.push(roster::RosterEntry {
            position: Position(unsigned(row.get(0)?)),
            entry: Sealed::new(body),
        });
    }
    Ok(roster::Entries { entries, end })
}

type StoredRotation = (Position, Vec<u16>, Vec<u16>);

/// Refuses whoever does not hold the organisation's administration capability.
pub(super) fn check_admin(
    tx: &Tx<'_>,
    tenant: TenantKey,
    admin: &Digest,
) -> Result<(), StoreError> {
    let capability = one(
        tx.conn,
        "SELECT admin_hash FROM tenant WHERE id = ?1",
        [tenant.0],
        |row| row.get::<_, [u8; 32]>(0),
    )?;
    if capability.map(Digest::new) == Some(*admin) {
        Ok(())
    } else {
        refuse(ErrorCode::Unauthorized)
    }
}

pub(super) fn rotate(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &Digest,
    rotate: &roster::Rotate,
    admin: &Digest,
) -> Result<roster::Rotated, StoreError> {
    // A repetition comes with the bearer that this very rotation has retired.
    let repeated_by = authenticate_reader(tx.conn, who)?;
    if let Some(answer) = answered::find(tx, repeated_by, &rotate.idempotency, request)? {
        let (end, unknown_seals, unknown_close) = answered::read::<StoredRotation>(&answer)?;
        return Ok(roster::Rotated {
            end,
            unknown_seals,
            unknown_close,
        });
    }
    let tenant = tx.authenticate(who)?;
    check_admin(tx, tenant, admin)?;
    // No quota stands in its way: whoever is to be excluded could have filled it.
    let end = extend(tx, tenant, rotate.expect, &rotate.entries)?;
    let bytes = rotate.entries.iter().map(Sealed::len).sum();
    tx.bill(tenant, size(bytes))?;
    let rotation = signed(end.0.saturating_sub(1));
    let mut unknown_close = Vec::new();
    for (index, alias) in rotate.close.iter().enumerate() {
        match delivery::mailbox_behind(tx, tenant, alias)? {
            Some((mailbox, _)) => delivery::close_mailbox(tx, tenant, mailbox)?,
            None => unknown_close.push(u16::try_from(index).unwrap_or(u16::MAX)),
        }
    }
    for order in rotate.orders.iter().flatten() {
        channel::lay(tx, tenant, order)?;
    }
    for key in rotate.refuse.iter().flatten() {
        channel::refuse_key(tx, tenant, key)?;
    }
    let mut unknown_seals = Vec::new();
    for (index, seal) in rotate.seals.iter().enumerate() {
        match delivery::mailbox_behind(tx, tenant, &seal.alias)? {
            Some((mailbox, false)) => {
                tx.execute(
                    "INSERT INTO seal (mailbox, position, place, body, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
                    (
                        mailbox,
                        rotation,
                        size(index),
                        seal.seal.as_bytes(),
                        after(tx.now, SEAL_KEEP_S),
                    ),
                )?;
            }
            Some((_, true)) | None => unknown_seals.push(u16::try_from(index).unwrap_or(u16::MAX)),
        }
    }
    tx.execute(
        "INSERT INTO old_bearer (tenant, bearer_hash, retired) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (tenant.0, who.bearer.as_bytes(), tx.now.0),
    )?;
    tx.execute(
        "UPDATE tenant SET bearer_hash = ?2, admin_hash = ?3 WHERE id = ?1",
        (
            tenant.0,
            rotate.new_bearer_hash.as_bytes(),
            rotate.new_admin_capability_hash.as_bytes(),
        ),
    )?;
    tx.events.push(Event::BearerReplaced(who.tenant));
    let rotated = roster::Rotated {
        end,
        unknown_seals,
        unknown_close,
    };
    let stored: StoredRotation = (
        rotated.end,
        rotated.unknown_seals.clone(),
        rotated.unknown_close.clone(),
    );
    answered::keep(tx, tenant, &rotate.idempotency, request, &encode(&stored))?;
    Ok(rotated)
}

pub(super) fn seals(
    rx: &Rx<'_>,
    owner: Owner,
    request: &roster::ReadSeals,
) -> Result<roster::Seals, StoreError> {
    check_open(rx.conn, owner)?;
    let seals = all(
        rx.conn,
        "SELECT position, body FROM seal WHERE mailbox = ?1 AND position >= ?2 ORDER BY position, place LIMIT ?3",
        (
            owner.mailbox.0,
            signed(request.from.0),
            size(limits::SEALS_READ),
        ),
        |row| {
            Ok(roster::ReadSeal {
                rotation: Position(unsigned(row.get(0)?)),
                seal: Sealed::new(row.get(1)?),
            })
        },
    )?;
    Ok(roster::Seals { seals })
}

pub(super) fn put_attestation(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &roster::PutAttestation,
) -> Result<bool, StoreError> {
    let tenant = tx.authenticate(who)?;
    let changed = tx.execute(
        "INSERT INTO attestation (tenant, at, body) VALUES (?1, ?2, ?3)
         ON CONFLICT (tenant) DO UPDATE SET at = excluded.at, body = excluded.body WHERE excluded.at > attestation.at",
        (tenant.0, request.at.0, request.attestation.as_bytes()),
    )?;
    Ok(changed == 1)
}

pub(super) fn get_attestation(
    rx: &Rx<'_>,
    who: &Reader,
) -> Result<roster::Attestation, StoreError> {
    let tenant = reader(rx, who, false)?;
    let found = one(
        rx.conn,
        "SELECT at, body FROM attestation WHERE tenant = ?1",
        [tenant.0],
        |row| {
            Ok(roster::Attestation {
                at: RelayTime(row.get(0)?),
                attestation: Sealed::new(row.get(1)?),
            })
        },
    )?;
    found.ok_or(StoreError::Refused(ErrorCode::NotFound.into()))
}

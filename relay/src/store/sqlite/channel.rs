//! Wipe channels: a share while a channel is open, an order from the rotation that laid it, certificates under the order.

use rusqlite::Connection;
use sotto_wire::channel::{ChannelState, Collected, Open, OrderState};
use sotto_wire::{
    Digest, ErrorCode, LimitKind, PublicKey, RelayTime, Sealed, TenantId, WireError, limits, roster,
};

use super::tx::{
    QUOTA_RETRY_MS, Rx, Tx, after, all, authenticate, one, refuse, size, tenant_of, unsigned,
};
use crate::store::{Event, FoundChannel, Milestone, StoreError, Submitter, TenantKey};

/// What the column `state` holds.
const OPEN: i64 = 1;
const ORDERED: i64 = 2;
const ENDED: i64 = 3;

struct Row {
    id: i64,
    state: i64,
    share: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
    ordered: Option<i64>,
    fetched: Option<i64>,
}

fn find(
    conn: &Connection,
    tenant: TenantKey,
    key: &PublicKey,
) -> Result<Option<Row>, rusqlite::Error> {
    one(
        conn,
        "SELECT id, state, share, body, ordered, fetched FROM channel WHERE tenant = ?1 AND key = ?2",
        (tenant.0, key.as_bytes()),
        |row| {
            Ok(Row {
                id: row.get(0)?,
                state: row.get(1)?,
                share: row.get(2)?,
                body: row.get(3)?,
                ordered: row.get(4)?,
                fetched: row.get(5)?,
            })
        },
    )
}

/// A channel named by somebody without a bearer.
fn found(
    conn: &Connection,
    organisation: &TenantId,
    key: &PublicKey,
) -> Result<(TenantKey, Row), StoreError> {
    let tenant = tenant_of(conn, organisation)?;
    let row = match tenant {
        Some(tenant) => find(conn, tenant, key)?.map(|row| (tenant, row)),
        None => None,
    };
    row.ok_or(StoreError::Refused(ErrorCode::NotFound.into()))
}

pub(super) fn open(tx: &mut Tx<'_>, who: &Submitter, request: &Open) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    let share = request.share.as_ref().map(Sealed::as_bytes);
    match find(tx.conn, tenant, &request.key)? {
        Some(row) if row.state != OPEN => refuse(ErrorCode::ChannelClosed),
        Some(row) => {
            if share.is_some() {
                tx.execute(
                    "UPDATE channel SET share = ?2 WHERE id = ?1",
                    (row.id, share),
                )?;
            }
            Ok(())
        }
        None => {
            let max = tx.quotas.tenant_channels;
            tx.count_in(tenant, "channels", 1, LimitKind::TenantChannels, max)?;
            tx.execute(
                "INSERT INTO channel (tenant, key, state, share, body, ordered, fetched, expires)
                 VALUES (?1, ?2, ?3, ?4, NULL, NULL, NULL, NULL)",
                (tenant.0, request.key.as_bytes(), OPEN, share),
            )?;
            Ok(())
        }
    }
}

/// Lays an order inside a rotation. Neither an unopened channel nor any quota stands in its way.
pub(super) fn lay(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    order: &roster::Order,
) -> Result<(), StoreError> {
    let (body, expires) = (order.order.as_bytes(), after(tx.now, limits::ORDER_KEEP_S));
    tx.bill(tenant, size(body.len()))?;
    match find(tx.conn, tenant, &order.key)? {
        Some(row) => {
            tx.discharge(tenant, size(row.body.map_or(0, |body| body.len())))?;
            tx.execute(
                "UPDATE channel SET state = ?2, share = NULL, body = ?3, ordered = ?4, fetched = NULL, expires = ?5
                 WHERE id = ?1",
                (row.id, ORDERED, body, tx.now.0, expires),
            )?;
        }
        None => {
            tx.execute(
                "UPDATE tenant SET channels = channels + 1 WHERE id = ?1",
                [tenant.0],
            )?;
            tx.execute(
                "INSERT INTO channel (tenant, key, state, share, body, ordered, fetched, expires)
                 VALUES (?1, ?2, ?3, NULL, ?4, ?5, NULL, ?6)",
                (
                    tenant.0,
                    order.key.as_bytes(),
                    ORDERED,
                    body,
                    tx.now.0,
                    expires,
                ),
            )?;
        }
    }
    tx.count(Milestone::OrderLaid, 1);
    tx.events.push(Event::Ordered(tenant, order.key));
    Ok(())
}

/// Closes a channel inside the rotation that excludes its device: the share goes, the key is refused for ever. An order
/// that stands keeps standing.
pub(super) fn refuse_key(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    key: &PublicKey,
) -> Result<(), StoreError> {
    match find(tx.conn, tenant, key)? {
        Some(row) if row.state == OPEN => {
            tx.execute(
                "UPDATE channel SET state = ?2, share = NULL WHERE id = ?1",
                (row.id, ENDED),
            )?;
        }
        Some(_) => return Ok(()),
        None => {
            tx.execute(
                "UPDATE tenant SET channels = channels + 1 WHERE id = ?1",
                [tenant.0],
            )?;
            tx.execute(
                "INSERT INTO channel (tenant, key, state, share, body, ordered, fetched, expires)
                 VALUES (?1, ?2, ?3, NULL, NULL, NULL, NULL, NULL)",
                (tenant.0, key.as_bytes(), ENDED),
            )?;
        }
    }
    tx.events.push(Event::Ordered(tenant, *key));
    Ok(())
}

pub(super) fn look(
    rx: &Rx<'_>,
    organisation: &TenantId,
    key: &PublicKey,
) -> Result<FoundChannel, StoreError> {
    let (tenant, row) = found(rx.conn, organisation, key)?;
    Ok(FoundChannel {
        tenant,
        order: row.body.map(Sealed::new),
        fetched: row.fetched.is_some(),
        share: row.share.map(Sealed::new),
    })
}

/// Gives the order out and notes when that happened first.
pub(super) fn fetch(
    tx: &mut Tx<'_>,
    organisation: &TenantId,
    key: &PublicKey,
) -> Result<Option<Sealed>, StoreError> {
    let (_, row) = found(tx.conn, organisation, key)?;
    if row.state == ORDERED && row.fetched.is_none() {
        tx.execute(
            "UPDATE channel SET fetched = ?2 WHERE id = ?1",
            (row.id, tx.now.0),
        )?;
        tx.count(Milestone::OrderFetched, 1);
    }
    Ok(row.body.map(Sealed::new))
}

pub(super) fn certify(
    tx: &mut Tx<'_>,
    organisation: &TenantId,
    key: &PublicKey,
    digest: &Digest,
    certificate: &Sealed,
) -> Result<(), StoreError> {
    let (_, row) = found(tx.conn, organisation, key)?;
    if row.state != ORDERED {
        return refuse(ErrorCode::NotFound);
    }
    let known = all(
        tx.conn,
        "SELECT digest FROM certificate WHERE channel = ?1",
        [row.id],
        |row| row.get::<_, [u8; 32]>(0),
    )?;
    if known.contains(digest.as_bytes()) {
        return Ok(());
    }
    if known.len() >= limits::CERTIFICATES {
        let max = limits::CERTIFICATES as u64;
        let full = WireError::quota(LimitKind::Certificates, max, QUOTA_RETRY_MS);
        return refuse(full);
    }
    tx.execute(
        "INSERT INTO certificate (channel, place, digest, body) VALUES (?1, ?2, ?3, ?4)",
        (
            row.id,
            size(known.len()),
            digest.as_bytes(),
            certificate.as_bytes(),
        ),
    )?;
    tx.count(Milestone::OrderCertified, 1);
    Ok(())
}

pub(super) fn collect(
    rx: &Rx<'_>,
    who: &Submitter,
    keys: &[PublicKey],
) -> Result<Collected, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    let snapshot = rx.conn.unchecked_transaction()?;
    let mut channels = Vec::with_capacity(keys.len());
    let mut bytes = 0;
    for key in keys {
        let channel = state(&snapshot, tenant, key)?;
        bytes += channel.certificates.iter().map(Sealed::len).sum::<usize>();
        if !channels.is_empty() && bytes > limits::COLLECT_BYTES {
            break;
        }
        channels.push(channel);
    }
    Ok(Collected { channels })
}

fn state(
    conn: &Connection,
    tenant: TenantKey,
    key: &PublicKey,
) -> Result<ChannelState, rusqlite::Error> {
    let row = find(conn, tenant, key)?;
    let certificates = match &row {
        None => Vec::new(),
        Some(row) => all(
            conn,
            "SELECT body FROM certificate WHERE channel = ?1 ORDER BY place",
            [row.id],
            |row| row.get(0).map(Sealed::new),
        )?,
    };
    let state = match row {
        Some(row) if row.state == ORDERED => match row.fetched {
            Some(at) => OrderState::Fetched(RelayTime(at)),
            None => OrderState::Ordered(RelayTime(row.ordered.unwrap_or_default())),
        },
        Some(row) if row.state == ENDED => OrderState::Ended,
        Some(_) | None => OrderState::None,
    };
    Ok(ChannelState {
        key: *key,
        state,
        certificates,
    })
}

pub(super) fn done(
    tx: &mut Tx<'_>,
    who: &Submitter,
    admin: &Digest,
    keys: &[PublicKey],
) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    super::roster::check_admin(tx, tenant, admin)?;
    let mut ended = 0;
    for key in keys {
        if let Some(row) = find(tx.conn, tenant, key)?
            && row.state == ORDERED
        {
            // An order that nobody has certified is still on its way, whatever an administrator's device says.
            if !certified(tx.conn, row.id)? {
                return refuse(ErrorCode::BadRequest);
            }
            end(tx, tenant, row.id, row.body.map_or(0, |body| body.len()))?;
            ended += 1;
        }
    }
    tx.count(Milestone::OrderCollected, ended);
    Ok(())
}

fn certified(conn: &Connection, channel: i64) -> Result<bool, rusqlite::Error> {
    let any = one(
        conn,
        "SELECT 1 FROM certificate WHERE channel = ?1 LIMIT 1",
        [channel],
        |row| row.get::<_, i64>(0),
    )?;
    Ok(any.is_some())
}

fn end(tx: &mut Tx<'_>, tenant: TenantKey, id: i64, bytes: usize) -> Result<(), StoreError> {
    tx.discharge(tenant, size(bytes))?;
    tx.execute("DELETE FROM certificate WHERE channel = ?1", [id])?;
    tx.execute(
        "UPDATE channel SET state = ?2, body = NULL, ordered = NULL, fetched = NULL, expires = NULL WHERE id = ?1",
        (id, ENDED),
    )?;
    Ok(())
}

/// Ends orders whose time is over; how many of at most `rows`.
pub(super) fn sweep(tx: &mut Tx<'_>, rows: usize) -> Result<usize, StoreError> {
    let due = all(
        tx.conn,
        "SELECT id, tenant, length(body) FROM channel WHERE expires <= ?1 ORDER BY expires LIMIT ?2",
        (tx.now.0, size(rows)),
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get(1).map(TenantKey)?,
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    for (id, tenant, bytes) in &due {
        let bytes = usize::try_from(unsigned(*bytes)).unwrap_or(usize::MAX);
        end(tx, *tenant, *id, bytes)?;
    }
    tx.count(Milestone::OrderExpired, due.len());
    Ok(due.len())
}

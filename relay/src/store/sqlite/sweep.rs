//! The end of things by time, a bounded number of rows in each transaction so that nobody waits long behind it.

use super::tx::{Tx, all, size};
use super::{channel, delivery, receipt};
use crate::store::{BlobKey, Milestone, StoreError, Swept, TenantKey};

/// Rows of each kind in one sweep.
const ROWS: usize = 500;
/// How long an earlier bearer still reads the roster log: 400 days.
const OLD_BEARER_MS: i64 = 400 * 24 * 3_600_000;

pub(super) fn sweep(tx: &mut Tx<'_>) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    swept.more |= entries(tx)? == ROWS;
    swept.more |= receipt::sweep(tx, ROWS)? == ROWS;
    swept.more |= commits(tx)? == ROWS;
    swept.more |= key_packages(tx)? == ROWS;
    swept.more |= channel::sweep(tx, ROWS)? == ROWS;
    let now = tx.now.0;
    for (milestone, sql) in [
        (
            None,
            "DELETE FROM answered WHERE (tenant, intent) IN
            (SELECT tenant, intent FROM answered WHERE expires <= ?1 LIMIT ?2)",
        ),
        (
            Some(Milestone::GrantExpired),
            "DELETE FROM invitation WHERE id IN
            (SELECT id FROM invitation WHERE expires <= ?1 LIMIT ?2)",
        ),
        (
            None,
            "DELETE FROM seal WHERE (mailbox, position, place) IN
            (SELECT mailbox, position, place FROM seal WHERE expires <= ?1 LIMIT ?2)",
        ),
    ] {
        let gone = tx.execute(sql, (now, size(ROWS)))?;
        swept.more |= gone == ROWS;
        if let Some(milestone) = milestone {
            tx.count(milestone, gone);
        }
    }
    tx.execute(
        "DELETE FROM old_bearer WHERE retired <= ?1",
        [now.saturating_sub(OLD_BEARER_MS)],
    )?;
    blobs(tx, &mut swept)?;
    removed_tenants(tx, &mut swept)?;
    Ok(swept)
}

fn entries(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let due = all(
        tx.conn,
        "SELECT mailbox, seq FROM entry WHERE expires <= ?1 ORDER BY expires LIMIT ?2",
        (tx.now.0, size(ROWS)),
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    for (mailbox, seq) in &due {
        if let Some(ended) = delivery::end_entry(tx, *mailbox, *seq)?
            && let Some(handle) = ended.receipt
        {
            receipt::expire(tx, ended.tenant, &handle)?;
        }
    }
    tx.count(Milestone::EntryExpired, due.len());
    Ok(due.len())
}

fn commits(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let due = all(
        tx.conn,
        "DELETE FROM recent_commit WHERE (slot, epoch) IN
            (SELECT slot, epoch FROM recent_commit WHERE expires <= ?1 LIMIT ?2) RETURNING payload",
        (tx.now.0, size(ROWS)),
        |row| row.get::<_, i64>(0),
    )?;
    for payload in &due {
        delivery::release(tx, *payload)?;
    }
    Ok(due.len())
}

fn key_packages(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let due = all(
        tx.conn,
        "DELETE FROM key_package WHERE id IN (SELECT id FROM key_package WHERE expires <= ?1 LIMIT ?2)
         RETURNING tenant, size",
        (tx.now.0, size(ROWS)),
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    for (tenant, bytes) in &due {
        tx.discharge(TenantKey(*tenant), *bytes)?;
    }
    Ok(due.len())
}

fn blobs(tx: &mut Tx<'_>, swept: &mut Swept) -> Result<(), StoreError> {
    let due = all(
        tx.conn,
        "DELETE FROM blob WHERE id IN (SELECT id FROM blob WHERE expires <= ?1 LIMIT ?2)
         RETURNING id, tenant, received",
        (tx.now.0, size(ROWS)),
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    swept.more |= due.len() == ROWS;
    tx.count(Milestone::BlobExpired, due.len());
    for (id, tenant, bytes) in due {
        tx.discharge(TenantKey(tenant), bytes)?;
        swept.blobs.push(BlobKey(id));
    }
    Ok(())
}

/// Deletes what removed organisations kept, and at last themselves.
fn removed_tenants(tx: &mut Tx<'_>, swept: &mut Swept) -> Result<(), StoreError> {
    let removed = all(
        tx.conn,
        "SELECT id FROM tenant WHERE removed = 1",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    for tenant in removed {
        let mut left = 0;
        for sql in [
            "DELETE FROM entry WHERE (mailbox, seq) IN (SELECT e.mailbox, e.seq FROM entry e
                JOIN mailbox m ON m.id = e.mailbox WHERE m.tenant = ?1 LIMIT ?2)",
            "DELETE FROM recent_commit WHERE (slot, epoch) IN (SELECT c.slot, c.epoch FROM recent_commit c
                JOIN slot s ON s.id = c.slot WHERE s.tenant = ?1 LIMIT ?2)",
            "DELETE FROM seal WHERE (mailbox, position, place) IN (SELECT s.mailbox, s.position, s.place FROM seal s
                JOIN mailbox m ON m.id = s.mailbox WHERE m.tenant = ?1 LIMIT ?2)",
            "DELETE FROM payload WHERE id IN (SELECT id FROM payload WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM receipt WHERE (tenant, handle) IN
                (SELECT tenant, handle FROM receipt WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM answered WHERE (tenant, intent) IN
                (SELECT tenant, intent FROM answered WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM key_package WHERE id IN (SELECT id FROM key_package WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM roster WHERE (tenant, position) IN
                (SELECT tenant, position FROM roster WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM invitation WHERE id IN (SELECT id FROM invitation WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM certificate WHERE (channel, place) IN (SELECT x.channel, x.place FROM certificate x
                JOIN channel c ON c.id = x.channel WHERE c.tenant = ?1 LIMIT ?2)",
            "DELETE FROM slot WHERE id IN (SELECT id FROM slot WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM alias WHERE id IN (SELECT id FROM alias WHERE tenant = ?1 LIMIT ?2)",
            "DELETE FROM old_bearer WHERE tenant = ?1 AND ?2 > 0",
            "DELETE FROM attestation WHERE tenant = ?1 AND ?2 > 0",
        ] {
            left += tx.execute(sql, (tenant, size(ROWS)))?;
        }
        let blobs = all(
            tx.conn,
            "DELETE FROM blob WHERE id IN (SELECT id FROM blob WHERE tenant = ?1 LIMIT ?2) RETURNING id",
            (tenant, size(ROWS)),
            |row| row.get(0).map(BlobKey),
        )?;
        left += blobs.len();
        swept.blobs.extend(blobs);
        if left == 0 {
            tx.execute("DELETE FROM channel WHERE tenant = ?1", [tenant])?;
            tx.execute("DELETE FROM mailbox WHERE tenant = ?1", [tenant])?;
            tx.execute("DELETE FROM tenant WHERE id = ?1", [tenant])?;
        } else {
            swept.more = true;
        }
    }
    Ok(())
}

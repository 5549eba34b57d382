//! Receipts: where senders wait, what devices leave, and how waiting ends.

use sotto_wire::{ErrorCode, ReceiptHandle, Sealed, limits, live, receipt};

use super::tx::{Rx, Tx, after, all, authenticate, one, refuse, size};
use crate::store::{Milestone, Owner, StoreError, Submitter, TenantKey};

const WAITING: i64 = 1;
const DELIVERED: i64 = 2;
const EXPIRED: i64 = 3;
const REVOKED: i64 = 4;

/// A receipt may come a little after its entry's end: devices batch and jitter them. 10 minutes.
const GRACE_MS: i64 = 600_000;

/// Somebody waits under a fresh handle.
pub(super) fn wait(
    tx: &Tx<'_>,
    tenant: TenantKey,
    handle: &ReceiptHandle,
    mailbox: i64,
    expires: i64,
) -> Result<(), StoreError> {
    let inserted = tx.execute(
        "INSERT INTO receipt (tenant, handle, mailbox, state, body, due) VALUES (?1, ?2, ?3, ?4, NULL, ?5)
         ON CONFLICT DO NOTHING",
        (
            tenant.0,
            handle.as_bytes(),
            mailbox,
            WAITING,
            expires.saturating_add(GRACE_MS),
        ),
    )?;
    if inserted == 1 {
        Ok(())
    } else {
        refuse(ErrorCode::AlreadyExists)
    }
}

/// Takes what a device leaves, where somebody still waits for it.
pub(super) fn leave(
    tx: &mut Tx<'_>,
    owner: Owner,
    receipts: &[live::LeftReceipt],
) -> Result<(), StoreError> {
    let mut taken = 0;
    for left in receipts {
        let changed = tx.execute(
            "UPDATE receipt SET state = ?4, body = ?5, mailbox = NULL, due = ?6
             WHERE tenant = ?1 AND handle = ?2 AND mailbox = ?3",
            (
                owner.tenant.0,
                left.handle.as_bytes(),
                owner.mailbox.0,
                DELIVERED,
                left.receipt.as_bytes(),
                after(tx.now, limits::RECEIPT_KEEP_S),
            ),
        )?;
        if changed == 1 {
            tx.charge(owner.tenant, size(left.receipt.len()))?;
            taken += 1;
        }
    }
    tx.count(Milestone::ReceiptLeft, taken);
    Ok(())
}

/// Answers the states asked for, after forgetting those the sender has written down.
pub(super) fn collect(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &receipt::Collect,
) -> Result<receipt::Collected, StoreError> {
    let tenant = tx.authenticate(who)?;
    for handle in &request.done {
        forget(tx, tenant.0, handle.as_bytes())?;
    }
    states(tx.conn, tenant, &request.handles)
}

/// Answers the states asked for.
pub(super) fn look(
    rx: &Rx<'_>,
    who: &Submitter,
    request: &receipt::Collect,
) -> Result<receipt::Collected, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    states(rx.conn, tenant, &request.handles)
}

fn states(
    conn: &rusqlite::Connection,
    tenant: TenantKey,
    handles: &[ReceiptHandle],
) -> Result<receipt::Collected, StoreError> {
    let mut receipts = Vec::with_capacity(handles.len());
    for handle in handles {
        let found = one(
            conn,
            "SELECT state, body FROM receipt WHERE tenant = ?1 AND handle = ?2",
            (tenant.0, handle.as_bytes()),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)),
        )?;
        let state = match found {
            Some((WAITING, _)) => receipt::ReceiptState::Waiting,
            Some((DELIVERED, Some(body))) => receipt::ReceiptState::Delivered(Sealed::new(body)),
            Some((EXPIRED, _)) => receipt::ReceiptState::Expired,
            Some((REVOKED, _)) => receipt::ReceiptState::Revoked,
            _ => receipt::ReceiptState::Unknown,
        };
        receipts.push(receipt::CollectedReceipt {
            handle: *handle,
            state,
        });
    }
    Ok(receipt::Collected { receipts })
}

/// Forgets one that has ended.
fn forget(tx: &Tx<'_>, tenant: i64, handle: &[u8; 16]) -> Result<bool, StoreError> {
    let body = one(
        tx.conn,
        "DELETE FROM receipt WHERE tenant = ?1 AND handle = ?2 AND mailbox IS NULL RETURNING length(body)",
        (tenant, handle),
        |row| row.get::<_, Option<i64>>(0),
    )?;
    let Some(bytes) = body else { return Ok(false) };
    tx.execute(
        "UPDATE tenant SET receipts = receipts - 1, bytes = bytes - ?2 WHERE id = ?1",
        (tenant, bytes.unwrap_or(0)),
    )?;
    Ok(true)
}

/// The entry ended unread: its sender is told now.
pub(super) fn expire(tx: &mut Tx<'_>, tenant: i64, handle: &[u8; 16]) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE receipt SET state = ?3, mailbox = NULL, due = ?4
         WHERE tenant = ?1 AND handle = ?2 AND mailbox IS NOT NULL",
        (
            tenant,
            handle,
            EXPIRED,
            after(tx.now, limits::RECEIPT_KEEP_S),
        ),
    )?;
    tx.count(Milestone::ReceiptExpired, changed);
    Ok(())
}

/// The mailbox was closed: whoever waits for it is told.
pub(super) fn revoke(tx: &mut Tx<'_>, mailbox: i64) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE receipt SET state = ?2, mailbox = NULL, due = ?3 WHERE mailbox = ?1",
        (mailbox, REVOKED, after(tx.now, limits::RECEIPT_KEEP_S)),
    )?;
    tx.count(Milestone::ReceiptRevoked, changed);
    Ok(())
}

/// Ends waiting whose time is over, and forgets ends that nobody collected in time. How many rows were due.
pub(super) fn sweep(tx: &mut Tx<'_>, rows: usize) -> Result<usize, StoreError> {
    let due = all(
        tx.conn,
        "SELECT tenant, handle, state FROM receipt WHERE due <= ?1 ORDER BY due LIMIT ?2",
        (tx.now.0, size(rows)),
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, [u8; 16]>(1)?,
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    let mut forgotten = 0;
    for (tenant, handle, state) in &due {
        if *state == WAITING {
            expire(tx, *tenant, handle)?;
        } else {
            forgotten += usize::from(forget(tx, *tenant, handle)?);
        }
    }
    tx.count(Milestone::ReceiptForgotten, forgotten);
    Ok(due.len())
}

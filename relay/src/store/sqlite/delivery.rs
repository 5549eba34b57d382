//! Payloads and entries: one body, one small row for each addressee, and the ways a row ends.

use std::collections::BTreeSet;

use sotto_wire::{Alias, EntrySeq, LimitKind, ReceiptHandle, RelayTime, Sealed, live, submit};

use super::tx::{Rx, Tx, after, all, check_open, one, signed, size, unsigned};
use super::{answered, mailbox, receipt};
use crate::store::{Accepted, MailboxKey, Milestone, Owner, StoreError, Submitter, TenantKey};

pub(super) fn submit(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &sotto_wire::Digest,
    submit: &submit::Submit,
) -> Result<Accepted, StoreError> {
    let tenant = tx.authenticate(who)?;
    if let Some(answer) = answered::find(tx, tenant, &submit.idempotency, request)? {
        return answered::read_accepted(&answer);
    }
    let mut refused = Vec::new();
    let post = Post {
        class: submit.class,
        ttl_s: submit.ttl_s,
        first_index: 0,
        kept: 0,
    };
    deliver(
        tx,
        tenant,
        &submit.payload,
        &submit.deliveries,
        post,
        &mut refused,
    )?;
    let accepted = Accepted {
        time: tx.now,
        refused,
    };
    answered::keep(
        tx,
        tenant,
        &submit.idempotency,
        request,
        &answered::write_accepted(&accepted),
    )?;
    Ok(accepted)
}

/// How one payload is delivered.
pub(super) struct Post {
    pub(super) class: submit::Class,
    pub(super) ttl_s: u32,
    /// Where its deliveries begin in the list of the whole request.
    pub(super) first_index: usize,
    /// References that are not entries: 1 for a commit that the slot keeps.
    pub(super) kept: i64,
}

/// Stores a payload for its addressees; adds those it refuses. The payload's id, if anything needs it.
pub(super) fn deliver(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    payload: &Sealed,
    deliveries: &[submit::Delivery],
    post: Post,
    refused: &mut Vec<submit::Refused>,
) -> Result<Option<i64>, StoreError> {
    let bytes = size(payload.len());
    tx.execute(
        "INSERT INTO payload (tenant, refs, size, body) VALUES (?1, ?2, ?3, ?4)",
        (tenant.0, post.kept, bytes, payload.as_bytes()),
    )?;
    let id = tx.conn.last_insert_rowid();
    let mut queued = 0;
    let mut receipts = 0;
    let before = refused.len();
    for (index, delivery) in deliveries.iter().enumerate() {
        match queue(tx, tenant, id, bytes, delivery, &post)? {
            Ok(mailbox) => {
                queued += 1;
                receipts += usize::from(delivery.receipt.is_some());
                tx.arrived(mailbox);
            }
            Err(reason) => {
                let index = u16::try_from(post.first_index + index).unwrap_or(u16::MAX);
                refused.push(submit::Refused { index, reason });
            }
        }
    }
    tx.count(Milestone::EntryQueued, queued);
    tx.count(Milestone::EntryRefused, refused.len() - before);
    if receipts > 0 {
        tx.count_in(
            tenant,
            "receipts",
            receipts,
            LimitKind::TenantReceipts,
            tx.quotas.tenant_receipts,
        )?;
    }
    let refs = post.kept + size(queued);
    if refs == 0 {
        tx.execute("DELETE FROM payload WHERE id = ?1", [id])?;
        return Ok(None);
    }
    tx.execute("UPDATE payload SET refs = ?2 WHERE id = ?1", (id, refs))?;
    tx.charge(tenant, bytes)?;
    tx.count(Milestone::PayloadStored, 1);
    Ok(Some(id))
}

struct Target {
    alias: i64,
    mailbox: i64,
    alias_entries: i64,
    alias_bytes: i64,
    entries: i64,
    bytes: i64,
    seq: i64,
    last_time: i64,
}

/// Queues one entry, or says why not.
fn queue(
    tx: &Tx<'_>,
    tenant: TenantKey,
    payload: i64,
    bytes: i64,
    delivery: &submit::Delivery,
    post: &Post,
) -> Result<Result<MailboxKey, submit::RefusedReason>, StoreError> {
    let target = one(
        tx.conn,
        "SELECT a.id, a.mailbox, a.entries, a.bytes, m.entries, m.bytes, m.next_seq, m.last_time
         FROM alias a JOIN mailbox m ON m.id = a.mailbox
         WHERE a.tenant = ?1 AND a.alias = ?2 AND a.dropped = 0 AND m.closed = 0",
        (tenant.0, delivery.alias.as_bytes()),
        |row| {
            Ok(Target {
                alias: row.get(0)?,
                mailbox: row.get(1)?,
                alias_entries: row.get(2)?,
                alias_bytes: row.get(3)?,
                entries: row.get(4)?,
                bytes: row.get(5)?,
                seq: row.get(6)?,
                last_time: row.get(7)?,
            })
        },
    )?;
    let Some(target) = target else {
        return Ok(Err(submit::RefusedReason::Unknown));
    };
    let quotas = tx.quotas;
    let full = target.alias_entries >= i64::from(quotas.alias_entries)
        || target.entries >= i64::from(quotas.mailbox_entries)
        || unsigned(target.alias_bytes + bytes) > quotas.alias_bytes
        || unsigned(target.bytes + bytes) > quotas.mailbox_bytes;
    if full {
        return Ok(Err(submit::RefusedReason::Full));
    }
    let accepted = tx.now.0.max(target.last_time);
    let expires = after(RelayTime(accepted), post.ttl_s);
    if let Some(handle) = &delivery.receipt {
        receipt::wait(tx, tenant, handle, target.mailbox, expires)?;
    }
    tx.execute(
        "INSERT INTO entry (mailbox, seq, alias, payload, size, receipt, accepted, expires, class)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            target.mailbox,
            target.seq,
            target.alias,
            payload,
            bytes,
            delivery.receipt.as_ref().map(ReceiptHandle::as_bytes),
            accepted,
            expires,
            write_class(post.class),
        ),
    )?;
    tx.execute(
        "UPDATE alias SET entries = entries + 1, bytes = bytes + ?2 WHERE id = ?1",
        (target.alias, bytes),
    )?;
    tx.execute(
        "UPDATE mailbox SET entries = entries + 1, bytes = bytes + ?2, next_seq = next_seq + 1, last_time = ?3
         WHERE id = ?1",
        (target.mailbox, bytes, accepted),
    )?;
    Ok(Ok(MailboxKey(target.mailbox)))
}

pub(super) fn write_class(class: submit::Class) -> i64 {
    match class {
        submit::Class::Routine => 1,
        submit::Class::Urgent => 2,
    }
}

fn read_class(class: i64) -> submit::Class {
    if class == 2 {
        submit::Class::Urgent
    } else {
        submit::Class::Routine
    }
}

/// What waits in a mailbox, oldest first, without those already on their way.
pub(super) fn waiting(
    rx: &Rx<'_>,
    owner: Owner,
    skip: &BTreeSet<EntrySeq>,
    max_entries: usize,
    max_bytes: usize,
) -> Result<Vec<live::Entry>, StoreError> {
    check_open(rx.conn, owner)?;
    let mut statement = rx.conn.prepare_cached(
        "SELECT e.seq, e.receipt, e.accepted, e.class, e.size, a.alias, e.payload
         FROM entry e JOIN alias a ON a.id = e.alias
         WHERE e.mailbox = ?1 AND e.expires > ?2 ORDER BY e.seq",
    )?;
    let mut rows = statement.query((owner.mailbox.0, rx.now.0))?;
    let mut out = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let seq = EntrySeq(unsigned(row.get(0)?));
        if skip.contains(&seq) {
            continue;
        }
        bytes += usize::try_from(row.get::<_, i64>(4)?).unwrap_or(0);
        if !out.is_empty() && bytes > max_bytes {
            break;
        }
        let payload: i64 = row.get(6)?;
        let body = one(
            rx.conn,
            "SELECT body FROM payload WHERE id = ?1",
            [payload],
            |row| row.get::<_, Vec<u8>>(0),
        )?;
        let body = body.ok_or_else(|| StoreError::Failed {
            doing: "reading an entry",
            source: "its payload is missing".into(),
        })?;
        out.push(live::Entry {
            seq,
            alias: Alias::new(row.get(5)?),
            payload: Sealed::new(body),
            receipt: row.get::<_, Option<[u8; 16]>>(1)?.map(ReceiptHandle::new),
            accepted: RelayTime(row.get(2)?),
            class: read_class(row.get(3)?),
        });
        if out.len() >= max_entries {
            break;
        }
    }
    Ok(out)
}

/// Ends entries because their device has them, and takes the receipts it leaves.
pub(super) fn acknowledge(
    tx: &mut Tx<'_>,
    owner: Owner,
    ack: &live::Ack,
) -> Result<(), StoreError> {
    check_open(tx.conn, owner)?;
    let mut ended = 0;
    for seq in &ack.seqs {
        ended += usize::from(end_entry(tx, owner.mailbox.0, signed(seq.0))?.is_some());
    }
    tx.count(Milestone::EntryAcknowledged, ended);
    receipt::leave(tx, owner, &ack.receipts)
}

/// An entry that has ended.
pub(super) struct Ended {
    pub(super) tenant: i64,
    pub(super) receipt: Option<[u8; 16]>,
}

/// Deletes one entry and what only it needed.
pub(super) fn end_entry(tx: &Tx<'_>, mailbox: i64, seq: i64) -> Result<Option<Ended>, StoreError> {
    let entry = one(
        tx.conn,
        "DELETE FROM entry WHERE mailbox = ?1 AND seq = ?2 RETURNING alias, payload, size, receipt",
        (mailbox, seq),
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<[u8; 16]>>(3)?,
            ))
        },
    )?;
    let Some((alias, payload, bytes, receipt)) = entry else {
        return Ok(None);
    };
    tx.execute(
        "UPDATE mailbox SET entries = entries - 1, bytes = bytes - ?2 WHERE id = ?1",
        (mailbox, bytes),
    )?;
    tx.execute(
        "UPDATE alias SET entries = entries - 1, bytes = bytes - ?2 WHERE id = ?1",
        (alias, bytes),
    )?;
    mailbox::forget_if_empty(tx, alias)?;
    let tenant = release(tx, payload)?;
    Ok(Some(Ended { tenant, receipt }))
}

/// Takes one reference from a payload; the last one takes the body with it. Whose it was.
pub(super) fn release(tx: &Tx<'_>, payload: i64) -> Result<i64, StoreError> {
    let left = one(
        tx.conn,
        "UPDATE payload SET refs = refs - 1 WHERE id = ?1 RETURNING refs, size, tenant",
        [payload],
        |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    let Some((refs, bytes, tenant)) = left else {
        return Ok(0);
    };
    if refs <= 0 {
        tx.execute("DELETE FROM payload WHERE id = ?1", [payload])?;
        tx.discharge(TenantKey(tenant), bytes)?;
    }
    Ok(tenant)
}

/// Closes a mailbox: every entry ends, every receipt somebody waits for becomes `revoked`, every alias goes.
pub(super) fn close_mailbox(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    mailbox: i64,
) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE mailbox SET closed = 1 WHERE id = ?1 AND closed = 0",
        [mailbox],
    )?;
    if changed == 0 {
        return Ok(());
    }
    let seqs = all(
        tx.conn,
        "SELECT seq FROM entry WHERE mailbox = ?1",
        [mailbox],
        |row| row.get::<_, i64>(0),
    )?;
    for seq in &seqs {
        end_entry(tx, mailbox, *seq)?;
    }
    tx.count(Milestone::EntryRevoked, seqs.len());
    receipt::revoke(tx, mailbox)?;
    let aliases = all(
        tx.conn,
        "SELECT id FROM alias WHERE mailbox = ?1",
        [mailbox],
        |row| row.get::<_, i64>(0),
    )?;
    for alias in aliases {
        super::key_package::forget(tx, tenant, alias, false)?;
    }
    tx.execute("DELETE FROM seal WHERE mailbox = ?1", [mailbox])?;
    tx.execute(
        "UPDATE tenant SET mailboxes = mailboxes - 1 WHERE id = ?1",
        [tenant.0],
    )?;
    tx.events
        .push(crate::store::Event::Closed(MailboxKey(mailbox)));
    Ok(())
}

/// The mailbox behind an alias, closed or not.
pub(super) fn mailbox_behind(
    tx: &Tx<'_>,
    tenant: TenantKey,
    alias: &Alias,
) -> Result<Option<(i64, bool)>, StoreError> {
    let found = one(
        tx.conn,
        "SELECT m.id, m.closed FROM alias a JOIN mailbox m ON m.id = a.mailbox WHERE a.tenant = ?1 AND a.alias = ?2",
        (tenant.0, alias.as_bytes()),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found)
}

/// Puts a payload into one alias outside of any submission. That nobody is behind it, or that it is full, is no error:
/// whoever asked for it can look by itself.
pub(super) fn deliver_one(
    tx: &mut Tx<'_>,
    tenant: TenantKey,
    payload: &Sealed,
    alias: Alias,
    ttl_s: u32,
) -> Result<(), StoreError> {
    let mut refused = Vec::new();
    let post = Post {
        class: submit::Class::Urgent,
        ttl_s,
        first_index: 0,
        kept: 0,
    };
    deliver(
        tx,
        tenant,
        payload,
        &[submit::Delivery {
            alias,
            receipt: None,
        }],
        post,
        &mut refused,
    )?;
    Ok(())
}

//! Group slots: compare-and-set of epochs, with the commit, its welcomes and its GroupInfo in the same transaction.

use sotto_wire::{
    Detail, Digest, Epoch, ErrorCode, LimitKind, PublicKey, Sealed, SlotId, WireError, limits, slot,
};

use super::delivery::{self, Post};
use super::tx::{Rx, Tx, after, all, authenticate, one, refuse, signed, size, unsigned};
use super::{answered, tx};
use crate::store::{Accepted, Milestone, SlotKeys, StoreError, Submitter, TenantKey, VerifiedBy};

struct Row {
    id: i64,
    keys: SlotKeys,
    group_info_len: i64,
}

fn find(conn: &rusqlite::Connection, tenant: TenantKey, slot: &SlotId) -> Result<Row, StoreError> {
    let found = one(
        conn,
        "SELECT id, epoch, epoch_key, resync_key, length(group_info) FROM slot WHERE tenant = ?1 AND slot = ?2",
        (tenant.0, slot.as_bytes()),
        |row| {
            Ok(Row {
                id: row.get(0)?,
                keys: SlotKeys {
                    epoch: Epoch(unsigned(row.get(1)?)),
                    epoch_key: PublicKey::new(row.get(2)?),
                    resync_key: PublicKey::new(row.get(3)?),
                },
                group_info_len: row.get(4)?,
            })
        },
    )?;
    found.ok_or(StoreError::Refused(ErrorCode::NotFound.into()))
}

pub(super) fn create(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &Digest,
    create: &slot::Create,
) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    let known = one(
        tx.conn,
        "SELECT request FROM slot WHERE tenant = ?1 AND slot = ?2",
        (tenant.0, create.slot.as_bytes()),
        |row| row.get::<_, [u8; 32]>(0),
    )?;
    if let Some(earlier) = known {
        return if Digest::new(earlier) == *request {
            Ok(())
        } else {
            refuse(ErrorCode::AlreadyExists)
        };
    }
    tx.count_in(
        tenant,
        "slots",
        1,
        LimitKind::TenantSlots,
        tx.quotas.tenant_slots,
    )?;
    tx.charge(tenant, size(create.group_info.len()))?;
    tx.execute(
        "INSERT INTO slot (tenant, slot, request, epoch, epoch_key, resync_key, group_info)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            tenant.0,
            create.slot.as_bytes(),
            request.as_bytes(),
            signed(create.epoch.0),
            create.epoch_key.as_bytes(),
            create.resync_key.as_bytes(),
            create.group_info.as_bytes(),
        ),
    )?;
    Ok(())
}

pub(super) fn keys(rx: &Rx<'_>, who: &Submitter, slot: &SlotId) -> Result<SlotKeys, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    Ok(find(rx.conn, tenant, slot)?.keys)
}

pub(super) fn advance(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &Digest,
    body: &slot::AdvanceBody,
    verified: Option<VerifiedBy>,
) -> Result<Accepted, StoreError> {
    let tenant = tx.authenticate(who)?;
    if let Some(answer) = answered::find(tx, tenant, &body.idempotency, request)? {
        return answered::read_accepted(&answer);
    }
    let row = find(tx.conn, tenant, &body.slot)?;
    if row.keys.epoch != body.from_epoch {
        return refuse(WireError::detailed(
            ErrorCode::EpochConflict,
            Detail::Epoch(row.keys.epoch),
        ));
    }
    let right = match verified {
        Some(VerifiedBy::EpochKey(key)) => key == row.keys.epoch_key,
        Some(VerifiedBy::ResyncKey(key)) => key == row.keys.resync_key,
        None => false,
    };
    if !right {
        return refuse(ErrorCode::Unauthorized);
    }
    let mut refused = Vec::new();
    let mut index = 0;
    for (n, post) in body.posts.iter().enumerate() {
        let kept = i64::from(n == 0);
        let how = Post {
            class: body.class,
            ttl_s: body.ttl_s,
            first_index: index,
            kept,
        };
        let payload = delivery::deliver(
            tx,
            tenant,
            &post.payload,
            &post.deliveries,
            how,
            &mut refused,
        )?;
        index += post.deliveries.len();
        if let (0, Some(payload)) = (n, payload) {
            keep_commit(tx, row.id, body.from_epoch, payload)?;
        }
    }
    tx.charge(tenant, size(body.group_info.len()))?;
    tx.discharge(tenant, row.group_info_len)?;
    tx.execute(
        "UPDATE slot SET epoch = ?2, epoch_key = ?3, resync_key = ?4, group_info = ?5 WHERE id = ?1",
        (
            row.id,
            signed(body.from_epoch.0.saturating_add(1)),
            body.next_epoch_key.as_bytes(),
            body.next_resync_key.unwrap_or(row.keys.resync_key).as_bytes(),
            body.group_info.as_bytes(),
        ),
    )?;
    tx.count(Milestone::EpochOpened, 1);
    let accepted = Accepted {
        time: tx.now,
        refused,
    };
    answered::keep(
        tx,
        tenant,
        &body.idempotency,
        request,
        &answered::write_accepted(&accepted),
    )?;
    Ok(accepted)
}

fn keep_commit(tx: &Tx<'_>, slot: i64, epoch: Epoch, payload: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO recent_commit (slot, epoch, payload, expires) VALUES (?1, ?2, ?3, ?4)",
        (
            slot,
            signed(epoch.0),
            payload,
            after(tx.now, limits::COMMITS_KEPT_S),
        ),
    )?;
    let oldest = signed(epoch.0).saturating_sub(size(limits::COMMITS_KEPT));
    let gone = all(
        tx.conn,
        "DELETE FROM recent_commit WHERE slot = ?1 AND epoch <= ?2 RETURNING payload",
        (slot, oldest),
        |row| row.get::<_, i64>(0),
    )?;
    for payload in gone {
        delivery::release(tx, payload)?;
    }
    Ok(())
}

pub(super) fn read(
    rx: &Rx<'_>,
    who: &Submitter,
    request: &slot::Read,
    resync_key: &PublicKey,
) -> Result<slot::Slot, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    // One read transaction, so that epoch, GroupInfo and commits belong together.
    let snapshot = rx.conn.unchecked_transaction()?;
    let row = find(&snapshot, tenant, &request.slot)?;
    if row.keys.resync_key != *resync_key {
        return refuse(ErrorCode::Unauthorized);
    }
    let group_info = if request.group_info {
        one(
            &snapshot,
            "SELECT group_info FROM slot WHERE id = ?1",
            [row.id],
            |row| row.get::<_, Vec<u8>>(0),
        )?
    } else {
        None
    };
    let mut statement = snapshot.prepare_cached(
        "SELECT c.epoch, p.body FROM recent_commit c JOIN payload p ON p.id = c.payload
         WHERE c.slot = ?1 AND c.epoch >= ?2 AND c.expires > ?3 ORDER BY c.epoch",
    )?;
    let mut rows = statement.query((row.id, signed(request.since.0), rx.now.0))?;
    let mut commits = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        bytes += body.len();
        if !commits.is_empty() && bytes > limits::SLOT_READ_BYTES {
            break;
        }
        commits.push(slot::RecentCommit {
            epoch: Epoch(tx::unsigned(row.get(0)?)),
            payload: Sealed::new(body),
        });
    }
    Ok(slot::Slot {
        epoch: row.keys.epoch,
        group_info: group_info.map(Sealed::new),
        commits,
    })
}

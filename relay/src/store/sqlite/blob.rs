//! What is known of blobs. Their bytes are files.

use sotto_wire::{BlobId, Detail, ErrorCode, LimitKind, RelayTime, WireError, blob};

use super::tx::{Rx, Tx, after, authenticate, check_open, one, refuse, signed, unsigned};
use crate::store::{BlobKey, FoundBlob, Milestone, Owner, StoreError, Submitter, TenantKey};

fn find(
    conn: &rusqlite::Connection,
    tenant: TenantKey,
    blob: &BlobId,
) -> Result<Option<FoundBlob>, rusqlite::Error> {
    one(
        conn,
        "SELECT b.id, b.size, b.received, b.expires, t.bytes FROM blob b JOIN tenant t ON t.id = b.tenant
         WHERE b.tenant = ?1 AND b.blob = ?2",
        (tenant.0, blob.as_bytes()),
        |row| {
            let status = blob::Status {
                size: unsigned(row.get(1)?),
                received: unsigned(row.get(2)?),
                expires: RelayTime(row.get(3)?),
            };
            Ok(FoundBlob {
                key: BlobKey(row.get(0)?),
                status,
                used: unsigned(row.get(4)?),
            })
        },
    )
}

fn live(found: Option<FoundBlob>, now: RelayTime) -> Result<FoundBlob, StoreError> {
    match found {
        None => refuse(ErrorCode::NotFound),
        Some(found) if found.status.expires <= now => refuse(ErrorCode::Expired),
        Some(found) => Ok(found),
    }
}

pub(super) fn create(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &blob::Create,
) -> Result<blob::Status, StoreError> {
    let tenant = tx.authenticate(who)?;
    if let Some(known) = find(tx.conn, tenant, &request.blob)? {
        let same = known.status.size == request.size;
        return if same {
            Ok(live(Some(known), tx.now)?.status)
        } else {
            refuse(ErrorCode::AlreadyExists)
        };
    }
    let open = one(
        tx.conn,
        "SELECT count(*) FROM blob WHERE tenant = ?1",
        [tenant.0],
        |row| row.get(0),
    )?;
    let max = u64::from(tx.quotas.tenant_blobs);
    if unsigned(open.unwrap_or(0)) >= max {
        return refuse(WireError::quota(
            LimitKind::TenantBlobs,
            max,
            super::tx::QUOTA_RETRY_MS,
        ));
    }
    // Nothing is billed yet: an announcement costs nobody anything, and so fills no quota.
    let expires = after(tx.now, request.ttl_s);
    tx.execute(
        "INSERT INTO blob (tenant, blob, size, received, expires) VALUES (?1, ?2, ?3, 0, ?4)",
        (
            tenant.0,
            request.blob.as_bytes(),
            signed(request.size),
            expires,
        ),
    )?;
    Ok(blob::Status {
        size: request.size,
        received: 0,
        expires: RelayTime(expires),
    })
}

pub(super) fn find_for_submitter(
    rx: &Rx<'_>,
    who: &Submitter,
    blob: &BlobId,
) -> Result<FoundBlob, StoreError> {
    let tenant = authenticate(rx.conn, who)?;
    live(find(rx.conn, tenant, blob)?, rx.now)
}

pub(super) fn find_for_owner(
    rx: &Rx<'_>,
    owner: Owner,
    blob: &BlobId,
) -> Result<FoundBlob, StoreError> {
    check_open(rx.conn, owner)?;
    live(find(rx.conn, owner.tenant, blob)?, rx.now)
}

/// Moves the mark of what is durably there, by compare-and-set.
pub(super) fn received(
    tx: &mut Tx<'_>,
    who: &Submitter,
    blob: BlobKey,
    from: u64,
    to: u64,
) -> Result<blob::Status, StoreError> {
    let tenant = tx.authenticate(who)?;
    let row = one(
        tx.conn,
        "SELECT size, received, expires FROM blob WHERE id = ?1 AND tenant = ?2",
        (blob.0, tenant.0),
        |row| {
            Ok((
                unsigned(row.get(0)?),
                unsigned(row.get(1)?),
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    let Some((size, received, expires)) = row else {
        return refuse(ErrorCode::NotFound);
    };
    if received != from {
        return refuse(WireError::detailed(
            ErrorCode::PositionConflict,
            Detail::Offset(received),
        ));
    }
    if to > size {
        return refuse(WireError::too_large(LimitKind::Blob, size));
    }
    tx.charge(tenant, signed(to.saturating_sub(from)))?;
    tx.execute(
        "UPDATE blob SET received = ?2 WHERE id = ?1",
        (blob.0, signed(to)),
    )?;
    if to == size {
        tx.count(Milestone::BlobCompleted, 1);
    }
    Ok(blob::Status {
        size,
        received: to,
        expires: RelayTime(expires),
    })
}

//! Mailboxes, their session generation, and their aliases.

use sotto_wire::{
    Alias, ErrorCode, Generation, LimitKind, MailboxId, PublicKey, TenantId, WireError, mailbox,
};

use super::tx::{QUOTA_RETRY_MS, Rx, Tx, check_open, one, refuse, size, unsigned};
use crate::store::{FoundMailbox, MailboxKey, Owner, StoreError, Submitter, TenantKey};

pub(super) fn open(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &mailbox::Open,
) -> Result<(), StoreError> {
    let tenant = tx.authenticate(who)?;
    let known = one(
        tx.conn,
        "SELECT key, closed FROM mailbox WHERE tenant = ?1 AND mailbox = ?2",
        (tenant.0, request.mailbox.as_bytes()),
        |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, bool>(1)?)),
    )?;
    match known {
        Some((key, _)) if PublicKey::new(key) != request.key => {
            return refuse(ErrorCode::AlreadyExists);
        }
        Some((_, true)) => return refuse(ErrorCode::MailboxClosed),
        Some((_, false)) => return Ok(()),
        None => {}
    }
    tx.count_in(
        tenant,
        "mailboxes",
        1,
        LimitKind::TenantMailboxes,
        tx.quotas.tenant_mailboxes,
    )?;
    tx.execute(
        "INSERT INTO mailbox (tenant, mailbox, key, generation, next_seq, last_time, entries, bytes, aliases, closed)
         VALUES (?1, ?2, ?3, ?4, 1, 0, 0, 0, 0, 0)",
        (
            tenant.0,
            request.mailbox.as_bytes(),
            request.key.as_bytes(),
            request.generation.as_bytes(),
        ),
    )?;
    Ok(())
}

pub(super) fn find(
    rx: &Rx<'_>,
    tenant: &TenantId,
    mailbox: &MailboxId,
) -> Result<Option<FoundMailbox>, StoreError> {
    let found = one(
        rx.conn,
        "SELECT t.id, m.id, m.key, m.closed FROM tenant t JOIN mailbox m ON m.tenant = t.id
         WHERE t.tenant = ?1 AND t.removed = 0 AND m.mailbox = ?2",
        (tenant.as_bytes(), mailbox.as_bytes()),
        |row| {
            Ok(FoundMailbox {
                owner: Owner {
                    tenant: TenantKey(row.get(0)?),
                    mailbox: MailboxKey(row.get(1)?),
                },
                key: PublicKey::new(row.get(2)?),
                closed: row.get(3)?,
            })
        },
    )?;
    Ok(found)
}

/// Compare and set. Already being `next` is a success: the answer to an earlier try was lost.
pub(super) fn set_generation(
    tx: &mut Tx<'_>,
    owner: Owner,
    expect: &Generation,
    next: &Generation,
) -> Result<(), StoreError> {
    check_open(tx.conn, owner)?;
    let changed = tx.execute(
        "UPDATE mailbox SET generation = ?3 WHERE id = ?1 AND generation IN (?2, ?3)",
        (owner.mailbox.0, expect.as_bytes(), next.as_bytes()),
    )?;
    if changed == 1 {
        Ok(())
    } else {
        refuse(ErrorCode::GenerationConflict)
    }
}

pub(super) fn create_aliases(
    tx: &mut Tx<'_>,
    owner: Owner,
    aliases: &[Alias],
) -> Result<(), StoreError> {
    check_open(tx.conn, owner)?;
    let mut added = 0;
    for alias in aliases {
        let known = one(
            tx.conn,
            "SELECT mailbox, dropped FROM alias WHERE tenant = ?1 AND alias = ?2",
            (owner.tenant.0, alias.as_bytes()),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)),
        )?;
        match known {
            Some((mailbox, _)) if mailbox != owner.mailbox.0 => {
                return refuse(ErrorCode::AlreadyExists);
            }
            Some((_, false)) => {}
            Some((_, true)) => {
                tx.execute(
                    "UPDATE alias SET dropped = 0 WHERE tenant = ?1 AND alias = ?2",
                    (owner.tenant.0, alias.as_bytes()),
                )?;
                added += 1;
            }
            None => {
                tx.execute(
                    "INSERT INTO alias (tenant, alias, mailbox, entries, bytes, dropped) VALUES (?1, ?2, ?3, 0, 0, 0)",
                    (owner.tenant.0, alias.as_bytes(), owner.mailbox.0),
                )?;
                added += 1;
            }
        }
    }
    let max = u64::from(tx.quotas.mailbox_aliases);
    let total: i64 = tx
        .conn
        .prepare_cached(
            "UPDATE mailbox SET aliases = aliases + ?2 WHERE id = ?1 RETURNING aliases",
        )?
        .query_row((owner.mailbox.0, size(added)), |row| row.get(0))?;
    if unsigned(total) > max {
        return refuse(WireError::quota(
            LimitKind::MailboxAliases,
            max,
            QUOTA_RETRY_MS,
        ));
    }
    Ok(())
}

/// What waits behind a dropped alias stays; the row goes with its last entry.
pub(super) fn drop_aliases(
    tx: &mut Tx<'_>,
    owner: Owner,
    aliases: &[Alias],
) -> Result<(), StoreError> {
    check_open(tx.conn, owner)?;
    let mut dropped = 0;
    for alias in aliases {
        let id = one(
            tx.conn,
            "UPDATE alias SET dropped = 1 WHERE tenant = ?1 AND alias = ?2 AND mailbox = ?3 AND dropped = 0
             RETURNING id",
            (owner.tenant.0, alias.as_bytes(), owner.mailbox.0),
            |row| row.get::<_, i64>(0),
        )?;
        if let Some(id) = id {
            dropped += 1;
            super::key_package::forget(tx, owner.tenant, id, false)?;
            forget_if_empty(tx, id)?;
        }
    }
    tx.execute(
        "UPDATE mailbox SET aliases = aliases - ?2 WHERE id = ?1",
        (owner.mailbox.0, size(dropped)),
    )?;
    Ok(())
}

/// Deletes a dropped alias behind which nothing waits.
pub(super) fn forget_if_empty(tx: &Tx<'_>, alias: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM alias WHERE id = ?1 AND dropped = 1 AND entries <= 0",
        [alias],
    )?;
    Ok(())
}

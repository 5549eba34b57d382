//! Key packages: one-time ones are given out once and deleted with it, the last-resort one stays.

use sotto_wire::{ErrorCode, LimitKind, Sealed, WireError, key_package, limits};

use super::tx::{QUOTA_RETRY_MS, Tx, after, all, check_open, one, refuse, size, unsigned};
use crate::store::{Milestone, Owner, StoreError, Submitter, TenantKey};

pub(super) fn publish(
    tx: &mut Tx<'_>,
    owner: Owner,
    request: &key_package::Publish,
) -> Result<u32, StoreError> {
    check_open(tx.conn, owner)?;
    let alias = one(
        tx.conn,
        "SELECT id FROM alias WHERE tenant = ?1 AND alias = ?2 AND mailbox = ?3 AND dropped = 0",
        (owner.tenant.0, request.alias.as_bytes(), owner.mailbox.0),
        |row| row.get::<_, i64>(0),
    )?;
    let Some(alias) = alias else {
        return refuse(ErrorCode::NotFound);
    };
    if request.replace {
        forget(tx, owner.tenant, alias, false)?;
    } else if request.last_resort.is_some() {
        forget(tx, owner.tenant, alias, true)?;
    }
    for package in &request.one_time {
        insert(tx, owner.tenant, alias, false, package)?;
    }
    if let Some(package) = &request.last_resort {
        insert(tx, owner.tenant, alias, true, package)?;
    }
    let remaining = one(
        tx.conn,
        "SELECT count(*) FROM key_package WHERE alias = ?1 AND last_resort = 0 AND expires > ?2",
        (alias, tx.now.0),
        |row| row.get::<_, i64>(0),
    )?;
    let remaining = unsigned(remaining.unwrap_or(0));
    let max = limits::KEY_PACKAGES_PER_ALIAS as u64;
    if remaining > max {
        return refuse(WireError::quota(
            LimitKind::KeyPackages,
            max,
            QUOTA_RETRY_MS,
        ));
    }
    Ok(u32::try_from(remaining).unwrap_or(u32::MAX))
}

fn insert(
    tx: &Tx<'_>,
    tenant: TenantKey,
    alias: i64,
    last_resort: bool,
    package: &Sealed,
) -> Result<(), StoreError> {
    let bytes = size(package.len());
    tx.charge(tenant, bytes)?;
    tx.execute(
        "INSERT INTO key_package (tenant, alias, last_resort, size, body, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            tenant.0,
            alias,
            last_resort,
            bytes,
            package.as_bytes(),
            after(tx.now, limits::KEY_PACKAGE_KEEP_S),
        ),
    )?;
    Ok(())
}

/// Forgets the key packages of an alias: all, or the last-resort one.
pub(super) fn forget(
    tx: &Tx<'_>,
    tenant: TenantKey,
    alias: i64,
    only_last_resort: bool,
) -> Result<(), StoreError> {
    let gone = all(
        tx.conn,
        "DELETE FROM key_package WHERE alias = ?1 AND last_resort >= ?2 RETURNING size",
        (alias, only_last_resort),
        |row| row.get::<_, i64>(0),
    )?;
    tx.discharge(tenant, gone.iter().sum())?;
    Ok(())
}

pub(super) fn claim(
    tx: &mut Tx<'_>,
    who: &Submitter,
    request: &key_package::Claim,
    last_resort_only: &[bool],
) -> Result<key_package::Claimed, StoreError> {
    let tenant = tx.authenticate(who)?;
    let mut packages = Vec::with_capacity(request.aliases.len());
    for (index, alias) in request.aliases.iter().enumerate() {
        let only_last = last_resort_only.get(index).copied().unwrap_or(true);
        let found = one(
            tx.conn,
            "SELECT k.id, k.last_resort, k.size, k.body FROM alias a
             JOIN mailbox m ON m.id = a.mailbox AND m.closed = 0
             JOIN key_package k ON k.alias = a.id
             WHERE a.tenant = ?1 AND a.alias = ?2 AND a.dropped = 0 AND k.expires > ?3 AND k.last_resort >= ?4
             ORDER BY k.last_resort, k.id LIMIT 1",
            (tenant.0, alias.as_bytes(), tx.now.0, only_last),
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, bool>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                ))
            },
        )?;
        let claimed = match found {
            None => key_package::ClaimedPackage {
                alias: *alias,
                key_package: None,
                last_resort: false,
            },
            Some((id, last_resort, bytes, body)) => {
                if last_resort {
                    tx.count(Milestone::LastResortClaimed, 1);
                } else {
                    tx.execute("DELETE FROM key_package WHERE id = ?1", [id])?;
                    tx.discharge(tenant, bytes)?;
                    tx.count(Milestone::KeyPackageClaimed, 1);
                }
                key_package::ClaimedPackage {
                    alias: *alias,
                    key_package: Some(Sealed::new(body)),
                    last_resort,
                }
            }
        };
        packages.push(claimed);
    }
    Ok(key_package::Claimed { packages })
}

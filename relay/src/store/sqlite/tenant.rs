//! Organisations and the operator's registration tokens.

use rusqlite::Connection;
use sotto_wire::{Digest, ErrorCode, encode, tenant};

use super::tx::{Tx, one, refuse};
use crate::crypto::sha256;
use crate::store::StoreError;

/// Registers an organisation with a token. The same values again are no error, with or without the token's use.
pub(super) fn register(
    tx: &mut Tx<'_>,
    request: &tenant::Register,
    token: Digest,
) -> Result<(), StoreError> {
    let same = sha256(&encode(request));
    let known = one(
        tx.conn,
        "SELECT request, removed FROM tenant WHERE tenant = ?1",
        [request.tenant.as_bytes()],
        |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, bool>(1)?)),
    )?;
    if let Some((earlier, removed)) = known {
        let repeated = Digest::new(earlier) == same && !removed;
        return if repeated {
            Ok(())
        } else {
            refuse(ErrorCode::AlreadyExists)
        };
    }
    let unused = one(
        tx.conn,
        "SELECT tenant FROM registration WHERE token_hash = ?1",
        [token.as_bytes()],
        |row| Ok(row.get::<_, Option<i64>>(0)?.is_none()),
    )?;
    if unused != Some(true) {
        return refuse(ErrorCode::Unauthorized);
    }
    tx.execute(
        "INSERT INTO tenant (tenant, request, bearer_hash, admin_hash, roster_end, bytes, mailboxes, slots, receipts,
            created, removed) VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, ?5, 0)",
        (
            request.tenant.as_bytes(),
            same.as_bytes(),
            request.bearer_hash.as_bytes(),
            request.admin_capability_hash.as_bytes(),
            tx.now.0,
        ),
    )?;
    let key = tx.conn.last_insert_rowid();
    tx.execute(
        "UPDATE registration SET tenant = ?2 WHERE token_hash = ?1",
        (token.as_bytes(), key),
    )?;
    Ok(())
}

/// Adds a registration token of the operator.
pub(crate) fn add_token(
    conn: &Connection,
    token: &Digest,
    now: i64,
) -> Result<(), rusqlite::Error> {
    conn.execute(
        "INSERT INTO registration (token_hash, created, tenant) VALUES (?1, ?2, NULL)",
        (token.as_bytes(), now),
    )
    .map(drop)
}

/// An organisation as an operator sees it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) tenant: [u8; 16],
    pub(crate) created: i64,
    pub(crate) mailboxes: i64,
    pub(crate) roster: i64,
    pub(crate) bytes: i64,
}

/// All organisations, and how many tokens are unused.
pub(crate) fn list(conn: &Connection) -> Result<(Vec<Listed>, i64), rusqlite::Error> {
    let mut statement = conn.prepare(
        "SELECT tenant, created, mailboxes, roster_end, bytes FROM tenant WHERE removed = 0 ORDER BY created, id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Listed {
            tenant: row.get(0)?,
            created: row.get(1)?,
            mailboxes: row.get(2)?,
            roster: row.get(3)?,
            bytes: row.get(4)?,
        })
    })?;
    let tenants = rows.collect::<Result<_, _>>()?;
    let unused = conn.query_row(
        "SELECT count(*) FROM registration WHERE tenant IS NULL",
        [],
        |row| row.get(0),
    )?;
    Ok((tenants, unused))
}

/// Marks an organisation as removed: from now on nobody is let in, and the sweeper deletes what it kept. Whether there
/// was one.
pub(crate) fn remove(conn: &Connection, tenant: &[u8; 16]) -> Result<bool, rusqlite::Error> {
    Ok(conn.execute(
        "UPDATE tenant SET removed = 1 WHERE tenant = ?1 AND removed = 0",
        [tenant],
    )? > 0)
}

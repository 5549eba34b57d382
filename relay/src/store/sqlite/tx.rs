//! What an operation sees while it runs: the connection inside the transaction, the time of the batch, the operator's
//! quotas, and the events it will cause.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};
use sotto_wire::{Digest, ErrorCode, LimitKind, RelayTime, TenantId, WireError};

use super::writer::is_full;
use crate::store::{Event, MailboxKey, Milestone, Owner, Quotas, StoreError, Submitter, TenantKey};

/// How soon a used-up quota is worth another try.
pub(super) const QUOTA_RETRY_MS: u32 = 60_000;

/// Inside a write transaction.
pub(super) struct Tx<'a> {
    pub(super) conn: &'a Connection,
    pub(super) now: RelayTime,
    pub(super) quotas: &'a Quotas,
    pub(super) events: &'a mut Vec<Event>,
}

/// Inside a read.
pub(super) struct Rx<'a> {
    pub(super) conn: &'a Connection,
    pub(super) now: RelayTime,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if is_full(&error) {
            return Self::Full;
        }
        Self::Failed {
            doing: "running a statement",
            source: Box::new(error),
        }
    }
}

/// A refusal as a result.
pub(super) fn refuse<T>(error: impl Into<WireError>) -> Result<T, StoreError> {
    Err(StoreError::Refused(error.into()))
}

/// A number that was stored from an unsigned one.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A number to store. What is too large for the engine is larger than anything that exists.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A length to store.
pub(super) fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Milliseconds after a time.
pub(super) fn after(now: RelayTime, seconds: u32) -> i64 {
    now.0.saturating_add(i64::from(seconds) * 1_000)
}

/// Runs a statement; how many rows it changed.
pub(super) fn execute(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<usize, rusqlite::Error> {
    conn.prepare_cached(sql)?.execute(params)
}

/// The row of a query, if there is one.
pub(super) fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Option<T>, rusqlite::Error> {
    conn.prepare_cached(sql)?.query_row(params, map).optional()
}

/// All rows of a query.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, rusqlite::Error> {
    let mut statement: CachedStatement<'_> = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params, map)?;
    rows.collect()
}

/// The organisation, if the bearer is its current one.
pub(super) fn authenticate(conn: &Connection, who: &Submitter) -> Result<TenantKey, StoreError> {
    let found = one(
        conn,
        "SELECT id, bearer_hash FROM tenant WHERE tenant = ?1 AND removed = 0",
        [who.tenant.as_bytes()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)),
    )?;
    match found {
        Some((key, hash)) if Digest::new(hash) == who.bearer => Ok(TenantKey(key)),
        _ => refuse(ErrorCode::Unauthorized),
    }
}

/// The organisation, if the bearer is its current one or an earlier one.
pub(super) fn authenticate_reader(
    conn: &Connection,
    who: &Submitter,
) -> Result<TenantKey, StoreError> {
    if let Ok(tenant) = authenticate(conn, who) {
        return Ok(tenant);
    }
    let found = one(
        conn,
        "SELECT t.id FROM tenant t JOIN old_bearer o ON o.tenant = t.id
         WHERE t.tenant = ?1 AND t.removed = 0 AND o.bearer_hash = ?2",
        (who.tenant.as_bytes(), who.bearer.as_bytes()),
        |row| row.get(0),
    )?;
    found
        .map(TenantKey)
        .ok_or(StoreError::Refused(ErrorCode::Unauthorized.into()))
}

/// The organisation of that name, with no proof asked.
pub(super) fn tenant_of(
    conn: &Connection,
    tenant: &TenantId,
) -> Result<Option<TenantKey>, rusqlite::Error> {
    one(
        conn,
        "SELECT id FROM tenant WHERE tenant = ?1 AND removed = 0",
        [tenant.as_bytes()],
        |row| row.get(0).map(TenantKey),
    )
}

/// Refuses the owner of a mailbox that was closed or is gone.
pub(super) fn check_open(conn: &Connection, owner: Owner) -> Result<(), StoreError> {
    let closed = one(
        conn,
        "SELECT closed FROM mailbox WHERE id = ?1 AND tenant = ?2",
        (owner.mailbox.0, owner.tenant.0),
        |row| row.get::<_, bool>(0),
    )?;
    if closed == Some(false) {
        Ok(())
    } else {
        refuse(ErrorCode::MailboxClosed)
    }
}

impl Tx<'_> {
    pub(super) fn authenticate(&self, who: &Submitter) -> Result<TenantKey, StoreError> {
        authenticate(self.conn, who)
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
        execute(self.conn, sql, params)
    }

    pub(super) fn count(&mut self, milestone: Milestone, n: usize) {
        if n > 0 {
            self.events.push(Event::Count(milestone, n as u64));
        }
    }

    pub(super) fn arrived(&mut self, mailbox: MailboxKey) {
        self.events.push(Event::Arrived(mailbox));
    }

    /// Adds to what an organisation keeps here; refuses beyond its quota.
    pub(super) fn charge(&self, tenant: TenantKey, bytes: i64) -> Result<(), StoreError> {
        self.charge_beyond(tenant, bytes, 0)
    }

    /// Adds to what an organisation keeps here, whatever its quota: for what keeps a stolen device out.
    pub(super) fn bill(&self, tenant: TenantKey, bytes: i64) -> Result<i64, StoreError> {
        let total = self
            .conn
            .prepare_cached("UPDATE tenant SET bytes = bytes + ?2 WHERE id = ?1 RETURNING bytes")?
            .query_row((tenant.0, bytes), |row| row.get(0))?;
        Ok(total)
    }

    /// Adds to what an organisation keeps here; refuses so many bytes beyond its quota.
    pub(super) fn charge_beyond(
        &self,
        tenant: TenantKey,
        bytes: i64,
        reserve: u64,
    ) -> Result<(), StoreError> {
        let total = self.bill(tenant, bytes)?;
        let max = self.quotas.tenant_bytes.saturating_add(reserve);
        if bytes > 0 && unsigned(total) > max {
            return refuse(WireError::quota(
                LimitKind::TenantBytes,
                self.quotas.tenant_bytes,
                QUOTA_RETRY_MS,
            ));
        }
        Ok(())
    }

    /// Takes from what an organisation keeps here.
    pub(super) fn discharge(&self, tenant: TenantKey, bytes: i64) -> Result<(), rusqlite::Error> {
        self.execute(
            "UPDATE tenant SET bytes = bytes - ?2 WHERE id = ?1",
            (tenant.0, bytes),
        )
        .map(drop)
    }

    /// Adds to one of an organisation's counters; refuses beyond its quota. `column` is a name of this program.
    pub(super) fn count_in(
        &self,
        tenant: TenantKey,
        column: &'static str,
        n: usize,
        kind: LimitKind,
        max: u32,
    ) -> Result<(), StoreError> {
        let sql =
            format!("UPDATE tenant SET {column} = {column} + ?2 WHERE id = ?1 RETURNING {column}");
        let total: i64 = self
            .conn
            .prepare_cached(&sql)?
            .query_row((tenant.0, size(n)), |row| row.get(0))?;
        if unsigned(total) > u64::from(max) {
            return refuse(WireError::quota(kind, u64::from(max), QUOTA_RETRY_MS));
        }
        Ok(())
    }
}

//! The rows of the audit chain. What they mean is the audit floor's.

use rusqlite::OptionalExtension;

use crate::base::Digest;
use crate::store::{ReadTx, StoreError, WriteTx};

/// One link of the chain.
#[derive(Clone)]
pub struct AuditRow {
    /// Local number, without gaps.
    pub seq: i64,
    /// Hash of the link before.
    pub previous: Digest,
    /// The encoded record.
    pub record: Vec<u8>,
    /// Hash over `previous` and `record`.
    pub hash: Digest,
}

/// Redacted: a record names people and reasons.
impl std::fmt::Debug for AuditRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditRow")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get(0)?,
        previous: Digest::new(row.get(1)?),
        record: row.get(2)?,
        hash: Digest::new(row.get(3)?),
    })
}

impl ReadTx<'_> {
    /// The newest link.
    pub fn audit_head(&self) -> Result<Option<AuditRow>, StoreError> {
        let sql = "SELECT seq, previous, record, hash FROM audit ORDER BY seq DESC LIMIT 1";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row([], read)
            .optional()?)
    }
    /// Links from a number on, oldest first.
    pub fn audit_from(&self, seq: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql =
            "SELECT seq, previous, record, hash FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let mut statement = self.conn().prepare_cached(sql)?;
        Ok(statement
            .query_map(rusqlite::params![seq, limit], read)?
            .collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Adds a link.
    pub fn add_audit(
        &self,
        previous: &Digest,
        record: &[u8],
        hash: &Digest,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (previous, record, hash) VALUES (?1, ?2, ?3)";
        self.conn().prepare_cached(sql)?.execute(rusqlite::params![
            previous.as_bytes(),
            record,
            hash.as_bytes()
        ])?;
        Ok(())
    }
}

//! The organisation's log as this device has read it, position by position, still sealed.

use rusqlite::params;

use crate::store::{ReadTx, StoreError, WriteTx};

/// One position of the relay's log.
#[derive(Clone)]
pub struct RosterEntryRow {
    /// The relay's order.
    pub position: u64,
    /// The sealed entry.
    pub entry: Vec<u8>,
    /// 1 judged by replay, 2 set aside: it claimed to be a rotation and came without seals.
    pub verdict: u8,
}

/// Redacted: the entry is long and sealed.
impl std::fmt::Debug for RosterEntryRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RosterEntryRow")
            .field("position", &self.position)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

impl ReadTx<'_> {
    /// The whole log in order, from a position on.
    pub fn roster_entries(&self, from: u64) -> Result<Vec<RosterEntryRow>, StoreError> {
        let sql = "SELECT position, entry, verdict FROM roster_entry WHERE position >= ?1 ORDER BY position";
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows = statement.query_map([from], |row| {
            Ok(RosterEntryRow {
                position: row.get(0)?,
                entry: row.get(1)?,
                verdict: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// The first position this device has not seen.
    pub fn roster_end(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(max(position) + 1, 0) FROM roster_entry";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Stores one position; a position already stored stays as it is.
    pub fn put_roster_entry(&self, row: &RosterEntryRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO roster_entry (position, entry, verdict) VALUES (?1, ?2, ?3)
                   ON CONFLICT (position) DO NOTHING";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![row.position, row.entry, row.verdict])?;
        Ok(())
    }
}

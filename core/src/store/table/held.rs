//! Held messages: what arrived and could not be opened yet, or was judged and refused. Nothing is dropped.

use rusqlite::{Row, params};

use crate::base::{ConversationId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Why something is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldCause {
    /// No key of this device opens it yet.
    UnknownKey,
    /// It belongs to an epoch this device has not reached.
    FutureEpoch,
    /// The sender's right is judged at a roster position this device has not reached.
    RosterBehind,
    /// It belongs to this epoch and does not decrypt: suspicion of a fork.
    Undecryptable,
    /// Its sender was not entitled to send it.
    Unauthorised,
    /// It is not what it claims to be.
    Malformed,
    /// Its epoch is over and its keys are gone.
    TooOld,
}

impl HeldCause {
    const ALL: [Self; 7] = [
        Self::UnknownKey,
        Self::FutureEpoch,
        Self::RosterBehind,
        Self::Undecryptable,
        Self::Unauthorised,
        Self::Malformed,
        Self::TooOld,
    ];
    /// A word for people and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown key",
            Self::FutureEpoch => "future epoch",
            Self::RosterBehind => "roster behind",
            Self::Undecryptable => "undecryptable",
            Self::Unauthorised => "unauthorised",
            Self::Malformed => "malformed",
            Self::TooOld => "too old",
        }
    }
    fn code(self) -> i64 {
        Self::ALL
            .iter()
            .position(|c| *c == self)
            .and_then(|i| i64::try_from(i).ok())
            .unwrap_or(0)
    }
}

/// Something held.
#[derive(Debug, Clone)]
pub struct HeldRow {
    /// Local number.
    pub id: i64,
    /// Where it belongs, if known.
    pub conversation: Option<ConversationId>,
    /// The alias it came under.
    pub alias: [u8; 16],
    /// The bytes.
    pub payload: Vec<u8>,
    /// Why.
    pub cause: HeldCause,
    /// Judged: kept as evidence, not tried again.
    pub refused: bool,
    /// Handle for its receipt, owed once it opens.
    pub handle: Option<[u8; 16]>,
    /// When the relay accepted it.
    pub accepted: Timestamp,
    /// Since when it is held.
    pub since: Timestamp,
}

fn read(row: &Row<'_>) -> rusqlite::Result<HeldRow> {
    Ok(HeldRow {
        id: row.get(0)?,
        conversation: ConversationId::from_slice(&row.get::<_, Vec<u8>>(1)?),
        alias: row.get(2)?,
        payload: row.get(3)?,
        cause: *HeldCause::ALL
            .get(row.get::<_, usize>(4)?)
            .unwrap_or(&HeldCause::Malformed),
        refused: row.get::<_, i64>(5)? == 1,
        handle: row.get::<_, Vec<u8>>(6)?.try_into().ok(),
        accepted: Timestamp::from_millis(row.get(7)?),
        since: Timestamp::from_millis(row.get(8)?),
    })
}

const COLUMNS: &str = "id, conversation, alias, payload, cause, refused, handle, accepted, since";

impl ReadTx<'_> {
    /// Everything held, oldest first.
    pub fn held(&self) -> Result<Vec<HeldRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM held ORDER BY id");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([], read)?
            .collect::<Result<_, _>>()?)
    }
    /// What is worth another try, oldest first.
    pub fn held_open(&self, limit: u32) -> Result<Vec<HeldRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM held WHERE refused = 0 ORDER BY id LIMIT ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([limit], read)?
            .collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Holds something; the number is local and the row's `id` is ignored.
    pub fn hold(&self, row: &HeldRow) -> Result<i64, StoreError> {
        let sql = "INSERT INTO held (conversation, alias, payload, cause, refused, handle, accepted, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.conn().prepare_cached(sql)?.execute(params![
            row.conversation.map(|c| c.as_bytes().to_vec()).unwrap_or_default(),
            row.alias,
            row.payload,
            row.cause.code(),
            i64::from(row.refused),
            row.handle.map(|h| h.to_vec()).unwrap_or_default(),
            row.accepted.millis(),
            row.since.millis(),
        ])?;
        Ok(self.conn().last_insert_rowid())
    }
    /// Changes the cause, or closes the case.
    pub fn rejudge_held(&self, id: i64, cause: HeldCause, refused: bool) -> Result<(), StoreError> {
        let sql = "UPDATE held SET cause = ?2, refused = ?3 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id, cause.code(), i64::from(refused)])?;
        Ok(())
    }
    /// It opened.
    pub fn release_held(&self, id: i64) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM held WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
}

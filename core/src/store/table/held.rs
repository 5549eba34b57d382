//! Held messages: what arrived and could not be opened yet, or was judged and refused. Nothing is dropped.

use rusqlite::{OptionalExtension, Row, params};

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
    /// It is about a message that has not come.
    UnknownMessage,
}

impl HeldCause {
    const ALL: [Self; 8] = [
        Self::UnknownKey,
        Self::FutureEpoch,
        Self::RosterBehind,
        Self::Undecryptable,
        Self::Unauthorised,
        Self::Malformed,
        Self::TooOld,
        Self::UnknownMessage,
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
            Self::UnknownMessage => "unknown message",
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
    /// How many more were refused after this one and are not kept.
    pub repeats: u64,
}

/// What became of something that was to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It waits.
    Waiting(i64),
    /// It is evidence.
    Evidence,
    /// The space for evidence is full: it was counted.
    Counted,
}

/// Most that wait in one conversation, and most that wait for none: whoever sends more fills only their own.
const WAITING: u64 = 500;
/// Most that are kept as evidence likewise; further ones are counted.
const EVIDENCE: u64 = 200;

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
        repeats: row.get(9)?,
    })
}

const COLUMNS: &str =
    "id, conversation, alias, payload, cause, refused, handle, accepted, since, repeats";

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
    /// What waits in a conversation or for none and may open now, oldest first, after a row. What is open already and
    /// waits for a message is not among it.
    pub fn held_waiting(
        &self,
        id: ConversationId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<HeldRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM held WHERE refused = 0 AND cause <> 7 AND id > ?2
             AND conversation IN (?1, x'') ORDER BY id LIMIT ?3"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let rows = statement.query_map(params![id.as_bytes(), after, limit], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// What waits for a cause, oldest first, after a row.
    pub fn held_for(
        &self,
        cause: HeldCause,
        after: i64,
        limit: u32,
    ) -> Result<Vec<HeldRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM held WHERE refused = 0 AND id > ?2 AND cause = ?1 ORDER BY id LIMIT ?3"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let rows = statement.query_map(params![cause.code(), after, limit], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// The newest row that waits for a cause.
    pub fn newest_held_for(&self, cause: HeldCause) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT max(id) FROM held WHERE refused = 0 AND cause = ?1";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row([cause.code()], |row| row.get(0))?)
    }
    /// Conversations in which something waits for a commit that has not come, or a commit waits for the relay's word,
    /// with the newest such row.
    pub fn gaps(&self) -> Result<Vec<(ConversationId, i64)>, StoreError> {
        let sql = "SELECT conversation, max(id) FROM held
                   WHERE refused = 0 AND cause IN (1, 3, 4) AND length(conversation) = 16 GROUP BY conversation";
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok((ConversationId::new(row.get(0)?), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// Whether something waits in a conversation for a cause.
    pub fn waits_for(&self, id: ConversationId, cause: HeldCause) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM held WHERE refused = 0 AND conversation = ?1 AND cause = ?2";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .exists(params![id.as_bytes(), cause.code()])?)
    }
    /// Whether nothing more can wait in a conversation.
    pub(super) fn no_space_to_wait(&self, conversation: &[u8]) -> Result<bool, StoreError> {
        Ok(self.held_count(conversation, false)? >= WAITING)
    }
    /// One row.
    pub(crate) fn held_row(&self, id: i64) -> Result<Option<HeldRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM held WHERE id = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([id], read)
            .optional()?)
    }
    fn held_count(&self, conversation: &[u8], refused: bool) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM held WHERE conversation = ?1 AND refused = ?2";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row(params![conversation, i64::from(refused)], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Holds something; the number is local, `id` and `repeats` of the row are ignored. What would wait beyond the
    /// space for waiting is refused, and what would be evidence beyond the space for that is counted.
    pub fn hold(&self, row: &HeldRow) -> Result<Kept, StoreError> {
        let conversation = row
            .conversation
            .map(|c| c.as_bytes().to_vec())
            .unwrap_or_default();
        let refused = row.refused || self.no_space_to_wait(&conversation)?;
        if refused && self.count_refused(&conversation)? {
            return Ok(Kept::Counted);
        }
        let sql = "INSERT INTO held (conversation, alias, payload, cause, refused, handle, accepted, since, repeats)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)";
        self.conn().prepare_cached(sql)?.execute(params![
            conversation,
            row.alias,
            row.payload,
            row.cause.code(),
            i64::from(refused),
            row.handle.map(|h| h.to_vec()).unwrap_or_default(),
            row.accepted.millis(),
            row.since.millis(),
        ])?;
        Ok(if refused {
            Kept::Evidence
        } else {
            Kept::Waiting(self.conn().last_insert_rowid())
        })
    }
    /// Counts one more refused where the space for evidence is full.
    fn count_refused(&self, conversation: &[u8]) -> Result<bool, StoreError> {
        if self.held_count(conversation, true)? < EVIDENCE {
            return Ok(false);
        }
        let sql = "UPDATE held SET repeats = repeats + 1
                   WHERE id = (SELECT max(id) FROM held WHERE conversation = ?1 AND refused = 1)";
        self.conn().prepare_cached(sql)?.execute([conversation])?;
        Ok(true)
    }
    /// It waits for something else now.
    pub fn rejudge_held(
        &self,
        id: i64,
        conversation: Option<ConversationId>,
        cause: HeldCause,
    ) -> Result<(), StoreError> {
        let conversation = conversation
            .map(|c| c.as_bytes().to_vec())
            .unwrap_or_default();
        let sql = "UPDATE held SET cause = ?2, conversation = CASE WHEN length(?3) > 0 THEN ?3 ELSE conversation END
                   WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id, cause.code(), conversation])?;
        Ok(())
    }
    /// It is judged: evidence now, or counted where that is full. Says whether it is kept.
    pub fn refuse_held(&self, row: &HeldRow, cause: HeldCause) -> Result<bool, StoreError> {
        let conversation = row
            .conversation
            .map(|c| c.as_bytes().to_vec())
            .unwrap_or_default();
        if self.count_refused(&conversation)? {
            self.release_held(row.id)?;
            return Ok(false);
        }
        let sql = "UPDATE held SET cause = ?2, refused = 1 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![row.id, cause.code()])?;
        Ok(true)
    }
    /// What waited in a conversation for a commit, up to a row, waits for none: the relay has none.
    pub fn refuse_gap(&self, id: ConversationId, up_to: i64) -> Result<usize, StoreError> {
        let rows = self
            .held_waiting(id, 0, u32::MAX)?
            .into_iter()
            .filter(|row| {
                let for_commit = matches!(
                    row.cause,
                    HeldCause::FutureEpoch | HeldCause::Undecryptable | HeldCause::Unauthorised
                );
                row.id <= up_to && row.conversation == Some(id) && for_commit
            });
        let mut refused = 0;
        for row in rows {
            self.refuse_held(&row, row.cause)?;
            refused += 1;
        }
        Ok(refused)
    }
    /// What has waited since before a time is refused: nothing that would open it comes any more.
    pub fn refuse_held_since(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE held SET refused = 1 WHERE refused = 0 AND since < ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute([before.millis()])?;
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

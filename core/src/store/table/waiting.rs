//! What came before the message it is about. Each has its row in `held`, which shows that it waits and keeps the bytes
//! it came as; what was decrypted is here, and goes with the wait.

use rusqlite::{Row, params};

use super::held::{HeldCause, HeldRow, Kept};
use crate::base::{DeviceId, Digest, MessageId, Owner, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Most that wait from one device: whoever sends more fills only their own space.
const PER_DEVICE: u64 = 64;

/// Decrypted content that waits, with everything proven about where it came from.
#[derive(Clone)]
pub struct WaitingRow {
    /// Names what it waits for.
    pub subject: Digest,
    /// Its own identifier.
    pub event: MessageId,
    /// The device whose leaf signed it.
    pub sender: DeviceId,
    /// Whose device it was then.
    pub owner: Owner,
    /// 1 routine, 2 urgent, 3 critical.
    pub priority: u8,
    /// MIMI content.
    pub content: Vec<u8>,
    /// Sender's time.
    pub sent: Timestamp,
    /// Sender's time contradicts the relay's.
    pub drifted: bool,
    /// The roster position at which the sender's right is judged.
    pub judged_at: u64,
    /// No longer than this.
    pub until: Timestamp,
}

/// Redacted: it is content.
impl std::fmt::Debug for WaitingRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingRow").finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Option<(i64, WaitingRow)>> {
    let Some(owner) = Owner::from_parts(row.get(4)?, &row.get::<_, Vec<u8>>(5)?) else {
        return Ok(None);
    };
    let waiting = WaitingRow {
        subject: Digest::new(row.get(1)?),
        event: MessageId::new(row.get(2)?),
        sender: DeviceId::new(row.get(3)?),
        owner,
        priority: row.get(6)?,
        content: row.get(7)?,
        sent: Timestamp::from_millis(row.get(8)?),
        drifted: row.get(9)?,
        judged_at: row.get(10)?,
        until: Timestamp::from_millis(row.get(11)?),
    };
    Ok(Some((row.get(0)?, waiting)))
}

impl ReadTx<'_> {
    /// What waits for this, in the order in which it was sent, with the number of its row in `held`.
    pub fn waiting_for(&self, subject: &Digest) -> Result<Vec<(i64, WaitingRow)>, StoreError> {
        let sql = "SELECT held, subject, event, sender, owner_kind, owner, priority, content, sent, drifted, judged_at, until
                   FROM waiting WHERE subject = ?1 ORDER BY sent, held";
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows = statement.query_map([subject.as_bytes()], read)?;
        let rows: Vec<Option<_>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().flatten().collect())
    }
    /// Whether exactly this waits already.
    pub fn is_waiting(&self, event: MessageId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM waiting WHERE event = ?1";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .exists([event.as_bytes()])?)
    }
    fn waiting_from(&self, sender: DeviceId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM waiting WHERE sender = ?1";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row([sender.as_bytes()], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Lets content wait; of `held` the cause and whether it is refused are set here. `false`, and nothing changed,
    /// where its sender has too much waiting already.
    pub fn wait(&self, held: &HeldRow, waiting: &WaitingRow) -> Result<bool, StoreError> {
        let conversation = held.conversation.map(|c| c.as_bytes().to_vec());
        if self.waiting_from(waiting.sender)? >= PER_DEVICE
            || self.no_space_to_wait(&conversation.unwrap_or_default())?
        {
            return Ok(false);
        }
        let row = HeldRow {
            cause: HeldCause::UnknownMessage,
            refused: false,
            ..held.clone()
        };
        let Kept::Waiting(number) = self.hold(&row)? else {
            return Ok(false);
        };
        let sql = "INSERT INTO waiting (held, subject, event, sender, owner_kind, owner, priority, content, sent, drifted,
                   judged_at, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        self.conn().prepare_cached(sql)?.execute(params![
            number,
            waiting.subject.as_bytes(),
            waiting.event.as_bytes(),
            waiting.sender.as_bytes(),
            waiting.owner.kind(),
            waiting.owner.as_bytes(),
            waiting.priority,
            waiting.content,
            waiting.sent.millis(),
            waiting.drifted,
            waiting.judged_at,
            waiting.until.millis(),
        ])?;
        Ok(true)
    }
    /// What has waited for as long as it may is refused, and its content forgotten.
    pub fn refuse_waiting_until(&self, now: Timestamp) -> Result<usize, StoreError> {
        let sql =
            "UPDATE held SET refused = 1 WHERE id IN (SELECT held FROM waiting WHERE until <= ?1)";
        Ok(self.conn().prepare_cached(sql)?.execute([now.millis()])?)
    }
}

//! What this device owes the network: the outbox, acks, and receipts it waits for.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{ConversationId, DeviceId, MessageId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What an outbox row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxKind {
    /// Content that is not encrypted yet, because a membership change must come first.
    Draft,
    /// An encoded `submit` request, sent with the same bytes until it is answered.
    Submit,
    /// An encoded `slot/create` request.
    CreateSlot,
}

/// One promise to the network. Rows of one lane leave in order.
#[derive(Clone)]
pub struct OutboxRow {
    /// Local number.
    pub id: i64,
    /// The conversation.
    pub lane: ConversationId,
    /// What `request` is.
    pub kind: OutboxKind,
    /// The message it carries; `None` for control traffic.
    pub message: Option<MessageId>,
    /// Encoded request or draft.
    pub request: Vec<u8>,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub not_before: Timestamp,
}

/// Redacted: a draft is content.
impl std::fmt::Debug for OutboxRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxRow")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A receipt this device waits for.
#[derive(Clone)]
pub struct ReceiptWantedRow {
    /// Under which the relay keeps it.
    pub handle: [u8; 16],
    /// The message.
    pub message: MessageId,
    /// Whose receipt.
    pub device: DeviceId,
    /// Whose keys open it.
    pub conversation: ConversationId,
    /// Since when.
    pub since: Timestamp,
}

/// Redacted: a handle names a delivery at the relay.
impl std::fmt::Debug for ReceiptWantedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReceiptWantedRow(..)")
    }
}

/// An entry that a committed transaction holds and the relay has not been told about.
#[derive(Clone)]
pub struct AckDueRow {
    /// The relay's number of the entry.
    pub entry: u64,
    /// Handle for the receipt; `None` where none was asked.
    pub handle: Option<[u8; 16]>,
    /// The sealed, signed receipt.
    pub receipt: Vec<u8>,
}

/// Redacted: a handle names a delivery at the relay.
impl std::fmt::Debug for AckDueRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AckDueRow")
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

const fn kind_code(kind: OutboxKind) -> i64 {
    match kind {
        OutboxKind::Draft => 1,
        OutboxKind::Submit => 2,
        OutboxKind::CreateSlot => 3,
    }
}

fn read_outbox(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        lane: ConversationId::new(row.get(1)?),
        kind: match row.get::<_, i64>(2)? {
            1 => OutboxKind::Draft,
            2 => OutboxKind::Submit,
            _ => OutboxKind::CreateSlot,
        },
        message: MessageId::from_slice(&row.get::<_, Vec<u8>>(3)?),
        request: row.get(4)?,
        attempts: row.get(5)?,
        not_before: Timestamp::from_millis(row.get(6)?),
    })
}

fn read_wanted(row: &Row<'_>) -> rusqlite::Result<ReceiptWantedRow> {
    Ok(ReceiptWantedRow {
        handle: row.get(0)?,
        message: MessageId::new(row.get(1)?),
        device: DeviceId::new(row.get(2)?),
        conversation: ConversationId::new(row.get(3)?),
        since: Timestamp::from_millis(row.get(4)?),
    })
}

const OUTBOX: &str = "id, lane, kind, message, request, attempts, not_before";

impl ReadTx<'_> {
    /// The head of each lane, in the order they were filed.
    pub fn outbox_heads(&self) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE id IN (SELECT min(id) FROM outbox GROUP BY lane) ORDER BY id"
        );
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([], read_outbox)?
            .collect::<Result<_, _>>()?)
    }
    /// The first rows of one lane.
    pub fn outbox_lane(
        &self,
        lane: ConversationId,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE lane = ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.conn().prepare_cached(&sql)?;
        Ok(statement
            .query_map(params![lane.as_bytes(), limit], read_outbox)?
            .collect::<Result<_, _>>()?)
    }
    /// The first drafts of one lane.
    pub fn outbox_drafts(
        &self,
        lane: ConversationId,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = format!(
            "SELECT {OUTBOX} FROM outbox WHERE lane = ?1 AND kind = 1 ORDER BY id LIMIT ?2"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let rows = statement.query_map(params![lane.as_bytes(), limit], read_outbox)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// Whether anything waits in a lane.
    pub fn outbox_has(&self, lane: ConversationId) -> Result<bool, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT 1 FROM outbox WHERE lane = ?1")?
            .exists([lane.as_bytes()])?)
    }
    /// One row, if it is still there.
    pub fn outbox_row(&self, id: i64) -> Result<Option<OutboxRow>, StoreError> {
        let sql = format!("SELECT {OUTBOX} FROM outbox WHERE id = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([id], read_outbox)
            .optional()?)
    }
    /// How many rows wait.
    pub fn outbox_len(&self) -> Result<u64, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT count(*) FROM outbox")?
            .query_row([], |row| row.get(0))?)
    }
    /// Acks not yet confirmed by the relay.
    pub fn acks_due(&self, limit: u32) -> Result<Vec<AckDueRow>, StoreError> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT entry, handle, receipt FROM ack_due ORDER BY entry LIMIT ?1")?;
        let rows = statement.query_map([limit], |row| {
            Ok(AckDueRow {
                entry: row.get(0)?,
                handle: row.get::<_, Vec<u8>>(1)?.try_into().ok(),
                receipt: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// Receipts to ask for now, those longest unasked first.
    pub fn receipts_wanted(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<ReceiptWantedRow>, StoreError> {
        let sql = "SELECT handle, message, device, conversation, since FROM receipt_wanted
                   WHERE not_before <= ?1 ORDER BY not_before LIMIT ?2";
        let mut statement = self.conn().prepare_cached(sql)?;
        Ok(statement
            .query_map(params![now.millis(), limit], read_wanted)?
            .collect::<Result<_, _>>()?)
    }
    /// One wanted receipt.
    pub fn receipt_wanted(
        &self,
        handle: &[u8; 16],
    ) -> Result<Option<ReceiptWantedRow>, StoreError> {
        let sql = "SELECT handle, message, device, conversation, since FROM receipt_wanted WHERE handle = ?1";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_row([handle], read_wanted)
            .optional()?)
    }
    /// Devices that still owe a receipt for a message.
    pub fn receipts_awaited(&self, message: MessageId) -> Result<Vec<DeviceId>, StoreError> {
        let sql = "SELECT handle, message, device, conversation, since FROM receipt_wanted WHERE message = ?1";
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows = statement.query_map([message.as_bytes()], read_wanted)?;
        Ok(rows
            .map(|row| row.map(|row| row.device))
            .collect::<Result<_, _>>()?)
    }
    /// When the next receipt is to be asked for.
    pub fn next_receipt_poll(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(not_before) FROM receipt_wanted";
        let at: Option<i64> = self
            .conn()
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?;
        Ok(at.map(Timestamp::from_millis))
    }
    /// Whether a payload was ingested or sent before.
    pub fn has_seen_payload(&self, digest: &[u8]) -> Result<bool, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT 1 FROM seen_payload WHERE digest = ?1")?
            .exists([digest])?)
    }
}

impl WriteTx<'_> {
    /// Files a promise at the end of its lane.
    pub fn push_outbox(
        &self,
        lane: ConversationId,
        kind: OutboxKind,
        message: Option<MessageId>,
        request: &[u8],
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let kind = kind_code(kind);
        let message = message.map(|m| m.as_bytes().to_vec()).unwrap_or_default();
        let sql = "INSERT INTO outbox (lane, kind, message, request, attempts, not_before, created) VALUES (?1, ?2, ?3, ?4, 0, 0, ?5)";
        self.conn().prepare_cached(sql)?.execute(params![
            lane.as_bytes(),
            kind,
            message,
            request,
            now.millis()
        ])?;
        Ok(self.conn().last_insert_rowid())
    }
    /// A row becomes another request in the same place; what was tried before does not count.
    pub fn outbox_replace(
        &self,
        id: i64,
        kind: OutboxKind,
        message: Option<MessageId>,
        request: &[u8],
    ) -> Result<(), StoreError> {
        let message = message.map(|m| m.as_bytes().to_vec()).unwrap_or_default();
        let sql = "UPDATE outbox SET kind = ?2, message = ?3, request = ?4, attempts = 0, not_before = 0 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id, kind_code(kind), message, request])?;
        Ok(())
    }
    /// An attempt failed; the next one not before.
    pub fn outbox_retry(&self, id: i64, not_before: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET attempts = attempts + 1, not_before = ?2 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id, not_before.millis()])?;
        Ok(())
    }
    /// A promise is kept.
    pub fn drop_outbox(&self, id: i64) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM outbox WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
    /// An entry is held by this transaction: the relay may forget it once this has committed.
    pub fn add_ack_due(
        &self,
        entry: u64,
        handle: Option<[u8; 16]>,
        receipt: &[u8],
    ) -> Result<(), StoreError> {
        let handle = handle.map(|h| h.to_vec()).unwrap_or_default();
        let sql = "INSERT INTO ack_due (entry, handle, receipt) VALUES (?1, ?2, ?3)
                   ON CONFLICT (entry) DO UPDATE SET handle = ?2, receipt = ?3 WHERE length(receipt) = 0";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![entry, handle, receipt])?;
        Ok(())
    }
    /// The relay confirmed an ack, with the receipt it was told.
    pub fn drop_ack_due(&self, row: &AckDueRow) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM ack_due WHERE entry = ?1 AND receipt = ?2")?
            .execute(params![row.entry, row.receipt])?;
        Ok(())
    }
    /// Waits for a receipt.
    pub fn want_receipt(&self, row: &ReceiptWantedRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO receipt_wanted (handle, message, device, conversation, since, not_before) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
        self.conn().prepare_cached(sql)?.execute(params![
            row.handle,
            row.message.as_bytes(),
            row.device.as_bytes(),
            row.conversation.as_bytes(),
            row.since.millis(),
        ])?;
        Ok(())
    }
    /// Asks again later.
    pub fn postpone_receipt(
        &self,
        handle: &[u8; 16],
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE receipt_wanted SET not_before = ?2 WHERE handle = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![handle, not_before.millis()])?;
        Ok(())
    }
    /// The receipt is here, or will never be.
    pub fn drop_receipt_wanted(&self, handle: &[u8; 16]) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM receipt_wanted WHERE handle = ?1")?
            .execute([handle])?;
        Ok(())
    }
    /// Remembers a payload.
    pub fn mark_payload_seen(&self, digest: &[u8], at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO seen_payload (digest, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![digest, at.millis()])?;
        Ok(())
    }
    /// Forgets payloads older than the longest life an entry can have at the relay.
    pub fn forget_payloads(&self, before: Timestamp) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM seen_payload WHERE at < ?1")?
            .execute([before.millis()])?;
        Ok(())
    }
}

//! One row per message, in the order this device received them; the full-text index follows by trigger.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use crate::base::{ConversationId, DeviceId, MessageId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What a message is, for lists and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// Text, also as a reply.
    Text,
    /// A result card.
    Card,
    /// A message with an attachment.
    Attachment,
    /// A signed statement about a card.
    Statement,
    /// Something the system tells: joined, removed, reset.
    System,
}

/// How much a message asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Read when there is time.
    Routine,
    /// Read soon.
    Urgent,
    /// Act now.
    Critical,
}

impl Priority {
    /// Number in the store and on the wire between devices.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Routine => 1,
            Self::Urgent => 2,
            Self::Critical => 3,
        }
    }
    /// From its number; an unknown one is read as the loudest, never as the quietest.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Routine,
            2 => Self::Urgent,
            _ => Self::Critical,
        }
    }
}

/// Whether a message's content is still here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// Its sender took it back.
    Retracted,
    /// Its time was over.
    Expired,
}

/// One message.
#[derive(Clone)]
pub struct MessageRow {
    /// Local receive order; shown order. Zero before it is stored.
    pub seq: i64,
    /// draft-ietf-mimi-content MessageId.
    pub id: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// The device that sent it.
    pub sender: DeviceId,
    /// 1 person, 2 place.
    pub owner_kind: u8,
    /// The person or place the device belonged to when it sent.
    pub owner: Vec<u8>,
    /// Sent by this device.
    pub mine: bool,
    /// What it is.
    pub kind: MessageKind,
    /// How much it asks.
    pub priority: Priority,
    /// MIMI content; empty once expired or retracted.
    pub body: Vec<u8>,
    /// Text for the index.
    pub search: String,
    /// The message it answers.
    pub reply_to: Option<MessageId>,
    /// Sender's word.
    pub sent: Timestamp,
    /// This device's word.
    pub received: Timestamp,
    /// The sender's clock is certainly off: it wrote at a time that the relay had not reached, by more than two minutes,
    /// when it accepted the message, or at a time that is no date. What only waited with its sender is not marked.
    pub drifted: bool,
    /// When it is purged; `None` never.
    pub expires: Option<Timestamp>,
    /// How often it was edited.
    pub edited: u32,
    /// Whether the content is here.
    pub presence: Presence,
}

/// Which messages of a page have something beside them, so that nobody asks for each of the others.
#[derive(Debug, Default)]
pub struct Beside {
    /// Those with reactions.
    pub reacted: HashSet<MessageId>,
    /// Those with attachments.
    pub attached: HashSet<MessageId>,
}

/// Most messages of one question: below SQLite's least bound on parameters.
const ASKED: usize = 400;

/// Redacted: a message is content.
impl std::fmt::Debug for MessageRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageRow")
            .field("kind", &self.kind)
            .field("presence", &self.presence)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "seq, id, conversation, sender, owner_kind, owner, mine, kind, priority, body, search, reply_to,
                       sent, received, drifted, expires, edited, gone";

fn read(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let expires: i64 = row.get(15)?;
    Ok(MessageRow {
        seq: row.get(0)?,
        id: MessageId::new(row.get(1)?),
        conversation: ConversationId::new(row.get(2)?),
        sender: DeviceId::new(row.get(3)?),
        owner_kind: row.get(4)?,
        owner: row.get(5)?,
        mine: row.get(6)?,
        kind: match row.get::<_, i64>(7)? {
            1 => MessageKind::Text,
            2 => MessageKind::Card,
            3 => MessageKind::Attachment,
            4 => MessageKind::Statement,
            _ => MessageKind::System,
        },
        priority: Priority::from_code(row.get(8)?),
        body: row.get(9)?,
        search: row.get(10)?,
        reply_to: MessageId::from_slice(&row.get::<_, Vec<u8>>(11)?),
        sent: Timestamp::from_millis(row.get(12)?),
        received: Timestamp::from_millis(row.get(13)?),
        drifted: row.get(14)?,
        expires: (expires > 0).then(|| Timestamp::from_millis(expires)),
        edited: row.get(16)?,
        presence: match row.get::<_, i64>(17)? {
            0 => Presence::Here,
            1 => Presence::Retracted,
            _ => Presence::Expired,
        },
    })
}

const fn kind_code(kind: MessageKind) -> i64 {
    match kind {
        MessageKind::Text => 1,
        MessageKind::Card => 2,
        MessageKind::Attachment => 3,
        MessageKind::Statement => 4,
        MessageKind::System => 5,
    }
}

impl ReadTx<'_> {
    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM message WHERE id = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([id.as_bytes()], read)
            .optional()?)
    }
    /// Which of these messages have reactions or attachments.
    pub fn beside(&self, messages: &[MessageId]) -> Result<Beside, StoreError> {
        let mut beside = Beside::default();
        for some in messages.chunks(ASKED) {
            let marks = vec!["?"; some.len()].join(", ");
            for (table, found) in [
                ("reaction", &mut beside.reacted),
                ("attachment", &mut beside.attached),
            ] {
                let sql =
                    format!("SELECT DISTINCT message FROM {table} WHERE message IN ({marks})");
                let mut statement = self.conn().prepare_cached(&sql)?;
                let ids = params_from_iter(some.iter().map(|id| id.as_bytes().as_slice()));
                let rows = statement.query_map(ids, |row| Ok(MessageId::new(row.get(0)?)))?;
                for id in rows {
                    found.insert(id?);
                }
            }
        }
        Ok(beside)
    }
    /// The newest messages of a conversation that come before a local number, newest first.
    pub fn messages_before(
        &self,
        conversation: ConversationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM message WHERE conversation = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![conversation.as_bytes(), before.unwrap_or(i64::MAX), limit],
            read,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// Messages whose identifier begins with these bytes (at most two are read: one is found, two are ambiguous).
    pub fn messages_by_prefix(&self, prefix: &[u8]) -> Result<Vec<MessageRow>, StoreError> {
        // Identifiers have 32 bytes, so all that begin like this lie up to the prefix filled with ones.
        let mut last = prefix.to_vec();
        last.resize(prefix.len().max(32), 0xff);
        let sql = format!(
            "SELECT {COLUMNS} FROM message WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT 2"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        Ok(statement
            .query_map(params![prefix, last], read)?
            .collect::<Result<_, _>>()?)
    }
    /// Full-text search (FTS5 match expression), newest first.
    pub fn search_messages(
        &self,
        expression: &str,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let columns = COLUMNS
            .split(',')
            .map(|c| format!("m.{}", c.trim()))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "SELECT {columns} FROM message_index i JOIN message m ON m.seq = i.rowid
             WHERE message_index MATCH ?1 AND m.gone = 0 ORDER BY i.rowid DESC LIMIT ?2"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        Ok(statement
            .query_map(params![expression, limit], read)?
            .collect::<Result<_, _>>()?)
    }
    /// Messages whose time is over. A critical card that stands and that nobody has taken is not among them: its life is
    /// suspended.
    pub fn expired_messages(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM message m WHERE expires > 0 AND expires <= ?1 AND gone = 0
             AND NOT EXISTS (SELECT 1 FROM card c WHERE c.message = m.id AND c.critical = 1 AND c.blanked = 0
                 AND NOT EXISTS (SELECT 1 FROM message_state s WHERE s.message = m.id AND s.state IN (?2, ?3, ?4))
                 AND NOT EXISTS (SELECT 1 FROM card n WHERE n.identity = c.identity AND n.issuer = c.issuer
                                 AND n.version > c.version))
             ORDER BY expires LIMIT ?5"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let [one, two, three] = super::state::TAKEN;
        Ok(statement
            .query_map(params![now.millis(), one, two, three, limit], read)?
            .collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Stores a message; `false` where its identifier is already known.
    pub fn add_message(&self, row: &MessageRow) -> Result<bool, StoreError> {
        let sql = "INSERT INTO message (id, conversation, sender, owner_kind, owner, mine, kind, priority, body, search, reply_to,
                   sent, received, drifted, expires, edited, gone)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0)
                   ON CONFLICT (id) DO NOTHING";
        let added = self.conn().prepare_cached(sql)?.execute(params![
            row.id.as_bytes(),
            row.conversation.as_bytes(),
            row.sender.as_bytes(),
            row.owner_kind,
            row.owner,
            row.mine,
            kind_code(row.kind),
            row.priority.code(),
            row.body,
            row.search,
            row.reply_to
                .map(|m| m.as_bytes().to_vec())
                .unwrap_or_default(),
            row.sent.millis(),
            row.received.millis(),
            row.drifted,
            row.expires.map_or(0, Timestamp::millis),
            row.edited,
        ])?;
        Ok(added == 1)
    }
    /// Replaces a message's content by an edited one.
    pub fn edit_message(&self, id: MessageId, body: &[u8], search: &str) -> Result<(), StoreError> {
        let sql = "UPDATE message SET body = ?2, search = ?3, edited = edited + 1 WHERE id = ?1 AND gone = 0";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), body, search])?;
        Ok(())
    }
    /// Removes a message's content, its index and its attachments' keys; the row stays and says why.
    pub fn purge_message(&self, id: MessageId, presence: Presence) -> Result<(), StoreError> {
        let code = match presence {
            Presence::Here => return Ok(()),
            Presence::Retracted => 1,
            Presence::Expired => 2,
        };
        let sql = "UPDATE message SET body = x'', search = '', gone = ?2 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), code])?;
        let sql =
            "UPDATE attachment SET key = x'', name = '', media = '', state = 4 WHERE message = ?1";
        self.conn().prepare_cached(sql)?.execute([id.as_bytes()])?;
        // What others put beside the content goes with it; what they have proven about it stays.
        self.conn()
            .prepare_cached("DELETE FROM reaction WHERE message = ?1")?
            .execute([id.as_bytes()])?;
        Ok(())
    }
}

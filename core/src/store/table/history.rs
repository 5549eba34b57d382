//! Rows as an archive of history carries them: named columns of a fixed set of tables, never keys of conversations, MLS
//! state, queues or the device's own record.

use minicbor::{Decode, Encode};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, ToSql, params_from_iter};

use crate::base::{ConversationId, DeviceId, MessageId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// One value of a row. Columns are never NULL and never floats.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub enum Cell {
    /// An INTEGER.
    #[n(0)]
    Number(#[n(0)] i64),
    /// A TEXT.
    #[n(1)]
    Text(#[n(0)] String),
    /// A BLOB.
    #[n(2)]
    Bytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
}

/// Redacted: a cell is content.
impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cell(..)")
    }
}

impl Cell {
    /// The blob, where it is one.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
    /// The number, where it is one.
    #[must_use]
    pub const fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A row.
pub type Cells = Vec<Cell>;

/// What of the history is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// One conversation only.
    pub conversation: Option<ConversationId>,
    /// Received at this time or later only.
    pub since: Option<Timestamp>,
}

/// The tables of an archive, in the order in which they are restored. Numbers are part of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Conversations without their keys.
    Conversation,
    /// Messages, oldest first.
    Message,
    /// What each device has proven.
    State,
    /// Reactions.
    Reaction,
    /// Versions of results.
    Card,
    /// Attachments with their keys.
    Attachment,
    /// Patients' tokens.
    Token,
}

const MESSAGES: &str =
    "SELECT id FROM message WHERE (?1 = x'' OR conversation = ?1) AND received >= ?2";

impl Table {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Conversation,
        Self::Message,
        Self::State,
        Self::Reaction,
        Self::Card,
        Self::Attachment,
        Self::Token,
    ];
    /// Its number in an archive.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8 + 1
    }
    /// From its number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }
    const fn columns(self) -> &'static str {
        match self {
            Self::Conversation => "id, kind, title, patient, peer, created, updated, mls_group",
            Self::Message => {
                "seq, id, conversation, sender, owner_kind, owner, kind, priority, body, search, reply_to, sent, received, drifted, expires, edited, gone"
            }
            Self::State => "message, device, state, at, proof",
            Self::Reaction => "message, device, emoji, reaction_message",
            Self::Card => {
                "message, conversation, identity, issuer, version, digest, patient, critical, blanked"
            }
            Self::Attachment => "message, part, blob, size, name, media, key, digest",
            Self::Token => "record, token",
        }
    }
    /// How many cells a row has.
    #[must_use]
    pub fn width(self) -> usize {
        self.columns().split(',').count()
    }
    fn select(self) -> String {
        let columns = self.columns();
        match self {
            Self::Conversation => format!(
                "SELECT {columns} FROM conversation WHERE (?1 = x'' OR id = ?1) AND ?2 = ?2 ORDER BY created, id"
            ),
            Self::Message => format!(
                "SELECT {columns} FROM message WHERE (?1 = x'' OR conversation = ?1) AND received >= ?2 ORDER BY seq"
            ),
            Self::State => {
                format!("SELECT {columns} FROM message_state WHERE message IN ({MESSAGES})")
            }
            Self::Reaction => {
                format!("SELECT {columns} FROM reaction WHERE message IN ({MESSAGES})")
            }
            Self::Card => format!("SELECT {columns} FROM card WHERE message IN ({MESSAGES})"),
            Self::Attachment => {
                format!("SELECT {columns} FROM attachment WHERE message IN ({MESSAGES})")
            }
            Self::Token => format!(
                "SELECT {columns} FROM patient_token WHERE (?1 = x'' AND ?2 = ?2)
                 OR record IN (SELECT patient FROM card WHERE message IN ({MESSAGES}))"
            ),
        }
    }
    const fn insert(self) -> &'static str {
        match self {
            // State 3: this device is no member until it is added to that group. The alias is its own, drawn by the caller.
            Self::Conversation => {
                "INSERT INTO conversation (id, kind, title, patient, peer, created, updated, mls_group, alias, slot, key_generation, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, zeroblob(16), 0, 3) ON CONFLICT DO NOTHING"
            }
            Self::Message => {
                "INSERT INTO message (seq, id, conversation, sender, owner_kind, owner, kind, priority, body, search, reply_to, sent, received, drifted, expires, edited, gone, mine)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0) ON CONFLICT DO NOTHING"
            }
            Self::State => {
                "INSERT INTO message_state (message, device, state, at, proof) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
            }
            Self::Reaction => {
                "INSERT INTO reaction (message, device, emoji, reaction_message) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
            }
            Self::Card => {
                "INSERT INTO card (message, conversation, identity, issuer, version, digest, patient, critical, blanked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING"
            }
            // State 1: wanted. The encrypted copy follows with the archive, or comes from the relay.
            Self::Attachment => {
                "INSERT INTO attachment (message, part, blob, size, name, media, key, digest, file, state, done)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', CASE WHEN length(?7) = 0 THEN 4 ELSE 1 END, 0) ON CONFLICT DO NOTHING"
            }
            Self::Token => {
                "INSERT INTO patient_token (record, token) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            }
        }
    }
}

impl ReadTx<'_> {
    /// Reads the rows of one table, one after the other.
    pub fn history_rows<E: From<StoreError>>(
        &self,
        table: Table,
        span: &Span,
        mut each: impl FnMut(Cells) -> Result<(), E>,
    ) -> Result<(), E> {
        let of_sqlite = |error: rusqlite::Error| E::from(StoreError::from(error));
        let conversation = span
            .conversation
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let since = span.since.map_or(i64::MIN, Timestamp::millis);
        let mut statement = self
            .conn()
            .prepare_cached(&table.select())
            .map_err(of_sqlite)?;
        let mut rows = statement
            .query(rusqlite::params![conversation, since])
            .map_err(of_sqlite)?;
        while let Some(row) = rows.next().map_err(of_sqlite)? {
            let mut cells = Vec::with_capacity(table.width());
            for column in 0..table.width() {
                cells.push(match row.get_ref(column).map_err(of_sqlite)? {
                    ValueRef::Integer(number) => Cell::Number(number),
                    ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                    // No column of these tables can hold one.
                    ValueRef::Null | ValueRef::Real(_) => Cell::Number(0),
                });
            }
            each(cells)?;
        }
        Ok(())
    }
    /// Who handed a message over; `None` where it came as messages do.
    pub fn handed(&self, message: MessageId) -> Result<Option<DeviceId>, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT device FROM handed WHERE message = ?1")?
            .query_row([message.as_bytes()], |row| Ok(DeviceId::new(row.get(0)?)))
            .optional()?)
    }
    /// The lowest local number of a message; `None` where there is none.
    pub fn first_message(&self) -> Result<Option<i64>, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT min(seq) FROM message")?
            .query_row([], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Notes that a message is a colleague's word.
    pub fn put_handed(&self, message: &[u8; 32], device: &DeviceId) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached(
                "INSERT INTO handed (message, device) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(rusqlite::params![message, device.as_bytes()])?;
        Ok(())
    }
    /// Asks the full-text index to compare itself with the messages.
    pub fn check_index(&self) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached(
                "INSERT INTO message_index (message_index, rank) VALUES ('integrity-check', 1)",
            )?
            .execute([])?;
        Ok(())
    }
    /// Adds a row of an archive where it is not there yet; a conversation's with a fresh alias at its end. Returns whether
    /// it was added.
    pub fn add_history_row(&self, table: Table, cells: &[Cell]) -> Result<bool, StoreError> {
        let added = self
            .conn()
            .prepare_cached(table.insert())?
            .execute(params_from_iter(cells))?;
        Ok(added == 1)
    }
}

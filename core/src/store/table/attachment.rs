//! Attachments: where the encrypted copy is, how far it has moved, and the key that opens it.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::MessageId;
use crate::store::{ReadTx, StoreError, WriteTx};

/// Where an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentState {
    /// At the relay; not here.
    Wanted,
    /// Here, on its way to the relay.
    Uploading,
    /// Here, complete.
    Here,
    /// Expired, retracted, or gone from the relay.
    Gone,
}

/// One attachment of one message.
#[derive(Clone)]
pub struct AttachmentRow {
    /// The message.
    pub message: MessageId,
    /// Which part of it.
    pub part: u16,
    /// The relay's random id.
    pub blob: [u8; 16],
    /// Bytes of ciphertext.
    pub size: u64,
    /// Real name.
    pub name: String,
    /// Media type.
    pub media: String,
    /// Key of the chunked STREAM; empty once purged.
    pub key: Vec<u8>,
    /// SHA-256 of the ciphertext.
    pub digest: Vec<u8>,
    /// Random local name of the encrypted copy; empty while there is none.
    pub file: String,
    /// Where it is.
    pub state: AttachmentState,
    /// Bytes of ciphertext moved so far.
    pub done: u64,
}

impl std::fmt::Debug for AttachmentRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachmentRow")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "message, part, blob, size, name, media, key, digest, file, state, done";

const fn code(state: AttachmentState) -> i64 {
    match state {
        AttachmentState::Wanted => 1,
        AttachmentState::Uploading => 2,
        AttachmentState::Here => 3,
        AttachmentState::Gone => 4,
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AttachmentRow> {
    Ok(AttachmentRow {
        message: MessageId::new(row.get(0)?),
        part: row.get(1)?,
        blob: row.get(2)?,
        size: row.get(3)?,
        name: row.get(4)?,
        media: row.get(5)?,
        key: row.get(6)?,
        digest: row.get(7)?,
        file: row.get(8)?,
        state: match row.get::<_, i64>(9)? {
            1 => AttachmentState::Wanted,
            2 => AttachmentState::Uploading,
            3 => AttachmentState::Here,
            _ => AttachmentState::Gone,
        },
        done: row.get(10)?,
    })
}

impl ReadTx<'_> {
    /// Attachments of a message.
    pub fn attachments(&self, message: MessageId) -> Result<Vec<AttachmentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM attachment WHERE message = ?1 ORDER BY part");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([message.as_bytes()], read)?
            .collect::<Result<_, _>>()?)
    }
    /// The attachment behind a blob.
    pub fn attachment_of_blob(&self, blob: &[u8; 16]) -> Result<Option<AttachmentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM attachment WHERE blob = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([blob], read)
            .optional()?)
    }
    /// Attachments in one state.
    pub fn attachments_in(&self, state: AttachmentState) -> Result<Vec<AttachmentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM attachment WHERE state = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([code(state)], read)?
            .collect::<Result<_, _>>()?)
    }
    /// Whether a local copy belongs to an attachment whose time is over.
    pub fn attachment_is_gone(&self, file: &str) -> Result<bool, StoreError> {
        Ok(self
            .conn()
            .prepare_cached("SELECT 1 FROM attachment WHERE file = ?1 AND state = 4")?
            .exists([file])?)
    }
    /// Local name of the complete copy behind a blob.
    pub fn attachment_file(&self, blob: &[u8; 16]) -> Result<Option<String>, StoreError> {
        Ok(self
            .conn()
            .prepare_cached(
                "SELECT file FROM attachment WHERE blob = ?1 AND state = 3 AND file <> ''",
            )?
            .query_row([blob], |row| row.get(0))
            .optional()?)
    }
    /// Local names in use: any other file in the attachment folder is a left-over.
    pub fn attachment_files(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT file FROM attachment WHERE file <> '' AND state <> 4")?;
        Ok(statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// So many bytes of a copy have been put back under this name. One that is here or gone stays as it is.
    pub fn attachment_restored(
        &self,
        blob: &[u8; 16],
        file: &str,
        done: u64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE attachment SET file = ?2, done = ?3, state = CASE WHEN ?3 >= size THEN 3 ELSE 1 END
                   WHERE blob = ?1 AND state = 1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![blob, file, done])?;
        Ok(())
    }
    /// Stores an attachment's facts. One that is gone stays gone: a transfer that ends late does not bring it back.
    pub fn put_attachment(&self, row: &AttachmentRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO attachment (message, part, blob, size, name, media, key, digest, file, state, done)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                   ON CONFLICT (message, part) DO UPDATE SET file = ?9, done = ?11,
                   state = CASE state WHEN 4 THEN 4 ELSE ?10 END";
        self.conn().prepare_cached(sql)?.execute(params![
            row.message.as_bytes(),
            row.part,
            row.blob,
            row.size,
            row.name,
            row.media,
            row.key,
            row.digest,
            row.file,
            code(row.state),
            row.done,
        ])?;
        Ok(())
    }
}

//! Every version of every result card this device has sent or received.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{ConversationId, Digest, MessageId};
use crate::store::{ReadTx, StoreError, WriteTx};

/// One version of one card.
#[derive(Clone)]
pub struct CardRow {
    /// The message that carries it.
    pub message: MessageId,
    /// Where.
    pub conversation: ConversationId,
    /// Which result it is, across versions.
    pub identity: [u8; 16],
    /// The owner (person or place) that sent it.
    pub issuer: Vec<u8>,
    /// 1, 2, …: the newest is current.
    pub version: u32,
    /// Digest of the card's bytes.
    pub digest: Digest,
    /// Key of the patient it is about (`timeline::patient`).
    pub patient: Vec<u8>,
    /// Asks for a read-back.
    pub critical: bool,
    /// Wrong patient or entered in error: its values are not shown.
    pub blanked: bool,
}

/// Redacted: identities and digests tell results apart.
impl std::fmt::Debug for CardRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CardRow")
            .field("version", &self.version)
            .field("blanked", &self.blanked)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str =
    "message, conversation, identity, issuer, version, digest, patient, critical, blanked";

fn read(row: &Row<'_>) -> rusqlite::Result<CardRow> {
    Ok(CardRow {
        message: MessageId::new(row.get(0)?),
        conversation: ConversationId::new(row.get(1)?),
        identity: row.get(2)?,
        issuer: row.get(3)?,
        version: row.get(4)?,
        digest: Digest::new(row.get(5)?),
        patient: row.get(6)?,
        critical: row.get(7)?,
        blanked: row.get(8)?,
    })
}

impl ReadTx<'_> {
    /// The card a message carries.
    pub fn card(&self, message: MessageId) -> Result<Option<CardRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM card WHERE message = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([message.as_bytes()], read)
            .optional()?)
    }
    /// Cards of a conversation that others sent, that stand, and that nobody has taken : newest version,
    /// not blanked, content here. In the order of their messages.
    pub fn open_cards(
        &self,
        conversation: ConversationId,
        me: &[u8],
    ) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT c.message FROM card c JOIN message m ON m.id = c.message
             WHERE c.conversation = ?1 AND m.owner <> ?2 AND c.blanked = 0 AND m.gone = 0
             AND NOT EXISTS (SELECT 1 FROM handed h WHERE h.message = c.message)
             AND NOT EXISTS (SELECT 1 FROM card n WHERE n.identity = c.identity AND n.issuer = c.issuer
                             AND n.version > c.version)
             AND NOT EXISTS (SELECT 1 FROM message_state s WHERE s.message = c.message AND s.state IN (?3, ?4, ?5))
             ORDER BY m.seq";
        let mut statement = self.conn().prepare_cached(sql)?;
        let [one, two, three] = super::state::TAKEN;
        let rows = statement.query_map(
            params![conversation.as_bytes(), me, one, two, three],
            |row| Ok(MessageId::new(row.get(0)?)),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
    /// The cards of one conversation that are exactly this version of this result, whoever sent them.
    pub fn cards_of_version(
        &self,
        conversation: ConversationId,
        identity: &[u8; 16],
        version: u32,
        digest: &Digest,
    ) -> Result<Vec<CardRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM card WHERE identity = ?2 AND version = ?3 AND conversation = ?1 AND digest = ?4
             ORDER BY message"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        let key = params![
            conversation.as_bytes(),
            identity,
            version,
            digest.as_bytes()
        ];
        Ok(statement.query_map(key, read)?.collect::<Result<_, _>>()?)
    }
    /// Every version of one result from one issuer in all conversations, oldest first.
    pub fn card_versions(
        &self,
        identity: &[u8; 16],
        issuer: &[u8],
    ) -> Result<Vec<CardRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM card WHERE identity = ?1 AND issuer = ?2 ORDER BY version, message"
        );
        let mut statement = self.conn().prepare_cached(&sql)?;
        Ok(statement
            .query_map(params![identity, issuer], read)?
            .collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Stores a card's facts.
    pub fn add_card(&self, row: &CardRow) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO card (message, conversation, identity, issuer, version, digest, patient, critical, blanked)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (message) DO NOTHING";
        self.conn().prepare_cached(sql)?.execute(params![
            row.message.as_bytes(),
            row.conversation.as_bytes(),
            row.identity,
            row.issuer,
            row.version,
            row.digest.as_bytes(),
            row.patient,
            row.critical,
            row.blanked,
        ])?;
        Ok(())
    }
    /// Blanks a version: its values are not shown again, and not found.
    pub fn blank_card(&self, message: MessageId) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("UPDATE card SET blanked = 1 WHERE message = ?1")?
            .execute([message.as_bytes()])?;
        self.conn()
            .prepare_cached("UPDATE message SET search = '' WHERE id = ?1")?
            .execute([message.as_bytes()])?;
        Ok(())
    }
}

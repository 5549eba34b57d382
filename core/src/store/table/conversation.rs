//! One row per conversation, its keys, and the aliases under which its traffic travels.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{ConversationId, DeviceId, Secret, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// How a conversation came to be and who may join it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationKind {
    /// Exactly two owners, one per pair.
    Direct,
    /// Any number of owners.
    Group,
}

/// What can be done with a conversation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationState {
    /// Its first commit has not been accepted yet: drafts wait.
    Creating,
    /// In use.
    Active,
    /// This device has been removed, or its person has left.
    Left,
    /// Its group cannot go on until a reset.
    Stalled,
    /// A second direct conversation of one pair: linked, no longer written to.
    ReadOnly,
}

/// One conversation as this device knows it.
#[derive(Clone)]
pub struct ConversationRow {
    /// Its identifier; survives resets of the group.
    pub id: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Title; empty for direct conversations.
    pub title: String,
    /// Digest of the patient it is about; empty where it is about none.
    pub patient: Vec<u8>,
    /// The MLS group of now.
    pub mls_group: Vec<u8>,
    /// The relay's slot of that group.
    pub slot: [u8; 16],
    /// Newest conversation key.
    pub key_generation: u64,
    /// This device's delivery alias here.
    pub alias: [u8; 16],
    /// What can be done with it.
    pub state: ConversationState,
    /// Direct: the other owner's id (person or place); empty otherwise.
    pub peer: Vec<u8>,
    /// When this device first knew it.
    pub created: Timestamp,
    /// Newest activity.
    pub updated: Timestamp,
}

/// Redacted: a title is content, and the rest names the conversation at the relay.
impl std::fmt::Debug for ConversationRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConversationRow")
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("key_generation", &self.key_generation)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, kind, title, patient, mls_group, slot, key_generation, alias, state, peer, created, updated";

fn read(row: &Row<'_>) -> rusqlite::Result<ConversationRow> {
    Ok(ConversationRow {
        id: ConversationId::new(row.get(0)?),
        kind: if row.get::<_, i64>(1)? == 1 {
            ConversationKind::Direct
        } else {
            ConversationKind::Group
        },
        title: row.get(2)?,
        patient: row.get(3)?,
        mls_group: row.get(4)?,
        slot: row.get(5)?,
        key_generation: row.get(6)?,
        alias: row.get(7)?,
        state: match row.get::<_, i64>(8)? {
            1 => ConversationState::Creating,
            2 => ConversationState::Active,
            3 => ConversationState::Left,
            4 => ConversationState::Stalled,
            _ => ConversationState::ReadOnly,
        },
        peer: row.get(9)?,
        created: Timestamp::from_millis(row.get(10)?),
        updated: Timestamp::from_millis(row.get(11)?),
    })
}

const fn state_code(state: ConversationState) -> i64 {
    match state {
        ConversationState::Creating => 1,
        ConversationState::Active => 2,
        ConversationState::Left => 3,
        ConversationState::Stalled => 4,
        ConversationState::ReadOnly => 5,
    }
}

impl ReadTx<'_> {
    /// One conversation.
    pub fn conversation(&self, id: ConversationId) -> Result<Option<ConversationRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM conversation WHERE id = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([id.as_bytes()], read)
            .optional()?)
    }
    /// All conversations, the most recently active first.
    pub fn conversations(&self) -> Result<Vec<ConversationRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM conversation ORDER BY updated DESC, id");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([], read)?
            .collect::<Result<_, _>>()?)
    }
    /// The conversations in one state.
    pub fn conversations_in(
        &self,
        state: ConversationState,
    ) -> Result<Vec<ConversationRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM conversation WHERE state = ?1 ORDER BY id");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([state_code(state)], read)?
            .collect::<Result<_, _>>()?)
    }
    /// Direct conversations with one owner, lowest id first: the first one lives.
    pub fn direct_with(&self, peer: &[u8]) -> Result<Vec<ConversationRow>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM conversation WHERE peer = ?1 AND kind = 1 ORDER BY id");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_map([peer], read)?
            .collect::<Result<_, _>>()?)
    }
    /// The conversation whose group this is.
    pub fn conversation_of_group(
        &self,
        group: &[u8],
    ) -> Result<Option<ConversationRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM conversation WHERE mls_group = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([group], read)
            .optional()?)
    }
    /// Keys of a conversation, newest generation first.
    pub fn conversation_keys(
        &self,
        id: ConversationId,
    ) -> Result<Vec<(u64, Secret<32>)>, StoreError> {
        let sql = "SELECT generation, key FROM conversation_key WHERE conversation = ?1 ORDER BY generation DESC";
        let rows = self
            .conn()
            .prepare_cached(sql)?
            .query_map([id.as_bytes()], |row| {
                Ok((row.get(0)?, Secret::new(row.get(1)?)))
            })?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }
    /// Which conversation one of this device's aliases belongs to: `None` unknown, `Some(None)` the contact alias.
    pub fn alias(&self, alias: &[u8; 16]) -> Result<Option<Option<ConversationId>>, StoreError> {
        let found: Option<Vec<u8>> = self
            .conn()
            .prepare_cached("SELECT conversation FROM alias WHERE alias = ?1")?
            .query_row([alias], |row| row.get(0))
            .optional()?;
        Ok(found.map(|bytes| ConversationId::from_slice(&bytes)))
    }
    /// Conversations whose own alias the relay does not know yet: nobody may be told of it.
    pub fn unreachable_conversations(&self) -> Result<Vec<ConversationId>, StoreError> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT conversation FROM alias WHERE registered = 0")?;
        let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        let ids: Vec<Vec<u8>> = rows.collect::<Result<_, _>>()?;
        Ok(ids
            .iter()
            .filter_map(|bytes| ConversationId::from_slice(bytes))
            .collect())
    }
    /// Aliases the relay does not know yet.
    pub fn aliases_to_register(&self) -> Result<Vec<[u8; 16]>, StoreError> {
        let mut statement = self
            .conn()
            .prepare_cached("SELECT alias FROM alias WHERE registered = 0")?;
        Ok(statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }
    /// Where a member's device wants this conversation's traffic.
    pub fn member_alias(
        &self,
        id: ConversationId,
        device: DeviceId,
    ) -> Result<Option<[u8; 16]>, StoreError> {
        let sql = "SELECT alias FROM member_alias WHERE conversation = ?1 AND device = ?2";
        let mut statement = self.conn().prepare_cached(sql)?;
        Ok(statement
            .query_row([id.as_bytes(), device.as_bytes()], |row| row.get(0))
            .optional()?)
    }
    /// The device that opened an epoch.
    pub fn epoch_committer(
        &self,
        group: &[u8],
        epoch: u64,
    ) -> Result<Option<DeviceId>, StoreError> {
        let sql = "SELECT committer FROM epoch WHERE mls_group = ?1 AND epoch = ?2";
        let mut statement = self.conn().prepare_cached(sql)?;
        let found: Option<Vec<u8>> = statement
            .query_row(params![group, epoch], |row| row.get(0))
            .optional()?;
        Ok(found.and_then(|bytes| DeviceId::from_slice(&bytes)))
    }
    /// The roster position at which senders of an epoch are judged.
    pub fn epoch_roster_seq(&self, group: &[u8], epoch: u64) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT roster_seq FROM epoch WHERE mls_group = ?1 AND epoch = ?2";
        let mut statement = self.conn().prepare_cached(sql)?;
        Ok(statement
            .query_row(params![group, epoch], |row| row.get(0))
            .optional()?)
    }
}

impl WriteTx<'_> {
    /// Stores a conversation, new or changed.
    pub fn put_conversation(&self, row: &ConversationRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO conversation (id, kind, title, patient, mls_group, slot, key_generation, alias, state, peer, created, updated)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                   ON CONFLICT (id) DO UPDATE SET kind = ?2, title = ?3, patient = ?4, mls_group = ?5, slot = ?6,
                   key_generation = ?7, alias = ?8, state = ?9, peer = ?10, updated = ?12";
        self.conn().prepare_cached(sql)?.execute(params![
            row.id.as_bytes(),
            if row.kind == ConversationKind::Direct {
                1
            } else {
                2
            },
            row.title,
            row.patient,
            row.mls_group,
            row.slot,
            row.key_generation,
            row.alias,
            state_code(row.state),
            row.peer,
            row.created.millis(),
            row.updated.millis(),
        ])?;
        Ok(())
    }
    /// Notes activity.
    pub fn touch_conversation(&self, id: ConversationId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE conversation SET updated = max(updated, ?2) WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), at.millis()])?;
        Ok(())
    }
    /// Changes what can be done with a conversation.
    pub fn set_conversation_state(
        &self,
        id: ConversationId,
        state: ConversationState,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE conversation SET state = ?2 WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), state_code(state)])?;
        Ok(())
    }
    /// Adds a key; the newest generation is the one to send with, and the first key of a generation stays. Keeps the
    /// newest four.
    pub fn add_conversation_key(
        &self,
        id: ConversationId,
        generation: u64,
        key: &Secret<32>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO conversation_key (conversation, generation, key) VALUES (?1, ?2, ?3)
                   ON CONFLICT (conversation, generation) DO NOTHING";
        self.conn().prepare_cached(sql)?.execute(params![
            id.as_bytes(),
            generation,
            key.expose()
        ])?;
        let sql = "UPDATE conversation SET key_generation = max(key_generation, ?2) WHERE id = ?1";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), generation])?;
        // Generations are epochs, and most epochs bring no key: kept are the newest few keys, however far apart.
        let sql = "DELETE FROM conversation_key WHERE conversation = ?1 AND generation NOT IN
                   (SELECT generation FROM conversation_key WHERE conversation = ?1 ORDER BY generation DESC LIMIT 4)";
        self.conn().prepare_cached(sql)?.execute([id.as_bytes()])?;
        Ok(())
    }
    /// Adds one of this device's aliases, to be registered at the relay.
    pub fn add_alias(
        &self,
        alias: &[u8; 16],
        conversation: Option<ConversationId>,
    ) -> Result<(), StoreError> {
        let conversation = conversation
            .map(|c| c.as_bytes().to_vec())
            .unwrap_or_default();
        let sql = "INSERT INTO alias (alias, conversation, registered) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![alias, conversation])?;
        Ok(())
    }
    /// The relay knows this alias now.
    pub fn alias_registered(&self, alias: &[u8; 16]) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("UPDATE alias SET registered = 1 WHERE alias = ?1")?
            .execute([alias])?;
        Ok(())
    }
    /// Notes where a member's device wants its traffic.
    pub fn put_member_alias(
        &self,
        id: ConversationId,
        device: DeviceId,
        alias: &[u8; 16],
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO member_alias (conversation, device, alias) VALUES (?1, ?2, ?3)
                   ON CONFLICT (conversation, device) DO UPDATE SET alias = ?3";
        self.conn().prepare_cached(sql)?.execute(params![
            id.as_bytes(),
            device.as_bytes(),
            alias
        ])?;
        Ok(())
    }
    /// A device is no longer a member.
    pub fn drop_member_alias(
        &self,
        id: ConversationId,
        device: DeviceId,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM member_alias WHERE conversation = ?1 AND device = ?2";
        self.conn()
            .prepare_cached(sql)?
            .execute([id.as_bytes(), device.as_bytes()])?;
        Ok(())
    }
    /// Notes the roster position that opened an epoch, and who opened it.
    pub fn put_epoch(
        &self,
        group: &[u8],
        epoch: u64,
        roster_seq: u64,
        committer: DeviceId,
    ) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO epoch (mls_group, epoch, roster_seq, committer) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (mls_group, epoch) DO UPDATE SET roster_seq = ?3, committer = ?4";
        self.conn().prepare_cached(sql)?.execute(params![
            group,
            epoch,
            roster_seq,
            committer.as_bytes()
        ])?;
        // Older ones are asked for no more: their secrets and keys are gone.
        self.conn()
            .prepare_cached("DELETE FROM epoch WHERE mls_group = ?1 AND epoch + 64 <= ?2")?
            .execute(params![group, epoch])?;
        Ok(())
    }
}

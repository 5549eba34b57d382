//! What each device has proven about a message, and reactions.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{DeviceId, MessageId, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Numbers of the states by which somebody took a result (`timeline::State`): acknowledged by telephone, acknowledged,
/// completed.
pub const TAKEN: [u8; 3] = [10, 11, 12];

/// One proven state of one message at one device. An empty device means the relay's signed word.
#[derive(Clone)]
pub struct StateRow {
    /// The message.
    pub message: MessageId,
    /// Who proved it; `None`: the relay.
    pub device: Option<DeviceId>,
    /// Number of the state (`timeline::State`).
    pub state: u8,
    /// When, by the prover's word.
    pub at: Timestamp,
    /// The signed statement, receipt or `queued`.
    pub proof: Vec<u8>,
}

impl std::fmt::Debug for StateRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateRow")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<StateRow> {
    Ok(StateRow {
        message: MessageId::new(row.get(0)?),
        device: DeviceId::from_slice(&row.get::<_, Vec<u8>>(1)?),
        state: row.get(2)?,
        at: Timestamp::from_millis(row.get(3)?),
        proof: row.get(4)?,
    })
}

impl ReadTx<'_> {
    /// All proven states of a message, oldest first.
    pub fn message_states(&self, message: MessageId) -> Result<Vec<StateRow>, StoreError> {
        let sql = "SELECT message, device, state, at, proof FROM message_state WHERE message = ?1 ORDER BY at, state";
        let mut statement = self.conn().prepare_cached(sql)?;
        Ok(statement
            .query_map([message.as_bytes()], read)?
            .collect::<Result<_, _>>()?)
    }
    /// Whether a device proved a state.
    pub fn has_message_state(
        &self,
        message: MessageId,
        device: DeviceId,
        state: u8,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM message_state WHERE message = ?1 AND device = ?2 AND state = ?3";
        Ok(self.conn().prepare_cached(sql)?.exists(params![
            message.as_bytes(),
            device.as_bytes(),
            state
        ])?)
    }
    /// Which message a reaction is about, and the device that made it.
    pub fn reaction_of(
        &self,
        reaction: MessageId,
    ) -> Result<Option<(MessageId, DeviceId)>, StoreError> {
        let sql = "SELECT message, device FROM reaction WHERE reaction_message = ?1";
        let mut statement = self.conn().prepare_cached(sql)?;
        let found = statement.query_row([reaction.as_bytes()], |row| {
            Ok((MessageId::new(row.get(0)?), DeviceId::new(row.get(1)?)))
        });
        Ok(found.optional()?)
    }
    /// Reactions of a message: device and emoji.
    pub fn reactions(&self, message: MessageId) -> Result<Vec<(DeviceId, String)>, StoreError> {
        let mut statement = self.conn().prepare_cached(
            "SELECT device, emoji FROM reaction WHERE message = ?1 ORDER BY device, emoji",
        )?;
        let rows = statement.query_map([message.as_bytes()], |row| {
            Ok((DeviceId::new(row.get(0)?), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Stores a proven state; the first proof stays.
    pub fn add_message_state(&self, row: &StateRow) -> Result<bool, StoreError> {
        let sql = "INSERT INTO message_state (message, device, state, at, proof) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (message, device, state) DO NOTHING";
        let added = self.conn().prepare_cached(sql)?.execute(params![
            row.message.as_bytes(),
            row.device
                .map(|d| d.as_bytes().to_vec())
                .unwrap_or_default(),
            row.state,
            row.at.millis(),
            row.proof,
        ])?;
        Ok(added == 1)
    }
    /// Adds a reaction.
    pub fn add_reaction(
        &self,
        message: MessageId,
        device: DeviceId,
        emoji: &str,
        reaction: MessageId,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO reaction (message, device, emoji, reaction_message) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (message, device, emoji) DO UPDATE SET reaction_message = ?4";
        self.conn().prepare_cached(sql)?.execute(params![
            message.as_bytes(),
            device.as_bytes(),
            emoji,
            reaction.as_bytes()
        ])?;
        Ok(())
    }
    /// Takes a reaction back, by the message that made it.
    pub fn drop_reaction(&self, reaction: MessageId) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM reaction WHERE reaction_message = ?1")?
            .execute([reaction.as_bytes()])?;
        Ok(())
    }
}

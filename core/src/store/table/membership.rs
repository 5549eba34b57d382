//! Membership changes wanted here, and the one staged commit per conversation whose fate is unknown.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::{ConversationId, Digest, Timestamp};
use crate::store::{ReadTx, StoreError, WriteTx};

/// What somebody here wants changed in a conversation's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishKind {
    /// Add all confirmed devices of an owner.
    Add,
    /// Remove all devices of an owner.
    Remove,
    /// Replace this device's own leaf keys.
    Update,
    /// Bring an owner's devices to what the roster says: add those that came, remove those that no longer count.
    Heal,
    /// Replace this device's own leaf keys, and the conversation key with them.
    Renew,
}

/// A membership change that no commit has fulfilled yet.
#[derive(Clone)]
pub struct WishRow {
    /// Local number.
    pub id: i64,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub kind: WishKind,
    /// 1 person, 2 place.
    pub owner_kind: u8,
    /// Whose devices; empty for a self-update.
    pub owner: Vec<u8>,
    /// Not to be acted on earlier, by this device's clock.
    pub not_before: Timestamp,
}

/// Redacted: whose it is.
impl std::fmt::Debug for WishRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WishRow")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A staged commit that the relay may or may not have accepted.
#[derive(Clone)]
pub struct PendingCommitRow {
    /// Where.
    pub conversation: ConversationId,
    /// The epoch it leaves.
    pub from_epoch: u64,
    /// The encoded request: resent with the same bytes until its fate is known.
    pub request: Vec<u8>,
    /// Digest of the posted commit payload, which recognises its echo.
    pub commit_digest: Digest,
    /// The conversation key it introduces; empty where it introduces none.
    pub next_key: Vec<u8>,
    /// The roster position it names.
    pub roster_seq: u64,
    /// An external commit by which this device comes back: there is nothing to merge.
    pub resync: bool,
}

/// Redacted: holds the next conversation key.
impl std::fmt::Debug for PendingCommitRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingCommitRow")
            .field("from_epoch", &self.from_epoch)
            .field("roster_seq", &self.roster_seq)
            .field("resync", &self.resync)
            .finish_non_exhaustive()
    }
}

const fn wish_code(kind: WishKind) -> i64 {
    match kind {
        WishKind::Add => 1,
        WishKind::Remove => 2,
        WishKind::Update => 3,
        WishKind::Heal => 4,
        WishKind::Renew => 5,
    }
}

fn read_wish(row: &Row<'_>) -> rusqlite::Result<WishRow> {
    Ok(WishRow {
        id: row.get(0)?,
        conversation: ConversationId::new(row.get(1)?),
        kind: match row.get::<_, i64>(2)? {
            1 => WishKind::Add,
            2 => WishKind::Remove,
            3 => WishKind::Update,
            5 => WishKind::Renew,
            _ => WishKind::Heal,
        },
        owner_kind: row.get(3)?,
        owner: row.get(4)?,
        not_before: Timestamp::from_millis(row.get(5)?),
    })
}

fn read_pending(row: &Row<'_>) -> rusqlite::Result<PendingCommitRow> {
    Ok(PendingCommitRow {
        conversation: ConversationId::new(row.get(0)?),
        from_epoch: row.get(1)?,
        request: row.get(2)?,
        commit_digest: Digest::new(row.get(3)?),
        next_key: row.get(4)?,
        roster_seq: row.get(5)?,
        resync: row.get(6)?,
    })
}

const PENDING: &str =
    "conversation, from_epoch, request, commit_digest, next_key, roster_seq, resync";

impl ReadTx<'_> {
    /// Wishes of one conversation, oldest first.
    pub fn wishes(&self, id: ConversationId) -> Result<Vec<WishRow>, StoreError> {
        let sql = "SELECT id, conversation, kind, owner_kind, owner, not_before FROM wish WHERE conversation = ?1 ORDER BY id";
        Ok(self
            .conn()
            .prepare_cached(sql)?
            .query_map([id.as_bytes()], read_wish)?
            .collect::<Result<_, _>>()?)
    }
    /// The staged commit of one conversation.
    pub fn pending_commit(
        &self,
        id: ConversationId,
    ) -> Result<Option<PendingCommitRow>, StoreError> {
        let sql = format!("SELECT {PENDING} FROM pending_commit WHERE conversation = ?1");
        Ok(self
            .conn()
            .prepare_cached(&sql)?
            .query_row([id.as_bytes()], read_pending)
            .optional()?)
    }
    /// Conversations with a wish that is due, or a staged commit. Where nothing can be committed, wishes do not count.
    pub fn conversations_with_changes(
        &self,
        now: Timestamp,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT conversation FROM wish JOIN conversation c ON c.id = conversation
                   WHERE not_before <= ?1 AND c.state IN (1, 2, 5) UNION SELECT conversation FROM pending_commit";
        let mut statement = self.conn().prepare_cached(sql)?;
        let rows =
            statement.query_map([now.millis()], |row| row.get(0).map(ConversationId::new))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl WriteTx<'_> {
    /// Notes a wish; the same wish twice is one, due at the earlier time.
    pub fn add_wish(
        &self,
        id: ConversationId,
        kind: WishKind,
        owner_kind: u8,
        owner: &[u8],
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO wish (conversation, kind, owner_kind, owner, not_before, since) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
                   ON CONFLICT (conversation, kind, owner_kind, owner)
                   DO UPDATE SET not_before = min(not_before, ?5), since = ?5";
        self.conn().prepare_cached(sql)?.execute(params![
            id.as_bytes(),
            wish_code(kind),
            owner_kind,
            owner,
            not_before.millis()
        ])?;
        Ok(())
    }
    /// What was due and could not be had now is tried again later: after half the time it has been due, at least 15
    /// seconds, at most an hour.
    pub fn postpone_wishes(&self, id: ConversationId, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE wish SET not_before = ?2 + max(15000, min(3600000, (?2 - since) / 2))
                   WHERE conversation = ?1 AND not_before <= ?2";
        self.conn()
            .prepare_cached(sql)?
            .execute(params![id.as_bytes(), now.millis()])?;
        Ok(())
    }
    /// Nothing can be committed here any more.
    pub fn drop_wishes(&self, id: ConversationId) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM wish WHERE conversation = ?1")?
            .execute([id.as_bytes()])?;
        Ok(())
    }
    /// A wish is fulfilled, or cannot be.
    pub fn drop_wish(&self, id: i64) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM wish WHERE id = ?1")?
            .execute([id])?;
        Ok(())
    }
    /// Remembers a staged commit, in the transaction that staged it.
    pub fn put_pending_commit(
        &self,
        row: &PendingCommitRow,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO pending_commit (conversation, from_epoch, request, commit_digest, next_key, roster_seq, resync, since)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.conn().prepare_cached(sql)?.execute(params![
            row.conversation.as_bytes(),
            row.from_epoch,
            row.request,
            row.commit_digest.as_bytes(),
            row.next_key,
            row.roster_seq,
            row.resync,
            at.millis(),
        ])?;
        Ok(())
    }
    /// The commit's fate is known.
    pub fn drop_pending_commit(&self, id: ConversationId) -> Result<(), StoreError> {
        self.conn()
            .prepare_cached("DELETE FROM pending_commit WHERE conversation = ?1")?
            .execute([id.as_bytes()])?;
        Ok(())
    }
}

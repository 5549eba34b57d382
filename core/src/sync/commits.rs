//! Changes of membership, from wish to accepted epoch: plan, claim key packages, stage, post, and either merge or
//! begin again behind whoever was faster.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::slot::Advance;
use sotto_wire::ErrorCode;

use super::{Engine, SyncError};
use crate::base::ConversationId;
use crate::membership::{self, Plan, commit, join, load_group};
use crate::outbox;
use crate::store::StoreError;
use crate::store::table::conversation::ConversationState;
use crate::store::table::membership::PendingCommitRow;
use crate::timeline;

/// The roster entry up to which groups have been compared with the roster.
const COMPARED: &str = "groups compared up to";
/// How often one round tries again behind a faster commit.
const ATTEMPTS: usize = 6;

impl Engine {
    /// Brings every conversation that needs it to the membership it should have. Says how many commits were accepted.
    pub(super) async fn settle_all(self: &Arc<Self>, deadline: Duration) -> (usize, Option<SyncError>) {
        let (mut accepted, mut trouble) = (0, None);
        let ids = match self.needing_change().await {
            Ok(ids) => ids,
            Err(error) => return (0, Some(error)),
        };
        for id in ids {
            match self.settle(id, deadline).await {
                Ok(count) => accepted += count,
                Err(error) => trouble = Some(error),
            }
        }
        (accepted, trouble)
    }

    /// Conversations with a wish that is due or a staged commit. Where the roster has moved on, all groups are compared
    /// with it first, and what differs becomes a wish.
    async fn needing_change(self: &Arc<Self>) -> Result<Vec<ConversationId>, SyncError> {
        let (seq, compared) = self.read(|tx, context| Ok((context.head().seq, tx.meta::<u64>(COMPARED)?)))?;
        if compared != Some(seq) {
            self.write_blocking("comparing groups with the roster", |tx, context| {
                for conversation in tx.conversations()? {
                    if conversation.state == ConversationState::Active {
                        membership::plan::heal(tx, context, &conversation)?;
                    }
                }
                Ok(tx.put_meta(COMPARED, &context.head().seq)?)
            })
            .await?;
        }
        self.read(|tx, context| Ok(tx.conversations_with_changes(context.now)?))
    }

    /// One conversation, until nothing is left to commit.
    async fn settle(self: &Arc<Self>, id: ConversationId, deadline: Duration) -> Result<usize, SyncError> {
        let one_at_a_time = self.committing.lock().await;
        let mut accepted = 0;
        for _ in 0..ATTEMPTS {
            let pending = self.store.read::<_, StoreError>(|tx| tx.pending_commit(id))?;
            let pending = match pending {
                Some(pending) => pending,
                None => match self.stage(id, deadline).await? {
                    Some(pending) => pending,
                    None => break,
                },
            };
            if self.post(&pending, deadline).await? {
                accepted += 1;
            }
        }
        drop(one_at_a_time);
        self.encrypt_waiting(id).await?;
        Ok(accepted)
    }

    async fn stage(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<Option<PendingCommitRow>, SyncError> {
        let plan = self
            .write_blocking("planning a commit", move |tx, context| {
                let Some(conversation) = tx.conversation(id)? else { return Ok(Plan::default()) };
                let usable = matches!(conversation.state, ConversationState::Active | ConversationState::Creating);
                let Some(group) = load_group(tx, &conversation)?.filter(|_| usable) else {
                    return Ok(Plan::default());
                };
                Ok(membership::plan(tx, context, &conversation, &group)?)
            })
            .await?;
        if plan.is_empty() {
            return Ok(None);
        }
        let claimed = self.claim(&plan.add, deadline).await?;
        self.write_blocking("staging a commit", move |tx, context| {
            let Some(conversation) = tx.conversation(id)? else { return Ok(None) };
            let Some(mut group) = load_group(tx, &conversation)? else { return Ok(None) };
            if let Some(pending) = tx.pending_commit(id)? {
                return Ok(Some(pending));
            }
            // The world may have moved while the key packages were fetched.
            let mut plan = membership::plan(tx, context, &conversation, &group)?;
            plan.add.retain(|device| claimed.iter().any(|(have, _)| have == device));
            if plan.is_empty() {
                return Ok(None);
            }
            let packages: Vec<Vec<u8>> = plan
                .add
                .iter()
                .filter_map(|device| claimed.iter().find(|(have, _)| have == device).map(|(_, bytes)| bytes.clone()))
                .collect();
            commit::stage(tx, context, &conversation, &mut group, &plan, &packages)?;
            Ok(tx.pending_commit(id)?)
        })
        .await
    }

    /// Posts a staged commit; `true` where it was accepted, `false` where somebody else was faster.
    async fn post(self: &Arc<Self>, pending: &PendingCommitRow, deadline: Duration) -> Result<bool, SyncError> {
        let request: Advance = sotto_wire::decode(&pending.request).map_err(|_| outbox::OutboxError::Damaged)?;
        let bearer = self.bearer()?;
        let answer = match self.transport.advance(&bearer, &request, deadline).await {
            Err(error) if error.code() == Some(ErrorCode::Unauthorized) && self.rotated(deadline).await? => {
                self.transport.advance(&self.bearer()?, &request, deadline).await
            }
            other => other,
        };
        let id = pending.conversation;
        match answer {
            Ok(_) => {
                let pending = pending.clone();
                self.write_blocking("merging an accepted commit", move |tx, context| {
                    // Its echo may have been ingested meanwhile.
                    let still = tx.pending_commit(id)?.is_some_and(|p| p.commit_digest == pending.commit_digest);
                    let Some(conversation) = tx.conversation(id)?.filter(|_| still) else { return Ok(()) };
                    tx.mark_payload_seen(pending.commit_digest.as_bytes(), context.now)?;
                    let accepted = commit::accepted(tx, context, &conversation, &pending)?;
                    join::settle_direct(tx, &conversation)?;
                    if let Some(follow) = timeline::committed(tx, context, &conversation, &accepted)? {
                        let conversation = tx.conversation(id)?.unwrap_or(conversation);
                        outbox::file(tx, context, &conversation, None, &follow)?;
                    }
                    Ok(())
                })
                .await?;
                Ok(true)
            }
            Err(error) if error.code() == Some(ErrorCode::EpochConflict) => {
                let resync = pending.resync;
                self.write_blocking("withdrawing a commit that lost", move |tx, _| {
                    if let Some(conversation) = tx.conversation(id)? {
                        commit::lost(tx, &conversation)?;
                    }
                    Ok(())
                })
                .await?;
                if resync {
                    self.resync(id, deadline).await?;
                } else {
                    self.pull(deadline).await?;
                    self.fill_gap(id, deadline).await?;
                }
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the roster after a refusal; `true` where the bearer is another one now.
    async fn rotated(self: &Arc<Self>, deadline: Duration) -> Result<bool, SyncError> {
        let before = self.bearer()?;
        self.read_roster(deadline).await?;
        Ok(self.bearer()? != before)
    }
}

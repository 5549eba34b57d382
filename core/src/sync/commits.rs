//! Changes of membership, from wish to accepted epoch: plan, claim key packages, stage, post, and either merge or
//! begin again behind whoever was faster.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::ErrorCode;
use sotto_wire::slot::Advance;

use super::pull::follow;
use super::{Engine, SyncError};
use crate::base::{ConversationId, random};
use crate::inbox::{self, Cause};
use crate::membership::{self, MembershipError, Plan, commit, load_group};
use crate::outbox;
use crate::store::table::conversation::ConversationState;
use crate::store::table::membership::PendingCommitRow;
use crate::store::table::queue::OutboxKind;
use crate::store::{StoreError, Topic};
use crate::timeline;

/// The roster entry up to which groups have been compared with the roster.
const COMPARED: &str = "groups compared up to";
/// How often one round tries again behind a faster commit.
const ATTEMPTS: usize = 6;

impl Engine {
    /// Brings every conversation that needs it to the membership it should have. Says how many commits were accepted.
    pub(super) async fn settle_all(
        self: &Arc<Self>,
        deadline: Duration,
    ) -> (usize, Option<SyncError>) {
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
        let (seq, compared) =
            self.read(|tx, context| Ok((context.head().seq, tx.meta::<u64>(COMPARED)?)))?;
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

    /// One conversation, until nothing is left to commit. What could not be had is tried again later.
    pub(super) async fn settle(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<usize, SyncError> {
        let early = self.store.read::<_, StoreError>(|tx| {
            // A slot that the relay does not have yet cannot be advanced.
            let head = tx.outbox_lane(id, 1)?.pop();
            let slotless = head.is_some_and(|row| row.kind == OutboxKind::CreateSlot);
            // Others would be told of an alias that the relay refuses.
            Ok(slotless || tx.unreachable_conversations()?.contains(&id))
        })?;
        if early {
            return Ok(0);
        }
        let one_at_a_time = self.committing.lock().await;
        let outcome = self.commit_all(id, deadline).await;
        drop(one_at_a_time);
        if outcome.is_ok() {
            // Nothing stood in the way, so what is still due cannot be had. Trouble has a pace of its own.
            self.write_blocking("putting off what cannot be had yet", move |tx, context| {
                Ok(tx.postpone_wishes(id, context.now)?)
            })
            .await?;
        }
        self.encrypt_waiting(id).await?;
        outcome
    }

    async fn commit_all(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<usize, SyncError> {
        let mut accepted = 0;
        for _ in 0..ATTEMPTS {
            let pending = self
                .store
                .read::<_, StoreError>(|tx| tx.pending_commit(id))?;
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
        Ok(accepted)
    }

    async fn stage(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<Option<PendingCommitRow>, SyncError> {
        let plan = self
            .write_blocking("planning a commit", move |tx, context| {
                let Some(conversation) = tx.conversation(id)? else {
                    return Ok(Plan::default());
                };
                let Some(group) =
                    load_group(tx, &conversation)?.filter(|_| usable(conversation.state))
                else {
                    return Ok(Plan::default());
                };
                Ok(membership::plan(tx, context, &conversation, &group)?)
            })
            .await?;
        if plan.is_empty() {
            return Ok(None);
        }
        let claimed = match self.claim(&plan.add, deadline).await {
            // Nobody can be added until the clock is set, which the doctor says; all else goes on.
            Err(SyncError::ClockWrong { .. }) => Vec::new(),
            other => other?,
        };
        self.write_blocking("staging a commit", move |tx, context| {
            let Some(conversation) = tx.conversation(id)? else {
                return Ok(None);
            };
            let group = load_group(tx, &conversation)?.filter(|_| usable(conversation.state));
            let Some(mut group) = group else {
                return Ok(None);
            };
            if let Some(pending) = tx.pending_commit(id)? {
                return Ok(Some(pending));
            }
            // The world may have moved while the key packages were fetched.
            let mut plan = membership::plan(tx, context, &conversation, &group)?;
            plan.add
                .retain(|device| claimed.iter().any(|(have, _)| have == device));
            if plan.is_empty() {
                return Ok(None);
            }
            let packages = |plan: &Plan| -> Vec<Vec<u8>> {
                let of = |device| {
                    claimed
                        .iter()
                        .find(|(have, _)| have == device)
                        .map(|(_, bytes)| bytes.clone())
                };
                plan.add.iter().filter_map(of).collect()
            };
            let first = commit::stage(
                tx,
                context,
                &conversation,
                &mut group,
                &plan,
                &packages(&plan),
            );
            match first {
                Err(MembershipError::Mls(error)) if unfit(&error) && !plan.add.is_empty() => {
                    // One package that does not fit must not keep the others out, nor anybody in.
                    let bound = u64::try_from(plan.add.len()).unwrap_or(1);
                    let one = usize::try_from(random::below(context.random, bound)).unwrap_or(0);
                    plan.add = if plan.add.len() > 1 {
                        vec![plan.add.swap_remove(one)]
                    } else {
                        Vec::new()
                    };
                    if plan.is_empty() {
                        return Err(MembershipError::Mls(error).into());
                    }
                    let mut group =
                        load_group(tx, &conversation)?.ok_or(MembershipError::NoConversation)?;
                    commit::stage(
                        tx,
                        context,
                        &conversation,
                        &mut group,
                        &plan,
                        &packages(&plan),
                    )?;
                }
                other => other?,
            }
            Ok(tx.pending_commit(id)?)
        })
        .await
    }

    /// Posts a staged commit; `true` where it was accepted, `false` where somebody else was faster.
    async fn post(
        self: &Arc<Self>,
        pending: &PendingCommitRow,
        deadline: Duration,
    ) -> Result<bool, SyncError> {
        let request: Advance =
            sotto_wire::decode(&pending.request).map_err(|_| outbox::OutboxError::Damaged)?;
        let bearer = self.bearer()?;
        let answer = match self.transport.advance(&bearer, &request, deadline).await {
            Err(error)
                if error.code() == Some(ErrorCode::Unauthorized)
                    && self.rotated(deadline).await? =>
            {
                self.transport
                    .advance(&self.bearer()?, &request, deadline)
                    .await
            }
            other => other,
        };
        let id = pending.conversation;
        let pending = pending.clone();
        let error = match answer {
            Ok(answer) => {
                self.write_blocking("merging an accepted commit", move |tx, context| {
                    // Its echo may have been ingested meanwhile.
                    let still = tx
                        .pending_commit(id)?
                        .is_some_and(|p| p.commit_digest == pending.commit_digest);
                    let Some(conversation) = tx.conversation(id)?.filter(|_| still) else {
                        return Ok(());
                    };
                    tx.mark_payload_seen(pending.commit_digest.as_bytes(), context.now)?;
                    let accepted = commit::accepted(tx, context, &conversation, &pending)?;
                    outbox::undelivered(tx, &request.body, &answer.refused, context.now)?;
                    let word = timeline::committed(tx, context, &conversation, &accepted)?;
                    // Others may have spoken in the new epoch already.
                    let mut report = inbox::retry_held(tx, context, Cause::Moved(id))?;
                    report.follow.extend(word.map(|word| (id, word)));
                    follow(tx, context, &mut report)
                })
                .await?;
                return Ok(true);
            }
            Err(error) => error,
        };
        match error.code() {
            Some(ErrorCode::EpochConflict) => {
                // Perhaps somebody was faster; perhaps it was this very commit, so long ago that the relay has forgotten
                // its answer. Both are in the mailbox or in the slot.
                self.pull(deadline).await?;
                let resync = pending.resync;
                if !resync {
                    self.fill_gap(id, deadline).await?;
                }
                self.withdraw(pending).await?;
                if resync {
                    self.resync(id, deadline).await?;
                }
                Ok(false)
            }
            // The bearer is the newest, so it is the epoch's key that the relay does not take: somebody registered
            // another. Only the resync key helps there.
            Some(ErrorCode::Unauthorized) => {
                self.withdraw(pending).await?;
                self.write_blocking("a conversation stands still", move |tx, _| {
                    tx.set_conversation_state(id, ConversationState::Stalled)?;
                    tx.emit(Topic::Conversation, id.as_bytes().to_vec());
                    Ok(())
                })
                .await?;
                Err(error.into())
            }
            Some(ErrorCode::BadRequest | ErrorCode::TooLarge) => {
                self.withdraw(pending).await?;
                Err(error.into())
            }
            _ => Err(error.into()),
        }
    }

    async fn withdraw(self: &Arc<Self>, pending: PendingCommitRow) -> Result<(), SyncError> {
        self.write_blocking("withdrawing a commit that lost", move |tx, _| {
            if let Some(conversation) = tx.conversation(pending.conversation)? {
                commit::lost(tx, &conversation, &pending)?;
            }
            Ok(())
        })
        .await
    }

    /// Reads the roster after a refusal; `true` where the bearer is another one now.
    async fn rotated(self: &Arc<Self>, deadline: Duration) -> Result<bool, SyncError> {
        let before = self.bearer()?;
        self.read_roster(deadline).await?;
        Ok(self.bearer()? != before)
    }
}

/// Whether commits are made in a conversation in this state. A read-only one still has removals to make before the last
/// drafts leave.
const fn usable(state: ConversationState) -> bool {
    matches!(
        state,
        ConversationState::Active | ConversationState::Creating | ConversationState::ReadOnly
    )
}

/// Whether it is the key packages that the engine refuses.
const fn unfit(error: &crate::mls::Error) -> bool {
    use crate::mls::Error as E;
    matches!(
        error,
        E::KeyPackage | E::Unfit | E::Suite | E::AlreadyMember | E::Malformed
    )
}

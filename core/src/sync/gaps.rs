//! Catching up with a group from the relay's recent commits, and coming back to one whose state is lost.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::Entry;
use sotto_wire::slot::Read;
use sotto_wire::submit::Class;
use sotto_wire::{
    Alias, EntrySeq, Epoch, ErrorCode, RelayTime, Sealed, Sig, SlotId, TenantId, op, signed,
};

use super::engine::aside;
use super::{Engine, SyncError};
use crate::base::ConversationId;
use crate::inbox;
use crate::membership::{MembershipError, commit, keys, resync};
use crate::mls::{GroupId, View};
use crate::store::table::conversation::{ConversationRow, ConversationState};
use crate::store::table::held::HeldCause;
use crate::store::{ReadTx, StoreError, Topic, WriteTx};

impl Engine {
    /// Catches up with the conversations in which something new waits for a commit.
    pub(super) async fn fill_gaps(
        self: &Arc<Self>,
        deadline: Duration,
        trouble: &mut Option<SyncError>,
    ) -> Result<(), SyncError> {
        for (id, newest) in self.store.read::<_, StoreError>(|tx| tx.gaps())? {
            if self.asked(|asked| asked.gaps.insert(id, newest)) != Some(newest) {
                aside(trouble, self.fill_gap(id, deadline).await)?;
            }
        }
        Ok(())
    }

    async fn read_slot(
        self: &Arc<Self>,
        conversation: &ConversationRow,
        since: u64,
        group_info: bool,
        deadline: Duration,
    ) -> Result<Option<sotto_wire::slot::Slot>, SyncError> {
        let offset = self.status().clock.map_or(0, |c| c.offset_ms);
        let at = RelayTime(self.clock.now().millis().saturating_add(offset));
        let request = self.read(|tx, context| {
            let keys = tx.conversation_keys(conversation.id)?;
            let tenant = TenantId::new(context.me.tenant);
            let (slot, since) = (SlotId::new(conversation.slot), Epoch(since));
            Ok(keys.first().map(|(_, key)| {
                let bytes = signed::slot_read(&tenant, &slot, since, at).bytes();
                let sig = Sig::new(*keys::resync_key(key).sign_raw(&bytes).as_bytes());
                Read {
                    slot,
                    since,
                    at,
                    sig,
                    group_info,
                }
            }))
        })?;
        match request {
            Some(request) => Ok(Some(
                self.bearer_call::<op::SlotRead>(&request, deadline).await?,
            )),
            None => Ok(None),
        }
    }

    /// Fetches the commits between this device's epoch and the relay's, and ingests them in order. Where the relay has
    /// accepted a commit that this device has not got or does not follow, the conversation stands still; where it has
    /// accepted none, whatever waited for one is refused.
    pub(super) async fn fill_gap(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<(), SyncError> {
        loop {
            let found = self.read(|tx, _| {
                let Some(conversation) = tx.conversation(id)? else {
                    return Ok(None);
                };
                let newest = tx
                    .gaps()?
                    .into_iter()
                    .find(|(gap, _)| *gap == id)
                    .map(|(_, newest)| newest);
                Ok(epoch_of(tx, &conversation)?.map(|epoch| (conversation, epoch, newest)))
            })?;
            let Some((conversation, epoch, newest)) = found else {
                return Ok(());
            };
            if matches!(
                conversation.state,
                ConversationState::Left | ConversationState::Stalled
            ) {
                return Ok(());
            }
            let Some(slot) = self
                .read_slot(&conversation, epoch, false, deadline)
                .await?
            else {
                return Ok(());
            };
            if slot.epoch.0 < epoch {
                return Ok(());
            }
            if slot.epoch.0 == epoch {
                let Some(newest) = newest else { return Ok(()) };
                return self
                    .write_blocking("refusing what waited for no commit", move |tx, _| {
                        let still = tx
                            .conversation(id)?
                            .map(|c| epoch_of(tx, &c))
                            .transpose()?
                            .flatten();
                        if still == Some(epoch) && tx.refuse_gap(id, newest)? > 0 {
                            tx.emit(Topic::Held, Vec::new());
                        }
                        Ok(())
                    })
                    .await;
            }
            let now = self.clock.now();
            let entries = slot
                .commits
                .into_iter()
                .enumerate()
                .map(|(index, commit)| Entry {
                    // Numbers no relay gives: nothing of this is acknowledged.
                    seq: EntrySeq(inbox::LATE | u64::try_from(index).unwrap_or(0)),
                    alias: Alias::new(conversation.alias),
                    payload: commit.payload,
                    receipt: None,
                    accepted: RelayTime(now.millis()),
                    class: Class::Routine,
                });
            self.ingest(entries.collect()).await?;
            let stuck = self
                .write_blocking("seeing whether a gap is filled", move |tx, _| {
                    let Some(row) = tx.conversation(id)? else {
                        return Ok(true);
                    };
                    if row.state == ConversationState::Left
                        || epoch_of(tx, &row)?.is_none_or(|now| now > epoch)
                    {
                        return Ok(row.state == ConversationState::Left);
                    }
                    // What the relay accepted has not been followed, though it is all here. For the roster one waits.
                    if !tx.waits_for(id, HeldCause::RosterBehind)? {
                        tx.refuse_gap(id, i64::MAX)?;
                        withdraw(tx, &row)?;
                        tx.set_conversation_state(id, ConversationState::Stalled)?;
                        tx.emit(Topic::Conversation, id.as_bytes().to_vec());
                    }
                    Ok(true)
                })
                .await?;
            if stuck {
                return Ok(());
            }
        }
    }

    /// Comes back to a conversation by an external commit from the relay's newest GroupInfo.
    pub(super) async fn resync(
        self: &Arc<Self>,
        id: ConversationId,
        deadline: Duration,
    ) -> Result<(), SyncError> {
        // The commit names this device's roster, and nobody follows one that goes back behind the last.
        self.read_roster(deadline).await?;
        let conversation = self.read(|tx, _| Ok(tx.conversation(id)?))?;
        let Some(conversation) = conversation.filter(|c| c.state != ConversationState::Left) else {
            return Ok(());
        };
        let Some(slot) = self.read_slot(&conversation, 0, true, deadline).await? else {
            return Ok(());
        };
        let Some(info) = slot.group_info.map(Sealed::into_bytes) else {
            return Ok(());
        };
        self.write_blocking("coming back by external commit", move |tx, context| {
            if tx.pending_commit(id)?.is_none_or(|pending| !pending.resync) {
                resync::rejoin(tx, context, &conversation, &info)?;
            }
            Ok(())
        })
        .await
    }

    /// Comes back to every conversation that stands still, and with `deep` to every one that has lost its group.
    pub(super) async fn resync_lost(
        self: &Arc<Self>,
        deep: bool,
        deadline: Duration,
        trouble: &mut Option<SyncError>,
    ) -> Result<(), SyncError> {
        let mut lost = self.read(|tx, _| {
            let mut lost = tx.conversations_in(ConversationState::Stalled)?;
            if deep {
                for conversation in tx.conversations_in(ConversationState::Active)? {
                    if epoch_of(tx, &conversation)?.is_none() {
                        lost.push(conversation);
                    }
                }
            }
            Ok(lost)
        })?;
        lost.retain(|conversation| self.asked(|asked| !asked.hopeless.contains(&conversation.id)));
        for conversation in lost {
            let id = conversation.id;
            let back = match self.resync(id, deadline).await {
                Ok(()) => self.settle(id, deadline).await.map(drop),
                Err(error) => Err(error),
            };
            // Where no way leads back, the conversation's state says so; everything else goes on without trouble.
            let nowhere = back.as_ref().is_err_and(leads_nowhere);
            if nowhere || aside(trouble, back)?.is_none() {
                self.asked(|asked| asked.hopeless.insert(id));
            }
        }
        Ok(())
    }
}

/// Whether what the relay keeps of a conversation is no use to this device: a GroupInfo of junk, or keys not its own.
fn leads_nowhere(error: &SyncError) -> bool {
    match error {
        SyncError::Membership(error) => !matches!(error, MembershipError::Store(_)),
        SyncError::Transport(error) => matches!(
            error.code(),
            Some(ErrorCode::Unauthorized | ErrorCode::NotFound)
        ),
        _ => false,
    }
}

/// Nothing staged on an epoch that is given up may go out.
fn withdraw(tx: &WriteTx<'_>, conversation: &ConversationRow) -> Result<(), SyncError> {
    if let Some(pending) = tx.pending_commit(conversation.id)? {
        commit::lost(tx, conversation, &pending)?;
    }
    Ok(())
}

fn epoch_of(tx: &ReadTx<'_>, conversation: &ConversationRow) -> Result<Option<u64>, SyncError> {
    match GroupId::from_slice(&conversation.mls_group) {
        Some(id) => Ok(View::load(tx, id)?.map(|view| view.epoch())),
        None => Ok(None),
    }
}

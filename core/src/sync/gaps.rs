//! Catching up with a group from the relay's recent commits, and coming back to one whose state is lost.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::live::Entry;
use sotto_wire::slot::Read;
use sotto_wire::submit::Class;
use sotto_wire::{Alias, EntrySeq, Epoch, RelayTime, Sealed, Sig, SlotId, TenantId, op, signed};

use super::{Engine, SyncError};
use crate::base::ConversationId;
use crate::inbox;
use crate::membership::{keys, load_group, resync};
use crate::mls::{GroupId, View};
use crate::store::ReadTx;
use crate::store::table::conversation::{ConversationRow, ConversationState};
use crate::store::table::held::HeldCause;

impl Engine {
    /// Conversations with messages of an epoch this device has not reached.
    pub(super) fn gaps(&self) -> Result<Vec<ConversationId>, SyncError> {
        self.read(|tx, _| {
            let mut ids: Vec<ConversationId> = Vec::new();
            for row in tx.held_open(500)?.into_iter().filter(|r| r.cause == HeldCause::FutureEpoch) {
                if let Some(id) = row.conversation.filter(|id| !ids.contains(id)) {
                    ids.push(id);
                }
            }
            Ok(ids)
        })
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
                Read { slot, since, at, sig, group_info }
            }))
        })?;
        match request {
            Some(request) => Ok(Some(self.bearer_call::<op::SlotRead>(&request, deadline).await?)),
            None => Ok(None),
        }
    }

    /// Fetches the commits between this device's epoch and the relay's, and ingests them in order.
    pub(super) async fn fill_gap(self: &Arc<Self>, id: ConversationId, deadline: Duration) -> Result<(), SyncError> {
        let found = self
            .write_blocking("looking for a gap", move |tx, _| {
                let Some(conversation) = tx.conversation(id)? else { return Ok(None) };
                let epoch = load_group(tx, &conversation)?.map(|group| group.epoch());
                Ok(epoch.map(|epoch| (conversation, epoch)))
            })
            .await?;
        let Some((conversation, epoch)) = found else { return Ok(()) };
        let Some(slot) = self.read_slot(&conversation, epoch, false, deadline).await? else { return Ok(()) };
        if slot.epoch.0 <= epoch {
            return Ok(());
        }
        let now = self.clock.now();
        let entries: Vec<Entry> = slot
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
            })
            .collect();
        self.ingest(entries).await?;
        Ok(())
    }

    /// Comes back to a conversation by an external commit from the relay's newest GroupInfo.
    pub(super) async fn resync(self: &Arc<Self>, id: ConversationId, deadline: Duration) -> Result<(), SyncError> {
        let conversation = self.read(|tx, _| Ok(tx.conversation(id)?))?;
        let Some(conversation) = conversation.filter(|c| c.state != ConversationState::Left) else { return Ok(()) };
        let Some(slot) = self.read_slot(&conversation, 0, true, deadline).await? else { return Ok(()) };
        let Some(info) = slot.group_info.map(Sealed::into_bytes) else { return Ok(()) };
        self.write_blocking("coming back by external commit", move |tx, context| {
            Ok(resync::rejoin(tx, context, &conversation, &info)?)
        })
        .await
    }

    /// Comes back to every conversation that stands still, and with `deep` to every one that has lost its group. Says to
    /// how many.
    pub(super) async fn resync_lost(self: &Arc<Self>, deep: bool, deadline: Duration) -> Result<usize, SyncError> {
        let lost = self.read(|tx, _| {
            let mut ids = Vec::new();
            for conversation in tx.conversations()? {
                let stands_still = conversation.state == ConversationState::Stalled;
                let usable = deep && conversation.state == ConversationState::Active;
                let gone = usable && !has_group(tx, &conversation)?;
                if (stands_still || gone) && tx.pending_commit(conversation.id)?.is_none() {
                    ids.push(conversation.id);
                }
            }
            Ok(ids)
        })?;
        for id in &lost {
            self.resync(*id, deadline).await?;
        }
        Ok(lost.len())
    }
}

fn has_group(tx: &ReadTx<'_>, conversation: &ConversationRow) -> Result<bool, SyncError> {
    match GroupId::from_slice(&conversation.mls_group) {
        Some(id) => Ok(View::load(tx, id)?.is_some()),
        None => Ok(false),
    }
}

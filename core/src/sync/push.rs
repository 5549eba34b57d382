//! Outbox to relay: the head of each lane leaves with the bytes that were stored, and the next one follows when the
//! answer has been stored.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::submit::Submit;
use sotto_wire::{ErrorCode, op};

use super::{Engine, SyncError};
use crate::base::ConversationId;
use crate::outbox;
use crate::store::table::attachment::AttachmentState;
use crate::store::table::queue::{OutboxKind, OutboxRow};
use crate::store::{ReadTx, StoreError};
use crate::transport::{Backoff, Retry};

impl Engine {
    /// Sends what may leave now. One lane's trouble does not stop the others; the last error is returned after all
    /// lanes had their turn, and how many requests were answered.
    pub(super) async fn push(self: &Arc<Self>, deadline: Duration) -> (usize, Option<SyncError>) {
        let (mut answered, mut trouble) = (0, None);
        if let Err(error) = self.upload_attachments().await {
            trouble = Some(error);
        }
        loop {
            let now = self.clock.now();
            let heads = match self.store.read::<_, StoreError>(sendable) {
                Ok(heads) => heads,
                Err(error) => return (answered, Some(error.into())),
            };
            let mut progress = false;
            for row in heads
                .into_iter()
                .filter(|r| r.kind != OutboxKind::Draft && r.not_before <= now)
            {
                match self.push_row(&row, deadline).await {
                    Ok(()) => {
                        answered += 1;
                        progress = true;
                    }
                    Err(error) => trouble = Some(self.postpone(&row, error)),
                }
            }
            if !progress {
                return (answered, trouble);
            }
        }
    }

    async fn push_row(
        self: &Arc<Self>,
        row: &OutboxRow,
        deadline: Duration,
    ) -> Result<(), SyncError> {
        match row.kind {
            OutboxKind::Draft => Ok(()),
            OutboxKind::CreateSlot => {
                let request =
                    sotto_wire::decode(&row.request).map_err(|_| outbox::OutboxError::Damaged)?;
                self.bearer_call::<op::SlotCreate>(&request, deadline)
                    .await?;
                let id = row.id;
                self.write_blocking("slot created", move |tx, _| Ok(tx.drop_outbox(id)?))
                    .await
            }
            OutboxKind::Submit => {
                let request: Submit =
                    sotto_wire::decode(&row.request).map_err(|_| outbox::OutboxError::Damaged)?;
                let row = row.clone();
                let answer = match self.submit(&request, deadline).await {
                    Err(SyncError::Transport(error))
                        if error.code() == Some(ErrorCode::AlreadyExists) =>
                    {
                        return self
                            .write_blocking("known to the relay already", move |tx, context| {
                                Ok(outbox::known_already(tx, &row, context.now)?)
                            })
                            .await;
                    }
                    other => other?,
                };
                self.write_blocking("queued at the relay", move |tx, context| {
                    Ok(outbox::queued(tx, &row, &answer, context.now)?)
                })
                .await
            }
        }
    }

    async fn submit(
        self: &Arc<Self>,
        request: &Submit,
        deadline: Duration,
    ) -> Result<sotto_wire::submit::Queued, SyncError> {
        let bearer = self.bearer()?;
        match self.transport.submit(&bearer, request, deadline).await {
            Err(error) if error.code() == Some(ErrorCode::Unauthorized) => {
                self.read_roster(deadline).await?;
                Ok(self
                    .transport
                    .submit(&self.bearer()?, request, deadline)
                    .await?)
            }
            other => Ok(other?),
        }
    }

    /// Later, with a wait that grows; a refusal that cannot change is tried again rarely and stays visible.
    fn postpone(&self, row: &OutboxRow, error: SyncError) -> SyncError {
        let wait = match &error {
            SyncError::Transport(error) => match error.retry() {
                Retry::Now => Duration::ZERO,
                Retry::After(least) => least,
                Retry::Never | Retry::NeedsUser => Duration::from_secs(300),
            },
            _ => Duration::from_secs(5),
        };
        let grown = Backoff::default().nth(row.attempts, &*self.random);
        let not_before = self.clock.now().plus(wait.max(grown));
        let id = row.id;
        match self
            .store
            .write::<_, StoreError>("postponing", |tx| tx.outbox_retry(id, not_before))
        {
            Ok(()) => error,
            Err(store) => store.into(),
        }
    }

    /// Whether anything waits that could leave later.
    pub(super) fn waiting(&self) -> Result<usize, SyncError> {
        let len = self.store.read::<_, StoreError>(|tx| tx.outbox_len())?;
        Ok(usize::try_from(len).unwrap_or(usize::MAX))
    }

    /// Encrypts drafts of a conversation that waited for a change of membership.
    pub(super) async fn encrypt_waiting(
        self: &Arc<Self>,
        id: ConversationId,
    ) -> Result<(), SyncError> {
        if self
            .store
            .read::<_, StoreError>(|tx| tx.outbox_drafts(id, 1))?
            .is_empty()
        {
            return Ok(());
        }
        self.write_blocking("encrypting drafts", move |tx, context| {
            super::pull::encrypt_waiting(tx, context, id)
        })
        .await
    }
}

/// The head of each lane, less those whose attachment has not arrived at the relay yet, and those that would tell of an
/// alias which the relay does not know yet: what comes under it would be refused.
fn sendable(tx: &ReadTx<'_>) -> Result<Vec<OutboxRow>, StoreError> {
    let mut heads = tx.outbox_heads()?;
    let uploading: Vec<_> = tx
        .attachments_in(AttachmentState::Uploading)?
        .into_iter()
        .map(|row| row.message)
        .collect();
    let unknown = tx.unreachable_conversations()?;
    heads.retain(|row| row.kind == OutboxKind::CreateSlot || !unknown.contains(&row.lane));
    heads.retain(|row| {
        row.message
            .is_none_or(|message| !uploading.contains(&message))
    });
    Ok(heads)
}

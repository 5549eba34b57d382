//! The mailbox session. Its generation is compared and set at the relay, so that a copied or restored store is noticed
//! before it sends; the next generation is stored before it is asked for, so that a lost answer is none.

use std::sync::Arc;
use std::time::Duration;

use sotto_wire::{ErrorCode, Generation, MailboxId};

use super::{Engine, SyncError};
use crate::base::random;
use crate::store::StoreError;
use crate::transport::{self, Auth, Session};

impl Engine {
    /// A session: the one that stands, or a new one.
    pub(super) async fn session(
        self: &Arc<Self>,
        deadline: Duration,
    ) -> Result<Session, SyncError> {
        let mut current = self.session.lock().await;
        if let Some(session) = current.as_ref() {
            return Ok(session.clone());
        }
        let next: [u8; 16] = random::array(&*self.random);
        let me =
            self.store
                .write::<_, SyncError>("choosing the next session generation", |tx| {
                    let mut me = tx.device_self()?.ok_or(SyncError::NotEnrolled)?;
                    // One that was asked for and never confirmed is asked for again.
                    if me.next_generation == me.generation {
                        me.next_generation = next;
                        tx.put_device_self(&me)?;
                    }
                    Ok(me)
                })?;
        let started = transport::session::start(
            &self.transport,
            &me.mailbox_key,
            MailboxId::new(me.mailbox),
            Generation::new(me.generation),
            Generation::new(me.next_generation),
            deadline,
        )
        .await;
        let session = match started {
            Ok(session) => session,
            Err(error) => {
                return Err(match error.code() {
                    Some(ErrorCode::GenerationConflict) => SyncError::CopiedStore,
                    Some(ErrorCode::MailboxClosed) => SyncError::Excluded,
                    _ => error.into(),
                });
            }
        };
        self.store
            .write::<_, StoreError>("confirming the session generation", |tx| {
                // Another process of this store may have gone on from there.
                if let Some(mut stored) = tx
                    .device_self()?
                    .filter(|s| s.next_generation == me.next_generation)
                {
                    stored.generation = me.next_generation;
                    tx.put_device_self(&stored)?;
                }
                Ok(())
            })?;
        *current = Some(session.clone());
        Ok(session)
    }

    /// Forgets the session where the relay no longer takes it; says whether it did.
    pub(super) async fn session_failed(&self, error: &transport::TransportError) -> bool {
        let stale = matches!(
            error.code(),
            Some(ErrorCode::SessionExpired | ErrorCode::Unauthorized)
        );
        if stale {
            *self.session.lock().await = None;
        }
        stale
    }

    /// One operation of the mailbox, with a new session where the old one has ended.
    pub(super) async fn mailbox_call<O: sotto_wire::Operation>(
        self: &Arc<Self>,
        request: &O::Request,
        deadline: Duration,
    ) -> Result<O::Response, SyncError> {
        for attempt in 0..2 {
            let session = self.session(deadline).await?;
            let auth = Auth::Session(session.token);
            match self.transport.call::<O>(&auth, request, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    if error.code() == Some(ErrorCode::MailboxClosed) {
                        return Err(SyncError::Excluded);
                    }
                    if attempt == 1 || !self.session_failed(&error).await {
                        return Err(error.into());
                    }
                }
            }
        }
        Err(SyncError::Stopped)
    }

    /// One operation under the submit bearer. Where the bearer has been rotated, the roster is read first.
    pub(crate) async fn bearer_call<O: sotto_wire::Operation>(
        self: &Arc<Self>,
        request: &O::Request,
        deadline: Duration,
    ) -> Result<O::Response, SyncError> {
        let bearer = self.bearer()?;
        match self
            .transport
            .call::<O>(&Auth::Submit(bearer.clone()), request, deadline)
            .await
        {
            Err(error) if error.code() == Some(ErrorCode::Unauthorized) => {
                self.read_roster(deadline).await?;
                let newer = self.bearer()?;
                if newer == bearer {
                    return Err(error.into());
                }
                Ok(self
                    .transport
                    .call::<O>(&Auth::Submit(newer), request, deadline)
                    .await?)
            }
            other => Ok(other?),
        }
    }
}

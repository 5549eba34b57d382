//! Attachments on their way: up before the message that names them leaves, down when somebody asks.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use sotto_wire::blob::Create;
use sotto_wire::{BlobId, ErrorCode};
use tokio::fs::{File, OpenOptions};

use super::engine::aside;
use super::{Engine, SyncError};
use crate::base::{MessageId, codec, random};
use crate::membership::Context;
use crate::membership::commit::TTL_SECONDS;
use crate::outbox;
use crate::store::table::attachment::{AttachmentRow, AttachmentState};
use crate::store::{StoreError, Topic, WriteTx};
use crate::transport::{TransportError, blob};

fn local(error: std::io::Error) -> SyncError {
    SyncError::Transport(TransportError::Local(error.kind()))
}

/// Whether no later attempt can bring it to the relay.
fn is_lost(error: &SyncError) -> bool {
    match error {
        SyncError::Transport(TransportError::Local(kind)) => {
            matches!(kind, ErrorKind::NotFound | ErrorKind::UnexpectedEof)
        }
        SyncError::Transport(error) => error.code() == Some(ErrorCode::TooLarge),
        _ => false,
    }
}

/// A message one of whose attachments is lost does not leave: what it says of the file would not be true. Whoever wrote
/// it sees its end and that the attachment is gone.
fn fail(tx: &WriteTx<'_>, context: &Context<'_>, message: MessageId) -> Result<(), SyncError> {
    for row in tx.attachments(message)? {
        if row.state == AttachmentState::Uploading {
            tx.put_attachment(&AttachmentRow {
                state: AttachmentState::Gone,
                ..row
            })?;
        }
    }
    tx.emit(Topic::Message, message.as_bytes().to_vec());
    let Some(conversation) = tx.message(message)?.map(|row| row.conversation) else {
        return Ok(());
    };
    if let Some(conversation) = tx.conversation(conversation)? {
        outbox::withdraw(tx, context, &conversation, message)?;
    }
    Ok(())
}

impl Engine {
    /// Uploads what waits to be uploaded, from where the relay is. One attachment's trouble does not stop the others; one
    /// whose local copy is lost, or which the relay will never take, fails, and its message with it.
    pub(super) async fn upload_attachments(self: &Arc<Self>) -> Result<(), SyncError> {
        let rows = self
            .store
            .read::<_, StoreError>(|tx| tx.attachments_in(AttachmentState::Uploading))?;
        let mut trouble = None;
        for row in rows {
            let uploaded = self.upload(&row).await;
            match uploaded {
                Ok(()) => {
                    self.write_blocking("an attachment is at the relay", move |tx, _| {
                        Ok(tx.put_attachment(&AttachmentRow {
                            state: AttachmentState::Here,
                            ..row
                        })?)
                    })
                    .await?;
                }
                Err(error) if is_lost(&error) => {
                    self.write_blocking("an attachment is lost", move |tx, context| {
                        fail(tx, context, row.message)
                    })
                    .await?;
                }
                // Without the relay the others are not tried either.
                Err(SyncError::Transport(error @ TransportError::Network(_))) => {
                    return Err(error.into());
                }
                Err(error) => aside(&mut trouble, Err(error))?.unwrap_or(()),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    async fn upload(self: &Arc<Self>, row: &AttachmentRow) -> Result<(), SyncError> {
        let path = self.attachments().join(&row.file);
        let mut file = File::open(&path).await.map_err(local)?;
        let size = file.metadata().await.map_err(local)?.len();
        if size < row.size {
            return Err(local(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let create = Create {
            blob: BlobId::new(row.blob),
            size,
            ttl_s: TTL_SECONDS,
        };
        let bearer = self.bearer()?;
        blob::upload(&self.transport, &bearer, &create, &mut file, &mut |_, _| ()).await?;
        Ok(())
    }

    /// The encrypted copy of an attachment, fetched where it is not here or not whole.
    ///
    /// # Errors
    /// [`SyncError`]; the relay's `NotFound` where it has expired there.
    pub async fn fetch_attachment(
        self: &Arc<Self>,
        row: AttachmentRow,
        size: u64,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<PathBuf, SyncError> {
        let folder = self.attachments();
        tokio::fs::create_dir_all(&folder).await.map_err(local)?;
        let mut row = row;
        if row.file.is_empty() {
            row.file = codec::hex(&random::array::<16>(&*self.random));
            // Remembered first, so that a download that breaks off is resumed.
            let started = row.clone();
            self.store
                .write::<_, StoreError>("beginning to fetch an attachment", |tx| {
                    tx.put_attachment(&started)
                })?;
        }
        let path = folder.join(&row.file);
        if row.state != AttachmentState::Wanted {
            return Ok(path);
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .await
            .map_err(local)?;
        let have = file.metadata().await.map_err(local)?.len();
        if have < size {
            let blob = BlobId::new(row.blob);
            for attempt in 0..2 {
                let session = self.session(super::REQUEST).await?;
                match blob::download(
                    &self.transport,
                    &session.token,
                    blob,
                    have,
                    &mut file,
                    progress,
                )
                .await
                {
                    Ok(_) => break,
                    Err(error) if attempt == 0 && self.session_failed(&error).await => {}
                    Err(error) if error.code() == Some(ErrorCode::MailboxClosed) => {
                        return Err(SyncError::Excluded);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        file.sync_all().await.map_err(local)?;
        self.write_blocking("an attachment is here", move |tx, _| {
            Ok(tx.put_attachment(&AttachmentRow {
                state: AttachmentState::Here,
                done: size,
                ..row
            })?)
        })
        .await?;
        Ok(path)
    }

    /// Removes encrypted copies that no message names any more. Says how many.
    ///
    /// # Errors
    /// [`SyncError`].
    pub fn sweep_attachments(&self) -> Result<usize, SyncError> {
        let Ok(entries) = std::fs::read_dir(self.attachments()) else {
            return Ok(0);
        };
        let named = self
            .store
            .read::<_, StoreError>(|tx| tx.attachment_files())?;
        let mut removed = 0;
        for entry in entries.flatten() {
            let old = entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|at| {
                    at.elapsed()
                        .is_ok_and(|age| age > std::time::Duration::from_secs(3600))
                });
            let name = entry.file_name().to_string_lossy().into_owned();
            // A young file may belong to a message that is being sent at this moment.
            let gone = self
                .store
                .read::<_, StoreError>(|tx| tx.attachment_is_gone(&name))?;
            if !named.contains(&name) && (old || gone) && std::fs::remove_file(entry.path()).is_ok()
            {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

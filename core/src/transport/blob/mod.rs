//! Attachments on the way: uploaded in order, downloaded by range, resumed where they stopped. One chunk of at most
//! [`sotto_wire::limits::BLOB_CHUNK_BYTES`] is in memory at a time; the rest stays with the caller. Nothing is retried
//! here: after an error, calling again goes on where the relay, or the caller's file, is.

mod download;
mod upload;

use std::io;

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

pub use download::download;
pub use upload::upload;

/// Where the bytes of an upload come from.
pub trait BlobSource: Send {
    /// Exactly `len` bytes from `offset`.
    fn read(&mut self, offset: u64, len: usize)
    -> impl Future<Output = io::Result<Vec<u8>>> + Send;
}

/// Where the bytes of a download go.
pub trait BlobSink: Send {
    /// Takes `bytes`, which begin at `offset`. Offsets come in order, without a gap.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

impl BlobSource for File {
    async fn read(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.seek(io::SeekFrom::Start(offset)).await?;
        let mut bytes = vec![0; len];
        self.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
}

impl BlobSink for File {
    async fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(io::SeekFrom::Start(offset)).await?;
        self.write_all(bytes).await?;
        // Without it a later read could miss what is still on its way to the file.
        self.flush().await
    }
}

/// Told after each chunk: bytes done, bytes in all.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

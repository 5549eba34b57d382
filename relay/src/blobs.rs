//! The bytes of blobs: one file each, named by the store's own number and by nothing a device knows.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::crash::crash_point;
use crate::files::{self, FileError};
use crate::store::BlobKey;

/// The folder of blobs.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    folder: PathBuf,
    uploading: Arc<Mutex<HashSet<BlobKey>>>,
}

/// One upload at a time for each blob.
#[derive(Debug)]
pub(crate) struct Upload {
    key: BlobKey,
    uploading: Arc<Mutex<HashSet<BlobKey>>>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.uploading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
    }
}

impl Blobs {
    /// The folder inside the data folder.
    pub(crate) fn open(data: &Path) -> Result<Self, FileError> {
        let folder = data.join("blobs");
        files::make_folder(&folder)?;
        Ok(Self {
            folder,
            uploading: Arc::default(),
        })
    }

    /// Where a blob's bytes are.
    pub(crate) fn path(&self, key: BlobKey) -> PathBuf {
        self.folder
            .join(format!("{:02x}", key.0 & 0xff))
            .join(format!("{:016x}", key.0))
    }

    /// Claims a blob for one upload; `None` while another is under way.
    pub(crate) fn upload(&self, key: BlobKey) -> Option<Upload> {
        let free = self
            .uploading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key);
        free.then(|| Upload {
            key,
            uploading: Arc::clone(&self.uploading),
        })
    }

    /// Writes bytes at an offset, durably. Blocks.
    pub(crate) fn write(&self, upload: &Upload, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(upload.key);
        let file = match OpenOptions::new().write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(&path)?,
            opened => opened?,
        };
        file.write_all_at(bytes, offset)?;
        crash_point("blob-put", "before-sync");
        file.sync_data()
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let folder = path.parent().unwrap_or(&self.folder);
        if !folder.exists() {
            std::fs::create_dir_all(folder)?;
            files::sync_folder(&self.folder)?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        files::sync_folder(folder)?;
        Ok(file)
    }

    /// Reads a range. Blocks.
    pub(crate) fn read(&self, key: BlobKey, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open(self.path(key))?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Deletes; one that is not there is no error. Blocks.
    pub(crate) fn remove(&self, key: BlobKey) -> io::Result<()> {
        match std::fs::remove_file(self.path(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

//! Writing an archive: one consistent read of the store, whatever is written beside it.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::while_doing;
use super::frame::Writer;
use super::record::{Counts, Frame, Header, Protection, SIGNED_AS, VERSION};
use super::{HistoryError, Span};
use crate::base::{DeviceId, Random, Secret, Timestamp, codec, hkdf, seal};
use crate::roster::kind::SealingPublic;
use crate::store::table::device::DeviceSelf;
use crate::store::table::history::{Cells, Table};
use crate::store::{ReadTx, Store};
use crate::vault::{Argon2Cost, Passphrase, Stretch};

/// Rows are put into frames of about this size.
const FRAME: usize = 256 << 10;
pub(super) const KEY_LABEL: &str = "history key";
pub(super) const SEALED_AS: &str = "history handover";

/// What opens the archive.
pub enum For<'a> {
    /// A passphrase of its own.
    Passphrase(Passphrase, Argon2Cost),
    /// One device: a handover.
    Device(DeviceId, &'a SealingPublic),
}

/// What to write.
pub struct Request<'a> {
    /// What opens it.
    pub protection: For<'a>,
    /// Which part of the history.
    pub span: Span,
    /// Where the attachments' encrypted copies are; `None` leaves them out.
    pub attachments: Option<&'a Path>,
    /// When.
    pub now: Timestamp,
}

/// Writes an archive to a new file, durably. After an error there is no file.
///
/// # Errors
/// [`HistoryError`]; [`HistoryError::Exists`] where there is a file already.
pub fn write(
    store: &Store,
    me: &DeviceSelf,
    request: &Request<'_>,
    path: &Path,
    random: &dyn Random,
) -> Result<Counts, HistoryError> {
    // The name is taken first, so that no other file is ever written over.
    fresh(path)?;
    let mut part = path.as_os_str().to_owned();
    let drawn: [u8; 8] = crate::base::random::array(random);
    part.push(format!(".{}.part", codec::hex(&drawn)));
    let part = PathBuf::from(part);
    let written = fresh(&part).and_then(|file| {
        let counts = fill(store, me, request, file, random)?;
        std::fs::rename(&part, path)
            .and_then(|()| crate::vault::file::sync_dir(folder_of(path)))
            .map_err(while_doing("naming the archive"))?;
        Ok(counts)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Makes a file that only its owner may read, and that was not there before.
fn fresh(path: &Path) -> Result<File, HistoryError> {
    crate::vault::file::private()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => HistoryError::Exists,
            _ => while_doing("making the archive's file")(error),
        })
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn fill(
    store: &Store,
    me: &DeviceSelf,
    request: &Request<'_>,
    file: File,
    random: &dyn Random,
) -> Result<Counts, HistoryError> {
    let (protection, key) = match &request.protection {
        For::Passphrase(passphrase, cost) => {
            let stretch = Stretch::new(*cost, random);
            let stretched = stretch.apply(passphrase)?;
            (
                Protection::Passphrase(stretch),
                hkdf(stretched.expose(), &[], KEY_LABEL),
            )
        }
        For::Device(device, public) => {
            let key = Secret::<32>::random(random);
            let sealed = seal::seal(public.as_bytes(), SEALED_AS, key.expose())?;
            (Protection::Device(*device, sealed), key)
        }
    };
    let header = Header {
        version: VERSION,
        organisation: me.organisation,
        made: request.now,
        protection,
    };
    let mut out = Writer::begin(BufWriter::new(file), &header, key, random)?;
    out.frame(&Frame::Manifest {
        device: me.device,
        owner: me.owner,
    })?;
    let counts = store.read(|tx| rows(tx, request, &mut out))?;
    let digest = out.digest();
    out.frame(&Frame::End {
        counts: counts.clone(),
        digest,
        signature: me.signing.sign(SIGNED_AS, digest.as_bytes()),
    })?;
    let doing = "writing the archive to disk";
    let mut buffered = out.finish();
    buffered.flush().map_err(while_doing(doing))?;
    buffered.get_ref().sync_all().map_err(while_doing(doing))?;
    Ok(counts)
}

fn rows<W: std::io::Write>(
    tx: &ReadTx<'_>,
    request: &Request<'_>,
    out: &mut Writer<'_, W>,
) -> Result<Counts, HistoryError> {
    let mut counts = Counts::default();
    let mut files = Vec::new();
    for table in Table::ALL {
        let (mut some, mut size): (Vec<Cells>, usize) = (Vec::new(), 0);
        let mut number = 0;
        tx.history_rows(table, &request.span, |cells| {
            if table == Table::Attachment
                && let Some(blob) = cells.get(2).and_then(|cell| cell.bytes()?.try_into().ok())
            {
                files.push(blob);
            }
            size += cells
                .iter()
                .map(|c| c.bytes().map_or(64, <[u8]>::len))
                .sum::<usize>();
            some.push(cells);
            number += 1;
            if size >= FRAME {
                size = 0;
                out.frame(&Frame::Rows {
                    table: table.code(),
                    rows: std::mem::take(&mut some),
                })?;
            }
            Ok::<(), HistoryError>(())
        })?;
        if !some.is_empty() {
            out.frame(&Frame::Rows {
                table: table.code(),
                rows: some,
            })?;
        }
        *counts.of(table) = number;
    }
    if let Some(folder) = request.attachments {
        for blob in files {
            counts.file_bytes += copy(tx, folder, blob, out)?;
        }
    }
    Ok(counts)
}

/// Copies an attachment's encrypted bytes where they are here, complete.
fn copy<W: std::io::Write>(
    tx: &ReadTx<'_>,
    folder: &Path,
    blob: [u8; 16],
    out: &mut Writer<'_, W>,
) -> Result<u64, HistoryError> {
    let Some(name) = tx.attachment_file(&blob)? else {
        return Ok(0);
    };
    let Ok(mut file) = File::open(folder.join(name)) else {
        // The row remains, and the relay may still have it.
        return Ok(0);
    };
    let doing = "reading an attachment";
    let mut offset = 0;
    loop {
        let mut bytes = Vec::new();
        (&mut file)
            .take(FRAME as u64)
            .read_to_end(&mut bytes)
            .map_err(while_doing(doing))?;
        if bytes.is_empty() {
            return Ok(offset);
        }
        let read = bytes.len() as u64;
        out.frame(&Frame::Piece {
            blob,
            offset,
            bytes,
        })?;
        offset += read;
    }
}

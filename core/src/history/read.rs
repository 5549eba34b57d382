//! Reading an archive: everything is checked before anything is believed.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::HistoryError;
use super::error::while_doing;
use super::frame::{self, Reader};
use super::record::{Counts, Frame, Header, Protection, SIGNED_AS};
use super::write::{KEY_LABEL, SEALED_AS};
use crate::base::{DeviceId, Digest, OrganisationId, Owner, Secret, Timestamp, hkdf};
use crate::roster::Roster;
use crate::store::table::device::DeviceSelf;
use crate::store::table::history::Table;
use crate::vault::Passphrase;

/// Who opens the archive.
pub enum Opener<'a> {
    /// Somebody with its passphrase.
    Passphrase(&'a Passphrase),
    /// The device it was handed to.
    Device(&'a DeviceSelf),
}

/// What an archive holds, verified to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Whose organisation.
    pub organisation: OrganisationId,
    /// When it was written.
    pub made: Timestamp,
    /// The device that wrote and signed it.
    pub device: DeviceId,
    /// Whose it was.
    pub owner: Owner,
    /// Whether it was made for one device, not for a passphrase.
    pub handover: bool,
    /// How much there is.
    pub counts: Counts,
    /// Digest of everything before the end, as signed.
    pub digest: Digest,
}

pub(super) type Frames = Reader<BufReader<File>>;

pub(super) fn open(path: &Path, opener: &Opener<'_>) -> Result<(Header, Frames), HistoryError> {
    let file = File::open(path).map_err(while_doing("opening the archive"))?;
    let mut input = BufReader::new(file);
    let (header, digest) = frame::header(&mut input)?;
    let key = match (&header.protection, opener) {
        (Protection::Passphrase(stretch), Opener::Passphrase(passphrase)) => {
            hkdf(stretch.apply(passphrase)?.expose(), &[], KEY_LABEL)
        }
        (Protection::Device(device, sealed), Opener::Device(me)) if *device == me.device => {
            let key = me
                .sealing_key()
                .open(SEALED_AS, sealed)
                .map(zeroize::Zeroizing::new)
                .map_err(|_| HistoryError::WrongKey)?;
            Secret::from_slice(&key).ok_or(HistoryError::WrongKey)?
        }
        _ => return Err(HistoryError::WrongKey),
    };
    Ok((header, Reader::new(input, digest, key)))
}

/// Reads an archive to its end and checks every byte of it, its counts, and the signature of a device that the roster
/// knows (also one that has left since: the archive may be older).
///
/// # Errors
/// [`HistoryError`].
pub fn inspect(path: &Path, opener: &Opener<'_>, roster: &Roster) -> Result<Summary, HistoryError> {
    let (header, mut frames) = open(path, opener)?;
    if header.organisation != roster.anchor().organisation {
        return Err(HistoryError::OtherOrganisation);
    }
    let Some((Frame::Manifest { device, owner }, _)) = frames.next()? else {
        return Err(HistoryError::Damaged);
    };
    let mut found = Counts::default();
    let mut end = None;
    while let Some((frame, before)) = frames.next()? {
        match frame {
            Frame::Manifest { .. } => return Err(HistoryError::Damaged),
            Frame::Rows { table, rows } => {
                let table = Table::from_code(table).ok_or(HistoryError::Damaged)?;
                if rows.iter().any(|row| row.len() != table.width()) {
                    return Err(HistoryError::Damaged);
                }
                *found.of(table) += rows.len() as u64;
            }
            Frame::Piece { bytes, .. } => found.file_bytes += bytes.len() as u64,
            Frame::End {
                counts,
                digest,
                signature,
            } => {
                if digest != before || counts != found {
                    return Err(HistoryError::Damaged);
                }
                end = Some((digest, signature));
            }
        }
    }
    let (digest, signature) = end.ok_or(HistoryError::Damaged)?;
    let writer = roster.device(&device).ok_or(HistoryError::UnknownWriter)?;
    writer
        .details
        .signature_key
        .verify(SIGNED_AS, digest.as_bytes(), &signature)
        .map_err(|_| HistoryError::UnknownWriter)?;
    if writer.details.owner != owner {
        return Err(HistoryError::UnknownWriter);
    }
    Ok(Summary {
        organisation: header.organisation,
        made: header.made,
        device,
        owner,
        handover: matches!(header.protection, Protection::Device(..)),
        counts: found,
        digest,
    })
}

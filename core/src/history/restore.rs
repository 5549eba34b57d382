//! Restoring an archive, and rehearsing it in a store that nobody else ever sees.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use super::HistoryError;
use super::error::while_doing;
use super::handed::{self, Giver, Shared};
use super::read::{Opener, Summary, inspect, open};
use super::record::{Counts, Frame};
use crate::audit::{self, Act, Record};
use crate::base::random::array;
use crate::base::{Random, Timestamp, codec};
use crate::membership::Context;
use crate::roster::{Roster, RosterError};
use crate::store::table::history::{Cell, Cells, Span, Table};
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::vault::DatabaseKey;

/// Begins the names of rehearsals' folders.
const REHEARSAL: &str = "rehearsal-";

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the archive held.
    pub summary: Summary,
    /// Rows that were not here before.
    pub added: u64,
}

/// What a rehearsal proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// What the archive held; all of it was found again in the rehearsed store.
    pub summary: Summary,
    /// How old the archive is.
    pub age: Duration,
}

/// How far what an archive says is believed.
pub(super) enum Trust<'a> {
    /// A device of the same person wrote it: as if this device had received it all.
    Own,
    /// A colleague's device wrote it, and could have written anything.
    Word(Giver<'a>),
}

/// Restores an archive into the store of a device of the same person (a backup), or of whom it was handed to. It is all
/// checked first, and again while it is put in: all of it is restored, in one transaction, or nothing. May be repeated:
/// what is there is left as it is. `shared` says whether whoever hands over is in a conversation. The messages come before
/// everything this device has received itself.
///
/// # Errors
/// [`HistoryError`].
pub fn restore(
    store: &Store,
    context: &Context<'_>,
    path: &Path,
    opener: &Opener<'_>,
    attachments: &Path,
    shared: &Shared<'_>,
) -> Result<Restored, HistoryError> {
    let (roster, me) = (context.roster, context.me.owner);
    let summary = inspect(path, opener, roster)?;
    if !summary.handover && summary.owner != me {
        return Err(HistoryError::NotYours);
    }
    // A backup needs its passphrase, also where its device is long gone; a handover has only its writer's word.
    let counts = || {
        let view = roster.view()?;
        Ok::<_, RosterError>(view.confirmed(summary.device).is_ok())
    };
    let own = summary.owner == me && (!summary.handover || counts().unwrap_or(false));
    let trust = if own {
        Trust::Own
    } else {
        Trust::Word(Giver {
            device: summary.device,
            owner: summary.owner,
            shared,
        })
    };
    let fill = Fill {
        path,
        opener,
        summary: &summary,
        attachments,
        trust,
        random: context.random,
    };
    let added = store.write("history is restored", |tx| {
        let added = fill.put_in(tx)?;
        audit::append(
            tx,
            &Record::of(Act::Restored, context.now).from(summary.device),
        )?;
        Ok::<u64, HistoryError>(added)
    })?;
    Ok(Restored { summary, added })
}

/// Restores into a store of its own, under a key that is never written down, counts everything again, asks the index and
/// reads each message; then removes it. The live store is not touched.
///
/// # Errors
/// [`HistoryError`]; [`HistoryError::Rehearsal`] where something is missing.
pub fn rehearse(
    roster: &Roster,
    path: &Path,
    opener: &Opener<'_>,
    scratch: &Path,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Rehearsal, HistoryError> {
    let summary = inspect(path, opener, roster)?;
    forget_earlier(scratch);
    let folder = scratch.join(format!(
        "{REHEARSAL}{}",
        codec::hex(&crate::base::random::array::<8>(random))
    ));
    let result = rehearsed(path, opener, &summary, &folder, random);
    let removed = std::fs::remove_dir_all(&folder).map_err(while_doing("removing the rehearsal"));
    let found = result?;
    removed?;
    let expected = summary.counts.rows();
    if found != expected {
        return Err(HistoryError::Rehearsal { found, expected });
    }
    Ok(Rehearsal {
        age: now.since(summary.made),
        summary,
    })
}

/// What a rehearsal that was killed has left: nobody has its key.
fn forget_earlier(scratch: &Path) {
    let entries = std::fs::read_dir(scratch).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with(REHEARSAL) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn rehearsed(
    path: &Path,
    opener: &Opener<'_>,
    summary: &Summary,
    folder: &Path,
    random: &dyn Random,
) -> Result<u64, HistoryError> {
    crate::vault::file::make_private_dir(folder)
        .map_err(while_doing("making a folder for the rehearsal"))?;
    let store = Store::create(
        folder,
        &DatabaseKey::random(random),
        StoreOptions::default(),
    )?;
    let fill = Fill {
        path,
        opener,
        summary,
        attachments: &folder.join("attachments"),
        trust: Trust::Own,
        random,
    };
    store.write("rehearsing", |tx| fill.put_in(tx))?;
    // The index compares itself with the messages.
    store.write::<_, StoreError>("asking the index", |tx| tx.check_index())?;
    store.read(|tx| {
        let mut found = Counts::default();
        for table in Table::ALL {
            tx.history_rows(table, &Span::default(), |_| {
                *found.of(table) += 1;
                Ok::<(), StoreError>(())
            })?;
        }
        Ok::<u64, HistoryError>(found.rows())
    })
}

/// An archive on its way into a store.
struct Fill<'a> {
    path: &'a Path,
    opener: &'a Opener<'a>,
    summary: &'a Summary,
    attachments: &'a Path,
    trust: Trust<'a>,
    random: &'a dyn Random,
}

impl Fill<'_> {
    /// Puts everything in, and fails where the archive is not, to its last frame, the one that was checked: somebody may
    /// have changed the file since.
    fn put_in(&self, tx: &WriteTx<'_>) -> Result<u64, HistoryError> {
        let (_, mut frames) = open(self.path, self.opener)?;
        // So many numbers below everything there is.
        let lowest = tx.first_message()?.unwrap_or(1).min(1);
        let messages = i64::try_from(self.summary.counts.messages).unwrap_or(i64::MAX / 2);
        let (mut number, mut added) = (lowest.saturating_sub(messages), 0);
        let mut end = None;
        while let Some((frame, before)) = frames.next()? {
            match frame {
                Frame::Rows { table, rows } => {
                    let table = Table::from_code(table).ok_or(HistoryError::Damaged)?;
                    for mut row in rows {
                        if table == Table::Message {
                            if let Some(cell) = row.first_mut() {
                                *cell = Cell::Number(number);
                            }
                            number += 1;
                        }
                        added += u64::from(self.row(tx, table, &mut row)?);
                    }
                }
                Frame::Piece {
                    blob,
                    offset,
                    bytes,
                } if matches!(self.trust, Trust::Own) => self.piece(tx, blob, offset, &bytes)?,
                Frame::End { .. } => end = Some(before),
                // A colleague's copies are not taken: the relay's are checked against the message.
                Frame::Piece { .. } | Frame::Manifest { .. } => {}
            }
        }
        if end == Some(self.summary.digest) {
            Ok(added)
        } else {
            Err(HistoryError::Damaged)
        }
    }

    fn row(&self, tx: &WriteTx<'_>, table: Table, row: &mut Cells) -> Result<bool, HistoryError> {
        if let Trust::Word(giver) = &self.trust
            && !handed::admit(tx, table, row, giver)?
        {
            return Ok(false);
        }
        if table == Table::Conversation {
            // Nobody else's: under the old one the former device was reached.
            row.push(Cell::Bytes(array::<16>(self.random).to_vec()));
        }
        Ok(tx.add_history_row(table, row)?)
    }

    /// Puts a piece of an attachment's encrypted copy in place. The row says that it is here only once it is whole.
    fn piece(
        &self,
        tx: &WriteTx<'_>,
        blob: [u8; 16],
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), HistoryError> {
        let doing = "restoring an attachment";
        crate::vault::file::make_private_dir(self.attachments).map_err(while_doing(doing))?;
        let name = format!("restored-{}", codec::hex(&blob));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.attachments.join(&name))
            .map_err(while_doing(doing))?;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.sync_all())
            .map_err(while_doing(doing))?;
        tx.attachment_restored(&blob, &name, offset + bytes.len() as u64)?;
        Ok(())
    }
}

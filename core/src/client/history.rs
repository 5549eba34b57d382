//! History as files: a person's backup, its rehearsal and restore, and the handover of a conversation to another device.

use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::render::Renderer;
use super::{Client, Draft, Error, ErrorKind, Event, Retry};
use crate::audit::{self, Act, Record};
use crate::base::{ConversationId, DeviceId, Owner, Timestamp};
use crate::history::{self, Counts, For, HistoryError, Opener, Request, Span, Summary};
use crate::membership::Context;
use crate::roster::Roster;
use crate::roster::kind::Setting;
use crate::store::table::device::DeviceSelf;
use crate::vault::{Argon2Cost, Passphrase};

/// When the last backup of this store was written, as milliseconds.
const LAST: &str = "last backup";

/// What an archive of history holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveView {
    /// When it was written (RFC 3339).
    pub made: String,
    /// How old it is.
    pub age: Duration,
    /// Conversations in it.
    pub conversations: u64,
    /// Messages in it.
    pub messages: u64,
    /// Versions of results in it.
    pub results: u64,
    /// Bytes of attachments in it.
    pub file_bytes: u64,
    /// Rows that were not in the store before; zero where nothing was restored.
    pub added: u64,
}

/// What opens an archive.
#[derive(Clone)]
pub enum ArchiveKey {
    /// A passphrase of its own, not the store's.
    Passphrase(Zeroizing<String>),
    /// This device: it was handed over to it.
    ThisDevice,
}

redacted!(ArchiveKey);

impl Client {
    /// Writes everything this device shows (conversations, results, states, attachments; never keys of conversations) to
    /// a new file under a passphrase of its own. Only a device of the same person can restore it.
    ///
    /// # Errors
    /// `verify.needed`, `history.exists`, `history.failed`, `vault.empty`, `store.locked`.
    pub fn backup(&self, path: &Path, passphrase: Zeroizing<String>) -> Result<ArchiveView, Error> {
        self.verified_for("write a backup")?;
        let engine = self.engine()?;
        let (me, _, now) = self.at_hand()?;
        let cost = if self.inner.fast_kdf {
            Argon2Cost::new(64, 1, 1)?
        } else {
            Argon2Cost::STANDARD
        };
        let attachments = engine.attachments();
        let request = Request {
            protection: For::Passphrase(Passphrase::new(passphrase.as_str().to_owned()), cost),
            span: Span::default(),
            attachments: Some(&attachments),
            now,
        };
        let counts = history::write(engine.store(), &me, &request, path, &*self.inner.random)?;
        engine.write("a backup is written", |tx, context| {
            tx.put_meta(LAST, &now.millis())?;
            let record = Record::of(Act::Archived, now).by(context.me.owner.person());
            Ok(audit::append(tx, &record)?)
        })?;
        Ok(view(now, now, &counts, 0))
    }

    /// How long ago the last backup of this store was written; `None` where there was none.
    ///
    /// # Errors
    /// `store.locked`.
    pub fn backup_age(&self) -> Result<Option<Duration>, Error> {
        self.attended()?;
        let last = self
            .store()?
            .read::<_, crate::store::StoreError>(|tx| tx.meta::<i64>(LAST))?;
        let now = self.inner.clock.now();
        Ok(last.map(|last| now.since(Timestamp::from_millis(last))))
    }

    /// Proves that an archive can be restored: checks every byte, restores it into a store of its own below `scratch`,
    /// counts everything again, and removes that store. The live store is not touched.
    ///
    /// # Errors
    /// `history.damaged`, `history.wrong_key`, `history.rehearsal` and others.
    pub fn rehearse_restore(
        &self,
        path: &Path,
        key: &ArchiveKey,
        scratch: &Path,
    ) -> Result<ArchiveView, Error> {
        self.attended()?;
        let (me, roster, now) = self.at_hand()?;
        with_opener(key, &me, |opener| {
            let proof =
                history::rehearse(&roster, path, opener, scratch, now, &*self.inner.random)?;
            Ok(view(proof.summary.made, now, &proof.summary.counts, 0))
        })
    }

    /// Restores an archive of the same person, or one handed over to this device. What is there is left as it is; the
    /// restored messages stand before everything this device has received itself. May be repeated.
    ///
    /// # Errors
    /// `verify.needed`, `history.damaged`, `history.wrong_key`, `history.not_yours`, `history.unknown_writer` and others; then nothing of
    /// it is shown that was not verified.
    pub fn restore(&self, path: &Path, key: &ArchiveKey) -> Result<ArchiveView, Error> {
        self.verified_for("restore history")?;
        let engine = self.engine()?;
        let (me, roster, now) = self.at_hand()?;
        let context = Context {
            me: &me,
            roster: &roster,
            now,
            random: &*self.inner.random,
        };
        let done = with_opener(key, &me, |opener| {
            history::restore(
                engine.store(),
                &context,
                path,
                opener,
                &engine.attachments(),
                &|tx, conversation, giver| {
                    let owners = tx
                        .conversation(conversation)
                        .map(|row| row.map(|row| Renderer::new(tx, &context).owners(&row)));
                    matches!(owners, Ok(Some(Ok(owners))) if owners.contains(giver))
                },
            )
        })?;
        self.tell(Event::Reset);
        let Summary { made, counts, .. } = &done.summary;
        Ok(view(*made, now, counts, done.added))
    }

    /// Hands one conversation's history to another device: to one of this person's own, or to one of a member of that
    /// conversation. The file opens on that device alone, and everybody in the conversation is told.
    ///
    /// # Errors
    /// `history.policy`, `history.not_a_member`, `device.not_found`, `history.exists`, `history.failed`.
    pub fn hand_over(
        &self,
        conversation: ConversationId,
        device: DeviceId,
        since: Option<Timestamp>,
        path: &Path,
    ) -> Result<ArchiveView, Error> {
        self.verified_for("hand history over")?;
        let engine = self.engine()?;
        let (me, roster, now) = self.at_hand()?;
        let refused = |code, text: &str| {
            Error::new(ErrorKind::Refused, code, Retry::NeedsUser, text.to_owned())
        };
        let record = roster
            .device(&device)
            .ok_or_else(|| refused("device.not_found", "there is no such device"))?;
        roster
            .view()
            .map_err(crate::sync::SyncError::from)?
            .confirmed(device)
            .map_err(|_| {
                refused(
                    "history.not_a_member",
                    "the device is not confirmed, or was excluded",
                )
            })?;
        let owner = record.details.owner;
        let needed = if owner == me.owner { 1 } else { 2 };
        let policy = roster.policy().map_err(crate::sync::SyncError::from)?;
        if policy.number(Setting::History) < needed {
            return Err(refused(
                "history.policy",
                "the organisation's policy does not let history be handed to this device (setting \"history\")",
            ));
        }
        if owner != me.owner && !self.is_member(conversation, owner)? {
            return Err(refused(
                "history.not_a_member",
                "history is handed only to devices of the conversation's members",
            ));
        }
        let attachments = engine.attachments();
        let request = Request {
            protection: For::Device(device, &record.details.sealing_key),
            span: Span {
                conversation: Some(conversation),
                since,
            },
            attachments: Some(&attachments),
            now,
        };
        let counts = history::write(engine.store(), &me, &request, path, &*self.inner.random)?;
        engine.write("history is handed over", |tx, context| {
            let record = Record::of(Act::Archived, now)
                .by(context.me.owner.person())
                .from(device);
            Ok(audit::append(tx, &record)?)
        })?;
        let text = match since {
            Some(since) => format!(
                "The history of this conversation since {} was handed to another device of a member.",
                since.to_rfc3339()
            ),
            None => {
                "The history of this conversation was handed to another device of a member.".into()
            }
        };
        self.send(
            conversation,
            Draft {
                text,
                ..Draft::default()
            },
        )?;
        Ok(view(now, now, &counts, 0))
    }

    fn is_member(&self, conversation: ConversationId, owner: Owner) -> Result<bool, Error> {
        Ok(self.engine()?.read(|tx, context| {
            let Some(row) = tx.conversation(conversation)? else {
                return Ok(false);
            };
            Ok(Renderer::new(tx, context).owners(&row)?.contains(&owner))
        })?)
    }

    /// This device, the roster and the time, for work that outlives one read.
    fn at_hand(&self) -> Result<(DeviceSelf, Roster, Timestamp), Error> {
        let found = self
            .engine()?
            .read(|_, context| Ok((context.me.clone(), context.roster.clone(), context.now)))?;
        Ok(found)
    }
}

fn with_opener<T>(
    key: &ArchiveKey,
    me: &DeviceSelf,
    work: impl FnOnce(&Opener<'_>) -> Result<T, HistoryError>,
) -> Result<T, Error> {
    let done = match key {
        ArchiveKey::Passphrase(text) => work(&Opener::Passphrase(&Passphrase::new(
            text.as_str().to_owned(),
        ))),
        ArchiveKey::ThisDevice => work(&Opener::Device(me)),
    };
    Ok(done?)
}

fn view(made: Timestamp, now: Timestamp, counts: &Counts, added: u64) -> ArchiveView {
    ArchiveView {
        made: made.to_rfc3339(),
        age: now.since(made),
        conversations: counts.conversations,
        messages: counts.messages,
        results: counts.cards,
        file_bytes: counts.file_bytes,
        added,
    }
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        use HistoryError as E;
        let (kind, code) = match error {
            E::Store(error) => return error.into(),
            E::Vault(error) => return error.into(),
            E::Exists => (ErrorKind::Usage, "history.exists"),
            E::NotAnArchive => (ErrorKind::BadInput, "history.not_an_archive"),
            E::Newer => (ErrorKind::BadInput, "history.newer"),
            E::WrongKey => (ErrorKind::Locked, "history.wrong_key"),
            E::Damaged => (ErrorKind::BadInput, "history.damaged"),
            E::OtherOrganisation => (ErrorKind::Refused, "history.other_organisation"),
            E::UnknownWriter => (ErrorKind::Refused, "history.unknown_writer"),
            E::NotYours => (ErrorKind::Refused, "history.not_yours"),
            E::Rehearsal { .. } => (ErrorKind::BadInput, "history.rehearsal"),
            E::Io { .. } | E::Crypto(_) => (ErrorKind::Internal, "history.failed"),
        };
        Self::new(kind, code, Retry::NeedsUser, error.to_string())
    }
}

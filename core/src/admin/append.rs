//! Entries of this device: judged before they leave, appended by compare-and-set, made anew after a lost race.

use std::sync::Arc;

use sotto_wire::roster::Append;
use sotto_wire::{ErrorCode, Position, Sealed, op};

use super::record::{self, Told, What};
use super::{AdminError, RACES, REQUEST};
use crate::base::SigningKey;
use crate::membership::Context;
use crate::roster::{Author, Body, Composer, Roster, RosterError, RosterHead, Verdict};
use crate::store::table::device::DeviceSelf;
use crate::sync::{Engine, keyring};

/// Entries that would follow the roster as this device knows it.
pub(super) struct Draft<'a> {
    pub(super) me: &'a DeviceSelf,
    pub(super) now: crate::base::Timestamp,
    /// The roster with the entries so far.
    after: Roster,
    composer: Composer,
    entries: Vec<Vec<u8>>,
    acts: Vec<What>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(context: &Context<'a>) -> Result<Self, AdminError> {
        Ok(Self {
            me: context.me,
            now: context.now,
            after: context.roster.clone(),
            composer: context.roster.composer()?,
            entries: Vec::new(),
            acts: Vec::new(),
        })
    }
    /// The roster as it would be.
    pub(super) const fn roster(&self) -> &Roster {
        &self.after
    }
    /// The time that the next entry gets: never before the newest one.
    pub(super) fn time(&self) -> crate::base::Timestamp {
        self.after
            .log_time()
            .map_or(self.now, |time| time.max(self.now))
    }
    /// Adds an entry by this device, if every device would take it.
    pub(super) fn add(&mut self, body: impl Into<Body>) -> Result<(), AdminError> {
        let author = Author::Device(self.me.device);
        self.add_signed(author, &self.me.signing, body.into())
    }
    /// Adds an entry by the organisation's root key, which is at hand for a moment.
    pub(super) fn add_by_root(
        &mut self,
        root: &SigningKey,
        body: impl Into<Body>,
    ) -> Result<(), AdminError> {
        self.add_signed(Author::Root, root, body.into())
    }
    fn add_signed(
        &mut self,
        author: Author,
        key: &SigningKey,
        body: Body,
    ) -> Result<(), AdminError> {
        // A refused entry leaves the chain as it was, so that another can be tried.
        let mut composer = self.composer.clone();
        let entry = composer.entry(author, self.now, &body, key)?;
        match self.after.apply(self.after.next_position(), &entry) {
            Verdict::Valid { .. } => {
                self.composer = composer;
                self.entries.push(entry);
                self.acts.extend(What::of(&body));
                Ok(())
            }
            Verdict::Junk(reason) => Err(reason.into()),
            _ => Err(RosterError::NotFounded.into()),
        }
    }
    /// What the entries are for the audit, and the log's newest entry once they stand there.
    pub(super) fn acts(&self) -> Result<Told, AdminError> {
        let head = self.after.head().ok_or(RosterError::NotFounded)?;
        Ok(Told {
            acts: self.acts.clone(),
            head,
        })
    }
    /// The number of the newest entry, with those so far.
    pub(super) fn head(&self) -> u64 {
        self.composer.head().seq
    }
    /// Whether nothing was added yet.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// An entry that was added, encoded.
    pub(super) fn entry(&self, seq: u64) -> Option<&Vec<u8>> {
        let first = (self.head() + 1).checked_sub(u64::try_from(self.entries.len()).ok()?)?;
        self.entries
            .get(usize::try_from(seq.checked_sub(first)?).ok()?)
    }
    /// The encoded entries, in order.
    pub(super) fn into_entries(self) -> Vec<Vec<u8>> {
        self.entries
    }
}

/// What `build` makes of the roster as the store has it. Nothing leaves.
pub(super) fn rehearse<T>(
    engine: &Engine,
    build: impl FnOnce(&mut Draft<'_>) -> Result<T, AdminError>,
) -> Result<T, AdminError> {
    engine.read(|_, context| Ok(Draft::new(context).and_then(|mut draft| build(&mut draft))))?
}

/// Appends what `build` makes of the newest roster; an empty draft is done already. When this returns, the store has
/// read the entries back. The audit tells of it before the entries leave, and again when the outcome is known.
pub(super) async fn append<T: Send>(
    engine: &Arc<Engine>,
    mut build: impl FnMut(&mut Draft<'_>) -> Result<T, AdminError> + Send,
) -> Result<T, AdminError> {
    let mut begun = None;
    let end = |begun: Option<RosterHead>, done| {
        let Some(head) = begun else { return Ok(()) };
        engine.write("recording an act of administration", |tx, context| {
            Ok(record::end(tx, context, head, done)?)
        })
    };
    for _ in 0..RACES {
        engine.read_roster(REQUEST).await?;
        let (value, request, Told { acts, head }) = engine.read(|tx, context| {
            let keys = keyring(tx)?;
            Ok(prepare(context, &keys, &mut build))
        })??;
        if request.entries.is_empty() {
            // After a lost race: somebody else has done it.
            end(begun, false)?;
            return Ok(value);
        }
        engine.write("recording what is begun", |tx, context| {
            Ok(record::begin(tx, context, &acts, head, begun)?)
        })?;
        begun = Some(head);
        match engine
            .bearer_call::<op::RosterAppend>(&request, REQUEST)
            .await
        {
            Ok(_) => {
                end(begun, true)?;
                engine.read_roster(REQUEST).await?;
                return Ok(value);
            }
            Err(error) if AdminError::relay_code(&error) == Some(ErrorCode::PositionConflict) => {}
            Err(error) => {
                // Without an answer the outcome is for the log to tell.
                if AdminError::relay_code(&error).is_some() {
                    end(begun, false)?;
                }
                return Err(error.into());
            }
        }
    }
    end(begun, false)?;
    Err(AdminError::Contended)
}

fn prepare<T>(
    context: &Context<'_>,
    keys: &crate::roster::Keyring,
    build: &mut impl FnMut(&mut Draft<'_>) -> Result<T, AdminError>,
) -> Result<(T, Append, Told), AdminError> {
    let mut draft = Draft::new(context)?;
    let value = build(&mut draft)?;
    let acts = draft.acts()?;
    let epoch = context.roster.organisation()?.key.epoch;
    let seal = |entry: Vec<u8>| {
        keys.seal_entry(epoch, &context.me.organisation, &entry, context.random)
            .map(Sealed::new)
    };
    let entries = draft
        .into_entries()
        .into_iter()
        .map(seal)
        .collect::<Result<_, _>>()?;
    Ok((
        value,
        Append {
            expect: Position(context.roster.next_position()),
            entries,
        },
        acts,
    ))
}

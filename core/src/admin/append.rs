//! Entries of this device: judged before they leave, appended by compare-and-set, made anew after a lost race.

use std::sync::Arc;

use sotto_wire::roster::Append;
use sotto_wire::{ErrorCode, Position, Sealed, op};

use super::{AdminError, RACES, REQUEST};
use crate::membership::Context;
use crate::roster::{Author, Body, Composer, Roster, RosterError, Verdict};
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
}

impl<'a> Draft<'a> {
    pub(super) fn new(context: &Context<'a>) -> Result<Self, AdminError> {
        Ok(Self {
            me: context.me,
            now: context.now,
            after: context.roster.clone(),
            composer: context.roster.composer()?,
            entries: Vec::new(),
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
        let entry = self
            .composer
            .entry(author, self.now, &body.into(), &self.me.signing)?;
        match self.after.apply(self.after.next_position(), &entry) {
            Verdict::Valid { .. } => {
                self.entries.push(entry);
                Ok(())
            }
            Verdict::Junk(reason) => Err(reason.into()),
            _ => Err(RosterError::NotFounded.into()),
        }
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
/// read the entries back.
pub(super) async fn append<T: Send>(
    engine: &Arc<Engine>,
    mut build: impl FnMut(&mut Draft<'_>) -> Result<T, AdminError> + Send,
) -> Result<T, AdminError> {
    for _ in 0..RACES {
        engine.read_roster(REQUEST).await?;
        let (value, request) = engine.read(|tx, context| {
            let keys = keyring(tx)?;
            Ok(prepare(context, &keys, &mut build))
        })??;
        if request.entries.is_empty() {
            return Ok(value);
        }
        match engine
            .bearer_call::<op::RosterAppend>(&request, REQUEST)
            .await
        {
            Ok(_) => {
                engine.read_roster(REQUEST).await?;
                return Ok(value);
            }
            Err(error) if AdminError::relay_code(&error) == Some(ErrorCode::PositionConflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(AdminError::Contended)
}

fn prepare<T>(
    context: &Context<'_>,
    keys: &crate::roster::Keyring,
    build: &mut impl FnMut(&mut Draft<'_>) -> Result<T, AdminError>,
) -> Result<(T, Append), AdminError> {
    let mut draft = Draft::new(context)?;
    let value = build(&mut draft)?;
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
    ))
}

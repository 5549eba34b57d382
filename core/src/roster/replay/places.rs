//! Places.

use super::Act;
use super::people::MAX_EXTERNAL;
use crate::roster::authorize::Action;
use crate::roster::entry::Owner;
use crate::roster::kind::{PlaceAdded, PlaceChanged, PlaceClosed, PlaceDetails};
use crate::roster::record::{PersonState, PlaceRecord};
use crate::roster::{Junk, Roster, Versioned};

/// Declared duties per place.
const MAX_DUTIES: usize = 16;

fn fits(details: &PlaceDetails) -> Result<(), Junk> {
    let fits = details.duties.len() <= MAX_DUTIES && details.external.len() <= MAX_EXTERNAL;
    if fits { Ok(()) } else { Err(Junk::OutOfBounds) }
}

impl Roster {
    pub(super) fn place_added(&mut self, act: &Act, body: PlaceAdded) -> Result<(), Junk> {
        self.require(act, Action::ManagePlaces, body.details.unit.as_ref())?;
        fits(&body.details)?;
        if self.places.contains_key(&body.place) {
            return Err(Junk::IdTaken);
        }
        let state = Versioned::new(act.seq, PersonState::Present);
        self.places.insert(
            body.place,
            PlaceRecord {
                details: body.details,
                state,
                grants: vec![],
                devices: vec![],
            },
        );
        Ok(())
    }

    pub(super) fn place_changed(&mut self, act: &Act, body: PlaceChanged) -> Result<(), Junk> {
        let record = self.places.get(&body.place).ok_or(Junk::UnknownSubject)?;
        if record.state.now() != Some(&PersonState::Present) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::ManagePlaces, record.details.unit.as_ref())?;
        self.require(act, Action::ManagePlaces, body.details.unit.as_ref())?;
        fits(&body.details)?;
        if let Some(record) = self.places.get_mut(&body.place) {
            record.details = body.details;
        }
        Ok(())
    }

    pub(super) fn place_closed(&mut self, act: &Act, body: &PlaceClosed) -> Result<(), Junk> {
        let record = self.places.get(&body.place).ok_or(Junk::UnknownSubject)?;
        if record.state.now() != Some(&PersonState::Present) {
            return Err(Junk::WrongState);
        }
        self.require(act, Action::ManagePlaces, record.details.unit.as_ref())?;
        self.exclude_owner(act, Owner::Place(body.place));
        if let Some(record) = self.places.get_mut(&body.place) {
            record.state.set(act.seq, PersonState::Left);
        }
        Ok(())
    }
}

//! The body of a statement in deterministic CBOR.

use super::{
    Act, Body, From, MAX_WORDS, ReadBackRecord, Recipient, Speaker, Statement, StatementError,
    Subject,
};
use crate::card::MAX_OBSERVATIONS;
use crate::cbor::{CborError, Reader, Writer};
use crate::id::{CardId, DeviceId, DutyId, PersonId, PlaceId};
use crate::readback::{IdentifierKind, Mode};

/// The version of the format.
const VERSION: u64 = 1;

impl Body for Statement {
    const LABEL: &'static str = "statement";

    fn signing_bytes(&self) -> Result<Vec<u8>, StatementError> {
        let mut w = Writer::new();
        w.array(7).uint(VERSION);
        w.array(3)
            .bytes(&self.subject.card.0)
            .uint(u64::from(self.subject.version))
            .bytes(&self.subject.digest);
        write_speaker(&mut w, &self.speaker);
        write_act(&mut w, &self.act)?;
        w.int(self.at_ms).uint(self.roster_seq);
        // Room for what a later version adds without changing this one.
        w.map(0);
        needs_person(self)?;
        Ok(w.finish())
    }

    fn decode(bytes: &[u8]) -> Result<Self, StatementError> {
        let mut r = Reader::new(bytes);
        r.array_of(7, "an array of seven")?;
        if r.uint()? != VERSION {
            return Err(StatementError::Version);
        }
        r.array_of(3, "a subject of three")?;
        let subject = Subject {
            card: CardId(r.byte_array("a card id")?),
            version: r.uint_as("a version of 32 bits")?,
            digest: r.byte_array("a digest of 32 bytes")?,
        };
        let statement = Self {
            subject,
            speaker: read_speaker(&mut r)?,
            act: read_act(&mut r)?,
            at_ms: r.int()?,
            roster_seq: r.uint()?,
        };
        if r.map()? != 0 {
            return Err(StatementError::Version);
        }
        r.finish()?;
        needs_person(&statement)?;
        Ok(statement)
    }
}

/// Only a person can take, refuse or hand on responsibility; a device alone can say that something was seen.
fn needs_person(statement: &Statement) -> Result<(), StatementError> {
    match statement.act {
        Act::Seen => Ok(()),
        _ if statement.speaker.person.is_some() => Ok(()),
        _ => Err(StatementError::NoPerson),
    }
}

pub(super) fn write_speaker(w: &mut Writer, speaker: &Speaker) {
    w.array(3);
    match speaker.person {
        Some(person) => w.bytes(&person.0),
        None => w.null(),
    };
    match speaker.from {
        From::Device(device) => w.uint(1).bytes(&device.0),
        From::Place(place) => w.uint(2).bytes(&place.0),
    };
}

pub(super) fn read_speaker(r: &mut Reader<'_>) -> Result<Speaker, StatementError> {
    r.array_of(3, "a speaker of three")?;
    let person = r.nullable(|r| r.byte_array("a person id").map(PersonId))?;
    let from = match r.uint()? {
        1 => From::Device(DeviceId(r.byte_array("a device id")?)),
        2 => From::Place(PlaceId(r.byte_array("a place id")?)),
        _ => return Err(StatementError::Kind),
    };
    Ok(Speaker { person, from })
}

fn write_act(w: &mut Writer, act: &Act) -> Result<(), StatementError> {
    match act {
        Act::Acknowledged(record) => {
            w.array(2).uint(1);
            write_record(w, record)?;
        }
        Act::ReadBackMismatch { observations } => {
            w.array(2).uint(2);
            write_observations(w, observations)?;
        }
        Act::Declined { reason } => {
            w.array(2).uint(3).text(words(reason)?);
        }
        Act::Redirected { to, reason } => write_handed(w, 4, to, reason)?,
        Act::Transferred { to, reason } => write_handed(w, 5, to, reason)?,
        Act::AcknowledgedByTelephone { taken_by, record } => {
            w.array(3).uint(6).text(words(taken_by)?);
            write_record(w, record)?;
        }
        Act::Seen => {
            w.array(1).uint(7);
        }
    }
    Ok(())
}

fn write_handed(
    w: &mut Writer,
    kind: u64,
    to: &Recipient,
    reason: &str,
) -> Result<(), StatementError> {
    w.array(4).uint(kind);
    match to {
        Recipient::Person(person) => w.uint(1).bytes(&person.0),
        Recipient::Duty(duty) => w.uint(2).bytes(&duty.0),
    };
    w.text(words(reason)?);
    Ok(())
}

fn read_act(r: &mut Reader<'_>) -> Result<Act, StatementError> {
    let fields = r.array()?;
    let kind = r.uint()?;
    let expected = match kind {
        1..=3 => 2,
        4 | 5 => 4,
        6 => 3,
        7 => 1,
        _ => return Err(StatementError::Kind),
    };
    if fields != expected {
        return Err(CborError::Expected("as many fields as the act has").into());
    }
    Ok(match kind {
        1 => Act::Acknowledged(read_record(r)?),
        2 => Act::ReadBackMismatch {
            observations: read_observations(r)?,
        },
        3 => Act::Declined {
            reason: words(r.text()?)?.to_owned(),
        },
        4 | 5 => {
            let to = match r.uint()? {
                1 => Recipient::Person(PersonId(r.byte_array("a person id")?)),
                2 => Recipient::Duty(DutyId(r.byte_array("a duty id")?)),
                _ => return Err(StatementError::Kind),
            };
            let reason = words(r.text()?)?.to_owned();
            if kind == 4 {
                Act::Redirected { to, reason }
            } else {
                Act::Transferred { to, reason }
            }
        }
        6 => Act::AcknowledgedByTelephone {
            taken_by: words(r.text()?)?.to_owned(),
            record: read_record(r)?,
        },
        _ => Act::Seen,
    })
}

fn write_record(w: &mut Writer, record: &ReadBackRecord) -> Result<(), StatementError> {
    w.array(3);
    write_observations(w, &record.observations)?;
    if !record.identifiers.is_sorted_by(|a, b| a < b) {
        return Err(StatementError::List);
    }
    w.array(record.identifiers.len());
    for identifier in &record.identifiers {
        w.uint(match identifier {
            IdentifierKind::Name => 1,
            IdentifierKind::BirthDate => 2,
            IdentifierKind::Number => 3,
        });
    }
    w.uint(match record.numbers {
        Mode::Typed => 1,
        Mode::Chosen => 2,
        Mode::Confirm => 3,
    });
    Ok(())
}

fn read_record(r: &mut Reader<'_>) -> Result<ReadBackRecord, StatementError> {
    r.array_of(3, "a read-back of three")?;
    let observations = read_observations(r)?;
    let mut identifiers = Vec::new();
    for _ in 0..r.array()? {
        identifiers.push(match r.uint()? {
            1 => IdentifierKind::Name,
            2 => IdentifierKind::BirthDate,
            3 => IdentifierKind::Number,
            _ => return Err(StatementError::List),
        });
    }
    if !identifiers.is_sorted_by(|a, b| a < b) {
        return Err(StatementError::List);
    }
    let numbers = match r.uint()? {
        1 => Mode::Typed,
        2 => Mode::Chosen,
        3 => Mode::Confirm,
        _ => return Err(StatementError::Kind),
    };
    Ok(ReadBackRecord {
        observations,
        identifiers,
        numbers,
    })
}

fn write_observations(w: &mut Writer, observations: &[u16]) -> Result<(), StatementError> {
    valid_observations(observations)?;
    w.array(observations.len());
    for observation in observations {
        w.uint(u64::from(*observation));
    }
    Ok(())
}

fn read_observations(r: &mut Reader<'_>) -> Result<Vec<u16>, StatementError> {
    let count = r.array()?;
    let mut observations = Vec::new();
    for _ in 0..count {
        observations.push(r.uint_as("a place of an observation")?);
    }
    valid_observations(&observations)?;
    Ok(observations)
}

fn valid_observations(observations: &[u16]) -> Result<(), StatementError> {
    let ordered = observations.is_sorted_by(|a, b| a < b);
    if ordered && observations.len() <= MAX_OBSERVATIONS {
        Ok(())
    } else {
        Err(StatementError::List)
    }
}

fn words(text: &str) -> Result<&str, StatementError> {
    if text.trim().is_empty() || text.len() > MAX_WORDS {
        Err(StatementError::Words)
    } else {
        Ok(text)
    }
}

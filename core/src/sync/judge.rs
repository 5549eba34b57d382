//! Judging positions of the log in memory. Where a new key begins, this device's own seals say which; where there is
//! none for it, the relay says whether the bearer of the key before still stands: a rotation replaces it in the same
//! operation, so what claims a later key while it stands is no rotation. Otherwise the key is waited for: the log is read
//! up to there, and never past it.

use crate::base::seal::SealingKey;
use crate::base::{DeviceId, OrganisationId, Secret};
use crate::roster::key::{KeyGift, SealedAs, split};
use crate::roster::rotation::SealRecord;
use crate::roster::verdict::Junk;
use crate::roster::{Keyring, Roster, RosterKey, Verdict};

/// A seal that this device could open.
#[derive(Clone)]
pub(super) struct Mine {
    /// The position it was stored with.
    pub(super) rotation: u64,
    pub(super) record: SealRecord,
    pub(super) gift: KeyGift,
}

impl Mine {
    /// Of the seals that the relay serves, those that open.
    pub(super) fn open(seals: &[(u64, Vec<u8>)], key: &SealingKey) -> Vec<Self> {
        let open = |(rotation, bytes): &(u64, Vec<u8>)| {
            let record = SealRecord::from_bytes(bytes).ok()?;
            let gift = record.open(key).ok()?;
            Some(Self {
                rotation: *rotation,
                record,
                gift,
            })
        };
        seals.iter().filter_map(open).collect()
    }
}

/// What judging came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Every position has its verdict.
    End,
    /// The seals from this position on are needed.
    Seals(u64),
    /// Whether the bearer of the key in force still stands is needed.
    Bearer,
    /// The key of this epoch is missing, and the relay has replaced the one before.
    Waiting(u64),
    /// An entry that may not be skipped.
    Update,
    /// Not the log that was read so far.
    Fork,
}

/// Judging under way: what was asked for is put in, and it goes on where it stopped.
pub(super) struct Judging {
    pub(super) roster: Roster,
    pub(super) keys: Keyring,
    /// Position, sealed entry, and whether it was judged rather than passed.
    pub(super) rows: Vec<(u64, Vec<u8>, bool)>,
    /// Keys that came with it.
    pub(super) gifts: Vec<RosterKey>,
    pub(super) capability: Option<Secret<32>>,
    /// The first position that was passed because nobody has a key for it.
    pub(super) passed: Option<u64>,
    pub(super) seals: Option<Vec<Mine>>,
    /// Whether the bearer of the key in force stood when it was asked, after the log was read.
    pub(super) bearer: Option<bool>,
    device: DeviceId,
    entries: Vec<(u64, Vec<u8>)>,
    next: usize,
}

impl Judging {
    pub(super) fn new(
        roster: Roster,
        keys: Keyring,
        device: DeviceId,
        entries: Vec<(u64, Vec<u8>)>,
    ) -> Self {
        Self {
            roster,
            keys,
            rows: Vec::with_capacity(entries.len()),
            gifts: Vec::new(),
            capability: None,
            passed: None,
            seals: None,
            bearer: None,
            device,
            entries,
            next: 0,
        }
    }

    /// Goes on until something is missing.
    pub(super) fn run(&mut self) -> Stop {
        while let Some((position, sealed)) = self.entries.get(self.next).cloned() {
            let mut verdict = self.roster.ingest(position, &sealed, &self.keys);
            let mut judged = true;
            if let Verdict::NeedsKey { epoch } = verdict {
                let Some(seals) = &self.seals else {
                    return Stop::Seals(position);
                };
                if let Some(found) = self.by_seal(position, &sealed, epoch, seals) {
                    let (roster, keys, capability) = found;
                    for key in keys.newest_first() {
                        if self.keys.get(key.epoch()) != Some(key) {
                            self.gifts.push(key.clone());
                        }
                    }
                    (self.roster, self.keys) = (roster, keys);
                    self.capability = capability.or(self.capability.take());
                    // The bearer that was asked about is not the one in force any more.
                    self.bearer = None;
                    self.passed = None;
                    self.rows.push((position, sealed, true));
                    self.next += 1;
                    continue;
                }
                // A rotation to this epoch that comes later: what claims it before is none.
                let later = seals
                    .iter()
                    .any(|mine| mine.rotation > position && self.opens(mine, epoch));
                if !later {
                    match self.bearer {
                        None => return Stop::Bearer,
                        Some(false) => return Stop::Waiting(epoch),
                        Some(true) => {
                            self.passed.get_or_insert(position);
                        }
                    }
                }
                verdict = self.roster.set_aside(position, Junk::NoSeals);
                judged = false;
            }
            match verdict {
                Verdict::Valid { .. } | Verdict::Ignored { .. } | Verdict::Junk(_) => {
                    self.rows.push((position, sealed, judged));
                    self.next += 1;
                }
                Verdict::Halt { .. } => return Stop::Update,
                Verdict::OutOfOrder { .. } => return Stop::Fork,
                Verdict::NeedsKey { epoch } => return Stop::Waiting(epoch),
            }
        }
        Stop::End
    }

    /// Whether a seal's key opens the entry it was stored with.
    fn opens(&self, mine: &Mine, epoch: u64) -> bool {
        let organisation = &self.roster.anchor().organisation;
        mine.gift.key.epoch() == epoch
            && self.entries.iter().any(|(position, sealed)| {
                *position == mine.rotation
                    && mine
                        .gift
                        .key
                        .open(SealedAs::Entry, organisation, sealed)
                        .is_ok()
            })
    }

    /// The roster with this position in force, and the keys for it: by this device's own seal, or by the seal of a later
    /// rotation, since each rotation entry carries the key before it.
    fn by_seal(
        &self,
        position: u64,
        sealed: &[u8],
        epoch: u64,
        seals: &[Mine],
    ) -> Option<(Roster, Keyring, Option<Secret<32>>)> {
        seals.iter().find_map(|mine| {
            let own = mine.rotation == position && mine.gift.key.epoch() == epoch;
            let later = mine.rotation > position && mine.gift.key.epoch() > epoch;
            if !own && !later {
                return None;
            }
            let organisation = self.roster.anchor().organisation;
            let mut keys = self.keys.clone();
            keys.insert(mine.gift.key.clone());
            if later {
                self.unwind(&mut keys, &organisation, mine.rotation)?;
            }
            let mut roster = self.roster.clone();
            let verdict = roster.ingest(position, sealed, &keys);
            if !matches!(verdict, Verdict::Valid { .. })
                || (own && mine.record.belongs_to(&self.device, &roster).is_err())
            {
                return None;
            }
            Some((roster, keys, mine.gift.admin_capability.clone()))
        })
    }

    fn unwind(
        &self,
        keys: &mut Keyring,
        organisation: &OrganisationId,
        rotation: u64,
    ) -> Option<u64> {
        let newest = keys.newest()?.epoch();
        let held = self
            .entries
            .iter()
            .find(|(position, _)| *position == rotation)?;
        // A seal that nobody's entry stands by says nothing.
        (split(&held.1)?.0 == newest).then_some(())?;
        let own = self.keys.clone();
        let lowest = keys.unwind(organisation, self.entries.iter().map(|(_, e)| e.as_slice()));
        // What this device holds already is not replaced by what a later key leads back to.
        for key in own.newest_first() {
            keys.insert(key.clone());
        }
        lowest
    }
}

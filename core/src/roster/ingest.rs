//! From the relay's sealed positions to verdicts: which key an entry must be sealed under.

use super::entry::Entry;
use super::key::{RosterKey, SealedAs, split};
use super::keyring::Keyring;
use super::kind::Body;
use super::{Junk, Roster, Verdict};
use crate::base::Digest;

/// Kinds of the entries with which an epoch begins.
const FOUNDED: u16 = 1;
const KEY_ROTATED: u16 = 70;

impl Roster {
    /// Opens and judges the entry at the next position.
    ///
    /// An entry is sealed under the key of the epoch it belongs to. The first one under a new key is the rotation
    /// that commits to it; anything else under another key is junk. On [`Verdict::NeedsKey`] nothing changed: fetch
    /// the seals that were stored with this position. If the relay has a seal for this device, open it and ask
    /// again; if none was stored for anybody, it is no rotation: [`Roster::set_aside`] it with [`Junk::NoSeals`]. If
    /// there are seals but not for this device, it is excluded and reads no further.
    pub fn ingest(&mut self, position: u64, sealed: &[u8], keys: &Keyring) -> Verdict {
        if position != self.next_position {
            return Verdict::OutOfOrder {
                expected: self.next_position,
            };
        }
        let Some((epoch, _)) = split(sealed) else {
            return self.set_aside(position, Junk::WrongKey);
        };
        let current = self.organisation.as_ref().map(|own| own.key.epoch);
        let begins = match current {
            None if epoch == 0 => true,
            Some(current) if epoch == current => false,
            Some(current) if Some(epoch) == current.checked_add(1) => true,
            _ => return self.set_aside(position, Junk::WrongKey),
        };
        let Some(key) = keys.get(epoch) else {
            return Verdict::NeedsKey { epoch };
        };
        if !begins && !self.key_in_force(key) {
            // What this device holds for the epoch is not what the log committed to.
            return Verdict::NeedsKey { epoch };
        }
        let Ok(plain) = key.open(SealedAs::Entry, &self.anchor.organisation, sealed) else {
            return self.set_aside(position, Junk::WrongKey);
        };
        match begin_of_epoch(&plain, key) {
            Ok(is_begin) if is_begin == begins => self.apply(position, &plain),
            Ok(_) => self.set_aside(position, Junk::WrongKey),
            Err(reason) => self.set_aside(position, reason),
        }
    }
}

/// Whether an entry begins an epoch; if so, it must commit to the key that opened it.
fn begin_of_epoch(plain: &[u8], key: &RosterKey) -> Result<bool, Junk> {
    let entry = Entry::from_bytes(plain).map_err(|_| Junk::Malformed)?;
    if entry.kind != FOUNDED && entry.kind != KEY_ROTATED {
        return Ok(false);
    }
    let committed: Option<(u64, Digest)> = match Body::from_bytes(entry.kind, &entry.body) {
        Ok(Some(Body::Founded(body))) => Some((0, body.key_commitment)),
        Ok(Some(Body::KeyRotated(body))) => Some((body.epoch, body.commitment)),
        _ => None,
    };
    match committed {
        Some(committed) if committed == (key.epoch(), key.commitment()) => Ok(true),
        // A rotation sealed under the key it replaces.
        Some((epoch, _)) if epoch != key.epoch() => Err(Junk::WrongKey),
        Some(_) => Err(Junk::Rotation),
        None => Err(Junk::Malformed),
    }
}

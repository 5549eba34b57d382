//! Whether two cards are about the same patient, without keeping identifiers: digests of (authority, kind) and of
//! (authority, kind, value), one pair per identifier.

use sotto_content::card::{Identifier, Patient};
use sotto_content::mimi::{ExtensionKey, ExtensionValue, Extensions};

use crate::base::digest::sha256_parts;

const HALF: usize = 16;

fn half(parts: &[&[u8]]) -> [u8; HALF] {
    let digest = sha256_parts(parts);
    let mut out = [0u8; HALF];
    out.copy_from_slice(&digest.as_bytes()[..HALF]);
    out
}

fn record(identifier: &Identifier) -> [u8; 2 * HALF] {
    let authority = identifier.authority_key().as_bytes();
    let kind = identifier.kind.as_deref().unwrap_or_default().as_bytes();
    let scope = half(&[b"sotto/identifier scope\0", authority, b"\0", kind]);
    let value = half(&[b"sotto/identifier\0", &scope, identifier.value.as_bytes()]);
    let mut out = [0u8; 2 * HALF];
    out[..HALF].copy_from_slice(&scope);
    out[HALF..].copy_from_slice(&value);
    out
}

/// The key of a patient: sorted records of all identifiers that name who assigned them. Empty where there are none.
#[must_use]
pub fn key_of(patient: &Patient) -> Vec<u8> {
    let mut records: Vec<_> = patient
        .identifiers
        .iter()
        .filter(|i| i.has_authority())
        .map(record)
        .collect();
    records.sort_unstable();
    records.dedup();
    records.concat()
}

/// Whether two keys certainly name the same patient: one identifier in common, and no authority and kind under which
/// both have identifiers but none in common. Colliding digits of different authorities are no match. A merged patient
/// has several identifiers of one authority; one of them in common is enough, from either side.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    let others: Vec<&[u8]> = other.chunks_exact(2 * HALF).collect();
    let mut shared = false;
    for mine in one.chunks_exact(2 * HALF) {
        let scope = &mine[..HALF];
        if !others.iter().any(|theirs| theirs.starts_with(scope)) {
            continue;
        }
        let of_scope = one
            .chunks_exact(2 * HALF)
            .filter(|record| record.starts_with(scope));
        if !of_scope.into_iter().any(|record| others.contains(&record)) {
            return false;
        }
        shared = true;
    }
    shared
}

/// Whether a card about the patient `key` may stand in a conversation about `about`, which may be about nobody yet.
#[must_use]
pub fn may_stand_in(about: &[u8], key: &[u8]) -> bool {
    about.is_empty() || same(about, key)
}

/// Private key of this project: the patient's token, drawn at random by whoever first sent a result of theirs.
const TOKEN: i64 = -2;

/// Puts the patient's token beside a card.
pub fn set_token(extensions: &mut Extensions, token: &[u8; 16]) {
    extensions.set(
        ExtensionKey::Integer(TOKEN),
        ExtensionValue::Bytes(token.to_vec()),
    );
}

/// The token beside a card.
#[must_use]
pub fn token(extensions: &Extensions) -> Option<[u8; 16]> {
    match extensions.get(TOKEN) {
        Some(ExtensionValue::Bytes(bytes)) => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn patient(ids: &[(&str, &str, &str)]) -> Vec<u8> {
        key_of(&Patient {
            identifiers: ids
                .iter()
                .map(|(authority, kind, value)| Identifier {
                    value: (*value).to_owned(),
                    kind: Some((*kind).to_owned()),
                    system: None,
                    authority: Some((*authority).to_owned()),
                })
                .collect(),
            ..Patient::default()
        })
    }

    #[test]
    fn colliding_digits_of_two_authorities_are_two_patients() {
        assert!(!same(
            &patient(&[("A", "MR", "1234")]),
            &patient(&[("B", "MR", "1234")])
        ));
        assert!(!same(
            &patient(&[("A", "MR", "1234")]),
            &patient(&[("A", "VN", "1234")])
        ));
    }

    #[test]
    fn a_merged_patient_is_the_same_and_a_contradicting_one_is_not() {
        let merged = patient(&[("A", "MR", "1"), ("B", "MR", "2")]);
        assert!(same(&patient(&[("A", "MR", "1")]), &merged));
        assert!(same(&merged, &patient(&[("B", "MR", "2")])));
        assert!(!same(
            &merged,
            &patient(&[("A", "MR", "1"), ("B", "MR", "3")])
        ));
    }

    #[test]
    fn a_patient_with_two_numbers_of_one_authority_is_the_same_from_both_sides() {
        let (both, old, new) = (
            patient(&[("A", "MR", "1"), ("A", "MR", "2")]),
            patient(&[("A", "MR", "1")]),
            patient(&[("A", "MR", "2")]),
        );
        assert!(same(&both, &both) && same(&both, &old) && same(&old, &both) && same(&new, &both));
        // Split again: two patients.
        assert!(!same(&old, &new));
        assert!(!same(&both, &patient(&[("A", "MR", "3")])));
    }

    #[test]
    fn nothing_is_nobody() {
        assert!(!same(&[], &[]));
    }
}

//! A value and what it was before, by entry number.

use minicbor::{Decode, Encode};

/// A value that changes at entries. Old values stay, because a sender's right is judged at the roster position that
/// the epoch's commit named, which may lie behind the head.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Versioned<T>(#[n(0)] Vec<(u64, T)>);

impl<T> Versioned<T> {
    /// Starts with `value` at entry `seq`.
    #[must_use]
    pub fn new(seq: u64, value: T) -> Self {
        Self(vec![(seq, value)])
    }
    /// Changes the value at entry `seq`, which must not lie before the last change.
    pub fn set(&mut self, seq: u64, value: T) {
        self.0.push((seq, value));
    }
    /// The value after entry `seq`; `None` before the first.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<&T> {
        self.0
            .iter()
            .rev()
            .find(|(since, _)| *since <= seq)
            .map(|(_, value)| value)
    }
    /// The entries at which it changed, oldest first.
    pub(super) fn changes(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|(since, _)| *since)
    }
    /// The same history of another value.
    pub(super) fn map<U>(&self, change: impl Fn(&T) -> U) -> Versioned<U> {
        let changed = |(since, value): &(u64, T)| (*since, change(value));
        Versioned(self.0.iter().map(changed).collect())
    }
    /// The newest value.
    #[must_use]
    pub fn now(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }
    /// The entry of the newest change.
    #[must_use]
    pub fn since(&self) -> u64 {
        self.0.last().map_or(0, |(since, _)| *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_stays_what_it_was() {
        let mut value = Versioned::new(3, 'a');
        value.set(7, 'b');
        value.set(7, 'c');
        assert_eq!(
            [2, 3, 6, 7, 9].map(|s| value.at(s).copied()),
            [None, Some('a'), Some('a'), Some('c'), Some('c')]
        );
        assert_eq!((value.now(), value.since()), (Some(&'c'), 7));
    }
}

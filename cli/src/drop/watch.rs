//! When is a file complete? Pure: it sees listings and a clock and says which files have kept still.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::time::{Duration, SystemTime};

/// What changes while somebody still writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

/// An empty file is most likely one whose writer has just opened it, so it must keep still for this much longer.
const EMPTY: u32 = 10;
/// A file that could not be handled is tried again after twice the time of the last try, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy)]
struct Known {
    print: Fingerprint,
    since: Duration,
    tries: u32,
    not_before: Duration,
}

/// The memory of earlier looks. Times are of a clock that never goes back.
#[derive(Debug)]
pub(crate) struct Watch {
    settle: Duration,
    known: BTreeMap<OsString, Known>,
}

impl Watch {
    /// A file is complete when size and time of change have stayed the same for `settle`.
    pub(crate) const fn new(settle: Duration) -> Self {
        Self {
            settle,
            known: BTreeMap::new(),
        }
    }

    /// Takes a look: which of the listed files are complete, by name.
    pub(crate) fn look(
        &mut self,
        now: Duration,
        listing: &BTreeMap<OsString, Fingerprint>,
    ) -> Vec<OsString> {
        self.known.retain(|name, _| listing.contains_key(name));
        let mut complete = Vec::new();
        for (name, print) in listing.iter().filter(|(name, _)| !is_partial(name)) {
            let fresh = Known {
                print: *print,
                since: now,
                tries: 0,
                not_before: Duration::ZERO,
            };
            let known = self.known.entry(name.clone()).or_insert(fresh);
            if known.print != *print {
                *known = fresh;
            }
            let still = now.saturating_sub(known.since);
            let needed = if print.size == 0 {
                self.settle * EMPTY
            } else {
                self.settle
            };
            if still >= needed && now >= known.not_before {
                complete.push(name.clone());
            }
        }
        complete
    }

    /// Remembers a file that was judged complete elsewhere: if it is still the same, it need not keep still again.
    pub(crate) fn carry_over(&mut self, name: OsString, print: Fingerprint) {
        self.known.insert(
            name,
            Known {
                print,
                since: Duration::ZERO,
                tries: 0,
                not_before: Duration::ZERO,
            },
        );
    }

    /// Puts a file off that could not be handled now. Gives back the pause.
    pub(crate) fn put_off(&mut self, name: &OsStr, now: Duration) -> Duration {
        let base = self.settle.max(Duration::from_secs(1));
        let Some(known) = self.known.get_mut(name) else {
            return base;
        };
        let pause = base
            .saturating_mul(1 << known.tries.min(16))
            .min(LONGEST_PAUSE);
        known.tries += 1;
        known.not_before = now + pause;
        pause
    }
}

/// Names of files that are not for us: hidden ones, answers, and what writers call a file until they rename it.
pub(crate) fn is_partial(name: &OsStr) -> bool {
    const ENDINGS: [&str; 9] = [
        ".ack",
        ".tmp",
        ".temp",
        ".part",
        ".partial",
        ".filepart",
        ".crdownload",
        ".swp",
        "~",
    ];
    let name = name.to_string_lossy().to_lowercase();
    name.starts_with('.') || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(2);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    fn listing(files: &[(&str, u64, u64)]) -> BTreeMap<OsString, Fingerprint> {
        let print = |size, changed| Fingerprint {
            size,
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(changed),
        };
        files
            .iter()
            .map(|(name, size, changed)| ((*name).into(), print(*size, *changed)))
            .collect()
    }

    #[test]
    fn a_file_is_complete_only_after_it_has_kept_still() {
        let mut watch = Watch::new(SETTLE);
        assert!(watch.look(at(0), &listing(&[("a.hl7", 10, 1)])).is_empty());
        assert!(
            watch.look(at(1), &listing(&[("a.hl7", 20, 1)])).is_empty(),
            "it grew"
        );
        assert!(
            watch.look(at(2), &listing(&[("a.hl7", 20, 2)])).is_empty(),
            "it was touched"
        );
        assert!(watch.look(at(3), &listing(&[("a.hl7", 20, 2)])).is_empty());
        assert_eq!(watch.look(at(4), &listing(&[("a.hl7", 20, 2)])), ["a.hl7"]);
    }

    #[test]
    fn a_partial_name_is_never_complete_and_its_rename_begins_anew() {
        let mut watch = Watch::new(SETTLE);
        for seconds in 0..60 {
            assert!(
                watch
                    .look(at(seconds), &listing(&[("a.hl7.tmp", 10, 1)]))
                    .is_empty()
            );
        }
        assert!(watch.look(at(60), &listing(&[("a.hl7", 10, 1)])).is_empty());
        assert_eq!(watch.look(at(62), &listing(&[("a.hl7", 10, 1)])), ["a.hl7"]);
    }

    #[test]
    fn a_file_that_went_away_and_came_back_is_new() {
        let mut watch = Watch::new(SETTLE);
        watch.look(at(0), &listing(&[("a.hl7", 10, 1)]));
        watch.look(at(1), &listing(&[]));
        assert!(watch.look(at(2), &listing(&[("a.hl7", 10, 1)])).is_empty());
    }

    #[test]
    fn an_empty_file_waits_longer_and_is_not_forgotten() {
        let mut watch = Watch::new(SETTLE);
        assert!(watch.look(at(0), &listing(&[("a.hl7", 0, 1)])).is_empty());
        assert!(watch.look(at(19), &listing(&[("a.hl7", 0, 1)])).is_empty());
        assert_eq!(watch.look(at(20), &listing(&[("a.hl7", 0, 1)])), ["a.hl7"]);
    }

    #[test]
    fn a_file_put_off_is_tried_again_ever_more_seldom() {
        let mut watch = Watch::new(SETTLE);
        let files = listing(&[("a.hl7", 10, 1)]);
        watch.carry_over("a.hl7".into(), files[OsStr::new("a.hl7")]);
        assert_eq!(watch.look(at(0), &files), ["a.hl7"]);
        assert_eq!(
            watch.put_off(OsStr::new("a.hl7"), at(0)),
            Duration::from_secs(2)
        );
        assert!(watch.look(at(1), &files).is_empty());
        assert_eq!(watch.look(at(2), &files), ["a.hl7"]);
        assert_eq!(
            watch.put_off(OsStr::new("a.hl7"), at(2)),
            Duration::from_secs(4)
        );
        for _ in 0..40 {
            watch.put_off(OsStr::new("a.hl7"), at(2));
        }
        assert_eq!(watch.put_off(OsStr::new("a.hl7"), at(2)), LONGEST_PAUSE);
    }

    #[test]
    fn a_taken_file_that_changed_meanwhile_must_keep_still_again() {
        let mut watch = Watch::new(SETTLE);
        watch.carry_over(
            "a.hl7".into(),
            listing(&[("a.hl7", 10, 1)])[OsStr::new("a.hl7")],
        );
        assert!(watch.look(at(0), &listing(&[("a.hl7", 11, 1)])).is_empty());
        assert_eq!(watch.look(at(2), &listing(&[("a.hl7", 11, 1)])), ["a.hl7"]);
    }

    #[test]
    fn names_in_the_making_are_known() {
        for name in [".hidden", "a.ACK", "a.tmp", "a.part", "a~", "a.filepart"] {
            assert!(is_partial(OsStr::new(name)), "{name}");
        }
        for name in ["a", "a.hl7", "a.json", "part", "back.txt"] {
            assert!(!is_partial(OsStr::new(name)), "{name}");
        }
    }
}

//! One round over the drop folder: take what is complete, post what is in hand, answer, move on.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use sotto_core::SentResultView;
use sotto_core::base::crash;

use super::folder::{End, Folder};
use super::post::{Post, Posted};
use super::watch::Watch;
use crate::failure::{Failure, Outcome};

/// A file this large is no result; reading it would only exhaust memory.
const LARGEST: u64 = 64 << 20;

/// What is told about one file.
#[derive(Debug, Serialize)]
pub(crate) struct FileEvent {
    /// The file's name.
    pub(crate) file: String,
    /// `accepted`, `refused` or `later`.
    pub(crate) outcome: &'static str,
    /// AA, AE or AR, where the answer is HL7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The messages it became.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) results: Vec<SentResultView>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<Value>,
    /// The same in words.
    #[serde(skip)]
    pub(crate) words: String,
}

/// The folder with its memory.
pub(crate) struct Worker<P> {
    folder: Folder,
    post: P,
    waiting: Watch,
    in_hand: Watch,
}

impl<P: Post> Worker<P> {
    pub(crate) const fn new(folder: Folder, post: P, settle: Duration) -> Self {
        Self {
            folder,
            post,
            waiting: Watch::new(settle),
            in_hand: Watch::new(settle),
        }
    }

    /// Looks once. `now` is of a clock that never goes back. An error is about the folder, not about a file.
    pub(crate) fn round(&mut self, now: Duration) -> Outcome<Vec<FileEvent>> {
        self.take(now)?;
        let listing = self
            .folder
            .in_hand()
            .map_err(|error| Failure::io("listing the drop folder", &error))?;
        let mut events = Vec::new();
        for name in self.in_hand.look(now, &listing) {
            let too_large = listing.get(&name).is_some_and(|print| print.size > LARGEST);
            events.push(self.handle(&name, too_large, now));
        }
        Ok(events)
    }

    /// A name that is still in hand is taken again only after that file has come to its end.
    fn take(&mut self, now: Duration) -> Outcome {
        let failed = |error| Failure::io("listing the drop folder", &error);
        let listing = self.folder.waiting().map_err(failed)?;
        let in_hand = self.folder.in_hand().map_err(failed)?;
        for name in self.waiting.look(now, &listing) {
            // A file that cannot be moved (gone again, not ours) is looked at anew next time.
            if !in_hand.contains_key(&name) && self.folder.take(&name).is_ok() {
                crash::point("drop.taken");
                if let Some(print) = listing.get(&name) {
                    self.in_hand.carry_over(name, *print);
                }
            }
        }
        Ok(())
    }

    fn handle(&mut self, name: &OsStr, too_large: bool, now: Duration) -> FileEvent {
        let posted = if too_large {
            let failure = Failure::bad_input("drop.too_large", "the file is larger than 64 MiB");
            Posted::Refused {
                answer: super::answer::Answer::outcome(Err(&failure)),
                failure,
            }
        } else {
            match self.folder.read(name) {
                Ok(source) => self.post.post(source),
                Err(error) => Posted::Later(Failure::io("reading a dropped file", &error)),
            }
        };
        crash::point("drop.posted");
        let (answer, end, results, failure) = match posted {
            Posted::Accepted { answer, results } => (answer, End::Done, results, None),
            Posted::Refused { answer, failure } => {
                (answer, End::Refused, Vec::new(), Some(failure))
            }
            Posted::Later(failure) => return self.later(name, &failure, now),
        };
        if let Err(error) = self.folder.answer(name, &answer.bytes) {
            return self.later(
                name,
                &Failure::io("writing the answer to a dropped file", &error),
                now,
            );
        }
        crash::point("drop.answered");
        if let Err(error) = self.folder.finish(name, end) {
            return self.later(name, &Failure::io("moving a dropped file", &error), now);
        }
        let code = answer
            .code
            .as_deref()
            .map(|code| format!(" {code}"))
            .unwrap_or_default();
        let words = match &failure {
            None => format!("accepted{code}: {}", said(&results)),
            Some(failure) => format!("refused{code}: {failure}"),
        };
        FileEvent {
            file: shown(name),
            outcome: if failure.is_none() {
                "accepted"
            } else {
                "refused"
            },
            code: answer.code,
            results,
            error: failure.map(|failure| failure.to_json()),
            words,
        }
    }

    fn later(&mut self, name: &OsStr, failure: &Failure, now: Duration) -> FileEvent {
        let pause = crate::parse::duration_text(self.in_hand.put_off(name, now));
        FileEvent {
            file: shown(name),
            outcome: "later",
            code: None,
            results: Vec::new(),
            error: Some(failure.to_json()),
            words: format!("not now, next try in {pause}: {failure}"),
        }
    }
}

fn said(results: &[SentResultView]) -> String {
    let one = |result: &SentResultView| {
        let what = if result.duplicate {
            "sent before"
        } else {
            "stored for sending"
        };
        format!(
            "{} version {} to {}, {what}",
            result.title, result.version, result.to
        )
    };
    results.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn shown(name: &OsStr) -> String {
    OsString::from(name).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::rc::Rc;

    use super::super::answer::Answer;
    use super::*;

    const SETTLE: Duration = Duration::from_secs(1);

    /// Stands for core: keeps what it stored, as core's store survives a process, and recognises duplicates.
    #[derive(Clone, Default)]
    struct Ledger {
        stored: Rc<RefCell<Vec<Vec<u8>>>>,
        posted: Rc<RefCell<usize>>,
        die: Rc<RefCell<bool>>,
    }

    impl Post for Ledger {
        fn post(&self, source: Vec<u8>) -> Posted {
            *self.posted.borrow_mut() += 1;
            if source.starts_with(b"BAD") {
                let failure = Failure::bad_input("result.malformed", "no segment MSH");
                return Posted::Refused {
                    answer: Answer::outcome(Err(&failure)),
                    failure,
                };
            }
            if source.starts_with(b"BUSY") {
                return Posted::Later(Failure::refused("store.busy", "the store is busy"));
            }
            if !self.stored.borrow().contains(&source) {
                self.stored.borrow_mut().push(source);
            }
            assert!(
                !self.die.take(),
                "the process dies after core has stored it"
            );
            Posted::Accepted {
                answer: Answer::hl7(b"MSH|^~\\&\rMSA|AA|1\r".to_vec()),
                results: Vec::new(),
            }
        }
    }

    fn worker(root: &Path, ledger: &Ledger) -> Worker<Ledger> {
        Worker::new(Folder::open(root).unwrap(), ledger.clone(), SETTLE)
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(100 + seconds)
    }

    fn run(root: &Path, ledger: &Ledger) -> Vec<FileEvent> {
        let mut worker = worker(root, ledger);
        (0..8)
            .flat_map(|second| worker.round(at(second)).unwrap())
            .collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_good_file_is_answered_and_done_and_a_bad_one_is_answered_and_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.hl7"), "MSH 1").unwrap();
        fs::write(root.path().join("b.json"), "BAD").unwrap();
        fs::write(root.path().join("c.hl7.part"), "MSH").unwrap();
        let events = run(root.path(), &Ledger::default());
        assert_eq!(
            events.iter().map(|event| event.outcome).collect::<Vec<_>>(),
            ["accepted", "refused"]
        );
        assert_eq!(events[0].code.as_deref(), Some("AA"));
        assert_eq!(
            names(root.path()),
            ["a.hl7.ack", "b.json.ack", "c.hl7.part"]
        );
        assert_eq!(names(&root.path().join("done")), ["a.hl7"]);
        assert_eq!(names(&root.path().join("refused")), ["b.json"]);
    }

    #[test]
    fn a_process_that_dies_after_storing_sends_nothing_twice_and_still_answers() {
        let (root, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        fs::write(root.path().join("a.hl7"), "MSH 1").unwrap();
        *ledger.die.borrow_mut() = true;
        let died = catch_unwind(AssertUnwindSafe(|| run(root.path(), &ledger)));
        assert!(died.is_err());
        assert_eq!(
            names(root.path()),
            Vec::<String>::new(),
            "no answer was given for what is not finished"
        );
        run(root.path(), &ledger);
        assert_eq!(*ledger.posted.borrow(), 2);
        assert_eq!(ledger.stored.borrow().len(), 1);
        assert_eq!(names(root.path()), ["a.hl7.ack"]);
        assert_eq!(names(&root.path().join("done")), ["a.hl7"]);
    }

    #[test]
    fn a_process_that_dies_after_taking_or_answering_goes_on_where_it_was() {
        for answered in [false, true] {
            let (root, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
            fs::write(root.path().join("a.hl7"), "MSH 1").unwrap();
            let folder = Folder::open(root.path()).unwrap();
            folder.take(OsStr::new("a.hl7")).unwrap();
            if answered {
                ledger.post(folder.read(OsStr::new("a.hl7")).unwrap());
                folder.answer(OsStr::new("a.hl7"), b"half way").unwrap();
            }
            drop(folder);
            run(root.path(), &ledger);
            assert_eq!(ledger.stored.borrow().len(), 1);
            assert_eq!(names(root.path()), ["a.hl7.ack"]);
            assert_eq!(names(&root.path().join("done")), ["a.hl7"]);
        }
    }

    #[test]
    fn a_new_file_of_a_name_in_hand_is_not_mistaken_for_it() {
        let (root, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        fs::write(root.path().join("a.hl7"), "BUSY").unwrap();
        let mut worker = worker(root.path(), &ledger);
        for second in 0..2 {
            worker.round(at(second)).unwrap();
        }
        fs::write(root.path().join("a.hl7"), "MSH 2").unwrap();
        for second in 2..9 {
            worker.round(at(second)).unwrap();
        }
        assert!(
            root.path().join("a.hl7").exists(),
            "the second file waits for the first"
        );
        fs::write(root.path().join(".taken/a.hl7"), "MSH 1").unwrap();
        for second in 10..20 {
            worker.round(at(second)).unwrap();
        }
        assert_eq!(
            *ledger.stored.borrow(),
            [b"MSH 1".to_vec(), b"MSH 2".to_vec()]
        );
        assert_eq!(names(&root.path().join("done")), ["a.hl7", "a.hl7~2"]);
    }

    #[test]
    fn what_cannot_be_handled_now_stays_in_hand_without_an_answer() {
        let (root, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        fs::write(root.path().join("a.hl7"), "BUSY").unwrap();
        let events = run(root.path(), &ledger);
        assert!(events.iter().all(|event| event.outcome == "later"));
        assert!(
            (2..5).contains(&events.len()),
            "it is tried again, ever more seldom: {}",
            events.len()
        );
        assert_eq!(names(root.path()), Vec::<String>::new());
        assert_eq!(names(&root.path().join(".taken")), ["a.hl7"]);
    }

    #[test]
    fn two_processes_never_work_on_one_folder() {
        let root = tempfile::tempdir().unwrap();
        let _first = Folder::open(root.path()).unwrap();
        assert_eq!(Folder::open(root.path()).unwrap_err().code(), "drop.taken");
    }
}

use std::process::{Child, Command};

use rusqlite::{Transaction, TransactionBehavior};

use super::super::connection::{self, Access};
use super::super::{Notice, RunRole, lock};
use super::*;

const CHILD: &str = "SOTTO_STORE_TEST_CHILD";

/// Runs one of the `child_…` functions below in a process of its own.
fn child(name: &str, home: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            format!("store::tests::processes::{name}").as_str(),
            "--exact",
            "--nocapture",
        ])
        .env(CHILD, home);
    command
}

fn child_home() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

fn count_up(store: &Store) {
    store
        .write("count", |tx| {
            let count = tx.meta::<u64>("count")?.unwrap_or(0);
            tx.put_meta("count", &(count + 1))
        })
        .unwrap();
}

/// Work of a child process; does nothing in the test run itself.
#[test]
fn child_counts() {
    let Some(home) = child_home() else { return };
    let store = Store::open(&home, &key(), StoreOptions::default()).unwrap();
    for _ in 0..50 {
        count_up(&store);
    }
}

#[test]
fn processes_and_threads_that_write_at_once_lose_no_write() {
    let (_dir, home) = folder();
    let store = Store::create(&home, &key(), StoreOptions::default()).unwrap();
    let mut children: Vec<Child> = (0..2)
        .map(|_| child("child_counts", &home).spawn().unwrap())
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..50).for_each(|_| count_up(&store)));
        }
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(store.read(|tx| tx.meta::<u64>("count")), Ok(Some(200)));
    assert!(store.integrity_check().unwrap().is_sound());
}

#[test]
fn a_store_that_another_process_writes_to_is_called_locked() {
    let (_dir, store) = store();
    let other = lock::open(store.dir(), lock::WRITE_LOCK).unwrap();
    other.lock().unwrap();
    assert_eq!(put(&store, b"x"), Err(StoreError::LockedByAnotherProcess));
    assert_eq!(
        Store::open(store.dir(), &key(), impatient()).unwrap_err(),
        StoreError::LockedByAnotherProcess
    );
    assert_eq!(get(&store), None, "readers do not wait for writers");
    other.unlock().unwrap();
    put(&store, b"x").unwrap();
}

#[test]
fn a_writer_that_ignores_the_file_lock_is_called_busy() {
    let (_dir, store) = store();
    let little = Duration::from_millis(20);
    let mut stranger =
        connection::open(&store.dir().join(DATABASE), &key(), Access::Write, little).unwrap();
    let held = Transaction::new(&mut stranger, TransactionBehavior::Immediate).unwrap();
    assert_eq!(
        put(&store, b"x"),
        Err(StoreError::Busy {
            doing: "test value"
        })
    );
    drop(held);
    put(&store, b"x").unwrap();
}

#[test]
fn a_second_run_is_refused_until_the_first_ends() {
    let (_dir, store) = store();
    let role = store.try_run_role().unwrap();
    assert_eq!(
        store.try_run_role().unwrap_err(),
        StoreError::AlreadyRunning
    );
    assert_eq!(
        RunRole::try_take(store.dir()).unwrap_err(),
        StoreError::AlreadyRunning
    );
    // Other commands write meanwhile.
    put(
        &Store::open(store.dir(), &key(), impatient()).unwrap(),
        b"x",
    )
    .unwrap();
    drop(role);
    store.try_run_role().unwrap();
}

#[test]
fn the_running_one_notices_what_others_commit_and_not_what_it_commits_itself() {
    let (_dir, store) = store();
    let other = Store::open(store.dir(), &key(), impatient()).unwrap();
    store.notice_foreign_commits().unwrap();
    let mut heard = store.subscribe();
    put(&store, b"own").unwrap();
    assert_eq!(store.notice_foreign_commits(), Ok(false));
    put(&other, b"foreign").unwrap();
    // Its own write in between does not hide the foreign one.
    put(&store, b"own").unwrap();
    assert_eq!(store.notice_foreign_commits(), Ok(true));
    assert_eq!(heard.try_next(), Some(Notice::Elsewhere));
    assert_eq!(store.notice_foreign_commits(), Ok(false));
    assert_eq!(heard.try_next(), None);
}

/// Work of a child process that is ended inside its write; does nothing in the test run itself.
#[cfg(feature = "crash-points")]
#[test]
fn child_crashes() {
    let Some(home) = child_home() else { return };
    let store = Store::open(&home, &key(), impatient()).unwrap();
    put(&store, b"after").unwrap();
}

#[cfg(feature = "crash-points")]
#[test]
fn a_process_ended_before_its_commit_leaves_nothing_and_after_it_everything() {
    for (point, expected) in [
        ("store.before_commit", b"before".as_slice()),
        ("store.after_commit", b"after"),
    ] {
        let (_dir, home) = folder();
        put(
            &Store::create(&home, &key(), impatient()).unwrap(),
            b"before",
        )
        .unwrap();
        assert!(
            !child("child_crashes", &home)
                .env("SOTTO_CRASH", point)
                .status()
                .unwrap()
                .success()
        );
        let store = Store::open(&home, &key(), impatient()).unwrap();
        assert_eq!(get(&store).unwrap(), expected, "{point}");
        assert!(store.integrity_check().unwrap().is_sound());
        put(&store, b"next").unwrap();
    }
}

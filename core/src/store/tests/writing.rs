use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::super::{Change, Doing as _, Notice, Topic};
use super::*;

fn change(topic: Topic, key: &[u8]) -> Change {
    Change {
        topic,
        key: key.to_vec(),
    }
}

#[derive(Debug, PartialEq)]
enum Refusal {
    ByClosure,
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[tokio::test]
async fn events_fire_after_the_commit_and_in_its_order() {
    let (_dir, store) = store();
    let mut heard = store.subscribe();
    store
        .write("test", |tx| {
            tx.emit(Topic::Message, *b"a");
            tx.emit(Topic::Outbox, *b"b");
            tx.emit(Topic::Message, *b"a");
            assert_eq!(heard.try_next(), None, "nothing is heard before the commit");
            assert_eq!(tx.label(), "test");
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let expected: Arc<[Change]> =
        [change(Topic::Message, b"a"), change(Topic::Outbox, b"b")].into();
    assert_eq!(heard.next().await, Some(Notice::Changes(expected)));
    put(&store, b"a write that announces nothing").unwrap();
    assert_eq!(heard.try_next(), None);
    drop(store);
    assert_eq!(heard.next().await, None);
}

#[test]
fn an_error_in_the_closure_undoes_everything_and_emits_nothing() {
    let (_dir, store) = store();
    put(&store, b"before").unwrap();
    let mut heard = store.subscribe();
    let refused = store.write("test", |tx| {
        tx.put_meta_bytes("test", b"after")?;
        tx.emit(Topic::Message, *b"a");
        assert_eq!(
            tx.meta_bytes("test")?.unwrap(),
            b"after",
            "a write sees its own changes"
        );
        Err::<(), _>(Refusal::ByClosure)
    });
    assert_eq!(refused, Err(Refusal::ByClosure));
    assert_eq!(heard.try_next(), None);
    assert_eq!(get(&store).unwrap(), b"before");
}

#[test]
fn a_panic_in_the_closure_undoes_everything_and_the_next_write_works() {
    let (_dir, store) = store();
    put(&store, b"before").unwrap();
    let mut heard = store.subscribe();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write("test", |tx| -> Result<(), StoreError> {
            tx.put_meta_bytes("test", b"after")?;
            tx.emit(Topic::Message, *b"a");
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(heard.try_next(), None);
    assert_eq!(get(&store).unwrap(), b"before");
    // Another opening can write at once: the file lock is free.
    put(
        &Store::open(store.dir(), &key(), impatient()).unwrap(),
        b"other",
    )
    .unwrap();
    put(&store, b"next").unwrap();
    assert_eq!(get(&store).unwrap(), b"next");
}

#[test]
fn a_part_that_fails_leaves_the_rest_of_the_write() {
    let (_dir, store) = store();
    let mut heard = store.subscribe();
    store
        .write("batch", |tx| {
            tx.emit(Topic::Inbox, *b"1");
            let bad = tx.attempt(|tx| {
                tx.put_meta_bytes("bad", b"x")?;
                tx.emit(Topic::Inbox, *b"2");
                Err::<(), _>(Refusal::ByClosure)
            });
            assert_eq!(bad, Err(Refusal::ByClosure));
            tx.attempt(|tx| tx.put_meta_bytes("good", b"x"))?;
            tx.emit(Topic::Inbox, *b"3");
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let expected: Arc<[Change]> = [change(Topic::Inbox, b"1"), change(Topic::Inbox, b"3")].into();
    assert_eq!(heard.try_next(), Some(Notice::Changes(expected)));
    let (bad, good) = store
        .read(|tx| Ok::<_, StoreError>((tx.meta_bytes("bad")?, tx.meta_bytes("good")?)))
        .unwrap();
    assert_eq!((bad, good.is_some()), (None, true));
}

#[test]
fn a_slow_subscriber_is_told_how_much_it_missed() {
    let (_dir, store) = store();
    let mut heard = store.subscribe();
    for _ in 0..super::super::change::BACKLOG + 3 {
        store.notify(Notice::Elsewhere);
    }
    assert_eq!(heard.try_next(), Some(Notice::Missed(3)));
    assert_eq!(heard.try_next(), Some(Notice::Elsewhere));
}

#[test]
fn a_write_inside_a_write_is_refused_and_not_waited_for() {
    let (_dir, store) = store();
    let nested = store.write("outer", |_| {
        store.write("inner", |_| Ok::<_, StoreError>(()))
    });
    assert_eq!(nested, Err(StoreError::Nested { label: "inner" }));
    put(&store, b"x").unwrap();
}

#[test]
fn a_reader_sees_one_moment_and_cannot_change_it() {
    let (_dir, store) = store();
    put(&store, b"before").unwrap();
    store
        .read(|tx| {
            assert_eq!(tx.meta_bytes("test")?.unwrap(), b"before");
            put(&store, b"after")?;
            assert_eq!(
                tx.meta_bytes("test")?.unwrap(),
                b"before",
                "a writer does not move a reader's view"
            );
            let refused = tx
                .conn()
                .execute("DELETE FROM meta", [])
                .doing("test")
                .unwrap_err();
            assert!(matches!(
                refused,
                StoreError::Io {
                    kind: std::io::ErrorKind::PermissionDenied,
                    ..
                }
            ));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(get(&store).unwrap(), b"after");
}

#[test]
fn a_full_disk_is_told_apart_and_loses_nothing() {
    let (_dir, store) = store();
    put(&store, b"before").unwrap();
    let full = store.write("big", |tx| {
        let pages: i64 = tx
            .conn()
            .query_row("PRAGMA page_count", [], |row| row.get(0))?;
        tx.conn()
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        let result = tx.put_meta_bytes("test", &[0; 100_000]);
        tx.conn()
            .query_row("PRAGMA max_page_count = 4294967294", [], |_| Ok(()))?;
        result
    });
    assert!(matches!(full, Err(StoreError::DiskFull { .. })), "{full:?}");
    assert_eq!(get(&store).unwrap(), b"before");
    put(&store, b"after").unwrap();
}

#[test]
fn typed_values_come_back_and_another_type_is_noticed() {
    let (_dir, store) = store();
    store
        .write("test", |tx| tx.put_meta("test", &7u64))
        .unwrap();
    assert_eq!(store.read(|tx| tx.meta::<u64>("test")), Ok(Some(7)));
    assert_eq!(
        store.read(|tx| tx.meta::<String>("test")),
        Err(StoreError::Value {
            doing: "reading a single value"
        })
    );
    store.write("test", |tx| tx.delete_meta("test")).unwrap();
    assert_eq!(get(&store), None);
}

use super::*;

const CANARY: &[u8] = b"canary: Kalium 6.8 mmol/L, Zimmer 12";

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn found_in(dir: &Path, needle: &[u8]) -> Vec<String> {
    snapshot(dir)
        .into_iter()
        .filter(|(_, bytes)| contains(bytes, needle))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn thirty_two_bytes_of_header_are_plain_and_nothing_else_can_be_read() {
    let (dir, store) = store();
    put(&store, CANARY).unwrap();
    // The searcher finds the same canary and schema where nothing is encrypted.
    let plain = dir.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let conn = rusqlite::Connection::open(plain.join(DATABASE)).unwrap();
    conn.execute_batch("CREATE TABLE meta (key TEXT, value BLOB)")
        .unwrap();
    conn.execute("INSERT INTO meta VALUES ('test', ?1)", [CANARY])
        .unwrap();
    for needle in [CANARY, b"CREATE TABLE"] {
        assert_eq!(found_in(&plain, needle), [DATABASE]);
    }

    assert!(
        snapshot(store.dir())
            .iter()
            .any(|(name, bytes)| name == "sotto.db-wal" && !bytes.is_empty())
    );
    for _ in ["in the log", "in the file"] {
        for needle in [CANARY, b"CREATE TABLE", b"sqlite_autoindex"] {
            assert_eq!(found_in(store.dir(), needle), Vec::<String>::new());
        }
        assert!(store.checkpoint().unwrap());
    }
    let file = std::fs::read(store.dir().join(DATABASE)).unwrap();
    assert_eq!(&file[..16], b"SQLite format 3\0");
    // Past the plain part, byte 100 of an unencrypted file is a page type and most of the first page is zero.
    let zeros = file[32..4096].iter().filter(|byte| **byte == 0).count();
    assert!(zeros < 100, "{zeros} zero bytes on the first page");
}

#[test]
fn no_file_holds_the_key() {
    let (_dir, store) = store();
    put(&store, CANARY).unwrap();
    let raw = [0x5a; 32];
    assert_eq!(found_in(store.dir(), &raw), Vec::<String>::new());
    assert_eq!(
        found_in(store.dir(), "5a".repeat(32).as_bytes()),
        Vec::<String>::new()
    );
}

#[test]
fn what_was_overwritten_or_deleted_does_not_stay_behind_in_the_pages() {
    let (_dir, store) = store();
    put(&store, CANARY).unwrap();
    store.write("test", |tx| tx.delete_meta("test")).unwrap();
    assert!(store.checkpoint().unwrap());
    let on: i64 = store
        .read(|tx| {
            Ok::<_, StoreError>(
                tx.conn()
                    .query_row("PRAGMA secure_delete", [], |row| row.get(0))?,
            )
        })
        .unwrap();
    assert_eq!(on, 1);
    assert_eq!(
        std::fs::metadata(store.dir().join("sotto.db-wal"))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn every_connection_has_its_settings() {
    let (_dir, store) = store();
    let settings = |conn: &rusqlite::Connection| -> Vec<i64> {
        [
            "foreign_keys",
            "synchronous",
            "secure_delete",
            "temp_store",
            "trusted_schema",
            "query_only",
        ]
        .iter()
        .map(|name| {
            conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
                .unwrap()
        })
        .collect()
    };
    let cipher = |conn: &rusqlite::Connection| -> String {
        conn.query_row("PRAGMA cipher_plaintext_header_size", [], |row| row.get(0))
            .unwrap()
    };
    store
        .write("test", |tx| {
            assert_eq!(settings(tx.conn()), [1, 2, 1, 2, 0, 0]);
            assert_eq!(cipher(tx.conn()), "32");
            Ok::<_, StoreError>(())
        })
        .unwrap();
    store
        .read(|tx| {
            assert_eq!(settings(tx.conn()), [1, 2, 1, 2, 0, 1]);
            assert_eq!(cipher(tx.conn()), "32");
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn errors_repeat_nothing_of_what_was_asked() {
    let (_dir, store) = store();
    let canary = std::str::from_utf8(CANARY).unwrap();
    let failed = store.write("test", |tx| {
        tx.conn()
            .execute(&format!("INSERT INTO meta VALUES ('{canary}' {canary}"), [])?;
        Ok::<_, StoreError>(())
    });
    let error = failed.unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
    assert!(!format!("{store:?}").contains("store/"));
}

use rusqlite::Connection;

use super::super::migration::{ALL, Migration, apply_list};
use super::*;

const FIRST: &str =
    "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT, digest BLOB) STRICT;
                     CREATE TABLE a (x INTEGER) STRICT;";

fn list(steps: &[&'static str]) -> Vec<Migration> {
    (1..)
        .zip(steps)
        .map(|(version, sql)| Migration {
            version,
            name: "test",
            sql,
        })
        .collect()
}

fn tables(conn: &Connection) -> i64 {
    conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

fn newest(store: &Store) -> u32 {
    store
        .read(|tx| {
            Ok::<_, StoreError>(tx.conn().query_row(
                "SELECT max(version) FROM migration",
                [],
                |row| row.get(0),
            )?)
        })
        .unwrap()
}

#[test]
fn migrations_are_numbered_without_gaps_and_none_is_forgotten() {
    let numbers: Vec<u32> = ALL.iter().map(|migration| migration.version).collect();
    let count = u32::try_from(ALL.len()).unwrap();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let expected: Vec<String> = ALL
        .iter()
        .map(|m| format!("V{:03}__{}.sql", m.version, m.name))
        .collect();
    assert_eq!(files, expected);
}

#[test]
fn every_table_is_strict() {
    let (_dir, store) = store();
    let loose: Vec<String> = store
        .read(|tx| {
            // Tables of a full-text index are SQLite's own.
            let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
                       AND name NOT LIKE 'sqlite_%'";
            let mut statement = tx.conn().prepare(sql)?;
            let names = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok::<_, StoreError>(names)
        })
        .unwrap();
    assert_eq!(loose, Vec::<String>::new());
}

#[test]
fn applying_twice_is_applying_once() {
    let mut conn = Connection::open_in_memory().unwrap();
    let steps = list(&[FIRST, "CREATE TABLE b (x INTEGER) STRICT;"]);
    apply_list(&mut conn, &steps[..1]).unwrap();
    apply_list(&mut conn, &steps).unwrap();
    let changes = conn.total_changes();
    apply_list(&mut conn, &steps).unwrap();
    assert_eq!((tables(&conn), conn.total_changes()), (3, changes));
}

#[test]
fn a_migration_that_fails_undoes_the_ones_before_it() {
    let mut conn = Connection::open_in_memory().unwrap();
    let steps = list(&[
        FIRST,
        "CREATE TABLE b (x INTEGER) STRICT;",
        "CREATE TABLE b (x INTEGER) STRICT;",
    ]);
    assert!(apply_list(&mut conn, &steps).is_err());
    assert_eq!(tables(&conn), 0);
}

#[test]
fn a_rewritten_migration_is_noticed() {
    let mut conn = Connection::open_in_memory().unwrap();
    apply_list(&mut conn, &list(&[FIRST])).unwrap();
    let rewritten: &'static str = "CREATE TABLE other (x INTEGER) STRICT;";
    assert_eq!(
        apply_list(&mut conn, &list(&[rewritten])),
        Err(StoreError::ForeignMigration { version: 1 })
    );
}

#[test]
fn a_newer_schema_is_refused_and_nothing_is_changed() {
    let (_dir, home) = folder();
    let store = Store::create(&home, &key(), impatient()).unwrap();
    let known = newest(&store);
    store
        .write("test", |tx| {
            tx.conn().execute(
                "INSERT INTO migration VALUES (9999, 'from the future', x'00')",
                [],
            )?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    drop(store);
    let before = snapshot(&home);
    let refused = Store::open(&home, &key(), impatient()).unwrap_err();
    assert_eq!(refused, StoreError::NewerSchema { found: 9999, known });
    assert_eq!(snapshot(&home), before);
}

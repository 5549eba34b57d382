use super::super::{FileKind, Integrity, Protection};
use super::*;

#[test]
fn a_sound_store_is_called_sound_and_a_flipped_bit_is_found() {
    let (_dir, home) = folder();
    let store = Store::create(&home, &key(), impatient()).unwrap();
    put(&store, &[1; 20_000]).unwrap();
    assert_eq!(
        store.integrity_check().unwrap(),
        Integrity {
            damaged_pages: 0,
            faults: 0
        }
    );
    drop(store);
    let file = home.join(DATABASE);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() - 2_000;
    bytes[at] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let found = Store::open(&home, &key(), impatient())
        .unwrap()
        .integrity_check()
        .unwrap();
    assert_eq!(found.damaged_pages, 1);
    assert!(!found.is_sound());
}

#[test]
fn the_log_is_emptied_unless_a_reader_needs_it() {
    let (_dir, store) = store();
    put(&store, b"1").unwrap();
    store
        .read(|tx| {
            tx.meta_bytes("test")?;
            put(&store, b"2")?;
            assert_eq!(store.checkpoint(), Ok(false));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(store.checkpoint(), Ok(true));
    assert_eq!(get(&store).unwrap(), b"2");
}

#[test]
fn the_inventory_names_every_file_and_what_protects_it() {
    let (_dir, store) = store();
    put(&store, b"x").unwrap();
    let role = store.try_run_role().unwrap();
    std::fs::create_dir(store.dir().join("odd")).unwrap();
    std::fs::write(store.dir().join("odd/export.json"), b"{}").unwrap();
    let items: Vec<_> = Store::inventory(store.dir())
        .unwrap()
        .into_iter()
        .map(|item| (item.name, item.kind, item.protection))
        .collect();
    let expected = [
        ("odd/export.json", FileKind::Unknown, Protection::Unknown),
        ("run.lock", FileKind::Lock, Protection::PlainByDesign),
        ("sotto.db", FileKind::Database, Protection::Encrypted),
        (
            "sotto.db-shm",
            FileKind::JournalIndex,
            Protection::PlainByDesign,
        ),
        ("sotto.db-wal", FileKind::Journal, Protection::Encrypted),
        ("store.check", FileKind::KeyCheck, Protection::PlainByDesign),
        ("store.lock", FileKind::Lock, Protection::PlainByDesign),
    ];
    assert_eq!(
        items,
        expected.map(|(name, kind, protection)| (name.to_owned(), kind, protection))
    );
    drop(role);
    assert_eq!(
        Store::inventory(&store.dir().join("absent")),
        Err(StoreError::NotFound)
    );
}

use super::super::sidecar::SIDECAR;
use super::*;

fn open(home: &Path) -> Result<Store, StoreError> {
    Store::open(home, &key(), impatient())
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let (_dir, home) = folder();
    put(&Store::create(&home, &key(), impatient()).unwrap(), b"kept").unwrap();
    assert_eq!(get(&open(&home).unwrap()).unwrap(), b"kept");
}

#[test]
fn a_wrong_key_is_refused_and_changes_nothing() {
    let (_dir, home) = folder();
    put(&Store::create(&home, &key(), impatient()).unwrap(), b"kept").unwrap();
    let before = snapshot(&home);
    let wrong = DatabaseKey::new(Secret::new([0x5b; 32]));
    assert_eq!(
        Store::open(&home, &wrong, impatient()).unwrap_err(),
        StoreError::WrongKey
    );
    assert_eq!(snapshot(&home), before);
    open(&home).unwrap();
}

#[test]
fn an_absent_store_is_not_made_by_opening_it() {
    let (dir, home) = folder();
    assert_eq!(open(&home).unwrap_err(), StoreError::NotFound);
    assert!(!home.exists());
    assert_eq!(open(dir.path()).unwrap_err(), StoreError::NotFound);
    assert_eq!(snapshot(dir.path()), []);
    assert!(!Store::exists(&home).unwrap());
}

#[test]
fn an_existing_store_is_not_made_again() {
    let (_dir, home) = folder();
    put(&Store::create(&home, &key(), impatient()).unwrap(), b"kept").unwrap();
    assert!(Store::exists(&home).unwrap());
    assert_eq!(
        Store::create(&home, &key(), impatient()).unwrap_err(),
        StoreError::AlreadyExists
    );
    std::fs::remove_file(home.join(SIDECAR)).unwrap();
    assert_eq!(
        Store::create(&home, &key(), impatient()).unwrap_err(),
        StoreError::AlreadyExists
    );
    assert_eq!(get(&open(&home).unwrap()).unwrap(), b"kept");
}

#[test]
fn damage_under_the_right_key_is_called_damage_and_nothing_is_deleted() {
    let (_dir, home) = folder();
    drop(Store::create(&home, &key(), impatient()).unwrap());
    let file = home.join(DATABASE);
    let good = std::fs::read(&file).unwrap();
    for (what, bytes) in [
        ("a flipped bit of the first page", {
            let mut altered = good.clone();
            altered[200] ^= 1;
            altered
        }),
        ("a flipped bit of the plain header", {
            let mut altered = good.clone();
            altered[3] ^= 1;
            altered
        }),
        ("other bytes", vec![7; good.len()]),
        ("a short file", good[..100].to_vec()),
        ("an empty file", Vec::new()),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(open(&home).unwrap_err(), StoreError::Corrupt, "{what}");
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{what}");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        open(&home).unwrap_err(),
        StoreError::Corrupt,
        "no database beside its key check"
    );
    std::fs::write(&file, &good).unwrap();
    open(&home).unwrap();
}

#[test]
fn damage_of_a_later_page_is_called_damage_when_it_is_read() {
    let (_dir, home) = folder();
    let store = Store::create(&home, &key(), impatient()).unwrap();
    put(&store, &[1; 20_000]).unwrap();
    drop(store);
    let file = home.join(DATABASE);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.len() - 2_000;
    bytes[at] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let store = open(&home).unwrap();
    // Compared by its end only, so that a failure does not print twenty thousand bytes.
    assert_eq!(
        store.read(|tx| tx.meta_bytes("test")).map(|_| "zeros"),
        Err(StoreError::Corrupt)
    );
    let copied = store.write("copy", |tx| {
        let value = tx.meta_bytes("test")?.unwrap_or_default();
        tx.put_meta_bytes("copy", &value)
    });
    assert_eq!(
        copied,
        Err(StoreError::Corrupt),
        "zeros are not written back"
    );
    let store = open(&home).unwrap();
    assert_eq!(store.read(|tx| tx.meta_bytes("copy")), Ok(None));
    assert!(!store.integrity_check().unwrap().is_sound());
}

#[test]
fn a_lost_key_check_is_made_again() {
    let (_dir, home) = folder();
    drop(Store::create(&home, &key(), impatient()).unwrap());
    let check = std::fs::read(home.join(SIDECAR)).unwrap();
    std::fs::remove_file(home.join(SIDECAR)).unwrap();
    open(&home).unwrap();
    assert_eq!(std::fs::read(home.join(SIDECAR)).unwrap(), check);
    std::fs::write(home.join(SIDECAR), b"junk").unwrap();
    open(&home).unwrap();
    assert_eq!(std::fs::read(home.join(SIDECAR)).unwrap(), check);
}

#[test]
fn a_creation_cut_short_is_begun_again() {
    let (_dir, home) = folder();
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(DATABASE), b"").unwrap();
    assert_eq!(open(&home).unwrap_err(), StoreError::NotFound);
    put(&Store::create(&home, &key(), impatient()).unwrap(), b"kept").unwrap();
}

#[cfg(unix)]
#[test]
fn no_file_of_the_store_can_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, store) = store();
    put(&store, b"x").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.dir()), 0o700);
    for (name, _) in snapshot(store.dir()) {
        assert_eq!(mode(&store.dir().join(&name)), 0o600, "{name}");
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::base::codec::hex;
use crate::base::{Secret, SystemRandom};

/// Cheap enough for a debug build; the bounds are tested apart.
fn cheap(text: &str) -> PassphraseVault {
    PassphraseVault::with_cost(
        Passphrase::new(text.into()),
        Argon2Cost::new(64, 1, 1).unwrap(),
    )
}

fn folder() -> (tempfile::TempDir, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::at(dir.path());
    (dir, vault)
}

fn record(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join(RECORD)).unwrap()
}

#[test]
fn the_right_passphrase_gives_the_same_key_and_a_wrong_one_a_typed_error() {
    let (_dir, vault) = folder();
    let key = vault
        .create(&cheap("correct horse"), &SystemRandom)
        .unwrap();
    assert_eq!(vault.factors().unwrap(), Factors::PASSPHRASE);
    assert_eq!(vault.open(&cheap("correct horse")).unwrap(), key);
    assert_eq!(
        vault.open(&cheap("correct horsf")),
        Err(VaultError::WrongPassphrase)
    );
    assert_eq!(vault.open(&cheap("")), Err(VaultError::EmptyPassphrase));
}

#[test]
fn nothing_in_the_folder_holds_the_key() {
    let (dir, vault) = folder();
    let kept = MemoryVault::default();
    let key = vault
        .create(
            &CombinedVault::new(kept, cheap("correct horse")),
            &SystemRandom,
        )
        .unwrap();
    let raw = key.secret().expose();
    let contains = |hay: &[u8], needle: &[u8]| hay.windows(needle.len()).any(|w| w == needle);
    // The searcher finds it where it is.
    assert!(contains(&[b"x".as_slice(), raw].concat(), raw));
    let mut files = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !contains(&bytes, raw)
                && !contains(&bytes, hex(raw).as_bytes())
                && !contains(&bytes, b"correct horse")
        );
        files += 1;
    }
    assert!(files >= 1);
    assert!(!format!("{key:?} {:?}", cheap("correct horse")).contains("correct"));
}

#[test]
fn a_record_with_two_factors_opens_with_neither_alone() {
    let (_dir, vault) = folder();
    let kept = MemoryVault::default();
    let key = vault
        .create(&CombinedVault::new(kept.clone(), cheap("p")), &SystemRandom)
        .unwrap();
    assert_eq!(
        vault.factors().unwrap(),
        Factors::KEPT.and(Factors::PASSPHRASE)
    );
    assert_eq!(
        vault.open(&kept),
        Err(VaultError::MissingFactor("passphrase"))
    );
    assert_eq!(
        vault.open(&cheap("p")),
        Err(VaultError::MissingFactor("keyring"))
    );
    assert_eq!(
        vault.open(&CombinedVault::new(kept.clone(), cheap("q"))),
        Err(VaultError::WrongPassphrase)
    );
    let stranger = CombinedVault::new(MemoryVault::default(), cheap("p"));
    assert_eq!(vault.open(&stranger), Err(VaultError::KeyringEntryMissing));
    assert_eq!(
        vault.open(&CombinedVault::new(kept, cheap("p"))).unwrap(),
        key
    );
}

#[test]
fn a_vault_that_brings_more_than_the_record_asks_for_opens_it() {
    let (_dir, vault) = folder();
    let key = vault.create(&cheap("p"), &SystemRandom).unwrap();
    assert_eq!(
        vault
            .open(&CombinedVault::new(MemoryVault::default(), cheap("p")))
            .unwrap(),
        key
    );
}

#[test]
fn a_changed_passphrase_keeps_the_key_and_shuts_the_old_one_out() {
    let (_dir, vault) = folder();
    let kept = MemoryVault::default();
    let old = CombinedVault::new(kept.clone(), cheap("old"));
    let new = CombinedVault::new(kept, cheap("new"));
    let key = vault.create(&old, &SystemRandom).unwrap();
    assert_eq!(
        vault.change(&new, &new, &SystemRandom),
        Err(VaultError::WrongPassphrase)
    );
    vault.change(&old, &new, &SystemRandom).unwrap();
    assert_eq!(vault.open(&new).unwrap(), key);
    assert_eq!(vault.open(&old), Err(VaultError::WrongPassphrase));
}

#[test]
fn an_existing_record_is_never_overwritten() {
    let (dir, vault) = folder();
    vault.create(&cheap("p"), &SystemRandom).unwrap();
    let before = record(dir.path());
    assert_eq!(
        vault.create(&cheap("q"), &SystemRandom),
        Err(VaultError::AlreadyExists)
    );
    assert_eq!(record(dir.path()), before);
}

#[test]
fn an_absent_a_damaged_and_a_newer_record_are_told_apart() {
    let (dir, vault) = folder();
    assert_eq!(vault.open(&cheap("p")), Err(VaultError::NotFound));
    vault.create(&cheap("p"), &SystemRandom).unwrap();
    let good = record(dir.path());
    for i in 0..good.len() {
        let mut altered = good.clone();
        altered[i] ^= 1;
        std::fs::write(dir.path().join(RECORD), &altered).unwrap();
        let answer = vault.open(&cheap("p"));
        assert!(
            matches!(
                answer,
                Err(VaultError::Damaged | VaultError::NewerVersion { .. })
            ),
            "byte {i}: {answer:?}"
        );
    }
    std::fs::write(dir.path().join(RECORD), &good[..good.len() - 1]).unwrap();
    assert_eq!(vault.open(&cheap("p")), Err(VaultError::Damaged));
    let mut newer = good.clone();
    assert_eq!(
        newer[1], 1,
        "the version is the first element of the outer array"
    );
    newer[1] = 2;
    std::fs::write(dir.path().join(RECORD), &newer).unwrap();
    assert_eq!(
        vault.open(&cheap("p")),
        Err(VaultError::NewerVersion { found: 2, known: 1 })
    );
    assert_eq!(record(dir.path()), newer, "an error changes nothing");
    std::fs::write(dir.path().join(RECORD), &good).unwrap();
    vault.open(&cheap("p")).unwrap();
}

#[test]
fn a_cost_that_would_exhaust_the_machine_is_refused() {
    for (memory, passes, lanes) in [
        (2 << 20, 1, 1),
        (64, 17, 1),
        (64, 1, 5),
        (7, 1, 1),
        (64, 0, 1),
        (64, 1, 0),
    ] {
        assert_eq!(
            Argon2Cost::new(memory, passes, lanes),
            Err(VaultError::CostOutOfBounds)
        );
    }
    let standard = Argon2Cost::new(64 * 1024, 3, 1).unwrap();
    assert_eq!(standard, Argon2Cost::STANDARD);
}

#[test]
fn the_keyring_keeps_text_and_forgets_what_a_change_left_behind() {
    let (_dir, vault) = folder();
    let mock = keyring_core::mock::Store::new().unwrap();
    let keyring = KeyringVault::with_store(mock.clone() as Arc<keyring_core::CredentialStore>);
    let key = vault.create(&keyring, &SystemRandom).unwrap();
    assert_eq!(vault.open(&keyring).unwrap(), key);
    vault
        .change(
            &keyring,
            &CombinedVault::new(keyring.clone(), cheap("p")),
            &SystemRandom,
        )
        .unwrap();
    assert_eq!(
        vault
            .open(&CombinedVault::new(keyring.clone(), cheap("p")))
            .unwrap(),
        key
    );
    vault
        .change(
            &CombinedVault::new(keyring.clone(), cheap("p")),
            &cheap("p"),
            &SystemRandom,
        )
        .unwrap();
    assert_eq!(vault.open(&cheap("p")).unwrap(), key);
    let other = KeyringVault::with_store(
        keyring_core::mock::Store::new().unwrap() as Arc<keyring_core::CredentialStore>
    );
    vault.change(&cheap("p"), &keyring, &SystemRandom).unwrap();
    assert_eq!(vault.open(&other), Err(VaultError::KeyringEntryMissing));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_the_record() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    Vault::at(&home).create(&cheap("p"), &SystemRandom).unwrap();
    assert_eq!(
        std::fs::metadata(&home).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(
        std::fs::metadata(home.join(RECORD))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

/// Past the test harness, which hides what a passing test prints.
fn skipped(why: &VaultError) {
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED the_keyring_of_this_machine_keeps_a_secret: {why}"
    );
}

#[tokio::test]
async fn the_keyring_of_this_machine_keeps_a_secret() {
    let keyring = match KeyringVault::connect() {
        Ok(keyring) => keyring,
        Err(error) => return skipped(&error),
    };
    let (_dir, vault) = folder();
    let key = match vault.create(&keyring, &SystemRandom) {
        Ok(key) => key,
        Err(error @ (VaultError::KeyringLocked | VaultError::KeyringUnavailable)) => {
            return skipped(&error);
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(vault.open(&KeyringVault::connect().unwrap()).unwrap(), key);
    vault.change(&keyring, &cheap("p"), &SystemRandom).unwrap();
    assert_eq!(vault.open(&cheap("p")).unwrap(), key);
}

#[test]
fn an_image_of_the_disk_with_the_passphrase_and_without_the_relays_share_opens_nothing() {
    let (_dir, vault) = folder();
    let share = Secret::random(&SystemRandom);
    let both = CombinedVault::new(cheap("correct horse"), ShareVault::new(share.clone()));
    let key = vault
        .create(&cheap("correct horse"), &SystemRandom)
        .unwrap();
    vault
        .change(&cheap("correct horse"), &both, &SystemRandom)
        .unwrap();
    assert_eq!(vault.open(&both).unwrap(), key);
    assert_eq!(
        vault.open(&cheap("correct horse")),
        Err(VaultError::MissingFactor("unlock share"))
    );
    let other = CombinedVault::new(
        cheap("correct horse"),
        ShareVault::new(Secret::random(&SystemRandom)),
    );
    assert_eq!(vault.open(&other), Err(VaultError::WrongUnlockShare));
    let wrong = CombinedVault::new(cheap("correct horsf"), ShareVault::new(share));
    assert_eq!(vault.open(&wrong), Err(VaultError::WrongPassphrase));
}

#[test]
fn a_share_alone_makes_no_record() {
    let (_dir, vault) = folder();
    let alone = ShareVault::new(Secret::random(&SystemRandom));
    assert_eq!(
        vault.create(&alone, &SystemRandom),
        Err(VaultError::NoFactor)
    );
}

//! What a shell meets at a device that is to be wiped. The relay's part is proven over a real one.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use zeroize::Zeroizing;

use super::super::{NeedsUnlock, Unlock};
use super::*;
use crate::wipe::tests::fixture::{arm, begin};

fn unlock() -> Unlock {
    Unlock::Passphrase(Zeroizing::new("correct horse".to_owned()))
}

fn create(home: &Path) -> Result<Client, Error> {
    Client::builder(home).insecure_fast_kdf().create(unlock())
}

fn open(home: &Path) -> Result<Client, Error> {
    Client::builder(home).insecure_fast_kdf().open(unlock())
}

fn standby(home: &Path) -> Standby {
    Client::standby(home).proxy(&Proxy::None)
}

fn phone() -> (TempDir, Client) {
    let dir = tempfile::tempdir().unwrap();
    let client = create(dir.path()).unwrap();
    (dir, client)
}

#[test]
fn a_stub_that_waits_is_in_nobodys_way_and_remembers_the_last_unlocking() {
    let (dir, client) = phone();
    drop(client);
    assert_eq!(standby(dir.path()).state().unwrap(), StandbyState::NotReady);
    arm(dir.path());
    assert_eq!(
        Client::needs_unlock(dir.path()).unwrap(),
        Some(NeedsUnlock::Passphrase)
    );
    let before = crate::base::SystemClock::default().now().to_rfc3339();
    let client = open(dir.path()).unwrap();
    let protection = client.protection();
    assert_eq!(protection.key, "passphrase");
    assert!(protection.unlocked.clone().unwrap() >= before);
    assert_eq!(
        standby(dir.path()).state().unwrap(),
        StandbyState::Ready(protection)
    );
}

#[test]
fn once_an_order_has_begun_nothing_opens_and_the_first_who_comes_finishes_it() {
    type Come = fn(&Path) -> Option<Error>;
    let comers: [Come; 3] = [
        |home| open(home).err(),
        |home| create(home).err(),
        |home| Client::needs_unlock(home).err(),
    ];
    for come in comers {
        let (dir, client) = phone();
        drop(client);
        let armed = arm(dir.path());
        begin(dir.path(), &armed);
        assert_eq!(standby(dir.path()).state().unwrap(), StandbyState::Underway);
        let error = come(dir.path()).unwrap();
        assert_eq!(
            (error.code(), error.kind()),
            ("device.wiped", ErrorKind::Refused)
        );
        let StandbyState::Wiped(view) = standby(dir.path()).state().unwrap() else {
            panic!("finished")
        };
        assert!(!view.reported);
        let mut left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["stub.cbor", "stub.lock"]);
        // And for good.
        for come in comers {
            assert_eq!(come(dir.path()).unwrap().code(), "device.wiped");
        }
    }
}

#[tokio::test]
async fn a_device_whose_mailbox_is_closed_is_locked_and_says_what_to_do() {
    let (dir, client) = phone();
    arm(dir.path());
    let error = client.put_out().await;
    assert_eq!(error.code(), "device.excluded");
    assert!(
        error.to_string().contains("ask an administrator"),
        "{error}"
    );
    assert_eq!(client.held().unwrap_err().code(), "store.locked");
    // Without an order it is only locked: the passphrase still opens what it holds.
    open(dir.path()).unwrap();
}

#[tokio::test]
async fn a_device_that_another_process_wipes_meanwhile_says_so() {
    let (dir, client) = phone();
    let armed = arm(dir.path());
    begin(dir.path(), &armed);
    assert_eq!(client.put_out().await.code(), "device.wiped");
    assert_eq!(client.held().unwrap_err().code(), "store.locked");
    assert!(matches!(
        standby(dir.path()).state().unwrap(),
        StandbyState::Wiped(_)
    ));
}

#[tokio::test]
async fn a_wipe_that_was_cut_short_is_finished_without_the_relay_and_reported_later() {
    let (dir, client) = phone();
    drop(client);
    let armed = arm(dir.path());
    begin(dir.path(), &armed);
    let outcome = standby(dir.path())
        .poll(Duration::from_secs(5))
        .await
        .unwrap();
    let StandbyOutcome::Wiped(view) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(!view.reported, "nobody answers there");
    assert_eq!(view.certificate.len(), 64);
    // Asked again, it has the same certificate to offer.
    let standby = standby(dir.path());
    let again = standby.poll(Duration::from_secs(5)).await.unwrap();
    assert_eq!(again, StandbyOutcome::Wiped(view));
}

#[tokio::test]
async fn a_stand_by_without_a_relay_says_so_and_changes_nothing() {
    let (dir, client) = phone();
    drop(client);
    let error = standby(dir.path()).poll(Duration::from_secs(5)).await;
    assert_eq!(error.unwrap_err().code(), "device.not_enrolled");
    arm(dir.path());
    let stub = std::fs::read(dir.path().join("stub.cbor")).unwrap();
    let error = standby(dir.path()).poll(Duration::from_secs(5)).await;
    assert_eq!(error.unwrap_err().code(), "relay.unreachable");
    assert_eq!(std::fs::read(dir.path().join("stub.cbor")).unwrap(), stub);
    open(dir.path()).unwrap();
}

#[test]
fn nothing_of_a_stand_by_is_printed() {
    let view = WipedView {
        certificate: "CANARY".to_owned(),
        ended: "CANARY".to_owned(),
        reported: true,
    };
    let protection = ProtectionView {
        key: "passphrase",
        unlocked: Some("CANARY".to_owned()),
    };
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        standby(Path::new("CANARY")),
        StandbyOutcome::Wiped(view.clone()),
        StandbyState::Wiped(view),
        StandbyState::Ready(protection)
    );
    assert!(!printed.contains("CANARY"), "{printed}");
}

//! Carrying out, being cut short, and everything that stands in the way.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use super::fixture::{CANARY, Phone, holds, lasts, names};
use crate::roster::kind::RevocationMode;
use crate::roster::{SealedFor, VerifiedOrder};
use crate::vault::{Ask, Factors, KeyVault as _, SlotId, Vault, VaultError};
use crate::wipe::places::{EraseError, Failure, Outcome};
use crate::wipe::{
    Certificate, Erase, Statement, Step, Stub, Tools, begun, carry_out, file, resume, resume_key,
    steps,
};

/// A shell's place.
struct Previews(Result<(), EraseError>);

impl Erase for Previews {
    fn place(&self) -> &'static str {
        "previews"
    }
    fn erase(&self) -> Result<(), EraseError> {
        self.0
    }
}

/// What the device certified, as an administrator reads it.
fn statement(phone: &Phone, stub: &Stub) -> Statement {
    let Stub::Certified(certified) = stub else {
        panic!("{stub:?}")
    };
    let organisation = phone.world.roster.anchor().organisation;
    let plain = phone
        .channel
        .details()
        .open(
            SealedFor::Certificate,
            &organisation,
            &phone.device.id,
            &certified.sealed,
        )
        .unwrap();
    let certificate = Certificate::from_bytes(&plain).unwrap();
    assert_eq!(certificate.digest(), certified.wiped.certificate);
    let stranger = phone.world.admin.secrets.receipt.verifying_key();
    assert!(certificate.verify(&stranger).is_err());
    certificate
        .verify(&phone.device.secrets.receipt.verifying_key())
        .unwrap()
        .clone()
}

fn outcome(statement: &Statement, place: &str) -> Outcome {
    let line = statement.erased.iter().find(|line| line.place == place);
    line.unwrap_or_else(|| panic!("nothing about {place}"))
        .outcome
}

/// What must be true at the end, whatever happened on the way.
fn assert_destroyed(phone: &Phone, stub: &Stub, order: &VerifiedOrder) -> Statement {
    let statement = statement(phone, stub);
    assert_eq!(statement.order, Some(*order));
    assert!(statement.is_complete());
    for place in [
        "key record",
        "keyring entry",
        "database",
        "key check",
        "attachments",
        "other files",
    ] {
        assert_eq!(outcome(&statement, place), Outcome::Erased, "{place}");
    }
    let files = phone.files();
    assert_eq!(names(&files), ["stub.cbor", "stub.lock"]);
    let receipt = phone.device.secrets.receipt.seed().expose();
    for bytes in files.values() {
        assert!(!holds(bytes, receipt), "the receipt key goes last");
        assert!(!holds(bytes, CANARY.as_bytes()));
    }
    assert!(!phone.opens());
    assert!(begun(&phone.home).unwrap());
    statement
}

#[test]
fn an_order_destroys_the_key_then_everything_and_is_certified() {
    let mut phone = Phone::new().with(Previews(Ok(())));
    assert!(phone.opens());
    assert!(!begun(&phone.home).unwrap());
    let slot = Vault::at(&phone.home).kept_slot().unwrap();
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    let statement = assert_destroyed(&phone, &stub, &order);
    assert_eq!(outcome(&statement, "previews"), Outcome::Erased);
    assert_eq!(statement.order.unwrap().mode, RevocationMode::Wipe);
    let kept = Ask {
        slot: &slot,
        factors: Factors::KEPT,
        stretch: None,
    };
    assert_eq!(
        phone.keyring.recall(&kept).unwrap_err(),
        VaultError::KeyringEntryMissing
    );
    // Done again, it says the same.
    let again = carry_out(&phone.home, &order, &phone.tools).unwrap();
    let (Stub::Certified(one), Stub::Certified(other)) = (&stub, &again) else {
        panic!("{again:?}")
    };
    assert_eq!(one.sealed, other.sealed);
    steps::reported(&phone.home, one).unwrap();
    let Some(Stub::Wiped(wiped)) = resume(&phone.home, &phone.tools).unwrap() else {
        panic!("reported")
    };
    assert_eq!(wiped, one.wiped);
    let secret = phone.channel.secret().expose();
    for bytes in phone.files().values() {
        assert!(!holds(bytes, secret), "the channel is of no more use");
    }
}

#[test]
fn whoever_comes_after_a_crash_between_any_two_steps_comes_to_the_same_end() {
    for steps_done in 0..=3 {
        let mut phone = Phone::new();
        let order = phone.ordered();
        let armed = phone.known();
        steps::begin(&phone.home, &armed, &order, &phone.tools).unwrap();
        for _ in 0..steps_done {
            let Some(Stub::Underway(underway)) = file::read(&phone.home).unwrap() else {
                panic!("underway")
            };
            steps::advance(&phone.home, *underway, &phone.tools).unwrap();
        }
        // The process ended here.
        assert!(begun(&phone.home).unwrap(), "nothing opens in between");
        let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
        assert_destroyed(&phone, &stub, &order);
    }
}

#[test]
fn a_step_that_was_done_and_not_written_down_is_done_again() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    Vault::at(&phone.home).destroy(Duration::ZERO).unwrap();
    std::fs::remove_file(phone.home.join("sotto.db")).unwrap();
    std::fs::remove_dir_all(phone.home.join("attachments")).unwrap();
    // Half a stub, as a crash while writing leaves it.
    std::fs::write(phone.home.join("stub.cbor.new"), b"half").unwrap();
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
    assert_destroyed(&phone, &stub, &order);
}

#[test]
fn before_the_order_is_durable_nothing_has_begun() {
    let phone = Phone::new();
    let before = phone.files();
    assert!(resume(&phone.home, &phone.tools).unwrap().is_none());
    assert_eq!(phone.files(), before);
    assert!(phone.opens());
}

#[test]
fn a_disk_that_takes_no_stub_is_no_refuge() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    // Writing the stub fails until room has been made.
    std::fs::create_dir_all(phone.home.join("stub.cbor.new/in the way")).unwrap();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    assert_destroyed(&phone, &stub, &order);
}

#[test]
fn who_holds_the_locks_does_not_hold_the_wipe() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    let held: Vec<File> = [
        "store.lock",
        "vault.lock",
        "stub.lock",
        "run.lock",
        "session.lock",
    ]
    .iter()
    .map(|name| {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(phone.home.join(name))
            .unwrap();
        file.lock().unwrap();
        file
    })
    .collect();
    let took = lasts(|| {
        carry_out(&phone.home, &order, &phone.tools).unwrap();
    });
    assert!(took < Duration::from_secs(3), "{took:?}");
    drop(held);
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
    assert_destroyed(&phone, &stub, &order);
}

#[test]
fn an_open_store_of_another_process_loses_its_key_record_all_the_same() {
    let mut phone = Phone::new();
    let key = Vault::at(&phone.home).open(&phone.keyring).unwrap();
    let store = crate::store::Store::open(&phone.home, &key, Default::default()).unwrap();
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    drop(store);
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap_or(stub);
    assert_eq!(statement(&phone, &stub).order, Some(order));
    assert!(!phone.opens());
}

#[test]
fn a_keyring_that_never_answers_is_named_and_holds_nothing_up() {
    let mut phone = Phone::new();
    let (never, waits) = std::sync::mpsc::channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    phone.tools.keyring = Arc::new(move |_: &SlotId| {
        let _ = waits.lock().unwrap().recv();
        Err(VaultError::KeyringUnavailable)
    });
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    let said = statement(&phone, &stub);
    assert_eq!(
        outcome(&said, "keyring entry"),
        Outcome::Failed(Failure::NoAnswer)
    );
    assert!(!said.is_complete());
    assert!(!phone.opens());
    drop(never);
}

#[test]
fn a_place_that_failed_or_is_unknown_to_who_resumes_stands_on_the_certificate() {
    let mut phone = Phone::new().with(Previews(Err(EraseError::Denied)));
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    let said = statement(&phone, &stub);
    assert_eq!(outcome(&said, "previews"), Outcome::Failed(Failure::Denied));
    assert!(
        said.to_text()
            .contains("previews: NOT erased: the system denied it")
    );

    let mut phone = Phone::new().with(Previews(Ok(())));
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    phone.tools.places.clear();
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
    let said = statement(&phone, &stub);
    assert_eq!(
        outcome(&said, "previews"),
        Outcome::Failed(Failure::Unknown)
    );
    assert!(!said.is_complete());
}

#[test]
fn who_does_not_know_the_registered_places_destroys_the_key_and_leaves_the_rest() {
    let mut phone = Phone::new().with(Previews(Ok(())));
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    let stranger = Tools {
        places: Vec::new(),
        ..phone.tools.clone()
    };
    for _ in 0..2 {
        resume_key(&phone.home, &stranger).unwrap();
        let Some(Stub::Underway(underway)) = file::read(&phone.home).unwrap() else {
            panic!("underway")
        };
        assert_eq!(underway.step, Step::KeyDestroyed);
        assert!(!phone.opens());
    }
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
    let said = assert_destroyed(&phone, &stub, &order);
    assert_eq!(outcome(&said, "previews"), Outcome::Erased);

    let mut phone = Phone::new();
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    resume_key(&phone.home, &phone.tools).unwrap();
    let stub = file::read(&phone.home).unwrap().unwrap();
    assert_destroyed(&phone, &stub, &order);
}

#[test]
#[cfg(unix)]
fn what_a_link_leads_to_and_what_has_another_name_is_left_alone() {
    let mut phone = Phone::new();
    let elsewhere = phone.home.parent().unwrap().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("mine"), b"not yours").unwrap();
    std::os::unix::fs::symlink(&elsewhere, phone.home.join("link")).unwrap();
    std::fs::hard_link(elsewhere.join("mine"), phone.home.join("second name")).unwrap();
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    assert_destroyed(&phone, &stub, &order);
    assert_eq!(std::fs::read(elsewhere.join("mine")).unwrap(), b"not yours");
}

#[test]
fn the_key_is_gone_before_anything_else_is() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    let Some(Stub::Underway(underway)) = file::read(&phone.home).unwrap() else {
        panic!("underway")
    };
    assert_eq!(underway.step, Step::Ordered);
    steps::advance(&phone.home, *underway, &phone.tools).unwrap();
    let left = names(&phone.files());
    assert!(!left.contains(&"vault.cbor".to_owned()), "{left:?}");
    assert!(left.contains(&"sotto.db".to_owned()), "{left:?}");
    assert!(!phone.opens());
}

/// A folder so deep that no path leads to its end: it cannot be listed, by nobody and on no system.
fn bottomless(home: &std::path::Path) {
    let deep = |top: &std::path::Path| {
        let path = (0..12).fold(top.to_owned(), |path, _| path.join("d".repeat(200)));
        std::fs::create_dir_all(&path).unwrap();
        path
    };
    let (top, spare) = (home.join("deep"), home.join("spare"));
    let (end, _) = (deep(&top), deep(&spare));
    std::fs::rename(&spare, end.join("further")).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_listed_does_not_keep_the_key_alive() {
    let mut phone = Phone::new();
    bottomless(&phone.home);
    let listed = crate::store::Store::inventory(&phone.home);
    assert!(listed.is_err(), "the attack is one");
    let order = phone.ordered();
    let armed = phone.known();
    steps::begin(&phone.home, &armed, &order, &phone.tools).unwrap();
    let Some(Stub::Underway(underway)) = file::read(&phone.home).unwrap() else {
        panic!("it has begun")
    };
    steps::advance(&phone.home, *underway, &phone.tools).unwrap();
    assert!(!phone.opens(), "the key goes first");
    let stub = resume(&phone.home, &phone.tools).unwrap().unwrap();
    // It is certified, and the folder is gone by another way.
    let said = statement(&phone, &stub);
    assert!(said.is_complete(), "{}", said.to_text());
    assert!(!phone.home.join("deep").exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_its_owner_may_not_list_is_erased_all_the_same() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut phone = Phone::new();
    let denied = phone.home.join("attachments");
    std::fs::set_permissions(&denied, std::fs::Permissions::from_mode(0o000)).unwrap();
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    assert_destroyed(&phone, &stub, &order);
}

#[test]
fn the_certificate_reads_in_the_terms_of_the_guideline_and_overclaims_nothing() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    let stub = carry_out(&phone.home, &order, &phone.tools).unwrap();
    let text = statement(&phone, &stub).to_text();
    for part in [
        "NIST SP 800-88 Rev. 1",
        "cryptographic erase",
        "the key was protected by: keyring",
        "database: erased",
        "It does not prove that the device did it, or that no copy exists",
        "whoever copied the file stub.cbor before could have signed this",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Florence"), "{text}");
}

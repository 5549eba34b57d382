//! The stub: what it may hold, who may change it, and how it follows the store.

use std::sync::Arc;
use std::time::Duration;

use super::fixture::{CANARY, Phone, holds, now};
use crate::base::{SigningKey, SystemClock, SystemRandom};
use crate::roster::kind::RevocationMode;
use crate::roster::{Keyring, Lease};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError, StoreOptions};
use crate::sync::{self, Engine};
use crate::transport::{Endpoint, ProxySetting, Timeouts, Transport};
use crate::vault::{Factors, Vault};
use crate::wipe::stub::{Stub, Wiped};
use crate::wipe::{
    Armed, Attended, Known, Protection, WipeError, amend, begun, file, known, lease_of,
    note_accepted, note_unlocked, put_back, refresh, resume, steps,
};

/// The phone, unlocked: an engine over its store, with the roster in it.
fn unlocked(phone: &Phone) -> Engine {
    let key = Vault::at(&phone.home).open(&phone.keyring).unwrap();
    let store = Store::open(&phone.home, &key, StoreOptions::default()).unwrap();
    let device = &phone.device;
    let anchor = *phone.world.roster.anchor();
    let me = DeviceSelf {
        organisation: anchor.organisation,
        tenant: [7; 16],
        device: device.id,
        owner: device.owner,
        signing: device.secrets.signature.clone(),
        sealing: device.secrets.sealing.seed().clone(),
        receipt: device.secrets.receipt.clone(),
        mailbox: [1; 16],
        mailbox_key: SigningKey::random(&SystemRandom),
        contact_alias: *device.secrets.contact_alias.as_bytes(),
        root: anchor.root,
        generation: [1; 16],
        next_generation: [1; 16],
        enrolled: true,
        channel: Some(phone.channel.secret().clone()),
    };
    let mut keys = Keyring::new();
    keys.insert(phone.world.key.clone());
    let rows: Vec<(u64, Vec<u8>, bool)> = (0..)
        .zip(&phone.world.log)
        .map(|(position, entry)| {
            let sealed = keys
                .seal_entry(0, &anchor.organisation, entry, &SystemRandom)
                .unwrap();
            (position, sealed, true)
        })
        .collect();
    store
        .write::<_, StoreError>("a test", |tx| {
            tx.put_device_self(&me)?;
            sync::put_keyring(tx, &keys)?;
            sync::put_entries(tx, &rows)
        })
        .unwrap();
    let transport = Transport::new(Endpoint {
        host: "127.0.0.1".to_owned(),
        port: 1,
        pins: vec![[1; 32]],
        signing_key: phone.world.root.verifying_key(),
        tenant: sotto_wire::TenantId::new([7; 16]),
        proxy: ProxySetting::None,
        timeouts: Timeouts::default(),
    })
    .unwrap();
    Engine::new(
        store,
        transport,
        Arc::new(SystemClock::default()),
        Arc::new(SystemRandom),
    )
}

#[test]
fn the_stub_follows_the_store_and_is_written_only_where_something_changed() {
    let mut phone = Phone::new();
    std::fs::remove_file(phone.home.join("stub.cbor")).unwrap();
    let engine = unlocked(&phone);
    assert!(refresh(&engine, &phone.home).unwrap(), "the first one");
    let first = phone.known();
    assert_eq!(
        first.authorities.seq(),
        phone.world.roster.head().unwrap().seq
    );
    assert_eq!(first.protection, Protection(Factors::KEPT));
    assert!(!first.lease.alone);
    assert!(!refresh(&engine, &phone.home).unwrap(), "nothing new");
    // It is that stub which an order is judged by.
    drop(engine);
    let order = phone.ordered();
    crate::wipe::carry_out(&phone.home, &order, &phone.tools).unwrap();
    assert!(!phone.opens());
}

#[test]
fn a_device_that_reads_of_its_own_exclusion_still_obeys_the_order() {
    let mut phone = Phone::new();
    std::fs::remove_file(phone.home.join("stub.cbor")).unwrap();
    refresh(&unlocked(&phone), &phone.home).unwrap();
    let before = phone.files();
    let proof = phone.order(RevocationMode::Wipe);
    // It has read the log up to its own revocation, and its stub stays where it was: otherwise the order would be one
    // that it had read already.
    let engine = unlocked(&phone);
    assert!(!refresh(&engine, &phone.home).unwrap());
    let stub = phone.home.join("stub.cbor");
    assert_eq!(phone.files().get(&stub), before.get(&stub));
    let sealed = phone.seal(&proof.to_bytes().unwrap());
    crate::wipe::judge(&phone.known(), &sealed).unwrap();
}

#[test]
fn a_stub_holds_no_name_no_unit_and_no_content() {
    let phone = Phone::new();
    let bytes = std::fs::read(phone.home.join("stub.cbor")).unwrap();
    for word in [
        "Florence",
        "Nightingale",
        "Grace",
        "Ada",
        "Lovelace",
        "Elizabeth",
        "Chemistry",
        "5W",
        CANARY,
    ] {
        assert!(!holds(&bytes, word.as_bytes()), "{word}");
    }
}

#[test]
fn nothing_of_a_stub_is_printed() {
    let mut phone = Phone::new();
    let order = phone.ordered();
    let armed = phone.known();
    let device = phone.device.id.to_string();
    steps::begin(&phone.home, &armed, &order, &phone.tools).unwrap();
    let underway = file::read(&phone.home).unwrap().unwrap();
    let certified = resume(&phone.home, &phone.tools).unwrap().unwrap();
    let Stub::Certified(inner) = &certified else {
        panic!("{certified:?}")
    };
    let attended = [
        Attended::Nothing {
            share: Some(vec![7; 40]),
        },
        Attended::Wiped {
            wiped: inner.wiped,
            reported: true,
        },
    ];
    let printed = format!(
        "{armed:?} {underway:?} {certified:?} {inner:?} {attended:?} {:?} {:?} {:?} {:?}",
        inner.wiped,
        phone.tools,
        phone.attend(),
        Stub::Wiped(inner.wiped),
    );
    assert_eq!(
        printed,
        "Armed(..) Stub::Underway Stub::Certified Certified(..) [Nothing, Wiped] Wiped(..) Tools(..) Attend(..) Stub::Wiped"
    );
    assert!(!printed.contains(&device));
}

#[test]
fn nobody_arms_a_stub_again_once_an_order_has_begun() {
    let mut phone = Phone::new();
    let engine = unlocked(&phone);
    let order = phone.ordered();
    steps::begin(&phone.home, &phone.known(), &order, &phone.tools).unwrap();
    let before = phone.files();
    assert!(matches!(
        refresh(&engine, &phone.home),
        Err(WipeError::Begun)
    ));
    assert!(matches!(
        note_unlocked(&phone.home, now()),
        Err(WipeError::Begun)
    ));
    let stub = phone.home.join("stub.cbor");
    assert_eq!(phone.files().get(&stub), before.get(&stub));
}

#[test]
fn a_damaged_stub_locks_nobody_out_and_one_of_a_newer_release_is_believed() {
    let phone = Phone::new();
    let path = phone.home.join("stub.cbor");
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 5, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(!begun(&phone.home).unwrap(), "byte {at}");
        assert!(resume(&phone.home, &phone.tools).unwrap_or(None).is_none());
    }
    std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    assert!(!begun(&phone.home).unwrap());
    assert!(
        refresh(&unlocked(&phone), &phone.home).unwrap(),
        "made anew"
    );

    for wiped in [false, true] {
        std::fs::write(&path, file::newer(wiped)).unwrap();
        assert_eq!(begun(&phone.home).unwrap(), wiped);
        assert!(matches!(
            note_unlocked(&phone.home, now()),
            Err(WipeError::Newer { begun }) if begun == wiped
        ));
        assert_eq!(std::fs::read(&path).unwrap(), file::newer(wiped));
    }
}

/// The phone's store, with a stub and the store's copy of it, which knows of a refusal and of what time it is.
fn followed() -> (Phone, Engine) {
    let phone = Phone::new();
    let engine = unlocked(&phone);
    refresh(&engine, &phone.home).unwrap();
    (phone, engine)
}

fn stub_of(known: Known) -> Armed {
    match known {
        Known::Armed(armed) => *armed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deleted_or_older_stub_is_put_back_before_the_store_is_shown() {
    let (phone, engine) = followed();
    let path = phone.home.join("stub.cbor");
    let old = std::fs::read(&path).unwrap();
    // It is refused, and its clock goes on.
    let later = now().plus(Duration::from_secs(9 * 24 * 3600));
    amend(&phone.home, |armed| {
        armed.lease.refused(later, later);
        armed.lease.tick(later);
    })
    .unwrap();
    assert!(refresh(&engine, &phone.home).unwrap());
    let mut held = phone.known();
    assert_eq!(held.lease.refused_since, Some(later));
    let damaged = || std::fs::write(&path, &old[..old.len() / 2]).unwrap();
    let attacks: [(&str, &dyn Fn()); 3] = [
        ("deleted", &|| std::fs::remove_file(&path).unwrap()),
        ("damaged", &damaged),
        ("older", &|| std::fs::write(&path, &old).unwrap()),
    ];
    for (what, attack) in attacks {
        attack();
        let known = known(engine.store(), &phone.home).unwrap();
        assert_eq!(stub_of(known).lease, held.lease, "{what}: judged");
        put_back(engine.store(), &phone.home, held.protection).unwrap();
        let back = phone.known();
        assert_eq!(back.lease, held.lease, "{what}");
        assert_eq!(back.authorities, held.authorities, "{what}");
        assert_eq!(back.written, held.written, "{what}");
        // And a running client does not make a fresh lease either.
        attack();
        refresh(&engine, &phone.home).unwrap();
        let back = phone.known();
        assert_eq!(back.lease.refused_since, Some(later), "{what}");
        assert_eq!(back.lease.attested_at, held.lease.attested_at, "{what}");
        assert!(back.lease.latest_time_seen >= later, "{what}");
        held = back;
    }
    // The order that lies at the relay is obeyed by what was put back.
    std::fs::remove_file(&path).unwrap();
    put_back(engine.store(), &phone.home, held.protection).unwrap();
    drop(engine);
    let mut phone = phone;
    let order = phone.ordered();
    crate::wipe::carry_out(&phone.home, &order, &phone.tools).unwrap();
    assert!(!phone.opens());
}

#[test]
fn what_a_locked_device_learned_outlives_the_next_opening() {
    let (phone, engine) = followed();
    let later = now().plus(Duration::from_secs(3600));
    amend(&phone.home, |armed| {
        armed.lease.refused(later, later);
        armed.lease.extended_until = Some(later);
    })
    .unwrap();
    let learned = phone.known();
    put_back(engine.store(), &phone.home, learned.protection).unwrap();
    assert_eq!(phone.known().lease, learned.lease);
    // Whoever writes a longer lease into the file does not have it.
    amend(&phone.home, |armed| {
        armed.lease.attested_at = later.plus(Duration::from_secs(1 << 30));
        armed.lease.attested_here = Some(armed.lease.attested_at);
        armed.lease.lock_after = 0;
        armed.lease.alone = true;
    })
    .unwrap();
    let known = stub_of(known(engine.store(), &phone.home).unwrap());
    assert_eq!(known.lease, learned.lease);
}

#[test]
fn a_device_that_should_have_a_stub_and_has_it_nowhere_is_missing_one() {
    let phone = Phone::new();
    std::fs::remove_file(phone.home.join("stub.cbor")).unwrap();
    let engine = unlocked(&phone);
    let here = |engine: &Engine| known(engine.store(), &phone.home).unwrap();
    assert!(matches!(here(&engine), Known::Missing));
    refresh(&engine, &phone.home).unwrap();
    assert!(matches!(here(&engine), Known::Armed(_)));
}

#[test]
fn an_acceptance_takes_a_refusal_back() {
    let (phone, _engine) = followed();
    amend(&phone.home, |armed| armed.lease.refused(now(), now())).unwrap();
    note_accepted(&phone.home).unwrap();
    assert_eq!(phone.known().lease.refused_since, None);
}

#[test]
fn the_lease_is_there_until_an_order_has_begun() {
    let phone = Phone::new();
    let at = phone.world.now;
    let stub = Stub::Armed(Box::new(phone.known()));
    assert_eq!(lease_of(&stub), Some(&Lease::new(at, 3600, 7200)));
    let ended = Stub::Wiped(Wiped {
        certificate: crate::base::sha256(b""),
        ended: at,
    });
    assert_eq!(lease_of(&ended), None);
}

#[test]
fn the_last_unlocking_and_what_protects_the_key_are_known_without_unlocking() {
    let phone = Phone::new();
    let at = now();
    note_unlocked(&phone.home, at).unwrap();
    let armed = phone.known();
    assert_eq!(armed.unlocked_at, Some(at));
    assert_eq!(armed.protection.words(), "keyring");
    assert_eq!(
        Protection(Factors::KEPT.and(Factors::PASSPHRASE)).words(),
        "keyring and passphrase"
    );
}

//! The roster key: who reads the log, before and after a rotation.

use super::fixture::{DAY, Device, World};
use crate::base::seal::SealingKey;
use crate::base::{Digest, Secret, SystemRandom};
use crate::roster::key::{KeyGift, SealedAs};
use crate::roster::kind::{KeyRotated, PersonLeft, Tick};
use crate::roster::rotation::SealRecord;
use crate::roster::{Body, Junk, Keyring, Roster, RosterError, RosterKey, Rotation, Verdict};

/// The relay's view: positions sealed, and the seals stored with each rotation.
struct Relay {
    log: Vec<Vec<u8>>,
    seals: Vec<Vec<u8>>,
}

/// Replays what the world's log says, sealed under the first key, then lets the nurse leave and rotates.
fn rotated() -> (World, Device, Device, Relay, Keyring) {
    let (mut world, nurse, physician, _) = World::staffed();
    let organisation = world.roster.anchor().organisation;
    let admin = world.admin.clone();
    let mut keys = Keyring::new();
    keys.insert(world.key.clone());
    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let seal = |keys: &Keyring, epoch, bytes: &[u8]| {
        keys.seal_entry(epoch, &organisation, bytes, &SystemRandom)
            .unwrap()
    };
    let mut log: Vec<Vec<u8>> = world
        .log
        .iter()
        .map(|bytes| seal(&keys, 0, bytes))
        .collect();

    let recipients = world.roster.recipients().unwrap();
    let rotation =
        Rotation::prepare(&organisation, &world.key, &recipients, &SystemRandom).unwrap();
    keys.insert(rotation.key.clone());
    world.ok(&admin, rotation.body.clone());
    log.push(seal(&keys, 1, world.log.last().unwrap()));
    world.ok(&physician, Tick {});
    log.push(seal(&keys, 1, world.log.last().unwrap()));
    let seals = rotation
        .seals
        .into_iter()
        .map(|(_, record)| record)
        .collect();
    (world, nurse, physician, Relay { log, seals }, keys)
}

fn replay(world: &World, relay: &Relay, keys: &Keyring) -> (Roster, Vec<Verdict>) {
    let mut roster = Roster::new(*world.roster.anchor());
    let verdicts = (0..)
        .zip(&relay.log)
        .map(|(at, sealed)| roster.ingest(at, sealed, keys))
        .collect();
    (roster, verdicts)
}

#[test]
fn who_stays_gets_the_new_key_and_who_left_does_not() {
    let (world, nurse, physician, relay, keys) = rotated();
    assert_eq!(relay.seals.len(), 3, "administrator, physician and bench");
    let rotation = relay.log.len() - 2;
    let mut own = Keyring::new();
    own.insert(world.key.clone());

    // The physician reads up to the rotation, opens the own seal, and goes on.
    let mut roster = Roster::new(*world.roster.anchor());
    for (at, sealed) in (0..).zip(&relay.log[..rotation]) {
        assert!(
            matches!(roster.ingest(at, sealed, &own), Verdict::Valid { .. }),
            "{at}"
        );
    }
    let at = u64::try_from(rotation).unwrap();
    assert_eq!(
        roster.ingest(at, &relay.log[rotation], &own),
        Verdict::NeedsKey { epoch: 1 }
    );
    let records: Vec<SealRecord> = relay
        .seals
        .iter()
        .map(|bytes| SealRecord::from_bytes(bytes).unwrap())
        .collect();
    // Nothing outside the ciphertext says whose a record is, or who administers: the key finds its own.
    assert!(
        records
            .iter()
            .all(|record| record.sealed.len() == records[0].sealed.len())
    );
    for device in [&physician.id, &world.admin.id] {
        let named = |bytes: &Vec<u8>| {
            bytes
                .windows(16)
                .any(|window| window == device.as_bytes().as_slice())
        };
        assert!(!relay.seals.iter().any(named));
    }
    let own_of = |key: &SealingKey| {
        records
            .iter()
            .find(|record| record.open(key).is_ok())
            .unwrap()
    };
    let record = own_of(&physician.secrets.sealing);
    let gift = record.open(&physician.secrets.sealing).unwrap();
    assert!(
        gift.admin_capability.is_none(),
        "only who may rotate gets the capability"
    );
    own.insert(gift.key);
    assert!(matches!(
        roster.ingest(at, &relay.log[rotation], &own),
        Verdict::Valid { .. }
    ));
    record.belongs_to(&physician.id, &roster).unwrap();
    assert_eq!(
        record.belongs_to(&world.admin.id, &roster),
        Err(RosterError::Seal)
    );
    assert!(matches!(
        roster.ingest(at + 1, &relay.log[rotation + 1], &own),
        Verdict::Valid { .. }
    ));
    assert_eq!(roster.digest(), world.roster.digest());
    assert!(!roster.rotation_due(world.now));
    assert!(roster.rotation_due(world.now.plus(DAY * 30)), "monthly");

    // The administrator's holds the capability; another's record or a bent one opens nothing.
    let theirs = own_of(&world.admin.secrets.sealing);
    assert!(
        theirs
            .open(&world.admin.secrets.sealing)
            .unwrap()
            .admin_capability
            .is_some()
    );
    assert!(theirs.open(&physician.secrets.sealing).is_err());
    let mut bent = record.clone();
    bent.proof.index += 1;
    assert_eq!(
        bent.belongs_to(&physician.id, &roster),
        Err(RosterError::Seal)
    );

    // The nurse holds the old key, and tries each seal with it.
    for record in &records {
        assert!(KeyGift::open(&nurse.secrets.sealing, &record.sealed).is_err());
    }
    let old = keys.get(0).unwrap();
    for sealed in &relay.log[rotation..] {
        assert!(
            old.open(SealedAs::Entry, &world.roster.anchor().organisation, sealed)
                .is_err()
        );
    }
}

#[test]
fn a_new_device_reads_the_whole_log_with_the_newest_key_alone() {
    let (world, _, _, mut relay, keys) = rotated();
    let organisation = world.roster.anchor().organisation;
    // Junk that claims the new epoch before and after does not mislead it.
    let stranger = RosterKey::random(1, &SystemRandom);
    relay.log.insert(
        0,
        stranger
            .seal(SealedAs::Entry, &organisation, b"junk", &SystemRandom)
            .unwrap(),
    );
    let mut own = Keyring::new();
    own.insert(keys.newest().unwrap().clone());
    assert_eq!(
        own.unwind(&organisation, relay.log.iter().map(Vec::as_slice)),
        Some(0)
    );
    let (roster, verdicts) = replay(&world, &relay, &own);
    assert_eq!(verdicts[0], Verdict::Junk(Junk::WrongKey));
    assert!(
        verdicts[1..]
            .iter()
            .all(|v| matches!(v, Verdict::Valid { .. })),
        "{verdicts:?}"
    );
    assert_eq!(roster.head(), world.roster.head());
    assert_eq!(
        Keyring::new().unwind(&organisation, relay.log.iter().map(Vec::as_slice)),
        None
    );
}

#[test]
fn an_entry_under_a_key_it_may_not_be_under_is_junk() {
    let (mut world, _, physician, relay, keys) = rotated();
    let organisation = world.roster.anchor().organisation;
    let next = u64::try_from(relay.log.len()).unwrap();
    let (roster, _) = replay(&world, &relay, &keys);
    let tick = world.forge(
        physician.author(),
        &Body::from(Tick {}),
        &physician.secrets.signature,
        |_| {},
    );
    let judge = |sealed: &[u8], keys: &Keyring| roster.clone().ingest(next, sealed, keys);

    let old = keys
        .seal_entry(0, &organisation, &tick, &SystemRandom)
        .unwrap();
    assert_eq!(
        judge(&old, &keys),
        Verdict::Junk(Junk::WrongKey),
        "the key before the rotation"
    );
    let mut far = keys
        .seal_entry(1, &organisation, &tick, &SystemRandom)
        .unwrap();
    far[7] = 9;
    assert_eq!(
        judge(&far, &keys),
        Verdict::Junk(Junk::WrongKey),
        "an epoch that is not next"
    );
    far[7] = 1;
    far[40] ^= 1;
    assert_eq!(judge(&far, &keys), Verdict::Junk(Junk::WrongKey), "altered");
    assert_eq!(judge(b"short", &keys), Verdict::Junk(Junk::WrongKey));

    // A tick that claims to begin an epoch: whoever holds such a key sees through it.
    let mut more = keys.clone();
    more.insert(RosterKey::random(2, &SystemRandom));
    let begin = more
        .seal_entry(2, &organisation, &tick, &SystemRandom)
        .unwrap();
    assert_eq!(judge(&begin, &more), Verdict::Junk(Junk::WrongKey));
    assert_eq!(judge(&begin, &keys), Verdict::NeedsKey { epoch: 2 });
    let mut copy = roster.clone();
    assert_eq!(
        copy.set_aside(next, Junk::NoSeals),
        Verdict::Junk(Junk::NoSeals),
        "the relay had no seals for it"
    );

    // A rotation that commits to another key than it is sealed under.
    let body = KeyRotated {
        epoch: 2,
        commitment: Digest::ZERO,
        previous: vec![],
        seals_root: Digest::ZERO,
        seals: 0,
        root_seal: None,
    };
    let admin = world.admin.clone();
    let lie = world.forge(
        admin.author(),
        &Body::from(body),
        &admin.secrets.signature,
        |_| {},
    );
    let sealed = more
        .seal_entry(2, &organisation, &lie, &SystemRandom)
        .unwrap();
    assert_eq!(judge(&sealed, &more), Verdict::Junk(Junk::Rotation));
    let sealed = more
        .seal_entry(1, &organisation, &lie, &SystemRandom)
        .unwrap();
    assert_eq!(
        judge(&sealed, &more),
        Verdict::Junk(Junk::WrongKey),
        "a rotation under the key it replaces"
    );

    // A key that the log did not commit to is not used.
    let mut wrong = keys.clone();
    wrong.insert(RosterKey::random(1, &SystemRandom));
    let good = keys
        .seal_entry(1, &organisation, &tick, &SystemRandom)
        .unwrap();
    assert_eq!(judge(&good, &wrong), Verdict::NeedsKey { epoch: 1 });
    assert!(matches!(judge(&good, &keys), Verdict::Valid { .. }));
    world.log.clear();
}

#[test]
fn sealed_entries_come_in_four_sizes() {
    let key = RosterKey::random(0, &SystemRandom);
    let organisation = crate::base::OrganisationId::new([1; 16]);
    let size = |n: usize| {
        key.seal(SealedAs::Entry, &organisation, &vec![1; n], &SystemRandom)
            .unwrap()
            .len()
    };
    assert_eq!(size(1), size(1_000));
    assert_eq!(
        [size(0), size(1_021), size(5_000), size(60_000)].map(|n| n / 1024),
        [1, 4, 16, 64]
    );
    let too_much = key.seal(
        SealedAs::Entry,
        &organisation,
        &vec![1; crate::roster::entry::MAX_ENTRY + 1],
        &SystemRandom,
    );
    assert_eq!(too_much, Err(RosterError::Oversize));
}

#[test]
fn each_use_of_a_roster_key_has_its_own_derivation() {
    let key = RosterKey::random(3, &SystemRandom);
    let organisation = crate::base::OrganisationId::new([1; 16]);
    assert_ne!(key.submit_bearer(), key.key_package_key());
    assert_ne!(key.submit_bearer().expose(), key.commitment().as_bytes());
    let sealed = key
        .seal(
            SealedAs::Attestation,
            &organisation,
            b"fresh",
            &SystemRandom,
        )
        .unwrap();
    assert_eq!(
        key.open(SealedAs::Attestation, &organisation, &sealed)
            .unwrap(),
        b"fresh"
    );
    assert!(key.open(SealedAs::Entry, &organisation, &sealed).is_err());
    let elsewhere = crate::base::OrganisationId::new([2; 16]);
    assert!(
        key.open(SealedAs::Attestation, &elsewhere, &sealed)
            .is_err()
    );
    assert!(!format!("{key:?}").contains("secret"));
}

#[test]
fn a_key_is_given_to_an_invitation_by_sealing_it() {
    let sealing = SealingKey::from_seed(Secret::new([4; 32]));
    let public = crate::roster::kind::SealingPublic::new(&sealing.public().unwrap()).unwrap();
    let gift = KeyGift {
        key: RosterKey::random(2, &SystemRandom),
        admin_capability: None,
    };
    let sealed = gift.seal(&public).unwrap();
    assert_eq!(KeyGift::open(&sealing, &sealed).unwrap(), gift);
    assert!(KeyGift::open(&SealingKey::from_seed(Secret::new([5; 32])), &sealed).is_err());
}

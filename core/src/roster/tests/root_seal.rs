//! What the offline root key opens, and how it changes hands.

use super::fixture::{DAY, Device, HOUR, World, terms};
use crate::base::{Secret, SigningKey, SystemRandom};
use crate::roster::authorize::pack;
use crate::roster::founding::{NextRoot, sealing_digest};
use crate::roster::kind::{Approval, KeyRotated, RootRotated, Tick};
use crate::roster::{
    Author, Body, Junk, RootSeal, Roster, RosterError, Rotation, Verdict, root_seal,
};

fn opened(roster: &Roster, root: &SigningKey) -> Result<Secret<32>, RosterError> {
    let own = roster.organisation().unwrap();
    let seal = own.root_seal.as_ref().ok_or(RosterError::Seal)?;
    seal.open(root, &roster.anchor().organisation, own.key.epoch)
}

/// A new roster key as an administrator's device makes it.
fn rotation(world: &World) -> Rotation {
    let organisation = world.roster.anchor().organisation;
    let mut key = world.key.clone();
    let epoch = world.roster.organisation().unwrap().key.epoch;
    while key.epoch() < epoch {
        key = crate::roster::RosterKey::random(key.epoch() + 1, &SystemRandom);
    }
    let recipients = world.roster.recipients().unwrap();
    Rotation::prepare(&organisation, &key, &recipients, &SystemRandom)
        .unwrap()
        .for_root(&world.roster)
        .unwrap()
}

#[test]
fn the_root_key_opens_the_capability_of_the_founding_and_of_each_rotation_and_no_other_key_does() {
    let mut world = World::found_sealed();
    let admin = world.admin.clone();
    let root = world.root.clone();
    assert_eq!(opened(&world.roster, &root).unwrap(), World::capability());
    let stranger = SigningKey::random(&world.random);
    assert!(opened(&world.roster, &stranger).is_err());

    let next = rotation(&world);
    let first = world.roster.organisation().unwrap().root_seal.clone();
    world.ok(&admin, next.body.clone());
    assert_eq!(opened(&world.roster, &root).unwrap(), next.admin_capability);
    // A capability that was replaced is worth nothing, and does not pass for the one in force.
    let organisation = world.roster.anchor().organisation;
    assert_eq!(
        first.unwrap().open(&root, &organisation, 1),
        Err(RosterError::Seal)
    );
    let elsewhere = crate::base::OrganisationId::new([9; 16]);
    let seal = next.body.root_seal.unwrap();
    assert_eq!(seal.open(&root, &elsewhere, 1), Err(RosterError::Seal));
    assert_eq!(format!("{seal:?}"), "RootSeal(..)");
}

#[test]
fn a_rotation_carries_the_seal_wherever_the_log_knows_the_root_and_nowhere_else() {
    let mut world = World::found_sealed();
    let admin = world.admin.clone();
    let good = rotation(&world).body;
    let bare = KeyRotated {
        root_seal: None,
        ..good.clone()
    };
    assert_eq!(
        world.say(&admin, bare.clone()),
        Verdict::Junk(Junk::Rotation)
    );

    let mut unsealed = World::found_now();
    let admin = unsealed.admin.clone();
    assert!(rotation(&unsealed).body.root_seal.is_none());
    assert_eq!(
        unsealed.say(&admin, good.clone()),
        Verdict::Junk(Junk::Rotation)
    );
    unsealed.ok(&admin, bare);

    // Release 0.1 reads such an entry as malformed, and so does everybody in its logs.
    let mut first = World::found();
    let admin = first.admin.clone();
    assert_eq!(first.say(&admin, good), Verdict::Junk(Junk::Malformed));
}

/// A new root key, agreed to by these after the entry `follows`.
fn rotated(world: &World, new: &SigningKey, by: &[&Device], follows: u64) -> Vec<u8> {
    let organisation = world.roster.anchor().organisation;
    let hash = world.roster.hash_at(follows).unwrap();
    let next = NextRoot {
        follows: hash,
        root: new.verifying_key(),
        sealing: Some(sealing_digest(&root_seal::public(new).unwrap())),
    };
    let give = |d: &&Device| Approval::give(&organisation, &next, d.id, &d.secrets.signature);
    let approvals = by.iter().map(give).collect();
    let body = RootRotated::sealing(&organisation, (follows, hash), new, approvals).unwrap();
    world.forge(Author::Root, &Body::from(body), &world.root, |_| {})
}

#[test]
fn a_new_root_key_makes_the_old_file_worthless_and_gets_its_seal_with_the_next_roster_key() {
    let mut world = World::found_sealed();
    let admin = world.admin.clone();
    let (old, new) = (world.root.clone(), SigningKey::random(&world.random));
    let entry = rotated(&world, &new, &[&admin], 0);
    assert!(matches!(world.push(entry), Verdict::Valid { .. }));
    let own = world.roster.organisation().unwrap();
    assert_eq!(own.root, new.verifying_key());
    assert!(own.root_seal.is_none() && own.key.due);
    assert!(world.roster.rotation_due(world.now));

    let next = rotation(&world);
    world.ok(&admin, next.body.clone());
    assert_eq!(opened(&world.roster, &new).unwrap(), next.admin_capability);
    assert!(opened(&world.roster, &old).is_err());
}

#[test]
fn an_organisation_of_the_first_rules_gets_its_seal_with_a_new_root_key_after_it_adopted_later_ones()
 {
    let mut world = World::found();
    let admin = world.admin.clone();
    let new = SigningKey::random(&world.random);
    let entry = rotated(&world, &new, &[&admin], 0);
    assert_eq!(world.push(entry), Verdict::Junk(Junk::Malformed));
    world.root_says(crate::roster::kind::RulesAdopted { rules: 2 });
    let head = world.roster.head().unwrap().seq;
    let entry = rotated(&world, &new, &[&admin], head);
    assert!(matches!(world.push(entry), Verdict::Valid { .. }));
    let next = rotation(&world);
    world.ok(&admin, next.body.clone());
    assert_eq!(opened(&world.roster, &new).unwrap(), next.admin_capability);
}

#[test]
fn consents_hold_while_the_log_moves_on_but_not_for_more_than_a_week() {
    let mut world = World::found_sealed();
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    world.later(DAY * 2);
    let admin = world.admin.clone();
    world.ok(&admin, Tick {});
    let new = SigningKey::random(&world.random);
    let agreed = world.roster.head().unwrap().seq;
    let alone = rotated(&world, &new, &[&admin, &admin], agreed);
    assert_eq!(world.push(alone), Verdict::Junk(Junk::NeedsTwo));
    world.later(HOUR);
    world.ok(&second, Tick {});
    world.later(DAY * 7);
    for device in [&admin, &second] {
        world.ok(device, Tick {});
    }
    let late = rotated(&world, &new, &[&admin, &second], agreed);
    assert_eq!(world.push(late), Verdict::Junk(Junk::Expired));
    let ahead = world.roster.head().unwrap().seq;
    world.later(DAY * 30);
    // Nothing was entered meanwhile: the consents are as new as the log.
    let both = rotated(&world, &new, &[&admin, &second], ahead);
    assert!(matches!(world.push(both), Verdict::Valid { .. }));
}

#[test]
fn a_consent_names_the_sealing_key_too() {
    let mut world = World::found_sealed();
    let admin = world.admin.clone();
    let new = SigningKey::random(&world.random);
    let good = rotated(&world, &new, &[&admin], 0);
    let entry = crate::roster::Entry::from_bytes(&good).unwrap();
    let Some(Body::RootRotated(body)) = Body::from_bytes(2, &entry.body).unwrap() else {
        panic!("root rotated")
    };
    // Whoever has the old root file puts a sealing key of their own beside the new root key.
    let mut swapped = *body.clone();
    swapped.root_sealing = Some(root_seal::public(&world.root).unwrap());
    let entry = world.forge(Author::Root, &Body::from(swapped), &world.root, |_| {});
    assert_eq!(world.push(entry), Verdict::Junk(Junk::Signature));
    let mut without = *body;
    without.root_sealing = None;
    let entry = world.forge(Author::Root, &Body::from(without), &world.root, |_| {});
    assert_eq!(world.push(entry), Verdict::Junk(Junk::Signature));
    assert!(matches!(world.push(good), Verdict::Valid { .. }));
}

#[test]
fn a_seal_without_a_key_or_of_a_wrong_size_is_no_founding() {
    let sealing = root_seal::public(&SigningKey::random(&SystemRandom)).unwrap();
    let organisation = crate::base::OrganisationId::new([1; 16]);
    let seal = RootSeal::seal(&sealing, &organisation, 0, &World::capability()).unwrap();
    for (key, seal) in [(None, Some(seal.clone())), (Some(sealing.clone()), None)] {
        assert_eq!(
            World::founding_verdict(crate::roster::FORMAT, key, seal),
            Verdict::Junk(Junk::Founding)
        );
    }
    assert_eq!(
        World::founding_verdict(1, Some(sealing), Some(seal)),
        Verdict::Junk(Junk::Founding)
    );
}

//! How members come, change and go.

use super::fixture::{DAY, HOUR, World, person_details, terms, text};
use crate::base::{Digest, InvitationId, PersonId};
use crate::roster::authorize::{Action, Actor, Refusal, Scope, pack};
use crate::roster::founding::NextRoot;
use crate::roster::kind::{
    Approval, ApprovalMode, DeviceApproved, ExternalId, PersonAdded, PersonChanged, PersonLeft,
    PersonSuspended, PlaceClosed, RelayChanged, RoleGranted, RootRotated, Setting, Subject, Tick,
    Value,
};
use crate::roster::record::DeviceState;
use crate::roster::{
    Attestation, Author, Body, HeadRelation, Junk, Owner, Roster, RosterError, RosterHead, Verdict,
};

#[test]
fn two_replays_of_one_log_reach_the_same_state_byte_for_byte() {
    let (mut world, nurse, ..) = World::staffed();
    world.push(b"junk".to_vec());
    let admin = world.admin.clone();
    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );

    let mut again = Roster::new(*world.roster.anchor());
    for (position, bytes) in (0..).zip(&world.log) {
        again.apply(position, bytes);
    }
    assert_eq!(again.digest(), world.roster.digest());
    let restored = Roster::restore(&world.roster.snapshot()).unwrap();
    assert!(restored == world.roster);
    assert_eq!(Roster::restore(b"old"), Err(RosterError::Snapshot));
}

#[test]
fn a_member_is_confirmed_at_once_or_after_approval() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    assert!(
        world
            .roster
            .may(
                Actor::device(nurse.id),
                Action::SendMessage,
                &Scope::organisation()
            )
            .is_ok()
    );

    let subject = Subject::NewPerson(PersonId::new([4; 16]), person_details("Ada Lovelace", None));
    let (invitation, body) = world.invitation(
        subject,
        vec![terms(pack::ADMIN, None)],
        ApprovalMode::Approval,
    );
    world.ok(&admin, body);
    // The claim is carried by the administrator: the device cannot read the log yet.
    let device = world.new_device(invitation.owner);
    let claim = world.claim(&invitation, &device);
    world.ok(&admin, claim);
    let view = world.roster.view().unwrap();
    assert_eq!(view.confirmed(device.id), Err(Refusal::DevicePending));
    assert_eq!(world.roster.devices_in(DeviceState::Pending).count(), 1);
    world.ok(&admin, DeviceApproved { device: device.id });
    assert_eq!(
        world.roster.view().unwrap().confirmed(device.id),
        Ok(device.owner)
    );
    assert_eq!(world.roster.holders_of_role(&pack::ADMIN).len(), 2);
}

#[test]
fn who_became_privileged_after_an_instant_invitation_still_waits() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let person = PersonId::new([4; 16]);
    let subject = Subject::NewPerson(person, person_details("Ada Lovelace", None));
    let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    world.ok(&admin, body);
    world.ok(
        &admin,
        RoleGranted {
            holder: Owner::Person(person),
            terms: terms(pack::ADMIN, None),
        },
    );
    let device = world.new_device(invitation.owner);
    world.enrol(&invitation, &device);
    assert_eq!(
        world.roster.view().unwrap().confirmed(device.id),
        Err(Refusal::DevicePending)
    );
}

#[test]
fn a_persons_existing_device_vouches_for_the_next_one() {
    let (mut world, nurse, physician, _) = World::staffed();
    let (invitation, body) = world.invitation(
        Subject::Person(nurse.person()),
        vec![],
        ApprovalMode::Instant,
    );
    world.ok(&nurse, body);
    let tablet = world.new_device(nurse.owner);
    assert!(matches!(
        world.enrol(&invitation, &tablet),
        Verdict::Valid { .. }
    ));
    let active: Vec<_> = world
        .roster
        .active_devices_of(nurse.owner)
        .map(|d| d.details.device)
        .collect();
    assert_eq!(active, [nurse.id, tablet.id]);

    // Not for somebody else, and not where the rules say otherwise.
    let (_, body) = world.invitation(
        Subject::Person(physician.person()),
        vec![],
        ApprovalMode::Instant,
    );
    assert_eq!(
        world.say(&nurse, body),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    let admin = world.admin.clone();
    let policy = world
        .roster
        .policy()
        .unwrap()
        .clone()
        .with(Setting::NextDevice, Value::Number(2));
    world.ok(&admin, policy);
    let (_, body) = world.invitation(
        Subject::Person(nurse.person()),
        vec![],
        ApprovalMode::Instant,
    );
    assert_eq!(
        world.say(&nurse, body),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
}

#[test]
fn who_leaves_takes_all_devices_along_and_comes_back_without_roles() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let staff_number = ExternalId {
        system: text("http://hospital.example/staff"),
        value: text("FlorenceNightingale"),
    };
    assert_eq!(
        world.roster.person_by_external(&staff_number),
        Some(nurse.person())
    );
    assert!(!world.roster.rotation_due(world.now));

    let left = world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    assert_eq!(
        world.roster.view().unwrap().confirmed(nurse.id),
        Err(Refusal::DeviceRevoked)
    );
    assert!(
        world.roster.rotation_due(world.now),
        "a new roster key is due"
    );
    assert_eq!(world.roster.person_by_external(&staff_number), None);
    // What was allowed before stays what it was.
    let before = world.roster.at(left - 1).unwrap();
    assert!(
        before
            .may(
                Actor::device(nurse.id),
                Action::SendMessage,
                &Scope::organisation()
            )
            .is_ok()
    );

    let device = world.join(
        Subject::Person(nurse.person()),
        vec![],
        ApprovalMode::Instant,
    );
    let view = world.roster.view().unwrap();
    assert_eq!(view.confirmed(nurse.id), Err(Refusal::DeviceRevoked));
    assert!(view.confirmed(device.id).is_ok());
    let scope = Scope::organisation();
    assert_eq!(
        view.may(Actor::device(device.id), Action::SendMessage, &scope),
        Err(Refusal::NoRole)
    );
    assert_eq!(
        world.roster.person_by_external(&staff_number),
        Some(nurse.person())
    );
}

#[test]
fn a_suspended_person_may_do_nothing_until_readmitted() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let person = nurse.person();
    world.ok(
        &admin,
        PersonSuspended {
            person,
            suspended: true,
            reason: Some(text("under review")),
        },
    );
    assert_eq!(world.roster.active_devices_of(nurse.owner).count(), 0);
    assert_eq!(
        world.say(
            &admin,
            PersonSuspended {
                person,
                suspended: true,
                reason: None
            }
        ),
        Verdict::Junk(Junk::WrongState)
    );
    world.ok(
        &admin,
        PersonSuspended {
            person,
            suspended: false,
            reason: None,
        },
    );
    assert_eq!(world.roster.active_devices_of(nurse.owner).count(), 1);
}

#[test]
fn a_closed_place_excludes_its_devices() {
    let (mut world, _, _, bench) = World::staffed();
    let admin = world.admin.clone();
    let Owner::Place(place) = bench.owner else {
        panic!("a place")
    };
    assert!(
        world
            .roster
            .may(
                Actor::device(bench.id),
                Action::SendResult,
                &Scope::organisation()
            )
            .is_ok()
    );
    world.ok(&admin, PlaceClosed { place });
    assert_eq!(
        world.roster.view().unwrap().confirmed(bench.id),
        Err(Refusal::DeviceRevoked)
    );
    assert!(world.roster.rotation_due(world.now));
}

#[test]
fn a_person_is_changed_and_found_by_the_new_number() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let person = PersonId::new([4; 16]);
    world.ok(
        &admin,
        PersonAdded {
            person,
            details: person_details("Ada Byron", None),
        },
    );
    world.ok(
        &admin,
        PersonChanged {
            person,
            details: person_details("Ada Lovelace", Some("6E")),
        },
    );
    let number = |value| ExternalId {
        system: text("http://hospital.example/staff"),
        value: text(value),
    };
    assert_eq!(world.roster.person_by_external(&number("AdaByron")), None);
    assert_eq!(
        world.roster.person_by_external(&number("AdaLovelace")),
        Some(person)
    );
    assert_eq!(
        world.roster.person(&person).unwrap().details.name.as_str(),
        "Ada Lovelace"
    );
}

#[test]
fn the_relay_changes_by_a_signed_entry() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let mut relay = super::fixture::relay();
    relay.pins = vec![Digest::new([3; 32])];
    world.ok(
        &admin,
        RelayChanged {
            relay: relay.clone(),
        },
    );
    assert_eq!(world.roster.organisation().unwrap().relay, relay);
    relay.address = text("http://plain.example");
    assert_eq!(
        world.say(&admin, RelayChanged { relay }),
        Verdict::Junk(Junk::OutOfBounds)
    );
}

#[test]
fn the_root_key_changes_hands_only_with_the_old_one_the_new_one_and_administrators() {
    let mut world = World::found();
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    let admin = world.admin.clone();
    let new_root = crate::base::SigningKey::random(&world.random);
    let organisation = world.roster.anchor().organisation;
    let rotate = |world: &World, approvals: &[&super::fixture::Device]| {
        let previous = world.roster.head().unwrap().hash;
        let next = NextRoot {
            follows: previous,
            root: new_root.verifying_key(),
            sealing: None,
        };
        let approvals = approvals
            .iter()
            .map(|d| Approval::give(&organisation, &next, d.id, &d.secrets.signature))
            .collect();
        let body = Body::from(RootRotated::new(
            &organisation,
            &previous,
            &new_root,
            approvals,
        ));
        world.forge(Author::Root, &body, &world.root, |_| {})
    };
    let alone = rotate(&world, &[&admin, &admin]);
    assert_eq!(world.push(alone), Verdict::Junk(Junk::NeedsTwo));
    let stale = rotate(&world, &[&admin, &second]);
    world.ok(&admin, Tick {});
    assert_eq!(world.push(stale), Verdict::Junk(Junk::WrongPredecessor));
    let both = rotate(&world, &[&admin, &second]);
    assert!(matches!(world.push(both), Verdict::Valid { .. }));
    assert_eq!(
        world.roster.organisation().unwrap().root,
        new_root.verifying_key()
    );
    let again = rotate(&world, &[&admin, &second]);
    assert_eq!(
        world.push(again),
        Verdict::Junk(Junk::Signature),
        "the old root key signs nothing any more"
    );
}

#[test]
fn a_fresh_attestation_counts_only_from_another_entitled_device() {
    let (mut world, nurse, physician, _) = World::staffed();
    let admin = world.admin.clone();
    let made =
        Attestation::make(&world.roster, world.now, nurse.id, &nurse.secrets.signature).unwrap();
    let made = Attestation::from_bytes(&made.to_bytes()).unwrap();
    let behind = world.roster.clone();
    world.ok(&admin, Tick {});
    let now = world.now.plus(HOUR);
    let fresh = made.verify(&world.roster, &physician.id, now).unwrap();
    assert_eq!((fresh.age, fresh.behind, fresh.time), (HOUR, 1, world.now));

    assert_eq!(
        made.verify(&world.roster, &nurse.id, now),
        Err(RosterError::AttestationRight),
        "one's own"
    );
    let early = world.now.minus(HOUR);
    assert_eq!(
        made.verify(&world.roster, &physician.id, early),
        Err(RosterError::AttestationFuture)
    );
    let mut forged = made.clone();
    forged.time = now;
    assert_eq!(
        forged.verify(&world.roster, &physician.id, now),
        Err(RosterError::AttestationForged)
    );

    let ahead = Attestation::make(&world.roster, now, nurse.id, &nurse.secrets.signature).unwrap();
    assert_eq!(
        ahead.verify(&behind, &physician.id, now),
        Err(RosterError::AttestationAhead)
    );
    let mut fork = World::staffed().0;
    fork.now = fork.now.plus(DAY);
    fork.ok(&admin, Tick {});
    assert_eq!(
        ahead.verify(&fork.roster, &physician.id, now),
        Err(RosterError::AttestationFork)
    );

    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    assert_eq!(
        made.verify(&world.roster, &physician.id, now),
        Err(RosterError::AttestationRight)
    );
}

#[test]
fn two_rosters_are_told_apart_by_their_heads() {
    let mut world = World::found();
    let old = world.roster.head().unwrap();
    let admin = world.admin.clone();
    world.ok(&admin, Tick {});
    assert_eq!(world.roster.compare(&old), HeadRelation::Known { by: 1 });
    let ahead = RosterHead {
        seq: 9,
        hash: old.hash,
    };
    assert_eq!(world.roster.compare(&ahead), HeadRelation::Ahead);
    let fork = RosterHead {
        seq: 1,
        hash: old.hash,
    };
    assert_eq!(world.roster.compare(&fork), HeadRelation::Fork);
}

#[test]
fn open_invitations_are_listed_until_used_or_expired() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let subject = Subject::NewPerson(PersonId::new([4; 16]), person_details("Ada Lovelace", None));
    let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    world.ok(&admin, body);
    let open = |world: &World, at| {
        world
            .roster
            .open_invitations(at)
            .map(|(id, _)| *id)
            .collect::<Vec<InvitationId>>()
    };
    assert_eq!(open(&world, world.now), [invitation.id]);
    assert_eq!(open(&world, world.now.plus(DAY)), []);
    let device = world.new_device(invitation.owner);
    world.enrol(&invitation, &device);
    assert_eq!(open(&world, world.now), []);
}

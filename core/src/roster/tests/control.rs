//! Dual control.

use super::fixture::{DAY, Device, HOUR, World, terms};
use crate::roster::authorize::{Action, Refusal, pack};
use crate::roster::kind::{
    Countersign, DeviceRevoked, PersonLeft, Proposal, Refused, RevocationMode, Setting, Tick, Value,
};
use crate::roster::{Body, Junk, Verdict};

fn two_administrators(actions: &[Action]) -> (World, Device, Device) {
    let (mut world, nurse, ..) = World::staffed();
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    let admin = world.admin.clone();
    let codes = actions
        .iter()
        .map(|action| u64::from(action.code()))
        .collect();
    let policy = world
        .roster
        .policy()
        .unwrap()
        .clone()
        .with(Setting::TwoAdministrators, Value::Numbers(codes));
    world.ok(&admin, policy);
    world.later(DAY);
    (world, second, nurse)
}

fn proposal(world: &World, body: impl Into<Body>) -> Proposal {
    let body = body.into();
    Proposal {
        kind: body.kind(),
        body: body.to_bytes(),
        expires: world.now.plus(DAY),
        reason: None,
    }
}

#[test]
fn what_needs_two_happens_when_the_second_agrees() {
    let (mut world, second, nurse) = two_administrators(&[Action::ManagePeople]);
    let admin = world.admin.clone();
    let left = PersonLeft {
        person: nurse.person(),
    };
    assert_eq!(
        world.say(&admin, left.clone()),
        Verdict::Junk(Junk::NeedsTwo)
    );
    let body = proposal(&world, left);
    let seq = world.ok(&admin, body);
    assert!(
        world.roster.view().unwrap().confirmed(nurse.id).is_ok(),
        "nothing happened yet"
    );
    assert_eq!(
        world.say(&admin, Countersign { proposal: seq }),
        Verdict::Junk(Junk::SamePerson)
    );
    assert_eq!(
        world.say(&nurse, Countersign { proposal: seq }),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    world.ok(&second, Countersign { proposal: seq });
    assert_eq!(
        world.roster.view().unwrap().confirmed(nurse.id),
        Err(Refusal::DeviceRevoked)
    );
    assert_eq!(
        world.say(&second, Countersign { proposal: seq }),
        Verdict::Junk(Junk::WrongState)
    );
}

#[test]
fn a_proposal_expires_and_can_be_refused() {
    let (mut world, second, nurse) = two_administrators(&[]);
    let admin = world.admin.clone();
    let body = proposal(
        &world,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let expiring = world.ok(&admin, body.clone());
    let refused = world.ok(&admin, body);
    world.ok(
        &second,
        Refused {
            proposal: refused,
            reason: None,
        },
    );
    assert_eq!(
        world.say(&second, Countersign { proposal: refused }),
        Verdict::Junk(Junk::WrongState)
    );
    world.later(DAY);
    assert_eq!(
        world.say(&second, Countersign { proposal: expiring }),
        Verdict::Junk(Junk::Expired)
    );
}

#[test]
fn a_new_administrator_cannot_countersign_who_made_them() {
    let (mut world, _, nurse) = two_administrators(&[]);
    let admin = world.admin.clone();
    let puppet = world.member("Charles Babbage", None, terms(pack::ADMIN, None));
    let body = proposal(
        &world,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let seq = world.ok(&admin, body);
    assert_eq!(
        world.say(&puppet, Countersign { proposal: seq }),
        Verdict::Junk(Junk::NewAdministrator)
    );
}

#[test]
fn a_proposal_dies_with_its_proposers_rights() {
    let (mut world, second, nurse) = two_administrators(&[]);
    let admin = world.admin.clone();
    let body = proposal(
        &world,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let seq = world.ok(&second, body);
    world.ok(
        &admin,
        PersonLeft {
            person: second.person(),
        },
    );
    assert_eq!(
        world.say(&admin, Countersign { proposal: seq }),
        Verdict::Junk(Junk::NoRight(Refusal::DeviceRevoked))
    );
}

#[test]
fn who_countersigns_needs_the_same_right() {
    let (mut world, _, nurse) = two_administrators(&[]);
    let admin = world.admin.clone();
    let officer = world.member("Joan Clarke", None, terms(pack::SECURITY_OFFICIAL, None));
    world.later(DAY);
    let body = proposal(
        &world,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let seq = world.ok(&admin, body);
    assert_eq!(
        world.say(&officer, Countersign { proposal: seq }),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
}

#[test]
fn only_acts_of_administration_can_be_proposed() {
    let (mut world, _, nurse) = two_administrators(&[]);
    let admin = world.admin.clone();
    let body = proposal(&world, Tick {});
    assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::WrongState));
    let body = proposal(
        &world,
        PersonLeft {
            person: nurse.person(),
        },
    );
    assert_eq!(
        world.say(&nurse, body.clone()),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    assert_eq!(
        world.say(
            &admin,
            Proposal {
                kind: 9_999,
                ..body.clone()
            }
        ),
        Verdict::Halt { kind: 9_999 }
    );
    world.log.pop();
    assert_eq!(
        world.say(
            &admin,
            Proposal {
                body: vec![0xff],
                ..body
            }
        ),
        Verdict::Junk(Junk::Malformed)
    );
}

#[test]
fn one_administrator_alone_wipes_no_more_devices_than_the_cap() {
    let (mut world, nurse, physician, bench) = World::staffed();
    let admin = world.admin.clone();
    let policy = world
        .roster
        .policy()
        .unwrap()
        .clone()
        .with(Setting::WipeCap, Value::Number(2));
    world.ok(&admin, policy);
    let wipe = |device: &Device| DeviceRevoked {
        device: device.id,
        mode: RevocationMode::EmergencyWipe,
        suspect_since: None,
        reason: None,
    };
    world.ok(&admin, wipe(&nurse));
    world.ok(&admin, wipe(&physician));
    assert_eq!(
        world.say(&admin, wipe(&bench)),
        Verdict::Junk(Junk::NeedsTwo)
    );
    world.later(DAY + HOUR);
    world.ok(&admin, wipe(&bench));
}

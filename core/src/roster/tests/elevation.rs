//! A role for some hours.

use super::fixture::{DAY, Device, HOUR, World, terms, text};
use crate::base::RoleId;
use crate::roster::authorize::{Action, Actor, Refusal, Scope, pack};
use crate::roster::kind::Refused;
use crate::roster::kind::{
    ElevationGranted, ElevationRequested, RoleDefined, RoleDefinition, RoleRule,
};
use crate::roster::oversight::ElevationState;
use crate::roster::{Junk, Verdict};

fn request(role: RoleId) -> ElevationRequested {
    ElevationRequested {
        role,
        unit: None,
        seconds: 12 * 3_600,
        reason: text("covering the night"),
    }
}

fn may(world: &World, device: &Device, action: Action) -> Result<(), Refusal> {
    world
        .roster
        .may(Actor::device(device.id), action, &Scope::organisation())
}

/// A role that is not privileged.
fn scheduler(world: &mut World) -> RoleId {
    let (role, admin) = (RoleId::new([5; 16]), world.admin.clone());
    let definition = RoleDefinition {
        name: text("scheduler"),
        rules: [RoleRule {
            action: Action::ScheduleDuty.code(),
            needs_relation: false,
        }]
        .into(),
    };
    world.ok(&admin, RoleDefined { role, definition });
    role
}

#[test]
fn an_elevation_begins_when_another_person_agrees_and_ends_by_log_time_alone() {
    let (mut world, second, nurse) = World::governed();
    let role = scheduler(&mut world);
    let seq = world.ok(&nurse, request(role));
    assert_eq!(
        may(&world, &nurse, Action::ScheduleDuty),
        Err(Refusal::NoRole)
    );
    world.ok(&second, ElevationGranted { request: seq });
    assert_eq!(may(&world, &nurse, Action::ScheduleDuty), Ok(()));
    let until = world.now.plus(HOUR * 12);
    assert_eq!(
        world.roster.elevations()[&seq].state,
        ElevationState::Granted(until)
    );
    world.later(HOUR * 12);
    world.ok(&second, crate::roster::kind::Tick {});
    assert_eq!(
        may(&world, &nurse, Action::ScheduleDuty),
        Err(Refusal::OutsideValidity)
    );
    assert_eq!(
        world.say(&second, ElevationGranted { request: seq }),
        Verdict::Junk(Junk::WrongState)
    );
}

#[test]
fn nobody_agrees_to_their_own_elevation_or_to_what_they_could_not_grant() {
    let (mut world, second, nurse) = World::governed();
    let role = scheduler(&mut world);
    let seq = world.ok(&nurse, request(role));
    assert_eq!(
        world.say(&nurse, ElevationGranted { request: seq }),
        Verdict::Junk(Junk::SamePerson)
    );
    let own = world.ok(&second, request(role));
    assert_eq!(
        world.say(&second, ElevationGranted { request: own }),
        Verdict::Junk(Junk::SamePerson)
    );
    let physician = world.member("Elizabeth Blackwell", None, terms(pack::PHYSICIAN, None));
    assert_eq!(
        world.say(&physician, ElevationGranted { request: seq }),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
}

#[test]
fn an_elevation_to_a_privileged_role_needs_two_and_the_elevated_one_is_not_among_them() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let seq = world.ok(&nurse, request(pack::ADMIN));
    let grant = ElevationGranted { request: seq };
    assert_eq!(
        world.say(&admin, grant.clone()),
        Verdict::Junk(Junk::NeedsTwo)
    );
    assert!(matches!(
        world.together(&admin, &second, grant),
        Verdict::Valid { .. }
    ));
    assert_eq!(may(&world, &nurse, Action::ChangePolicy), Ok(()));
    // What they propose or agree to in these hours has no weight.
    let policy = world.roster.policy().unwrap().clone().with(
        crate::roster::kind::Setting::IdleLock,
        crate::roster::kind::Value::Number(60),
    );
    for (one, other) in [(&nurse, &admin), (&admin, &nurse)] {
        assert_eq!(
            world.together(one, other, policy.clone()),
            Verdict::Junk(Junk::NewAdministrator)
        );
    }
    // A role that excludes one they hold is not to be had for hours either.
    let seq = world.ok(&nurse, request(pack::PRIVACY_OFFICER));
    assert_eq!(
        world.together(&admin, &second, ElevationGranted { request: seq }),
        Verdict::Junk(Junk::ToxicPair)
    );
}

#[test]
fn a_request_is_bounded_expires_and_can_be_taken_back() {
    let (mut world, second, nurse) = World::governed();
    let role = scheduler(&mut world);
    for seconds in [0, 12 * 3_600 + 1] {
        let body = ElevationRequested {
            seconds,
            ..request(role)
        };
        assert_eq!(world.say(&nurse, body), Verdict::Junk(Junk::OutOfBounds));
    }
    assert_eq!(
        world.say(&nurse, request(RoleId::new([6; 16]))),
        Verdict::Junk(Junk::UnknownSubject)
    );
    let mine = world.ok(&nurse, request(role));
    let physician = world.member("Elizabeth Blackwell", None, terms(pack::PHYSICIAN, None));
    let no = |proposal| Refused {
        proposal,
        reason: None,
    };
    assert_eq!(
        world.say(&physician, no(mine)),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    world.ok(&nurse, no(mine));
    let refused = world.ok(&nurse, request(role));
    world.ok(&second, no(refused));
    assert_eq!(
        world.say(&second, ElevationGranted { request: refused }),
        Verdict::Junk(Junk::WrongState)
    );
    let late = world.ok(&nurse, request(role));
    for _ in 0..3 {
        world.ok(&nurse, request(role));
    }
    assert_eq!(
        world.say(&nurse, request(role)),
        Verdict::Junk(Junk::OutOfBounds)
    );
    world.later(DAY * 3);
    world.ok(&nurse, crate::roster::kind::Tick {});
    assert_eq!(
        world.say(&second, ElevationGranted { request: late }),
        Verdict::Junk(Junk::Expired)
    );
}

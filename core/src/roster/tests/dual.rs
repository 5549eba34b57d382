//! Dual control by the rules of this release: two where there are two, and no way around it.

use super::fixture::{DAY, Device, HOUR, World, person_details, terms, text};
use crate::base::{PersonId, RoleId};
use crate::roster::authorize::{Action, pack};
use crate::roster::kind::{
    ApprovalMode, DeviceApproved, DeviceRevoked, Invited, PersonLeft, PersonSuspended, Policy,
    Proposal, RevocationMode, RoleDefined, RoleDefinition, RoleGranted, RoleRetired, RoleRule,
    RoleWithdrawn, RulesAdopted, Setting, Subject, Tick, Value,
};
use crate::roster::{Body, Junk, Verdict};

fn privileged_guest(world: &World) -> Invited {
    let person = PersonId::random(&world.random);
    let subject = Subject::NewPerson(person, person_details("Charles Babbage", None));
    world
        .invitation(
            subject,
            vec![terms(pack::ADMIN, None)],
            ApprovalMode::Approval,
        )
        .1
}

fn left(device: &Device) -> PersonLeft {
    PersonLeft {
        person: device.person(),
    }
}

fn policy(world: &World, setting: Setting, value: Value) -> Policy {
    world.roster.policy().unwrap().clone().with(setting, value)
}

fn grant(device: &Device, role: RoleId) -> RoleGranted {
    RoleGranted {
        holder: device.owner,
        terms: terms(role, None),
    }
}

const TWO: Verdict = Verdict::Junk(Junk::NeedsTwo);
const NEW: Verdict = Verdict::Junk(Junk::NewAdministrator);

#[test]
fn the_only_administrator_acts_alone() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    assert!(
        world
            .roster
            .policy()
            .unwrap()
            .needs_two(Action::ChangePolicy)
    );
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    world.ok(&admin, body);
    let body = privileged_guest(&world);
    world.ok(&admin, body);
}

#[test]
fn where_there_are_two_nobody_changes_who_administers_alone() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let suspend = PersonSuspended {
        person: second.person(),
        suspended: true,
        reason: None,
    };
    let given = world.roster.person(&second.person()).unwrap().grants[0].id;
    let acts: Vec<Body> = vec![
        grant(&nurse, pack::ADMIN).into(),
        RoleWithdrawn {
            holder: second.owner,
            grant: given,
        }
        .into(),
        privileged_guest(&world).into(),
        left(&second).into(),
        suspend.into(),
        world
            .invitation(
                Subject::Person(second.person()),
                vec![],
                ApprovalMode::Approval,
            )
            .1
            .into(),
        policy(&world, Setting::IdleLock, Value::Number(60)).into(),
        policy(&world, Setting::TwoAdministrators, Value::Numbers(vec![])).into(),
    ];
    for body in acts {
        let before = world.roster.clone();
        assert_eq!(world.say(&admin, body.clone()), TWO, "{}", body.name());
        world.assert_unchanged(&before);
        let mut copy = World::governed();
        assert!(matches!(
            copy.0.together(&copy.0.admin.clone(), &copy.1, body),
            Verdict::Valid { .. }
        ),);
    }
    // What concerns no administrator goes on alone.
    world.ok(&admin, left(&nurse));
}

#[test]
fn turning_dual_control_off_needs_two_whatever_it_covered() {
    let (mut world, second, _) = World::governed();
    let admin = world.admin.clone();
    let only_wipes = Value::Numbers(vec![u64::from(Action::WipeDevice.code())]);
    let body = policy(&world, Setting::TwoAdministrators, only_wipes);
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    // Changing the rules is not covered any more, but this is what covers.
    for (setting, value) in [
        (Setting::TwoAdministrators, Value::Numbers(vec![])),
        (Setting::WipeCap, Value::Number(100)),
        (Setting::RecoveryDelay, Value::Number(24 * 3_600)),
        (Setting::ApprovePrivileged, Value::Number(0)),
    ] {
        let body = policy(&world, setting, value);
        assert_eq!(world.say(&admin, body), TWO, "{setting:?}");
    }
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    world.ok(&admin, body);
}

#[test]
fn a_new_administrator_neither_agrees_nor_is_agreed_with_nor_acts_alone_for_a_day() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let puppet = world.member("Charles Babbage", None, terms(pack::ADMIN, None));
    world.later(DAY - HOUR);
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert_eq!(world.together(&admin, &puppet, body.clone()), NEW);
    assert_eq!(world.together(&puppet, &admin, body.clone()), NEW);
    assert_eq!(world.say(&puppet, body), TWO);
    world.passes(HOUR, &[&puppet]);
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert!(matches!(
        world.together(&puppet, &admin, body),
        Verdict::Valid { .. }
    ));
}

#[test]
fn no_intermediate_person_makes_the_day_pass() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = grant(&nurse, pack::ADMIN);
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    // The new one makes another one, with whoever agrees: neither can.
    let body = privileged_guest(&world);
    assert_eq!(world.together(&nurse, &admin, body.clone()), NEW);
    assert_eq!(world.together(&second, &nurse, body), NEW);
}

#[test]
fn a_role_that_was_changed_does_not_make_its_old_holders_old_administrators() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let role = RoleId::new([5; 16]);
    let definition = |actions: &[Action]| RoleDefined {
        role,
        definition: RoleDefinition {
            name: text("helper"),
            rules: actions
                .iter()
                .map(|action| RoleRule {
                    action: action.code(),
                    needs_relation: false,
                })
                .collect(),
        },
    };
    world.ok(&admin, definition(&[Action::SendMessage]));
    world.ok(&admin, grant(&nurse, role));
    world.later(DAY * 2);
    let wide = definition(&[
        Action::GrantRole,
        Action::GrantPrivilegedRole,
        Action::ChangePolicy,
    ]);
    assert_eq!(world.say(&admin, wide.clone()), TWO);
    assert!(matches!(
        world.together(&admin, &second, wide),
        Verdict::Valid { .. }
    ));
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert_eq!(world.together(&admin, &nurse, body), NEW);
}

#[test]
fn a_new_device_of_an_old_administrator_agrees_to_nothing_for_a_day() {
    let (mut world, second, _) = World::governed();
    let admin = world.admin.clone();
    let (invitation, body) = world.invitation(
        Subject::Person(second.person()),
        vec![],
        ApprovalMode::Approval,
    );
    world.ok(&second, body);
    let next = world.new_device(second.owner);
    world.enrol(&invitation, &next);
    world.ok(&admin, DeviceApproved { device: next.id });
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert_eq!(world.together(&admin, &next, body.clone()), NEW);
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
}

#[test]
fn a_third_administrator_who_was_just_made_does_not_let_the_others_act_alone() {
    let (mut world, second, nurse) = World::governed();
    let first = world.admin.clone();
    let codes = [
        Action::WipeDevice,
        Action::GrantPrivilegedRole,
        Action::ChangePolicy,
        Action::LiftHold,
    ]
    .map(|action| u64::from(action.code()));
    let listed = policy(
        &world,
        Setting::TwoAdministrators,
        Value::Numbers(codes.to_vec()),
    );
    let said = world.together(&first, &second, listed);
    assert!(matches!(said, Verdict::Valid { .. }), "{said:?}");
    let person = PersonId::random(&world.random);
    let (invitation, body) = world.invitation(
        Subject::NewPerson(person, person_details("Charles Babbage", None)),
        vec![terms(pack::ADMIN, None)],
        ApprovalMode::Approval,
    );
    assert!(matches!(
        world.together(&first, &second, body),
        Verdict::Valid { .. }
    ));
    let third = world.new_device(invitation.owner);
    assert!(matches!(
        world.enrol(&invitation, &third),
        Verdict::Valid { .. }
    ));
    let approved = DeviceApproved { device: third.id };
    assert!(matches!(world.say(&first, approved), Verdict::Valid { .. }));
    let wipe = DeviceRevoked {
        device: nurse.id,
        mode: RevocationMode::Wipe,
        suspect_since: None,
        reason: None,
    };
    for one in [&first, &second] {
        assert_eq!(world.say(one, wipe.clone()), TWO);
    }
    assert_eq!(world.together(&first, &third, wipe.clone()), NEW);
    assert!(matches!(
        world.together(&first, &second, wipe),
        Verdict::Valid { .. }
    ));
}

#[test]
fn one_human_with_two_devices_is_one_human() {
    let (mut world, _, _) = World::governed();
    let admin = world.admin.clone();
    let (invitation, body) = world.invitation(
        Subject::Person(admin.person()),
        vec![],
        ApprovalMode::Approval,
    );
    world.ok(&admin, body);
    let next = world.new_device(admin.owner);
    world.enrol(&invitation, &next);
    world.ok(&admin, DeviceApproved { device: next.id });
    world.later(DAY * 2);
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert_eq!(
        world.together(&admin, &next, body),
        Verdict::Junk(Junk::SamePerson)
    );
}

#[test]
fn who_takes_the_others_devices_is_not_the_only_one_for_a_day() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    world.ok(
        &admin,
        DeviceRevoked {
            device: second.id,
            mode: RevocationMode::EmergencyWipe,
            suspect_since: Some(0),
            reason: None,
        },
    );
    world.later(DAY - HOUR);
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    assert_eq!(world.say(&admin, body.clone()), TWO);
    // After a day, in which everybody could see it, the organisation goes on.
    world.later(HOUR * 2);
    world.ok(&nurse, Tick {});
    world.ok(&admin, body);
}

#[test]
fn who_takes_the_others_devices_and_pushes_log_time_ahead_is_not_the_only_one() {
    for suspect_since in [None, Some(0)] {
        let (mut world, second, nurse) = World::governed();
        let admin = world.admin.clone();
        world.ok(
            &admin,
            DeviceRevoked {
                device: second.id,
                mode: RevocationMode::Revoke,
                suspect_since,
                reason: None,
            },
        );
        let now = world.now;
        world.later(DAY * 2);
        world.ok(&admin, Tick {});
        // Nor does an accomplice who was invited for it, or an honest device that follows log time.
        let helper = world.member("Charles Babbage", None, terms(pack::NURSE, None));
        world.later(HOUR);
        world.ok(&helper, Tick {});
        world.now = now.plus(HOUR);
        world.ok(&nurse, Tick {});
        let body = policy(&world, Setting::IdleLock, Value::Number(60));
        assert_eq!(world.say(&admin, body.clone()), TWO);
        assert_eq!(world.say(&admin, grant(&nurse, pack::ADMIN)), TWO);
        world.now = now.plus(DAY * 3);
        world.ok(&nurse, Tick {});
        world.ok(&admin, body);
    }
}

#[test]
fn who_could_not_do_it_does_not_refuse_it_and_who_proposed_it_takes_it_back() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    let officer = world.member("Joan Clarke", None, terms(pack::SECURITY_OFFICIAL, None));
    let second = world.member("Ada Lovelace", None, terms(pack::ADMIN, None));
    world.passes(DAY, &[&nurse]);
    for who in [&second, &admin] {
        let inner = Body::from(grant(&nurse, pack::ADMIN));
        let body = Proposal {
            kind: inner.kind(),
            body: inner.to_bytes(),
            expires: world.now.plus(HOUR),
            reason: None,
        };
        let proposal = world.ok(&admin, body);
        let no = crate::roster::kind::Refused {
            proposal,
            reason: None,
        };
        for other in [&officer, &nurse] {
            assert_eq!(
                world.say(other, no.clone()),
                Verdict::Junk(Junk::NoRight(crate::roster::Refusal::NoRole))
            );
        }
        world.ok(who, no);
    }
}

#[test]
fn a_proposal_expires_by_log_time() {
    let (mut world, second, _) = World::governed();
    let admin = world.admin.clone();
    let inner = Body::from(policy(&world, Setting::IdleLock, Value::Number(60)));
    let seq = world.ok(
        &admin,
        Proposal {
            kind: inner.kind(),
            body: inner.to_bytes(),
            expires: world.now.plus(HOUR),
            reason: None,
        },
    );
    world.later(HOUR);
    assert_eq!(
        world.say(&second, crate::roster::kind::Countersign { proposal: seq }),
        Verdict::Junk(Junk::Expired)
    );
}

#[test]
fn an_organisation_of_release_0_1_is_judged_as_before_until_it_adopts_the_rules() {
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let role = RoleId::new([5; 16]);
    assert_eq!(world.roster.rules(), 1);
    // By the first rules a number that means nothing stands for nothing, and any value for a setting is taken.
    let rules = [Action::SendMessage, Action::PlaceHold].map(|action| RoleRule {
        action: action.code(),
        needs_relation: false,
    });
    let definition = RoleDefinition {
        name: text("nurse"),
        rules: rules.into(),
    };
    world.ok(&admin, RoleDefined { role, definition });
    let body = policy(&world, Setting::IdleLock, Value::Number(1));
    world.ok(&admin, body);
    assert_eq!(
        world.say(&admin, RoleRetired { role }),
        Verdict::Junk(Junk::NotAdopted)
    );
    let adopt = RulesAdopted { rules: 2 };
    assert_eq!(
        world.say(&nurse, adopt.clone()),
        Verdict::Junk(Junk::NoRight(crate::roster::Refusal::NoRole))
    );
    // The rules in force must be possible first.
    assert_eq!(
        world.say(&admin, adopt.clone()),
        Verdict::Junk(Junk::OutOfBounds)
    );
    let body = policy(&world, Setting::IdleLock, Value::Number(60));
    world.ok(&admin, body);
    world.ok(&admin, adopt.clone());
    assert_eq!(world.roster.rules(), 2);
    let view = world.roster.view().unwrap();
    assert_eq!(view.role_rule(&role, Action::PlaceHold), None);
    assert_eq!(
        view.role_rule(&pack::PRIVACY_OFFICER, Action::PlaceHold),
        Some(false)
    );
    assert_eq!(world.say(&admin, adopt), Verdict::Junk(Junk::WrongState));
    assert_eq!(
        world.say(&admin, RulesAdopted { rules: 3 }),
        Verdict::Halt { kind: 64 }
    );
}

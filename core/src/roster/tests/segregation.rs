//! Roles of the organisation's own, and roles that one human must not hold together.

use super::fixture::{DAY, HOUR, World, terms, text};
use crate::base::RoleId;
use crate::roster::authorize::pack::{self, PACK};
use crate::roster::authorize::{Action, toxic};
use crate::roster::kind::{
    ExceptionGranted, RoleDefined, RoleDefinition, RoleGranted, RoleRetired, RoleRule, RoleTerms,
    Subject,
};
use crate::roster::{Junk, Verdict};

const TOXIC: Verdict = Verdict::Junk(Junk::ToxicPair);

fn defined(role: u8, name: &str, actions: &[Action]) -> RoleDefined {
    RoleDefined {
        role: RoleId::new([role; 16]),
        definition: RoleDefinition {
            name: text(name),
            rules: actions
                .iter()
                .map(|action| RoleRule {
                    action: action.code(),
                    needs_relation: false,
                })
                .collect(),
        },
    }
}

#[test]
fn no_role_of_the_pack_excludes_itself_and_each_pair_is_of_the_pack() {
    let world = World::found_now();
    let view = world.roster.view().unwrap();
    for (one, other, why) in toxic::ROLES {
        assert!(pack::by_id(one).is_some() && pack::by_id(other).is_some());
        assert_eq!(toxic::reason(&view, one, other, None), Some(*why));
        assert_eq!(toxic::reason(&view, other, one, None), Some(*why));
    }
    for role in PACK {
        for (a, b, why) in toxic::ACTIONS {
            assert!(
                role.rule(*a).is_none() || role.rule(*b).is_none(),
                "{}: {why}",
                role.name
            );
        }
    }
}

#[test]
fn the_table_of_roles_that_exclude_each_other_is_the_published_one() {
    let world = World::found_now();
    let mut found = Vec::new();
    for (n, one) in PACK.iter().enumerate() {
        for other in &PACK[n + 1..] {
            if world.roster.roles_exclude(&one.id, &other.id).is_some() {
                found.push(format!("{} + {}", one.name, other.name));
            }
        }
    }
    assert_eq!(
        found,
        [
            "physician + billing",
            "physician + privacy officer",
            "nurse + privacy officer",
            "pharmacist + privacy officer",
            "coder + billing",
            "charge nurse + privacy officer",
            "privacy officer + auditor",
            "privacy officer + admin",
            "privacy officer + agent",
            "security official + auditor",
            "security official + admin",
            "auditor + admin",
        ]
    );
}

#[test]
fn the_second_of_two_roles_that_exclude_each_other_is_refused_in_every_way() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let give = |role, holder| RoleGranted {
        holder,
        terms: terms(role, None),
    };
    assert_eq!(world.say(&admin, give(pack::AUDITOR, admin.owner)), TOXIC);
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    assert_eq!(
        world.say(&admin, give(pack::PRIVACY_OFFICER, nurse.owner)),
        TOXIC
    );
    // Within one unit or in two: it is one human.
    let mut elsewhere = terms(pack::PRIVACY_OFFICER, Some("6E"));
    let body = RoleGranted {
        holder: nurse.owner,
        terms: elsewhere.clone(),
    };
    assert_eq!(world.say(&admin, body), TOXIC);
    // Both with one invitation.
    let subject = Subject::Person(nurse.person());
    let both = vec![terms(pack::CODER, None), terms(pack::BILLING, None)];
    let (_, body) = world.invitation(subject, both, crate::roster::kind::ApprovalMode::Instant);
    assert_eq!(world.say(&admin, body), TOXIC);
    // By a role of the organisation's own that permits the same.
    world.ok(&admin, defined(7, "log reader", &[Action::ReadAudit]));
    assert_eq!(
        world.say(&admin, give(RoleId::new([7; 16]), admin.owner)),
        TOXIC
    );
    // By changing a role that is held already.
    world.ok(&admin, defined(8, "harmless", &[Action::SendMessage]));
    world.ok(&admin, give(RoleId::new([8; 16]), admin.owner));
    assert_eq!(
        world.say(&admin, defined(8, "harmless", &[Action::ReadAudit])),
        TOXIC
    );
    // By one role that holds both.
    let body = defined(9, "all in one", &[Action::ReadAudit, Action::ChangePolicy]);
    assert_eq!(world.say(&admin, body), TOXIC);
    // One after the other is fine.
    let rest = world.member(
        "Joan Clarke",
        None,
        RoleTerms {
            until: Some(world.now.plus(HOUR)),
            ..terms(pack::NURSE, None)
        },
    );
    elsewhere.from = Some(world.now.plus(HOUR));
    world.ok(
        &admin,
        RoleGranted {
            holder: rest.owner,
            terms: elsewhere,
        },
    );
}

#[test]
fn an_exception_is_for_one_human_and_two_roles_and_ends() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let until = world.now.plus(DAY * 30);
    let exception = ExceptionGranted {
        holder: nurse.owner,
        first: pack::NURSE,
        second: pack::PRIVACY_OFFICER,
        until,
        reason: text("holiday cover"),
    };
    assert_eq!(
        world.say(&admin, exception.clone()),
        Verdict::Junk(Junk::NeedsTwo)
    );
    for (exception, reason) in [
        (
            ExceptionGranted {
                until: world.now.plus(DAY * 367),
                ..exception.clone()
            },
            Junk::OutOfBounds,
        ),
        (
            ExceptionGranted {
                until: world.now,
                ..exception.clone()
            },
            Junk::OutOfBounds,
        ),
        (
            ExceptionGranted {
                second: pack::PHYSICIAN,
                ..exception.clone()
            },
            Junk::WrongState,
        ),
    ] {
        assert_eq!(
            world.together(&admin, &second, exception),
            Verdict::Junk(reason)
        );
    }
    assert!(matches!(
        world.together(&admin, &second, exception),
        Verdict::Valid { .. }
    ));
    let give = |holder, until| RoleGranted {
        holder,
        terms: RoleTerms {
            until,
            ..terms(pack::PRIVACY_OFFICER, None)
        },
    };
    // Not without an end, not beyond the exception's.
    for end in [None, Some(until.plus(HOUR))] {
        assert_eq!(
            world.together(&admin, &second, give(nurse.owner, end)),
            TOXIC
        );
    }
    assert!(matches!(
        world.together(&admin, &second, give(nurse.owner, Some(until))),
        Verdict::Valid { .. }
    ));
    let other = world.member("Mary Seacole", None, terms(pack::NURSE, None));
    assert_eq!(
        world.together(&admin, &second, give(other.owner, Some(until))),
        TOXIC
    );
    world.later(DAY * 30);
    assert_eq!(
        world.together(&admin, &second, give(nurse.owner, Some(until.plus(DAY)))),
        TOXIC
    );
    assert_eq!(world.roster.exceptions().len(), 1);
    assert_eq!(world.roster.exceptions()[0].second, Some(second.id));
}

#[test]
fn a_role_of_ones_own_has_a_name_of_its_own_and_holds_what_its_author_may_grant() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let say = |world: &mut World, body| world.say(&admin, body);
    world.ok(&admin, defined(1, "Student", &[Action::SendMessage]));
    for name in ["Physician", "student", "STUDENT"] {
        assert_eq!(
            say(&mut world, defined(2, name, &[Action::SendMessage])),
            Verdict::Junk(Junk::IdTaken),
            "{name}"
        );
    }
    let mut unknown = defined(2, "other", &[Action::SendMessage]);
    unknown.definition.rules.insert(RoleRule {
        action: 60_000,
        needs_relation: false,
    });
    assert_eq!(say(&mut world, unknown), Verdict::Junk(Junk::OutOfBounds));
    // Who defines roles and grants none, or only ordinary ones, defines no more than that.
    world.ok(&admin, defined(3, "definer", &[Action::DefineRole]));
    world.ok(
        &admin,
        defined(4, "granter", &[Action::DefineRole, Action::GrantRole]),
    );
    let definer = world.member("Marie Curie", None, terms(RoleId::new([3; 16]), None));
    let granter = world.member("Lise Meitner", None, terms(RoleId::new([4; 16]), None));
    let no_role = Verdict::Junk(Junk::NoRight(crate::roster::Refusal::NoRole));
    let plain = defined(5, "plain", &[Action::SendMessage]);
    assert_eq!(world.say(&definer, plain.clone()), no_role);
    world.ok(&granter, plain);
    assert_eq!(
        world.say(&granter, defined(6, "wide", &[Action::WipeDevice])),
        no_role
    );
    // Nor do they make an ordinary role out of a privileged one.
    assert_eq!(
        world.say(&granter, defined(3, "definer", &[Action::SendMessage])),
        no_role
    );
}

#[test]
fn a_retired_role_ends_for_all_and_never_comes_back() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let role = RoleId::new([1; 16]);
    world.ok(&admin, defined(1, "student", &[Action::SendMessage]));
    let student = world.member("Marie Curie", None, terms(role, None));
    world.ok(&admin, RoleRetired { role });
    assert_eq!(world.roster.holders_of_role(&role), []);
    assert_eq!(world.roster.own_roles().count(), 0);
    assert!(world.roster.role_retired_at(&role).is_some());
    for body in [
        crate::roster::Body::from(RoleRetired { role }),
        defined(1, "student", &[Action::SendMessage]).into(),
        RoleGranted {
            holder: student.owner,
            terms: terms(role, None),
        }
        .into(),
    ] {
        assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::WrongState));
    }
    // Its name is free again.
    world.ok(&admin, defined(2, "student", &[Action::SendMessage]));
    assert_eq!(
        world.say(&admin, RoleRetired { role: pack::NURSE }),
        Verdict::Junk(Junk::UnknownSubject)
    );
}

#[test]
fn the_last_role_that_administers_is_neither_emptied_nor_retired() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let chief = [
        Action::GrantRole,
        Action::GrantPrivilegedRole,
        Action::DefineRole,
        Action::ManagePeople,
        Action::Attest,
    ];
    let role = RoleId::new([1; 16]);
    world.ok(&admin, defined(1, "chief", &chief));
    let chief = world.member("Marie Curie", None, terms(role, None));
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    world.passes(DAY, &[&chief]);
    let founder = world.roster.person(&admin.person()).unwrap().grants[0].id;
    let body = crate::roster::kind::RoleWithdrawn {
        holder: admin.owner,
        grant: founder,
    };
    assert!(matches!(
        world.together(&admin, &chief, body),
        Verdict::Valid { .. }
    ));
    world.later(DAY * 2);
    world.ok(&nurse, crate::roster::kind::Tick {});
    world.ok(
        &chief,
        crate::roster::kind::RoleDefined {
            ..defined(2, "x", &[Action::Attest])
        },
    );
    for body in [
        crate::roster::Body::from(RoleRetired { role }),
        defined(1, "chief", &[Action::SendMessage]).into(),
    ] {
        assert_eq!(
            world.say(&chief, body),
            Verdict::Junk(Junk::LastAdministrator)
        );
    }
}

//! The table of rights.

use std::fmt::Write as _;

use super::fixture::{HOUR, World, person_details, terms, text, unit};
use crate::base::{PersonId, RoleId};
use crate::roster::Owner;
use crate::roster::authorize::pack::{self, PACK};
use crate::roster::authorize::{Action, Actor, Refusal, Relation, Scope};
use crate::roster::kind::{
    ApprovalMode, RoleDefined, RoleDefinition, RoleGranted, RoleRule, Setting, Subject, Tick,
};

/// Every role of the pack against every act, asked through [`Roster::view`](crate::roster::Roster::view).
#[test]
fn the_matrix_of_roles_and_acts_is_the_published_one() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let mut holders = Vec::new();
    for (n, role) in (1u8..).zip(PACK) {
        let person = PersonId::new([n; 16]);
        let subject = Subject::NewPerson(person, person_details(role.name, None));
        let (_, body) =
            world.invitation(subject, vec![terms(role.id, None)], ApprovalMode::Approval);
        world.ok(&admin, body);
        holders.push(Owner::Person(person));
    }
    let view = world.roster.view().unwrap();
    let mut out = String::from("x: permitted   r: with a relation to the patient   .: refused\n\n");
    for (column, role) in PACK.iter().enumerate() {
        writeln!(out, "{}{}", "| ".repeat(column), role.name).unwrap();
    }
    for action in Action::ALL {
        let mut row = String::new();
        for holder in &holders {
            let free = view.holder_may(*holder, *action, &Scope::organisation());
            let tied = view.holder_may(
                *holder,
                *action,
                &Scope::organisation().with(Relation::Care),
            );
            row.push_str(match (free, tied) {
                (Ok(()), Ok(())) => "x ",
                (Err(Refusal::NoRelation), Ok(())) => "r ",
                (Err(Refusal::NoRole), Err(Refusal::NoRole)) => ". ",
                other => panic!("{action:?}: {other:?}"),
            });
        }
        let privileged = if action.privileged() {
            " (privileged)"
        } else {
            ""
        };
        writeln!(
            out,
            "{row} {:>2} {}{privileged}",
            action.code(),
            action.name()
        )
        .unwrap();
    }
    let golden = include_str!("../golden/matrix.txt");
    assert!(out == golden, "golden/matrix.txt should be:\n{out}");
}

#[test]
fn every_rule_in_force_has_words_for_members() {
    let numbers: Vec<u16> = Setting::ALL.iter().map(|setting| *setting as u16).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert!(
        Setting::ALL
            .iter()
            .all(|setting| !setting.words().is_empty())
    );
}

#[test]
fn a_unit_scoped_role_reaches_out_of_its_unit_only_for_what_was_addressed_or_in_an_emergency() {
    let mut world = World::found();
    let nurse = world.member(
        "Florence Nightingale",
        Some("5W"),
        terms(pack::NURSE, Some("5W")),
    );
    let view = world.roster.view().unwrap();
    let may = |place: &str, relation| {
        let scope = Scope::unit(Some(&unit(place))).with(relation);
        view.may(Actor::device(nurse.id), Action::AcknowledgeCritical, &scope)
    };
    assert_eq!(may("5W", Relation::Care), Ok(()));
    assert_eq!(may("5W", Relation::None), Err(Refusal::NoRelation));
    assert_eq!(may("6E", Relation::Care), Err(Refusal::OutsideUnit));
    assert_eq!(may("6E", Relation::Addressed), Ok(()));
    assert_eq!(may("6E", Relation::Emergency), Ok(()));
    assert_eq!(
        view.may(
            Actor::device(nurse.id),
            Action::SendMessage,
            &Scope::unit(Some(&unit("6E")))
        ),
        Ok(())
    );
}

#[test]
fn a_right_is_judged_at_the_point_that_is_asked_for() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    let mut later = terms(pack::AUDITOR, None);
    later.from = Some(world.now.plus(HOUR));
    later.until = Some(world.now.plus(HOUR * 2));
    let granted = world.ok(
        &admin,
        RoleGranted {
            holder: nurse.owner,
            terms: later,
        },
    );
    let mut marks = vec![];
    for _ in 0..3 {
        marks.push(world.ok(&admin, Tick {}));
        world.later(HOUR);
    }
    let audit = |seq| {
        let view = world.roster.at(seq).unwrap();
        view.may(
            Actor::device(nurse.id),
            Action::ReadAudit,
            &Scope::organisation(),
        )
    };
    assert_eq!(audit(granted - 1), Err(Refusal::NoRole));
    assert_eq!(
        marks.iter().map(|seq| audit(*seq)).collect::<Vec<_>>(),
        [
            Err(Refusal::OutsideValidity),
            Ok(()),
            Err(Refusal::OutsideValidity)
        ]
    );
    assert!(world.roster.at(marks[2] + 1).is_none());
}

#[test]
fn a_role_of_ones_own_grants_what_it_lists_and_nothing_else() {
    let mut world = World::found();
    let admin = world.admin.clone();
    let role = RoleId::new([5; 16]);
    let rule = |action, needs_relation| RoleRule {
        action,
        needs_relation,
    };
    let rules = [
        rule(Action::ViewResult.code(), true),
        rule(Action::SendMessage.code(), false),
        rule(60_000, false),
    ];
    let definition = RoleDefinition {
        name: text("student"),
        rules: rules.into(),
    };
    world.ok(&admin, RoleDefined { role, definition });
    let student = world.member("Marie Curie", None, terms(role, None));
    assert_eq!(world.roster.role_name(&role), Some("student"));
    let holders = world.roster.who_may(
        Action::ViewResult,
        &Scope::organisation().with(Relation::Care),
    );
    assert_eq!(holders, [student.owner]);
    let view = world.roster.view().unwrap();
    let scope = Scope::organisation();
    assert_eq!(
        view.may(Actor::device(student.id), Action::ViewResult, &scope),
        Err(Refusal::NoRelation)
    );
    assert_eq!(
        view.may(Actor::device(student.id), Action::Unmask, &scope),
        Err(Refusal::NoRole)
    );
}

#[test]
fn at_a_places_device_the_recognised_person_acts_and_elsewhere_nobody_borrows_a_device() {
    let (world, nurse, physician, bench) = World::staffed();
    let view = world.roster.view().unwrap();
    let scope = Scope::organisation().with(Relation::Care);
    let at = |device, person| Actor {
        device,
        person: Some(person),
    };
    assert_eq!(
        view.may(
            at(bench.id, nurse.person()),
            Action::AcknowledgeCritical,
            &scope
        ),
        Ok(())
    );
    assert_eq!(
        view.may(at(bench.id, nurse.person()), Action::SendResult, &scope),
        Err(Refusal::NoRole)
    );
    assert_eq!(
        view.may(Actor::device(bench.id), Action::SendResult, &scope),
        Ok(())
    );
    assert_eq!(
        view.may(at(nurse.id, nurse.person()), Action::Acknowledge, &scope),
        Ok(())
    );
    assert_eq!(
        view.may(
            at(nurse.id, physician.person()),
            Action::Acknowledge,
            &scope
        ),
        Err(Refusal::WrongPerson)
    );
}

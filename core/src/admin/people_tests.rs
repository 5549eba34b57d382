//! The personnel office's table against the roster.

use super::AdminError;
use super::append::Draft;
use super::control::{self, Outcome};
use super::invite::Drawn;
use super::people_csv::{People, change, compare, read};
use super::plan::Plan;
use super::tests::{founded, person};
use crate::base::SystemRandom;
use crate::membership::Context;
use crate::roster::authorize::pack;
use crate::roster::kind::{Countersign, PersonLeft, Policy};
use crate::roster::tests::fixture::{World, terms};
use crate::store::table::device::DeviceSelf;

/// How the fixture numbers people: their names without spaces.
const SYSTEM: &str = "http://hospital.example/staff";

fn desk(world: &World) -> DeviceSelf {
    DeviceSelf {
        device: world.admin.id,
        owner: world.admin.owner,
        signing: world.admin.secrets.signature.clone(),
        organisation: world.roster.anchor().organisation,
        ..founded(Policy::founding()).0
    }
}

fn within<T>(world: &World, work: impl FnOnce(&Context<'_>) -> T) -> T {
    work(&Context {
        me: &desk(world),
        roster: &world.roster,
        now: world.now,
        random: &SystemRandom,
    })
}

fn compared(world: &World, table: &str) -> People {
    let lines = read(table, SYSTEM).unwrap();
    within(world, |context| compare(context, &lines)).unwrap()
}

const TABLE: &str = "staff number,name,unit,roles,phone,action\n\
    FlorenceNightingale,Florence Nightingale,ICU,nurse;charge nurse@ICU,4712,\n\
    ElizabethBlackwell,Elizabeth Blackwell,5W,physician,4711,leave\n\
    GraceHopper,Grace Hopper,,,4711,\n\
    77,Mary Seacole,5W,nurse,,\n";

#[test]
fn who_joins_who_changed_who_leaves_and_who_is_an_orphan_is_told_before_anything_happens() {
    let (mut world, ..) = World::staffed();
    world.member("Clara Barton", None, terms(pack::NURSE, None));
    let people = compared(&world, TABLE);
    let names = |all: &[super::people_csv::Difference]| {
        all.iter().map(|one| one.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&people.joins), ["Mary Seacole"]);
    assert_eq!(names(&people.changes), ["Florence Nightingale"]);
    assert_eq!(people.changes[0].line, 2);
    assert_eq!(
        people.changes[0].what.len(),
        2,
        "details and one role: {:?}",
        people.changes[0].what
    );
    assert_eq!(names(&people.leavers), ["Elizabeth Blackwell"]);
    assert_eq!(names(&people.orphans), ["Clara Barton"]);
    assert!(people.returns.is_empty() && people.without_id.is_empty());
    assert_eq!(
        people.unchanged, 1,
        "an administrator keeps a role that the table does not know"
    );
}

#[test]
fn what_was_applied_is_not_different_any_more() {
    let (mut world, nurse, ..) = World::staffed();
    let lines = read(TABLE, SYSTEM).unwrap();
    let staying: Vec<_> = lines.iter().collect();
    let (outcomes, after) = within(&world, |context| {
        let mut draft = Draft::new(context).unwrap();
        let outcomes = change(&mut draft, &staying[..1]).unwrap();
        (outcomes, draft.roster().clone())
    });
    assert_eq!(outcomes.len(), 2);
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Done { .. }))
    );
    world.roster = after;
    let record = world.roster.person(&nurse.person()).unwrap();
    let details = &record.details;
    assert_eq!(details.unit.as_ref().unwrap().as_str(), "ICU");
    assert_eq!(details.phone.as_ref().unwrap().as_str(), "4712");
    assert!(compared(&world, TABLE).changes.is_empty());
    let again = within(&world, |context| {
        let mut draft = Draft::new(context).unwrap();
        change(&mut draft, &staying[..1]).unwrap()
    });
    assert!(again.is_empty());
}

#[test]
fn a_role_that_the_table_no_longer_names_ends_and_who_had_left_comes_back_as_themself() {
    let (mut world, nurse, ..) = World::staffed();
    let table = "staff number,name,unit,roles,phone\n\
        FlorenceNightingale,Florence Nightingale,5W,pharmacist,4711\n";
    let people = compared(&world, table);
    assert_eq!(people.changes[0].what.len(), 2, "one given, one taken");
    let admin = world.admin.clone();
    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    let people = compared(&world, table);
    assert!(people.joins.is_empty(), "one human has one identity");
    assert_eq!(people.returns[0].person, Some(nurse.person()));
}

#[test]
fn an_invitation_that_needs_two_is_proposed_with_its_secrets_and_made_once_they_have_agreed() {
    let (mut world, second, _) = World::governed();
    let plan = Plan::new(&person("Dora", &["admin"])).unwrap();
    let drawn = Drawn::random(plan.owner(&SystemRandom), true, &SystemRandom);
    let owner = plan.owner(&SystemRandom);
    let entries = within(&world, |context| {
        let mut draft = Draft::new(context).unwrap();
        plan.draft(&mut draft, drawn.id, owner, &drawn.keys())
            .unwrap();
        assert!(!draft.roster().invitations().contains_key(&drawn.id));
        draft.into_entries()
    });
    assert_eq!(entries.len(), 1);
    world.push(entries[0].clone());
    let proposal = control::proposed_invitation(&world.roster, world.now, &drawn.id).unwrap();
    within(&world, |context| {
        let shown = control::list(context).unwrap().remove(0);
        assert_eq!(shown.what, "invite Dora as admin");
    });
    world.ok(&second, Countersign { proposal });
    assert!(world.roster.invitations().contains_key(&drawn.id));
    assert_eq!(
        control::proposed_invitation(&world.roster, world.now, &drawn.id),
        None
    );
}

#[test]
fn somebody_of_the_same_name_without_a_number_is_pointed_out() {
    let (world, ..) = World::staffed();
    let table = "staff number,name\n5,Florence Nightingale\n";
    let lines = read(table, "payroll").unwrap();
    let people = within(&world, |context| compare(context, &lines)).unwrap();
    assert_eq!(people.joins.len(), 1);
    assert!(people.joins[0].what[0].contains("same human"));
    assert_eq!(people.without_id.len(), 3);
}

#[test]
fn a_table_that_cannot_be_used_is_refused_as_a_whole_by_its_line() {
    for (table, line) in [
        ("", 1),
        ("name,unit\nAda,5W\n", 1),
        ("staff number,name\n", 1),
        ("staff number,name\n1,Ada\n1,Bob\n", 3),
        ("staff number,name\n,Ada\n", 2),
        ("staff number,name\n1, \n", 2),
        ("staff number,name\n1,Ada,x\n", 2),
        ("staff number,name,action\n1,Ada,promote\n", 2),
    ] {
        match read(table, "staff number") {
            Err(AdminError::Table { line: found, .. }) => assert_eq!(found, line, "{table:?}"),
            other => panic!("{table:?}: {:?}", other.map(|lines| lines.len())),
        }
    }
    let (world, ..) = World::staffed();
    let lines = read("staff number,name,roles\n1,Ada,wizard\n", SYSTEM).unwrap();
    assert!(matches!(
        within(&world, |context| compare(context, &lines)),
        Err(AdminError::Table { line: 2, .. })
    ));
}

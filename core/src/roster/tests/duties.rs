//! Who is on call.

use super::fixture::{HOUR, World, terms, text};
use crate::base::DutyId;
use crate::roster::authorize::{Refusal, pack};
use crate::roster::kind::{
    Availability, DutyDefined, DutyHandedOff, DutyScheduled, PersonLeft, Shift,
};
use crate::roster::{Junk, Owner, Verdict};

const ON_CALL: DutyId = DutyId::new([1; 16]);

fn on_call(world: &mut World, desk: Owner) {
    let Owner::Place(desk) = desk else {
        panic!("a place")
    };
    let admin = world.admin.clone();
    let name = text("medicine on call, 5W");
    let unit = Some(text("5W"));
    world.ok(
        &admin,
        DutyDefined {
            duty: ON_CALL,
            name,
            unit,
            desk: Some(desk),
            phone: None,
            active: true,
        },
    );
}

#[test]
fn a_duty_is_held_by_whoever_is_planned_then_and_passes_on_by_handing_off() {
    let (mut world, nurse, physician, bench) = World::staffed();
    on_call(&mut world, bench.owner);
    let charge = world.member(
        "Mary Seacole",
        Some("5W"),
        terms(pack::CHARGE_NURSE, Some("5W")),
    );
    let start = world.now;
    let shift = |holder, from: u32, until: u32| Shift {
        holder,
        from: start.plus(HOUR * from),
        until: start.plus(HOUR * until),
    };
    let plan = |from: u32, until: u32, shifts| DutyScheduled {
        duty: ON_CALL,
        from: start.plus(HOUR * from),
        until: start.plus(HOUR * until),
        shifts,
    };
    world.ok(
        &charge,
        plan(
            0,
            24,
            vec![shift(nurse.owner, 0, 12), shift(physician.owner, 12, 24)],
        ),
    );
    let holders =
        |world: &World, hour: u32| world.roster.duty_holders(&ON_CALL, start.plus(HOUR * hour));
    assert_eq!(holders(&world, 11), [nurse.owner]);
    assert_eq!(holders(&world, 12), [physician.owner]);
    assert_eq!(holders(&world, 24), [], "not staffed");
    assert_eq!(
        world.roster.next_shift(&ON_CALL, start).unwrap().holder,
        physician.owner
    );

    // A part of the plan is replaced; what reaches over the edge is cut.
    world.ok(&charge, plan(6, 14, vec![shift(charge.owner, 8, 14)]));
    assert_eq!(
        [5, 7, 9, 13, 14].map(|h| holders(&world, h)),
        [
            vec![nurse.owner],
            vec![],
            vec![charge.owner],
            vec![charge.owner],
            vec![physician.owner]
        ]
    );

    world.later(HOUR * 15);
    let hand_off = DutyHandedOff {
        duty: ON_CALL,
        from: physician.owner,
        to: nurse.owner,
    };
    assert_eq!(
        world.say(&nurse, hand_off.clone()),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    world.ok(&physician, hand_off.clone());
    assert_eq!(holders(&world, 14), [physician.owner]);
    assert_eq!(holders(&world, 15), [nurse.owner]);
    assert_eq!(
        world.say(&physician, hand_off),
        Verdict::Junk(Junk::WrongState),
        "no longer the holder"
    );
    let admin = world.admin.clone();
    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    assert_eq!(holders(&world, 16), [], "who left holds nothing");
}

#[test]
fn a_plan_outside_its_window_or_unit_is_junk() {
    let (mut world, nurse, _, bench) = World::staffed();
    on_call(&mut world, bench.owner);
    let elsewhere = world.member(
        "Mary Seacole",
        Some("6E"),
        terms(pack::CHARGE_NURSE, Some("6E")),
    );
    let now = world.now;
    let shift = Shift {
        holder: nurse.owner,
        from: now,
        until: now.plus(HOUR),
    };
    let plan = DutyScheduled {
        duty: ON_CALL,
        from: now,
        until: now.plus(HOUR),
        shifts: vec![shift.clone()],
    };
    assert_eq!(
        world.say(&elsewhere, plan.clone()),
        Verdict::Junk(Junk::NoRight(Refusal::OutsideUnit))
    );
    let admin = world.admin.clone();
    let outside = DutyScheduled {
        until: now.plus(HOUR / 2),
        ..plan
    };
    assert_eq!(world.say(&admin, outside), Verdict::Junk(Junk::OutOfBounds));
}

#[test]
fn a_person_says_for_themselves_whether_they_can_be_reached() {
    let (mut world, nurse, physician, _) = World::staffed();
    let away = |person, deputy| Availability {
        person,
        available: false,
        until: None,
        deputy,
    };
    world.ok(&nurse, away(nurse.person(), Some(physician.person())));
    let record = world.roster.person(&nurse.person()).unwrap();
    assert_eq!(
        record.availability.as_ref().unwrap().deputy,
        Some(physician.person())
    );
    assert_eq!(
        world.say(&nurse, away(physician.person(), None)),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
}

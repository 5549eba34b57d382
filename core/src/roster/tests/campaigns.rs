//! Recertification.

use super::fixture::{DAY, HOUR, World, terms, text, unit};
use crate::roster::authorize::{Refusal, pack};
use crate::roster::kind::{
    CampaignAnswered, CampaignOpened, Decision, PersonLeft, RoleGranted, Setting, Tick, Value,
};
use crate::roster::{Junk, Owner, Roster, Verdict};

fn campaign(world: &World, place: Option<&str>) -> CampaignOpened {
    CampaignOpened {
        campaign: text("2025"),
        unit: place.map(unit),
        due: world.now.plus(DAY * 7),
    }
}

fn answer(person: Owner, decision: Decision) -> CampaignAnswered {
    let Owner::Person(person) = person else {
        panic!("a place")
    };
    CampaignAnswered {
        campaign: text("2025"),
        person,
        decision,
    }
}

#[test]
fn who_is_not_answered_for_by_the_date_is_suspended_until_the_answer_comes() {
    let (mut world, _, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, Some("5W"));
    let opened = world.ok(&admin, body);
    world.later(DAY * 7 - HOUR);
    world.ok(&nurse, Tick {});
    world.later(HOUR);
    world.ok(&admin, Tick {});
    // The date alone does it: no entry says so.
    assert_eq!(
        world.say(&nurse, Tick {}),
        Verdict::Junk(Junk::NoRight(Refusal::OwnerSuspended))
    );
    world.ok(&admin, Tick {});
    let view = world.roster.view().unwrap();
    assert!(view.lapsed(nurse.owner));
    assert_eq!(view.confirmed(nurse.id), Err(Refusal::OwnerSuspended));
    assert!(world.roster.at(opened).unwrap().confirmed(nurse.id).is_ok());
    let seq = world.ok(&admin, answer(nurse.owner, Decision::Keep));
    world.ok(&nurse, Tick {});
    let evidence = world.roster.campaign(&text("2025")).unwrap();
    let reviewed = evidence.persons[&nurse.person()];
    let given = reviewed.answer.unwrap();
    assert_eq!(
        (given.decision, given.by, given.seq, given.time),
        (Decision::Keep, admin.id, seq, world.now)
    );
    assert_eq!(evidence.persons.len(), 1, "only this unit");
    assert_eq!(
        world.say(&admin, answer(nurse.owner, Decision::Withdraw)),
        Verdict::Junk(Junk::WrongState)
    );
    // Everybody comes to the same, from the log alone.
    let mut again = Roster::new(*world.roster.anchor());
    for (position, bytes) in (0..).zip(&world.log) {
        again.apply(position, bytes);
    }
    assert_eq!(again.digest(), world.roster.digest());
}

#[test]
fn a_withdrawal_ends_all_roles() {
    let (mut world, _, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, Some("5W"));
    world.ok(&admin, body);
    world.ok(&admin, answer(nurse.owner, Decision::Withdraw));
    assert_eq!(world.roster.holders_of_role(&pack::NURSE), []);
    world.later(DAY * 8);
    world.ok(&admin, Tick {});
    assert!(world.roster.view().unwrap().confirmed(nurse.id).is_ok());
}

#[test]
fn a_campaign_over_administrators_needs_two_and_does_not_leave_one_alone_in_charge() {
    let (mut world, second, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, None);
    assert_eq!(
        world.say(&admin, body.clone()),
        Verdict::Junk(Junk::NeedsTwo)
    );
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    assert_eq!(
        world.say(&admin, answer(admin.owner, Decision::Keep)),
        Verdict::Junk(Junk::SamePerson)
    );
    assert_eq!(
        world.say(&admin, answer(second.owner, Decision::Withdraw)),
        Verdict::Junk(Junk::NeedsTwo)
    );
    world.ok(&second, answer(admin.owner, Decision::Keep));
    world.ok(&admin, answer(nurse.owner, Decision::Keep));
    // The second one is never answered for, and lapses. The first does not act alone because of that.
    world.later(DAY * 10);
    world.ok(&nurse, Tick {});
    world.ok(&admin, Tick {});
    assert!(world.roster.view().unwrap().lapsed(second.owner));
    let policy = world
        .roster
        .policy()
        .unwrap()
        .clone()
        .with(Setting::IdleLock, Value::Number(60));
    assert_eq!(
        world.say(&admin, policy.clone()),
        Verdict::Junk(Junk::NeedsTwo)
    );
    world.ok(&admin, answer(second.owner, Decision::Keep));
    assert!(matches!(
        world.together(&admin, &second, policy),
        Verdict::Valid { .. }
    ));
}

#[test]
fn all_who_review_may_lapse_and_nobody_is_locked_out_for_good() {
    let (mut world, second, _) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, None);
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    world.later(DAY * 8);
    world.ok(&second, Tick {});
    let lapsed = Verdict::Junk(Junk::NoRight(Refusal::OwnerSuspended));
    assert_eq!(world.say(&admin, Tick {}), lapsed);
    world.ok(&admin, answer(second.owner, Decision::Keep));
    world.ok(&second, answer(admin.owner, Decision::Keep));
    world.ok(&admin, Tick {});

    // Where there is only one, they answer for themself.
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let body = campaign(&world, None);
    world.ok(&admin, body);
    world.later(DAY * 8);
    assert_eq!(world.say(&admin, Tick {}), lapsed);
    world.ok(&admin, answer(admin.owner, Decision::Keep));
    world.ok(&admin, Tick {});
}

#[test]
fn a_campaign_is_opened_and_answered_only_by_who_may_recertify_and_within_bounds() {
    let (mut world, _, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, Some("5W"));
    let no_role = Verdict::Junk(Junk::NoRight(Refusal::NoRole));
    assert_eq!(world.say(&nurse, body.clone()), no_role);
    for due in [world.now.plus(HOUR * 23), world.now.plus(DAY * 401)] {
        let body = CampaignOpened {
            due,
            ..body.clone()
        };
        assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::OutOfBounds));
    }
    let nobody = campaign(&world, Some("6E"));
    assert_eq!(
        world.say(&admin, nobody),
        Verdict::Junk(Junk::UnknownSubject)
    );
    world.ok(&admin, body.clone());
    assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::IdTaken));
    assert_eq!(
        world.say(&nurse, answer(nurse.owner, Decision::Keep)),
        no_role
    );
    assert_eq!(
        world.say(&admin, answer(admin.owner, Decision::Keep)),
        Verdict::Junk(Junk::UnknownSubject)
    );
}

#[test]
fn who_left_and_returns_begins_anew() {
    let (mut world, _, nurse) = World::governed();
    let admin = world.admin.clone();
    let body = campaign(&world, Some("5W"));
    world.ok(&admin, body);
    world.ok(
        &admin,
        PersonLeft {
            person: nurse.person(),
        },
    );
    world.later(DAY * 8);
    let back = world.join(
        crate::roster::kind::Subject::Person(nurse.person()),
        vec![],
        crate::roster::kind::ApprovalMode::Instant,
    );
    world.ok(
        &admin,
        RoleGranted {
            holder: nurse.owner,
            terms: terms(pack::NURSE, None),
        },
    );
    world.ok(&back, Tick {});
}

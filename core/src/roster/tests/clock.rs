//! Log time by the rules of this release: nobody alone makes it pass.

use std::time::Duration;

use super::fixture::{DAY, Device, HOUR, Invitation, World, terms, text, unit};
use crate::base::Timestamp;
use crate::roster::authorize::{Action, pack};
use crate::roster::kind::{
    ApprovalMode, CampaignOpened, Countersign, DeviceRevoked, ElevationGranted, ElevationRequested,
    InvitationWithdrawn, PersonLeft, Policy, Proposal, RevocationMode, RoleGranted, RoleTerms,
    Setting, Subject, Tick, Value,
};
use crate::roster::{Body, Junk, Verdict};

const MINUTE: Duration = Duration::from_secs(60);
const TWO: Verdict = Verdict::Junk(Junk::NeedsTwo);

fn order(device: &Device, mode: RevocationMode) -> DeviceRevoked {
    DeviceRevoked {
        device: device.id,
        mode,
        suspect_since: None,
        reason: None,
    }
}

fn nurse(world: &mut World, name: &str) -> Device {
    world.member(name, Some("5W"), terms(pack::NURSE, None))
}

fn set(world: &World, setting: Setting, value: Value) -> Policy {
    world.roster.policy().unwrap().clone().with(setting, value)
}

fn log(world: &World) -> Timestamp {
    world.roster.log_time().unwrap()
}

/// Ticks with a clock that is ahead of log time.
fn leap(world: &mut World, device: &Device, by: Duration) {
    let now = world.now;
    world.now = now.max(log(world)).plus(by);
    world.ok(device, Tick {});
    world.now = now;
}

#[test]
fn who_has_wiped_as_many_as_the_cap_allows_does_not_make_the_day_pass() {
    let (mut world, second, first) = World::governed();
    let admin = world.admin.clone();
    let all = ["Ann", "Bea", "Cleo"].map(|name| nurse(&mut world, name));
    let body = set(&world, Setting::WipeCap, Value::Number(2));
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    for device in &all[..2] {
        world.ok(&admin, order(device, RevocationMode::EmergencyWipe));
    }
    let body = order(&all[2], RevocationMode::EmergencyWipe);
    for by in [DAY + HOUR, DAY * 40, DAY * 399] {
        leap(&mut world, &admin, by);
        assert_eq!(world.say(&admin, body.clone()), TWO);
    }
    // Nor where another clock has moved a little beyond what log time was pushed to.
    world.later(HOUR);
    world.ok(&first, Tick {});
    leap(&mut world, &admin, DAY * 30);
    assert_eq!(world.say(&admin, body.clone()), TWO);
    // Two days later by another's clock it is another day.
    world.later(DAY * 2);
    world.ok(&first, Tick {});
    world.ok(&admin, body);
}

#[test]
fn who_takes_the_others_devices_and_pushes_time_ahead_does_not_wipe_alone() {
    let (mut world, second, first) = World::governed();
    let admin = world.admin.clone();
    let codes = vec![u64::from(Action::WipeDevice.code())];
    let body = set(&world, Setting::TwoAdministrators, Value::Numbers(codes));
    assert!(matches!(
        world.together(&admin, &second, body),
        Verdict::Valid { .. }
    ));
    world.ok(&admin, order(&second, RevocationMode::Revoke));
    for by in [DAY + HOUR, DAY * 2, DAY * 399] {
        leap(&mut world, &admin, by);
        for device in [&second, &first] {
            let wipe = order(device, RevocationMode::Wipe);
            assert_eq!(world.say(&admin, wipe), TWO);
        }
    }
    // After a day that another clock has seen, in which everybody could see it, the organisation goes on.
    world.passes(DAY * 2, &[&first]);
    world.ok(&admin, order(&second, RevocationMode::Wipe));
}

/// What ends by time.
struct Ends {
    reviewed: Device,
    timed: Device,
    elevated: Device,
    proposal: u64,
    invitation: Invitation,
}

fn ending(world: &mut World, second: &Device) -> Ends {
    let admin = world.admin.clone();
    let [reviewed, timed, elevated] = ["Ann", "Bea", "Cleo"].map(|name| nurse(world, name));
    let campaign = CampaignOpened {
        campaign: text("2025"),
        unit: Some(unit("5W")),
        due: world.now.plus(DAY * 30),
    };
    world.ok(&admin, campaign);
    let until = Some(world.now.plus(DAY * 30));
    let timed_terms = RoleTerms {
        until,
        ..terms(pack::PHYSICIAN, None)
    };
    let granted = RoleGranted {
        holder: timed.owner,
        terms: timed_terms,
    };
    world.ok(&admin, granted);
    let left = Body::from(PersonLeft {
        person: reviewed.person(),
    });
    let proposal = Proposal {
        kind: left.kind(),
        body: left.to_bytes(),
        expires: world.now.plus(DAY * 2),
        reason: None,
    };
    let proposal = world.ok(second, proposal);
    let subject = Subject::Person(reviewed.person());
    let (invitation, mut body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    body.expires = world.now.plus(DAY * 2);
    world.ok(&admin, body);
    Ends {
        reviewed,
        timed,
        elevated,
        proposal,
        invitation,
    }
}

#[test]
fn one_nurse_ends_nothing_by_a_tick() {
    let (mut world, second, rogue) = World::governed();
    let admin = world.admin.clone();
    let ends = ending(&mut world, &second);
    for _ in 0..3 {
        leap(&mut world, &rogue, DAY * 399);
        assert!(log(&world) <= world.now.plus(DAY));
    }
    assert!(!world.roster.view().unwrap().lapsed(ends.reviewed.owner));
    assert_eq!(
        world.roster.holders_of_role(&pack::PHYSICIAN),
        [ends.timed.owner]
    );
    world.now = log(&world);
    let device = world.new_device(ends.reviewed.owner);
    assert!(matches!(
        world.enrol(&ends.invitation, &device),
        Verdict::Valid { .. }
    ));
    let request = ElevationRequested {
        role: pack::PHYSICIAN,
        unit: None,
        seconds: 12 * 3_600,
        reason: text("covering the night"),
    };
    let request = world.ok(&ends.elevated, request);
    world.ok(&admin, ElevationGranted { request });
    leap(&mut world, &rogue, DAY * 399);
    assert_eq!(world.roster.holders_of_role(&pack::PHYSICIAN).len(), 2);
    let proposal = ends.proposal;
    world.ok(&admin, Countersign { proposal });
    // It all ends in its time: honest clocks overtake what one has claimed.
    world.passes(DAY * 31, &[&second]);
    assert!(world.now.since(log(&world)) <= MINUTE);
    assert!(world.roster.view().unwrap().lapsed(rogue.owner));
    assert_eq!(world.roster.holders_of_role(&pack::PHYSICIAN), []);
}

#[test]
fn no_owner_alone_moves_log_time_by_more_than_a_day() {
    for rogue in 0..3 {
        let (mut world, second, first) = World::governed();
        let rogue = [world.admin.clone(), second, first][rogue].clone();
        let start = world.now;
        let steps = [HOUR, DAY, DAY * 3, DAY * 399, MINUTE, DAY * 40];
        for step in 0..40 {
            world.later(steps[step % steps.len()]);
            world.now = world.now.min(log(&world).plus(DAY * 399));
            world.ok(&rogue, Tick {});
            let subject = Subject::Person(rogue.person());
            let (_, invited) = world.invitation(subject, vec![], ApprovalMode::Approval);
            world.ok(&rogue, invited);
            assert!(log(&world) <= start.plus(DAY));
        }
    }
}

#[test]
fn an_invented_colleague_is_no_second_clock() {
    let (mut world, second, first) = World::governed();
    world.passes(DAY * 3, &[&first, &second]);
    let (admin, start) = (world.admin.clone(), world.now);
    let puppet = nurse(&mut world, "Nobody");
    for _ in 0..5 {
        leap(&mut world, &admin, DAY * 390);
        leap(&mut world, &puppet, DAY * 395);
    }
    assert!(log(&world) <= start.plus(DAY));
}

#[test]
fn after_a_month_of_silence_two_owners_wake_the_log() {
    let (mut world, second, first) = World::governed();
    world.passes(DAY * 3, &[&first]);
    let before = log(&world);
    world.later(DAY * 30);
    let admin = world.admin.clone();
    // The first one can act, and what they begin lasts as long as it should.
    let subject = Subject::Person(first.person());
    let (invitation, mut body) = world.invitation(subject, vec![], ApprovalMode::Instant);
    body.expires = world.now.plus(DAY * 2);
    world.ok(&admin, body);
    assert!(log(&world) <= before.plus(DAY));
    world.later(MINUTE);
    world.ok(&second, Tick {});
    assert!(world.now.since(log(&world)) <= MINUTE);
    let device = world.new_device(invitation.owner);
    assert!(matches!(
        world.enrol(&invitation, &device),
        Verdict::Valid { .. }
    ));
}

#[test]
fn a_clock_that_ran_ahead_holds_the_log_up_for_no_longer_than_a_day() {
    let (mut world, second, rogue) = World::governed();
    leap(&mut world, &rogue, DAY * 399);
    for _ in 0..10 {
        world.passes(DAY + MINUTE, &[&second]);
        let end = log(&world);
        assert!(world.now.since(end) <= MINUTE * 2 && end.since(world.now) <= DAY);
        leap(&mut world, &rogue, DAY * 399);
    }
}

#[test]
fn the_only_owner_is_believed() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    for _ in 0..3 {
        world.later(DAY * 30);
        world.ok(&admin, Tick {});
        assert_eq!(log(&world), world.now);
    }
}

#[test]
fn of_two_the_one_who_stays_goes_on_working_and_the_others_return_or_leaving_moves_the_log() {
    for returns in [true, false] {
        let mut world = World::found_now();
        let admin = world.admin.clone();
        let other = nurse(&mut world, "Florence Nightingale");
        world.passes(DAY * 3, &[&other]);
        let away = log(&world);
        for _ in 0..4 {
            world.later(DAY * 7);
            let subject = Subject::Person(other.person());
            let (invitation, body) = world.invitation(subject, vec![], ApprovalMode::Instant);
            world.ok(&admin, body);
            let invitation = invitation.id;
            world.ok(&admin, InvitationWithdrawn { invitation });
            assert!(log(&world) <= away.plus(DAY));
        }
        if returns {
            world.ok(&other, Tick {});
        } else {
            let person = other.person();
            world.ok(&admin, PersonLeft { person });
        }
        world.later(MINUTE);
        world.ok(&admin, Tick {});
        assert!(world.now.since(log(&world)) <= MINUTE);
    }
}

#[test]
fn by_the_rules_of_release_0_1_log_time_is_what_entries_say() {
    let (mut world, first, ..) = World::staffed();
    leap(&mut world, &first, DAY * 399);
    assert_eq!(log(&world), world.now.plus(DAY * 399));
}

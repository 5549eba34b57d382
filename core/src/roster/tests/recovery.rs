//! The only administrator is lost.

use super::fixture::{DAY, Device, HOUR, Invitation, World, person_details, terms, text};
use crate::base::PersonId;
use crate::roster::authorize::{Action, Actor, Refusal, Scope, pack};
use crate::roster::kind::{
    ApprovalMode, RecoveryAnnounced, RecoveryDone, RecoveryVetoed, RulesAdopted, Setting, Subject,
    Tick, Value,
};
use crate::roster::oversight::RecoveryState;
use crate::roster::{Body, Junk, Verdict};

fn announcement(world: &World, subject: Subject) -> (Invitation, RecoveryAnnounced) {
    let (invitation, invited) = world.invitation(subject, vec![], ApprovalMode::Instant);
    let effective = world.now.plus(HOUR * 72);
    let body = RecoveryAnnounced {
        subject: invited.subject,
        invitation: invited.invitation,
        key: invited.key,
        sealing_key: invited.sealing_key,
        effective,
        expires: effective.plus(DAY * 7),
        reason: text("the only administrator's phone is at the bottom of the sea"),
    };
    (invitation, body)
}

fn newcomer() -> Subject {
    Subject::NewPerson(
        PersonId::new([3; 16]),
        person_details("Rosalind Franklin", None),
    )
}

/// A practice with a nurse and a physician whose administrator is gone.
fn practice() -> (World, Device, Device) {
    let mut world = World::found_now();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    let physician = world.member("Elizabeth Blackwell", None, terms(pack::PHYSICIAN, None));
    (world, nurse, physician)
}

fn announced(world: &mut World, body: &RecoveryAnnounced) -> u64 {
    match world.root_says(body.clone()) {
        Verdict::Valid { seq, .. } => seq,
        other => panic!("{other:?}"),
    }
}

const TOO_SOON: Verdict = Verdict::Junk(Junk::TooSoon);

#[test]
fn the_root_key_brings_a_new_administrator_after_the_delay() {
    let (mut world, nurse, physician) = practice();
    let (invitation, body) = announcement(&world, newcomer());
    let seq = announced(&mut world, &body);
    let done = RecoveryDone { announcement: seq };
    assert_eq!(world.root_says(done.clone()), TOO_SOON);
    world.later(HOUR * 72);
    // Its time has come, but so far nobody else's clock says so.
    assert_eq!(world.root_says(done.clone()), TOO_SOON);
    world.ok(&nurse, Tick {});
    assert_eq!(world.root_says(done.clone()), TOO_SOON);
    world.later(HOUR);
    world.ok(&physician, Tick {});
    assert!(matches!(
        world.root_says(done.clone()),
        Verdict::Valid { .. }
    ));
    assert_eq!(world.root_says(done), Verdict::Junk(Junk::WrongState));
    let device = world.new_device(invitation.owner);
    assert!(matches!(
        world.enrol(&invitation, &device),
        Verdict::Valid { .. }
    ));
    // Nobody is there to approve it, and nobody has to.
    let may = world.roster.may(
        Actor::device(device.id),
        Action::GrantPrivilegedRole,
        &Scope::organisation(),
    );
    assert_eq!(may, Ok(()));
    assert!(matches!(
        world.roster.recoveries()[&seq].state,
        RecoveryState::Done(_)
    ));
}

#[test]
fn one_rogue_clock_does_not_make_the_delay_pass() {
    let (mut world, nurse, physician) = practice();
    let (_, body) = announcement(&world, newcomer());
    let seq = announced(&mut world, &body);
    let true_time = world.now.plus(HOUR);
    world.later(HOUR * 72);
    world.ok(&nurse, Tick {});
    world.later(HOUR);
    world.ok(&nurse, Tick {});
    // An honest device raises its own time to log time, which says nothing about its clock.
    let rogue = std::mem::replace(&mut world.now, true_time);
    world.ok(&physician, Tick {});
    world.now = rogue;
    let done = RecoveryDone { announcement: seq };
    assert_eq!(world.root_says(done), TOO_SOON);
    assert_eq!(
        world.roster.recoveries()[&seq].witnesses,
        [nurse.owner].into()
    );
}

#[test]
fn whoever_administers_can_object_and_nobody_else() {
    let (mut world, nurse, physician) = practice();
    let admin = world.admin.clone();
    let (_, body) = announcement(&world, newcomer());
    let seq = announced(&mut world, &body);
    let veto = RecoveryVetoed {
        announcement: seq,
        reason: Some(text("I am still here")),
    };
    assert_eq!(
        world.say(&nurse, veto.clone()),
        Verdict::Junk(Junk::NoRight(Refusal::NoRole))
    );
    world.later(HOUR * 72);
    world.ok(&nurse, Tick {});
    world.later(HOUR);
    world.ok(&physician, Tick {});
    world.ok(&admin, veto.clone());
    assert_eq!(
        world.roster.recoveries()[&seq].state,
        RecoveryState::Vetoed(admin.id)
    );
    assert_eq!(
        world.root_says(RecoveryDone { announcement: seq }),
        Verdict::Junk(Junk::WrongState)
    );
    assert_eq!(world.say(&admin, veto), Verdict::Junk(Junk::WrongState));
    // It may be announced again, in the open again.
    let (_, body) = announcement(&world, newcomer());
    announced(&mut world, &body);
}

#[test]
fn only_the_root_key_announces_and_carries_out_one_at_a_time_within_bounds() {
    let (mut world, nurse, _) = practice();
    let admin = world.admin.clone();
    let (_, body) = announcement(&world, newcomer());
    for author in [&admin, &nurse] {
        assert_eq!(
            world.say(author, body.clone()),
            Verdict::Junk(Junk::WrongAuthor)
        );
    }
    let hasty = RecoveryAnnounced {
        effective: world.now.plus(HOUR * 71),
        ..body.clone()
    };
    assert_eq!(world.root_says(hasty), TOO_SOON);
    for (effective, expires) in [
        (body.effective, body.effective),
        (body.effective, body.effective.plus(DAY * 31)),
        (world.now.plus(DAY * 31), world.now.plus(DAY * 32)),
    ] {
        let body = RecoveryAnnounced {
            effective,
            expires,
            ..body.clone()
        };
        assert_eq!(world.root_says(body), Verdict::Junk(Junk::OutOfBounds));
    }
    let mut taken = body.clone();
    taken.key = admin.secrets.signature.verifying_key();
    assert_eq!(world.root_says(taken), Verdict::Junk(Junk::KeyTaken));
    let seq = announced(&mut world, &body);
    let (_, other) = announcement(&world, newcomer());
    assert_eq!(world.root_says(other), Verdict::Junk(Junk::WrongState));
    assert_eq!(
        world.say(&admin, RecoveryDone { announcement: seq }),
        Verdict::Junk(Junk::WrongAuthor)
    );
    let mut other = World::found_now();
    other.root = crate::base::SigningKey::random(&other.random);
    let (_, body) = announcement(&other, newcomer());
    assert_eq!(other.root_says(body), Verdict::Junk(Junk::Signature));
}

#[test]
fn an_announcement_that_was_not_carried_out_in_time_is_over() {
    let (mut world, nurse, physician) = practice();
    let (_, body) = announcement(&world, newcomer());
    let seq = announced(&mut world, &body);
    world.later(DAY * 10);
    world.ok(&nurse, Tick {});
    world.later(HOUR);
    world.ok(&physician, Tick {});
    assert_eq!(
        world.root_says(RecoveryDone { announcement: seq }),
        Verdict::Junk(Junk::Expired)
    );
    let (_, body) = announcement(&world, newcomer());
    announced(&mut world, &body);
}

#[test]
fn the_administrator_who_lost_the_only_device_comes_back_as_the_same_person() {
    let (mut world, nurse, physician) = practice();
    let admin = world.admin.clone();
    let subject = Subject::Person(admin.person());
    let (invitation, body) = announcement(&world, subject);
    let seq = announced(&mut world, &body);
    world.later(HOUR * 73);
    // The lost device's clock does not count.
    world.ok(&admin, Tick {});
    world.later(HOUR);
    world.ok(&nurse, Tick {});
    assert_eq!(
        world.root_says(RecoveryDone { announcement: seq }),
        TOO_SOON
    );
    world.later(HOUR);
    world.ok(&physician, Tick {});
    assert!(matches!(
        world.root_says(RecoveryDone { announcement: seq }),
        Verdict::Valid { .. }
    ));
    let device = world.new_device(invitation.owner);
    world.enrol(&invitation, &device);
    assert_eq!(
        world.roster.view().unwrap().confirmed(device.id),
        Ok(admin.owner)
    );
    // The next one is an ordinary one again and waits for approval.
    let (_, next) = world.invitation(
        Subject::Person(admin.person()),
        vec![],
        ApprovalMode::Instant,
    );
    assert_eq!(
        world.say(&device, next),
        Verdict::Junk(Junk::ApprovalRequired)
    );
}

#[test]
fn policy_may_ask_for_a_longer_delay_but_not_for_none() {
    let (mut world, ..) = practice();
    let admin = world.admin.clone();
    let policy = |world: &World, seconds| {
        world
            .roster
            .policy()
            .unwrap()
            .clone()
            .with(Setting::RecoveryDelay, Value::Number(seconds))
    };
    let body = policy(&world, 3_600);
    assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::OutOfBounds));
    let body = policy(&world, 10 * 24 * 3_600);
    world.ok(&admin, body);
    let (_, body) = announcement(&world, newcomer());
    assert_eq!(world.root_says(body), TOO_SOON);
}

#[test]
fn an_organisation_of_release_0_1_can_be_recovered_too() {
    let (mut world, ..) = World::staffed();
    let (_, body) = announcement(&world, newcomer());
    assert_eq!(
        world.root_says(body.clone()),
        Verdict::Junk(Junk::NotAdopted)
    );
    assert!(matches!(
        world.root_says(Body::from(RulesAdopted { rules: 2 })),
        Verdict::Valid { .. }
    ));
    announced(&mut world, &body);
}

#[test]
fn a_practice_of_two_can_be_recovered_without_the_one_who_is_lost() {
    let mut world = World::found_now();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    let (_, body) = announcement(&world, newcomer());
    let seq = announced(&mut world, &body);
    assert_eq!(world.roster.recoveries()[&seq].quorum, 1);
    let done = RecoveryDone { announcement: seq };
    world.later(HOUR * 73);
    assert_eq!(world.root_says(done.clone()), TOO_SOON);
    world.ok(&nurse, Tick {});
    assert!(matches!(world.root_says(done), Verdict::Valid { .. }));
}

#[test]
fn nobody_makes_themself_administrator_without_another_ones_clock() {
    let mut world = World::found_now();
    let nurse = world.member("Florence Nightingale", None, terms(pack::NURSE, None));
    let (_, body) = announcement(&world, Subject::Person(nurse.person()));
    let seq = announced(&mut world, &body);
    world.later(HOUR * 73);
    world.ok(&nurse, Tick {});
    let done = RecoveryDone { announcement: seq };
    assert_eq!(world.root_says(done.clone()), TOO_SOON);
    let admin = world.admin.clone();
    world.later(HOUR);
    world.ok(&admin, Tick {});
    assert!(matches!(world.root_says(done), Verdict::Valid { .. }));
}

#[test]
fn a_relay_that_hides_the_announcement_keeps_it_from_happening_or_is_found_out() {
    let (mut world, nurse, physician) = practice();
    let admin = world.admin.clone();
    let (_, body) = announcement(&world, newcomer());
    let before = world.roster.clone();
    let seq = announced(&mut world, &body);
    // Shown to nobody else: what the others enter does not follow it, and nobody bears witness.
    let mut hidden = World {
        roster: before.clone(),
        random: super::fixture::Seeded::new(),
        root: world.root.clone(),
        key: world.key.clone(),
        admin: admin.clone(),
        now: world.now.plus(HOUR * 73),
        log: Vec::new(),
    };
    hidden.ok(&nurse, Tick {});
    let tick = hidden.log.remove(0);
    assert_eq!(world.push(tick), Verdict::Junk(Junk::WrongPredecessor));
    let done = RecoveryDone { announcement: seq };
    world.later(HOUR * 73);
    assert_eq!(world.root_says(done), TOO_SOON);
    // Hidden from the administrator alone: word of the others' log is ahead of theirs, so their lease ends.
    world.ok(&physician, Tick {});
    let word = crate::roster::Attestation::make(
        &world.roster,
        world.now,
        physician.id,
        &physician.secrets.signature,
    )
    .unwrap();
    assert_eq!(
        word.verify(&before, &admin.id, world.now),
        Err(crate::roster::RosterError::AttestationAhead)
    );
    assert_eq!(
        before.compare(&world.roster.head().unwrap()),
        crate::roster::HeadRelation::Ahead
    );
}

#[test]
fn what_becomes_due_is_known_until_the_log_has_passed_it() {
    let (mut world, nurse, physician) = practice();
    let due = |world: &World, device: &Device, until| world.roster.due(device.owner, until);
    assert_eq!(due(&world, &nurse, world.now.plus(HOUR)), None);
    let (_, body) = announcement(&world, newcomer());
    announced(&mut world, &body);
    let effective = body.effective;
    assert_eq!(due(&world, &nurse, effective.minus(HOUR)), None);
    assert_eq!(due(&world, &nurse, effective.plus(HOUR)), Some(effective));
    assert_eq!(world.roster.witness_due(nurse.owner, world.now), None);
    world.later(HOUR * 73);
    world.ok(&nurse, Tick {});
    // The log waits for a second clock; the first has said what it can.
    assert!(world.roster.log_time().unwrap() < effective);
    assert_eq!(due(&world, &nurse, world.now), None);
    assert_eq!(due(&world, &physician, world.now), Some(effective));
    let witness = |device: &Device| world.roster.witness_due(device.owner, world.now);
    assert_eq!(witness(&nurse), None, "once is enough");
    assert_eq!(witness(&physician), Some(effective));
    world.ok(&physician, Tick {});
    for device in [&nurse, &physician] {
        assert_eq!(due(&world, device, world.now), None);
        assert_eq!(due(&world, device, body.expires), Some(body.expires));
    }
}

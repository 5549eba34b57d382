//! The offline lease and its extensions.

use std::time::Duration;

use proptest::prelude::*;

use super::fixture::{DAY, HOUR, World, terms};
use crate::base::{OrganisationId, SigningKey, Timestamp};
use crate::roster::authorize::pack;
use crate::roster::extension::{Extender, LeaseExtension, MAX_EXTENSION};
use crate::roster::lease::{CLOCK_TOLERANCE, LEAP, Lease, LeaseState};
use crate::roster::{Authorities, RosterError};

const LOCK: u64 = 72 * 3_600;
const ERASE: u64 = 14 * 24 * 3_600;
const PATIENCE: Duration = Duration::from_secs(ERASE - LOCK);
const START: Timestamp = Timestamp::from_millis(1_760_000_000_000);
const YEARS: Duration = Duration::from_secs(50 * 365 * 24 * 3_600);

fn lease() -> Lease {
    Lease::new(START, LOCK, ERASE)
}

#[test]
fn a_lease_is_good_until_its_end_and_then_locks() {
    let lease = lease();
    let until = START.plus(Duration::from_secs(LOCK));
    assert_eq!(lease.judge(START), LeaseState::Good { until });
    let last = until.minus(Duration::from_millis(1));
    assert_eq!(lease.judge(last), LeaseState::Good { until });
    assert_eq!(lease.judge(until), LeaseState::LockedStale);
    let mut fresh = lease;
    fresh.attested(until, until, None);
    assert!(matches!(fresh.judge(until), LeaseState::Good { .. }));
}

#[test]
fn an_outage_of_any_length_and_a_clock_set_ahead_lock_and_erase_nothing() {
    for ahead in [DAY * 4, DAY * 15, DAY * 400, YEARS] {
        let mut lease = lease();
        lease.tick(START.plus(ahead));
        assert_eq!(lease.judge(START.plus(ahead)), LeaseState::LockedStale);
    }
}

#[test]
fn a_clock_set_back_locks_until_a_signed_time_arrives() {
    let mut lease = lease();
    lease.tick(START.plus(DAY));
    let back = START.plus(DAY).minus(CLOCK_TOLERANCE);
    assert!(matches!(lease.judge(back), LeaseState::Good { .. }));
    let further = back.minus(Duration::from_millis(1));
    assert_eq!(lease.judge(further), LeaseState::LockedClock);
    // So it does not stretch a lease that had ended.
    lease.tick(START.plus(DAY * 10));
    assert_eq!(lease.judge(START.plus(HOUR)), LeaseState::LockedClock);
    lease.witness(START.plus(DAY), START.plus(DAY));
    assert!(matches!(
        lease.judge(START.plus(DAY)),
        LeaseState::Good { .. }
    ));
}

#[test]
fn a_refusal_that_is_repeated_after_the_limit_by_signed_time_and_own_clock_erases() {
    let mut lease = lease();
    let refused = START.plus(HOUR);
    lease.refused(refused, refused);
    let due = refused.plus(PATIENCE);
    // The device's clock alone does not do it, and the relay's signature alone does not.
    assert_eq!(lease.judge(due.plus(YEARS)), LeaseState::LockedStale);
    let mut heard = lease;
    heard.witness(due, due);
    assert_eq!(heard.judge(due), LeaseState::LockedStale);
    let early = due.minus(Duration::from_millis(1));
    lease.refused(due, early);
    assert_eq!(lease.judge(early), LeaseState::LockedStale);
    assert_eq!(lease.judge(due), LeaseState::EraseDue);
    // An attestation newer than the refusal answers it; an older one does not.
    let mut old = lease;
    old.attested(refused, due, Some(due));
    assert_eq!(old.judge(due), LeaseState::EraseDue);
    let mut answered = lease;
    answered.attested(due, due, Some(due));
    assert!(matches!(answered.judge(due), LeaseState::Good { .. }));
    // Where policy does not erase, nothing does.
    let mut never = lease;
    never.erase_after = 0;
    assert_eq!(never.judge(due), LeaseState::LockedStale);
}

#[test]
fn one_refusal_by_itself_never_erases_whatever_the_limits() {
    let mut lease = Lease::new(START, LOCK, 1);
    lease.refused(START.plus(HOUR), START.plus(HOUR));
    let now = START.plus(YEARS);
    assert_eq!(lease.judge(now), LeaseState::LockedStale);
    lease.witness(now, now);
    assert_eq!(lease.judge(now), LeaseState::LockedStale);
}

#[test]
fn one_wrong_refusal_is_taken_back_by_the_next_acceptance() {
    let mut lease = lease();
    lease.refused(START.plus(HOUR), START.plus(HOUR));
    lease.accepted();
    assert_eq!(lease.refused_since, None);
    // Weeks later it errs once more.
    let later = START.plus(DAY * 30);
    lease.refused(later, later);
    for own in [later, later.plus(HOUR)] {
        assert_eq!(lease.judge(own), LeaseState::LockedStale);
    }
}

#[test]
fn the_only_device_of_an_organisation_is_never_erased() {
    let mut lease = lease();
    lease.alone = true;
    for day in 0..100 {
        let now = START.plus(DAY * day);
        lease.refused(now, now);
        lease.tick(now);
        assert!(matches!(lease.judge(now), LeaseState::Good { .. }), "{day}");
    }
}

#[test]
fn one_wrong_time_of_the_relay_locks_nobody_for_longer_than_until_the_next_right_one() {
    let wrong = START.plus(YEARS);
    for attested in [false, true] {
        let mut lease = lease();
        let now = START.plus(HOUR);
        lease.witness(wrong, now);
        lease.tick(now);
        if attested {
            // By a colleague's device that took the relay's time for its own.
            lease.attested(wrong, now, Some(wrong));
        }
        // The own clock says that it is good, and goes on saying so without the relay.
        assert!(matches!(lease.judge(now), LeaseState::Good { .. }));
        let connected = lease.judge_connected(now, wrong);
        assert!(
            matches!(connected, LeaseState::Good { .. }),
            "{connected:?}"
        );
        let right = now.plus(HOUR);
        lease.witness(right, right);
        lease.tick(right);
        assert_eq!(lease.witnessed, right);
        assert!(matches!(lease.judge(right), LeaseState::Good { .. }));
        let connected = lease.judge_connected(right, right);
        assert!(matches!(connected, LeaseState::Good { .. }));
        // What was attested under the wrong time neither lasts for decades nor hides the right ones.
        let late = right.plus(DAY * 3);
        assert_eq!(lease.judge(late), LeaseState::LockedStale);
        assert_eq!(lease.judge_connected(late, late), LeaseState::LockedStale);
        lease.attested(wrong, late, Some(late));
        assert_eq!(lease.judge(late), LeaseState::LockedStale);
        lease.attested(late.minus(HOUR), late, Some(late));
        let until = late.minus(HOUR).plus(Duration::from_secs(LOCK));
        assert_eq!(lease.judge(late), LeaseState::Good { until });
        assert_eq!(
            lease.judge_connected(late, late),
            LeaseState::Good { until }
        );
    }
}

#[test]
fn a_refusal_under_a_wrong_time_neither_erases_at_once_nor_hides_a_right_one() {
    for wrong in [START.minus(YEARS), START.plus(YEARS)] {
        let mut lease = lease();
        let now = START.plus(HOUR);
        lease.refused(wrong, now);
        let next = now.plus(HOUR);
        lease.refused(next, next);
        assert!(matches!(lease.judge(next), LeaseState::Good { .. }));
        let due = next.plus(PATIENCE);
        lease.refused(due, due);
        assert_eq!(lease.judge(due), LeaseState::EraseDue, "{wrong:?}");
    }
}

#[test]
fn a_clock_that_was_always_slow_keeps_nobody_out_who_is_connected() {
    let slow = |time: Timestamp| time.minus(DAY * 30);
    let now = START.plus(DAY);
    let mut lease = Lease::new(START, LOCK, ERASE);
    lease.latest_time_seen = slow(START);
    lease.witness(now, slow(now));
    lease.attested(now.minus(HOUR), slow(now), Some(now));
    lease.tick(slow(now));
    let connected = lease.judge_connected(slow(now), now);
    assert!(matches!(connected, LeaseState::Good { .. }));
    // Offline the lease ends by that clock, and not a month later.
    let end = slow(now).minus(HOUR).plus(Duration::from_secs(LOCK));
    assert_eq!(lease.judge(slow(now)), LeaseState::Good { until: end });
    assert_eq!(lease.judge(end), LeaseState::LockedStale);
}

#[test]
fn a_clock_that_had_run_ahead_at_the_last_contact_does_not_stretch_the_lease() {
    let (now, ahead) = (START.plus(DAY), START.plus(YEARS));
    let mut lease = lease();
    lease.witness(now, ahead);
    lease.attested(now, ahead, Some(now));
    lease.tick(ahead);
    assert_eq!(lease.judge(now), LeaseState::LockedClock);
    let right = now.plus(HOUR);
    lease.witness(right, right);
    assert!(matches!(lease.judge(right), LeaseState::Good { .. }));
    let late = now.plus(DAY * 4);
    assert_eq!(lease.judge(late), LeaseState::LockedStale);
}

#[test]
fn a_machine_without_a_clock_is_let_in_by_the_signed_time_and_a_colleague() {
    let mut lease = lease();
    let (own, signed) = (Timestamp::from_millis(0), START.plus(LEAP * 10));
    assert_eq!(lease.judge(own), LeaseState::LockedClock);
    assert_eq!(lease.judge_connected(own, signed), LeaseState::LockedStale);
    lease.witness(signed, own);
    lease.attested(signed, own, Some(signed));
    let connected = lease.judge_connected(own, signed);
    assert!(matches!(connected, LeaseState::Good { .. }));
}

#[test]
fn a_device_that_only_itself_could_attest_never_locks_for_lack_of_it() {
    let mut lease = lease();
    lease.alone = true;
    assert!(matches!(
        lease.judge(START.plus(YEARS)),
        LeaseState::Good { .. }
    ));
    lease.tick(START.plus(DAY));
    assert_eq!(lease.judge(START), LeaseState::LockedClock);
}

#[test]
fn an_extension_by_an_administrator_or_the_root_key_keeps_a_device_going() {
    let (mut world, nurse, physician, _) = World::staffed();
    let charge = terms(pack::SECURITY_OFFICIAL, Some("6E"));
    let elsewhere = world.member("Mary Seacole", Some("6E"), charge);
    let knew = Authorities::of(&world.roster, nurse.id);
    let organisation = world.roster.anchor().organisation;
    let (made, until) = (START.plus(DAY * 4), START.plus(DAY * 10));
    let make = |device, by, key: &SigningKey| {
        LeaseExtension::make(organisation, device, until, made, by, key).unwrap()
    };
    let admin = &world.admin;
    let by_admin = Extender::Device(admin.id);
    let good = [
        make(None, by_admin, &admin.secrets.signature),
        make(Some(nurse.id), by_admin, &admin.secrets.signature),
        make(None, Extender::Root, &world.root),
    ];
    for extension in good {
        let read = LeaseExtension::parse(&format!("{}\n", extension.to_text())).unwrap();
        assert_eq!(read, extension);
        assert!(extension.to_text().len() < 300, "fits a QR code");
        assert_eq!(LeaseExtension::from_bytes(&read.to_bytes()), Ok(read));
        let mut lease = lease();
        assert_eq!(lease.judge(made), LeaseState::LockedStale);
        lease.extend(&read, &nurse.id, &knew, made).unwrap();
        assert_eq!(lease.judge(made), LeaseState::Good { until });
        assert_eq!(lease.judge(until), LeaseState::LockedStale);
    }
    let by = |device: &super::fixture::Device| {
        make(None, Extender::Device(device.id), &device.secrets.signature)
    };
    let mut foreign = good[0];
    foreign.organisation = OrganisationId::new([1; 16]);
    let mut longer = good[0];
    longer.until = until.plus(HOUR);
    let mut widened = good[1];
    widened.device = None;
    let bad = [
        by(&physician),
        by(&nurse),
        by(&elsewhere),
        make(Some(physician.id), by_admin, &admin.secrets.signature),
        make(None, by_admin, &world.root),
        make(None, Extender::Root, &admin.secrets.signature),
        foreign,
        longer,
        widened,
    ];
    for (n, extension) in bad.iter().enumerate() {
        let mut lease = lease();
        let refused = lease.extend(extension, &nurse.id, &knew, made);
        assert_eq!(refused, Err(RosterError::Extension), "{n}");
        assert_eq!(lease, self::lease());
    }
    let too_long = made.plus(MAX_EXTENSION + Duration::from_millis(1));
    for until in [too_long, made, START] {
        let made = LeaseExtension::make(organisation, None, until, made, by_admin, &world.root);
        assert_eq!(made, Err(RosterError::Extension));
    }
    for text in ["", "sotto-lease:", "sotto-lease:AAAA", "sotto:AAAA"] {
        assert_eq!(LeaseExtension::parse(text), Err(RosterError::Extension));
    }
}

#[test]
fn an_extension_puts_off_erasing_until_it_ends() {
    let mut lease = lease();
    let refused = START.plus(HOUR);
    lease.refused(refused, refused);
    let due = refused.plus(PATIENCE);
    lease.refused(due, due);
    lease.extended_until = Some(due.plus(DAY));
    assert!(matches!(lease.judge(due), LeaseState::Good { .. }));
    lease.refused(due.plus(DAY), due.plus(DAY));
    assert_eq!(lease.judge(due.plus(DAY)), LeaseState::EraseDue);
}

#[test]
fn an_extension_dated_into_the_future_is_refused_and_none_lasts_longer_than_two_weeks_from_now() {
    let (world, nurse, ..) = World::staffed();
    let knew = Authorities::of(&world.roster, nurse.id);
    let organisation = world.roster.anchor().organisation;
    let by = Extender::Device(world.admin.id);
    let key = &world.admin.secrets.signature;
    let now = START.plus(DAY * 4);
    let make = |made: Timestamp| {
        let until = made.plus(MAX_EXTENSION);
        LeaseExtension::make(organisation, None, until, made, by, key).unwrap()
    };
    // One text for each fortnight of the years to come, made today.
    for days in [2, 14, 400, 20_000] {
        let mut lease = lease();
        let refused = lease.extend(&make(now.plus(DAY * days)), &nurse.id, &knew, now);
        assert_eq!(refused, Err(RosterError::Extension));
        assert_eq!(lease.judge(now), LeaseState::LockedStale);
    }
    let mut lease = lease();
    let ahead = make(now.plus(HOUR));
    lease.extend(&ahead, &nurse.id, &knew, now).unwrap();
    let until = now.plus(MAX_EXTENSION);
    assert_eq!(lease.extended_until, Some(until));
    assert_eq!(lease.judge(until), LeaseState::LockedStale);
    // A signed time that jumped, and came back, leaves no longer one behind.
    lease.witness(START.plus(YEARS), now);
    let far = make(START.plus(YEARS));
    lease.extend(&far, &nurse.id, &knew, now).unwrap();
    lease.witness(now, now);
    lease.tick(now);
    assert_eq!(lease.extended_until, Some(until));
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (-i64::MAX / 2..i64::MAX / 2).prop_map(Timestamp::from_millis)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn no_clock_and_no_signed_time_erases_without_a_refusal(
        lock in any::<u64>(), erase in any::<u64>(), alone in any::<bool>(),
        walk in prop::collection::vec((0u8..3, moment(), moment()), 0..40),
    ) {
        let mut lease = Lease::new(START, lock, erase);
        lease.alone = alone;
        for (what, time, own) in walk {
            match what {
                0 => lease.tick(time),
                1 => lease.witness(time, own),
                _ => lease.attested(time, own, Some(lease.witnessed)),
            }
            prop_assert!(lease.judge(time) != LeaseState::EraseDue);
            prop_assert!(lease.judge(time.plus(YEARS)) != LeaseState::EraseDue);
        }
    }

    #[test]
    fn no_single_answer_of_the_relay_erases_whatever_the_clocks_then_say(
        at in (moment(), moment()), walk in prop::collection::vec((any::<bool>(), moment(), moment()), 0..40),
    ) {
        let mut lease = Lease::new(START, LOCK, LOCK + 1);
        lease.refused(at.0, at.1);
        for (signed, time, own) in walk {
            if signed {
                lease.witness(time, own);
            } else {
                lease.tick(own);
            }
            prop_assert!(lease.judge(own) != LeaseState::EraseDue);
            prop_assert!(lease.judge(time.plus(YEARS)) != LeaseState::EraseDue);
        }
    }

    #[test]
    fn refusals_alone_erase_nothing_while_the_own_clock_has_not_waited(
        walk in prop::collection::vec(moment(), 0..40),
    ) {
        let mut lease = lease();
        let own = START.plus(HOUR);
        for time in walk {
            lease.refused(time, own);
            prop_assert!(lease.judge(own.plus(DAY)) != LeaseState::EraseDue);
        }
    }

    #[test]
    fn one_right_time_ends_what_any_wrong_ones_left_behind(
        walk in prop::collection::vec((0u8..3, moment(), moment()), 0..40),
    ) {
        let mut lease = lease();
        for (what, time, own) in walk {
            match what {
                0 => lease.tick(time),
                1 => lease.witness(time, own),
                _ => lease.attested(time, own, Some(time)),
            }
        }
        let now = START.plus(DAY * 100);
        lease.witness(now, now);
        lease.attested(now.plus(HOUR * 25), now.plus(HOUR * 25), Some(now.plus(HOUR * 25)));
        let now = now.plus(HOUR * 25);
        lease.tick(now);
        let offline = matches!(lease.judge(now), LeaseState::Good { .. });
        prop_assert!(offline, "{lease:?}");
        let connected = matches!(lease.judge_connected(now, now), LeaseState::Good { .. });
        prop_assert!(connected, "{lease:?}");
        prop_assert_eq!(lease.judge(now.plus(DAY * 4)), LeaseState::LockedStale);
    }

    #[test]
    fn a_lease_comes_back_as_it_was_stored(a in moment(), r in moment(), alone in any::<bool>()) {
        let mut lease = Lease::new(a, LOCK, ERASE);
        lease.refused(r, a);
        lease.alone = alone;
        let bytes = crate::base::codec::encode(&lease);
        prop_assert_eq!(crate::base::codec::decode::<Lease>(&bytes), Ok(lease));
    }
}

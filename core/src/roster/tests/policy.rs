//! Policy: bounds, and the words for members.

use super::fixture::{World, text, unit};
use crate::roster::kind::policy::Shape;
use crate::roster::kind::{Policy, Setting, Value};
use crate::roster::{Action, Junk, Verdict};

/// A value just outside on each side, and one of another shape.
fn outside(setting: Setting) -> Vec<Value> {
    let words = Value::Words(vec![text("x")]);
    let mut out = match setting.shape() {
        Shape::Seconds(low, high) | Shape::Range(low, high) => {
            let low = low.checked_sub(1).map(Value::Number);
            [low, Some(Value::Number(high + 1)), Some(words)]
                .into_iter()
                .flatten()
                .collect()
        }
        Shape::Steps(most, low, high) => vec![
            Value::Numbers(vec![low - 1]),
            Value::Numbers(vec![high + 1]),
            Value::Numbers(vec![low; most + 1]),
            Value::Number(low),
        ],
        Shape::Acts => vec![
            Value::Numbers(vec![60_000]),
            Value::Numbers(vec![31, 28]),
            Value::Numbers(vec![28, 28]),
            Value::Number(28),
        ],
        Shape::Words(most) => vec![Value::Words(vec![text("x"); most + 1]), Value::Number(1)],
        Shape::PerUnit(high) => vec![
            Value::Number(high + 1),
            Value::PerUnit(vec![(unit("5W"), high + 1)]),
            Value::PerUnit(vec![(unit("5W"), 0), (unit("5W"), 1)]),
            words,
        ],
    };
    out.push(Value::PerUnit(vec![(unit("6E"), 9), (unit("5W"), 9)]));
    out
}

#[test]
fn a_setting_out_of_its_bounds_is_junk() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    for setting in Setting::ALL {
        for value in outside(*setting) {
            let policy = world.roster.policy().unwrap().clone().with(*setting, value);
            assert_eq!(policy.check(), Err(*setting));
            assert_eq!(
                world.say(&admin, policy),
                Verdict::Junk(Junk::OutOfBounds),
                "{setting:?}"
            );
        }
    }
    // What is set by default is within its own bounds, and an unknown number is left alone.
    assert_eq!(Policy::founding().check(), Ok(()));
    let mut policy = world.roster.policy().unwrap().clone();
    policy.version += 1;
    policy.settings.insert(60_000, Value::Number(u64::MAX));
    world.ok(&admin, policy);
}

#[test]
fn a_device_that_would_erase_itself_before_it_locks_is_junk() {
    let mut world = World::found_now();
    let admin = world.admin.clone();
    let days = |number: u64| Value::Number(number * 24 * 3_600);
    let policy = world.roster.policy().unwrap().clone();
    let body = policy.clone().with(Setting::LeaseLock, days(20));
    assert_eq!(world.say(&admin, body), Verdict::Junk(Junk::OutOfBounds));
    let mut body = policy.with(Setting::LeaseLock, days(20));
    body.settings.insert(Setting::LeaseErase.code(), days(21));
    world.ok(&admin, body);
}

#[test]
fn every_default_is_within_its_own_bounds() {
    for setting in Setting::ALL {
        if let Shape::Seconds(low, high) | Shape::Range(low, high) = setting.shape() {
            assert!(
                (low..=high).contains(&setting.default_number()),
                "{setting:?}"
            );
        }
        assert_eq!(Setting::from_code(setting.code()), Some(*setting));
    }
}

#[test]
fn a_new_organisation_puts_who_administers_and_the_rules_under_dual_control() {
    let policy = Policy::founding();
    assert!(policy.needs_two(Action::GrantPrivilegedRole));
    assert!(policy.needs_two(Action::ChangePolicy));
    assert!(!Policy::silent().controlled());
}

fn shown(policy: &Policy) -> String {
    policy
        .in_words()
        .iter()
        .map(|(setting, words)| format!("{:>2} {words}\n", setting.code()))
        .collect()
}

#[test]
fn a_member_reads_every_rule_in_plain_words() {
    let others = Policy::silent()
        .with(Setting::IdleLock, Value::Number(90))
        .with(Setting::SessionLength, Value::Number(5_400))
        .with(Setting::NotificationPreview, Value::Number(1))
        .with(Setting::LockMode, Value::Number(1))
        .with(
            Setting::AttachmentKinds,
            Value::Words(vec![text("image/png"), text("application/pdf")]),
        )
        .with(Setting::AttachmentSize, Value::Number(1_048_577))
        .with(Setting::Export, Value::Number(1))
        .with(Setting::History, Value::Number(2))
        .with(Setting::NextDevice, Value::Number(2))
        .with(Setting::MinimumVersion, Value::Number(2))
        .with(Setting::UnlockShare, Value::Number(1))
        .with(Setting::EscalationSteps, Value::Numbers(vec![300]))
        .with(
            Setting::ReadBack,
            Value::PerUnit(vec![(unit("5W"), 1), (unit("6E"), 2)]),
        )
        .with(Setting::WipeCap, Value::Number(1));
    let out = format!("{}\n{}", shown(&Policy::founding()), shown(&others));
    let golden = include_str!("../golden/policy.txt");
    assert!(out == golden, "golden/policy.txt should be:\n{out}");
}

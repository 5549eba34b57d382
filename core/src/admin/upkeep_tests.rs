//! What an administrator's device keeps, and what it does by itself.

use std::time::Duration;

use tempfile::TempDir;

use super::append::Draft;
use super::invite::{Drawn, keep, list};
use super::plan::Plan;
use super::rotation::due_here;
use super::tests::{NOW, founded, person};
use crate::base::{Secret, SystemRandom, Timestamp};
use crate::membership::Context;
use crate::roster::kind::Policy;
use crate::roster::tests::fixture::{Device, World};
use crate::roster::{Roster, Rotation};
use crate::store::table::device::DeviceSelf;
use crate::store::{Store, StoreError, StoreOptions, WriteTx};
use crate::sync::put_capability;
use crate::vault::DatabaseKey;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let key = DatabaseKey::new(Secret::new([1; 32]));
    let store = Store::create(dir.path(), &key, StoreOptions::default()).unwrap();
    (dir, store)
}

fn within<T>(
    store: &Store,
    me: &DeviceSelf,
    roster: &Roster,
    now: Timestamp,
    work: impl FnOnce(&WriteTx<'_>, &Context<'_>) -> T,
) -> T {
    let context = Context {
        me,
        roster,
        now,
        random: &SystemRandom,
    };
    store
        .write::<_, StoreError>("a test", |tx| Ok(work(tx, &context)))
        .unwrap()
}

#[test]
fn the_link_of_an_open_invitation_can_be_shown_again_until_its_time_is_over() {
    let (_dir, store) = store();
    let (me, roster) = founded(Policy::founding());
    let request = super::Invite {
        in_person: false,
        ..person("Bob", &["physician"])
    };
    let plan = Plan::new(&request).unwrap();
    let drawn = Drawn::random(plan.owner(&SystemRandom), false, &SystemRandom);
    let other = Drawn::random(plan.owner(&SystemRandom), false, &SystemRandom);
    let context = Context {
        me: &me,
        roster: &roster,
        now: NOW,
        random: &SystemRandom,
    };
    let mut draft = Draft::new(&context).unwrap();
    plan.draft(
        &mut draft,
        drawn.id,
        plan.owner(&SystemRandom),
        &drawn.keys(),
    )
    .unwrap();
    let roster = draft.roster().clone();

    // What never came into the log is not kept.
    within(&store, &me, &roster, NOW, |tx, context| {
        keep(tx, context, [drawn.clone(), other]).unwrap();
    });
    let shown = within(&store, &me, &roster, NOW, |tx, context| {
        list(tx, context).unwrap()
    });
    assert_eq!(shown.len(), 1);
    let mine = shown[0].mine.clone().unwrap();
    assert_eq!((mine.id, mine.name.as_str()), (drawn.id, "Bob"));
    assert!(mine.link.starts_with("sotto://join#"));
    assert!(mine.words.is_some(), "without the words nobody can enter");
    let again = within(&store, &me, &roster, NOW, |tx, context| {
        list(tx, context).unwrap()
    });
    assert_eq!(again[0].mine, Some(mine));

    let over = NOW.plus(2 * DAY);
    within(&store, &me, &roster, over, |tx, context| {
        assert!(list(tx, context).unwrap().is_empty());
        keep(tx, context, []).unwrap();
    });
    let forgotten = within(&store, &me, &roster, NOW, |tx, context| {
        list(tx, context).unwrap()
    });
    assert!(forgotten[0].mine.is_none(), "the secret is gone");
}

fn me(device: &Device, roster: &Roster) -> DeviceSelf {
    DeviceSelf {
        device: device.id,
        owner: device.owner,
        organisation: roster.anchor().organisation,
        ..founded(Policy::founding()).0
    }
}

#[test]
fn the_roster_key_is_replaced_when_its_time_is_over_and_only_by_who_may() {
    let (_dir, store) = store();
    let (mut world, nurse, ..) = World::staffed();
    let admin = world.admin.clone();
    let made = world.roster.organisation().unwrap().key.time;
    let due = |world: &World, device: &Device, at: Timestamp| {
        within(
            &store,
            &me(device, &world.roster),
            &world.roster,
            at,
            |tx, context| due_here(tx, context, at).unwrap(),
        )
    };
    let late = made.plus(31 * DAY);
    assert!(!due(&world, &admin, late), "not without the capability");
    store
        .write::<_, StoreError>("a test", |tx| put_capability(tx, &Secret::new([1; 32])))
        .unwrap();
    assert!(!due(
        &world,
        &admin,
        made.plus(30 * DAY - Duration::from_secs(1))
    ));
    assert!(due(&world, &admin, late), "thirty days and the spread");
    assert!(!due(&world, &nurse, late), "she may not");

    // Another administrator came first: seen in the log, there is nothing left to do.
    world.later(31 * DAY);
    let recipients = world.roster.recipients().unwrap();
    let organisation = world.roster.anchor().organisation;
    let rotation =
        Rotation::prepare(&organisation, &world.key, &recipients, &SystemRandom).unwrap();
    world.ok(&admin, rotation.body);
    assert!(!due(&world, &admin, late));
    assert!(!due(&world, &admin, late.plus(29 * DAY)));
    assert!(due(&world, &admin, late.plus(32 * DAY)));
}

#[test]
fn devices_that_may_replace_the_key_do_not_all_come_at_once() {
    let (_dir, store) = store();
    let (mut world, ..) = World::staffed();
    store
        .write::<_, StoreError>("a test", |tx| put_capability(tx, &Secret::new([1; 32])))
        .unwrap();
    let admin = world.admin.clone();
    let mut first: Vec<u64> = Vec::new();
    for _ in 0..3 {
        let made = world.roster.organisation().unwrap().key.time;
        let who = me(&admin, &world.roster);
        let hour = (0..=24).find(|hours| {
            let at = made.plus(30 * DAY + Duration::from_secs(hours * 3600));
            within(&store, &who, &world.roster, at, |tx, context| {
                due_here(tx, context, at).unwrap()
            })
        });
        first.push(hour.unwrap());
        world.later(32 * DAY);
        let recipients = world.roster.recipients().unwrap();
        let organisation = world.roster.anchor().organisation;
        let rotation =
            Rotation::prepare(&organisation, &world.key, &recipients, &SystemRandom).unwrap();
        world.key = rotation.key.clone();
        world.ok(&admin, rotation.body);
    }
    first.dedup();
    assert!(first.len() > 1, "another place for each epoch: {first:?}");
}

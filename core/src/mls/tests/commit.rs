use openmls::prelude::PastEpochDeletionPolicy;

use super::support::{Device, Room, Undone, now, staged};
use crate::base::{DeviceId, Secret, SigningKey};
use crate::mls::{
    Change, Error, Group, GroupId, Identity, MAX_ADDS, ProcessError, Suite, View, key_package,
};

const UPDATE: Change<'static> = Change {
    add: &[],
    remove: &[],
    update: true,
};

#[test]
fn of_two_racing_commits_one_wins_and_the_loser_builds_its_own_anew() {
    let room = Room::of(3);
    let (a, b, c) = (&room.devices[0], &room.devices[1], &room.devices[2]);
    let winner = a.stage(room.id, UPDATE);
    let loser = b.stage(
        room.id,
        Change {
            remove: &[c.id],
            ..Change::default()
        },
    );
    a.merge_pending(room.id);
    b.follow(room.id, &winner.commit, |_| {});
    assert!(!b.on(room.id, |g| g.has_pending()));
    c.follow(room.id, &winner.commit, |_| {});
    for device in [a, c] {
        assert!(matches!(
            device.process(room.id, &loser.commit),
            Err(ProcessError::TooOld { epoch: 1 })
        ));
    }
    let again = b.stage(
        room.id,
        Change {
            remove: &[c.id],
            ..Change::default()
        },
    );
    b.merge_pending(room.id);
    a.follow(room.id, &again.commit, |s| assert_eq!(s.removed, [c.id]));
    assert_eq!(
        a.read(room.id, &b.send(room.id, b"two left")).1,
        b"two left"
    );
}

#[test]
fn a_commit_says_who_did_what_and_both_sides_derive_the_same_seed() {
    let room = Room::of(3);
    let newcomer = Device::new(9);
    let add = [newcomer.key_package(Suite::default())];
    let (a, b, c) = (&room.devices[0], &room.devices[1], &room.devices[2]);
    let made = a.stage(
        room.id,
        Change {
            add: &add,
            remove: &[c.id],
            update: false,
        },
    );
    assert_eq!(made.from_epoch, 1);
    assert_eq!(
        a.on(room.id, |g| g.pending_epoch_seed().unwrap()).unwrap(),
        made.next_epoch_seed
    );
    assert_ne!(
        a.on(room.id, |g| g.epoch_seed().unwrap()),
        made.next_epoch_seed
    );
    a.merge_pending(room.id);
    b.follow(room.id, &made.commit, |s| {
        assert_eq!((s.committer, s.external, s.from_epoch), (a.id, false, 1));
        assert_eq!(s.added, [(newcomer.id, newcomer.key.verifying_key())]);
        assert_eq!(s.removed, [c.id]);
        assert!(s.updated && !s.removes_me);
        assert_eq!(s.authenticated_data, b"head");
        assert_eq!(s.next_epoch_seed.as_ref().unwrap(), &made.next_epoch_seed);
    });
    newcomer.join(&made.welcome.unwrap());
    for device in [a, b, &newcomer] {
        assert_eq!(
            device.on(room.id, |g| g.epoch_seed().unwrap()),
            made.next_epoch_seed
        );
        assert_eq!(
            device
                .on(room.id, |g| g.exporter("x", b"y", 48).unwrap())
                .len(),
            48
        );
    }
}

#[test]
fn a_pending_commit_survives_a_restart_and_can_be_merged_or_cleared() {
    let mut room = Room::of(2);
    room.devices[0].stage(room.id, UPDATE);
    room.devices[0].restart();
    let a = &room.devices[0];
    assert!(a.on(room.id, |g| g.has_pending()));
    a.on(room.id, |g| g.clear_pending().unwrap());
    assert!(!a.on(room.id, |g| g.has_pending()));
    assert!(matches!(
        a.on(room.id, |g| g.merge_pending()),
        Err(Error::NoPendingCommit)
    ));

    let made = a.stage(room.id, UPDATE);
    let sent_while_pending = a.send(room.id, b"meanwhile");
    room.devices[0].restart();
    let (a, b) = (&room.devices[0], &room.devices[1]);
    a.merge_pending(room.id);
    assert_eq!(b.read(room.id, &sent_while_pending).1, b"meanwhile");
    b.follow(room.id, &made.commit, |_| {});
    room.exchange();
}

#[test]
fn a_lost_transaction_leaves_neither_a_pending_commit_nor_a_new_epoch() {
    let room = Room::of(2);
    let a = &room.devices[0];
    a.lose(|tx| {
        let mut group = Group::load(tx, room.id).unwrap().unwrap();
        group.stage_commit(&a.identity(), UPDATE, b"").unwrap();
        group.merge_pending().unwrap();
        assert_eq!(group.epoch(), 2);
    });
    assert!(a.on(room.id, |g| g.epoch() == 1 && !g.has_pending()));
    room.exchange();
}

#[test]
fn a_removed_device_reads_nothing_sent_after_its_removal() {
    let room = Room::of(3);
    let (a, b, removed) = (&room.devices[0], &room.devices[1], &room.devices[2]);
    let made = a.stage(
        room.id,
        Change {
            remove: &[removed.id],
            ..Change::default()
        },
    );
    a.merge_pending(room.id);
    b.follow(room.id, &made.commit, |_| {});
    let after = a.send(room.id, b"without you");
    assert_eq!(b.read(room.id, &after).1, b"without you");
    assert!(matches!(
        removed.process(room.id, &after),
        Err(ProcessError::FutureEpoch { epoch: 2 })
    ));
    removed.follow(room.id, &made.commit, |s| {
        assert!(s.removes_me && s.next_epoch_seed.is_none())
    });
    assert!(!removed.on(room.id, |g| g.is_active()));
    assert!(matches!(
        removed.process(room.id, &after),
        Err(ProcessError::Removed)
    ));
    assert!(matches!(
        removed.on(room.id, |g| g.encrypt(&removed.identity(), b"?")),
        Err(Error::Removed)
    ));
    assert!(matches!(
        removed.on(room.id, |g| g.epoch_seed()),
        Err(Error::Removed)
    ));
}

#[test]
fn a_commit_that_is_refused_changes_nothing_but_its_own_key() {
    let room = Room::of(2);
    let made = room.devices[0].stage(room.id, UPDATE);
    room.devices[1].process(room.id, &made.commit).unwrap();
    assert_eq!(room.devices[1].on(room.id, |g| g.epoch()), 1);
    room.devices[0].on(room.id, |g| g.clear_pending().unwrap());
    room.exchange();
}

#[test]
fn a_commit_processed_in_an_undone_part_of_a_transaction_can_be_processed_again() {
    let room = Room::of(2);
    let made = room.devices[0].stage(room.id, UPDATE);
    room.devices[1].write(|tx| {
        let undone = tx.attempt(|part| {
            let mut group = Group::load(part, room.id).unwrap().unwrap();
            group.process(&made.commit).unwrap();
            Err::<(), Undone>(Undone)
        });
        assert!(undone.is_err());
        let mut group = Group::load(tx, room.id).unwrap().unwrap();
        let commit = staged(group.process(&made.commit).unwrap());
        group.merge_remote(commit).unwrap();
    });
    room.devices[0].merge_pending(room.id);
    room.exchange();
}

#[test]
fn a_commit_decided_too_late_is_not_merged() {
    let room = Room::of(3);
    let (a, b, c) = (&room.devices[0], &room.devices[1], &room.devices[2]);
    let (first, second) = (a.stage(room.id, UPDATE), b.stage(room.id, UPDATE));
    c.on(room.id, |g| {
        let first = staged(g.process(&first.commit).unwrap());
        let second = staged(g.process(&second.commit).unwrap());
        g.merge_remote(first).unwrap();
        assert!(matches!(g.merge_remote(second), Err(Error::StaleCommit)));
    });
}

#[test]
fn changes_that_make_no_sense_are_refused_before_anything_happens() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let again = [b.key_package(Suite::default())];
    let other_suite = [Device::new(9).key_package(Suite::Classical)];
    let stage = |change: Change<'_>| {
        a.on(room.id, |g| {
            g.stage_commit(&a.identity(), change, b"").unwrap_err()
        })
    };
    assert!(matches!(stage(Change::default()), Error::EmptyChange));
    assert!(matches!(
        stage(Change {
            add: &again,
            ..Change::default()
        }),
        Error::AlreadyMember
    ));
    assert!(matches!(
        stage(Change {
            add: &other_suite,
            ..Change::default()
        }),
        Error::Suite
    ));
    assert!(matches!(
        stage(Change {
            remove: &[a.id],
            ..Change::default()
        }),
        Error::CannotRemove
    ));
    assert!(matches!(
        stage(Change {
            remove: &[DeviceId::new([99; 16])],
            ..Change::default()
        }),
        Error::CannotRemove
    ));
    assert!(matches!(
        stage(Change {
            add: &[b"junk".to_vec()],
            ..Change::default()
        }),
        Error::Malformed
    ));
    a.stage(room.id, UPDATE);
    assert!(matches!(stage(UPDATE), Error::PendingCommit));
}

#[test]
fn a_device_is_replaced_by_itself_in_one_commit() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let add = [b.key_package(Suite::default())];
    let made = a.stage(
        room.id,
        Change {
            add: &add,
            remove: &[b.id],
            update: false,
        },
    );
    a.merge_pending(room.id);
    assert_eq!(b.join(&made.welcome.unwrap()), room.id);
    room.exchange();
}

#[test]
fn a_full_batch_is_added_at_once_and_a_large_group_keeps_one_past_epoch() {
    let room = Room::with_suite(2, Suite::Classical);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let add: Vec<Vec<u8>> = b.write(|tx| {
        (0..=MAX_ADDS)
            .map(|n| {
                let mut seed = [100; 32];
                seed[0] = u8::try_from(n).unwrap();
                let key = SigningKey::from_seed(Secret::new(seed));
                let identity = Identity {
                    device: DeviceId::from_slice(&seed[..16]).unwrap(),
                    key: &key,
                };
                key_package::generate(tx, &identity, Suite::Classical, 1, false, now())
                    .unwrap()
                    .remove(0)
            })
            .collect()
    });
    let refused = a.on(room.id, |g| {
        g.stage_commit(
            &a.identity(),
            Change {
                add: &add,
                ..Change::default()
            },
            b"",
        )
        .unwrap_err()
    });
    assert!(matches!(refused, Error::TooManyAdds));
    let keeps =
        |device: &Device| device.on(room.id, |g| g.inner.past_epoch_deletion_policy().clone());
    assert_eq!(keeps(b), PastEpochDeletionPolicy::MaxEpochs(3));
    let made = a.stage(
        room.id,
        Change {
            add: &add[..MAX_ADDS],
            ..Change::default()
        },
    );
    a.merge_pending(room.id);
    b.follow(room.id, &made.commit, |s| {
        assert_eq!(s.added.len(), MAX_ADDS)
    });
    for device in [a, b] {
        assert_eq!(
            device.on(room.id, |g| g.members().unwrap()).len(),
            MAX_ADDS + 2
        );
        assert_eq!(keeps(device), PastEpochDeletionPolicy::MaxEpochs(1));
    }
    assert_eq!(b.read(room.id, &a.send(room.id, b"crowd")).1, b"crowd");
}

#[test]
fn a_group_is_created_once_and_its_state_goes_when_deleted() {
    let (device, id) = (Device::new(1), GroupId::new([7; 16]));
    device.write(|tx| {
        Group::create(tx, &device.identity(), id, Suite::default(), now()).unwrap();
        let again = Group::create(tx, &device.identity(), id, Suite::default(), now());
        assert!(matches!(again, Err(Error::GroupExists)));
        Group::delete(tx, id).unwrap();
        assert!(View::load(tx, id).unwrap().is_none());
        let rows: i64 = tx
            .conn()
            .query_row("SELECT count(*) FROM mls WHERE kind < 32", [], |r| r.get(0))
            .unwrap();
        assert_eq!(rows, 0);
    });
}

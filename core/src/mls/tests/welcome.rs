use super::support::{Device, Room, now};
use crate::base::SystemRandom;
use crate::mls::{Change, Error, Group, GroupId, StagedJoin, Suite, key_package};

fn invite(founder: &Device, package: &[u8]) -> (GroupId, Vec<u8>) {
    let id = GroupId::random(&SystemRandom);
    founder.write(|tx| {
        Group::create(tx, &founder.identity(), id, Suite::default(), now())
            .map(drop)
            .unwrap()
    });
    let staged = founder.stage(
        id,
        Change {
            add: &[package.to_vec()],
            ..Change::default()
        },
    );
    founder.merge_pending(id);
    (id, staged.welcome.unwrap())
}

fn open(device: &Device, welcome: &[u8]) -> Error {
    device.write(|tx| StagedJoin::open(tx, welcome).map(drop).unwrap_err())
}

#[test]
fn an_opened_welcome_shows_its_members_before_it_is_accepted() {
    let (founder, joiner) = (Device::new(1), Device::new(2));
    let (id, welcome) = invite(&founder, &joiner.key_package(Suite::default()));
    joiner.write(|tx| {
        let join = StagedJoin::open(tx, &welcome).unwrap();
        assert_eq!((join.group, join.epoch, join.suite), (id, 1, Suite::Hybrid));
        assert_eq!((join.sender, join.replaces), (founder.id, false));
        let devices: Vec<_> = join.members.iter().map(|m| (m.device, m.key)).collect();
        assert_eq!(
            devices,
            [&founder, &joiner].map(|d| (d.id, d.key.verifying_key()))
        );
        join.accept().unwrap();
    });
    assert_eq!(joiner.read(id, &founder.send(id, b"welcome")).1, b"welcome");
}

#[test]
fn a_welcome_for_nobody_here_is_told_so() {
    let (founder, joiner, other) = (Device::new(1), Device::new(2), Device::new(3));
    let (_, welcome) = invite(&founder, &joiner.key_package(Suite::default()));
    assert!(matches!(open(&other, &welcome), Error::NoKeyPackage));
    joiner.join(&welcome);
    assert!(matches!(open(&joiner, &welcome), Error::NoKeyPackage));
    assert!(matches!(open(&joiner, b"junk"), Error::Malformed));
}

#[test]
fn a_last_resort_key_package_serves_two_groups_and_no_group_twice() {
    let (founder, joiner) = (Device::new(1), Device::new(2));
    let package = joiner.write(|tx| {
        key_package::generate(tx, &joiner.identity(), Suite::default(), 1, true, now())
            .unwrap()
            .remove(0)
    });
    let (first, first_welcome) = invite(&founder, &package);
    let (second, second_welcome) = invite(&founder, &package);
    joiner.join(&first_welcome);
    joiner.join(&second_welcome);
    for id in [first, second] {
        assert_eq!(joiner.read(id, &founder.send(id, b"both")).1, b"both");
    }
    // Entering the same epoch again would send under keys that were used.
    assert!(matches!(open(&joiner, &first_welcome), Error::StaleWelcome));
    joiner.write(|tx| Group::delete(tx, first).unwrap());
    assert!(matches!(open(&joiner, &first_welcome), Error::StaleWelcome));
}

#[test]
fn a_lost_transaction_does_not_cost_the_key_package() {
    let (founder, joiner) = (Device::new(1), Device::new(2));
    let (id, welcome) = invite(&founder, &joiner.key_package(Suite::default()));
    joiner.lose(|tx| {
        StagedJoin::open(tx, &welcome)
            .unwrap()
            .accept()
            .map(drop)
            .unwrap()
    });
    assert_eq!(joiner.join(&welcome), id);
}

#[test]
fn a_device_removed_and_added_again_replaces_what_it_had() {
    let room = Room::of(3);
    let back = &room.devices[2];
    let removal = room.commit(
        0,
        Change {
            remove: &[back.id],
            ..Change::default()
        },
    );
    back.follow(room.id, &removal.commit, |s| assert!(s.removes_me));
    let add = [back.key_package(Suite::default())];
    let made = room.devices[1].stage(
        room.id,
        Change {
            add: &add,
            ..Change::default()
        },
    );
    room.devices[1].merge_pending(room.id);
    room.devices[0].follow(room.id, &made.commit, |_| {});
    back.write(|tx| {
        let join = StagedJoin::open(tx, made.welcome.as_ref().unwrap()).unwrap();
        assert!(join.replaces);
        join.accept().unwrap();
    });
    room.exchange();
}

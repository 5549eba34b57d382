use super::support::{Room, staged};
use crate::base::{DeviceId, Secret, SigningKey};
use crate::mls::{Change, Content, Error, Group, Identity, Peek, ProcessError, peek, resync};

#[test]
fn a_device_that_lost_its_state_comes_back_as_itself() {
    let room = Room::of(3);
    let (a, b, lost) = (&room.devices[0], &room.devices[1], &room.devices[2]);
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    let (commit, group_info, seed) = lost.write(|tx| {
        Group::delete(tx, room.id).unwrap();
        let done = resync(tx, &lost.identity(), &info, b"head").unwrap();
        assert_eq!((done.from_epoch, done.group.epoch()), (1, 2));
        (done.commit, done.group_info, done.next_epoch_seed)
    });
    let expected = Peek::Message {
        group: room.id,
        epoch: 1,
        content: Content::Commit,
        public: true,
        authenticated_data: b"head".to_vec(),
    };
    assert_eq!(peek(&commit).unwrap(), expected);
    for device in [a, b] {
        device.follow(room.id, &commit, |s| {
            assert!(s.external && s.added.is_empty() && s.removed.is_empty() && !s.removes_me);
            assert_eq!(
                (s.committer, s.authenticated_data.as_slice()),
                (lost.id, b"head".as_slice())
            );
            assert_eq!(s.next_epoch_seed.as_ref().unwrap(), &seed);
        });
    }
    room.exchange();
    room.update(1);
    room.exchange();
    assert_eq!(
        peek(&group_info).unwrap(),
        Peek::GroupInfo {
            group: room.id,
            epoch: 2
        }
    );
}

#[test]
fn a_resync_works_from_the_group_info_that_a_commit_left_behind() {
    let room = Room::of(3);
    let made = room.update(0);
    let lost = &room.devices[2];
    let commit = lost.write(|tx| {
        resync(tx, &lost.identity(), &made.group_info, b"")
            .unwrap()
            .commit
    });
    for device in &room.devices[..2] {
        device.follow(room.id, &commit, |s| assert!(s.external));
    }
    room.exchange();
}

#[test]
fn a_refused_resync_is_deleted_and_tried_again() {
    let room = Room::of(3);
    let (a, lost) = (&room.devices[0], &room.devices[2]);
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    lost.write(|tx| resync(tx, &lost.identity(), &info, b"").map(drop).unwrap());
    let winner = a.stage(
        room.id,
        Change {
            update: true,
            ..Change::default()
        },
    );
    a.merge_pending(room.id);
    room.devices[1].follow(room.id, &winner.commit, |_| {});
    let commit = lost.write(|tx| {
        Group::delete(tx, room.id).unwrap();
        resync(tx, &lost.identity(), &winner.group_info, b"")
            .unwrap()
            .commit
    });
    for device in &room.devices[..2] {
        device.follow(room.id, &commit, |_| {});
    }
    room.exchange();
}

#[test]
fn an_old_group_info_does_not_take_a_device_back() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let old = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    room.update(0);
    let refused = b.lose(|tx| resync(tx, &b.identity(), &old, b"").map(drop).unwrap_err());
    assert!(matches!(refused, Error::StaleGroupInfo));
    room.exchange();
}

#[test]
fn a_stranger_and_a_changed_key_cannot_resync() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    let key = SigningKey::from_seed(Secret::new([77; 32]));
    for device in [DeviceId::new([77; 16]), b.id] {
        let stranger = Identity { device, key: &key };
        let refused = b.lose(|tx| resync(tx, &stranger, &info, b"").map(drop).unwrap_err());
        assert!(matches!(refused, Error::NoOldLeaf));
    }
    let altered = Identity {
        device: DeviceId::new([77; 16]),
        key: &b.key,
    };
    let refused = b.lose(|tx| resync(tx, &altered, &info, b"").map(|r| r.commit));
    // The key finds its leaf, but under another device id no member admits it.
    let verdict = a.process(room.id, &refused.unwrap_or_default());
    assert!(matches!(
        verdict,
        Err(ProcessError::Unauthorised(_) | ProcessError::Malformed)
    ));
}

#[test]
fn a_second_holder_of_an_identity_is_noticed_by_the_first() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let info = a.on(room.id, |g| g.export_group_info(&a.identity()).unwrap());
    let commit = b.lose(|tx| resync(tx, &b.identity(), &info, b"").unwrap().commit);
    let seen = b.on(room.id, |g| staged(g.process(&commit).unwrap()));
    assert!(seen.external && seen.removes_me && seen.committer == b.id);
}

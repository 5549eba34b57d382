use super::support::Room;
use crate::mls::{Change, Content, Group, Peek, ProcessError, Processed, Suite, peek};

#[test]
fn ten_devices_read_each_other() {
    let room = Room::of(10);
    room.exchange();
    assert_eq!(
        room.devices[9].on(room.id, |g| g.members().unwrap()).len(),
        10
    );
    assert!(room.devices[9].on(room.id, |g| g.contains(room.devices[3].id)));
}

#[test]
fn the_classical_suite_works_where_it_is_asked_for() {
    let room = Room::with_suite(3, Suite::Classical);
    room.exchange();
    room.update(1);
    room.exchange();
    assert_eq!(
        room.devices[0].on(room.id, |g| g.suite().unwrap().code()),
        1
    );
    assert_eq!(Suite::default().code(), 0x004E);
}

#[test]
fn messages_are_read_in_any_order_within_the_tolerance() {
    let room = Room::of(2);
    let sent: Vec<Vec<u8>> = (0..=100u8)
        .map(|n| room.devices[0].send(room.id, &[n]))
        .collect();
    room.devices[1].on(room.id, |g| {
        g.process(&sent[100]).unwrap();
        for (n, message) in sent.iter().enumerate().take(100).skip(1).rev() {
            let Processed::Application { plaintext, .. } = g.process(message).unwrap() else {
                panic!()
            };
            assert_eq!(usize::from(plaintext[0]), n);
        }
        assert!(matches!(
            g.process(&sent[0]),
            Err(ProcessError::TooOld { .. })
        ));
    });
}

#[test]
fn a_late_message_of_three_epochs_ago_is_read_and_one_of_four_is_too_old() {
    let room = Room::of(2);
    let oldest = room.devices[0].send(room.id, b"four ago");
    room.update(0);
    let old = room.devices[0].send(room.id, b"three ago");
    for committer in [1, 0, 1] {
        room.update(committer);
    }
    assert_eq!(room.devices[1].read(room.id, &old).1, b"three ago");
    assert!(matches!(
        room.devices[1].process(room.id, &oldest),
        Err(ProcessError::TooOld { epoch: 1 })
    ));
}

#[test]
fn a_message_processed_before_is_told_as_a_duplicate() {
    let room = Room::of(2);
    let message = room.devices[0].send(room.id, b"once");
    room.devices[1].read(room.id, &message);
    assert!(matches!(
        room.devices[1].process(room.id, &message),
        Err(ProcessError::Duplicate)
    ));
    let next = room.devices[0].send(room.id, b"next");
    assert_eq!(room.devices[1].read(room.id, &next).1, b"next");
}

#[test]
fn the_sender_recognises_its_own_message_and_its_own_commit() {
    let room = Room::of(2);
    let sender = &room.devices[0];
    let message = sender.send(room.id, b"mine");
    let echo = sender.process(room.id, &message).unwrap();
    assert!(matches!(
        echo,
        Processed::OwnEcho {
            epoch: 1,
            commit: false
        }
    ));
    let staged = sender.stage(
        room.id,
        Change {
            update: true,
            ..Change::default()
        },
    );
    let echo = sender.process(room.id, &staged.commit).unwrap();
    assert!(matches!(
        echo,
        Processed::OwnEcho {
            epoch: 1,
            commit: true
        }
    ));
    assert!(sender.on(room.id, |g| g.has_pending()));
}

#[test]
fn a_message_ahead_of_its_commit_is_told_as_future_and_read_afterwards() {
    let room = Room::of(2);
    let staged = room.devices[0].stage(
        room.id,
        Change {
            update: true,
            ..Change::default()
        },
    );
    room.devices[0].merge_pending(room.id);
    let early = room.devices[0].send(room.id, b"early");
    assert!(matches!(
        room.devices[1].process(room.id, &early),
        Err(ProcessError::FutureEpoch { epoch: 2 })
    ));
    room.devices[1].follow(room.id, &staged.commit, |_| {});
    assert_eq!(room.devices[1].read(room.id, &early).1, b"early");
    assert!(matches!(
        room.devices[1].process(room.id, &staged.commit),
        Err(ProcessError::TooOld { epoch: 1 })
    ));
}

#[test]
fn what_a_lost_transaction_read_can_be_read_again() {
    let room = Room::of(2);
    let first = room.devices[0].send(room.id, b"first");
    let second = room.devices[0].send(room.id, b"second");
    for _ in 0..2 {
        room.devices[1].lose(|tx| {
            let mut group = Group::load(tx, room.id).unwrap().unwrap();
            group.process(&first).unwrap();
            group.process(&second).unwrap();
        });
    }
    assert_eq!(room.devices[1].read(room.id, &second).1, b"second");
    assert_eq!(room.devices[1].read(room.id, &first).1, b"first");
}

#[test]
fn many_messages_and_an_error_among_them_fit_in_one_transaction() {
    let room = Room::of(2);
    let mut sent: Vec<Vec<u8>> = (0..20u8)
        .map(|n| room.devices[0].send(room.id, &[n]))
        .collect();
    sent.insert(5, sent[3].clone());
    sent.insert(9, b"junk".to_vec());
    let read = room.devices[1].on(room.id, |g| {
        sent.iter().filter(|m| g.process(m).is_ok()).count()
    });
    assert_eq!(read, 20);
    room.exchange();
}

#[test]
fn the_outside_of_a_message_says_group_epoch_kind_and_authenticated_data() {
    let room = Room::of(2);
    let message = room.devices[0].send(room.id, b"text");
    let seen = |content, authenticated_data: &[u8]| Peek::Message {
        group: room.id,
        epoch: 1,
        content,
        public: false,
        authenticated_data: authenticated_data.to_vec(),
    };
    assert_eq!(peek(&message).unwrap(), seen(Content::Application, b""));
    let add = [super::support::Device::new(9).key_package(Suite::default())];
    let staged = room.devices[0].stage(
        room.id,
        Change {
            add: &add,
            ..Change::default()
        },
    );
    assert_eq!(
        peek(&staged.commit).unwrap(),
        seen(Content::Commit, b"head")
    );
    assert_eq!(peek(&staged.welcome.unwrap()).unwrap(), Peek::Welcome);
    assert_eq!(
        peek(&staged.group_info).unwrap(),
        Peek::GroupInfo {
            group: room.id,
            epoch: 2
        }
    );
    assert_eq!(peek(&add[0]).unwrap(), Peek::KeyPackage);
}

#[test]
fn a_message_for_another_group_is_told_so() {
    let (room, other) = (Room::of(2), Room::of(1));
    let message = room.devices[0].send(room.id, b"here");
    assert!(matches!(
        other.devices[0].process(other.id, &message),
        Err(ProcessError::WrongGroup)
    ));
}

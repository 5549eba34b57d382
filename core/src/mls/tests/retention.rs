use std::time::Duration;

use super::support::{Room, now};
use crate::mls::ProcessError;

const DAY: Duration = Duration::from_hours(24);

#[test]
fn secrets_are_forgotten_seven_days_after_their_epoch_ended_not_after_it_began() {
    let room = Room::of(2);
    let (a, b) = (&room.devices[0], &room.devices[1]);
    let start = now();
    let forget = |days: u32| {
        b.on(room.id, |g| {
            g.forget_old_epochs(start.plus(days * DAY)).unwrap()
        })
    };
    forget(0);
    let [early, late] = [b"early", b"later"].map(|text| a.send(room.id, text));
    let second_epoch = |text: &[u8]| a.send(room.id, text);

    // A quiet month, then a commit: the first epoch has just ended.
    room.update(0);
    forget(30);
    assert_eq!(b.read(room.id, &early).1, b"early");
    let [in_second, also_in_second] = [b"second".as_slice(), b"second too"].map(second_epoch);

    room.update(1);
    forget(36);
    assert_eq!(b.read(room.id, &late).1, b"later");

    // 8 days after the first epoch ended and 2 after the second did.
    forget(38);
    assert!(matches!(
        b.process(room.id, &early),
        Err(ProcessError::TooOld { epoch: 1 })
    ));
    assert_eq!(b.read(room.id, &in_second).1, b"second");

    forget(44);
    assert!(matches!(
        b.process(room.id, &also_in_second),
        Err(ProcessError::TooOld { epoch: 2 })
    ));
    room.exchange();
}

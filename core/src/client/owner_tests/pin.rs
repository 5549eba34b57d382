//! The PIN of a store that the keyring alone opens.

use super::verification::Prompt;
use super::*;

fn pin(text: &str) -> Proof<'static> {
    Proof::Pin(secret(text))
}

fn wait(client: &Client, right: &str) -> Duration {
    match client.verify(pin(right)).unwrap_err().retry() {
        Retry::Later(Some(wait)) => wait,
        other => panic!("{other:?}"),
    }
}

/// A store whose maker has set a PIN, and its clock.
fn with_pin(text: &str) -> (TempDir, Store, Arc<Hands>) {
    let clock = Hands::at(Timestamp::from_millis(1_800_000_000_000));
    let (dir, store) = keyring_only();
    made(&dir, &store, &clock).set_pin(&secret(text)).unwrap();
    (dir, store, clock)
}

#[test]
fn a_pin_proves_the_owner_of_a_keyring_store_and_wrong_ones_wait_longer_each_time() {
    let (dir, store, clock) = with_pin("271828");
    let client = over(&dir, &store, &clock);
    assert!(client.has_pin().unwrap());
    assert_eq!(code(client.verified(Action::Invite)), "verify.needed");
    assert_eq!(code(client.verify(passphrase("x"))), "verify.no_passphrase");
    // Whoever sits there now does not change it.
    assert_eq!(code(client.set_pin(&secret("000000"))), "verify.needed");
    client.verify(pin("271828")).unwrap();
    client.verified(Action::Invite).unwrap();
    assert_eq!(code(client.set_pin(&secret("12345"))), "verify.short_pin");
    client.set_pin(&secret("314159")).unwrap();

    let client = over(&dir, &store, &clock);
    for _ in 0..5 {
        assert_eq!(code(client.verify(pin("271828"))), "verify.wrong");
    }
    assert_eq!(wait(&client, "314159"), 30 * SECOND);
    // Setting the clock ahead shortens nothing for who is at it.
    clock.set(clock.now().plus(DAY));
    assert_eq!(wait(&client, "314159"), 30 * SECOND);
    clock.pass(30 * SECOND);
    assert_eq!(code(client.verify(pin("999999"))), "verify.wrong");
    assert_eq!(wait(&client, "314159"), 60 * SECOND);
    // The count outlives the process.
    let later = over(&dir, &store, &clock);
    assert_eq!(wait(&later, "314159"), 60 * SECOND);
    clock.pass(60 * SECOND);
    later.verify(pin("314159")).unwrap();
    // And begins anew once it was right.
    assert_eq!(code(later.verify(pin("999999"))), "verify.wrong");
    later.verify(pin("314159")).unwrap();
}

#[test]
fn whoever_passes_by_a_device_without_a_pin_sets_none() {
    let clock = Hands::at(Timestamp::from_millis(1_800_000_000_000));
    let (dir, store) = keyring_only();
    let client = over(&dir, &store, &clock);
    assert_eq!(code(client.set_pin(&secret("271828"))), "verify.needed");
    assert_eq!(code(client.verify(pin("271828"))), "verify.no_pin");
    assert!(!client.has_pin().unwrap());
    // The platform knows its user.
    let prompt = Prompt(Presence::Confirmed);
    client.verify(Proof::Presence(&prompt)).unwrap();
    client.set_pin(&secret("271828")).unwrap();
    // And so does the process that has just made the store, for as long as a verification is good.
    let (dir, store) = keyring_only();
    let maker = made(&dir, &store, &clock);
    clock.pass(300 * SECOND);
    assert_eq!(code(maker.set_pin(&secret("271828"))), "verify.needed");
    made(&dir, &store, &clock)
        .set_pin(&secret("271828"))
        .unwrap();
}

#[test]
fn on_a_covered_device_no_pin_is_set() {
    let (desk, client) = Desk::nurse();
    client.inner.guard.watch().brought = Brought::of(&Unlock::Keyring, None);
    desk.clock.pass(300 * SECOND);
    assert_eq!(code(client.set_pin(&secret("271828"))), "session.locked");
    assert!(
        crate::client::pin::read(&client.store().unwrap())
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_pin_that_was_set_in_this_session_proves_nothing_in_it() {
    let (dir, store, clock) = with_pin("271828");
    let client = over(&dir, &store, &clock);
    client.verify(pin("271828")).unwrap();
    client.set_pin(&secret("314159")).unwrap();
    clock.pass(300 * SECOND);
    assert_eq!(code(client.verify(pin("314159"))), "verify.pin_new");
    assert_eq!(code(client.verified(Action::Invite)), "verify.needed");
    over(&dir, &store, &clock).verify(pin("314159")).unwrap();
}

#[test]
fn a_try_that_was_not_judged_takes_only_itself_off_the_count() {
    let (dir, store, clock) = with_pin("271828");
    let slow = over(&dir, &store, &clock);
    let busy = over(&dir, &store, &clock);
    let unjudged = slow.trial(&store, || {
        // While it hangs in a keyring that does not answer, others try.
        for _ in 0..5 {
            assert_eq!(code(busy.verify(pin("000000"))), "verify.wrong");
            clock.pass(60 * SECOND);
        }
        Err(Error::locked())
    });
    assert_eq!(code(unjudged), "store.locked");
    // Five are counted: the sixth is wrong, and then it waits longer than after five.
    assert_eq!(code(busy.verify(pin("000000"))), "verify.wrong");
    assert_eq!(wait(&busy, "271828"), 60 * SECOND);
    // Alone, nothing is left of it.
    let (dir, store, clock) = with_pin("271828");
    let alone = over(&dir, &store, &clock);
    for _ in 0..9 {
        let unjudged = alone.trial(&store, || Err(Error::locked()));
        assert_eq!(code(unjudged), "store.locked");
    }
    alone.verify(pin("271828")).unwrap();
}

/// Wrong tries of processes that live for one try each.
fn wrong(desk: &Desk, tries: u32) {
    for _ in 0..tries {
        let client = desk.open().unwrap();
        assert_eq!(code(client.verify(passphrase("wrong"))), "verify.wrong");
    }
}

fn armed(valid: Duration) -> Desk {
    let (desk, client) = Desk::nurse();
    drop(client);
    desk.arm(Lease::new(desk.clock.now(), valid.as_secs(), 14 * 86_400));
    desk
}

#[test]
fn a_clock_turned_back_during_a_try_shortens_no_wait_of_the_next_process() {
    let desk = armed(3 * DAY);
    wrong(&desk, 4);
    let now = desk.clock.now();
    let client = desk.open().unwrap();
    desk.clock.set(now.minus(2 * HOUR));
    assert_eq!(code(client.verify(passphrase("wrong"))), "verify.wrong");
    drop(client);
    desk.clock.set(now);
    let client = desk.open().unwrap();
    assert_eq!(wait_for_passphrase(&client), 30 * SECOND);
}

#[test]
fn a_clock_turned_ahead_for_a_try_stays_in_the_lease_until_the_lease_ends() {
    let desk = armed(3 * DAY);
    wrong(&desk, 5);
    let now = desk.clock.now();
    let client = desk.open().unwrap();
    assert_eq!(wait_for_passphrase(&client), 30 * SECOND);
    // After the process has opened the store: the leap is noted with the try.
    desk.clock.set(now.plus(DAY));
    assert_eq!(code(client.verify(passphrase("wrong"))), "verify.wrong");
    drop(client);
    assert_eq!(desk.lease().latest_time_seen, now.plus(DAY));
    desk.clock.set(now);
    assert_eq!(code(desk.open()), "lease.clock");
    desk.clock.set(now.plus(2 * DAY));
    wrong(&desk, 1);
    desk.clock.set(now.plus(4 * DAY));
    assert_eq!(code(desk.open()), "lease.stale");
}

#[test]
fn where_the_lease_is_not_good_by_the_clock_a_wait_is_sat_out_by_the_running_clock() {
    let desk = armed(3 * DAY);
    wrong(&desk, 5);
    let client = desk.open().unwrap();
    desk.clock.set(desk.clock.now().plus(30 * DAY));
    assert_eq!(wait_for_passphrase(&client), 30 * SECOND);
    desk.clock.pass(30 * SECOND);
    client.verify(passphrase("correct horse")).unwrap();
}

fn wait_for_passphrase(client: &Client) -> Duration {
    match client.verify(passphrase("correct horse")) {
        Err(error) => match error.retry() {
            Retry::Later(Some(wait)) => wait,
            other => panic!("{other:?}"),
        },
        Ok(()) => panic!("it has to wait"),
    }
}

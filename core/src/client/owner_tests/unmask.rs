//! Clear identifiers of many patients.

use super::*;

fn token(n: u8) -> String {
    format!("token {n}")
}

fn unmasked(desk: &Desk, client: &Client, n: u8) {
    let store = client.store().unwrap();
    store
        .write::<_, StoreError>("unmasked", |tx| {
            let mut record = Record::of(Act::Unmasked, desk.clock.now());
            record.patient = Some(token(n));
            audit::append(tx, &record)
        })
        .unwrap();
}

#[test]
fn the_sixth_patient_within_minutes_asks_for_a_verification() {
    let (desk, client) = Desk::nurse();
    let unmasked = |n: u8| unmasked(&desk, &client, n);
    desk.busy(&client, 300 * SECOND);
    for n in 0..5 {
        client.unmask_allowed(&[token(n)]).unwrap();
        unmasked(n);
    }
    client.unmask_allowed(&[token(4), token(0)]).unwrap();
    assert_eq!(code(client.unmask_allowed(&[token(5)])), "verify.needed");
    client.verify(passphrase("correct horse")).unwrap();
    client.unmask_allowed(&[token(5)]).unwrap();
    // A page of many patients is many at once.
    desk.busy(&client, 2 * HOUR);
    let page: Vec<String> = (10..16).map(token).collect();
    assert_eq!(code(client.unmask_allowed(&page)), "verify.needed");
    client.unmask_allowed(&page[..5]).unwrap();
}

/// Five patients were shown, and the owner's proof is over.
fn five(desk: &Desk, client: &Client) {
    desk.busy(client, 300 * SECOND);
    for n in 0..5 {
        client.unmask_allowed(&[token(n)]).unwrap();
        unmasked(desk, client, n);
    }
}

#[test]
fn a_clock_that_is_turned_shows_no_more_patients_in_the_process_that_showed_some() {
    let (desk, client) = Desk::nurse();
    five(&desk, &client);
    let now = desk.clock.now();
    // Step by step, each too short to end the session, together longer than the window; and back.
    for turned in [
        now.plus(250 * SECOND),
        now.plus(500 * SECOND),
        now.plus(750 * SECOND),
        now.minus(DAY),
    ] {
        desk.clock.set(turned);
        client.touch().unwrap();
        assert_eq!(code(client.unmask_allowed(&[token(5)])), "verify.needed");
    }
    // Ahead of the whole window, where the clock also ends the session: its owner comes back, and shows many.
    desk.clock.set(now.plus(HOUR));
    assert_eq!(code(client.unmask_allowed(&[token(5)])), "session.locked");
    client.verify(passphrase("correct horse")).unwrap();
    desk.busy(&client, 300 * SECOND);
    assert_eq!(code(client.unmask_allowed(&[token(5)])), "verify.needed");
    desk.busy(&client, 300 * SECOND);
    client.unmask_allowed(&[token(5)]).unwrap();
}

#[test]
fn patients_shown_under_a_clock_that_was_set_back_count_by_their_place_in_the_chain() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let now = desk.clock.now();
    let client = desk.open().unwrap();
    desk.clock.set(now.minus(DAY));
    for n in 0..5 {
        unmasked(&desk, &client, n);
    }
    drop(client);
    desk.clock.set(now);
    let client = desk.open().unwrap();
    client.inner.guard.watch().verified = None;
    assert_eq!(code(client.unmask_allowed(&[token(5)])), "verify.needed");
    client.unmask_allowed(&[token(4)]).unwrap();
}

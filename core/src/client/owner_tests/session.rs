//! How long a session lasts.

use super::*;

#[tokio::test]
async fn a_client_that_nobody_uses_shows_nothing_until_its_owner_is_back() {
    let (desk, client) = Desk::nurse();
    let mut events = client.events().unwrap();
    desk.clock.pass(299 * SECOND);
    client.people().unwrap();
    let session = client.session().unwrap();
    assert_eq!(
        (session.left, session.reason),
        (Some(SECOND), Some(LockReason::Idle))
    );
    client.touch().unwrap();
    desk.clock.pass(299 * SECOND);
    client.people().unwrap();
    desk.clock.pass(SECOND);
    assert_eq!(code(client.people()), "session.locked");
    assert_eq!(code(client.conversations()), "session.locked");
    // Using it is no proof.
    assert_eq!(code(client.touch()), "session.locked");
    let told = events.try_recv().unwrap();
    let (reason, closed) = (LockReason::Idle, false);
    assert_eq!(told, Event::Locked { reason, closed });
    assert!(events.try_recv().is_err(), "told once");
    client.verify(passphrase("correct horse")).unwrap();
    client.people().unwrap();
    // However busy: at the latest after twelve hours.
    for _ in 0..12 * 60 * 60 / 240 {
        client.touch().unwrap();
        desk.clock.pass(240 * SECOND);
    }
    assert_eq!(code(client.people()), "session.locked");
    let hidden = client.session().unwrap().hidden;
    assert_eq!(hidden, Some(LockReason::SessionLength));
    client.verify(passphrase("correct horse")).unwrap();
    client.people().unwrap();
}

#[test]
fn where_policy_says_so_a_lock_closes_the_store() {
    let (desk, client) = Desk::with(|mut world, nurse, _| {
        let admin = world.admin.clone();
        let policy = world.roster.policy().unwrap().clone();
        world.ok(&admin, policy.with(Setting::LockMode, Value::Number(1)));
        (world, nurse)
    });
    assert!(client.session().unwrap().closes);
    desk.clock.pass(300 * SECOND);
    assert_eq!(code(client.people()), "store.locked");
    assert_eq!(
        code(client.verify(passphrase("correct horse"))),
        "store.locked"
    );
    desk.open().unwrap().people().unwrap();
}

#[test]
fn an_agent_and_a_places_process_without_a_screen_are_not_locked_for_idleness() {
    let bench = |world: World, _: Device, bench: Device| (world, bench);
    let (desk, client) = Desk::with(bench);
    desk.clock.pass(DAY);
    assert_eq!(code(client.people()), "session.locked");
    let unattended = desk.builder().unattended().open(unlock()).unwrap();
    desk.clock.pass(DAY);
    unattended.people().unwrap();
    let (agent, client) = Desk::with(|mut world, _, bench| {
        let admin = world.admin.clone();
        let grant = crate::roster::kind::RoleGranted {
            holder: bench.owner,
            terms: terms(pack::AGENT, None),
        };
        world.ok(&admin, grant);
        (world, bench)
    });
    agent.clock.pass(DAY);
    client.people().unwrap();
    // A person's device is locked whatever its process says of itself.
    let (desk, _) = Desk::nurse();
    let client = desk.builder().unattended().open(unlock()).unwrap();
    desk.clock.pass(DAY);
    assert_eq!(code(client.people()), "session.locked");
}

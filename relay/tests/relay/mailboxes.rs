//! Mailboxes, sessions and their generations, aliases.

use sotto_wire::{Alias, Bearer, ErrorCode, Generation, MailboxId, mailbox, op, session, signed};

use crate::world::{Device, Key, World, code, message, random};

#[tokio::test]
async fn opening_again_is_no_error_and_another_key_is() {
    let world = World::new().await;
    let mut device = Device::unopened();
    world.call(op::MailboxOpen, &device.open()).await.unwrap();
    world.call(op::MailboxOpen, &device.open()).await.unwrap();
    device.key = Key::new();
    assert_eq!(
        code(world.call(op::MailboxOpen, &device.open()).await),
        ErrorCode::AlreadyExists
    );
}

#[tokio::test]
async fn a_session_compares_and_sets_the_generation() {
    let world = World::new().await;
    let device = world.device().await;
    let (now, next, other) = (
        device.generation,
        Generation::new(random()),
        Generation::new(random()),
    );
    world.start_as(&device, now, next).await.unwrap();
    // The answer was lost: the same step again is the same.
    world.start_as(&device, now, next).await.unwrap();
    // A copy of the store, made before that step, takes another one.
    assert_eq!(
        code(world.start_as(&device, now, other).await),
        ErrorCode::GenerationConflict
    );
    world.start_as(&device, next, other).await.unwrap();
    assert_eq!(
        code(world.start_as(&device, now, next).await),
        ErrorCode::GenerationConflict
    );
}

#[tokio::test]
async fn two_copies_of_one_store_race_and_one_wins() {
    let world = World::new().await;
    let device = world.device().await;
    let starts =
        (0..8).map(|_| world.start_as(&device, device.generation, Generation::new(random())));
    let results = futures_util::future::join_all(starts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in results.into_iter().filter(Result::is_err) {
        assert_eq!(code(refused), ErrorCode::GenerationConflict);
    }
}

#[tokio::test]
async fn only_the_mailbox_key_starts_a_session_and_a_nonce_is_good_once() {
    let world = World::new().await;
    let device = world.device().await;
    let challenge = session::Challenge {
        mailbox: device.mailbox,
    };
    let nonce = world
        .call_bare(op::SessionChallenge, &challenge)
        .await
        .unwrap()
        .nonce;
    let (expect, next) = (device.generation, Generation::new(random()));
    let bytes = signed::session(&nonce, &world.tenant, &device.mailbox, &expect, &next);
    let forged = session::Start {
        mailbox: device.mailbox,
        nonce,
        expect,
        next,
        sig: Key::new().sign(&bytes),
    };
    assert_eq!(
        code(world.call_bare(op::SessionStart, &forged).await),
        ErrorCode::Unauthorized
    );
    let late = session::Start {
        sig: device.key.sign(&bytes),
        ..forged
    };
    assert_eq!(
        code(world.call_bare(op::SessionStart, &late).await),
        ErrorCode::Unauthorized
    );
}

#[tokio::test]
async fn whether_a_mailbox_exists_is_told_only_to_its_owner() {
    let world = World::new().await;
    let challenge = session::Challenge {
        mailbox: MailboxId::new(random()),
    };
    world
        .call_bare(op::SessionChallenge, &challenge)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_new_session_ends_the_earlier_token() {
    let world = World::new().await;
    let mut device = world.device().await;
    let first = device.token.clone().unwrap();
    world.start(&mut device).await.unwrap();
    let create = mailbox::AliasCreate {
        aliases: vec![Alias::new(random())],
    };
    let stale = world
        .client
        .try_call(op::AliasCreate, Some(&world.tenant), Some(&first), &create)
        .await
        .unwrap();
    assert_eq!(code(stale), ErrorCode::SessionExpired);
    world
        .call_as(&device, op::AliasCreate, &create)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_made_up_token_opens_nothing() {
    let world = World::new().await;
    let mut device = world.device().await;
    device.token = Some(Bearer::new(random()));
    let create = mailbox::AliasCreate {
        aliases: vec![Alias::new(random())],
    };
    assert_eq!(
        code(world.call_as(&device, op::AliasCreate, &create).await),
        ErrorCode::SessionExpired
    );
    assert!(
        world
            .client
            .live(&world.tenant, device.token.as_ref().unwrap())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_alias_belongs_to_one_mailbox_and_all_or_none_are_made() {
    let world = World::new().await;
    let (one, two) = (world.device().await, world.device().await);
    let fresh = Alias::new(random());
    world.alias(&one, one.alias).await;
    let taken = mailbox::AliasCreate {
        aliases: vec![fresh, one.alias],
    };
    assert_eq!(
        code(world.call_as(&two, op::AliasCreate, &taken).await),
        ErrorCode::AlreadyExists
    );
    let queued = world.submit(&message(b"x", &[fresh])).await.unwrap();
    assert_eq!(queued.refused.len(), 1);
}

#[tokio::test]
async fn what_waits_behind_a_dropped_alias_stays_and_nothing_new_comes() {
    let world = World::new().await;
    let device = world.device().await;
    world
        .submit(&message(b"before", &[device.alias]))
        .await
        .unwrap();
    let drop = mailbox::AliasDrop {
        aliases: vec![device.alias, Alias::new(random())],
    };
    world.call_as(&device, op::AliasDrop, &drop).await.unwrap();
    assert_eq!(
        world
            .submit(&message(b"after", &[device.alias]))
            .await
            .unwrap()
            .refused
            .len(),
        1
    );
    let entries = world.fetch(&device).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].alias, device.alias);
    world.ack(&device, vec![entries[0].seq], Vec::new()).await;
    world.alias(&device, device.alias).await;
    assert!(
        world
            .submit(&message(b"again", &[device.alias]))
            .await
            .unwrap()
            .refused
            .is_empty()
    );
}

#[tokio::test]
async fn a_second_session_is_told_that_the_first_is_in_use() {
    let world = World::new().await;
    let mut device = world.device().await;
    assert!(!world.start(&mut device).await.unwrap().other_live);
    let mut live = world.live(&device).await;
    assert!(world.start(&mut device).await.unwrap().other_live);
    let last = live.next().await;
    assert_eq!(
        last,
        Some(sotto_wire::live::ServerFrame::Closed(
            ErrorCode::SessionExpired
        ))
    );
}

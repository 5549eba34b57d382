//! Wipe channels: an order comes with its rotation or not at all, reaches whoever holds the key and nobody else, and
//! nothing of it is lost.

pub(crate) mod bench;
mod limits;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sotto_wire::channel::{Certify, OrderState};
use sotto_wire::{Bearer, ErrorCode, LimitKind, Position, TenantId, op, signed};

use self::bench::{Channel, lay, rotation};
use crate::process::{Relay, run};
use crate::world::{Key, World, code, random, sealed, verified};

#[tokio::test]
async fn an_order_is_laid_with_its_rotation_or_not_at_all() {
    let world = World::new().await;
    let device = world.device().await;
    let channel = Channel::new();
    channel.open(&world, Some(b"share")).await.unwrap();
    let good = rotation(&world, 0, &[(&channel, b"order")], &[device.alias]);
    let mut stranger = good.clone();
    stranger.admin_capability = Bearer::new(random());
    let mut late = good.clone();
    late.expect = Position(7);
    let mut twice = good.clone();
    twice
        .orders
        .as_mut()
        .unwrap()
        .push(good.orders.clone().unwrap().remove(0));
    for (failing, expected) in [
        (stranger, ErrorCode::Unauthorized),
        (late, ErrorCode::PositionConflict),
        (twice, ErrorCode::BadRequest),
    ] {
        let refused = world.call(op::RosterRotate, &failing).await;
        assert_eq!(code(refused), expected);
        assert_eq!(channel.state(&world).await.state, OrderState::None);
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!((polled.order, polled.share), (None, Some(sealed(b"share"))));
    }
    world.call(op::RosterRotate, &good).await.unwrap();
    assert!(matches!(
        channel.state(&world).await.state,
        OrderState::Ordered(_)
    ));
    let polled = channel.poll(&world, 55).await.unwrap();
    assert_eq!((polled.order, polled.share), (Some(sealed(b"order")), None));
    let time = polled.time;
    let key = world.relay().signing_key;
    assert!(verified(&key, &signed::time(time.time), &time.sig));
    let fetched = channel.state(&world).await.state;
    assert!(matches!(fetched, OrderState::Fetched(_)));
    // The answer was lost: the same rotation again lays nothing anew, and a later poll does not move the time.
    world.call(op::RosterRotate, &good).await.unwrap();
    channel.poll(&world, 0).await.unwrap();
    assert_eq!(channel.state(&world).await.state, fetched);
}

#[tokio::test]
async fn a_share_is_gone_from_the_database_once_the_order_stands() {
    let world = World::new().await;
    let channel = Channel::new();
    let share: [u8; 128] = random();
    channel.open(&world, Some(&share)).await.unwrap();
    Channel::new()
        .open(&world, Some(&random::<128>()))
        .await
        .unwrap();
    let kept = |world: &World| {
        let copy = world.folder.path().join("copy");
        let data = world.data();
        let (good, _, err) = run(&[
            "backup".as_ref(),
            copy.as_os_str(),
            "--data".as_ref(),
            data.as_os_str(),
        ]);
        assert!(good, "{err}");
        let bytes = std::fs::read(copy.join("relay.db")).unwrap();
        std::fs::remove_dir_all(copy).unwrap();
        // Half of it would be too much.
        bytes.windows(64).any(|window| share.ends_with(window))
    };
    assert!(kept(&world));
    lay(&world, 0, &channel, b"order").await;
    assert!(!kept(&world));
}

#[tokio::test]
async fn the_share_of_a_device_that_is_only_excluded_is_gone_with_the_rotation() {
    let world = World::new().await;
    let (excluded, unopened, ordered) = (Channel::new(), Channel::new(), Channel::new());
    for channel in [&excluded, &ordered] {
        channel.open(&world, Some(b"share")).await.unwrap();
    }
    let mut rotate = rotation(&world, 0, &[(&ordered, b"order")], &[]);
    rotate.refuse = Some(vec![excluded.key(), unopened.key(), ordered.key()]);
    let mut twice = rotate.clone();
    twice.refuse.as_mut().unwrap().push(excluded.key());
    let refused = world.call(op::RosterRotate, &twice).await;
    assert_eq!(code(refused), ErrorCode::BadRequest);
    let polled = excluded.poll(&world, 0).await.unwrap();
    assert_eq!(polled.share, Some(sealed(b"share")));
    world.call(op::RosterRotate, &rotate).await.unwrap();
    for channel in [&excluded, &unopened] {
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!((polled.order, polled.share), (None, None));
        assert_eq!(channel.state(&world).await.state, OrderState::Ended);
        assert_eq!(
            code(channel.open(&world, Some(b"again")).await),
            ErrorCode::ChannelClosed
        );
    }
    let polled = ordered.poll(&world, 0).await.unwrap();
    assert_eq!(
        polled.order,
        Some(sealed(b"order")),
        "beside an order nothing changes"
    );
    // What was only excluded can still be ordered to wipe itself.
    lay(&world, 2, &excluded, b"order").await;
    let polled = excluded.poll(&world, 0).await.unwrap();
    assert_eq!(polled.order, Some(sealed(b"order")));
}

#[tokio::test]
async fn an_order_that_nobody_certified_is_not_done() {
    let world = World::new().await;
    let (certified, fetched) = (Channel::new(), Channel::new());
    let orders: [(&Channel, &[u8]); 2] = [(&certified, b"one"), (&fetched, b"two")];
    let rotate = rotation(&world, 0, &orders, &[]);
    world.call(op::RosterRotate, &rotate).await.unwrap();
    certified.certify(&world, b"certificate").await.unwrap();
    fetched.poll(&world, 0).await.unwrap();
    assert_eq!(
        code(fetched.done(&world, &world.admin).await),
        ErrorCode::BadRequest
    );
    let polled = fetched.poll(&world, 0).await.unwrap();
    assert_eq!(polled.order, Some(sealed(b"two")));
    certified.done(&world, &world.admin).await.unwrap();
    certified.done(&world, &world.admin).await.unwrap();
    assert_eq!(certified.state(&world).await.state, OrderState::Ended);
}

#[tokio::test]
async fn nobody_without_the_key_polls_certifies_or_opens() {
    let world = World::new().await;
    let channel = Channel::new();
    channel.open(&world, Some(b"share")).await.unwrap();
    lay(&world, 0, &Channel::new(), b"another's order").await;
    let thief = Key::new();
    let mut forged = channel.polling(&world, 0).await;
    forged.sig = thief.sign(&signed::channel_poll(
        &forged.nonce,
        &world.tenant,
        &channel.key(),
    ));
    assert_eq!(
        code(world.call_bare(op::ChannelPoll, &forged).await),
        ErrorCode::Unauthorized
    );
    // A nonce is good once, also where it was used badly, and only for its channel.
    let good = channel.polling(&world, 0).await;
    world.call_bare(op::ChannelPoll, &good).await.unwrap();
    assert_eq!(
        code(world.call_bare(op::ChannelPoll, &good).await),
        ErrorCode::Unauthorized
    );
    let mut borrowed = channel.polling(&world, 0).await;
    borrowed.nonce = Channel::new().challenge(&world).await.unwrap().nonce;
    borrowed.sig = channel.0.sign(&signed::channel_poll(
        &borrowed.nonce,
        &world.tenant,
        &channel.key(),
    ));
    assert_eq!(
        code(world.call_bare(op::ChannelPoll, &borrowed).await),
        ErrorCode::Unauthorized
    );
    let elsewhere = TenantId::new(random());
    let poll = channel.polling(&world, 0).await;
    let elsewhere = world
        .client
        .try_call(op::ChannelPoll, Some(&elsewhere), None, &poll)
        .await;
    assert_eq!(code(elsewhere.unwrap()), ErrorCode::Unauthorized);
    // A signature for one certificate is none for another.
    let signed_for = channel.certificate(&world, sealed(b"one")).await;
    let other = Certify {
        certificate: sealed(b"two"),
        ..signed_for
    };
    assert_eq!(
        code(world.call_bare(op::ChannelCertify, &other).await),
        ErrorCode::Unauthorized
    );
    // A colleague holds the bearer and knows the key; the share is still the device's own.
    let mut colleague = channel.opening(&world, Some(b"another share")).await;
    colleague.sig = thief.sign(&signed::channel_open(
        &world.tenant,
        &channel.key(),
        colleague.share.as_ref(),
        colleague.at,
    ));
    assert_eq!(
        code(world.call(op::ChannelOpen, &colleague).await),
        ErrorCode::Unauthorized
    );
    let open = channel.opening(&world, None).await;
    assert_eq!(
        code(world.call_bare(op::ChannelOpen, &open).await),
        ErrorCode::Unauthorized
    );
    let polled = channel.poll(&world, 0).await.unwrap();
    assert_eq!((polled.order, polled.share), (None, Some(sealed(b"share"))));
    assert_eq!(
        code(Channel::new().poll(&world, 55).await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn a_channel_opens_again_until_an_order_was_laid_and_never_after() {
    let world = World::new().await;
    let channel = Channel::new();
    channel.open(&world, Some(b"first")).await.unwrap();
    channel.open(&world, Some(b"first")).await.unwrap();
    channel.open(&world, None).await.unwrap();
    let share = |polled: sotto_wire::channel::Polled| polled.share;
    assert_eq!(
        share(channel.poll(&world, 0).await.unwrap()),
        Some(sealed(b"first"))
    );
    channel.open(&world, Some(b"second")).await.unwrap();
    assert_eq!(
        share(channel.poll(&world, 0).await.unwrap()),
        Some(sealed(b"second"))
    );
    // An order needs no open channel.
    let unopened = Channel::new();
    let orders: [(&Channel, &[u8]); 2] = [(&channel, b"one"), (&unopened, b"two")];
    let rotate = rotation(&world, 0, &orders, &[]);
    world.call(op::RosterRotate, &rotate).await.unwrap();
    for (channel, order) in orders {
        assert_eq!(
            code(channel.open(&world, Some(b"again")).await),
            ErrorCode::ChannelClosed
        );
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!((polled.order, polled.share), (Some(sealed(order)), None));
        channel.certify(&world, b"certificate").await.unwrap();
        channel.done(&world, &world.admin).await.unwrap();
        assert_eq!(
            code(channel.open(&world, None).await),
            ErrorCode::ChannelClosed
        );
        let polled = channel.poll(&world, 0).await.unwrap();
        assert_eq!((polled.order, polled.share), (None, None));
    }
    // A revocation may be followed by a wipe, and the newer order is the one that stands.
    lay(&world, 2, &channel, b"newer").await;
    lay(&world, 4, &channel, b"newest").await;
    let polled = channel.poll(&world, 0).await.unwrap();
    assert_eq!(polled.order, Some(sealed(b"newest")));
}

#[tokio::test]
async fn a_rotation_wakes_whoever_waits_and_so_many_may() {
    let world = World::new().await;
    let channel = Channel::new();
    channel.open(&world, Some(b"share")).await.unwrap();
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(channel.polling(&world, 55).await);
    }
    let mut waiting: FuturesUnordered<_> = polls
        .iter()
        .map(|poll| world.call_bare(op::ChannelPoll, poll))
        .collect();
    // The first answer is a refusal: four wait, and there is no place for a fifth.
    let refused = waiting.next().await.unwrap();
    limits::over_quota(refused, LimitKind::Polls, 4);
    lay(&world, 0, &channel, b"order").await;
    while let Some(polled) = waiting.next().await {
        assert_eq!(polled.unwrap().order, Some(sealed(b"order")));
    }
}

#[tokio::test]
async fn a_stop_ends_whoever_waits_and_tells_when_to_come_again() {
    let mut world = World::new().await;
    let channel = Channel::new();
    channel.open(&world, None).await.unwrap();
    let mut polls = Vec::new();
    for _ in 0..5 {
        polls.push(channel.polling(&world, 55).await);
    }
    let (client, tenant) = (world.client.clone(), world.tenant);
    let mut waiting: FuturesUnordered<_> = polls
        .iter()
        .map(|poll| client.try_call(op::ChannelPoll, Some(&tenant), None, poll))
        .collect();
    waiting.next().await.unwrap();
    let relay = world.take_relay();
    let stop = tokio::task::spawn_blocking(move || Relay::terminate(relay));
    while let Some(polled) = waiting.next().await {
        let refused = polled.unwrap().unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unavailable);
        assert!(refused.retry_after_ms.is_some());
    }
    assert!(stop.await.unwrap().success());
}

#[tokio::test]
async fn certificates_are_kept_under_the_order_until_it_is_done() {
    let world = World::new().await;
    let channel = Channel::new();
    assert_eq!(
        code(channel.certify(&world, b"early").await),
        ErrorCode::NotFound
    );
    channel.open(&world, None).await.unwrap();
    assert_eq!(
        code(channel.certify(&world, b"early").await),
        ErrorCode::NotFound
    );
    lay(&world, 0, &channel, b"order").await;
    for certificate in [b"1", b"2", b"2", b"1", b"3", b"4"] {
        channel.certify(&world, certificate).await.unwrap();
    }
    limits::over_quota(
        channel.certify(&world, b"5").await,
        LimitKind::Certificates,
        4,
    );
    channel.certify(&world, b"4").await.unwrap();
    let kept = [b"1", b"2", b"3", b"4"].map(|one| sealed(one));
    assert_eq!(channel.state(&world).await.certificates, kept);
    assert_eq!(
        code(channel.done(&world, &Bearer::new(random())).await),
        ErrorCode::Unauthorized
    );
    assert_eq!(channel.state(&world).await.certificates, kept);
    for _ in 0..2 {
        channel.done(&world, &world.admin).await.unwrap();
    }
    let state = channel.state(&world).await;
    assert_eq!(
        (state.state, state.certificates),
        (OrderState::Ended, vec![])
    );
    assert_eq!(
        code(channel.certify(&world, b"1").await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn orders_shares_and_certificates_survive_a_kill_a_backup_and_a_restore() {
    let mut world = World::new().await;
    let (ordered, open, ended) = (Channel::new(), Channel::new(), Channel::new());
    open.open(&world, Some(b"share")).await.unwrap();
    let orders: [(&Channel, &[u8]); 2] = [(&ordered, b"order"), (&ended, b"over")];
    let rotate = rotation(&world, 0, &orders, &[]);
    world.call(op::RosterRotate, &rotate).await.unwrap();
    ended.certify(&world, b"certificate").await.unwrap();
    ended.done(&world, &world.admin).await.unwrap();
    ordered.poll(&world, 0).await.unwrap();
    ordered.certify(&world, b"certificate").await.unwrap();
    let before = ordered.state(&world).await;
    let command = |words: &[&str], world: &World| {
        let data = world.data();
        let mut words: Vec<&std::ffi::OsStr> = words.iter().map(AsRef::as_ref).collect();
        words.extend(["--data".as_ref(), data.as_os_str()]);
        let (good, out, err) = run(&words);
        assert!(good, "{out}{err}");
    };
    let copy = world.folder.path().join("copy");
    let copy = copy.to_str().unwrap();
    command(&["backup", copy], &world);
    for restored in [false, true] {
        world.take_relay().kill();
        if restored {
            std::fs::remove_dir_all(world.data()).unwrap();
            command(&["restore", copy], &world);
        }
        command(&["check"], &world);
        world.restart(&[], &[]);
        assert_eq!(ordered.state(&world).await, before);
        assert_eq!(ended.state(&world).await.state, OrderState::Ended);
        assert_eq!(
            code(ended.open(&world, None).await),
            ErrorCode::ChannelClosed
        );
        let polled = ordered.poll(&world, 0).await.unwrap();
        assert_eq!(polled.order, Some(sealed(b"order")));
        let polled = open.poll(&world, 0).await.unwrap();
        assert_eq!(polled.share, Some(sealed(b"share")));
    }
}

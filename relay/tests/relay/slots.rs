//! One commit per epoch.

use sotto_wire::slot::{Advance, AdvanceAuth, AdvanceBody, Create, Post, Read};
use sotto_wire::submit::{Class, Delivery};
use sotto_wire::{
    Alias, Detail, Epoch, ErrorCode, IdempotencyId, RelayTime, SlotId, WireError, limits, op,
    session, signed, slot,
};

use crate::client::sha256;
use crate::world::{Device, Key, World, code, random, sealed, verified};

struct Group {
    slot: SlotId,
    epoch_key: Key,
    resync_key: Key,
}

impl Group {
    async fn new(world: &World) -> Self {
        let group = Self {
            slot: SlotId::new(random()),
            epoch_key: Key::new(),
            resync_key: Key::new(),
        };
        world.call(op::SlotCreate, &group.create()).await.unwrap();
        group
    }

    fn create(&self) -> Create {
        Create {
            slot: self.slot,
            epoch: Epoch(5),
            epoch_key: self.epoch_key.public(),
            resync_key: self.resync_key.public(),
            group_info: sealed(b"info 5"),
        }
    }

    fn body(&self, from: u64, next: &Key, to: &[Alias]) -> AdvanceBody {
        let deliveries = to
            .iter()
            .map(|alias| Delivery {
                alias: *alias,
                receipt: None,
            })
            .collect();
        AdvanceBody {
            idempotency: IdempotencyId::new(random()),
            slot: self.slot,
            from_epoch: Epoch(from),
            next_epoch_key: next.public(),
            next_resync_key: None,
            group_info: sealed(format!("info {}", from + 1).as_bytes()),
            posts: vec![Post {
                payload: sealed(format!("commit {from}").as_bytes()),
                deliveries,
            }],
            class: Class::Routine,
            ttl_s: 3_600,
        }
    }

    async fn read(&self, world: &World, since: u64) -> Result<slot::Slot, WireError> {
        let at = now(world).await;
        let sig = self.resync_key.sign(&signed::slot_read(
            &world.tenant,
            &self.slot,
            Epoch(since),
            at,
        ));
        let read = Read {
            slot: self.slot,
            since: Epoch(since),
            at,
            sig,
            group_info: true,
        };
        world.call(op::SlotRead, &read).await
    }
}

async fn now(world: &World) -> RelayTime {
    let challenge = session::Challenge {
        mailbox: sotto_wire::MailboxId::new(random()),
    };
    world
        .call_bare(op::SessionChallenge, &challenge)
        .await
        .unwrap()
        .time
}

fn by_epoch(world: &World, key: &Key, body: AdvanceBody) -> Advance {
    let auth = AdvanceAuth::EpochKey(key.sign(&signed::slot_advance(&world.tenant, &body)));
    Advance { body, auth }
}

fn by_resync(world: &World, key: &Key, body: AdvanceBody) -> Advance {
    let auth = AdvanceAuth::ResyncKey(key.sign(&signed::slot_advance(&world.tenant, &body)));
    Advance { body, auth }
}

fn commits(slot: &slot::Slot) -> Vec<(u64, &[u8])> {
    slot.commits
        .iter()
        .map(|one| (one.epoch.0, one.payload.as_bytes()))
        .collect()
}

#[tokio::test]
async fn a_slot_is_made_once() {
    let world = World::new().await;
    let group = Group::new(&world).await;
    world.call(op::SlotCreate, &group.create()).await.unwrap();
    let mut other = group.create();
    other.group_info = sealed(b"other");
    assert_eq!(
        code(world.call(op::SlotCreate, &other).await),
        ErrorCode::AlreadyExists
    );
}

#[tokio::test]
async fn a_commit_opens_the_next_epoch_and_everything_comes_with_it() {
    let world = World::new().await;
    let (member, joiner) = (world.device().await, world.device().await);
    let group = Group::new(&world).await;
    let next = Key::new();
    let mut body = group.body(5, &next, &[member.alias, Alias::new(random())]);
    let deliveries = vec![Delivery {
        alias: joiner.alias,
        receipt: None,
    }];
    body.posts.push(Post {
        payload: sealed(b"welcome"),
        deliveries,
    });
    let advance = by_epoch(&world, &group.epoch_key, body);
    let advanced = world.call(op::SlotAdvance, &advance).await.unwrap();
    assert_eq!(
        advanced
            .refused
            .iter()
            .map(|one| one.index)
            .collect::<Vec<_>>(),
        [1]
    );
    let bytes = signed::queued(
        &advance.body.idempotency,
        &sha256(b"commit 5"),
        advanced.time,
    );
    assert!(verified(&world.relay().signing_key, &bytes, &advanced.sig));
    assert_eq!(
        world.fetch(&member).await[0].payload.as_bytes(),
        b"commit 5"
    );
    assert_eq!(world.fetch(&joiner).await[0].payload.as_bytes(), b"welcome");
    let slot = group.read(&world, 5).await.unwrap();
    assert_eq!(
        (slot.epoch, slot.group_info.as_ref().unwrap().as_bytes()),
        (Epoch(6), b"info 6".as_slice())
    );
    assert_eq!(commits(&slot), [(5, b"commit 5".as_slice())]);
    // A lost answer is asked for again, also after others went on.
    let later = by_epoch(&world, &next, group.body(6, &Key::new(), &[]));
    world.call(op::SlotAdvance, &later).await.unwrap();
    assert_eq!(
        world.call(op::SlotAdvance, &advance).await.unwrap(),
        advanced
    );
    assert_eq!(world.fetch(&member).await.len(), 1);
}

#[tokio::test]
async fn eight_race_for_each_epoch_and_one_wins() {
    let world = World::new().await;
    let member = world.device().await;
    let group = Group::new(&world).await;
    let mut current = group.epoch_key;
    let group = Group {
        epoch_key: Key::new(),
        ..group
    };
    for epoch in 5..15 {
        let nexts: Vec<Key> = (0..8).map(|_| Key::new()).collect();
        let advances: Vec<Advance> = nexts
            .iter()
            .map(|next| by_epoch(&world, &current, group.body(epoch, next, &[member.alias])))
            .collect();
        let results = futures_util::future::join_all(
            advances
                .iter()
                .map(|advance| world.call(op::SlotAdvance, advance)),
        )
        .await;
        let winners: Vec<usize> = (0..8).filter(|n| results[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1);
        for refused in results.into_iter().filter_map(Result::err) {
            let expected =
                WireError::detailed(ErrorCode::EpochConflict, Detail::Epoch(Epoch(epoch + 1)));
            assert_eq!(refused, expected);
        }
        current = nexts.into_iter().nth(winners[0]).unwrap();
    }
    assert_eq!(world.fetch(&member).await.len(), 10);
}

#[tokio::test]
async fn only_the_keys_of_the_epoch_and_of_resync_advance() {
    let world = World::new().await;
    let group = Group::new(&world).await;
    let next = Key::new();
    let forged = by_epoch(&world, &Key::new(), group.body(5, &next, &[]));
    assert_eq!(
        code(world.call(op::SlotAdvance, &forged).await),
        ErrorCode::Unauthorized
    );
    let mixed = by_epoch(&world, &group.resync_key, group.body(5, &next, &[]));
    assert_eq!(
        code(world.call(op::SlotAdvance, &mixed).await),
        ErrorCode::Unauthorized
    );
    let mut altered = by_epoch(&world, &group.epoch_key, group.body(5, &next, &[]));
    altered.body.group_info = sealed(b"altered");
    assert_eq!(
        code(world.call(op::SlotAdvance, &altered).await),
        ErrorCode::Unauthorized
    );
    world
        .call(
            op::SlotAdvance,
            &by_resync(&world, &group.resync_key, group.body(5, &next, &[])),
        )
        .await
        .unwrap();
    // The key of an epoch that is over is good for nothing.
    let over = by_epoch(&world, &group.epoch_key, group.body(6, &Key::new(), &[]));
    assert_eq!(
        code(world.call(op::SlotAdvance, &over).await),
        ErrorCode::Unauthorized
    );
}

#[tokio::test]
async fn the_resync_key_can_be_replaced() {
    let world = World::new().await;
    let group = Group::new(&world).await;
    let (next, resync) = (Key::new(), Key::new());
    let mut body = group.body(5, &next, &[]);
    body.next_resync_key = Some(resync.public());
    world
        .call(op::SlotAdvance, &by_epoch(&world, &group.epoch_key, body))
        .await
        .unwrap();
    assert_eq!(code(group.read(&world, 5).await), ErrorCode::Unauthorized);
    let group = Group {
        resync_key: resync,
        ..group
    };
    group.read(&world, 5).await.unwrap();
    world
        .call(
            op::SlotAdvance,
            &by_resync(&world, &group.resync_key, group.body(6, &next, &[])),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_slot_is_read_by_its_resync_key_and_about_now() {
    let world = World::new().await;
    let group = Group::new(&world).await;
    let stranger = Group {
        slot: group.slot,
        epoch_key: Key::new(),
        resync_key: Key::new(),
    };
    assert_eq!(
        code(stranger.read(&world, 0).await),
        ErrorCode::Unauthorized
    );
    for off in [
        -limits::SIGNED_AT_WINDOW_MS - 60_000,
        limits::SIGNED_AT_WINDOW_MS + 60_000,
    ] {
        let at = RelayTime(now(&world).await.0 + off);
        let sig =
            group
                .resync_key
                .sign(&signed::slot_read(&world.tenant, &group.slot, Epoch(0), at));
        let read = Read {
            slot: group.slot,
            since: Epoch(0),
            at,
            sig,
            group_info: false,
        };
        assert_eq!(
            code(world.call(op::SlotRead, &read).await),
            ErrorCode::Unauthorized
        );
    }
    let unknown = Group {
        slot: SlotId::new(random()),
        ..group
    };
    assert_eq!(code(unknown.read(&world, 0).await), ErrorCode::NotFound);
}

#[tokio::test]
async fn the_last_commits_are_kept_and_older_ones_go() {
    let world = World::new().await;
    let group = Group::new(&world).await;
    let n = limits::COMMITS_KEPT as u64 + 3;
    for epoch in 5..5 + n {
        let body = group.body(epoch, &Key::new(), &[]);
        world
            .call(op::SlotAdvance, &by_resync(&world, &group.resync_key, body))
            .await
            .unwrap();
    }
    let slot = group.read(&world, 0).await.unwrap();
    assert_eq!(
        (slot.commits.len(), slot.commits[0].epoch),
        (limits::COMMITS_KEPT, Epoch(8))
    );
    assert_eq!(
        commits(&group.read(&world, 5 + n - 1).await.unwrap()).len(),
        1
    );
}

#[tokio::test]
async fn a_commit_outlives_the_entries_that_carried_it() {
    let world = World::new().await;
    let member: Device = world.device().await;
    let group = Group::new(&world).await;
    let advance = by_epoch(
        &world,
        &group.epoch_key,
        group.body(5, &Key::new(), &[member.alias]),
    );
    world.call(op::SlotAdvance, &advance).await.unwrap();
    let entry = world.fetch(&member).await.remove(0);
    world.ack(&member, vec![entry.seq], Vec::new()).await;
    assert_eq!(
        commits(&group.read(&world, 5).await.unwrap()),
        [(5, b"commit 5".as_slice())]
    );
}

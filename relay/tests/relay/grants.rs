//! The rendezvous of an invitation.

use std::time::Duration;

use sotto_wire::grant::{Answer, Create, Drop, Poll, Request, Status, Take};
use sotto_wire::{
    Alias, Bearer, ErrorCode, GrantId, RelayTime, WireError, grant, op, session, signed,
};

use crate::client::sha256;
use crate::world::{Key, World, code, random, sealed};

struct Invitation {
    grant: GrantId,
    token: Bearer,
}

impl Invitation {
    fn create(&self, notify: Option<Alias>) -> Create {
        Create {
            grant: self.grant,
            take_hash: sha256(self.token.expose()),
            offer: sealed(b"roster key"),
            expires_s: 3_600,
            notify,
        }
    }

    fn take(&self, world: &World, taker: &Key) -> Take {
        let sig = taker.sign(&signed::grant_take(
            &world.tenant,
            &self.grant,
            &taker.public(),
        ));
        Take {
            grant: self.grant,
            token: self.token.clone(),
            taker: taker.public(),
            sig,
        }
    }

    fn request(&self, world: &World, taker: &Key, body: &[u8]) -> Request {
        let sig = taker.sign(&signed::grant_request(
            &world.tenant,
            &self.grant,
            &sealed(body),
        ));
        Request {
            grant: self.grant,
            request: sealed(body),
            sig,
        }
    }

    async fn poll(
        &self,
        world: &World,
        taker: &Key,
        wait_ms: u32,
    ) -> Result<grant::Polled, WireError> {
        let challenge = session::Challenge {
            mailbox: sotto_wire::MailboxId::new(random()),
        };
        let at: RelayTime = world
            .call_bare(op::SessionChallenge, &challenge)
            .await
            .unwrap()
            .time;
        let sig = taker.sign(&signed::grant_poll(&world.tenant, &self.grant, at));
        world
            .call_bare(
                op::GrantPoll,
                &Poll {
                    grant: self.grant,
                    at,
                    wait_ms,
                    sig,
                },
            )
            .await
    }
}

fn invitation() -> Invitation {
    Invitation {
        grant: GrantId::new(random()),
        token: Bearer::new(random()),
    }
}

#[tokio::test]
async fn an_offer_is_taken_by_one_key_and_by_that_key_again() {
    let world = World::new().await;
    let (invitation, taker, other) = (invitation(), Key::new(), Key::new());
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    let taken = world
        .call_bare(op::GrantTake, &invitation.take(&world, &taker))
        .await
        .unwrap();
    assert_eq!(taken.offer.as_bytes(), b"roster key");
    assert_eq!(
        world
            .call_bare(op::GrantTake, &invitation.take(&world, &taker))
            .await
            .unwrap(),
        taken
    );
    let late = world
        .call_bare(op::GrantTake, &invitation.take(&world, &other))
        .await;
    assert_eq!(code(late), ErrorCode::GrantTaken);
    let status = world
        .call(
            op::GrantStatus,
            &Status {
                grant: invitation.grant,
            },
        )
        .await
        .unwrap();
    assert_eq!(status.taker, Some(taker.public()));
}

#[tokio::test]
async fn of_many_takers_at_once_one_is_bound() {
    let world = World::new().await;
    let invitation = invitation();
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    let takes: Vec<Take> = (0..8)
        .map(|_| invitation.take(&world, &Key::new()))
        .collect();
    let results = futures_util::future::join_all(
        takes
            .iter()
            .map(|take| world.call_bare(op::GrantTake, take)),
    )
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .into_iter()
            .filter_map(Result::err)
            .all(|error| error.code == ErrorCode::GrantTaken)
    );
}

#[tokio::test]
async fn the_take_token_and_the_signature_are_both_asked_for() {
    let world = World::new().await;
    let (invitation, taker) = (invitation(), Key::new());
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    let guess = Invitation {
        grant: invitation.grant,
        token: Bearer::new(random()),
    };
    let guessed = world
        .call_bare(op::GrantTake, &guess.take(&world, &taker))
        .await;
    assert_eq!(code(guessed), ErrorCode::Unauthorized);
    let mut foreign = invitation.take(&world, &taker);
    foreign.taker = Key::new().public();
    assert_eq!(
        code(world.call_bare(op::GrantTake, &foreign).await),
        ErrorCode::Unauthorized
    );
    assert_eq!(
        code(invitation.poll(&world, &taker, 0).await),
        ErrorCode::Unauthorized
    );
}

#[tokio::test]
async fn a_request_reaches_the_inviter_and_the_answer_comes_back() {
    let world = World::new().await;
    let admin = world.device().await;
    let (invitation, taker) = (invitation(), Key::new());
    world
        .call(op::GrantCreate, &invitation.create(Some(admin.alias)))
        .await
        .unwrap();
    let early = invitation.request(&world, &taker, b"let me in");
    assert_eq!(
        code(world.call_bare(op::GrantRequest, &early).await),
        ErrorCode::Unauthorized
    );
    world
        .call_bare(op::GrantTake, &invitation.take(&world, &taker))
        .await
        .unwrap();
    let request = invitation.request(&world, &taker, b"let me in");
    world.call_bare(op::GrantRequest, &request).await.unwrap();
    world.call_bare(op::GrantRequest, &request).await.unwrap();
    let second = invitation.request(&world, &taker, b"something else");
    assert_eq!(
        code(world.call_bare(op::GrantRequest, &second).await),
        ErrorCode::AlreadyExists
    );
    let entries = world.fetch(&admin).await;
    assert_eq!(
        (entries.len(), entries[0].payload.as_bytes()),
        (1, b"let me in".as_slice())
    );
    let status = world
        .call(
            op::GrantStatus,
            &Status {
                grant: invitation.grant,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (status.request, status.answered),
        (Some(sealed(b"let me in")), false)
    );
    assert_eq!(
        invitation.poll(&world, &taker, 0).await.unwrap().answer,
        None
    );
    let answer = Answer {
        grant: invitation.grant,
        answer: sealed(b"welcome"),
    };
    let (polled, answered) = tokio::join!(
        invitation.poll(&world, &taker, 30_000),
        world.call(op::GrantAnswer, &answer)
    );
    answered.unwrap();
    assert_eq!(polled.unwrap().answer, Some(sealed(b"welcome")));
    world.call(op::GrantAnswer, &answer).await.unwrap();
    let other = Answer {
        grant: invitation.grant,
        answer: sealed(b"other"),
    };
    assert_eq!(
        code(world.call(op::GrantAnswer, &other).await),
        ErrorCode::AlreadyExists
    );
}

#[tokio::test]
async fn a_request_is_kept_also_where_nobody_can_be_notified() {
    let world = World::new().await;
    let (invitation, taker) = (invitation(), Key::new());
    world
        .call(
            op::GrantCreate,
            &invitation.create(Some(Alias::new(random()))),
        )
        .await
        .unwrap();
    world
        .call_bare(op::GrantTake, &invitation.take(&world, &taker))
        .await
        .unwrap();
    world
        .call_bare(
            op::GrantRequest,
            &invitation.request(&world, &taker, b"hello"),
        )
        .await
        .unwrap();
    let status = world
        .call(
            op::GrantStatus,
            &Status {
                grant: invitation.grant,
            },
        )
        .await
        .unwrap();
    assert_eq!(status.request, Some(sealed(b"hello")));
}

#[tokio::test]
async fn a_dropped_grant_ends_the_waiting_of_its_taker() {
    let world = World::new().await;
    let (invitation, taker) = (invitation(), Key::new());
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    world
        .call_bare(op::GrantTake, &invitation.take(&world, &taker))
        .await
        .unwrap();
    let drop = Drop {
        grant: invitation.grant,
    };
    let (polled, dropped) = tokio::join!(
        invitation.poll(&world, &taker, 30_000),
        world.call(op::GrantDrop, &drop)
    );
    dropped.unwrap();
    let polled = tokio::time::timeout(Duration::from_secs(1), async { polled })
        .await
        .unwrap();
    assert_eq!(code(polled), ErrorCode::NotFound);
    world.call(op::GrantDrop, &drop).await.unwrap();
    assert_eq!(
        code(
            world
                .call_bare(op::GrantTake, &invitation.take(&world, &taker))
                .await
        ),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn whoever_tries_takes_is_slowed() {
    let world = World::with(&["--rate-grant", "1", "--burst-grant", "2"]).await;
    let (invitation, taker) = (invitation(), Key::new());
    world
        .call(op::GrantCreate, &invitation.create(None))
        .await
        .unwrap();
    for _ in 0..2 {
        world
            .call_bare(op::GrantTake, &invitation.take(&world, &taker))
            .await
            .unwrap();
    }
    let refused = world
        .call_bare(op::GrantTake, &invitation.take(&world, &taker))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    assert!(refused.retry_after_ms.is_some());
}

//! The store against a model of itself: whatever is done in whatever order, exactly what was accepted and not yet ended
//! waits, in order, every receipt has the state its story demands, and all sums add up.

mod bench;
mod channel;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use sotto_wire::live::{Ack, LeftReceipt};
use sotto_wire::receipt::{Collect, ReceiptState};
use sotto_wire::submit::{Class, Delivery, RefusedReason, Submit};
use sotto_wire::{
    Alias, Digest, EntrySeq, ErrorCode, IdempotencyId, Position, ReceiptHandle, Sealed, limits,
    roster,
};

use self::bench::Bench;
use crate::clock::Clock;
use crate::crypto::sha256;
use crate::store::{Owner, Store, StoreError};

/// Two mailboxes with two aliases each.
const ALIASES: [(u8, usize); 4] = [(10, 0), (11, 0), (20, 1), (21, 1)];

fn alias(n: u8) -> Alias {
    Alias::new([n; 16])
}

#[derive(Debug, Clone)]
enum Step {
    Submit {
        to: Vec<usize>,
        bytes: usize,
        ttl_s: u32,
        receipts: bool,
    },
    Repeat,
    Acknowledge {
        mailbox: usize,
        skip: usize,
        receipt: bool,
    },
    LateReceipts {
        mailbox: usize,
    },
    Pass {
        seconds: u32,
    },
    Sweep,
    Drop(usize),
    Create(usize),
    WriteDown,
    Close(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let to = proptest::sample::subsequence(vec![0usize, 1, 2, 3], 0..4);
    prop_oneof![
        6 => (to, 1usize..1_500, 1u32..100, any::<bool>())
            .prop_map(|(to, bytes, ttl_s, receipts)| Step::Submit { to, bytes, ttl_s, receipts }),
        1 => Just(Step::Repeat),
        6 => (0usize..2, 0usize..3, any::<bool>())
            .prop_map(|(mailbox, skip, receipt)| Step::Acknowledge { mailbox, skip, receipt }),
        1 => (0usize..2).prop_map(|mailbox| Step::LateReceipts { mailbox }),
        3 => (1u32..200).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Pass { seconds: limits::RECEIPT_KEEP_S }),
        3 => Just(Step::Sweep),
        1 => (0usize..4).prop_map(Step::Drop),
        1 => (0usize..4).prop_map(Step::Create),
        1 => Just(Step::WriteDown),
        1 => (0usize..2).prop_map(Step::Close),
    ]
}

#[derive(Debug, Clone)]
struct Waiting {
    alias: usize,
    bytes: usize,
    marker: u8,
    expires: i64,
    handle: Option<ReceiptHandle>,
}

#[derive(Debug, Clone, PartialEq)]
enum Story {
    /// Since when it would be over without a receipt.
    Waiting {
        mailbox: usize,
        due: i64,
    },
    Ended {
        state: ReceiptState,
        forgotten: i64,
    },
}

#[derive(Default)]
struct Model {
    mailboxes: [Vec<Waiting>; 2],
    closed: [bool; 2],
    dropped: [bool; 4],
    receipts: BTreeMap<[u8; 16], Story>,
    last: Option<(Submit, crate::store::Accepted)>,
    position: u64,
    next: u8,
}

const KEEP_MS: i64 = limits::RECEIPT_KEEP_S as i64 * 1_000;

impl Model {
    fn end(&mut self, handle: ReceiptHandle, state: ReceiptState, now: i64) {
        let story = Story::Ended {
            state,
            forgotten: now + KEEP_MS,
        };
        self.receipts.insert(*handle.as_bytes(), story);
    }

    fn waits(&self, handle: &ReceiptHandle) -> bool {
        matches!(
            self.receipts.get(handle.as_bytes()),
            Some(Story::Waiting { .. })
        )
    }

    /// What a sweep ends.
    fn sweep(&mut self, now: i64) {
        for mailbox in 0..2 {
            let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.mailboxes[mailbox])
                .into_iter()
                .partition(|one| one.expires <= now);
            self.mailboxes[mailbox] = left;
            for handle in over.into_iter().filter_map(|one| one.handle) {
                if self.waits(&handle) {
                    self.end(handle, ReceiptState::Expired, now);
                }
            }
        }
        for story in self.receipts.values_mut() {
            if matches!(story, Story::Waiting { due, .. } if *due <= now) {
                *story = Story::Ended {
                    state: ReceiptState::Expired,
                    forgotten: now + KEEP_MS,
                };
            }
        }
        self.receipts.retain(
            |_, story| !matches!(story, Story::Ended { forgotten, .. } if *forgotten <= now),
        );
    }
}

fn submit(
    bench: &Bench,
    model: &mut Model,
    to: &[usize],
    bytes: usize,
    ttl_s: u32,
    receipts: bool,
) {
    model.next = model.next.wrapping_add(1);
    let marker = model.next;
    let now = bench.clock.now().0;
    let handle =
        |n: usize| ReceiptHandle::new([marker, n as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    let deliveries = to
        .iter()
        .map(|n| Delivery {
            alias: alias(ALIASES[*n].0),
            receipt: receipts.then(|| handle(*n)),
        })
        .collect();
    let request = Submit {
        idempotency: IdempotencyId::new([marker; 16]),
        payload: Sealed::new(vec![marker; bytes]),
        deliveries,
        class: Class::Routine,
        ttl_s,
        escrow: Vec::new(),
    };
    let accepted = bench
        .wait(
            bench
                .store()
                .submit(bench.who, Digest::new([marker; 32]), request.clone()),
        )
        .unwrap();
    let mut refused = Vec::new();
    for (index, n) in to.iter().enumerate() {
        let mailbox = ALIASES[*n].1;
        let behind: Vec<&Waiting> = model.mailboxes[mailbox]
            .iter()
            .filter(|one| one.alias == *n)
            .collect();
        let sum = |entries: &[&Waiting]| entries.iter().map(|one| one.bytes).sum::<usize>() + bytes;
        let all: Vec<&Waiting> = model.mailboxes[mailbox].iter().collect();
        let full = behind.len() >= 4 || sum(&behind) > 4_000 || all.len() >= 6 || sum(&all) > 6_000;
        if model.dropped[*n] || model.closed[mailbox] {
            refused.push((index as u16, RefusedReason::Unknown));
        } else if full {
            refused.push((index as u16, RefusedReason::Full));
        } else {
            let expires = now + i64::from(ttl_s) * 1_000;
            let handle = receipts.then(|| handle(*n));
            if let Some(handle) = handle {
                let story = Story::Waiting {
                    mailbox,
                    due: expires + 600_000,
                };
                model.receipts.insert(*handle.as_bytes(), story);
            }
            model.mailboxes[mailbox].push(Waiting {
                alias: *n,
                bytes,
                marker,
                expires,
                handle,
            });
        }
    }
    let told: Vec<_> = accepted
        .refused
        .iter()
        .map(|one| (one.index, one.reason))
        .collect();
    assert_eq!(told, refused);
    model.last = Some((request, accepted));
}

fn apply(bench: &Bench, owners: &[Owner; 2], model: &mut Model, step: &Step) {
    let store = bench.store();
    let now = bench.clock.now().0;
    match step {
        Step::Submit {
            to,
            bytes,
            ttl_s,
            receipts,
        } => submit(bench, model, to, *bytes, *ttl_s, *receipts),
        Step::Repeat => {
            let Some((request, accepted)) = &model.last else {
                return;
            };
            let marker = request.idempotency.as_bytes()[0];
            let again = store.submit(bench.who, Digest::new([marker; 32]), request.clone());
            assert_eq!(&bench.wait(again).unwrap(), accepted);
        }
        Step::Acknowledge {
            mailbox,
            skip,
            receipt,
        } => {
            if model.closed[*mailbox] {
                return;
            }
            let entries = bench
                .wait(store.waiting(owners[*mailbox], BTreeSet::new(), 100, 1 << 20))
                .unwrap();
            let Some(entry) = entries.get(*skip) else {
                return;
            };
            let left = entry.receipt.filter(|_| *receipt);
            let receipts = left.iter().map(|handle| LeftReceipt {
                handle: *handle,
                receipt: Sealed::new(vec![7; 9]),
            });
            let ack = Ack {
                seqs: vec![entry.seq, EntrySeq(9_999)],
                receipts: receipts.collect(),
            };
            bench
                .wait(store.acknowledge(owners[*mailbox], ack))
                .unwrap();
            let marker = entry.payload.as_bytes()[0];
            let mine = |one: &Waiting| {
                one.marker == marker && ALIASES[one.alias].0 == entry.alias.as_bytes()[0]
            };
            model.mailboxes[*mailbox].retain(|one| !mine(one));
            if let Some(handle) = left.filter(|handle| model.waits(handle)) {
                model.end(
                    handle,
                    ReceiptState::Delivered(Sealed::new(vec![7; 9])),
                    now,
                );
            }
        }
        Step::LateReceipts { mailbox } => {
            if model.closed[*mailbox] {
                return;
            }
            let waiting = model.receipts.iter().filter(
                |(_, story)| matches!(story, Story::Waiting { mailbox: at, .. } if at == mailbox),
            );
            let handles: Vec<ReceiptHandle> = waiting
                .map(|(handle, _)| ReceiptHandle::new(*handle))
                .collect();
            let receipts = handles.iter().map(|handle| LeftReceipt {
                handle: *handle,
                receipt: Sealed::new(vec![8]),
            });
            let ack = Ack {
                seqs: Vec::new(),
                receipts: receipts.collect(),
            };
            bench
                .wait(store.acknowledge(owners[*mailbox], ack))
                .unwrap();
            for handle in handles {
                model.end(handle, ReceiptState::Delivered(Sealed::new(vec![8])), now);
            }
        }
        Step::Pass { seconds } => {
            bench
                .clock
                .0
                .fetch_add(i64::from(*seconds) * 1_000, Ordering::SeqCst);
            model.last = None;
        }
        Step::Sweep => {
            bench.wait(store.sweep()).unwrap();
            model.sweep(now);
        }
        Step::Drop(n) => {
            let (name, mailbox) = ALIASES[*n];
            if !model.closed[mailbox] {
                bench
                    .wait(store.drop_aliases(owners[mailbox], vec![alias(name)]))
                    .unwrap();
                model.dropped[*n] = true;
            }
        }
        Step::Create(n) => {
            let (name, mailbox) = ALIASES[*n];
            if !model.closed[mailbox] {
                bench
                    .wait(store.create_aliases(owners[mailbox], vec![alias(name)]))
                    .unwrap();
                model.dropped[*n] = false;
            }
        }
        Step::WriteDown => {
            let done = model
                .receipts
                .keys()
                .map(|handle| ReceiptHandle::new(*handle))
                .collect();
            bench
                .wait(store.collect(
                    bench.who,
                    Collect {
                        handles: Vec::new(),
                        done,
                    },
                ))
                .unwrap();
            model
                .receipts
                .retain(|_, story| matches!(story, Story::Waiting { .. }));
        }
        Step::Close(mailbox) => close(bench, model, *mailbox),
    }
}

fn close(bench: &Bench, model: &mut Model, mailbox: usize) {
    // A dropped alias behind which nothing waits is gone, and so is the way to its mailbox.
    let known = ALIASES
        .iter()
        .enumerate()
        .find(|(n, (_, at))| *at == mailbox && !model.dropped[*n]);
    let Some((_, (name, _))) = known else { return };
    let rotate = roster::Rotate {
        idempotency: IdempotencyId::new([200 + model.position as u8; 16]),
        admin_capability: bench.admin.clone(),
        expect: Position(model.position),
        entries: vec![Sealed::new(vec![1; 10])],
        new_bearer_hash: bench.who.bearer,
        new_admin_capability_hash: sha256(bench.admin.expose()),
        seals: Vec::new(),
        close: vec![alias(*name)],
        orders: None,
        refuse: None,
    };
    let digest = Digest::new([200; 32]);
    let rotated = bench.wait(bench.store().rotate_roster(
        bench.who,
        digest,
        rotate,
        sha256(bench.admin.expose()),
    ));
    model.position += 1;
    assert_eq!(rotated.unwrap().end, Position(model.position));
    if model.closed[mailbox] {
        return;
    }
    let now = bench.clock.now().0;
    model.closed[mailbox] = true;
    model.mailboxes[mailbox].clear();
    for story in model.receipts.values_mut() {
        if matches!(story, Story::Waiting { mailbox: at, .. } if *at == mailbox) {
            *story = Story::Ended {
                state: ReceiptState::Revoked,
                forgotten: now + KEEP_MS,
            };
        }
    }
}

fn compare(bench: &Bench, owners: &[Owner; 2], model: &Model) {
    let now = bench.clock.now().0;
    for (n, owner) in owners.iter().enumerate() {
        let entries = bench.wait(bench.store().waiting(*owner, BTreeSet::new(), 100, 1 << 20));
        if model.closed[n] {
            assert!(
                matches!(entries, Err(StoreError::Refused(error)) if error.code == ErrorCode::MailboxClosed)
            );
            continue;
        }
        let entries = entries.unwrap();
        assert!(entries.is_sorted_by_key(|entry| entry.seq));
        let found: Vec<_> = entries
            .iter()
            .map(|one| {
                (
                    one.alias.as_bytes()[0],
                    one.payload.as_bytes()[0],
                    one.receipt,
                )
            })
            .collect();
        let expected = model.mailboxes[n].iter().filter(|one| one.expires > now);
        let expected: Vec<_> = expected
            .map(|one| (ALIASES[one.alias].0, one.marker, one.handle))
            .collect();
        assert_eq!(found, expected);
    }
    let handles: Vec<ReceiptHandle> = model
        .receipts
        .keys()
        .map(|handle| ReceiptHandle::new(*handle))
        .collect();
    let collected = bench
        .wait(bench.store().collect(
            bench.who,
            Collect {
                handles,
                done: Vec::new(),
            },
        ))
        .unwrap();
    for (one, story) in collected.receipts.iter().zip(model.receipts.values()) {
        let expected = match story {
            Story::Waiting { .. } => &ReceiptState::Waiting,
            Story::Ended { state, .. } => state,
        };
        assert_eq!(&one.state, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_its_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        let bench = Bench::new();
        let owners = [bench.mailbox(1), bench.mailbox(2)];
        for (name, mailbox) in ALIASES {
            bench.wait(bench.store().create_aliases(owners[mailbox], vec![alias(name)])).unwrap();
        }
        let mut model = Model::default();
        for step in &steps {
            apply(&bench, &owners, &mut model, step);
            compare(&bench, &owners, &model);
        }
        bench.check_sums();
    }
}

#[test]
fn a_full_disk_is_a_typed_refusal_and_what_was_there_stays() {
    let bench = Bench::new();
    let owner = bench.mailbox(1);
    bench
        .wait(bench.store().create_aliases(owner, vec![alias(10)]))
        .unwrap();
    let mut model = Model::default();
    submit(&bench, &mut model, &[0], 100, 1_000, false);
    let pages = bench.store().writer.run("test", 0, |tx| {
        let pages: i64 = tx
            .conn
            .pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(tx.conn.pragma_update(None, "max_page_count", pages + 1)?)
    });
    bench.wait(pages).unwrap();
    let large = Submit {
        idempotency: IdempotencyId::new([99; 16]),
        payload: Sealed::new(vec![1; 3_000_000]),
        deliveries: vec![Delivery {
            alias: alias(10),
            receipt: None,
        }],
        class: Class::Routine,
        ttl_s: 60,
        escrow: Vec::new(),
    };
    let refused = bench.wait(
        bench
            .store()
            .submit(bench.who, Digest::new([99; 32]), large),
    );
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    let entries = bench
        .wait(bench.store().waiting(owner, BTreeSet::new(), 10, 1 << 20))
        .unwrap();
    assert_eq!(entries.len(), 1);
    let ack = Ack {
        seqs: vec![entries[0].seq],
        receipts: Vec::new(),
    };
    bench.wait(bench.store().acknowledge(owner, ack)).unwrap();
    bench.check_sums();
}

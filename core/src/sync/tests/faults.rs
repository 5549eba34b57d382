//! Answers that are lost, commits that race, state that is gone, mailboxes that are full.

use sotto_wire::submit::{Queued, Refused, RefusedReason, Submit};
use sotto_wire::{RelayTime, Sig};

use crate::mls::{Group, GroupId};
use crate::outbox;
use crate::store::StoreError;
use crate::store::table::conversation::{ConversationKind, ConversationState};
use crate::store::table::membership::WishKind;

use super::world::Ward;

#[test]
fn the_echo_of_a_commit_stands_in_for_its_lost_answer() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    let physician = ward.owner(2);
    ward.nodes[0].wish(id, WishKind::Add, physician);
    let pending = ward.stage(0, id).unwrap();
    assert!(ward.advance(&pending));
    let before = ward.nodes[0].epoch(id);
    ward.quiet();
    assert!(ward.nodes[0].pending(id).is_none());
    assert_eq!(ward.nodes[0].epoch(id), before + 1);
    // The answer comes after all, and changes nothing.
    ward.confirm(0, &pending);
    assert_eq!(ward.nodes[0].epoch(id), before + 1);
    ward.nodes[2].say(id, "here");
    ward.quiet();
    assert_eq!(ward.nodes[0].title(id), "here");
}

#[test]
fn of_two_commits_of_one_epoch_one_wins_and_the_other_follows_it() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    let (physician, bench) = (ward.owner(2), ward.owner(3));
    ward.nodes[0].wish(id, WishKind::Add, physician);
    ward.nodes[1].wish(id, WishKind::Add, bench);
    let (first, second) = (ward.stage(0, id).unwrap(), ward.stage(1, id).unwrap());
    assert!(ward.advance(&first));
    ward.confirm(0, &first);
    assert!(!ward.advance(&second));
    ward.settle(1, id);
    ward.quiet();
    for at in 0..4 {
        assert_eq!(ward.nodes[at].members(id).len(), 4, "device {at}");
    }
}

#[test]
fn two_who_remove_each_other_leave_one() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let (one, other) = (ward.owner(0), ward.owner(1));
    ward.nodes[0].wish(id, WishKind::Remove, other);
    ward.nodes[1].wish(id, WishKind::Remove, one);
    let (first, second) = (ward.stage(0, id).unwrap(), ward.stage(1, id).unwrap());
    assert!(ward.advance(&first) && !ward.advance(&second));
    ward.confirm(0, &first);
    ward.quiet();
    assert!(ward.nodes[1].pending(id).is_none());
    assert_eq!(
        ward.nodes[1].conversation(id).state,
        ConversationState::Left
    );
    assert_eq!(ward.nodes[2].members(id).len(), 2);
}

#[test]
fn messages_that_come_before_their_commit_open_when_it_is_fetched() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let bench = ward.owner(3);
    let epoch = ward.nodes[1].epoch(id);
    ward.nodes[0].wish(id, WishKind::Add, bench);
    ward.settle(0, id);
    // The commit is lost on its way to the nurse.
    ward.mailboxes[1].clear();
    ward.nodes[0].say(id, "one");
    ward.nodes[0].say(id, "two");
    ward.quiet();
    assert_eq!(
        ward.nodes[1].held(),
        (3, 0),
        "the two, and the alias of the one who came"
    );
    let missing = ward.commits_since(1, id, epoch);
    ward.nodes[1].ingest(&missing);
    assert_eq!(
        (ward.nodes[1].held(), ward.nodes[1].title(id).as_str()),
        ((0, 0), "two")
    );
}

#[test]
fn a_payload_that_comes_twice_is_applied_once_and_acknowledged_twice() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    ward.nodes[0].say(id, "once");
    ward.push(0);
    let mut entries: Vec<_> = ward.mailboxes[1].drain(..).collect();
    ward.nodes[1].ingest(&entries);
    ward.nodes[1].say(id, "answered");
    for entry in &mut entries {
        entry.seq.0 += 1000;
    }
    ward.nodes[1].ingest(&entries);
    assert_eq!(ward.nodes[1].held(), (0, 0));
    let acks = ward.nodes[1]
        .store
        .read::<_, StoreError>(|tx| tx.acks_due(100))
        .unwrap();
    let twice = acks
        .iter()
        .filter(|ack| acks.iter().any(|other| other.entry == ack.entry + 1000))
        .count();
    assert_eq!(twice, entries.len());
}

#[test]
fn a_device_that_lost_its_group_comes_back_and_speaks_only_when_the_relay_has_agreed() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let group = GroupId::from_slice(&ward.nodes[1].conversation(id).mls_group).unwrap();
    ward.nodes[1].write(|tx, _| Group::delete(tx, group).unwrap());
    let first = ward.resync(1, id);
    ward.nodes[1].say(id, "I am back");
    assert_eq!(ward.nodes[1].outbox(), 1);
    // Somebody else is faster.
    let bench = ward.owner(3);
    ward.nodes[0].wish(id, WishKind::Add, bench);
    ward.settle(0, id);
    assert!(!ward.advance(&first));
    ward.withdraw(1, &first);
    ward.encrypt(1, id);
    assert_eq!(
        ward.nodes[1].conversation(id).state,
        ConversationState::Stalled
    );
    assert_eq!(
        ward.nodes[1].outbox(),
        1,
        "in an epoch that exists nowhere else nothing is said"
    );
    let second = ward.resync(1, id);
    assert!(ward.advance(&second));
    ward.confirm(1, &second);
    ward.encrypt(1, id);
    ward.quiet();
    assert_eq!(
        (
            ward.nodes[0].title(id).as_str(),
            ward.nodes[2].title(id).as_str()
        ),
        ("I am back", "I am back")
    );
}

#[test]
fn a_full_mailbox_delays_nobody_else_and_is_not_overtaken() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let alias = ward.nodes[1].conversation(id).alias;
    ward.full.push(alias);
    for word in ["one", "two", "three"] {
        ward.nodes[0].say(id, word);
    }
    ward.quiet();
    assert_eq!(ward.nodes[2].title(id), "three");
    ward.full.clear();
    ward.nodes[0].say(id, "four");
    ward.quiet();
    assert_eq!(ward.nodes[2].title(id), "four");
    assert_ne!(
        ward.nodes[1].title(id),
        "four",
        "it waits behind the first three"
    );
    let rows = ward.nodes[0].write(|tx, _| {
        let lane = crate::base::ConversationId::new(alias);
        for row in tx.outbox_lane(lane, 10).unwrap() {
            tx.outbox_retry(row.id, crate::base::Timestamp::from_millis(0))
                .unwrap();
        }
        tx.outbox_lane(lane, 10).unwrap().len()
    });
    assert_eq!(rows, 4);
    ward.push(0);
    assert_eq!(ward.mailboxes[1].len(), 4);
    ward.quiet();
    assert_eq!(
        (ward.nodes[1].title(id).as_str(), ward.nodes[0].outbox()),
        ("four", 0)
    );
}

#[test]
fn the_same_answer_written_down_by_two_processes_counts_once() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    ward.nodes[0].say(id, "one");
    let row = ward.nodes[0]
        .store
        .read::<_, StoreError>(|tx| tx.outbox_heads())
        .unwrap()
        .remove(0);
    let request: Submit = sotto_wire::decode(&row.request).unwrap();
    let all = 0..u16::try_from(request.deliveries.len()).unwrap();
    let refused: Vec<_> = all
        .map(|index| Refused {
            index,
            reason: RefusedReason::Full,
        })
        .collect();
    let answer = Queued {
        time: RelayTime(1),
        refused,
        sig: Sig::new([0; 64]),
    };
    for _ in 0..2 {
        ward.nodes[0].write(|tx, context| outbox::queued(tx, &row, &answer, context.now).unwrap());
    }
    assert_eq!(
        ward.nodes[0].outbox(),
        2,
        "one row for each of the two mailboxes"
    );
}

#[test]
fn a_request_the_relay_has_forgotten_answering_is_asked_again_without_handles() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    ward.nodes[0].say(id, "one");
    let row = ward.nodes[0]
        .store
        .read::<_, StoreError>(|tx| tx.outbox_heads())
        .unwrap()
        .remove(0);
    ward.nodes[0].write(|tx, context| outbox::known_already(tx, &row, context.now).unwrap());
    let again = ward.nodes[0]
        .store
        .read::<_, StoreError>(|tx| tx.outbox_row(row.id))
        .unwrap()
        .unwrap();
    let (old, new): (Submit, Submit) = (
        sotto_wire::decode(&row.request).unwrap(),
        sotto_wire::decode(&again.request).unwrap(),
    );
    assert_ne!(old.idempotency, new.idempotency);
    assert_eq!(old.payload, new.payload);
    assert!(
        new.deliveries
            .iter()
            .all(|delivery| delivery.receipt.is_none())
    );
}

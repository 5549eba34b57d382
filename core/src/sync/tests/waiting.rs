//! What arrives before the message it is about, through the whole inbox: decrypted once, kept, applied after it.

use sotto_content::card::ResultCard;
use sotto_content::id::{CardId, DeviceId, PersonId};
use sotto_content::mimi::{Extensions, MessageId as MimiId, MimiContent};
use sotto_content::statement::{Act, Body as _, From, Signed, Speaker, Statement, Subject};
use sotto_wire::EntrySeq;
use sotto_wire::live::Entry;

use super::world::Ward;
use crate::audit;
use crate::base::{ConversationId, MessageId, Owner, SystemRandom, random};
use crate::inbox::LATE;
use crate::membership::{Body, Outgoing};
use crate::outbox;
use crate::store::StoreError;
use crate::store::table::conversation::ConversationKind;
use crate::timeline::{self, State, tests::fixture};

const NURSE: usize = 1;
const PHYSICIAN: usize = 2;
const BENCH: usize = 3;

/// Sends content that its sender's own device does not look at.
fn post(
    ward: &mut Ward,
    from: usize,
    id: ConversationId,
    content: impl FnOnce([u8; 16], Extensions) -> MimiContent,
) -> MessageId {
    let node = &ward.nodes[from];
    let message = node.write(|tx, context| {
        let row = tx.conversation(id).unwrap().unwrap();
        let (organisation, device) = (context.me.organisation, context.me.device);
        let (sender, room) = timeline::uris(organisation, id, device);
        let time = u64::try_from(context.now.millis()).unwrap();
        let stamp = Extensions::of_message(&sender, &room, time);
        let bytes = content(random::array(&SystemRandom), stamp)
            .encode()
            .unwrap();
        let message = timeline::message_id(organisation, id, device, &bytes).unwrap();
        let outgoing = Outgoing {
            receipts: true,
            ..Outgoing::word(Body::Content(1, bytes))
        };
        outbox::file(tx, context, &row, Some(message), &outgoing).unwrap();
        message
    });
    ward.push(from);
    message
}

fn mimi(id: MessageId) -> MimiId {
    MimiId(*id.as_bytes())
}

/// What has arrived at the physician's mailbox and was not taken in.
fn taken_out(ward: &mut Ward) -> Vec<Entry> {
    ward.mailboxes[PHYSICIAN].drain(..).collect()
}

/// The text, how many reactions, whether it was edited, and what is held, after three entries in an order.
fn after(order: [usize; 3]) -> (String, usize, bool, (usize, usize)) {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, NURSE, PHYSICIAN, BENCH]);
    let message = post(&mut ward, NURSE, id, |salt, stamp| {
        MimiContent::text(salt, stamp, "pottasium")
    });
    post(&mut ward, NURSE, id, |salt, stamp| {
        MimiContent::text(salt, stamp, "potassium").replacing(mimi(message))
    });
    post(&mut ward, BENCH, id, |salt, stamp| {
        MimiContent::reaction(salt, stamp, mimi(message), "👍")
    });
    let entries = taken_out(&mut ward);
    assert_eq!(entries.len(), 3);
    let physician = &ward.nodes[PHYSICIAN];
    for at in order {
        physician.ingest(std::slice::from_ref(&entries[at]));
        // Again, as a relay that was restored would give it.
        let again = Entry {
            seq: EntrySeq(entries[at].seq.0 + 1000),
            ..entries[at].clone()
        };
        physician.ingest(&[again]);
    }
    physician
        .store
        .read::<_, StoreError>(|tx| {
            let row = tx.message(message)?.unwrap();
            let reactions = tx.reactions(message)?.len();
            Ok((row.search, reactions, row.edited > 0, physician.held()))
        })
        .unwrap()
}

#[test]
fn an_edit_and_a_reaction_that_come_before_their_message_wait_for_it() {
    let expected = ("potassium".to_owned(), 1, true, (0, 0));
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        assert_eq!(after(order), expected, "{order:?}");
    }
}

#[test]
fn anothers_edit_that_waited_is_evidence_and_in_the_audit() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, NURSE, PHYSICIAN, BENCH]);
    let message = post(&mut ward, NURSE, id, |salt, stamp| {
        MimiContent::text(salt, stamp, "potassium")
    });
    let edit = post(&mut ward, BENCH, id, |salt, stamp| {
        MimiContent::text(salt, stamp, "x").replacing(mimi(message))
    });
    let mut entries = taken_out(&mut ward);
    entries.reverse();
    let physician = &ward.nodes[PHYSICIAN];
    physician.ingest(&entries[..1]);
    assert_eq!(physician.held(), (1, 0));
    physician.ingest(&entries[1..]);
    assert_eq!(physician.held(), (0, 1));
    let (row, records) = physician
        .store
        .read::<_, StoreError>(|tx| Ok((tx.message(message)?.unwrap(), audit::newest(tx, 50)?)))
        .unwrap();
    assert_eq!(row.edited, 0);
    let refused: Vec<_> = records
        .iter()
        .filter(|record| record.act == audit::Act::Refused)
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(
        (refused[0].message, refused[0].device),
        (Some(edit), Some(ward.nodes[BENCH].me.device))
    );
    assert_eq!(refused[0].reason.as_deref(), Some("unauthorised"));
}

#[test]
fn what_nobody_may_send_is_refused_and_in_the_audit() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, NURSE, PHYSICIAN]);
    // A nurse issues no results.
    let bytes = fixture::potassium().to_bytes().unwrap();
    post(&mut ward, NURSE, id, |salt, stamp| {
        MimiContent::card(salt, stamp, bytes)
    });
    ward.pull(PHYSICIAN);
    let physician = &ward.nodes[PHYSICIAN];
    assert_eq!(physician.held(), (0, 1));
    let newest = physician
        .store
        .read::<_, StoreError>(|tx| audit::newest(tx, 1))
        .unwrap()
        .remove(0);
    assert_eq!(
        (newest.act, newest.device, newest.person),
        (
            audit::Act::Refused,
            Some(ward.nodes[NURSE].me.device),
            ward.owner(NURSE).person()
        )
    );
}

/// A statement by the nurse's device about a card.
fn seen(ward: &Ward, card: &ResultCard) -> Vec<u8> {
    let me = &ward.nodes[NURSE].me;
    let Owner::Person(person) = me.owner else {
        panic!("a person")
    };
    let statement = Statement {
        subject: Subject {
            card: CardId(*card.id().as_bytes()),
            version: card.version,
            digest: card.digest().unwrap(),
        },
        speaker: Speaker {
            person: Some(PersonId::from(*person.as_bytes())),
            from: From::Device(DeviceId::from(*me.device.as_bytes())),
        },
        act: Act::Declined {
            reason: "not mine".into(),
        },
        at_ms: 1_700_000_000_000,
        roster_seq: 1,
    };
    let bytes = statement.signing_bytes().unwrap();
    let signature = *me.signing.sign(Statement::LABEL, &bytes).as_bytes();
    Signed {
        body: statement,
        signature,
    }
    .encode()
    .unwrap()
}

#[test]
fn a_statement_that_waited_for_its_version_proves_it_and_its_receipt_follows() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, NURSE, PHYSICIAN, BENCH]);
    let card = fixture::version(2, "4.1");
    let bytes = card.to_bytes().unwrap();
    let message = post(&mut ward, BENCH, id, |salt, stamp| {
        MimiContent::card(salt, stamp, bytes)
    });
    let signed = seen(&ward, &card);
    let statement = post(&mut ward, NURSE, id, |salt, stamp| {
        MimiContent::statement(salt, stamp, signed).replying_to(mimi(message))
    });
    let mut entries = taken_out(&mut ward);
    entries.reverse();
    let physician = &ward.nodes[PHYSICIAN];
    let late = || {
        let due = physician
            .store
            .read::<_, StoreError>(|tx| tx.acks_due(100))
            .unwrap();
        due.iter()
            .filter(|row| row.entry >= LATE && !row.receipt.is_empty())
            .count()
    };
    physician.ingest(&entries[..1]);
    assert_eq!((physician.held(), late()), ((1, 0), 0));
    physician.ingest(&entries[1..]);
    assert_eq!((physician.held(), late()), ((0, 0), 1));
    let (row, states) = physician
        .store
        .read::<_, StoreError>(|tx| Ok((tx.message(statement)?, tx.message_states(message)?)))
        .unwrap();
    assert!(row.is_some());
    assert_eq!(states[0].state, State::Declined.code());
}

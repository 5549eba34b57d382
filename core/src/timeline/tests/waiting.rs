//! What comes before the message it is about: in whatever order things arrive, the rows are the same in the end.

use std::time::Duration;

use sotto_content::card::ResultCard;
use sotto_content::id::CardId;
use sotto_content::mimi::{Expiration, MessageId as MimiId, MimiContent};
use sotto_content::statement::{Act, Subject};

use super::fixture::{Ward, acknowledged, potassium, version};
use crate::audit;
use crate::base::{ConversationId, MessageId, Owner};
use crate::roster::kind::{ApprovalMode, Subject as For};
use crate::roster::tests::fixture::Device;
use crate::store::table::message::Presence;
use crate::timeline::{Applied, State};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Something on its way.
struct Sent {
    from: Device,
    room: ConversationId,
    content: MimiContent,
}

fn mimi(id: MessageId) -> MimiId {
    MimiId(*id.as_bytes())
}

fn sent(from: &Device, room: ConversationId, content: MimiContent) -> Sent {
    Sent {
        from: from.clone(),
        room,
        content,
    }
}

/// A ward in which the nurse carries a second device.
fn ward_of_two_devices() -> (Ward, Device) {
    let mut ward = Ward::new();
    let Owner::Person(nurse) = ward.nurse.owner else {
        panic!("a person")
    };
    let second = ward
        .world
        .join(For::Person(nurse), Vec::new(), ApprovalMode::Instant);
    (ward, second)
}

fn orders(length: usize) -> Vec<Vec<usize>> {
    if length == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(length - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, length - 1);
        order
    };
    shorter
        .iter()
        .flat_map(|order| (0..length).map(move |at| insert(order, at)))
        .collect()
}

/// Everything that is shown in the end, and how much was refused, however it came to be.
fn outcome(ward: &Ward, refused: usize) -> Vec<String> {
    let mut rows: Vec<String> = ward.read(|tx| {
        let mut rows = Vec::new();
        for row in tx.messages_before(ward.group, None, 100)? {
            let here = row.presence == Presence::Here;
            rows.push(format!(
                "{:?}",
                (
                    (row.id, row.kind, row.priority, row.presence),
                    (&row.body, &row.search, here && row.edited > 0),
                    tx.reactions(row.id)?,
                    tx.message_states(row.id)?
                        .iter()
                        .map(|state| (state.device, state.state, state.at, state.proof.clone()))
                        .collect::<Vec<_>>(),
                    tx.card(row.id)?.map(|card| (card.version, card.blanked)),
                )
            ));
        }
        Ok(rows)
    });
    rows.sort();
    let (waiting, evidence) = ward.held();
    assert!(waiting.is_empty(), "nothing waits once everything is here");
    rows.push(format!("refused: {}", refused + evidence.len()));
    rows
}

fn deliver(ward: &Ward, script: &[Sent], order: &[usize], copies: usize) -> Vec<String> {
    let mut refused = 0;
    for at in order.iter().flat_map(|at| std::iter::repeat_n(at, copies)) {
        let Sent {
            from,
            room,
            content,
        } = &script[*at];
        if ward.arrives(from, *room, content, 1) == Applied::Refused {
            refused += 1;
        }
    }
    outcome(ward, refused)
}

/// Delivers the script in every order, each to a device that has nothing, and compares with its own order.
fn same_in_every_order(ward: &mut Ward, script: &[Sent], copies: usize) -> Vec<String> {
    let in_order: Vec<usize> = (0..script.len()).collect();
    ward.begin_anew();
    let expected = deliver(ward, script, &in_order, copies);
    for order in orders(script.len()) {
        ward.begin_anew();
        assert_eq!(
            deliver(ward, script, &order, copies),
            expected,
            "delivered in the order {order:?}"
        );
    }
    expected
}

fn text(ward: &Ward, from: &Device, text: &str) -> (MimiContent, MessageId) {
    let (salt, extensions) = ward.stamp(from, ward.group);
    let content = MimiContent::text(salt, extensions, text);
    let id = ward.id_of(from, ward.group, &content);
    (content, id)
}

#[test]
fn edits_from_two_devices_come_to_the_same_in_every_order_and_anothers_edit_is_refused() {
    let (mut ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "pottasium");
    let mut script = vec![sent(&ward.nurse, ward.group, first)];
    let bench = ward.bench.clone();
    for (from, words) in [(&second, "potasium"), (&second, "potassium"), (&bench, "x")] {
        ward.now = ward.now.plus(Duration::from_secs(5));
        let (content, _) = text(&ward, from, words);
        script.push(sent(from, ward.group, content.replacing(mimi(id))));
    }
    let rows = same_in_every_order(&mut ward, &script, 1);
    assert!(rows.len() == 2 && rows[0].contains("\"potassium\""));
    assert_eq!(rows[1], "refused: 1");
    ward.begin_anew();
    deliver(&ward, &script, &[3, 0], 1);
    assert_eq!(ward.held().1, ["unauthorised"]);
    let record = ward.read(|tx| audit::newest(tx, 1)).remove(0);
    assert_eq!(
        (record.act, record.device, record.person),
        (audit::Act::Refused, Some(ward.bench.id), None)
    );
}

#[test]
fn a_repetition_waits_once_and_is_applied_once() {
    let (mut ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "pottasium");
    let (edit, _) = text(&ward, &second, "potassium");
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let reaction = MimiContent::reaction(salt, extensions, mimi(id), "👍");
    let script = [
        sent(&ward.nurse, ward.group, first),
        sent(&second, ward.group, edit.replacing(mimi(id))),
        sent(&ward.bench, ward.group, reaction),
    ];
    same_in_every_order(&mut ward, &script, 2);
    assert_eq!(ward.row(id).edited, 1);
    assert_eq!(ward.read(|tx| tx.reactions(id)).len(), 1);
}

#[test]
fn retractions_of_messages_and_of_reactions_come_to_the_same_in_every_order() {
    let (mut ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "done");
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let reaction = MimiContent::reaction(salt, extensions, mimi(id), "👍");
    let of = ward.id_of(&ward.bench, ward.group, &reaction);
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let unsaid = MimiContent::retraction(salt, extensions, mimi(of), true);
    let script = [
        sent(&ward.nurse, ward.group, first.clone()),
        sent(&ward.bench, ward.group, reaction),
        sent(&ward.bench, ward.group, unsaid),
    ];
    same_in_every_order(&mut ward, &script, 1);
    assert!(ward.read(|tx| tx.reactions(id)).is_empty());

    let (edit, _) = text(&ward, &second, "not done");
    let (salt, extensions) = ward.stamp(&second, ward.group);
    let taken_back = MimiContent::retraction(salt, extensions, mimi(id), false);
    let script = [
        sent(&ward.nurse, ward.group, first),
        sent(&second, ward.group, edit.replacing(mimi(id))),
        sent(&second, ward.group, taken_back),
    ];
    let rows = same_in_every_order(&mut ward, &script, 1);
    assert!(rows[0].contains("Retracted") && !rows[0].contains("done"));
}

fn card(ward: &Ward, card: &ResultCard) -> (MimiContent, MessageId, Subject) {
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let content = MimiContent::card(salt, extensions, card.to_bytes().unwrap());
    let id = ward.id_of(&ward.bench, ward.group, &content);
    let subject = Subject {
        card: CardId(*card.id().as_bytes()),
        version: card.version,
        digest: card.digest().unwrap(),
    };
    (content, id, subject)
}

#[test]
fn statements_about_each_version_come_to_the_same_in_every_order() {
    let mut ward = Ward::new();
    let (one, first, about_first) = card(&ward, &version(1, "6.8"));
    let (two, second, about_second) = card(&ward, &version(2, "4.1"));
    let by_nurse = |about, act| {
        let content = ward.statement((&ward.nurse, ward.group), about, act, |_| (), &ward.nurse);
        sent(&ward.nurse, ward.group, content)
    };
    let script = [
        sent(&ward.bench, ward.group, one),
        by_nurse((first, about_first), Act::Seen),
        sent(&ward.bench, ward.group, two),
        by_nurse((second, about_second), acknowledged()),
    ];
    same_in_every_order(&mut ward, &script, 1);
    assert_eq!(ward.proven(first), [State::Seen.code()]);
    assert_eq!(ward.proven(second), [State::Acknowledged.code()]);
    same_in_every_order(&mut ward, &script, 2);
}

#[test]
fn a_statement_that_is_not_its_senders_does_not_wait_and_one_without_the_right_is_refused_then() {
    let mut ward = Ward::new();
    let (content, id, subject) = card(&ward, &potassium());
    let forged = ward.statement(
        (&ward.nurse, ward.group),
        (id, subject),
        acknowledged(),
        |_| (),
        &ward.bench,
    );
    assert_eq!(
        ward.arrives(&ward.nurse, ward.group, &forged, 2),
        Applied::Refused
    );
    // What a sender says of their own result proves nothing.
    let own = ward.statement(
        (&ward.bench, ward.group),
        (id, subject),
        Act::Seen,
        |_| (),
        &ward.bench,
    );
    let script = [
        sent(&ward.bench, ward.group, content),
        sent(&ward.bench, ward.group, own),
    ];
    let rows = same_in_every_order(&mut ward, &script, 1);
    assert_eq!(rows.last().unwrap(), "refused: 1");
    assert!(ward.proven(id).is_empty());
}

#[test]
fn what_waits_is_still_there_after_a_restart() {
    let (ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "pottasium");
    let (edit, _) = text(&ward, &second, "potassium");
    let edit = edit.replacing(mimi(id));
    assert!(matches!(
        ward.arrives(&second, ward.group, &edit, 1),
        Applied::Waits(_)
    ));
    assert_eq!(ward.held(), (vec!["unknown message"], vec![]));
    let ward = ward.reopen();
    ward.arrives(&ward.nurse, ward.group, &first, 1);
    assert_eq!(ward.row(id).search, "potassium");
    assert_eq!(ward.held(), (vec![], vec![]));
}

#[test]
fn another_conversations_message_is_not_changed_by_what_waited_for_it() {
    let (ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "potassium");
    let (salt, extensions) = ward.stamp(&second, ward.other);
    let edit = MimiContent::text(salt, extensions, "x").replacing(mimi(id));
    assert!(matches!(
        ward.arrives(&second, ward.other, &edit, 1),
        Applied::Waits(_)
    ));
    ward.arrives(&ward.nurse, ward.group, &first, 1);
    assert_eq!(ward.row(id).edited, 0);
    assert_eq!(ward.held(), (vec![], vec!["unauthorised"]));
}

#[test]
fn one_device_fills_only_its_own_space_to_wait() {
    let (ward, second) = ward_of_two_devices();
    let edit = |from: &Device, of: u8| {
        let (content, _) = text(&ward, from, "x");
        let content = content.replacing(MimiId([of; 32]));
        ward.arrives(from, ward.group, &content, 1)
    };
    let taken = (0..100).filter(|of| matches!(edit(&ward.nurse, *of), Applied::Waits(_)));
    assert_eq!(taken.count(), 64);
    assert_eq!(edit(&ward.nurse, 100), Applied::Refused);
    assert!(matches!(edit(&second, 100), Applied::Waits(_)));
}

#[test]
fn nothing_waits_for_ever_nor_longer_than_it_may_be_read() {
    let (mut ward, second) = ward_of_two_devices();
    let (first, id) = text(&ward, &ward.nurse, "pottasium");
    let (edit, _) = text(&ward, &second, "potassium");
    let edit = edit.replacing(mimi(id));
    let brief = {
        let (content, _) = text(&ward, &second, "brief");
        let life = Expiration::AfterReading(60);
        content.replacing(mimi(id)).expiring(life)
    };
    for content in [&edit, &brief] {
        ward.arrives(&second, ward.group, content, 1);
    }
    let lapse = |ward: &Ward| ward.write(|tx, context| Ok(tx.refuse_waiting_until(context.now)?));
    assert_eq!(lapse(&ward), 0);
    ward.now = ward.now.plus(Duration::from_secs(60));
    assert_eq!(lapse(&ward), 1);
    ward.now = ward.now.plus(30 * DAY);
    assert_eq!(lapse(&ward), 1);
    assert_eq!(ward.held(), (vec![], vec!["unknown message"; 2]));
    // The content is forgotten with the wait: what comes now is not changed by it.
    ward.arrives(&ward.nurse, ward.group, &first, 1);
    assert_eq!(ward.row(id).edited, 0);
}

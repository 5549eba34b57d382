//! Edits, retractions, reactions: only where they belong, and only by whom they may.

use sotto_content::mimi::{MessageId as MimiId, MimiContent};

use super::fixture::{Ward, potassium, stored};
use crate::base::{ConversationId, MessageId};
use crate::roster::tests::fixture::Device;
use crate::store::table::message::Presence;
use crate::timeline::Applied;

fn mimi(id: MessageId) -> MimiId {
    MimiId(*id.as_bytes())
}

fn edit(ward: &Ward, from: &Device, room: ConversationId, of: MessageId, text: &str) -> Applied {
    let (salt, extensions) = ward.stamp(from, room);
    ward.arrives(
        from,
        room,
        &MimiContent::text(salt, extensions, text).replacing(mimi(of)),
        1,
    )
}

fn retract(ward: &Ward, from: &Device, room: ConversationId, of: MessageId) -> Applied {
    let (salt, extensions) = ward.stamp(from, room);
    ward.arrives(
        from,
        room,
        &MimiContent::retraction(salt, extensions, mimi(of), false),
        1,
    )
}

fn react(ward: &Ward, from: &Device, room: ConversationId, to: MessageId, emoji: &str) -> Applied {
    let (salt, extensions) = ward.stamp(from, room);
    ward.arrives(
        from,
        room,
        &MimiContent::reaction(salt, extensions, mimi(to), emoji),
        1,
    )
}

#[test]
fn only_ones_own_text_is_edited_and_only_in_its_conversation() {
    let mut ward = Ward::new();
    let text = ward.text(&ward.nurse, "pottasium");
    assert_eq!(
        edit(&ward, &ward.physician, ward.group, text, "x"),
        Applied::Refused
    );
    assert_eq!(
        edit(&ward, &ward.nurse, ward.other, text, "x"),
        Applied::Refused
    );
    let card = ward.card(&ward.bench, &potassium());
    assert_eq!(
        edit(&ward, &ward.bench, ward.group, card, "x"),
        Applied::Refused
    );
    assert_eq!(ward.row(text).edited, 0);
    // Two edits that arrive the other way round: the later one stands.
    let early = ward.now;
    let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
    let first = MimiContent::text(salt, extensions, "first edit").replacing(mimi(text));
    ward.now = early.plus(std::time::Duration::from_secs(5));
    assert_eq!(
        edit(&ward, &ward.nurse, ward.group, text, "potassium"),
        Applied::Known
    );
    assert_eq!(
        ward.arrives(&ward.nurse, ward.group, &first, 1),
        Applied::Known
    );
    assert_eq!(
        (ward.row(text).search.as_str(), ward.row(text).edited),
        ("potassium", 1)
    );
    // What is gone is not brought back.
    assert_eq!(
        retract(&ward, &ward.nurse, ward.group, text),
        Applied::Known
    );
    assert_eq!(
        edit(&ward, &ward.nurse, ward.group, text, "again"),
        Applied::Known
    );
    assert!(ward.row(text).presence == Presence::Retracted && ward.row(text).body.is_empty());
}

#[test]
fn a_result_is_never_unsaid_and_nobody_unsays_anothers_words() {
    let ward = Ward::new();
    let card = ward.card(&ward.bench, &potassium());
    let text = ward.text(&ward.nurse, "called the ward");
    assert_eq!(
        retract(&ward, &ward.bench, ward.group, card),
        Applied::Refused
    );
    assert_eq!(
        retract(&ward, &ward.physician, ward.group, text),
        Applied::Refused
    );
    assert_eq!(
        retract(&ward, &ward.nurse, ward.other, text),
        Applied::Refused
    );
    assert!(ward.row(card).presence == Presence::Here && ward.row(text).presence == Presence::Here);
}

#[test]
fn reactions_stay_in_their_conversation_and_are_few_and_short() {
    let ward = Ward::new();
    let text = ward.text(&ward.nurse, "done");
    assert_eq!(
        react(&ward, &ward.physician, ward.other, text, "👍"),
        Applied::Refused
    );
    for bad in ["", " ", "a\u{0}b", &"x".repeat(65)] {
        assert_eq!(
            react(&ward, &ward.physician, ward.group, text, bad),
            Applied::Malformed
        );
    }
    let taken = (0..100).filter(|n| {
        react(&ward, &ward.physician, ward.group, text, &n.to_string()) == Applied::Known
    });
    assert_eq!(taken.count(), 8);
    assert_eq!(ward.read(|tx| tx.reactions(text)).len(), 8);
    // To what has not come: another's waits for it. This device itself speaks of what it has.
    let unknown = MessageId::new([9; 32]);
    assert_eq!(
        react(&ward, &ward.physician, ward.group, unknown, "👍"),
        Applied::Known
    );
    assert!(matches!(
        react(&ward, &ward.nurse, ward.group, unknown, "👍"),
        Applied::Waits(_)
    ));
}

#[test]
fn a_reaction_is_taken_back_by_its_person_and_goes_with_its_message() {
    let ward = Ward::new();
    let text = ward.text(&ward.nurse, "done");
    let (salt, extensions) = ward.stamp(&ward.physician, ward.group);
    let reaction = MimiContent::reaction(salt, extensions, mimi(text), "👍");
    let id = ward.id_of(&ward.physician, ward.group, &reaction);
    assert_eq!(
        ward.arrives(&ward.physician, ward.group, &reaction, 1),
        Applied::Known
    );
    assert_eq!(
        retract(&ward, &ward.nurse, ward.group, id),
        Applied::Refused
    );
    assert_eq!(ward.read(|tx| tx.reactions(text)).len(), 1);
    assert_eq!(
        retract(&ward, &ward.physician, ward.group, id),
        Applied::Known
    );
    assert!(ward.read(|tx| tx.reactions(text)).is_empty());

    assert_eq!(
        react(&ward, &ward.physician, ward.group, text, "👍"),
        Applied::Known
    );
    assert_eq!(
        retract(&ward, &ward.nurse, ward.group, text),
        Applied::Known
    );
    assert!(ward.read(|tx| tx.reactions(text)).is_empty());
}

#[test]
fn who_may_not_send_sends_nothing() {
    let mut ward = Ward::new();
    let stranger = ward.world.new_device(ward.nurse.owner);
    let (salt, extensions) = ward.stamp(&stranger, ward.group);
    let text = MimiContent::text(salt, extensions, "hello");
    assert_eq!(
        ward.arrives(&stranger, ward.group, &text, 1),
        Applied::Refused
    );
    assert_eq!(
        ward.try_card(&ward.nurse, ward.group, &potassium()),
        Applied::Refused
    );
    let clerk = ward.world.member(
        "Unit Clerk",
        Some("5W"),
        crate::roster::tests::fixture::terms(crate::roster::authorize::pack::UNIT_CLERK, None),
    );
    assert_eq!(
        ward.try_card(&clerk, ward.group, &potassium()),
        Applied::Refused
    );
    stored(ward.try_card(&ward.bench, ward.group, &potassium()));
}

//! Who may be sent a result, judged by the roster as it is when it is sent.

use sotto_content::readback::Prompt;

use super::send::send_card;
use super::{ClinicalError, SentCard, To, questions};
use crate::base::{ConversationId, Owner};
use crate::conversation::members::direct_in;
use crate::roster::authorize::pack;
use crate::roster::kind::{RoleWithdrawn, Setting, Value};
use crate::roster::tests::fixture::{Device, terms, text};
use crate::store::WriteTx;
use crate::store::table::membership::WishKind;
use crate::timeline::tests::fixture::{Ward, potassium, version};

/// A ward whose physician sends; the clerk's role sends and receives messages, and views no results.
fn ward() -> (Ward, Owner) {
    let mut ward = Ward::new();
    let clerk = ward
        .world
        .member("Mary Clerk", Some("5W"), terms(pack::UNIT_CLERK, None));
    (ward, clerk.owner)
}

fn write<T>(
    ward: &Ward,
    work: impl FnOnce(&WriteTx<'_>) -> Result<T, ClinicalError>,
) -> Result<T, ClinicalError> {
    ward.store.write("test", work)
}

fn send(ward: &Ward, to: To, number: u32) -> Result<Vec<SentCard>, ClinicalError> {
    let card = if number == 1 {
        potassium()
    } else {
        version(number, "6.9")
    };
    write(ward, |tx| send_card(tx, &ward.context(), to, card, None))
}

fn loses_every_role(ward: &mut Ward, whose: &Device) {
    let admin = ward.world.admin.clone();
    for grant in ward.world.roster.grants_of(whose.owner).to_vec() {
        let (holder, grant) = (whose.owner, grant.id);
        ward.world.ok(&admin, RoleWithdrawn { holder, grant });
    }
}

/// Everything that a send would leave: conversations, messages, cards.
fn left(ward: &Ward) -> usize {
    let conversations = ward.read(|tx| tx.conversations());
    let messages = conversations.iter().map(|one| {
        ward.read(|tx| tx.messages_before(one.id, None, u32::MAX))
            .len()
    });
    conversations.len() + messages.sum::<usize>()
}

#[test]
fn a_result_goes_to_nobody_who_may_not_view_results_and_leaves_no_trace() {
    let (ward, clerk) = ward();
    let before = left(&ward);
    assert!(matches!(
        send(&ward, To::Owner(clerk), 1),
        Err(ClinicalError::RecipientMayNotView)
    ));
    assert_eq!(left(&ward), before);
    let sent = send(&ward, To::Owner(ward.nurse.owner), 1).unwrap();
    assert_eq!((sent.len(), sent[0].duplicate), (1, false));
}

#[test]
fn one_member_who_may_not_view_results_keeps_them_from_the_group() {
    let (ward, clerk) = ward();
    let group: ConversationId = ward.group;
    let wish = |owner: Owner| {
        write(&ward, |tx| {
            tx.add_wish(
                group,
                WishKind::Add,
                owner.kind(),
                owner.as_bytes(),
                ward.now,
            )?;
            Ok(())
        })
        .unwrap();
    };
    wish(ward.nurse.owner);
    wish(clerk);
    let before = left(&ward);
    assert!(matches!(
        send(&ward, To::Conversation(group), 1),
        Err(ClinicalError::MemberMayNotView)
    ));
    assert_eq!(left(&ward), before);
}

#[test]
fn a_correction_reaches_who_had_the_result_and_may_view_none_by_now() {
    let (mut ward, clerk) = ward();
    let nurse = ward.nurse.clone();
    let to_nurse = send(&ward, To::Owner(nurse.owner), 1).unwrap()[0].conversation;
    loses_every_role(&mut ward, &nurse);
    // Nothing new, to nobody new.
    assert!(matches!(
        send(&ward, To::Owner(clerk), 2),
        Err(ClinicalError::RecipientMayNotView)
    ));
    // Asked for another recipient, the correction goes to who had the first version too.
    let bench = ward.bench.owner;
    let sent = send(&ward, To::Owner(bench), 2).unwrap();
    let reached: Vec<ConversationId> = sent.iter().map(|one| one.conversation).collect();
    assert!(sent.iter().all(|one| one.version == 2) && reached.contains(&to_nurse));
    // And asked for them alone.
    let next = version(3, "7.1");
    let sent = write(&ward, |tx| {
        let to = To::Conversation(direct_in(tx, &ward.context(), nurse.owner)?);
        send_card(tx, &ward.context(), to, next, None)
    })
    .unwrap();
    assert_eq!((sent[0].conversation, sent[0].version), (to_nurse, 3));
}

#[test]
fn a_result_lives_as_long_as_the_policy_says_where_nobody_says_otherwise() {
    let (mut ward, _) = ward();
    let nurse = To::Owner(ward.nurse.owner);
    let days = |ward: &Ward, sent: &[SentCard]| {
        let ends = ward.row(sent[0].message).expires.unwrap();
        (ends.millis() - ward.now.millis()) / (24 * 3_600 * 1_000)
    };
    let sent = send(&ward, nurse, 1).unwrap();
    assert_eq!(days(&ward, &sent), 7);
    let policy = ward.world.roster.policy().unwrap().clone();
    let policy = policy.with(Setting::ResultLife, Value::Number(2 * 24 * 3_600));
    let admin = ward.world.admin.clone();
    ward.world.ok(&admin, policy);
    let sent = send(&ward, nurse, 2).unwrap();
    assert_eq!(days(&ward, &sent), 2);
}

#[test]
fn the_policy_of_the_readers_unit_says_how_a_value_is_read_back() {
    let (mut ward, _) = ward();
    let id = ward.card(&ward.bench, &potassium());
    let row = ward.read(|tx| tx.card(id)).unwrap();
    let asked = |ward: &Ward| {
        let questions = questions(&ward.context(), &row, &potassium());
        questions.items[0].prompt.clone()
    };
    assert!(matches!(asked(&ward), Prompt::Type { .. }));
    type Check = fn(&Prompt) -> bool;
    let expected: [(&str, Check); 2] = [
        ("5W", |prompt| matches!(prompt, Prompt::Confirm { .. })),
        ("6E", |prompt| matches!(prompt, Prompt::Type { .. })),
    ];
    for (unit, right) in expected {
        let rules = Value::PerUnit(vec![(text(unit), 2)]);
        let policy = ward.world.roster.policy().unwrap().clone();
        let policy = policy.with(Setting::ReadBack, rules);
        let admin = ward.world.admin.clone();
        ward.world.ok(&admin, policy);
        assert!(right(&asked(&ward)), "the physician works on 5W");
    }
}

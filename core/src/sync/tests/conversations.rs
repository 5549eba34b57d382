//! What devices do for each other when all are honest: found, add, send, remove, lose, come back.

use crate::roster::Owner;
use crate::roster::authorize::pack;
use crate::roster::kind::{ApprovalMode, DeviceRevoked, PersonLeft, RevocationMode, Subject};
use crate::roster::tests::fixture::{Device, terms};
use crate::store::table::conversation::{ConversationKind, ConversationState};
use crate::store::table::membership::WishKind;

use super::world::Ward;

fn revoke(ward: &mut Ward, at: usize) {
    let admin = ward.organisation.admin.clone();
    let device = ward.nodes[at].me.device;
    let body = DeviceRevoked {
        device,
        mode: RevocationMode::Revoke,
        suspect_since: None,
        reason: None,
    };
    ward.organisation.ok(&admin, body);
}

fn next_device(ward: &mut Ward, owner: Owner) -> Device {
    let Owner::Person(person) = owner else {
        panic!("a place")
    };
    ward.organisation.join(
        Subject::Person(person),
        vec![terms(pack::NURSE, None)],
        ApprovalMode::Instant,
    )
}

#[test]
fn a_group_speaks_and_whoever_is_removed_hears_no_more_under_a_new_key() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    ward.nodes[1].say(id, "from the nurse");
    ward.quiet();
    for at in 0..3 {
        assert_eq!(ward.nodes[at].members(id).len(), 3);
    }
    assert_eq!(
        (
            ward.nodes[0].title(id).as_str(),
            ward.nodes[2].title(id).as_str()
        ),
        ("from the nurse", "from the nurse")
    );

    let physician = ward.owner(2);
    ward.nodes[0].wish(id, WishKind::Remove, physician);
    ward.nodes[0].say(id, "without the physician");
    ward.push(0);
    ward.quiet();
    assert_eq!(
        ward.nodes[2].title(id),
        "from the nurse",
        "nothing leaves before the removal"
    );
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(ward.nodes[1].title(id), "without the physician");
    assert_eq!(ward.nodes[2].title(id), "from the nurse");
    assert_eq!(
        ward.nodes[2].conversation(id).state,
        ConversationState::Left
    );
    assert_eq!(
        ward.nodes[0].key_generations(id),
        ward.nodes[1].key_generations(id)
    );
    assert_eq!(ward.nodes[1].key_generations(id).len(), 2);
    // The new key led, so nothing had to be held for it; and the removal is on purpose: nobody is expected back.
    assert_eq!(ward.nodes[1].held(), (0, 0));
    ward.read_roster();
    ward.settle(0, id);
    assert!(!ward.nodes[0].members(id).contains(&ward.nodes[2].me.device));
}

#[test]
fn a_draft_to_somebody_who_cannot_be_added_yet_waits_and_then_arrives() {
    let mut ward = Ward::new();
    ward.bare.push(1);
    let nurse = ward.owner(1);
    let id = ward.nodes[0].make(ConversationKind::Direct, &[nurse]);
    ward.push(0);
    ward.nodes[0].say(id, "potassium 6.8");
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(
        ward.nodes[0].outbox(),
        1,
        "said to nobody, it would be lost"
    );
    ward.bare.clear();
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(ward.nodes[1].title(id), "potassium 6.8");
    assert_eq!(ward.nodes[0].outbox(), 0);
}

#[test]
fn a_person_who_lost_their_only_device_is_back_with_the_next_one() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Direct, &[0, 1]);
    let nurse = ward.owner(1);
    revoke(&mut ward, 1);
    ward.read_roster();
    ward.settle(0, id);
    assert_eq!(ward.nodes[0].members(id).len(), 1);
    ward.nodes[0].say(id, "are you there?");
    assert_eq!(
        ward.nodes[0].outbox(),
        2,
        "the word waits, and the new key with it"
    );
    let device = next_device(&mut ward, nurse);
    let at = ward.enter(&device);
    ward.read_roster();
    let later = std::time::Duration::from_secs(40);
    let pending = ward.stage_later(0, id, later).unwrap();
    assert!(ward.advance(&pending));
    ward.confirm(0, &pending);
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(ward.nodes[at].title(id), "are you there?");
}

#[test]
fn of_two_direct_conversations_made_at_once_one_lives_and_nothing_is_lost() {
    let mut ward = Ward::new();
    let (one, other) = (ward.owner(0), ward.owner(1));
    let mine = ward.nodes[0].make(ConversationKind::Direct, &[other]);
    let theirs = ward.nodes[1].make(ConversationKind::Direct, &[one]);
    ward.nodes[0].say(mine, "mine");
    ward.nodes[1].say(theirs, "theirs");
    for (at, id) in [(0, mine), (1, theirs)] {
        ward.push(at);
        ward.settle(at, id);
    }
    ward.quiet();
    assert_eq!(
        (
            ward.nodes[1].title(mine).as_str(),
            ward.nodes[0].title(theirs).as_str()
        ),
        ("mine", "theirs")
    );
    let state = |at: usize, id| ward.nodes[at].conversation(id).state;
    let (low, high) = if mine.as_bytes() < theirs.as_bytes() {
        (mine, theirs)
    } else {
        (theirs, mine)
    };
    for at in [0, 1] {
        assert_eq!(
            (state(at, low), state(at, high)),
            (ConversationState::Active, ConversationState::ReadOnly)
        );
        assert_eq!(ward.nodes[at].outbox(), 0);
    }
}

#[test]
fn who_was_removed_can_be_asked_back_by_somebody_who_came_later() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let (nurse, bench) = (ward.owner(1), ward.owner(3));
    ward.nodes[0].wish(id, WishKind::Remove, nurse);
    ward.settle(0, id);
    ward.quiet();
    ward.nodes[0].wish(id, WishKind::Add, bench);
    ward.settle(0, id);
    ward.quiet();
    ward.nodes[3].wish(id, WishKind::Add, nurse);
    ward.settle(3, id);
    ward.quiet();
    assert_eq!(
        ward.nodes[1].conversation(id).state,
        ConversationState::Active
    );
    ward.nodes[3].say(id, "welcome back");
    ward.quiet();
    assert_eq!(ward.nodes[1].title(id), "welcome back");
    assert_eq!(ward.nodes[0].members(id).len(), 4);
}

#[test]
fn the_next_device_of_a_person_is_added_by_the_first_at_once() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Direct, &[0, 1]);
    let nurse = ward.owner(1);
    let device = next_device(&mut ward, nurse);
    let at = ward.enter(&device);
    ward.read_roster();
    assert!(ward.stage(0, id).is_none(), "the other side leaves time");
    ward.settle(1, id);
    ward.quiet();
    ward.nodes[0].say(id, "to both");
    ward.quiet();
    assert_eq!(
        (
            ward.nodes[1].title(id).as_str(),
            ward.nodes[at].title(id).as_str()
        ),
        ("to both", "to both")
    );
}

#[test]
fn drafts_of_a_device_that_is_removed_come_to_an_end() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    let (nurse, physician) = (ward.owner(1), ward.owner(2));
    // The nurse's word waits for a removal of her own wish, and she is removed first.
    ward.nodes[1].wish(id, WishKind::Remove, physician);
    ward.nodes[1].say(id, "too late");
    ward.nodes[0].wish(id, WishKind::Remove, nurse);
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(
        ward.nodes[1].conversation(id).state,
        ConversationState::Left
    );
    assert_eq!(ward.nodes[1].outbox(), 0);
    assert!(ward.stage(1, id).is_none());
}

#[test]
fn a_revoked_device_is_gone_before_anything_more_is_said() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    revoke(&mut ward, 2);
    ward.read_roster_at(0);
    ward.nodes[0].say(id, "after the revocation");
    assert_eq!(ward.nodes[0].outbox(), 1);
    ward.settle(0, id);
    ward.quiet();
    // The nurse has not read the roster that the commit names.
    assert_ne!(ward.nodes[1].title(id), "after the revocation");
    assert!(ward.nodes[1].held().0 > 0);
    ward.read_roster_at(1);
    assert_eq!(ward.nodes[1].title(id), "after the revocation");
    assert_eq!(ward.nodes[1].held(), (0, 0));
    assert_eq!(ward.nodes[0].members(id).len(), 2);
}

#[test]
fn a_draft_to_somebody_who_leaves_for_good_comes_to_an_end() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Direct, &[0, 1]);
    let admin = ward.organisation.admin.clone();
    let Owner::Person(person) = ward.owner(1) else {
        panic!("a place")
    };
    ward.organisation.ok(&admin, PersonLeft { person });
    ward.read_roster();
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(ward.nodes[0].members(id).len(), 1);
    assert_eq!(
        ward.nodes[0].outbox(),
        0,
        "neither the new key nor anything else waits for nobody"
    );
}

#[test]
fn a_welcome_whose_key_package_is_gone_is_made_good_by_coming_back() {
    let mut ward = Ward::new();
    let nurse = ward.owner(1);
    let id = ward.nodes[0].make(ConversationKind::Group, &[nurse]);
    ward.push(0);
    let pending = ward.stage(0, id).unwrap();
    // The nurse's device loses the private half between the claim and the Welcome.
    let year = std::time::Duration::from_secs(366 * 24 * 3600);
    ward.nodes[1].write(|tx, context| {
        crate::mls::key_package::delete_expired(tx, context.now.plus(year)).unwrap()
    });
    assert!(ward.advance(&pending));
    ward.confirm(0, &pending);
    ward.quiet();
    assert_eq!(
        ward.nodes[1].conversation(id).state,
        ConversationState::Stalled,
        "shown, and to be come back to"
    );

    let back = ward.resync(1, id);
    assert!(ward.advance(&back));
    ward.confirm(1, &back);
    ward.quiet();
    assert_eq!(ward.nodes[0].members(id), ward.nodes[1].members(id));
    ward.nodes[0].say(id, "heard after all");
    ward.quiet();
    assert_eq!(ward.nodes[1].title(id), "heard after all");
}

#[test]
fn a_renewal_gives_everybody_a_new_conversation_key_and_loses_nobody() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    ward.nodes[1].say(id, "before");
    ward.quiet();
    let before = ward.nodes[2].key_generations(id);
    let me = ward.owner(0);
    ward.nodes[0].wish(id, WishKind::Renew, me);
    ward.settle(0, id);
    ward.push(0);
    ward.quiet();
    for node in &ward.nodes[..3] {
        assert_eq!(node.key_generations(id).len(), before.len() + 1);
        assert_eq!(node.members(id).len(), 3);
    }
    ward.nodes[2].say(id, "after");
    ward.push(2);
    ward.quiet();
    assert_eq!(ward.nodes[0].title(id), "after");
    // Once is enough.
    ward.settle(0, id);
    ward.quiet();
    assert_eq!(ward.nodes[0].key_generations(id).len(), before.len() + 1);
}

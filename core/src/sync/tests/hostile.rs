//! A member, or a relay, that does not play by the rules.

use sotto_wire::Sealed;
use sotto_wire::submit::Delivery;

use crate::base::{ConversationId, SystemRandom, codec};
use crate::membership::envelope::{self, Frame};
use crate::membership::{Body, Inner, commit, load_group};
use crate::mls::Change;
use crate::store::StoreError;
use crate::store::table::conversation::{ConversationKind, ConversationState};
use crate::store::table::membership::WishKind;

use super::world::Ward;

/// Bytes of a member that are no message, under the conversation's key.
fn junk(ward: &mut Ward, from: usize, to: usize, id: ConversationId, bytes: Vec<u8>) {
    let row = ward.nodes[from].conversation(id);
    let alias = ward.nodes[to].conversation(id).alias;
    let keys = ward.nodes[from]
        .store
        .read::<_, StoreError>(|tx| tx.conversation_keys(row.id))
        .unwrap();
    let payload = envelope::wrap(&keys[0].1, &Frame::Mls(bytes), &SystemRandom).unwrap();
    let delivery = Delivery {
        alias: sotto_wire::Alias::new(alias),
        receipt: None,
    };
    ward.deliver(&Sealed::new(payload), &[delivery], 0);
}

#[test]
fn a_flood_of_junk_is_counted_and_does_not_stop_the_others() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1, 2]);
    for n in 0..300u32 {
        junk(&mut ward, 2, 1, id, n.to_be_bytes().to_vec());
    }
    ward.nodes[0].say(id, "heard all the same");
    ward.quiet();
    assert_eq!(ward.nodes[1].title(id), "heard all the same");
    assert_eq!(ward.nodes[1].held(), (0, 200));
    let rows = ward.nodes[1]
        .store
        .read::<_, StoreError>(|tx| tx.held())
        .unwrap();
    assert_eq!(
        rows.iter().map(|row| row.repeats).sum::<u64>(),
        100,
        "none of them is dropped without a trace"
    );
}

#[test]
fn a_commit_that_the_relay_never_accepted_stops_nobody() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Direct, &[0, 1]);
    // The nurse stages the removal of the administrator, which nobody may do, and sends it past the slot.
    let administrator = ward.nodes[0].me.device;
    let bytes = ward.nodes[1].write(|tx, context| {
        let row = tx.conversation(id).unwrap().unwrap();
        let mut group = load_group(tx, &row).unwrap().unwrap();
        let change = Change {
            add: &[],
            remove: &[],
            update: true,
        };
        let head = crate::roster::RosterHead {
            seq: 0,
            ..context.head()
        };
        group
            .stage_commit(&context.identity(), change, &codec::encode(&head))
            .unwrap()
            .commit
    });
    junk(&mut ward, 1, 0, id, bytes);
    ward.quiet();
    assert_eq!(
        ward.nodes[0].held(),
        (1, 0),
        "until the relay has said whether it accepted it"
    );
    let (gap, newest) = ward.nodes[0]
        .store
        .read::<_, StoreError>(|tx| tx.gaps())
        .unwrap()[0];
    assert_eq!(gap, id);
    ward.nodes[0].write(|tx, _| tx.refuse_gap(id, newest).unwrap());
    assert_eq!(ward.nodes[0].held(), (0, 1));
    assert_eq!(
        ward.nodes[0].conversation(id).state,
        ConversationState::Active
    );
    assert!(ward.nodes[0].members(id).contains(&administrator));
}

#[test]
fn an_outsider_in_a_direct_conversation_is_refused_and_hears_nothing_after_a_return() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Direct, &[0, 1]);
    let outsider = ward.nodes[2].me.device;
    // The nurse adds the physician past her own rules, and the relay, which is blind, accepts.
    let package = ward.nodes[2].write(|tx, context| {
        crate::mls::key_package::generate(
            tx,
            &context.identity(),
            crate::mls::Suite::default(),
            1,
            false,
            context.now,
        )
        .unwrap()
    });
    ward.nodes[1].write(|tx, context| {
        let row = tx.conversation(id).unwrap().unwrap();
        let mut group = load_group(tx, &row).unwrap().unwrap();
        let plan = crate::membership::Plan {
            add: vec![outsider],
            remove: Vec::new(),
            update: false,
            renew: false,
        };
        commit::stage(tx, context, &row, &mut group, &plan, &package).unwrap();
    });
    let pending = ward.nodes[1].pending(id).unwrap();
    assert!(ward.advance(&pending));
    ward.confirm(1, &pending);
    ward.quiet();
    assert_eq!(ward.nodes[0].members(id).len(), 2, "not followed");
    assert!(
        ward.nodes[2]
            .store
            .read::<_, StoreError>(|tx| tx.conversation(id))
            .unwrap()
            .is_none(),
        "nor joined"
    );
    // Coming back leads into the epoch that the relay has; the outsider goes before anything is said there.
    ward.nodes[0].write(|tx, _| {
        tx.set_conversation_state(id, ConversationState::Stalled)
            .unwrap()
    });
    let back = ward.resync(0, id);
    assert!(ward.advance(&back));
    ward.confirm(0, &back);
    ward.nodes[0].say(id, "between the two of us");
    assert!(ward.nodes[0].outbox() > 0);
    ward.settle(0, id);
    ward.quiet();
    assert!(!ward.nodes[0].members(id).contains(&outsider));
    assert_eq!(ward.nodes[1].title(id), "between the two of us");
}

#[test]
fn a_roster_named_from_the_future_is_asked_for_and_not_believed() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    let bytes = ward.nodes[1].write(|tx, context| {
        let row = tx.conversation(id).unwrap().unwrap();
        let mut group = load_group(tx, &row).unwrap().unwrap();
        let head = crate::roster::RosterHead {
            seq: u64::from(u32::MAX),
            ..context.head()
        };
        let inner = Inner {
            head,
            sent: context.now,
            body: Body::Info("from the future".into(), Vec::new()),
        };
        group
            .encrypt(&context.identity(), &codec::encode(&inner))
            .unwrap()
    });
    junk(&mut ward, 1, 0, id, bytes);
    ward.quiet();
    assert_eq!(ward.nodes[0].title(id), "from the future");
    let ahead =
        ward.nodes[0].write(|tx, context| crate::inbox::roster_seen_ahead(tx, context).unwrap());
    assert_eq!(ahead, Some(u64::from(u32::MAX)));
}

#[test]
fn a_wish_that_cannot_be_had_is_tried_ever_more_rarely() {
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    ward.bare.push(3);
    let bench = ward.owner(3);
    ward.nodes[0].wish(id, WishKind::Add, bench);
    let due = |ward: &Ward, later: u64| {
        ward.nodes[0].write(|tx, context| {
            let then = context.now.plus(std::time::Duration::from_secs(later));
            tx.conversations_with_changes(then).unwrap().contains(&id)
        })
    };
    // The weekly renewal is a wish of its own and not due.
    assert!(due(&ward, 0));
    ward.nodes[0].write(|tx, context| tx.postpone_wishes(id, context.now).unwrap());
    assert!(!due(&ward, 0));
    assert!(due(&ward, 20));
}

//! The end of content: rows, index, keys; and what outlives it.

use std::time::Duration;

use sotto_content::mimi::{Expiration, MimiContent};

use super::fixture::{Ward, acknowledged, potassium, stored, version};
use crate::audit;
use crate::base::{MessageId, Timestamp};
use crate::store::table::message::Presence;
use crate::timeline::{Applied, purge_expired};

const YEARS: Duration = Duration::from_secs(400 * 365 * 24 * 3600);

fn expiring(ward: &Ward, expires: Expiration, sent: Timestamp) -> MessageId {
    let (salt, extensions) = ward.stamp(&ward.nurse, ward.group);
    let text = MimiContent::text(salt, extensions, "brief").expiring(expires);
    stored(ward.arrives_sent(&ward.nurse, ward.group, &text, 1, sent))
}

fn purge(ward: &Ward) -> usize {
    ward.write(purge_expired)
}

#[test]
fn every_expiry_ends_somewhere_and_a_senders_wrong_clock_takes_nothing_away() {
    let mut ward = Ward::new();
    let now = ward.now;
    let ends = |id| ward.row(id).expires.unwrap();
    assert_eq!(
        ends(expiring(&ward, Expiration::AfterReading(60), now)),
        now.plus(Duration::from_secs(60))
    );
    let long_ago = Timestamp::from_millis(0);
    assert_eq!(
        ends(expiring(&ward, Expiration::AfterReading(60), long_ago)),
        now.plus(Duration::from_secs(60))
    );
    assert_eq!(
        ends(expiring(&ward, Expiration::At(0), now)),
        Timestamp::from_millis(1),
        "never is not what zero means"
    );
    expiring(&ward, Expiration::AfterReading(0), now);
    expiring(&ward, Expiration::AfterReading(u32::MAX), now);
    expiring(&ward, Expiration::At(u32::MAX), now);
    assert_eq!(purge(&ward), 2);
    ward.now = now.plus(YEARS);
    assert_eq!(purge(&ward), 4);
}

#[test]
fn what_is_purged_is_in_no_page_of_the_index() {
    let ward = Ward::new();
    let canary = "zyxwvucanary";
    let text = ward.text(&ward.nurse, canary);
    let keep = ward.text(&ward.nurse, "keepsake");
    let holds = |word: &str| {
        ward.read(|tx| {
            let mut statement = tx.conn().prepare("SELECT block FROM message_index_data")?;
            let blocks = statement
                .query_map([], |row| row.get::<_, Vec<u8>>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(blocks.iter().any(|block| {
                block
                    .windows(word.len())
                    .any(|part| part == word.as_bytes())
            }))
        })
    };
    assert!(holds(canary));
    ward.write(|tx, _| Ok(tx.purge_message(text, Presence::Expired)?));
    assert!(!holds(canary), "the word is still in a segment");
    assert!(holds("keepsake"));
    assert_eq!(ward.read(|tx| tx.search_messages(canary, 9)).len(), 0);
    assert!(
        ward.row(text).body.is_empty()
            && ward.row(text).search.is_empty()
            && !ward.row(keep).body.is_empty()
    );
}

#[test]
fn a_critical_result_stays_until_it_is_taken_and_its_proofs_stay_after_it() {
    let mut ward = Ward::new();
    let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
    let content = MimiContent::card(salt, extensions, version(1, "6.8").to_bytes().unwrap());
    let card = stored(ward.arrives(
        &ward.bench,
        ward.group,
        &content.expiring(Expiration::AfterReading(60)),
        1,
    ));
    ward.now = ward.now.plus(YEARS);
    assert_eq!(purge(&ward), 0, "nobody has it");
    ward.now = ward.world.now;
    assert!(matches!(
        ward.states(&ward.nurse, card, acknowledged()),
        Applied::Stored(_)
    ));
    ward.now = ward.now.plus(Duration::from_secs(61));
    assert_eq!(purge(&ward), 1);
    assert_eq!(ward.row(card).presence, Presence::Expired);
    assert_eq!(ward.proven(card).len(), 1);
    assert!(ward.read(|tx| tx.card(card)).is_some());
    assert_eq!(
        ward.read(|tx| audit::newest(tx, 1))[0].act,
        audit::Act::Purged
    );
    // A correction still finds what it corrects.
    let second = ward.card(&ward.bench, &version(2, "7.2"));
    let row = ward.read(|tx| tx.card(second)).unwrap();
    assert_eq!(
        ward.read(|tx| tx.card_versions(&row.identity, &row.issuer))
            .len(),
        2
    );
}

#[test]
fn many_open_results_do_not_keep_the_rest_from_expiring() {
    let mut ward = Ward::new();
    for number in 0..12 {
        let mut card = potassium();
        card.identity.filler.as_mut().unwrap().value = format!("order {number}");
        let (salt, extensions) = ward.stamp(&ward.bench, ward.group);
        let content = MimiContent::card(salt, extensions, card.to_bytes().unwrap());
        stored(ward.arrives(
            &ward.bench,
            ward.group,
            &content.expiring(Expiration::AfterReading(1)),
            1,
        ));
    }
    expiring(&ward, Expiration::AfterReading(2), ward.now);
    ward.now = ward.now.plus(Duration::from_secs(10));
    assert_eq!(ward.read(|tx| tx.expired_messages(ward.now, 3)).len(), 1);
    assert_eq!(purge(&ward), 1);
}

//! What a log would show of rows and records if somebody printed them.

use crate::base::{ConversationId, MessageId, SystemRandom, Timestamp};
use crate::membership::direct::AliasOf;
use crate::roster::Rotation;
use crate::roster::rotation::SealRecord;
use crate::roster::tests::fixture::{World, relay};
use crate::store::table::membership::PendingCommitRow;
use crate::store::table::queue::{AckDueRow, OutboxKind, OutboxRow, ReceiptWantedRow};
use crate::store::table::roster::RosterEntryRow;

use super::world::Ward;
use crate::store::table::conversation::{ConversationKind, ConversationRow};

#[test]
fn no_address_key_or_content_of_a_row_is_printed() {
    let bytes = [171u8; 16];
    let (world, ..) = World::staffed();
    let recipients = world.roster.recipients().unwrap();
    let organisation = world.roster.anchor().organisation;
    let rotation =
        Rotation::prepare(&organisation, &world.key, &recipients, &SystemRandom).unwrap();
    let mut ward = Ward::new();
    let id = ward.conversation(ConversationKind::Group, &[0, 1]);
    let conversation = ConversationRow {
        title: "Room 7, Mrs Miller".to_owned(),
        patient: bytes.to_vec(),
        slot: bytes,
        alias: bytes,
        peer: bytes.to_vec(),
        mls_group: bytes.to_vec(),
        ..ward.nodes[0].conversation(id)
    };
    let at = Timestamp::from_millis(0);
    let descriptor = crate::roster::kind::RelayDescriptor {
        tenant: bytes,
        ..relay()
    };
    let printed = [
        format!("{descriptor:?}"),
        format!("{conversation:?}"),
        format!(
            "{:?}",
            AliasOf {
                device: ward.nodes[0].me.device,
                alias: bytes
            }
        ),
        format!("{rotation:?}"),
        format!(
            "{:?}",
            SealRecord::from_bytes(&rotation.seals[0].1).unwrap()
        ),
        format!(
            "{:?}",
            PendingCommitRow {
                conversation: id,
                from_epoch: 1,
                request: bytes.to_vec(),
                commit_digest: crate::base::sha256(&bytes),
                next_key: bytes.to_vec(),
                roster_seq: 1,
                resync: false,
            }
        ),
        format!(
            "{:?}",
            OutboxRow {
                id: 1,
                lane: ConversationId::new(bytes),
                kind: OutboxKind::Draft,
                message: None,
                request: bytes.to_vec(),
                attempts: 0,
                not_before: at,
            }
        ),
        format!(
            "{:?}",
            ReceiptWantedRow {
                handle: bytes,
                message: MessageId::new([171; 32]),
                device: ward.nodes[0].me.device,
                conversation: id,
                since: at,
            }
        ),
        format!(
            "{:?}",
            AckDueRow {
                entry: 1,
                handle: Some(bytes),
                receipt: bytes.to_vec(),
            }
        ),
        format!(
            "{:?}",
            RosterEntryRow {
                position: 1,
                entry: bytes.to_vec(),
                verdict: 1,
            }
        ),
    ];
    for text in printed {
        for telltale in ["171", "Miller", "relay.example", "sealed: [", "seals: ["] {
            assert!(!text.contains(telltale), "{telltale} in {text}");
        }
    }
}

//! Attachments whose way to the relay is not straight.

use std::sync::Arc;

use crate::base::{Clock, MessageId, SystemClock, SystemRandom};
use crate::membership::{Body, Outgoing};
use crate::outbox;
use crate::store::table::attachment::{AttachmentRow, AttachmentState};
use crate::store::table::conversation::ConversationKind;
use crate::store::table::message::{MessageKind, MessageRow, Presence, Priority};
use crate::timeline::State;
use crate::transport::{Endpoint, ProxySetting, Timeouts, Transport};

use super::super::judge::Stop;
use super::super::roster::{put_entries, put_keyring};
use super::super::{Engine, SyncError};
use super::rotation::Log;
use super::world::Node;

/// A device whose relay cannot be reached.
pub(super) fn offline() -> (Node, Arc<Engine>) {
    let log = Log::new(0, false);
    let node = Node::new(&log.reader, &log.world.roster, 9);
    let mut judging = log.judging();
    assert_eq!(judging.run(), Stop::End);
    node.write(|tx, _| {
        put_keyring(tx, &log.first).unwrap();
        put_entries(tx, &judging.rows).unwrap();
    });
    let transport = Transport::new(Endpoint {
        host: "127.0.0.1".to_owned(),
        port: 1,
        pins: vec![[1; 32]],
        signing_key: log.world.root.verifying_key(),
        tenant: sotto_wire::TenantId::new([7; 16]),
        proxy: ProxySetting::None,
        timeouts: Timeouts::default(),
    })
    .unwrap();
    let engine = Engine::new(
        node.store.clone(),
        transport,
        Arc::new(SystemClock::default()),
        Arc::new(SystemRandom),
    );
    (node, Arc::new(engine))
}

#[tokio::test]
async fn a_lost_local_copy_fails_its_own_message_and_lets_the_others_go_on() {
    let (node, engine) = offline();
    let id = node.make(ConversationKind::Group, &[]);
    let message = |n: u8| MessageId::new([n; 32]);
    let now = SystemClock::default().now();
    node.write(|tx, context| {
        let row = tx.conversation(id).unwrap().unwrap();
        for n in [1, 2] {
            tx.add_message(&MessageRow {
                seq: 0,
                id: message(n),
                conversation: id,
                sender: context.me.device,
                owner_kind: context.me.owner.kind(),
                owner: context.me.owner.as_bytes().to_vec(),
                mine: true,
                kind: MessageKind::Attachment,
                priority: Priority::Routine,
                body: vec![1],
                search: String::new(),
                reply_to: None,
                sent: now,
                received: now,
                drifted: false,
                expires: None,
                edited: 0,
                presence: Presence::Here,
            })
            .unwrap();
            tx.put_attachment(&AttachmentRow {
                message: message(n),
                part: 1,
                blob: [n; 16],
                size: 4,
                name: "scan.pdf".to_owned(),
                media: "application/pdf".to_owned(),
                key: vec![0; 32],
                digest: vec![0; 32],
                file: format!("copy{n}"),
                state: AttachmentState::Uploading,
                done: 0,
            })
            .unwrap();
            let word = Outgoing::word(Body::Info("stands for the message".to_owned(), Vec::new()));
            outbox::keep(tx, context, &row, Some(message(n)), &word).unwrap();
        }
    });
    std::fs::create_dir_all(engine.attachments()).unwrap();
    std::fs::write(engine.attachments().join("copy2"), b"sealed").unwrap();
    let before = node.outbox();

    let error = engine.upload_attachments().await.unwrap_err();
    assert!(
        matches!(&error, SyncError::Transport(error) if error.code().is_none()),
        "the second one got as far as the network: {error}"
    );
    let (lost, kept, states) = node.write(|tx, _| {
        let state = |n| tx.attachments(message(n)).unwrap()[0].state;
        (
            state(1),
            state(2),
            [1, 2].map(|n| tx.message_states(message(n)).unwrap()),
        )
    });
    assert_eq!(
        (lost, kept),
        (AttachmentState::Gone, AttachmentState::Uploading)
    );
    assert_eq!(
        states[0].iter().map(|row| row.state).collect::<Vec<_>>(),
        [State::Revoked.code()],
        "its end is shown"
    );
    assert!(states[1].is_empty());
    assert_eq!(node.outbox(), before - 1, "nothing waits for it");
    assert!(
        node.write(|tx, _| tx.outbox_drafts(id, 9).unwrap())
            .iter()
            .any(|row| row.message == Some(message(2)))
    );
}

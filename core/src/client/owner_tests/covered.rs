//! While what is shown is covered, nobody speaks, answers, changes or takes out anything for the person.

use super::verification::acts;
use super::*;

/// Acts that need no fresh verification, and each other way in which something is said or shown.
async fn unverified(client: &Client) -> Vec<(&'static str, &'static str)> {
    let owner = Owner::Person(PersonId::new([1; 16]));
    let (chat, message) = (ConversationId::new([1; 16]), MessageId::new([1; 32]));
    let acknowledge = Acknowledge {
        message,
        values: Vec::new(),
        identifiers: Vec::new(),
    };
    let result = SendResult {
        to: Recipient::Ordering,
        source: Vec::new(),
        critical: None,
        expires: None,
    };
    let file = Path::new("/nonexistent/file");
    let root = || RootFileAccess {
        path: file.to_owned(),
        passphrase: secret("root words"),
    };
    let draft = Draft {
        text: "words".into(),
        ..Draft::default()
    };
    vec![
        ("acknowledge", code(client.acknowledge(acknowledge))),
        ("decline", code(client.decline(message, "why"))),
        ("seen", code(client.mark_seen(message))),
        ("send result", code(client.send_result(result))),
        ("send", code(client.send(chat, draft))),
        ("edit", code(client.edit(message, "other words"))),
        ("retract", code(client.retract(message))),
        ("react", code(client.react(message, "+"))),
        ("direct", code(client.direct(owner))),
        ("new group", code(client.new_group("title", &[owner]))),
        ("add", code(client.add_member(chat, owner))),
        ("remove", code(client.remove_member(chat, owner))),
        (
            "save",
            code(
                client
                    .save_attachment(message, 0, file, &mut |_, _| {})
                    .await,
            ),
        ),
        (
            "rehearse",
            code(client.rehearse_restore(file, &ArchiveKey::ThisDevice, file)),
        ),
        ("set pin", code(client.set_pin(&secret("271828")))),
        ("resume", code(client.resume().await)),
        ("veto", code(client.veto_recovery(1, None).await)),
        (
            "finish recovery",
            code(client.finish_recovery(root()).await),
        ),
        (
            "capability",
            code(client.take_root_capability(root()).await),
        ),
        ("invitations", code(client.invitations())),
        ("approvals", code(client.pending_approvals().await)),
        ("proposals", code(client.proposals())),
        ("roles", code(client.roles())),
        ("exposure", code(client.exposure(DeviceId::new([1; 16])))),
        ("security events", code(client.security_events())),
        ("search", code(client.search("word", 1))),
        ("open results", code(client.open_results())),
    ]
}

#[tokio::test]
async fn while_it_is_covered_nobody_speaks_answers_changes_or_exports_for_the_person() {
    let (desk, client) = Desk::nurse();
    for (act, code) in unverified(&client).await {
        assert_ne!(code, "session.locked", "{act}");
    }
    desk.clock.pass(300 * SECOND);
    let mut all = unverified(&client).await;
    all.extend(acts(&client).await);
    for (act, code) in all {
        assert_eq!(code, "session.locked", "{act}");
    }
    client.verify(passphrase("correct horse")).unwrap();
    let mut all = unverified(&client).await;
    all.extend(acts(&client).await);
    for (act, code) in all {
        assert_ne!(code, "session.locked", "{act}");
    }
}

#[tokio::test]
async fn a_laboratorys_agent_without_a_screen_goes_on_sending_when_nobody_has_used_it_for_days() {
    let (desk, client) = Desk::with(|world, _, bench| (world, bench));
    drop(client);
    let client = desk.builder().unattended().open(unlock()).unwrap();
    desk.clock.pass(3 * DAY);
    for (act, code) in unverified(&client).await {
        assert_ne!(code, "session.locked", "{act}");
    }
}

#[test]
fn a_verification_that_comes_exactly_when_the_session_ends_begins_a_new_one() {
    let (desk, client) = Desk::nurse();
    for _ in 0..180 {
        client.touch().unwrap();
        desk.clock.pass(240 * SECOND);
    }
    client.verify(passphrase("correct horse")).unwrap();
    client.people().unwrap();
}

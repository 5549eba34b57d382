//! What cannot be taken back asks whether its owner is there.

use super::*;

/// Everything that asks for a fresh verification.
pub(super) async fn acts(client: &Client) -> Vec<(&'static str, &'static str)> {
    let owner = Owner::Person(PersonId::new([1; 16]));
    let unmask = Unmask {
        purpose: "TREAT".into(),
        reason: "care".into(),
    };
    let invite = || Invite {
        invitee: Invitee::NextDevice(owner),
        approval: false,
        valid: HOUR,
        in_person: true,
    };
    let revoke = RevokeDevice {
        device: DeviceId::new([1; 16]),
        mode: Exclude::Wipe,
        suspect_since: None,
        reason: None,
    };
    let scope = ExportScope::Message(MessageId::new([1; 32]));
    let file = Path::new("/nonexistent/archive");
    let device = DeviceId::new([1; 16]);
    vec![
        ("wipe", code(client.revoke(revoke).await)),
        ("depart", code(client.depart(owner, None).await)),
        ("countersign", code(client.countersign(1).await)),
        ("invite", code(client.invite(invite()).await)),
        (
            "invite many",
            code(client.invite_many(vec![invite()]).await),
        ),
        (
            "approve",
            code(client.approve(InvitationId::new([1; 16])).await),
        ),
        ("leave", code(client.leave(PersonId::new([1; 16])).await)),
        ("rekey", code(client.rekey().await)),
        ("export", code(client.export(scope, &unmask))),
        ("backup", code(client.backup(file, secret("archive")))),
        (
            "hand over",
            code(client.hand_over(ConversationId::new([1; 16]), device, None, file)),
        ),
        ("extend", code(client.make_lease_extension(None, HOUR))),
        (
            "restore",
            code(client.restore(file, &ArchiveKey::ThisDevice)),
        ),
        ("refuse", code(client.refuse(1, None).await)),
        (
            "request elevation",
            code(client.request_elevation("admin", HOUR, "why").await),
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_a_fresh_verification() {
    let (desk, client) = Desk::nurse();
    drop(client);
    let client = desk.open().unwrap();
    for (act, code) in acts(&client).await {
        assert_ne!(code, "verify.needed", "{act}");
    }
    desk.busy(&client, 300 * SECOND);
    for (act, code) in acts(&client).await {
        assert_eq!(code, "verify.needed", "{act}");
    }
    assert_eq!(code(client.verify(passphrase("wrong"))), "verify.wrong");
    assert_eq!(
        code(client.backup(Path::new("x"), secret("a"))),
        "verify.needed"
    );
    client.verify(passphrase("correct horse")).unwrap();
    for (act, code) in acts(&client).await {
        assert_ne!(code, "verify.needed", "{act}");
    }
    client.lock().unwrap();
    for (act, code) in acts(&client).await {
        assert_eq!(code, "store.locked", "{act}");
    }
}

#[test]
fn a_verification_ends_by_either_clock_and_policy_may_only_shorten_it() {
    let (desk, client) = Desk::with(|mut world, nurse, _| {
        let admin = world.admin.clone();
        let policy = world.roster.policy().unwrap().clone();
        world.ok(
            &admin,
            policy.with(Setting::VerificationAge, Value::Number(60)),
        );
        (world, nurse)
    });
    let fresh = || client.verified(Action::Export).is_ok();
    assert!(fresh());
    desk.clock.pass(59 * SECOND);
    assert!(fresh());
    desk.clock.pass(SECOND);
    assert!(!fresh());
    client.verify(passphrase("correct horse")).unwrap();
    assert!(fresh());
    // The machine slept: one clock stood still.
    desk.clock.set(desk.clock.now().plus(HOUR));
    assert!(!fresh());
    client.verify(passphrase("correct horse")).unwrap();
    // Turned back: the other one went on.
    desk.clock.pass(61 * SECOND);
    desk.clock.set(desk.clock.now().minus(HOUR));
    assert!(!fresh());
}

/// A prompt that answers always the same.
pub(super) struct Prompt(pub(super) Presence);

impl UserPresence for Prompt {
    fn confirm(&self, _: &str) -> Presence {
        self.0
    }
}

#[test]
fn the_systems_prompt_counts_where_it_confirms() {
    let clock = Hands::at(Timestamp::from_millis(1_800_000_000_000));
    let (dir, store) = keyring_only();
    let client = over(&dir, &store, &clock);
    let ask = |presence| code(client.verify(Proof::Presence(&Prompt(presence))));
    assert_eq!(ask(Presence::Declined), "verify.declined");
    assert_eq!(ask(Presence::Unavailable), "verify.unavailable");
    assert_eq!(code(client.verified(Action::Invite)), "verify.needed");
    assert_eq!(ask(Presence::Confirmed), "");
    client.verified(Action::Invite).unwrap();
}

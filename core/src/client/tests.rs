//! What shells get: nothing in `Debug`, nothing after a lock, and cards that say how they stand.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sotto_content::card::{AbsentReason, ObservationStatus, Value};
use sotto_content::statement::Act;
use zeroize::Zeroizing;

use super::render::Renderer;
use super::*;
use crate::base::MessageId;
use crate::conversation::ConversationError;
use crate::roster::kind::RoleWithdrawn;
use crate::timeline::tests::fixture::{Ward, acknowledged, version, wrong_patient};

const CANARY: &str = "CANARY";

fn unlock() -> Unlock {
    Unlock::Passphrase(Zeroizing::new(CANARY.to_owned()))
}

fn shown(ward: &Ward, message: MessageId) -> MessageView {
    ward.read(|tx| {
        let row = tx.message(message)?.unwrap();
        let context = ward.context();
        Ok(Renderer::new(tx, &context)
            .messages(&[row], None)
            .unwrap()
            .remove(0))
    })
}

fn card(ward: &Ward, message: MessageId) -> CardView {
    shown(ward, message).card.unwrap()
}

#[test]
fn no_public_type_shows_content_or_keys_when_it_is_printed() {
    let word = || CANARY.to_owned();
    let pair = || vec![(word(), word())];
    let ward = Ward::new();
    let text = ward.text(&ward.nurse, CANARY);
    let (id, message) = (ward.group, ward.card(&ward.bench, &version(1, "6.8")));
    let mut observed = card(&ward, message);
    observed.patient = word();
    observed.title = word();
    observed.observations[1].value = word();
    let owner = ward.nurse.owner;
    let relay = || RelayAddress {
        host: word(),
        port: 443,
        pins: vec![[0x43; 32]],
    };
    let person = || Invitee::Person {
        name: word(),
        unit: word(),
        roles: vec![word()],
        external_ids: pair(),
    };
    let state = || StateTime {
        state: "seen",
        at: word(),
    };
    let status = || MessageStatusView {
        message: word(),
        queued: Some(word()),
        people: vec![StatusView {
            id: word(),
            name: word(),
            state: "seen",
            times: vec![state()],
            version: None,
        }],
    };
    let printed: Vec<String> = vec![
        format!(
            "{:?} {:?}",
            unlock(),
            Unlock::KeyringAndPassphrase(Zeroizing::new(word()))
        ),
        format!("{:?}", relay()),
        format!(
            "{:?}",
            FoundOrganisation {
                name: word(),
                relay: relay(),
                registration_token: *b"CANARYCANARYCANARYCANARYCANARYCA",
                admin_name: word(),
                device_label: word(),
                root_file: PathBuf::from(word()),
                root_passphrase: Zeroizing::new(word()),
            }
        ),
        format!(
            "{:?} {:?}",
            person(),
            Invitee::Place {
                name: word(),
                unit: word(),
                roles: vec![]
            }
        ),
        format!(
            "{:?}",
            Invite {
                invitee: person(),
                approval: true,
                valid: Duration::ZERO,
                in_person: true
            }
        ),
        format!(
            "{:?}",
            Draft {
                text: word(),
                attachment: Some(PathBuf::from(word())),
                ..Draft::default()
            }
        ),
        format!(
            "{:?}",
            SendResult {
                to: Recipient::Owner(owner),
                source: word().into(),
                critical: Some(word()),
                expires: None
            }
        ),
        format!(
            "{:?}",
            ReadBack {
                observation: Some(1),
                value: word()
            }
        ),
        format!(
            "{:?}",
            Acknowledge {
                message,
                values: vec![],
                identifiers: vec![word()]
            }
        ),
        format!(
            "{:?}",
            Unmask {
                purpose: word(),
                reason: word()
            }
        ),
        format!(
            "{:?} {:?} {:?}",
            Recipient::Ordering,
            ExportScope::Conversation(id),
            Recipient::Conversation(id)
        ),
        format!(
            "{:?}",
            Proxy::Url(format!("http://{CANARY}:{CANARY}@proxy"))
        ),
        format!("{:?}", Client::builder(&PathBuf::from(CANARY))),
        format!(
            "{:?}",
            SendHandle {
                message,
                conversation: id
            }
        ),
        format!(
            "{:?}",
            Event::Message {
                conversation: id,
                message
            }
        ),
        format!(
            "{:?} {:?}",
            shown(&ward, text),
            Diff::Append(Box::new(shown(&ward, text)))
        ),
        format!("{:?} {:?}", Diff::State(status()), status()),
        format!(
            "{:?} {:?} {:?}",
            status().people,
            state(),
            observed.observations
        ),
        format!("{observed:?}"),
        format!(
            "{:?}",
            PersonView {
                id: word(),
                name: word(),
                unit: word(),
                state: word(),
                roles: vec![word()],
                external_ids: pair(),
                devices: 1,
                kind: "person",
                me: false,
            }
        ),
        format!(
            "{:?}",
            DeviceView {
                id: word(),
                label: word(),
                owner: word(),
                owner_name: word(),
                state: word(),
                safety_code: word(),
                this: true,
            }
        ),
        format!(
            "{:?}",
            InvitationView {
                id: word(),
                name: word(),
                link: word(),
                words: word(),
                expires: word(),
                approval: true
            }
        ),
        format!(
            "{:?}",
            PendingApprovalView {
                invitation: word(),
                name: word(),
                device_label: word(),
                code: word()
            }
        ),
        format!(
            "{:?} {:?}",
            JoinView::Joined {
                device: word(),
                organisation: word()
            },
            JoinView::AwaitingApproval { code: word() }
        ),
        format!(
            "{:?}",
            ConversationView {
                id: word(),
                kind: "group",
                title: word(),
                state: "active",
                members: vec![word()],
                updated: word(),
                unacknowledged: 0,
            }
        ),
        format!(
            "{:?}",
            AttachmentView {
                part: 1,
                name: word(),
                media: word(),
                size: 1,
                state: "here"
            }
        ),
        format!(
            "{:?}",
            SentResultView {
                message: Some(word()),
                conversation: Some(word()),
                to: word(),
                title: word(),
                version: 1,
                duplicate: false,
                critical: true,
            }
        ),
        format!(
            "{:?}",
            HeldView {
                number: 1,
                conversation: Some(word()),
                cause: "unknown key",
                refused: false,
                since: word(),
                repeats: 0
            }
        ),
        format!("{:?}", ward.row(text)),
        format!(
            "{:?}",
            crate::conversation::Text {
                text: word(),
                ..Default::default()
            }
        ),
        format!("{:?}", ward.read(|tx| tx.card(message))),
        format!("{:?}", ward.context()),
    ];
    for text in printed {
        assert!(
            !text.contains(CANARY) && !text.contains("67, 65") && !text.contains("67, 67"),
            "{text}"
        );
    }
}

#[test]
fn an_error_is_named_by_its_code_alone() {
    let error = Error::new(ErrorKind::BadInput, "result.refused", Retry::Never, CANARY);
    assert_eq!(format!("{error:?}"), "Error(result.refused)");
}

#[test]
fn each_unlocking_is_recorded_and_a_refused_one_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let open = |unlock| Client::builder(&home).insecure_fast_kdf().open(unlock);
    let made = Client::builder(&home)
        .insecure_fast_kdf()
        .create(unlock())
        .unwrap();
    drop(made);
    for _ in 0..2 {
        drop(open(unlock()).unwrap());
    }
    let wrong = Unlock::Passphrase(zeroize::Zeroizing::new("not this one".to_owned()));
    assert_eq!(open(wrong).unwrap_err().code(), "vault.wrong_passphrase");
    let client = open(unlock()).unwrap();
    let records = client
        .store()
        .unwrap()
        .read::<_, crate::store::StoreError>(|tx| crate::audit::newest(tx, 10))
        .unwrap();
    let acts: Vec<_> = records.iter().map(|record| record.act).collect();
    assert_eq!(acts, [crate::audit::Act::Unlocked; 3]);
}

#[tokio::test]
async fn a_locked_client_holds_no_key_and_whoever_watches_learns_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let client = Client::builder(&home)
        .insecure_fast_kdf()
        .create(unlock())
        .unwrap();
    let mut events = client.events().unwrap();
    let again = client.events().unwrap();
    assert_eq!(client.inner.events.receiver_count(), 2);
    let carrier = relock(&client.inner.carrier)
        .as_ref()
        .map(tokio::task::JoinHandle::id);
    drop(again);
    let clone = client.clone();
    clone.lock().unwrap();
    assert_eq!(events.recv().await, Ok(Event::Reset));
    assert!(client.inner.store.read().unwrap().is_none() && relock(&client.inner.engine).is_none());
    assert_eq!(client.held().unwrap_err().code(), "store.locked");
    assert_eq!(
        client.conversations().unwrap_err().kind(),
        ErrorKind::Locked
    );
    assert_eq!(
        client.run(std::future::pending()).await.unwrap_err().code(),
        "store.locked"
    );
    // The task that carried the store's notices has ended with the store.
    let task = relock(&client.inner.carrier).take().unwrap();
    assert_eq!(Some(task.id()), carrier);
    task.await.unwrap();
    assert_eq!(Arc::strong_count(&client.inner), 2);
}

#[test]
fn old_and_new_stand_side_by_side_and_what_is_gone_is_named() {
    let ward = Ward::new();
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    let mut corrected = version(2, "7.2");
    let removed = corrected.observations.pop().unwrap();
    let second = ward.card(&ward.bench, &corrected);
    let view = card(&ward, second);
    let changed: Vec<_> = view
        .observations
        .iter()
        .filter(|one| one.previous.is_some())
        .collect();
    assert_eq!(
        (changed[0].value.as_str(), changed[0].previous.as_deref()),
        ("7.2", Some("6.8 mmol/L"))
    );
    let last = view.observations.last().unwrap();
    assert_eq!(
        (last.status.as_str(), last.name.as_str()),
        ("removed", removed.code.label())
    );
    assert!(last.previous.is_some() && last.value.is_empty() && !last.critical);
    let old = card(&ward, first);
    assert_eq!(
        (old.version, old.current_version, old.critical),
        (1, 2, true)
    );
    assert!(
        old.observations.iter().all(|one| !one.critical),
        "nobody reads back what was replaced"
    );
}

#[test]
fn nothing_withdrawn_is_shown_anywhere() {
    let ward = Ward::new();
    let ids = [version(1, "6.8"), wrong_patient(2), version(3, "4.2")]
        .map(|card| ward.card(&ward.bench, &card));
    for id in &ids[..2] {
        let view = card(&ward, *id);
        assert!(view.blanked.is_some());
        for one in &view.observations {
            assert!(
                one.value.is_empty()
                    && one.previous.is_none()
                    && one.notes.is_empty()
                    && !one.critical
            );
            assert!(one.interpretation.is_empty() && one.options.is_empty());
        }
    }
    let last = card(&ward, ids[2]);
    assert!(
        last.blanked.is_none() && last.observations.iter().all(|one| one.previous.is_none()),
        "it was another's value"
    );
}

#[test]
fn one_observation_that_is_withdrawn_is_blanked_in_every_version() {
    let ward = Ward::new();
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    let mut corrected = version(2, "6.8");
    let at = corrected.critical()[0];
    corrected.observations[at].status = ObservationStatus::EnteredInError;
    corrected.observations[at].value = Value::Absent(AbsentReason::Error);
    corrected.observations[at].interpretation.clear();
    let second = ward.card(&ward.bench, &corrected);
    for id in [first, second] {
        let view = card(&ward, id);
        assert_eq!(
            (
                view.observations[at].value.as_str(),
                view.observations[at].previous.as_deref()
            ),
            ("", None)
        );
        assert_eq!(view.observations[at].status, "entered-in-error");
    }
}

#[test]
fn a_disputed_version_asks_nothing_and_says_so() {
    let ward = Ward::new();
    let ids = ["6.8", "8.6"].map(|value| ward.card(&ward.bench, &version(1, value)));
    for id in ids {
        let view = card(&ward, id);
        assert!(view.disputed && view.observations.iter().all(|one| !one.critical));
    }
    let next = ward.card(&ward.bench, &version(2, "8.6"));
    assert!(!card(&ward, next).disputed && !card(&ward, ids[0]).disputed);
}

#[test]
fn a_result_waits_until_somebody_took_it_or_i_declined_it() {
    let ward = Ward::new();
    let waits = |ward: &Ward| {
        ward.read(|tx| {
            let context = ward.context();
            let row = tx.conversation(ward.group)?.unwrap();
            Ok(Renderer::new(tx, &context).open_cards(&row).unwrap().len())
        })
    };
    let one = ward.card(&ward.bench, &version(1, "6.8"));
    assert_eq!(waits(&ward), 1);
    ward.states(
        &ward.nurse,
        one,
        Act::Declined {
            reason: "not mine".into(),
        },
    );
    assert_eq!(waits(&ward), 1);
    ward.states(
        &ward.physician,
        one,
        Act::Declined {
            reason: "not mine".into(),
        },
    );
    assert_eq!(waits(&ward), 0);
    let two = ward.card(&ward.bench, &version(2, "6.8"));
    assert_eq!(waits(&ward), 1);
    ward.states(&ward.nurse, two, acknowledged());
    assert_eq!(card(&ward, two).acknowledged_by, ["Florence Nightingale"]);
    assert_eq!(waits(&ward), 0);
}

#[test]
fn who_may_view_no_results_any_more_sees_the_masked_row_and_unmasks_nothing() {
    let mut ward = Ward::new();
    let first = ward.card(&ward.bench, &version(1, "6.8"));
    let treating = Unmask {
        purpose: "TREAT".to_owned(),
        reason: String::new(),
    };
    let open = |ward: &Ward, message: MessageId| {
        ward.read(|tx| {
            let row = tx.message(message)?.unwrap();
            let context = ward.context();
            Ok(Renderer::new(tx, &context).messages(&[row], Some(&treating)))
        })
    };
    let shown = open(&ward, first).unwrap().remove(0).card.unwrap();
    assert!(shown.unmasked && !shown.identifiers.is_empty());

    let (admin, holder) = (ward.world.admin.clone(), ward.physician.owner);
    for grant in ward.world.roster.grants_of(holder).to_vec() {
        let grant = grant.id;
        ward.world.ok(&admin, RoleWithdrawn { holder, grant });
    }
    // The correction still reaches them.
    let second = ward.card(&ward.bench, &version(2, "6.9"));
    for message in [first, second] {
        assert!(matches!(
            open(&ward, message),
            Err(ConversationError::NotAllowed)
        ));
        let masked = card(&ward, message);
        assert!(!masked.unmasked && masked.identifiers.is_empty() && masked.birth_date.is_none());
        assert_eq!(masked.current_version, 2);
    }
}

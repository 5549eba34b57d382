//! P14, in the programs of others: what the façade hands out can be printed by accident, and then shows nothing.

use std::path::PathBuf;
use std::time::Duration;

use sotto_core::{
    Acknowledge, Client, Draft, FoundOrganisation, Invite, Invitee, MessageId, ReadBack, Recipient,
    RelayAddress, SendResult, Unlock, Unmask,
};
use sotto_tests::canary::Piece;
use zeroize::Zeroizing;

use crate::night::NIGHT;

fn requests() -> Vec<String> {
    let canaries = &NIGHT.canaries;
    let owned = |text: &String| text.clone();
    let secret = || Zeroizing::new(canaries.passphrase.clone());
    let person = Invitee::Person {
        name: owned(&canaries.person),
        unit: owned(&canaries.unit),
        roles: vec![owned(&canaries.unit)],
        external_ids: vec![(owned(&canaries.external), owned(&canaries.external))],
    };
    let found = FoundOrganisation {
        name: owned(&canaries.organisation),
        relay: RelayAddress {
            host: owned(&canaries.place),
            port: 1,
            pins: Vec::new(),
        },
        registration_token: [7; 32],
        admin_name: owned(&canaries.person),
        device_label: owned(&canaries.device),
        root_file: PathBuf::from(&canaries.file_name),
        root_passphrase: secret(),
    };
    let draft = Draft {
        text: owned(&canaries.text),
        attachment: Some(PathBuf::from(&canaries.file_name)),
        ..Draft::default()
    };
    let result = SendResult {
        to: Recipient::Ordering,
        source: canaries.result("6.8", "F").into_bytes(),
        critical: Some(owned(&canaries.reason)),
        expires: None,
    };
    let acknowledge = Acknowledge {
        message: MessageId::new([0; 32]),
        values: vec![ReadBack {
            observation: None,
            value: owned(&canaries.typed_number),
        }],
        identifiers: vec![owned(&canaries.number), owned(&canaries.typed)],
    };
    let unmask = Unmask {
        purpose: owned(&canaries.purpose),
        reason: owned(&canaries.reason),
    };
    let invite = Invite {
        invitee: person,
        approval: false,
        valid: Duration::ZERO,
        in_person: true,
    };
    vec![
        format!("{invite:#?}"),
        format!("{found:#?}"),
        format!("{draft:#?}"),
        format!("{result:#?}"),
        format!("{acknowledge:#?}"),
        format!("{unmask:#?}"),
        format!("{:#?}", Unlock::Passphrase(secret())),
        format!("{:#?}", Unlock::KeyringAndPassphrase(secret())),
    ]
}

/// Everything a client of the night's first clinician shows.
fn views(home: &std::path::Path) -> Vec<String> {
    let passphrase = Zeroizing::new("correct horse battery staple".to_owned());
    let client = Client::builder(home)
        .open(Unlock::Passphrase(passphrase))
        .unwrap();
    let mut shown = vec![format!("{client:#?}")];
    let unmask = Unmask {
        purpose: "TREAT".to_owned(),
        reason: String::new(),
    };
    for view in client.conversations().unwrap() {
        let page = client
            .page(view.id.parse().unwrap(), None, 100, Some(&unmask))
            .unwrap();
        for message in &page {
            if let Ok(status) = client.status(message.id.parse().unwrap()) {
                shown.push(format!("{status:#?}"));
            }
        }
        assert!(!page.is_empty());
        shown.push(format!("{view:#?} {page:#?}"));
    }
    shown.push(format!(
        "{:#?} {:#?} {:#?}",
        client.people(),
        client.devices(),
        client.held()
    ));
    let nobody = client.find_conversation(&NIGHT.canaries.typed).unwrap_err();
    shown.push(format!("{nobody:#?} {nobody}"));
    shown
}

#[test]
fn nothing_the_facade_takes_or_gives_shows_content_when_it_is_debugged() {
    let folder = tempfile::tempdir().unwrap();
    let device = crate::thief::stolen(folder.path(), "first");
    let mut pieces = Vec::new();
    for text in requests().into_iter().chain(views(device.home())) {
        pieces.push(Piece::new("Debug", text));
    }
    let report = NIGHT.canaries.searcher().search(&pieces);
    report.assert_nothing(200);
}

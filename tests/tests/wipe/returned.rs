//! P9: a phone that was excluded comes back with its old disk.

use sotto_core::DeviceId;
use sotto_tests::Device;
use sotto_tests::insider::{Insider, Leaves};

use crate::ward::{ASK, CANARY, PHONE, Ward};

#[test]
fn every_conversation_drops_the_phone_before_its_next_message() {
    let ward = Ward::new();
    ward.lang.run(&[
        "chat",
        "new",
        "--title",
        "Ward round",
        "--member",
        "Wei Chen",
        "Ada Admin",
    ]);
    ward.settle();
    ward.lang.send("Ward round", "all three");
    ward.settle();
    let order = ward.order(PHONE);
    let phone: DeviceId = order["devices"][0]["device"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let leaves = |device: &Device| Insider::with(device).leaves_of(phone);
    assert_eq!(
        leaves(&ward.lang),
        Leaves {
            groups: 2,
            shared: 2
        }
    );
    ward.lang.sync();
    assert_eq!(leaves(&ward.lang).shared, 0);
    ward.lang.send("Ward round", "not for the phone");
    ward.admin().sync();
    assert_eq!(leaves(ward.admin()).shared, 0);
    assert!(
        ward.admin()
            .texts("Ward round")
            .contains(&"not for the phone".to_owned())
    );
}

#[test]
fn an_excluded_phone_finds_no_way_back_in() {
    let ward = Ward::new();
    let old = ward.phone.copied("chen-before");
    let done = ward.admin().run(&["admin", "revoke", PHONE, "--yes"]);
    assert_eq!(done["outcome"], "done", "{done:#}");
    ward.admin().sync();
    ward.lang.sync();
    for command in [
        ["sync", "", ""],
        ["send", "Zoe Lang", "am I still here?"],
        ["chat", "add", "Zoe Lang"],
    ] {
        let words: Vec<&str> = command
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let answer = old.try_run(&words);
        assert_ne!(answer.code, Some(0), "{words:?}");
    }
    let own = old.try_run(&["invite", "--next-device", "--in-person"]);
    assert_ne!(own.code, Some(0), "it invites nobody");
    ward.lang.sync();
    assert_eq!(ward.lang.texts("Wei Chen"), [CANARY]);
    // It was excluded, not ordered to destroy anything: what it had is for its owner to keep.
    assert_eq!(ward.phone.run(&ASK)["state"], "nothing");
}

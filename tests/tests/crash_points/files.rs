//! Files on their way to the relay and from it.

use sotto_tests::Crash;

use crate::sweep::{pair, sweep, words};

#[test]
fn a_file_whose_device_dies_anywhere_on_its_way_arrives_whole() {
    let (organisation, chen, lang) = pair();
    let folder = organisation.world.folder();
    let (path, saved) = (folder.join("scan.bin"), folder.join("saved.bin"));
    let bytes: Vec<u8> = (0..1_500_000_u32)
        .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
        .collect();
    std::fs::write(&path, &bytes).unwrap();
    let mut count = 0;
    sweep(
        "upload",
        2,
        &["blob/create", "blob/put", "submit"],
        || {
            count += 1;
            let text = format!("file {count}");
            (
                chen.clone(),
                words(&[
                    "send",
                    "Zoe Lang",
                    &text,
                    "--attach",
                    path.to_str().unwrap(),
                ]),
            )
        },
        |chen, given| {
            chen.sync();
            lang.sync();
            let text = given[2];
            let stored = chen
                .messages("Zoe Lang")
                .iter()
                .any(|one| one["text"] == text);
            let arrived = lang
                .messages("Wei Chen")
                .into_iter()
                .find(|one| one["text"] == text);
            assert_eq!(
                stored,
                arrived.is_some(),
                "{text} is on both sides or on neither"
            );
            let Some(message) = arrived else { return };
            lang.run(&[
                "attachment",
                "save",
                message["id"].as_str().unwrap(),
                saved.to_str().unwrap(),
            ]);
            assert!(std::fs::read(&saved).unwrap() == bytes);
            std::fs::remove_file(&saved).unwrap();
        },
        |_| (),
    );
    let sent = chen.run(&[
        "send",
        "Zoe Lang",
        "to be fetched",
        "--attach",
        path.to_str().unwrap(),
    ]);
    lang.sync();
    let id = sent["message"].as_str().unwrap();
    for point in [
        "transport.blob/link.after_answer",
        "transport.blob/get.after_answer",
        "store.before_commit",
    ] {
        let save = ["attachment", "save", id, saved.to_str().unwrap()];
        assert!(
            matches!(lang.crash(point, &save), Crash::Reached),
            "{point} is never passed"
        );
        println!("{:<8} {point:<42} killed 1", "download");
        assert!(!saved.exists(), "half a file in clear after {point}");
    }
    lang.run(&["attachment", "save", id, saved.to_str().unwrap()]);
    assert!(std::fs::read(&saved).unwrap() == bytes);
}

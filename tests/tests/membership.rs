//! Who is in a conversation reads it; who is not does not, whatever they kept and whatever they are fed.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

use sotto_tests::{Device, Operator, Organisation, eventually};

const GROUP: &str = "Ward round";

/// Ada Admin, Wei Chen, Zoe Lang and Ben Okafor; the last two with two devices each.
struct Ward {
    organisation: Organisation,
    chen: Device,
    lang: Device,
    okafor: Device,
    phone: Device,
}

impl Ward {
    fn new() -> Self {
        let organisation = Organisation::found();
        let chen = organisation.physician("Wei Chen");
        let lang = organisation.physician("Zoe Lang");
        let okafor = organisation.physician("Ben Okafor");
        organisation.settle(&[&organisation.admin, &chen, &lang, &okafor]);
        let phone = organisation.next_device(&okafor, "Okafor phone");
        let ward = Self {
            organisation,
            chen,
            lang,
            okafor,
            phone,
        };
        ward.settle();
        ward
    }

    fn all(&self) -> [&Device; 5] {
        [
            &self.organisation.admin,
            &self.chen,
            &self.lang,
            &self.okafor,
            &self.phone,
        ]
    }

    fn settle(&self) {
        self.organisation.settle(&self.all());
    }

    /// A group of Chen, Lang and, where asked, Okafor.
    fn group(&self, okafor: bool) {
        let mut arguments = vec!["chat", "new", "--title", GROUP, "--member", "Zoe Lang"];
        arguments.extend(okafor.then_some("Ben Okafor"));
        self.chen.run(&arguments);
        self.settle();
    }
}

fn members(device: &Device) -> Vec<String> {
    let mut members: Vec<String> =
        serde_json::from_value(device.chat(GROUP).expect("it has the group")["members"].clone())
            .unwrap();
    members.sort();
    members
}

#[test]
fn a_person_is_added_with_all_their_devices_and_reads_nothing_from_before() {
    let ward = Ward::new();
    ward.group(false);
    ward.chen.send(GROUP, "before Okafor");
    ward.settle();
    ward.chen.run(&["chat", "add", GROUP, "Ben Okafor"]);
    ward.settle();
    ward.lang.send(GROUP, "after Okafor");
    ward.settle();
    for device in [&ward.okafor, &ward.phone] {
        assert_eq!(device.texts(GROUP), ["after Okafor"], "at {}", device.name);
        assert_eq!(members(device), ["Ben Okafor", "Wei Chen", "Zoe Lang"]);
    }
    // Fed with everything the relay keeps of the group since it was made, it still reads nothing from before.
    ward.okafor.send(GROUP, "Okafor answers");
    ward.phone.send(GROUP, "and from the phone");
    ward.settle();
    let expected = [
        "before Okafor",
        "after Okafor",
        "Okafor answers",
        "and from the phone",
    ];
    for device in [&ward.chen, &ward.lang] {
        assert_eq!(device.texts(GROUP), expected, "at {}", device.name);
    }
    assert_eq!(
        ward.okafor.run(&["search", "before"])["messages"],
        serde_json::json!([])
    );
}

#[test]
fn a_removed_person_reads_nothing_sent_afterwards_and_sends_nothing_more() {
    let ward = Ward::new();
    ward.group(true);
    ward.chen.send(GROUP, "while Okafor is here");
    ward.settle();
    ward.chen.run(&["chat", "remove", GROUP, "Ben Okafor"]);
    ward.chen.send(GROUP, "secret one");
    ward.settle();
    ward.lang.send(GROUP, "secret two");
    ward.settle();
    for device in [&ward.okafor, &ward.phone] {
        assert_eq!(
            device.texts(GROUP),
            ["while Okafor is here"],
            "at {}",
            device.name
        );
        assert_eq!(device.chat(GROUP).unwrap()["state"], "left");
        device
            .try_run(&["send", GROUP, "am I still here?"])
            .refused(3, "conversation.closed");
        device
            .try_run(&["chat", "add", GROUP, "Ben Okafor"])
            .refused(3, "conversation.closed");
    }
    ward.settle();
    assert_eq!(
        ward.lang.texts(GROUP),
        ["while Okafor is here", "secret one", "secret two"]
    );
    assert_eq!(members(&ward.lang), ["Wei Chen", "Zoe Lang"]);
    // Asked back in, they read from then on.
    ward.lang.run(&["chat", "add", GROUP, "Ben Okafor"]);
    ward.settle();
    ward.chen.send(GROUP, "welcome back");
    ward.settle();
    for device in [&ward.okafor, &ward.phone] {
        assert_eq!(
            device.texts(GROUP),
            ["while Okafor is here", "welcome back"],
            "at {}",
            device.name
        );
    }
}

/// The strongest removed device: it kept its store from before its removal, the operator takes that copy for the newest,
/// withholds the removal, and hands it all that ever went to anybody.
#[test]
fn a_removed_device_with_its_old_store_and_all_the_relay_ever_had_reads_nothing_new_and_cannot_come_back()
 {
    let ward = Ward::new();
    ward.group(true);
    ward.chen.send(GROUP, "while Okafor is here");
    ward.settle();
    let world = &ward.organisation.world;
    let mut operator = Operator::of(world);
    let mailbox = operator.mailbox_of(&ward.okafor);
    let generation = operator.generation(mailbox);
    let old = ward.okafor.copied("okafor-before");
    ward.chen.run(&["chat", "remove", GROUP, "Ben Okafor"]);
    operator.keep_everything();
    for text in ["secret one", "secret two"] {
        ward.chen.send(GROUP, text);
        operator.keep_everything();
    }
    ward.organisation.settle(&[&ward.chen, &ward.lang]);
    ward.lang.send(GROUP, "secret three");
    operator.keep_everything();
    ward.settle();
    // An honest relay does not even talk to the copy.
    old.try_run(&["sync"]).refused(3, "device.copied_store");
    let _removal = operator.withhold(mailbox);
    operator.set_generation(mailbox, &generation);
    let handed = operator.hand_everything_to(mailbox);
    assert!(
        operator.kept() >= 4 && handed >= operator.kept(),
        "{} kept, {handed} handed over",
        operator.kept()
    );
    for _ in 0..3 {
        old.sync();
    }
    let said = old.run(&["read", GROUP, "--peek"]).to_string();
    assert!(!said.contains("secret"), "{said}");
    assert_eq!(old.texts(GROUP), ["while Okafor is here"]);
    assert_eq!(
        old.run(&["search", "secret"])["messages"],
        serde_json::json!([])
    );
    // What it then does in the group changes nothing for those who are in it.
    let _whatever = old.try_run(&["chat", "add", GROUP, "Ben Okafor"]);
    let _whatever = old.try_run(&["sync"]);
    ward.organisation.settle(&[&ward.chen, &ward.lang]);
    assert_eq!(members(&ward.chen), ["Wei Chen", "Zoe Lang"]);
    ward.chen.send(GROUP, "secret four");
    ward.organisation.settle(&[&ward.chen, &ward.lang]);
    for device in [&ward.chen, &ward.lang] {
        let secrets: Vec<String> = device
            .texts(GROUP)
            .into_iter()
            .filter(|text| text.starts_with("secret"))
            .collect();
        assert_eq!(
            secrets,
            ["secret one", "secret two", "secret three", "secret four"],
            "at {}",
            device.name
        );
    }
    for _ in 0..2 {
        let _whatever = old.try_run(&["sync"]);
    }
    assert!(
        !old.run(&["read", GROUP, "--peek"])
            .to_string()
            .contains("secret")
    );
}

/// A new member who is handed all that went to anybody before reads none of it.
#[test]
fn a_new_member_with_all_the_relay_ever_had_reads_nothing_from_before() {
    let ward = Ward::new();
    ward.group(false);
    let mut operator = Operator::of(&ward.organisation.world);
    for text in ["early one", "early two"] {
        ward.chen.send(GROUP, text);
        operator.keep_everything();
    }
    ward.settle();
    ward.chen.run(&["chat", "add", GROUP, "Ben Okafor"]);
    ward.settle();
    let mailbox = operator.mailbox_of(&ward.okafor);
    assert!(operator.hand_everything_to(mailbox) > 0);
    ward.lang.send(GROUP, "now");
    ward.settle();
    assert_eq!(ward.okafor.texts(GROUP), ["now"]);
    assert!(
        !ward.okafor.held().is_empty(),
        "what it was handed is evidence, in sight"
    );
}

#[test]
fn two_devices_that_add_different_people_at_once_end_with_both_in_one_order_of_epochs() {
    let ward = Ward::new();
    ward.group(false);
    for _ in 0..2 {
        std::thread::scope(|scope| {
            scope.spawn(|| ward.chen.run(&["chat", "add", GROUP, "Ben Okafor"]));
            scope.spawn(|| ward.lang.run(&["chat", "add", GROUP, "Ada Admin"]));
        });
        ward.settle();
        let all = ["Ada Admin", "Ben Okafor", "Wei Chen", "Zoe Lang"];
        for device in ward.all() {
            assert_eq!(members(device), all, "as {} shows it", device.name);
        }
        // One epoch: what each sends, each reads.
        let before: Vec<usize> = ward
            .all()
            .iter()
            .map(|device| device.texts(GROUP).len())
            .collect();
        for device in ward.all() {
            device.send(GROUP, &format!("from {}", device.name));
        }
        ward.settle();
        for (device, before) in ward.all().iter().zip(before) {
            assert_eq!(device.texts(GROUP).len(), before + 5, "at {}", device.name);
            assert!(device.held().is_empty(), "{:#?}", device.held());
        }
        // And they remove them at once.
        std::thread::scope(|scope| {
            scope.spawn(|| ward.chen.run(&["chat", "remove", GROUP, "Ben Okafor"]));
            scope.spawn(|| ward.lang.run(&["chat", "remove", GROUP, "Ada Admin"]));
        });
        ward.settle();
        for device in [&ward.chen, &ward.lang] {
            assert_eq!(
                members(device),
                ["Wei Chen", "Zoe Lang"],
                "as {} shows it",
                device.name
            );
        }
    }
}

#[test]
fn who_leaves_the_organisation_is_out_of_every_conversation_before_the_next_message() {
    let ward = Ward::new();
    ward.group(true);
    ward.chen.send("Ben Okafor", "directly, before");
    ward.chen.send(GROUP, "in the group, before");
    ward.settle();
    ward.organisation
        .admin
        .run(&["leave", "Ben Okafor", "--yes"]);
    // Chen's next act is to send: the removal comes first, without being asked for.
    ward.chen.sync();
    ward.chen.send(GROUP, "in the group, after");
    ward.organisation
        .settle(&[&ward.organisation.admin, &ward.chen, &ward.lang]);
    assert_eq!(
        ward.lang.texts(GROUP),
        ["in the group, before", "in the group, after"]
    );
    for device in [&ward.chen, &ward.lang] {
        assert_eq!(
            members(device),
            ["Wei Chen", "Zoe Lang"],
            "as {} shows it",
            device.name
        );
    }
    let gone = ward.chen.run(&["people"]);
    let gone = gone["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Ben Okafor")
        .unwrap()
        .clone();
    assert_eq!(gone["state"], "left");
    for device in [&ward.okafor, &ward.phone] {
        device.try_run(&["sync"]).refused(3, "device.excluded");
        assert_eq!(
            device.texts(GROUP),
            ["in the group, before"],
            "at {}",
            device.name
        );
    }
    // Nobody is there any more: said, rather than sent to nobody.
    ward.chen
        .try_run(&["send", "Ben Okafor", "still there?"])
        .refused(6, "person.not_found");
}

#[test]
fn what_cannot_be_read_yet_is_held_in_sight_and_read_later() {
    let ward = Ward::new();
    ward.group(false);
    let operator = Operator::of(&ward.organisation.world);
    let mailbox = operator.mailbox_of(&ward.lang);
    // The commit that opens the new epoch never reaches Lang's mailbox; the messages of that epoch do.
    ward.chen.run(&["chat", "add", GROUP, "Ben Okafor"]);
    assert_eq!(operator.withhold(mailbox), 1, "the commit");
    ward.chen.send(GROUP, "of the new epoch");
    ward.chen.send(GROUP, "and another");
    // It is told as held, or healed within the round from the relay's memory of recent commits.
    eventually("the messages of the new epoch are there", || {
        ward.lang.sync();
        let (texts, held) = (ward.lang.texts(GROUP), ward.lang.held());
        assert!(!texts.is_empty() || !held.is_empty(), "nothing disappears");
        (texts == ["of the new epoch", "and another"]).then_some(())
    });
    let waiting: Vec<_> = ward
        .lang
        .held()
        .into_iter()
        .filter(|held| held["refused"] == false)
        .collect();
    assert!(waiting.is_empty(), "{waiting:#?}");
    ward.lang.send(GROUP, "read");
    ward.settle();
    assert_eq!(ward.okafor.texts(GROUP).last().unwrap(), "read");
}

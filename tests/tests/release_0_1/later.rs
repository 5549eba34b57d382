//! The same, with devices whose clocks stand years later: nothing in a store goes bad by lying there. The relay's clock is
//! the system's, so only what does not depend on it is asked: conversations that exist go on.

use std::sync::Arc;
use std::time::Duration;

use sotto_core::base::{Clock, SystemClock, Timestamp};
use sotto_core::{Client, Draft, Proxy, Unlock};
use zeroize::Zeroizing;

use crate::{PASSPHRASE, Past};

const YEARS: Duration = Duration::from_secs(3 * 365 * 24 * 3600);

/// The system's clock, put forward.
struct Ahead(SystemClock);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now().plus(YEARS)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

fn open(past: &Past, name: &str) -> Client {
    Client::builder(&past.home(name))
        .clock(Arc::new(Ahead(SystemClock::default())))
        .proxy(Proxy::Url(past.proxy.url()))
        .open(Unlock::Passphrase(Zeroizing::new(PASSPHRASE.to_owned())))
        .unwrap()
}

#[test]
fn devices_that_wake_up_years_later_still_reach_each_other() {
    let past = Past::revived();
    let (chen, lang) = (open(&past, "chen"), open(&past, "lang"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settle = || {
        for _ in 0..4 {
            for client in [&chen, &lang] {
                runtime
                    .block_on(client.sync_once(Duration::from_secs(30)))
                    .unwrap();
            }
        }
    };
    settle();
    let say = |client: &Client, chat: &str, text: &str| {
        let draft = Draft {
            text: text.to_owned(),
            ..Draft::default()
        };
        client
            .send(client.find_conversation(chat).unwrap(), draft)
            .unwrap();
    };
    say(&chen, "Zoe Lang", "three years later");
    say(&lang, "5W", "and in the group");
    settle();
    let newest = |client: &Client, chat: &str| {
        let page = client
            .page(client.find_conversation(chat).unwrap(), None, 50, None)
            .unwrap();
        page.iter()
            .rfind(|one| one.kind == "text")
            .map(|one| one.text.clone())
            .unwrap_or_default()
    };
    assert_eq!(newest(&lang, "Wei Chen"), "three years later");
    assert_eq!(newest(&chen, "5W"), "and in the group");
    assert!(chen.held().unwrap().is_empty() && lang.held().unwrap().is_empty());
}

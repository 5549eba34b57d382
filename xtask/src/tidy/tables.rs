//! The tables the rules read. To change the architecture is to change a line here, in the open.

/// Core, floor by floor, from the bottom. A room may import from any floor below its own, never from a room beside it.
pub(crate) const FLOORS: [&[&str]; 13] = [
    &["base"],
    &["vault", "transport"],
    &["store"],
    &["audit"],
    &["roster", "mls"],
    &["membership"],
    &["timeline"],
    &["inbox", "outbox"],
    &["sync"],
    &["enrol", "custody", "wipe", "history"],
    &["conversation"],
    &["clinical", "admin"],
    &["client"],
];

/// A package, the packages of this workspace it may depend on, and the foreign ones it may not.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) may_use: &'static [&'static str],
    pub(crate) never: &'static [&'static str],
}

/// Foreign packages that hold keys, ciphertext formats or the store: a shell reaches them through core's façade only.
const BEHIND_THE_FACADE: &[&str] = &[
    "openmls*",
    "mls-rs*",
    "rusqlite",
    "libsqlite3-sys",
    "minicbor*",
    "ciborium*",
];

/// Who may know whom. A package that is not here may not exist.
pub(crate) const PACKAGES: [Package; 9] = [
    Package {
        name: "sotto-wire",
        may_use: &[],
        never: BEHIND_WIRE,
    },
    Package {
        name: "sotto-content",
        may_use: &[],
        never: &["openmls*", "rusqlite", "tokio*", "reqwest", "sotto-*"],
    },
    Package {
        name: "sotto-relay",
        may_use: &["sotto-wire"],
        never: &["openmls*", "mls-rs*"],
    },
    Package {
        name: "sotto-core",
        may_use: &["sotto-wire", "sotto-content"],
        never: &["mls-rs*", "openmls_sqlite_storage"],
    },
    Package {
        name: "sotto-cli",
        may_use: &["sotto-core"],
        never: BEHIND_THE_FACADE,
    },
    Package {
        name: "sotto-desktop",
        may_use: &["sotto-core"],
        never: BEHIND_THE_FACADE,
    },
    Package {
        name: "sotto-mobile",
        may_use: &["sotto-core"],
        never: BEHIND_THE_FACADE,
    },
    Package {
        name: "sotto-tests",
        may_use: &["sotto-core", "sotto-wire"],
        never: &[],
    },
    Package {
        name: "xtask",
        may_use: &[],
        never: &[],
    },
];

/// The contract is a leaf: codecs and errors, nothing that opens a file or a socket.
const BEHIND_WIRE: &[&str] = &[
    "openmls*", "mls-rs*", "rusqlite", "tokio*", "axum", "reqwest", "serde*",
];

/// What may not be linked into the relay, by name or by prefix with a star.
pub(crate) const NOT_IN_THE_RELAY: [&str; 6] = [
    "openmls*",
    "mls-rs*",
    "sotto-core",
    "sotto-content",
    "sqlcipher-src",
    "openssl-*",
];

/// A closure smaller than this was not the relay's.
pub(crate) const SMALLEST_CLOSURE: usize = 50;

/// A thing that enters the program at one place only.
pub(crate) struct Door {
    pub(crate) what: &'static str,
    /// Sources the rule holds for.
    pub(crate) scope: &'static [&'static str],
    /// Path prefixes of the door itself.
    pub(crate) door: &'static [&'static str],
    /// Runs of path segments that are forbidden elsewhere; with `^` the path has to begin with them.
    pub(crate) forbidden: &'static [&'static str],
    /// Whether code compiled for tests only is free to use it.
    pub(crate) tests_may: bool,
}

pub(crate) const DOORS: [Door; 4] = [
    Door {
        what: "raw tracing: log through the door that takes only what is safe to log",
        scope: &[
            "core/src/",
            "core/content/src/",
            "relay/src/",
            "relay/wire/src/",
        ],
        door: &["core/src/base/log", "relay/src/logging"],
        forbidden: &["^tracing"],
        tests_may: false,
    },
    Door {
        what: "the system clock: time is handed in",
        scope: &[
            "core/src/",
            "core/content/src/",
            "relay/src/",
            "relay/wire/src/",
        ],
        door: &["core/src/base/time", "relay/src/clock"],
        forbidden: &[
            "time::SystemTime::now",
            "time::UNIX_EPOCH::elapsed",
            "std::time::Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "Utc::now",
        ],
        tests_may: true,
    },
    Door {
        what: "thread or system randomness: randomness is handed in",
        scope: &[
            "core/src/",
            "core/content/src/",
            "relay/src/",
            "relay/wire/src/",
        ],
        door: &["core/src/base/random", "relay/src/clock"],
        forbidden: &[
            "thread_rng",
            "OsRng",
            "^getrandom",
            "^rand::rng",
            "^rand::random",
            "^aws_lc_rs::rand::SystemRandom",
            "^aws_lc_rs::rand::fill",
        ],
        tests_may: true,
    },
    Door {
        what: "the system implementation is chosen at the top and handed in",
        scope: &["core/src/"],
        door: &["core/src/base/", "core/src/client/"],
        forbidden: &["SystemRandom", "SystemClock"],
        tests_may: true,
    },
];

/// No source file is longer.
pub(crate) const WALL: usize = 600;

/// Files the wall stands for.
pub(crate) const SOURCE_EXTENSIONS: [&str; 8] =
    ["rs", "sql", "sh", "ts", "js", "svelte", "kt", "swift"];

/// Documents whose test names are promises.
pub(crate) const PROMISING: [&str; 2] = ["README.md", "docs/THREAT_MODEL.md"];

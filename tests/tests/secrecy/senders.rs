//! P4: what the relay stores names no sender, and submissions carry nothing of theirs.

use std::collections::{BTreeMap, BTreeSet};

use sotto_tests::Line;
use sotto_tests::canary::{Piece, Searcher};

use crate::leak::say;
use crate::night::NIGHT;

/// The relay's database as it was, opened as what it is: plain SQLite.
fn database() -> (tempfile::TempDir, rusqlite::Connection) {
    let folder = tempfile::tempdir().unwrap();
    for piece in &NIGHT.relay_files {
        let name = piece.name.rsplit('/').next().unwrap();
        if name.starts_with("relay.db") && !name.ends_with("-shm") {
            std::fs::write(folder.path().join(name), &piece.bytes).unwrap();
        }
    }
    let database = rusqlite::Connection::open(folder.path().join("relay.db")).unwrap();
    (folder, database)
}

fn columns(database: &rusqlite::Connection) -> BTreeMap<String, Vec<String>> {
    let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let (table, column) = row.unwrap();
        tables.entry(table).or_default().push(column);
    }
    tables
}

/// Tables that an act of a sender writes to. In them `mailbox` and `alias` are the receiver's.
const SUBMISSIONS: [(&str, &[&str]); 6] = [
    ("payload", &["id", "tenant", "refs", "size", "body"]),
    (
        "entry",
        &[
            "mailbox", "seq", "alias", "payload", "size", "receipt", "accepted", "expires", "class",
        ],
    ),
    (
        "receipt",
        &["tenant", "handle", "mailbox", "state", "body", "due"],
    ),
    (
        "answered",
        &["tenant", "intent", "request", "answer", "expires"],
    ),
    (
        "slot",
        &[
            "id",
            "tenant",
            "slot",
            "request",
            "epoch",
            "epoch_key",
            "resync_key",
            "group_info",
        ],
    ),
    ("recent_commit", &["slot", "epoch", "payload", "expires"]),
];

#[test]
fn no_column_of_what_is_submitted_has_room_for_a_sender() {
    let (_folder, database) = database();
    let tables = columns(&database);
    for (table, expected) in SUBMISSIONS {
        assert_eq!(
            tables[table], expected,
            "{table}: is a new column a way to its sender?"
        );
    }
}

fn ids(wanted: impl Fn(&str) -> bool) -> Searcher {
    let mut searcher = Searcher::default();
    for (name, id) in NIGHT.ids.iter().filter(|(name, _)| wanted(name)) {
        searcher.bytes(name, id);
    }
    searcher
}

/// Columns of them that hold bytes somebody sent.
const BLOBS: [&str; 9] = [
    "body",
    "receipt",
    "handle",
    "intent",
    "request",
    "answer",
    "epoch_key",
    "resync_key",
    "group_info",
];

#[test]
fn no_stored_submission_holds_an_id_of_a_device_or_mailbox() {
    let (_folder, database) = database();
    let mut pieces = Vec::new();
    for (table, columns) in SUBMISSIONS {
        let blobs = columns.iter().filter(|column| {
            // The slot's own id is what a slot is called by.
            BLOBS.contains(column)
        });
        for column in blobs {
            let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
            let mut statement = database.prepare(&sql).unwrap();
            let rows = statement
                .query_map([], |row| row.get::<_, Vec<u8>>(0))
                .unwrap();
            let bytes: Vec<u8> = rows.flat_map(|row| row.unwrap()).collect();
            pieces.push(Piece::new(format!("{table}.{column}"), bytes));
        }
    }
    let searcher = ids(|name| name != "organisation 0");
    let report = searcher.search(&pieces);
    report.assert_nothing(10_000);
    say(&format!("submissions as stored: {report}"));
}

/// Which device a mailbox belongs to is said inside the roster, which the relay cannot read.
#[test]
fn the_relay_knows_mailboxes_and_aliases_and_no_device() {
    let searcher = ids(|name| {
        ["device ", "mailbox ", "alias "]
            .iter()
            .any(|kind| name.starts_with(kind))
    });
    let traffic = NIGHT
        .traffic
        .iter()
        .enumerate()
        .flat_map(|(number, line)| line.pieces(number));
    let pieces: Vec<Piece> = NIGHT
        .relay_files
        .iter()
        .chain(&NIGHT.relay_words)
        .cloned()
        .chain(traffic)
        .collect();
    let report = searcher.search(&pieces);
    let devices: Vec<_> = report
        .finds
        .iter()
        .filter(|find| find.name.starts_with("device "))
        .collect();
    assert!(
        devices.is_empty(),
        "the relay has ids of devices: {devices:#?}"
    );
    // The control: the same search finds what it does know.
    for (name, _) in NIGHT
        .ids
        .iter()
        .filter(|(name, _)| name.starts_with("mailbox ") || name.starts_with("alias "))
    {
        assert!(
            report.names().contains(&name.as_str()),
            "the search does not find {name} in its own table"
        );
    }
}

/// Operations that name the mailbox of who asks.
const NAMING: [&str; 7] = [
    "/v1/mailbox/",
    "/v1/session/",
    "/v1/live",
    "/v1/alias/",
    "/v1/kp/publish",
    "/v1/roster/seals",
    "/v1/blob/link",
];

fn submits(line: &&Line) -> bool {
    line.asks("/v1/submit") || line.asks("/v1/slot/")
}

#[test]
fn no_submission_shares_its_connection_with_an_operation_that_names_a_mailbox() {
    let submitting: Vec<&Line> = NIGHT.traffic.iter().filter(submits).collect();
    assert!(
        submitting.len() >= 10,
        "only {} connections submitted",
        submitting.len()
    );
    for line in &submitting {
        for path in NAMING {
            assert!(
                !line.asks(path),
                "a connection carried both a submission and {path}"
            );
        }
    }
    assert!(
        NIGHT
            .traffic
            .iter()
            .any(|line| NAMING.iter().any(|path| line.asks(path))),
        "nobody used a mailbox"
    );
}

/// What authorised requests whose path begins with one of these.
fn bearers(paths: &[&str]) -> BTreeSet<String> {
    let requests = NIGHT.traffic.iter().flat_map(Line::requests);
    let wanted = requests.filter(|(asked, _)| paths.iter().any(|path| asked.starts_with(path)));
    wanted.filter_map(|(_, bearer)| bearer).collect()
}

#[test]
fn submissions_carry_no_id_key_or_token_of_their_sender() {
    let mut searcher = ids(|name| {
        ["mailbox", "session", "device"]
            .iter()
            .any(|kind| name.starts_with(kind))
    });
    let sessions = bearers(&[
        "/v1/mailbox/fetch",
        "/v1/mailbox/ack",
        "/v1/alias/",
        "/v1/kp/publish",
        "/v1/blob/link",
    ]);
    assert!(
        sessions.len() >= 10,
        "only {} sessions were seen",
        sessions.len()
    );
    for (number, token) in sessions.iter().enumerate() {
        searcher.text(&format!("session token {number}"), token);
    }
    let submitting = NIGHT.traffic.iter().filter(submits).enumerate();
    let asked: Vec<Piece> = submitting
        .map(|(number, line)| Piece::new(format!("submissions {number}"), line.asked.clone()))
        .collect();
    let report = searcher.search(&asked);
    report.assert_nothing(100_000);
    say(&format!("submissions as they left: {report}"));
}

/// One bearer per epoch of the roster's key, the same for everybody: two, because the key turned once.
#[test]
fn everybody_submits_under_the_same_bearer() {
    let used = bearers(&["/v1/submit", "/v1/slot/"]);
    assert_eq!(used.len(), 2, "the bearer tells submitters apart");
}

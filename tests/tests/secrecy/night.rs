//! One night, recorded from every side.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use sotto_tests::canary::{Piece, Searcher};
use sotto_tests::{Device, Line, Newcomer, Organisation, Program, Seed, Tap, World, memory};

use crate::canaries::Canaries;

/// What is left of the night.
#[derive(Debug)]
pub(crate) struct Night {
    pub(crate) canaries: Canaries,
    /// The relay's files while it was up: database, write-ahead log, blobs, keys.
    pub(crate) relay_files: Vec<Piece>,
    /// Its log at TRACE, its metrics, what its `check` says.
    pub(crate) relay_words: Vec<Piece>,
    /// Its memory while it was up; why not, where this machine does not let us.
    pub(crate) relay_memory: Result<Vec<Piece>, String>,
    /// What passed between devices and relay, without TLS.
    pub(crate) traffic: Vec<Line>,
    /// Envelopes the relay stored during the night, and those that still waited at its end.
    pub(crate) envelopes: (u64, u64),
    /// Home folders of devices that are not running: a name, and its files by their path below the home.
    pub(crate) homes: Vec<(String, Vec<Piece>)>,
    /// What devices wrote to standard error, at TRACE.
    pub(crate) logs: Vec<Piece>,
    /// What commands answered on standard output: who may read, reads.
    pub(crate) shown: Vec<Piece>,
    /// Ids that a log may not hold.
    pub(crate) ids: Vec<(String, Vec<u8>)>,
}

/// The night all tests of this program look at.
pub(crate) static NIGHT: LazyLock<Night> = LazyLock::new(Night::live_through);

struct Scene {
    organisation: Organisation,
    tap: Tap,
    canaries: Canaries,
    laboratory: Device,
    first: Device,
    second: Device,
    shown: Vec<Piece>,
}

impl Night {
    /// Everything that ever authorised a request.
    pub(crate) fn bearers(&self) -> BTreeSet<String> {
        self.traffic
            .iter()
            .flat_map(Line::requests)
            .filter_map(|(_, bearer)| bearer)
            .collect()
    }

    /// A search for all of it.
    pub(crate) fn secrets(&self) -> Searcher {
        let mut searcher = Searcher::default();
        searcher.text("the passphrase", "correct horse battery staple");
        let bearers = self.bearers();
        assert!(
            bearers.len() > 10,
            "only {} bearers were seen",
            bearers.len()
        );
        for (number, bearer) in bearers.iter().enumerate() {
            searcher.text(&format!("bearer {number} as text"), bearer);
            searcher.bytes(
                &format!("bearer {number}"),
                &sotto_wire::base64url::decode::<32>(bearer).unwrap(),
            );
        }
        searcher
    }

    fn live_through() -> Self {
        let mut seed = Seed::printed("secrecy");
        let mut scene = Scene::set(&mut seed);
        scene.result();
        scene.messages(&mut seed);
        scene.refusals();
        scene.correction();
        scene.removal();
        scene.left_waiting();
        scene.record()
    }
}

impl Scene {
    fn set(seed: &mut Seed) -> Self {
        let canaries = Canaries::new(seed);
        let world = World::new();
        let tap = Tap::before(world.relay(|relay| relay.address));
        let admin = Device::new(world.folder(), "office", "Ada Admin").logging("trace");
        let (root, address) = (world.folder().join("root.key"), tap.address.to_string());
        admin.run(&[
            "org",
            "found",
            "--name",
            &canaries.organisation,
            "--relay",
            &address,
            "--pin",
            &tap.pin,
            "--token",
            &world.token(),
            "--admin",
            "Ada Admin",
            "--device",
            "office",
            "--root-file",
            root.to_str().unwrap(),
        ]);
        let organisation = Organisation { admin, world };
        let role = format!("physician@{}", canaries.unit);
        let external = format!("{}={}", "STAFF", canaries.external);
        let laboratory = organisation.enrol(
            Newcomer::place(&canaries.place, &canaries.unit, &["laboratory"]),
            "bench",
        );
        let newcomer = Newcomer {
            name: &canaries.person,
            roles: &[&role],
            unit: &canaries.unit,
            ids: &[&external],
            place: false,
        };
        let invitation = organisation.invite(newcomer);
        let first = organisation.device("first", &canaries.person);
        let link = invitation["link"].as_str().unwrap();
        let joined = first.run(&["enroll", link, "--device", &canaries.device]);
        let second = organisation.physician("Zoe Lang");
        organisation.settle(&[&organisation.admin, &laboratory, &first, &second]);
        let shown = vec![Piece::new("joining", joined.to_string())];
        Self {
            organisation,
            tap,
            canaries,
            laboratory,
            first,
            second,
            shown,
        }
    }

    fn settle(&self) {
        self.organisation.settle(&[
            &self.organisation.admin,
            &self.laboratory,
            &self.first,
            &self.second,
        ]);
    }

    fn show(&mut self, what: &str, document: &Value) {
        self.shown.push(Piece::new(what, document.to_string()));
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.organisation.world.folder().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn send_result(&self, name: &str, potassium: &str, status: &str) -> String {
        let file = self.file(name, self.canaries.result(potassium, status).as_bytes());
        let sent = self
            .laboratory
            .run(&["send-result", "--to", &self.canaries.person, &file]);
        sent["results"][0]["message"].as_str().unwrap().to_owned()
    }

    /// A critical result is sent, opened, read back wrongly and rightly.
    fn result(&mut self) {
        let message = self.send_result("result.hl7", "6.8", "F");
        self.settle();
        let place = self.canaries.place.clone();
        let read = self
            .first
            .run(&["read", &place, "--unmask", "--purpose", "TREAT"]);
        self.show("the card", &read);
        let number = self.canaries.number.clone();
        let ack = |value: &str, identifier: &str| {
            self.first.try_run(&[
                "ack",
                &message,
                "--value",
                value,
                "--identifier",
                identifier,
            ])
        };
        ack(&self.canaries.typed_number, &number).refused(3, "readback.mismatch");
        ack("6.8", &self.canaries.typed).refused(3, "readback.mismatch");
        let taken = ack("6,80", &number).good().json();
        self.settle();
        self.show("the acknowledgement", &taken);
        let status = self.laboratory.run(&["status", &message]);
        self.show("the states", &status);
    }

    /// A group with a title, a text that is edited, an answer, a reaction, an image.
    fn messages(&mut self, seed: &mut Seed) {
        let Canaries {
            title,
            text,
            edited,
            file_name,
            ..
        } = &self.canaries;
        self.first
            .run(&["chat", "new", "--title", title, "--member", "Zoe Lang"]);
        let sent = self.first.run(&["send", title, text, "--urgent"]);
        self.settle();
        let message = sent["message"].as_str().unwrap();
        self.second.run(&["react", message, "👍"]);
        self.second
            .run(&["send", title, "coming", "--reply", message]);
        let image = self.file(
            &format!("{file_name}.jpg"),
            &self.canaries.image(&seed.bytes(150_000)),
        );
        let attached = self.first.run(&["send", title, "--attach", &image]);
        let later = self.first.run(&["send", title, "to be edited"]);
        self.first
            .run(&["edit", later["message"].as_str().unwrap(), edited]);
        self.settle();
        let saved = self.organisation.world.folder().join("saved.jpg");
        let attached = attached["message"].as_str().unwrap();
        self.second
            .run(&["attachment", "save", attached, saved.to_str().unwrap()]);
        let mut documents = vec![("the group", self.second.run(&["read", title]))];
        for (what, command) in [
            ("people", "people"),
            ("devices", "devices"),
            ("inbox", "inbox"),
        ] {
            documents.push((what, self.second.run(&[command])));
        }
        for (what, document) in documents {
            self.show(what, &document);
        }
        self.shown
            .push(Piece::new("the saved file", fs::read(saved).unwrap()));
    }

    /// What is refused says why, and repeats nothing.
    fn refusals(&self) {
        let Canaries {
            purpose,
            malformed,
            passphrase,
            place,
            ..
        } = &self.canaries;
        self.first.run(&[
            "read",
            place,
            "--unmask",
            "--purpose",
            "ETREAT",
            "--reason",
            purpose,
        ]);
        let broken = self.file(
            "broken.hl7",
            format!("MSH|^~\\&|{malformed}|x\rPID|{malformed}\rOBX|{malformed}").as_bytes(),
        );
        self.laboratory
            .try_run(&["send-result", "--to", "ordering", &broken])
            .refused(7, "result.refused");
        let mut wrong = self.first.command(Program::Client, &["people"]);
        wrong.env("SOTTO_TEST_PASSPHRASE", passphrase);
        self.first
            .finish(wrong)
            .refused(5, "vault.wrong_passphrase");
    }

    /// The corrected value reaches the reader, who declines it with a reason.
    fn correction(&self) {
        let corrected = self.send_result("corrected.hl7", "4.1", "C");
        self.settle();
        self.first
            .run(&["decline", &corrected, "--reason", &self.canaries.reason]);
        self.settle();
    }

    /// Somebody joins the group, leaves it, and leaves the organisation: the roster's key turns.
    fn removal(&self) {
        let title = &self.canaries.title;
        let third = self.organisation.physician("Max Roth");
        self.settle();
        self.first.run(&["chat", "add", title, "Max Roth"]);
        self.organisation
            .settle(&[&self.first, &self.second, &third]);
        self.first.run(&["chat", "remove", title, "Max Roth"]);
        self.organisation
            .settle(&[&self.first, &self.second, &third]);
        self.organisation.admin.run(&["leave", "Max Roth", "--yes"]);
        self.settle();
    }

    /// The first clinician is offline now: what is sent waits at the relay.
    fn left_waiting(&self) {
        self.second
            .run(&["send", &self.canaries.title, &self.canaries.text]);
        self.send_result("again.hl7", "7.1", "C");
    }

    fn record(self) -> Night {
        let Self {
            organisation,
            tap,
            canaries,
            laboratory,
            first,
            second,
            shown,
        } = self;
        let world = &organisation.world;
        let metrics = metrics(world);
        let process = memory::process_with(&world.relay_data()).expect("the relay is up");
        let relay_memory = memory::of(process).map_err(|error| error.to_string());
        let relay_files = Piece::files(&world.relay_data());
        let check = operate(world, "check");
        let waiting = rusqlite::Connection::open(world.relay_data().join("relay.db")).unwrap();
        let waiting: i64 = waiting
            .query_row("SELECT count(*) FROM entry", [], |row| row.get(0))
            .unwrap();
        let relay_words = [
            Piece::files(&world.relay_log()),
            vec![
                Piece::new("metrics", metrics.clone()),
                Piece::new("check", check),
            ],
        ];
        let devices = [&organisation.admin, &laboratory, &first, &second];
        let listed = organisation.admin.run(&["devices"]);
        let mut ids = ids(&world.relay_data().join("relay.db"));
        for device in listed["devices"].as_array().unwrap() {
            let text = device["id"].as_str().unwrap();
            ids.push((format!("device {}", device["owner_name"]), unhex(text)));
        }
        Night {
            relay_words: relay_words.concat(),
            relay_files,
            relay_memory,
            traffic: tap.lines(),
            envelopes: (stored(&metrics), u64::try_from(waiting).unwrap()),
            homes: devices
                .map(|device| (device.name.clone(), below(device.home())))
                .into(),
            logs: devices
                .iter()
                .flat_map(|device| Piece::files(device.log()))
                .collect(),
            shown,
            ids,
            canaries,
        }
    }
}

/// The files below a folder, by their path in it.
fn below(folder: &Path) -> Vec<Piece> {
    let short = |piece: Piece| {
        let name = Path::new(&piece.name)
            .strip_prefix(folder)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        Piece { name, ..piece }
    };
    Piece::files(folder).into_iter().map(short).collect()
}

/// Ids of mailboxes and of the organisation as the relay has them.
fn ids(database: &Path) -> Vec<(String, Vec<u8>)> {
    let database = rusqlite::Connection::open(database).unwrap();
    let mut found = Vec::new();
    for (what, sql) in [
        ("organisation", "SELECT tenant FROM tenant"),
        ("mailbox", "SELECT mailbox FROM mailbox"),
        ("mailbox key", "SELECT key FROM mailbox"),
        ("session generation", "SELECT generation FROM mailbox"),
        ("alias", "SELECT alias FROM alias"),
        ("slot", "SELECT slot FROM slot"),
    ] {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| row.get::<_, Vec<u8>>(0))
            .unwrap();
        found.extend(
            rows.enumerate()
                .map(|(number, id)| (format!("{what} {number}"), id.unwrap())),
        );
    }
    found
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

pub(crate) fn metrics(world: &World) -> String {
    let address = world.relay(|relay| relay.metrics);
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn stored(metrics: &str) -> u64 {
    let line = metrics.lines().find_map(|line| {
        line.strip_prefix("sotto_relay_milestones_total{milestone=\"PayloadStored\"} ")
    });
    line.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What an operator's command says.
pub(crate) fn operate(world: &World, command: &str) -> Vec<u8> {
    let mut program = std::process::Command::new(Program::Relay.path());
    program
        .env_clear()
        .args([command, "--data"])
        .arg(world.relay_data());
    let output = program.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    output.stdout
}

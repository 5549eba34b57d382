//! What whoever owns the relay's disk can do: look at all of it, keep what the relay would have forgotten, hand anything
//! to anybody, withhold.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::device::Device;
use crate::world::World;

/// The relay's operator, with what they have kept.
#[derive(Debug)]
pub struct Operator<'w> {
    world: &'w World,
    payloads: BTreeMap<i64, Vec<u8>>,
}

/// A mailbox as the operator knows it: a number in the relay's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailbox(i64);

impl<'w> Operator<'w> {
    /// An operator who has kept nothing yet.
    #[must_use]
    pub const fn of(world: &'w World) -> Self {
        Self {
            world,
            payloads: BTreeMap::new(),
        }
    }

    /// Copies every payload that is at the relay now. To be called before those it is for have fetched it.
    pub fn keep_everything(&mut self) {
        let database = self.look();
        let mut statement = database.prepare("SELECT id, body FROM payload").unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        self.payloads.extend(rows.map(|row| row.unwrap()));
    }

    /// How many payloads were kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.payloads.len()
    }

    /// The mailbox of a device, told by who moves when it talks to the relay.
    #[must_use]
    pub fn mailbox_of(&self, device: &Device) -> Mailbox {
        let before = self.generations();
        device.sync();
        let after = self.generations();
        let moved: Vec<i64> = after
            .iter()
            .filter(|(id, now)| before.get(id) != Some(now))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(
            moved.len(),
            1,
            "only {} has talked to the relay",
            device.name
        );
        Mailbox(moved[0])
    }

    /// The session generation the relay holds for a mailbox.
    #[must_use]
    pub fn generation(&self, mailbox: Mailbox) -> Vec<u8> {
        self.generations().remove(&mailbox.0).unwrap()
    }

    fn generations(&self) -> BTreeMap<i64, Vec<u8>> {
        let database = self.look();
        let mut statement = database
            .prepare("SELECT id, generation FROM mailbox")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(|row| row.unwrap()).collect()
    }

    /// Forgets that a store has moved on, so that an older copy of it is taken for the newest.
    pub fn set_generation(&self, mailbox: Mailbox, generation: &[u8]) {
        self.change(|database| {
            let sql = "UPDATE mailbox SET generation = ?2 WHERE id = ?1";
            assert_eq!(
                database
                    .execute(sql, params![mailbox.0, generation])
                    .unwrap(),
                1
            );
        });
    }

    /// Hands everything that was kept to one mailbox, under each of its aliases. Says how many entries that made.
    #[must_use]
    pub fn hand_everything_to(&self, mailbox: Mailbox) -> usize {
        self.change(|database| {
            let mut statement = database
                .prepare("SELECT id, tenant FROM alias WHERE mailbox = ?1")
                .unwrap();
            let aliases: Vec<(i64, i64)> = statement
                .query_map([mailbox.0], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .map(|row| row.unwrap())
                .collect();
            for (alias, tenant) in &aliases {
                for body in self.payloads.values() {
                    insert_entry(database, mailbox, *alias, *tenant, body);
                }
            }
            aliases.len() * self.payloads.len()
        })
    }

    /// Withholds what waits in a mailbox for good. Says how many entries.
    #[must_use]
    pub fn withhold(&self, mailbox: Mailbox) -> usize {
        self.withhold_first(mailbox, i64::MAX)
    }

    /// Withholds the oldest entries of a mailbox. Says how many there were.
    #[must_use]
    pub fn withhold_first(&self, mailbox: Mailbox, most: i64) -> usize {
        self.change(|database| {
            let sql = "DELETE FROM entry WHERE mailbox = ?1
                       AND seq IN (SELECT seq FROM entry WHERE mailbox = ?1 ORDER BY seq LIMIT ?2)";
            database.execute(sql, params![mailbox.0, most]).unwrap()
        })
    }

    /// Exchanges the receipts of two deliveries, so that each handle names the other's.
    #[must_use]
    pub fn exchange_receipts(&self) -> usize {
        self.change(|database| {
            let mut statement = database
                .prepare("SELECT handle, body FROM receipt WHERE state = 2")
                .unwrap();
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            let rows: Vec<(Vec<u8>, Vec<u8>)> = rows.map(|row| row.unwrap()).collect();
            for (place, (handle, _)) in rows.iter().enumerate() {
                let (_, other) = &rows[(place + 1) % rows.len()];
                database
                    .execute(
                        "UPDATE receipt SET body = ?2 WHERE handle = ?1",
                        params![handle, other],
                    )
                    .unwrap();
            }
            rows.len()
        })
    }

    /// Says of every delivery that waits for its receipt that it has one, made up of these bytes. Says how many.
    #[must_use]
    pub fn make_up_receipts(&self, body: &[u8]) -> usize {
        self.change(|database| {
            let sql = "UPDATE receipt SET state = 2, body = ?1 WHERE state = 1";
            database.execute(sql, params![body]).unwrap()
        })
    }

    /// A look at the database while the relay serves.
    pub(crate) fn look(&self) -> Connection {
        let path = self.world.relay_data().join("relay.db");
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        database
    }

    /// A change to it, while the relay is down.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        self.world.stop_relay();
        let database = Connection::open(self.world.relay_data().join("relay.db")).unwrap();
        let result = work(&database);
        database.close().unwrap();
        self.world.start_relay();
        result
    }
}

/// A year: nothing that is handed over expires in a test.
const FAR_MS: i64 = 365 * 24 * 3_600_000;

fn insert_entry(database: &Connection, mailbox: Mailbox, alias: i64, tenant: i64, body: &[u8]) {
    let size = i64::try_from(body.len()).unwrap();
    database
        .execute(
            "INSERT INTO payload (tenant, refs, size, body) VALUES (?1, 1, ?2, ?3)",
            params![tenant, size, body],
        )
        .unwrap();
    let payload = database.last_insert_rowid();
    let entry = "INSERT INTO entry (mailbox, seq, alias, payload, size, receipt, accepted, expires, class)
                 SELECT id, next_seq, ?2, ?3, ?4, NULL, last_time, last_time + ?5, 0 FROM mailbox WHERE id = ?1";
    database
        .execute(entry, params![mailbox.0, alias, payload, size, FAR_MS])
        .unwrap();
    let counts = "UPDATE mailbox SET next_seq = next_seq + 1, entries = entries + 1, bytes = bytes + ?2 WHERE id = ?1";
    database.execute(counts, params![mailbox.0, size]).unwrap();
    let counts = "UPDATE alias SET entries = entries + 1, bytes = bytes + ?2 WHERE id = ?1";
    database.execute(counts, params![alias, size]).unwrap();
    database
        .execute(
            "UPDATE tenant SET bytes = bytes + ?2 WHERE id = ?1",
            params![tenant, size],
        )
        .unwrap();
}

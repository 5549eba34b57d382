//! What the relay's operator can do with wipe channels: see what lies in them, put anything into them, take orders out.

use rusqlite::params;

use crate::operator::Operator;

/// The state of a channel that no order was put into, as the relay's database has it.
const OPEN: i64 = 1;
/// The state of a channel with an order.
const ORDERED: i64 = 2;

impl Operator<'_> {
    /// Every order that lies at the relay: the channel's key, and the sealed order.
    #[must_use]
    pub fn orders(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let database = self.look();
        let mut statement = database
            .prepare("SELECT key, body FROM channel WHERE state = ?1 ORDER BY id")
            .unwrap();
        let rows = statement
            .query_map([ORDERED], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.map(|row| row.unwrap()).collect()
    }

    /// Keys of the channels that were opened and have no order.
    #[must_use]
    pub fn open_channels(&self) -> Vec<Vec<u8>> {
        let database = self.look();
        let mut statement = database
            .prepare("SELECT key FROM channel WHERE state = ?1 ORDER BY id")
            .unwrap();
        let rows = statement.query_map([OPEN], |row| row.get(0)).unwrap();
        rows.map(|row| row.unwrap()).collect()
    }

    /// Puts bytes into a channel as its order.
    pub fn lay_order(&self, key: &[u8], order: &[u8]) {
        self.change(|database| {
            let sql = "UPDATE channel SET state = ?2, body = ?3, ordered = 1, fetched = NULL, expires = NULL
                       WHERE key = ?1";
            let changed = database.execute(sql, params![key, ORDERED, order]).unwrap();
            assert_eq!(changed, 1, "the channel was opened");
        });
    }

    /// Takes the order out of a channel again, as if there had been none.
    pub fn take_order(&self, key: &[u8]) {
        self.change(|database| {
            let sql = "UPDATE channel SET state = ?2, body = NULL, ordered = NULL, fetched = NULL, expires = NULL
                       WHERE key = ?1";
            assert_eq!(database.execute(sql, params![key, OPEN]).unwrap(), 1);
        });
    }

    /// How many certificates lie at the relay.
    #[must_use]
    pub fn certificates(&self) -> i64 {
        let count = "SELECT count(*) FROM certificate";
        self.look().query_row(count, [], |row| row.get(0)).unwrap()
    }
}

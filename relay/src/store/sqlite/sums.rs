//! What must add up between tables, asked by `check` and by the tests of the store.

use rusqlite::Connection;

/// Each counts the rows that contradict another table.
const SUMS: [(&str, &str); 9] = [
    (
        "payload references",
        "SELECT count(*) FROM payload p WHERE p.refs <>
        (SELECT count(*) FROM entry e WHERE e.payload = p.id) +
        (SELECT count(*) FROM recent_commit c WHERE c.payload = p.id)",
    ),
    (
        "entries have payloads",
        "SELECT count(*) FROM entry e WHERE NOT EXISTS
        (SELECT 1 FROM payload p WHERE p.id = e.payload AND p.size = e.size)",
    ),
    (
        "mailbox counts",
        "SELECT count(*) FROM mailbox m JOIN tenant t ON t.id = m.tenant AND t.removed = 0
        WHERE (m.entries, m.bytes) <>
        (SELECT count(*), coalesce(sum(e.size), 0) FROM entry e WHERE e.mailbox = m.id)",
    ),
    (
        "alias counts",
        "SELECT count(*) FROM alias a JOIN tenant t ON t.id = a.tenant AND t.removed = 0
        WHERE (a.entries, a.bytes) <>
        (SELECT count(*), coalesce(sum(e.size), 0) FROM entry e WHERE e.alias = a.id AND e.mailbox = a.mailbox)",
    ),
    (
        "roster without gaps",
        "SELECT count(*) FROM tenant t WHERE t.removed = 0 AND t.roster_end <>
        (SELECT count(*) FROM roster r WHERE r.tenant = t.id AND r.position < t.roster_end)",
    ),
    (
        "organisation bytes",
        "SELECT count(*) FROM tenant t WHERE t.removed = 0 AND t.bytes <>
        (SELECT coalesce(sum(size), 0) FROM payload WHERE tenant = t.id) +
        (SELECT coalesce(sum(received), 0) FROM blob WHERE tenant = t.id) +
        (SELECT coalesce(sum(size), 0) FROM key_package WHERE tenant = t.id) +
        (SELECT coalesce(sum(length(group_info)), 0) FROM slot WHERE tenant = t.id) +
        (SELECT coalesce(sum(length(body)), 0) FROM roster WHERE tenant = t.id) +
        (SELECT coalesce(sum(length(body)), 0) FROM receipt WHERE tenant = t.id) +
        (SELECT coalesce(sum(length(body)), 0) FROM channel WHERE tenant = t.id)",
    ),
    (
        "channel counts",
        "SELECT count(*) FROM tenant t WHERE t.removed = 0 AND t.channels <>
        (SELECT count(*) FROM channel c WHERE c.tenant = t.id)",
    ),
    (
        "no share beside an order",
        "SELECT count(*) FROM channel WHERE state NOT IN (1, 2, 3) OR (state <> 1 AND share IS NOT NULL)
        OR (state = 2) <> (body IS NOT NULL) OR (state = 2) <> (ordered IS NOT NULL)
        OR (state = 2) <> (expires IS NOT NULL) OR (state <> 2 AND fetched IS NOT NULL)",
    ),
    (
        "certificates have orders",
        "SELECT count(*) FROM certificate x WHERE NOT EXISTS
        (SELECT 1 FROM channel c WHERE c.id = x.channel AND c.state = 2)",
    ),
];

/// How many rows break each rule.
pub(crate) fn contradictions(
    conn: &Connection,
) -> Result<Vec<(&'static str, i64)>, rusqlite::Error> {
    SUMS.iter()
        .map(|(name, sql)| Ok((*name, conn.query_row(sql, [], |row| row.get(0))?)))
        .collect()
}

-- What this device has promised to the network. A row goes only when the relay's answer has been stored.
CREATE TABLE outbox (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    lane         BLOB    NOT NULL,                -- conversation id: rows of one lane leave in order
    kind         INTEGER NOT NULL,                -- 1 draft (not yet encrypted), 2 submit, 3 create slot
    message      BLOB    NOT NULL,                -- empty for control traffic
    request      BLOB    NOT NULL,                -- draft: inner bytes; otherwise the encoded request
    attempts     INTEGER NOT NULL,
    not_before   INTEGER NOT NULL,
    created      INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_lane ON outbox (lane, id);

-- Handles under which receipts for my messages will be left at the relay.
CREATE TABLE receipt_wanted (
    handle       BLOB    NOT NULL PRIMARY KEY,
    message      BLOB    NOT NULL,
    device       BLOB    NOT NULL,
    conversation BLOB    NOT NULL,
    since        INTEGER NOT NULL,
    not_before   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What must be told to the relay: entries that a committed transaction holds, with the receipts that go along.
CREATE TABLE ack_due (
    entry   INTEGER NOT NULL PRIMARY KEY,
    handle  BLOB    NOT NULL,
    receipt BLOB    NOT NULL
) STRICT;

-- Digests of payloads ingested or sent by this device: a repetition is recognised whatever number it carries.
CREATE TABLE seen_payload (
    digest BLOB    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Nothing is dropped: what could not be opened, or was refused, stays here with its cause.
CREATE TABLE held (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    conversation BLOB    NOT NULL,                -- empty where unknown
    alias        BLOB    NOT NULL,
    payload      BLOB    NOT NULL,
    cause        INTEGER NOT NULL,
    refused      INTEGER NOT NULL,                -- 1: judged, evidence only; 0: tried again when something changes
    handle       BLOB    NOT NULL,
    accepted     INTEGER NOT NULL,
    since        INTEGER NOT NULL,
    -- Refused ones beyond the space for evidence are counted here and not kept.
    repeats      INTEGER NOT NULL
) STRICT;

CREATE INDEX held_conversation ON held (conversation, refused);

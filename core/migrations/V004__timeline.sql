CREATE TABLE message (
    seq          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,  -- local receive order; shown order
    id           BLOB    NOT NULL UNIQUE,
    conversation BLOB    NOT NULL REFERENCES conversation (id),
    sender       BLOB    NOT NULL,                -- device
    owner_kind   INTEGER NOT NULL,
    owner        BLOB    NOT NULL,                -- person or place the device belonged to then
    mine         INTEGER NOT NULL,
    kind         INTEGER NOT NULL,                -- 1 text, 2 card, 3 attachment, 4 statement, 5 system
    priority     INTEGER NOT NULL,                -- 1 routine, 2 urgent, 3 critical
    body         BLOB    NOT NULL,                -- MIMI content; empty once expired or retracted
    search       TEXT    NOT NULL,                -- what the index holds; empty where nothing may be found
    reply_to     BLOB    NOT NULL,
    sent         INTEGER NOT NULL,                -- sender's word, ms
    received     INTEGER NOT NULL,                -- this device's word, ms
    drifted      INTEGER NOT NULL,                -- sender's time was off the relay's by more than two minutes
    expires      INTEGER NOT NULL,                -- 0: never
    edited       INTEGER NOT NULL,
    gone         INTEGER NOT NULL                 -- 0 present, 1 retracted, 2 expired
) STRICT;

CREATE INDEX message_conversation ON message (conversation, seq);
CREATE INDEX message_expires ON message (expires) WHERE expires > 0 AND gone = 0;

CREATE VIRTUAL TABLE message_index USING fts5 (search, content = 'message', content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2');
CREATE TRIGGER message_index_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_index (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER message_index_update AFTER UPDATE OF search ON message BEGIN
    INSERT INTO message_index (message_index, rowid, search) VALUES ('delete', old.seq, old.search);
    INSERT INTO message_index (rowid, search) VALUES (new.seq, new.search);
END;
CREATE TRIGGER message_index_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_index (message_index, rowid, search) VALUES ('delete', old.seq, old.search);
END;

-- What each device has proven about a message. `proof` is the signed statement or receipt.
CREATE TABLE message_state (
    message BLOB    NOT NULL,
    device  BLOB    NOT NULL,                     -- empty: the relay's word
    state   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    proof   BLOB    NOT NULL,
    PRIMARY KEY (message, device, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
    message BLOB    NOT NULL,
    device  BLOB    NOT NULL,
    emoji   TEXT    NOT NULL,
    reaction_message BLOB NOT NULL,
    PRIMARY KEY (message, device, emoji)
) STRICT, WITHOUT ROWID;

-- Every version of every result card this device has sent or received.
CREATE TABLE card (
    message      BLOB    NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL REFERENCES conversation (id),
    identity     BLOB    NOT NULL,                -- which result, across versions
    issuer       BLOB    NOT NULL,                -- the owner (person or place) that sent it: identities are per issuer
    version      INTEGER NOT NULL,
    digest       BLOB    NOT NULL,
    patient      BLOB    NOT NULL,                -- key of the patient
    critical     INTEGER NOT NULL,
    blanked      INTEGER NOT NULL                 -- wrong patient or entered in error
) STRICT, WITHOUT ROWID;

CREATE INDEX card_identity ON card (identity, version);

CREATE TABLE attachment (
    message  BLOB    NOT NULL,
    part     INTEGER NOT NULL,
    blob     BLOB    NOT NULL,                    -- the relay's random id
    size     INTEGER NOT NULL,                    -- plaintext bytes
    name     TEXT    NOT NULL,
    media    TEXT    NOT NULL,
    key      BLOB    NOT NULL,
    digest   BLOB    NOT NULL,
    file     TEXT    NOT NULL,                    -- random local name of the encrypted copy; empty: not here
    state    INTEGER NOT NULL,                    -- 1 wanted, 2 uploading, 3 here, 4 gone
    done     INTEGER NOT NULL,                    -- bytes of ciphertext moved so far
    PRIMARY KEY (message, part)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachment_blob ON attachment (blob);

CREATE TABLE conversation (
    id             BLOB    NOT NULL PRIMARY KEY,
    kind           INTEGER NOT NULL,              -- 1 direct, 2 group
    title          TEXT    NOT NULL,              -- empty for direct
    patient        BLOB    NOT NULL,              -- digest of the patient it is about; empty where none
    mls_group      BLOB    NOT NULL,
    slot           BLOB    NOT NULL,
    key_generation INTEGER NOT NULL,
    alias          BLOB    NOT NULL,              -- this device's own delivery alias here
    state          INTEGER NOT NULL,              -- 1 creating, 2 active, 3 left, 4 stalled, 5 read-only
    peer           BLOB    NOT NULL,              -- direct: the other owner's id; empty otherwise
    created        INTEGER NOT NULL,
    updated        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_peer ON conversation (peer);

-- Keys outside the MLS ratchet: outer envelope, GroupInfo, receipts, resync. The generation is the epoch that brought
-- the key.
CREATE TABLE conversation_key (
    conversation BLOB    NOT NULL REFERENCES conversation (id),
    generation   INTEGER NOT NULL,
    key          BLOB    NOT NULL,
    PRIMARY KEY (conversation, generation)
) STRICT, WITHOUT ROWID;

-- This device's aliases: which conversation's keys open what arrives under one. The contact alias names none.
CREATE TABLE alias (
    alias        BLOB    NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL,                -- empty for the contact alias
    registered   INTEGER NOT NULL                 -- 0 until the relay knows it
) STRICT, WITHOUT ROWID;

-- Where other members' devices want this conversation's traffic; absent means their contact alias.
CREATE TABLE member_alias (
    conversation BLOB NOT NULL REFERENCES conversation (id),
    device       BLOB NOT NULL,
    alias        BLOB NOT NULL,
    PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;

-- The roster position that a commit named when it opened its epoch: a sender's right is judged there. Who committed:
-- a new conversation key is taken from that device alone.
CREATE TABLE epoch (
    mls_group  BLOB    NOT NULL,
    epoch      INTEGER NOT NULL,
    roster_seq INTEGER NOT NULL,
    committer  BLOB    NOT NULL,
    PRIMARY KEY (mls_group, epoch)
) STRICT, WITHOUT ROWID;

-- Membership changes wanted here and not yet committed. One row per wish; the commit that fulfils it deletes it.
CREATE TABLE wish (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    conversation BLOB    NOT NULL REFERENCES conversation (id),
    kind         INTEGER NOT NULL,                -- 1 add owner, 2 remove owner, 3 self-update, 4 add what the roster says is missing
    owner_kind   INTEGER NOT NULL,
    owner        BLOB    NOT NULL,
    not_before   INTEGER NOT NULL,                -- local time, ms
    since        INTEGER NOT NULL,                -- when it was first due: the longer it cannot be had, the rarer it is tried
    UNIQUE (conversation, kind, owner_kind, owner)
) STRICT;

-- The commit this device has staged and whose fate it does not know yet. Resent with the same bytes.
CREATE TABLE pending_commit (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversation (id),
    from_epoch   INTEGER NOT NULL,
    request      BLOB    NOT NULL,                -- the encoded slot/advance
    commit_digest BLOB   NOT NULL,                -- of the posted payload: recognises the echo
    next_key     BLOB    NOT NULL,                -- the conversation key it introduces; empty where none
    roster_seq   INTEGER NOT NULL,
    resync       INTEGER NOT NULL,                -- 1: an external commit; there is nothing to merge
    since        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

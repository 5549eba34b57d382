-- Version 1. Times are milliseconds of the relay's clock, UTC. Nothing here names a sender.
-- Order promises rest on per-mailbox counters, not on row ids; there are no foreign keys, triggers or text.

CREATE TABLE registration (             -- tokens of the operator, each good for one organisation
    token_hash  BLOB    NOT NULL PRIMARY KEY,
    created     INTEGER NOT NULL,
    tenant      INTEGER                 -- who used it
) STRICT;

CREATE TABLE tenant (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      BLOB    NOT NULL UNIQUE,
    request     BLOB    NOT NULL,       -- SHA-256 of what was registered, to know a repetition
    bearer_hash BLOB    NOT NULL,
    admin_hash  BLOB    NOT NULL,
    roster_end  INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    mailboxes   INTEGER NOT NULL,
    slots       INTEGER NOT NULL,
    receipts    INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    removed     INTEGER NOT NULL
) STRICT;

CREATE TABLE old_bearer (               -- good for reading the roster log only
    tenant      INTEGER NOT NULL,
    bearer_hash BLOB    NOT NULL,
    retired     INTEGER NOT NULL,
    PRIMARY KEY (tenant, bearer_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    mailbox     BLOB    NOT NULL,
    key         BLOB    NOT NULL,
    generation  BLOB    NOT NULL,
    next_seq    INTEGER NOT NULL,
    last_time   INTEGER NOT NULL,       -- accepted times never decrease within a mailbox
    entries     INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    aliases     INTEGER NOT NULL,
    closed      INTEGER NOT NULL,
    UNIQUE (tenant, mailbox)
) STRICT;

CREATE TABLE alias (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    alias       BLOB    NOT NULL,
    mailbox     INTEGER NOT NULL,
    entries     INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    dropped     INTEGER NOT NULL,
    UNIQUE (tenant, alias)
) STRICT;
CREATE INDEX alias_mailbox ON alias (mailbox);

CREATE TABLE payload (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    refs        INTEGER NOT NULL,       -- entries and recent commits that need it
    size        INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

CREATE TABLE entry (
    mailbox     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    alias       INTEGER NOT NULL,
    payload     INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    receipt     BLOB,
    accepted    INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    class       INTEGER NOT NULL,
    PRIMARY KEY (mailbox, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_expires ON entry (expires);

CREATE TABLE receipt (
    tenant      INTEGER NOT NULL,
    handle      BLOB    NOT NULL,
    mailbox     INTEGER,                -- who may leave it; empty once it has ended
    state       INTEGER NOT NULL,       -- 1 waiting, 2 delivered, 3 expired, 4 revoked
    body        BLOB,
    due         INTEGER NOT NULL,       -- waiting: when it expires; ended: when it is forgotten
    PRIMARY KEY (tenant, handle)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_due ON receipt (due);
CREATE INDEX receipt_mailbox ON receipt (mailbox) WHERE mailbox IS NOT NULL;

CREATE TABLE answered (                 -- idempotency: the answer each intent got
    tenant      INTEGER NOT NULL,
    intent      BLOB    NOT NULL,
    request     BLOB    NOT NULL,       -- SHA-256 of the request
    answer      BLOB    NOT NULL,
    expires     INTEGER NOT NULL,
    PRIMARY KEY (tenant, intent)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_expires ON answered (expires);

CREATE TABLE slot (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    slot        BLOB    NOT NULL,
    request     BLOB    NOT NULL,       -- SHA-256 of the request that made it
    epoch       INTEGER NOT NULL,
    epoch_key   BLOB    NOT NULL,
    resync_key  BLOB    NOT NULL,
    group_info  BLOB    NOT NULL,
    UNIQUE (tenant, slot)
) STRICT;

CREATE TABLE recent_commit (
    slot        INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    payload     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    PRIMARY KEY (slot, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX recent_commit_expires ON recent_commit (expires);

CREATE TABLE roster (
    tenant      INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    UNIQUE (tenant, position)
) STRICT;

CREATE TABLE seal (
    mailbox     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    place       INTEGER NOT NULL,       -- among the seals of one rotation
    body        BLOB    NOT NULL,
    expires     INTEGER NOT NULL,
    UNIQUE (mailbox, position, place)
) STRICT;
CREATE INDEX seal_expires ON seal (expires);

CREATE TABLE attestation (
    tenant      INTEGER NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

CREATE TABLE key_package (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    alias       INTEGER NOT NULL,
    last_resort INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    expires     INTEGER NOT NULL
) STRICT;
CREATE INDEX key_package_alias ON key_package (alias, last_resort, id);
CREATE INDEX key_package_expires ON key_package (expires);

CREATE TABLE invitation (               -- grants; GRANT is a word of SQL
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    invitation  BLOB    NOT NULL,
    request     BLOB    NOT NULL,       -- SHA-256 of the request that made it
    take_hash   BLOB    NOT NULL,
    offer       BLOB    NOT NULL,
    notify      BLOB,
    taker       BLOB,
    question    BLOB,
    answer      BLOB,
    expires     INTEGER NOT NULL,
    UNIQUE (tenant, invitation)
) STRICT;
CREATE INDEX invitation_expires ON invitation (expires);

CREATE TABLE blob (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    blob        BLOB    NOT NULL,
    size        INTEGER NOT NULL,
    received    INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    UNIQUE (tenant, blob)
) STRICT;
CREATE INDEX blob_expires ON blob (expires);

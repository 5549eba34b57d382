-- Version 2, over version 1: wipe channels. A key that was ever ordered keeps its row, and is refused, for ever.

ALTER TABLE tenant ADD COLUMN channels INTEGER NOT NULL DEFAULT 0;

CREATE TABLE channel (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant      INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    state       INTEGER NOT NULL,       -- 1 open, 2 an order stands, 3 its order has ended
    share       BLOB,                   -- open: what unlocking needs, if the device left it
    body        BLOB,                   -- ordered: the order
    ordered     INTEGER,                -- ordered: since when
    fetched     INTEGER,                -- ordered: when it was first given out
    expires     INTEGER,                -- ordered: when it ends
    UNIQUE (tenant, key)
) STRICT;
CREATE INDEX channel_expires ON channel (expires) WHERE expires IS NOT NULL;

CREATE TABLE certificate (              -- what devices left for their order
    channel     INTEGER NOT NULL,
    place       INTEGER NOT NULL,       -- the order in which they came
    digest      BLOB    NOT NULL,       -- SHA-256 of the body, to know a repetition
    body        BLOB    NOT NULL,
    UNIQUE (channel, place)
) STRICT;

-- A blob is billed by what has arrived of it, no longer by what was announced.
UPDATE tenant SET bytes = bytes - (SELECT coalesce(sum(size - received), 0) FROM blob WHERE blob.tenant = tenant.id);

-- The organisation's log as this device has read it, still sealed. `position` is the relay's order.
CREATE TABLE roster_entry (
    position INTEGER NOT NULL PRIMARY KEY,
    entry    BLOB    NOT NULL,
    verdict  INTEGER NOT NULL                  -- 1 judged by replay, 2 set aside without seals
) STRICT;

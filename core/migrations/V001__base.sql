-- What every store has: the list of migrations it went through, single values, and the state of MLS.

CREATE TABLE migration (
    version INTEGER NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL,
    -- SHA-256 of the migration's text, so that a rewritten history is noticed.
    digest  BLOB    NOT NULL
) STRICT;

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- What OpenMLS keeps, by kind of entity, its key and a part of it. With rowids, because values are long: in a table
-- without them every comparison of a search reads the whole row that it compares with.
CREATE TABLE mls (
    kind INTEGER NOT NULL,
    k    BLOB    NOT NULL,
    sub  BLOB    NOT NULL,
    v    BLOB    NOT NULL,
    PRIMARY KEY (kind, k, sub)
) STRICT;

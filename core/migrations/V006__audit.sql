-- Who did what, when, where and why on this device; hash-chained, so that a changed or missing row is noticed.
CREATE TABLE audit (
    seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    previous BLOB    NOT NULL,
    record   BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
